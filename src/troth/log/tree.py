"""The Merkle tree of RFC 9162 §2.1: hashes, roots, proofs and growth, over any store of nodes.

A *node* is the hash of a perfect subtree: ``(level, index)`` covers the leaves from ``index * 2^level``
to ``(index + 1) * 2^level - 1``. Nodes never change once their leaves are there, so a store of them
answers for every size. Hashes are 32 bytes (SHA-256), sizes and indexes count leaves from 0. Left out:
where nodes are kept (``tiles.py`` reads them from tiles), and other hash algorithms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from typing import Final, Protocol

import msgspec

from troth.errors import ProofError, UsageError

EMPTY_ROOT: Final = sha256(b"").digest()
MAX_SIZE: Final = 1 << 63


class NodeReader(Protocol):
    """Where nodes are read. It is asked only for subtrees that are full at the size in question."""

    def node(self, level: int, index: int) -> bytes:
        """The hash of the perfect subtree of ``2^level`` leaves that starts at ``index * 2^level``."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(00 ‖ entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier(msgspec.Struct, frozen=True):
    """All that growing a tree needs: its size and the nodes that its right edge consists of.

    ``hashes`` are the perfect subtrees of the size's binary digits, the largest first.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    @classmethod
    def read(cls, size: int, nodes: NodeReader) -> Frontier:
        """The frontier of the tree of this size."""
        return cls(size, tuple(nodes.node(level, index) for level, index in _cover(0, size)))

    def root(self) -> bytes:
        """The tree's root."""
        return _fold(self.hashes)

    def append(self, leaves: Iterable[bytes]) -> Growth:
        """Grow by these leaf hashes, in one pass for each level."""
        before = {level: found for (level, _), found in zip(_cover(0, self.size), self.hashes, strict=True)}
        fresh, first, level = list(leaves), self.size, 0
        size = self.size + len(fresh)
        levels: list[tuple[int, list[bytes]]] = []
        while fresh:
            levels.append((first, fresh))
            row = [before[level], *fresh] if first & 1 else fresh
            lefts, rights = islice(row, 0, len(row) - 1, 2), islice(row, 1, None, 2)
            fresh = [
                sha256(b"\x01" + left + right).digest() for left, right in zip(lefts, rights, strict=True)
            ]
            first, level = first >> 1, level + 1
        hashes = []
        for level, index in _cover(0, size):
            grown = level < len(levels) and index >= levels[level][0]
            hashes.append(levels[level][1][index - levels[level][0]] if grown else before[level])
        return Growth(self.size, Frontier(size, tuple(hashes)), levels)


class Growth(msgspec.Struct, frozen=True):
    """What an append made: the size before it, the frontier after it, and every new node.

    ``levels[k]`` is the index of the first new node of level k, and their hashes from there on.
    """

    before: int
    frontier: Frontier
    levels: list[tuple[int, list[bytes]]]


class MemoryTree:
    """A tree whose nodes are all in memory, some 100 bytes a leaf: for tests, tools and small logs."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        """Make the tree of these leaf hashes."""
        self.frontier = Frontier()
        self._levels: list[list[bytes]] = []
        self.append(leaves)

    @property
    def size(self) -> int:
        """How many leaves it has."""
        return self.frontier.size

    def append(self, leaves: Iterable[bytes]) -> Growth:
        """Grow by these leaf hashes."""
        growth = self.frontier.append(leaves)
        for level, (_, hashes) in enumerate(growth.levels):
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].extend(hashes)
        self.frontier = growth.frontier
        return growth

    def node(self, level: int, index: int) -> bytes:
        """The hash of a perfect subtree."""
        return self._levels[level][index]


def root(size: int, nodes: NodeReader) -> bytes:
    """The root of the tree at this size."""
    return _range_hash(0, size, nodes) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, nodes: NodeReader) -> list[bytes]:
    """The path from a leaf to the root of the tree at this size (RFC 9162 §2.1.3.1), lowest first.

    Raises:
        UsageError: the tree has no such leaf.

    """
    if not 0 <= index < size:
        raise UsageError(f"a tree of {size} leaves has no leaf {index}")
    return _path(index, size, 0, nodes)


def consistency_proof(size1: int, size2: int, nodes: NodeReader) -> list[bytes]:
    """The proof that the tree at ``size2`` continues the one at ``size1`` (RFC 9162 §2.1.4.1).

    It is empty where there is nothing to show: equal sizes, or from the empty tree.

    Raises:
        UsageError: the first size is the larger one.

    """
    if not 0 <= size1 <= size2:
        raise UsageError(f"a tree of {size2} leaves does not continue one of {size1}")
    if size1 in (0, size2):
        return []
    level = _trailing_zeros(size1)
    last = size1 - 1 >> level
    seed = [nodes.node(level, last)] if last else []
    return seed + _path(size1 - 1, size2, level, nodes)


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root to which a leaf hash and its path lead (RFC 9162 §2.1.3.2).

    Raises:
        ProofError: the tree has no such leaf, or its path has another length.

    """
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofError(f"a tree of {size} leaves has no leaf {index}")
    inner, border = _shape(index, size)
    _check_hashes([leaf, *proof], inner + border + 1)
    found = leaf
    for level, sibling in enumerate(proof[:inner]):
        found = node_hash(sibling, found) if index >> level & 1 else node_hash(found, sibling)
    for sibling in proof[inner:]:
        found = node_hash(sibling, found)
    return found


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Return if the path leads from the leaf hash to the root.

    Raises:
        ProofError: it does not.

    """
    if root_from_inclusion(leaf, index, size, proof) != root:
        raise ProofError(f"the path of leaf {index} does not lead to the root of the tree of {size} leaves")


def verify_consistency(size1: int, root1: bytes, size2: int, root2: bytes, proof: Sequence[bytes]) -> None:
    """Return if the tree of ``size2`` and ``root2`` continues the one of ``size1`` and ``root1``.

    RFC 9162 §2.1.4.2. The empty tree is refused as the first one: everything continues it, so that a
    caller who takes it for a check has been misled.

    Raises:
        ProofError: it does not, as far as this proof shows.

    """
    if not 0 <= size1 <= size2 <= MAX_SIZE:
        raise ProofError(f"a tree of {size2} leaves does not continue one of {size1}")
    if size1 == 0:
        raise ProofError("every tree continues the empty one: there is nothing to check")
    if size1 == size2:
        _check_hashes(proof, 0)
        if root1 != root2:
            raise ProofError(f"two roots for one size, {size1}: the log shows two histories")
        return
    shift = _trailing_zeros(size1)
    last = size1 - 1 >> shift
    inner, border = _shape(size1 - 1, size2)
    inner -= shift
    steps = proof if last == 0 else proof[1:]
    _check_hashes(proof, inner + border + (last != 0))
    old = new = proof[0] if last else root1
    for level, sibling in enumerate(steps[:inner]):
        if last >> level & 1:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    for sibling in steps[inner:]:
        old, new = node_hash(sibling, old), node_hash(sibling, new)
    if old != root1:
        raise ProofError(f"the proof does not lead to the root of the tree of {size1} leaves")
    if new != root2:
        raise ProofError(f"the proof does not lead to the root of the tree of {size2} leaves")


def _shape(index: int, size: int) -> tuple[int, int]:
    """A path's two parts: below the fork from the tree's last leaf, and the left siblings above it."""
    inner = (index ^ (size - 1)).bit_length()
    return inner, (index >> inner).bit_count()


def _path(index: int, size: int, level: int, nodes: NodeReader) -> list[bytes]:
    """The siblings of a leaf's ancestors from a level upwards. One at most is no perfect subtree."""
    inner = (index ^ (size - 1)).bit_length()
    path = [nodes.node(at, index >> at ^ 1) for at in range(level, inner - 1)]
    if inner > level:
        path.append(_range_hash((index >> inner - 1 ^ 1) << inner - 1, size, nodes))
    above = index >> inner
    path += [nodes.node(inner + at, (above >> at) - 1) for at in range(above.bit_length()) if above >> at & 1]
    return path


def _cover(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The perfect subtrees that make up the leaves from ``start``, itself where one begins, to ``end``."""
    left = end - start
    while left:
        level = left.bit_length() - 1
        yield level, start >> level
        start += 1 << level
        left -= 1 << level


def _range_hash(start: int, end: int, nodes: NodeReader) -> bytes:
    return _fold([nodes.node(level, index) for level, index in _cover(start, end)])


def _fold(hashes: Sequence[bytes]) -> bytes:
    if not hashes:
        return EMPTY_ROOT
    found = hashes[-1]
    for left in hashes[-2::-1]:
        found = node_hash(left, found)
    return found


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1


def _check_hashes(hashes: Sequence[bytes], count: int) -> None:
    if len(hashes) != count:
        raise ProofError(f"the proof has {len(hashes)} hashes where {count} are needed")
    if any(len(found) != 32 for found in hashes):
        raise ProofError("a hash in the proof has not 32 bytes")
