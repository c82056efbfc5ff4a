"""The audit of a whole log from its tiles: everything recomputed, nothing believed but the log's key.

Any C2SP tlog-tiles log can be audited; its entries are opaque bytes. The audit streams from left to
right and keeps one tile of each level, so that its memory does not grow with the log. Left out: what
entries say, witnesses' quorum, and fetching.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

import msgspec

from troth.errors import LogInconsistentError, TileError
from troth.log.checkpoint import Checkpoint, open_checkpoint
from troth.log.note import NoteKey
from troth.log.tiles import ENTRIES, WIDTH, ReadTile, Tile, checked, decode_entries, tile_path, width_at
from troth.log.tree import EMPTY_ROOT, Frontier

ReadEntries = Callable[[int, int], bytes]
"""``(n, width)`` to the entry bundle's bytes; raises TileError where there is none."""
Progress = Callable[[int, int], None]
"""Told the number of entries audited so far, and of all."""

_MAX_NAMED: Final = 10_000


class Audited(msgspec.Struct, frozen=True):
    """A log that holds together: at which size and root, and by which checkpoints, smallest first.

    ``hidden`` counts entries that were taken down (length 0, the hash kept); ``hidden_indexes`` names
    the first 10,000 of them. ``tiles`` counts the hash tiles recomputed.
    """

    origin: str
    size: int
    root: bytes
    checkpoints: tuple[Checkpoint, ...]
    tiles: int
    hidden: int
    hidden_indexes: tuple[int, ...]


def audit(
    log: NoteKey,
    checkpoints: Sequence[bytes],
    read_tile: ReadTile,
    read_entries: ReadEntries,
    *,
    progress: Progress | None = None,
) -> Audited:
    """Audit a log up to the largest of these checkpoints.

    1. Each checkpoint is the log's own, by ``log``. 2. Each hash of level 0 is that of its entry
    (RFC 6962 §2.1), unless the entry was taken down. 3. Each hash of an upper tile is that of the tile
    below. 4. The tree has, at each checkpoint's size, the root that was signed, so that all of them
    are consistent with one another.

    Raises:
        UsageError, NoteError, CheckpointError: no checkpoint of this log.
        LogInconsistentError: something disagrees; the message names the tile's path and the index.
        TileError: a tile or bundle is missing or misshapen.

    """
    if not checkpoints:
        raise LogInconsistentError("there is no checkpoint to hold the log against")
    signed = sorted(
        (open_checkpoint(data, log).checkpoint for data in checkpoints), key=lambda each: each.size
    )
    size = signed[-1].size
    walk = _Walk(size, read_tile, read_entries)
    waiting = list(signed)
    _match_roots(waiting, 0, Frontier(), [])
    for n in range((size + WIDTH - 1) // WIDTH):
        start, before = walk.frontier.size, walk.frontier
        leaves = walk.leaves(n)
        _match_roots(waiting, start + len(leaves), before, leaves)
        walk.grow(leaves)
        if progress is not None:
            progress(walk.frontier.size, size)
    walk.finish()
    return Audited(
        origin=log.name,
        size=size,
        root=signed[-1].root,
        checkpoints=tuple(signed),
        tiles=walk.tiles,
        hidden=walk.hidden,
        hidden_indexes=tuple(walk.hidden_indexes),
    )


def _match_roots(waiting: list[Checkpoint], end: int, before: Frontier, leaves: list[bytes]) -> None:
    """Hold every checkpoint of a size up to ``end`` against the tree: ``before``, and the leaves after it."""
    while waiting and waiting[0].size <= end:
        found = waiting.pop(0)
        root = before.append(leaves[: found.size - before.size]).frontier.root() if found.size else EMPTY_ROOT
        if root != found.root:
            raise LogInconsistentError(
                f"the checkpoint of size {found.size} signs the root {found.root.hex()}, and the entries give {root.hex()}",
                hint="The log shows two histories. Keep the checkpoint and the tiles: they are evidence",
            )


class _Walk:
    """One pass from left to right: the frontier, and of each level above 0 the tile that is filling."""

    def __init__(self, size: int, read_tile: ReadTile, read_entries: ReadEntries) -> None:
        self.size = size
        self.read_tile = read_tile
        self.read_entries = read_entries
        self.frontier = Frontier()
        self.filling: dict[int, list[bytes]] = {}
        self.tiles = 0
        self.hidden = 0
        self.hidden_indexes: list[int] = []

    def leaves(self, n: int) -> list[bytes]:
        """The leaf hashes of the bundle ``n``, each held against its hash tile."""
        width = width_at(0, n, self.size)
        path = tile_path(ENTRIES, n, width)
        try:
            entries = decode_entries(self.read_entries(n, width), width)
        except TileError as fault:
            raise TileError(fault.what, where=fault.where or path, hint=fault.hint) from fault
        tile = checked(0, n, width, self.read_tile(0, n, width))
        self.tiles += 1
        hashes = [sha256(b"\x00" + entry).digest() for entry in entries]
        if b"".join(hashes) != tile:
            self.compare(n, width, entries, hashes, tile)
        return hashes

    def compare(self, n: int, width: int, entries: list[bytes], hashes: list[bytes], tile: bytes) -> None:
        """Find the difference: entries that were taken down keep the tile's hash, anything else is a fault."""
        for place, entry in enumerate(entries):
            kept = tile[32 * place : 32 * place + 32]
            if hashes[place] == kept:
                continue
            index = WIDTH * n + place
            if entry:  # only an empty one says that it was taken down
                raise LogInconsistentError(
                    f"the hash of entry {index} is another than the one in its hash tile, place {place}",
                    where=f"{tile_path(ENTRIES, n, width)} and {tile_path(0, n, width)}",
                )
            hashes[place] = kept
            self.hidden += 1
            if len(self.hidden_indexes) < _MAX_NAMED:
                self.hidden_indexes.append(index)

    def grow(self, leaves: list[bytes]) -> None:
        """Append the leaves, and check each upper tile that this fills."""
        growth = self.frontier.append(leaves)
        self.frontier = growth.frontier
        for level in range(1, (len(growth.levels) + 7) // 8):
            row = self.filling.setdefault(level, [])
            row.extend(growth.levels[8 * level][1])
            if len(row) == WIDTH:
                self.check(level, row)

    def finish(self) -> None:
        """Check the partial tiles of the right edge."""
        for level, row in self.filling.items():
            if row:
                self.check(level, row)

    def check(self, level: int, row: list[bytes]) -> None:
        """Hold an upper tile against the hashes computed from below, and start the next one."""
        done = self.frontier.size >> 8 * level
        tile = Tile(level, (done - 1) // WIDTH, len(row))
        data = checked(level, tile.n, tile.width, self.read_tile(level, tile.n, tile.width))
        self.tiles += 1
        for place, due in enumerate(row):
            if data[32 * place : 32 * place + 32] != due:
                raise LogInconsistentError(
                    f"the hash at place {place} (index {WIDTH * tile.n + place} of its level) "
                    "is another than the tile below it gives",
                    where=tile.path,
                )
        row.clear()
