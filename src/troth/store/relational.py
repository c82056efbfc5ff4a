"""What the engines share: the queries, the one transaction that appends, and the migration. Not their connections.

`append` locks the head's row first and looks whether the batch follows it, so that of two writers who start from
the same size one is refused whole. (SQLite renders no lock there: its transactions begin IMMEDIATE.)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import Connection, bindparam, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from troth.errors import StorageError
from troth.store import schema
from troth.store.interface import Batch, Blob, Head, Row

_e, _t, _h, _b = schema.entries.c, schema.tiles.c, schema.head.c, schema.blobs.c
_ROW = (_e.idx, _e.id, _e.entry, _e.size, _e.time, _e.kind, _e.blob)
_HEAD = select(_h.size, _h.root, _h.checkpoint, _h.time)
_LOCKED_SIZE = select(_h.size).with_for_update()
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


class RelationalStore:
    """A `LogStore` over SQLAlchemy; an engine adds how it connects, reads and gives a second writing connection.

    ``upsert`` is the dialect's own `insert`; ``where`` names the database in errors, without any secret; ``hint``
    tells what to do next from the engine's lower-cased message.
    """

    _writer: Connection  # the sequencer's alone

    def __init__(self, where: str, upsert: Any, hint: Callable[[str], str]) -> None:
        """Prepare the statements that each dialect spells its own way."""
        self._where = where
        self._hint = hint
        tiles, head = upsert(schema.tiles), upsert(schema.head)
        self._put_tiles = tiles.on_conflict_do_update(
            index_elements=["level", "n"], set_={"hashes": tiles.excluded.hashes}
        )
        self._put_head = head.on_conflict_do_update(
            index_elements=["one"],
            set_={name: head.excluded[name] for name in ("size", "root", "checkpoint", "time")},
        )
        self._put_blob = upsert(schema.blobs).on_conflict_do_nothing()

    def _read(self, statement: Any, **values: Any) -> list[Any]:
        """All rows of a query, from a connection that sees the newest commit."""
        raise NotImplementedError

    def _writing(self) -> AbstractContextManager[Connection]:
        """A connection apart from the sequencer's, in a transaction."""
        raise NotImplementedError

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
        with self._told("writing"), self._writer.begin():
            size = self._writer.execute(_LOCKED_SIZE).scalar() or 0
            if batch.rows[0].index != size:
                raise StorageError(
                    f"the log has {size} entries, and this batch was made for {batch.rows[0].index}",
                    where=self._where,
                    hint="Something else has written to it, or an earlier commit was slow; nothing of this batch is "
                    "kept",
                )
            self._writer.execute(_ADD_ENTRIES, rows)
            self._writer.execute(self._put_tiles, tiles)
            self._writer.execute(
                self._put_head,
                {
                    "one": 1,
                    "size": head.size,
                    "root": head.root,
                    "checkpoint": head.checkpoint,
                    "time": head.time,
                },
            )

    def put_blob(self, blob: Blob) -> None:
        """Keep a payload; a second time changes nothing."""
        content_type = blob.content_type.replace("\0", "")  # PostgreSQL's text holds no NUL
        with self._told("writing"), self._writing() as connection:
            connection.execute(
                self._put_blob,
                {"digest": blob.digest, "content": blob.content, "content_type": content_type},
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

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """Turn what the engine and the disk raise into StorageError, with what to do next."""
        try:
            yield
        except DBAPIError as error:
            cause = str(error.orig if error.orig is not None else error)
            raise self._failed(doing, cause) from error
        except PoolTimeout as error:
            raise self._failed(doing, "every connection is in use") from error
        except OSError as error:
            raise self._failed(doing, error.strerror or str(error)) from error

    def _failed(self, doing: str, cause: str) -> StorageError:
        said = (cause.strip().splitlines() or ["no reason was given"])[0]
        return StorageError(f"{doing} failed: {said}", where=self._where, hint=self._hint(cause.lower()))


def migrate(connection: Connection) -> None:
    """Bring the schema forward. Alembic is loaded only where there is something to do: it costs 0.2 s.

    The caller sees to it that only one does so at a time. Raises StorageError for a newer schema than this code's.
    """
    if inspect(connection).has_table("alembic_version"):
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


def _row(found: Any) -> Row:
    index, identity, entry, size, time, kind, blob = found
    return Row(index=index, id=identity, entry=entry, size=size, time=time, kind=kind, blob=blob)
