"""Alembic's scripts: forward only, applied when a store is opened."""
