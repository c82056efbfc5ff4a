"""What Alembic runs: it gets the open connection from `troth.store.sqlite`, and reads no file of settings."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
