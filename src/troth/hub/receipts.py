"""Receipts from the tree as it is stored, and the nodes of the tree that are in memory.

A receipt is made at the tree size of the entry's batch and signed deterministically (RFC 6979), so that it is the
same bytes whenever it is asked for, until the log's receipt key is rotated.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from troth.cose import Signer, parse
from troth.errors import TileError
from troth.log import WIDTH, Growth, RootSignature, TileNodes, assemble, inclusion_proof, sign_root
from troth.log import root as tree_root
from troth.store import LogStore, Row

_KEEP: Final = 2048  # newest nodes of each level that stay in memory: two full batches
_TILES: Final = 256


class Nodes:
    """The tree's nodes: the newest from memory, where fresh receipts find them, and all others from tiles.

    Only the sequencer calls `grow`; readers on other threads see a level before or after it, never in between.
    """

    def __init__(self, store: LogStore, size: int) -> None:
        """Read the tree in ``store``, whose size is ``size``."""
        self._store = store
        self._recent: dict[
            int, tuple[int, list[bytes]]
        ] = {}  # level: index of the first, the nodes from there
        self._tiles = TileNodes(size, self.read_tile, keep=_TILES)

    def grow(self, growth: Growth) -> None:
        """Take the nodes of a batch that is durable."""
        for level, (first, hashes) in enumerate(growth.levels):
            start, kept = self._recent.get(level, (first, []))
            if start + len(kept) != first:  # there was a gap: see resize
                start, kept = first, []
            row = [*kept, *hashes]
            cut = max(0, len(row) - _KEEP) if len(row) > 2 * _KEEP else 0
            self._recent[level] = (start + cut, row[cut:])
        self._tiles = self._tiles.at(growth.frontier.size)

    def resize(self, size: int) -> None:
        """Take up a tree that grew on disk without `grow`."""
        self._tiles = self._tiles.at(size)

    def node(self, level: int, index: int) -> bytes:
        """The hash of a perfect subtree."""
        start, row = self._recent.get(level, (0, []))
        place = index - start
        if 0 <= place < len(row):
            return row[place]
        return self._tiles.node(level, index)

    def read_tile(self, level: int, n: int, width: int) -> bytes:
        """A tile of this width; a narrower one is a prefix of what is stored.

        Raises:
            TileError: the tree has no such tile yet.

        """
        start, row = self._recent.get(8 * level, (0, []))
        place = WIDTH * n - start
        if place >= 0 and place + width <= len(row):
            return b"".join(row[place : place + width])
        hashes = self._store.tile(level, n)
        if hashes is None or len(hashes) < 32 * width:
            raise TileError(f"the log has no tile of level {level}, number {n}, width {width}")
        return hashes[: 32 * width]


class Receipts:
    """Makes receipts. One signature serves every entry of a batch with the same subject."""

    def __init__(self, nodes: Nodes, signer: Signer, log_issuer: str) -> None:
        """Sign with the log's receipt key, under the log's own name."""
        self._nodes = nodes

        @lru_cache(maxsize=8192)
        def signed(size: int, subject: str, time: int) -> RootSignature:
            root = tree_root(size, nodes)
            return sign_root(signer, log_issuer=log_issuer, sub=subject, root=root, size=size, time=time)

        self._signed = signed

    def make(self, row: Row, subject: str | None = None) -> bytes:
        """The receipt of an entry; its subject is read from it where it is not given."""
        subject = parse(row.entry).sub if subject is None else subject
        path = inclusion_proof(row.index, row.size, self._nodes)
        return assemble(self._signed(row.size, subject, row.time), size=row.size, index=row.index, path=path)
