"""The schema of ``log.db``, as SQLAlchemy Core tables. `docs/reference/schema.md` is made from the comments here.

All engines share it. Times are Unix seconds, digests 32 raw bytes. Nothing here is derived from anything but the
entries: `kind` and `blob` can be read out of them again, tiles and head can be computed again.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

REVISION: Final = "0001"  # the migration that this code was written for

metadata = MetaData()
_big = BigInteger().with_variant(Integer, "sqlite")  # SQLite's row id is spelled INTEGER

entries = Table(
    "entries",
    metadata,
    Column("idx", _big, primary_key=True, autoincrement=False, comment="position in the log, from 0"),
    Column("id", LargeBinary(32), nullable=False, comment="SHA-256 of the entry: the same bytes enter once"),
    Column("entry", LargeBinary, nullable=False, comment="the normalised signed statement"),
    Column("size", _big, nullable=False, comment="tree size of its batch: what its receipt is made at"),
    Column("time", _big, nullable=False, comment="log time: that of the nearest clock before it"),
    Column("kind", Text, nullable=False, comment="kind@version, or empty"),
    Column("blob", LargeBinary(32), comment="SHA-256 that its hash envelope names"),
    Index("entries_id", "id", unique=True),
    Index("entries_kind", "kind", "idx"),
    comment="the log, entry by entry",
)
Index(
    "entries_blob",
    entries.c.blob,
    sqlite_where=entries.c.blob.is_not(None),
    postgresql_where=entries.c.blob.is_not(None),
)

tiles = Table(
    "tiles",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False, comment="0 holds leaf hashes"),
    Column("n", _big, primary_key=True, autoincrement=False, comment="position within the level"),
    Column(
        "hashes", LargeBinary, nullable=False, comment="1 to 256 hashes of 32 bytes, as far as it is filled"
    ),
    comment="the Merkle tree; a narrower partial tile is a prefix of this one",
)

head = Table(
    "head",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False, comment="always 1: there is one row"),
    Column("size", _big, nullable=False, comment="tree size"),
    Column("root", LargeBinary(32), nullable=False, comment="RFC 9162 root hash"),
    Column("checkpoint", Text, nullable=False, comment="C2SP checkpoint, signed by the log"),
    Column("time", _big, nullable=False, comment="log time of the newest entry"),
    CheckConstraint("one = 1", name="head_one"),
    comment="the newest tree head",
)

blobs = Table(
    "blobs",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True, comment="SHA-256 of the content"),
    Column("content", LargeBinary, nullable=False, comment="the payload's bytes"),
    Column("content_type", Text, nullable=False, comment="as the entry's hash envelope names it"),
    comment="payloads that travel beside their entries",
)
