"""Kinds of statement, their schemas, bundles, and verification."""
