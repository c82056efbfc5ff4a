"""What every engine keeps of a log, and the calls that it answers. Blind to payloads; knows no tree.

One writer, any number of readers. `append` is one transaction: entries, unique ids, tiles and head are all there
or none is. What a reader sees may lie beyond the head that was published: callers pass the size they know.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. ``kind`` and ``blob`` are copied out of the entry so that readers need not parse all of them."""

    index: int  # position in the log, from 0
    id: bytes  # SHA-256 of the entry, 32 bytes
    entry: bytes  # the normalised signed statement
    size: int  # tree size of the batch that it came in: what its receipt is made at
    time: int  # log time in Unix seconds: that of the nearest clock before it
    kind: str = ""  # "assessment@1"; "" for a payload that is not troth's
    blob: bytes | None = None  # SHA-256 that the entry's hash envelope names


class Tile(msgspec.Struct, frozen=True):
    """A tile as far as it is filled: 1 to 256 hashes of 32 bytes. Narrower partial tiles are its prefixes."""

    level: int
    n: int
    hashes: bytes


class Head(msgspec.Struct, frozen=True):
    """A tree head: ``checkpoint`` is the signed note's text; ``time`` the log's time in Unix seconds."""

    size: int
    root: bytes
    checkpoint: str
    time: int


class Batch(msgspec.Struct, frozen=True):
    """What one commit adds: consecutive rows, the tiles that they change, and the head after them."""

    rows: Sequence[Row]
    tiles: Sequence[Tile]
    head: Head


class Blob(msgspec.Struct, frozen=True):
    """A payload that travels beside its entry."""

    digest: bytes  # SHA-256
    content: bytes
    content_type: str


class LogStore(Protocol):
    """A durable log. Every call may raise StorageError.

    After one in `append`, the batch is there whole or not at all: not at all, but where the connection to a server
    was lost while it committed. `head` says which, and a commit that is still under way refuses what would overtake it.
    """

    def head(self) -> Head | None:
        """The newest head, or None before the genesis."""

    def append(self, batch: Batch) -> None:
        """Make a batch durable, in one transaction. The writer's call alone.

        A batch that does not follow the newest head is a StorageError: of two writers one is refused, whole.
        """

    def find(self, entry: bytes) -> Row | None:
        """The row of an entry by its id (32 bytes)."""

    def known(self, ids: Collection[bytes]) -> dict[bytes, Row]:
        """The rows of those ids that are in the log already. The writer's call: it sees its own commits."""

    def rows(self, start: int, stop: int, *, kinds: Collection[str] | None = None) -> list[Row]:
        """The rows with ``start <= index < stop`` in log order, of some kinds or of all."""

    def latest(self, kind: str, before: int) -> Row | None:
        """The last row of a kind with ``index < before``."""

    def tile(self, level: int, n: int) -> bytes | None:
        """A tile's hashes as far as it is filled."""

    def names_blob(self, digest: bytes) -> Row | None:
        """The first entry whose hash envelope names this digest."""

    def blob(self, digest: bytes) -> Blob | None:
        """A payload by its digest."""

    def put_blob(self, blob: Blob) -> None:
        """Keep a payload; a second time changes nothing."""

    def close(self) -> None:
        """Let go of files and connections."""
