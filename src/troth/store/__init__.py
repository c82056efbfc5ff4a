"""Where a log lives: the `LogStore` that engines share, SQLite, and the head store beside it."""

from __future__ import annotations

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
    "reconcile",
]
