"""The embedded engine: one SQLite file, WAL, ``synchronous=FULL``, so that a commit survives loss of power.

The writer has one connection, whose transactions begin IMMEDIATE; each reading thread has its own, which sees the
newest commit at each statement. A commit that fails (disk full, I/O error) is rolled back and told as StorageError.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, create_engine, event, insert, select, text
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from troth.errors import StorageError
from troth.store import schema
from troth.store.interface import Batch, Blob, Head, Row

_BUSY_MS = 5000
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    f"PRAGMA busy_timeout = {_BUSY_MS}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -65536",  # 64 MiB
)

_e, _t, _h, _b = schema.entries.c, schema.tiles.c, schema.head.c, schema.blobs.c
_ROW = (_e.idx, _e.id, _e.entry, _e.size, _e.time, _e.kind, _e.blob)
_HEAD = select(_h.size, _h.root, _h.checkpoint, _h.time)
_FIND = select(*_ROW).where(_e.id == bindparam("wanted"))
_KNOWN = select(*_ROW).where(_e.id.in_(bindparam("wanted", expanding=True)))
_ROWS = select(*_ROW).where(_e.idx >= bindparam("start"), _e.idx < bindparam("stop")).order_by(_e.idx)
_ROWS_OF = _ROWS.where(_e.kind.in_(bindparam("kinds", expanding=True)))
_LATEST = (
    select(*_ROW)
    .where(_e.kind == bindparam("kind"), _e.idx < bindparam("before"))
    .order_by(_e.idx.desc())
    .limit(1)
)
_TILE = select(_t.hashes).where(_t.level == bindparam("level"), _t.n == bindparam("n"))
_NAMES_BLOB = select(*_ROW).where(_e.blob == bindparam("wanted")).order_by(_e.idx).limit(1)
_BLOB = select(_b.digest, _b.content, _b.content_type).where(_b.digest == bindparam("wanted"))
_ADD_ENTRIES = insert(schema.entries)
_put_tiles = upsert(schema.tiles)
_PUT_TILES = _put_tiles.on_conflict_do_update(
    index_elements=["level", "n"], set_={"hashes": _put_tiles.excluded.hashes}
)
_put_head = upsert(schema.head)
_PUT_HEAD = _put_head.on_conflict_do_update(
    index_elements=["one"],
    set_={name: _put_head.excluded[name] for name in ("size", "root", "checkpoint", "time")},
)
_PUT_BLOB = upsert(schema.blobs).on_conflict_do_nothing()


class SqliteStore:
    """A log in one file. Made with its schema when it is opened.

    Raises:
        StorageError: the file cannot be opened, is no database, or has a newer schema than this code.

    """

    def __init__(self, path: Path) -> None:
        """Open or make the file, and bring its schema forward."""
        self._path = path
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
        with _told(path, "opening"):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = self._write_engine.connect()  # the sequencer's alone
            _migrate(self._write_engine)

    # ---- the writer ----

    def append(self, batch: Batch) -> None:
        """Make a batch durable, in one transaction."""
        rows = [
            {
                "idx": row.index,
                "id": row.id,
                "entry": row.entry,
                "size": row.size,
                "time": row.time,
                "kind": row.kind,
                "blob": row.blob,
            }
            for row in batch.rows
        ]
        tiles = [{"level": tile.level, "n": tile.n, "hashes": tile.hashes} for tile in batch.tiles]
        head = batch.head
        with _told(self._path, "writing"), self._writer.begin():
            self._writer.execute(_ADD_ENTRIES, rows)
            self._writer.execute(_PUT_TILES, tiles)
            self._writer.execute(
                _PUT_HEAD,
                {
                    "one": 1,
                    "size": head.size,
                    "root": head.root,
                    "checkpoint": head.checkpoint,
                    "time": head.time,
                },
            )

    # ---- readers ----

    def head(self) -> Head | None:
        """The newest head, or None before the genesis."""
        found = self._read(_HEAD)
        return Head(*found[0]) if found else None

    def find(self, entry: bytes) -> Row | None:
        """The row of an entry by its id (32 bytes)."""
        found = self._read(_FIND, wanted=entry)
        return _row(found[0]) if found else None

    def known(self, ids: Collection[bytes]) -> dict[bytes, Row]:
        """The rows of those ids that are in the log already."""
        return {found[1]: _row(found) for found in self._read(_KNOWN, wanted=list(ids))}

    def rows(self, start: int, stop: int, *, kinds: Collection[str] | None = None) -> list[Row]:
        """The rows with ``start <= index < stop`` in log order, of some kinds or of all."""
        if kinds is None:
            return [_row(found) for found in self._read(_ROWS, start=start, stop=stop)]
        return [_row(found) for found in self._read(_ROWS_OF, start=start, stop=stop, kinds=sorted(kinds))]

    def latest(self, kind: str, before: int) -> Row | None:
        """The last row of a kind with ``index < before``."""
        found = self._read(_LATEST, kind=kind, before=before)
        return _row(found[0]) if found else None

    def tile(self, level: int, n: int) -> bytes | None:
        """A tile's hashes as far as it is filled."""
        found = self._read(_TILE, level=level, n=n)
        return found[0][0] if found else None

    def names_blob(self, digest: bytes) -> Row | None:
        """The first entry whose hash envelope names this digest."""
        found = self._read(_NAMES_BLOB, wanted=digest)
        return _row(found[0]) if found else None

    def blob(self, digest: bytes) -> Blob | None:
        """A payload by its digest."""
        found = self._read(_BLOB, wanted=digest)
        return Blob(*found[0]) if found else None

    def put_blob(self, blob: Blob) -> None:
        """Keep a payload; a second time changes nothing. Waits its turn behind the sequencer's commit."""
        with _told(self._path, "writing"), self._write_engine.connect() as connection, connection.begin():
            connection.execute(
                _PUT_BLOB,
                {"digest": blob.digest, "content": blob.content, "content_type": blob.content_type},
            )

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
        with _told(self._path, "reading"):
            connection = getattr(self._reading, "connection", None)
            if connection is None:
                connection = self._read_engine.connect()
                with self._lock:
                    self._readers.append(connection)
                self._reading.connection = connection
            return list(connection.execute(statement, values).all())


def _row(found: Any) -> Row:
    index, identity, entry, size, time, kind, blob = found
    return Row(index=index, id=identity, entry=entry, size=size, time=time, kind=kind, blob=blob)


def _configure(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's "begin" event says when: see _begin
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _migrate(engine: Engine) -> None:
    """Bring the schema forward. Alembic is loaded only where there is something to do: it costs 0.2 s."""
    with engine.begin() as connection:
        tables = connection.execute(text("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"))
        if tables.scalar_one():
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
            if found == schema.REVISION:
                return
            if found > schema.REVISION:
                raise StorageError(
                    f"the schema is revision {found}, newer than this troth knows ({schema.REVISION})",
                    hint="Start the version of troth that wrote it, or a newer one",
                )
        from alembic import command  # noqa: PLC0415 - as the docstring says
        from alembic.config import Config  # noqa: PLC0415 - as above

        config = Config()
        config.set_main_option("script_location", "troth.store:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _told(path: Path, doing: str) -> Iterator[None]:
    """Turn what the engine and the disk raise into StorageError, with what to do next."""
    try:
        yield
    except DBAPIError as error:
        cause = error.orig if error.orig is not None else error
        raise StorageError(f"{doing} failed: {cause}", where=str(path), hint=_hint(str(cause))) from error
    except OSError as error:
        raise StorageError(
            f"{doing} failed: {error.strerror}", where=str(path), hint=_hint(str(error))
        ) from error


def _hint(message: str) -> str:
    message = message.lower()
    if "full" in message or "no space" in message:
        return "Make room on the disk; what was acknowledged is kept, and nothing of this batch"
    if "locked" in message:
        return "Another process holds the database: stop it, or give it another data directory"
    if "not a database" in message or "malformed" in message:
        return "The file is damaged: restore the newest backup together with a look at the head store"
    return "Look at the disk and its permissions; what was acknowledged is kept"
