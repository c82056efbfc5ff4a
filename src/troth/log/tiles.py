"""Tiles (C2SP tlog-tiles): the tree in files of up to 256 hashes, and the entries beside them.

A tile is ``(level, n, width)``: at level L it holds the nodes ``256 n`` to ``256 n + width - 1`` of the
tree's level 8 L. Width 256 is a full tile, which never changes; a smaller one is the right edge of some
size. ``ENTRIES`` in the place of the level means the bundle of the same leaves' entries. Left out:
fetching, and the entry format of Static CT.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec

from troth.errors import TileError, UsageError
from troth.log.tree import Growth

ENTRIES: Final = -1
WIDTH: Final = 256
MAX_LEVEL: Final = 63
MAX_ENTRY: Final = 65_535

ReadTile = Callable[[int, int, int], bytes]
"""``(level, n, width)`` to the tile's bytes, 32 for each hash; raises TileError where it has none."""

_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)


class Tile(msgspec.Struct, frozen=True, order=True):
    """Which tile: its level (or ENTRIES), its place from the left, and how many hashes it has, 1 to 256."""

    level: int
    n: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its address below the log's prefix: ``tile/0/x001/x234/067`` or ``tile/entries/000.p/7``."""
        return tile_path(self.level, self.n, self.width)


def tile_path(level: int, n: int, width: int = WIDTH) -> str:
    """The address of a tile, without a leading slash.

    Raises:
        UsageError: there can be no such tile.

    """
    if not (ENTRIES <= level <= MAX_LEVEL and 0 <= n < 1000**6 and 0 < width <= WIDTH):
        raise UsageError(f"there is no tile of level {level}, number {n}, width {width}")
    groups = [f"{n % 1000:03}"]
    while n := n // 1000:
        groups.append(f"x{n % 1000:03}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{'entries' if level == ENTRIES else level}/{'/'.join(reversed(groups))}{partial}"


def parse_tile_path(path: str) -> Tile:
    """The tile that an address names.

    Raises:
        TileError: no address of a tile, or not the only way to write it.

    """
    match = _PATH.fullmatch(path)
    if match is None or match[2].startswith("x000"):
        raise TileError(f"not the address of a tile: {path[:80]!r}")
    level = ENTRIES if match[1] == "entries" else int(match[1])
    width = int(match[3]) if match[3] else WIDTH
    if level > MAX_LEVEL or (match[3] and width >= WIDTH):
        raise TileError(f"not the address of a tile: {path[:80]!r}")
    return Tile(level, int(match[2].replace("/", "").replace("x", "")), width)


def width_at(level: int, n: int, size: int) -> int:
    """How many hashes a tile has in a tree of this size: 0 where it is not there yet."""
    return max(0, min(WIDTH, (size >> 8 * max(level, 0)) - WIDTH * n))


def new_tiles(before: int, after: int) -> Iterator[Tile]:
    """The hash tiles that are there at size ``after`` and were not, or were narrower, at ``before``.

    By level, then from the left; the entry bundles have the places and widths of level 0. From size 0
    these are all tiles of a tree.
    """
    level = 0
    while after >> 8 * level:
        old, new = before >> 8 * level, after >> 8 * level
        if new > old:
            for n in range(old // WIDTH, (new - 1) // WIDTH + 1):
                yield Tile(level, n, width_at(level, n, after))
        level += 1


def grow_tiles(growth: Growth, read_tile: ReadTile) -> Iterator[tuple[Tile, bytes]]:
    """The new tiles of an append, with their bytes; a level's old partial tile is read where it goes on.

    Raises:
        TileError: an old tile has the wrong length.

    """
    for tile in new_tiles(growth.before, growth.frontier.size):
        first, hashes = growth.levels[8 * tile.level]
        start = WIDTH * tile.n
        if start >= first:
            yield tile, b"".join(hashes[start - first : start - first + tile.width])
        else:
            kept = first - start
            old = checked(tile.level, tile.n, kept, read_tile(tile.level, tile.n, kept))
            yield tile, old + b"".join(hashes[: tile.width - kept])


def checked(level: int, n: int, width: int, data: bytes) -> bytes:
    """The tile's bytes, if they have the length of its width.

    Raises:
        TileError: they do not.

    """
    if len(data) != 32 * width:
        raise TileError(f"{len(data)} bytes where {32 * width} are due", where=tile_path(level, n, width))
    return data


class TileNodes:
    """The nodes of a tree of one size, read from its tiles.

    A tile is read once and kept with the nodes inside it, level by level as they are asked for, so that
    a proof costs the same in a small log and a large one. ``keep`` tiles are kept, some 16 kB each. Full
    tiles serve for every size: ``at`` gives a reader for another size that shares them.
    """

    def __init__(self, size: int, read_tile: ReadTile, *, keep: int = 256) -> None:
        """Read the tree of this size through ``read_tile``."""
        self.size = size

        @lru_cache(maxsize=keep)
        def expanded(level: int, n: int, width: int) -> list[bytes | None]:
            return [checked(level, n, width, read_tile(level, n, width)), *[None] * 7]

        self._expanded = expanded

    def at(self, size: int) -> TileNodes:
        """The same log at another size, with the same tiles kept."""
        other = TileNodes.__new__(TileNodes)
        other.size = size
        other._expanded = self._expanded  # noqa: SLF001 - its own class
        return other

    def node(self, level: int, index: int) -> bytes:
        """The hash of a perfect subtree.

        Raises:
            TileError: a tile has the wrong length.
            UsageError: the subtree is not full at this size.

        """
        tile_level, height = level >> 3, level & 7
        n, place = index >> 8 - height, index & (256 >> height) - 1
        width = min(WIDTH, (self.size >> 8 * tile_level) - WIDTH * n)
        if place + 1 << height > width:
            raise UsageError(f"node {index} of level {level} is not full at size {self.size}")
        row = _row(self._expanded(tile_level, n, width), height)
        return row[32 * place : 32 * place + 32]


def _row(rows: list[bytes | None], height: int) -> bytes:
    """A tile's nodes at a height, computed at most once. Two threads may both do it: they write the same."""
    row = rows[height]
    if row is None:
        below = _row(rows, height - 1)
        pairs = range(0, len(below) - 63, 64)
        row = rows[height] = b"".join([sha256(b"\x01" + below[at : at + 64]).digest() for at in pairs])
    return row


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """The bundle of up to 256 entries: each one's length in two bytes, big-endian, and the entry.

    Raises:
        TileError: too many entries, or an entry of more than 65,535 bytes.

    """
    if len(entries) > WIDTH:
        raise TileError(f"{len(entries)} entries in a bundle, which has room for {WIDTH}")
    out = bytearray()
    for number, entry in enumerate(entries):
        if len(entry) > MAX_ENTRY:
            raise TileError(f"entry {number} has {len(entry)} bytes, and an entry at most {MAX_ENTRY}")
        out += len(entry).to_bytes(2, "big")
        out += entry
    return bytes(out)


def decode_entries(data: bytes, width: int | None = None) -> list[bytes]:
    """The entries of a bundle: exactly ``width`` of them, where that is given, and never more than 256.

    Raises:
        TileError: the bytes end within an entry, or the count is another.

    """
    entries: list[bytes] = []
    at, size = 0, len(data)
    while at < size:
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > size or at > size:
            raise TileError(f"the bundle ends within entry {len(entries)}")
        entries.append(data[start:at])
        if len(entries) > WIDTH:
            raise TileError(f"the bundle has more than {WIDTH} entries")
    if width is not None and len(entries) != width:
        raise TileError(f"the bundle has {len(entries)} entries where {width} are due")
    return entries
