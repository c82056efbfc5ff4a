"""The cluster table: which observations belong together, in columns.

A cluster is an item of a data set (all epochs of one sample) or all samples that share a value of their
metadata. Two tables of one evaluation merge by key, so that several runs over the same items stay one cluster
per item. Sums are integers (billionths), so that the order of reading does not matter.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from troth.measurement.facts import Cell, Clusters

_encode = msgspec.json.Encoder().encode


class ClusterTable(msgspec.Struct, frozen=True):
    """Clusters in columns: ``ids[i]`` holds ``n[i]`` scored values that add up to ``total[i]`` billionths.

    ``ids`` are JSON strings, numbers or encoded JSON (bytes), unique under ``space`` (such as the data set's
    name); several tables of one file share one list of them. A cluster with n = 0 is kept out of every answer.
    """

    space: str
    ids: Sequence[int | str | bytes]
    n: Sequence[int]
    total: Sequence[int]

    def histogram(self) -> tuple[Cell, ...]:
        """The table as sorted cells."""
        counts = Counter(zip(self.n, self.total, strict=True))
        return tuple(sorted(Cell(n, total, clusters) for (n, total), clusters in counts.items() if n))

    def merge(self, other: Clusters) -> ClusterTable:
        """One table of both: clusters of the same key are joined."""
        keys: Sequence[int | str | bytes]
        theirs: Iterable[tuple[int | str | bytes, int, int]]
        if isinstance(other, ClusterTable) and other.space == self.space:
            space, keys, theirs = self.space, self.ids, zip(other.ids, other.n, other.total, strict=True)
            n, total = list(self.n), list(self.total)
        else:
            space, mine, theirs = "", list(self.items()), other.items()
            keys, n, total = [row[0] for row in mine], [row[1] for row in mine], [row[2] for row in mine]
        ids = list(keys)
        places = {key: place for place, key in enumerate(ids)}
        for key, more, added in theirs:
            place = places.get(key)
            if place is None:
                ids.append(key)
                n.append(more)
                total.append(added)
            else:
                n[place] += more
                total[place] += added
        return ClusterTable(space, ids, column(n), column(total))

    def items(self) -> Iterator[tuple[bytes, int, int]]:
        """(cluster key, n, total), in order of key. A key is ``space NUL id-as-JSON``."""
        space = self.space.encode() + b"\0" if self.space else b""
        keyed = sorted(
            (space + (key if isinstance(key, bytes) else _encode(key)), n, total)
            for key, n, total in zip(self.ids, self.n, self.total, strict=True)
            if n
        )
        yield from keyed


def column(values: Iterable[int]) -> Sequence[int]:
    """Integers held in eight bytes each; a list where one of them does not fit."""
    held = list(values)
    try:
        return array("q", held)
    except OverflowError:
        return held
