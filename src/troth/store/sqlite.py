"""The embedded engine: one SQLite file, WAL, ``synchronous=FULL``, so that a commit survives loss of power.

The writer has one connection, whose transactions begin IMMEDIATE; each reading thread has its own, which sees the
newest commit at each statement. A commit that fails (disk full, I/O error) is rolled back and told as StorageError.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.pool import NullPool

from troth.store.relational import RelationalStore, migrate

_BUSY_MS = 5000
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    f"PRAGMA busy_timeout = {_BUSY_MS}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -65536",  # 64 MiB
)


class SqliteStore(RelationalStore):
    """A log in one file. Made with its schema when it is opened.

    Raises:
        StorageError: the file cannot be opened, is no database, or has a newer schema than this code.

    """

    def __init__(self, path: Path) -> None:
        """Open or make the file, and bring its schema forward."""
        super().__init__(str(path), upsert, _hint)
        self._reading = threading.local()
        self._readers: list[Connection] = []
        self._lock = threading.Lock()  # guards _readers
        url = f"sqlite+pysqlite:///{path}"
        options: dict[str, Any] = {"poolclass": NullPool, "connect_args": {"check_same_thread": False}}
        self._write_engine = create_engine(url, **options)
        self._read_engine = create_engine(url, isolation_level="AUTOCOMMIT", **options)
        for engine in (self._write_engine, self._read_engine):
            event.listen(engine, "connect", _configure)
        event.listen(self._write_engine, "begin", _begin)
        with self._told("opening"):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = self._write_engine.connect()
            with self._write_engine.begin() as connection:
                migrate(connection)

    def close(self) -> None:
        """Close every connection; the last one folds the write-ahead log into the file."""
        with self._lock:
            for connection in self._readers:
                connection.close()
            self._readers.clear()
        self._reading = threading.local()
        self._writer.close()
        self._write_engine.dispose()
        self._read_engine.dispose()

    def _read(self, statement: Any, **values: Any) -> list[Any]:
        with self._told("reading"):
            connection = getattr(self._reading, "connection", None)
            if connection is None:
                connection = self._read_engine.connect()
                with self._lock:
                    self._readers.append(connection)
                self._reading.connection = connection
            return list(connection.execute(statement, values).all())

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Waits its turn behind the sequencer's commit."""
        with self._write_engine.begin() as connection:
            yield connection


def _configure(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's "begin" event says when: see _begin
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _hint(message: str) -> str:
    if "full" in message or "no space" in message:
        return "Make room on the disk; what was acknowledged is kept, and nothing of this batch"
    if "locked" in message:
        return "Another process holds the database: stop it, or give it another data directory"
    if "not a database" in message or "malformed" in message:
        return "The file is damaged: restore the newest backup together with a look at the head store"
    return "Look at the disk and its permissions; what was acknowledged is kept"
