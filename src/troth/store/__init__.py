"""Where a log lives: the `LogStore` that engines share, SQLite, PostgreSQL, and the head store beside them."""

from __future__ import annotations

from pathlib import Path

from troth.store.heads import HeadStore, SignedHead, reconcile
from troth.store.interface import Batch, Blob, Head, LogStore, Row, Tile
from troth.store.sqlite import SqliteStore

__all__ = [
    "Batch",
    "Blob",
    "Head",
    "HeadStore",
    "LogStore",
    "Row",
    "SignedHead",
    "SqliteStore",
    "Tile",
    "open_store",
    "reconcile",
]


def open_store(data: Path, database: str = "") -> LogStore:
    """The log at a postgresql:// URL, or where that is empty in ``data``/log.db. Raises UsageError, StorageError."""
    if not database:
        return SqliteStore(data / "log.db")
    from troth.store.postgres import PostgresStore  # noqa: PLC0415 - the driver is loaded where it is used

    return PostgresStore(database)
