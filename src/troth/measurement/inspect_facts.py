"""Facts from a table of Inspect's samples: what a value counts as, and sums per scorer and cluster."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from troth.measurement.clusters import ClusterTable, column
from troth.measurement.facts import UNIT, Fact
from troth.measurement.inspect_samples import ABSENT, LABEL, SampleTable
from troth.measurement.json_pieces import NOT_FINITE

LABELS = 100  # distinct labels kept in a fact; the rest are counted together
_LETTERS = {"C": UNIT, "P": UNIT // 2, "I": 0, "N": 0}
_WORDS = {"yes": UNIT, "true": UNIT, "no": 0, "false": 0}


def measure(raw: Any) -> int | None:
    """A raw value in billionths, as Inspect's ``value_to_float`` documents it; None where it is no number.

    Unlike Inspect, a text that is neither a known letter or word nor a number is not counted as 0.
    """
    if isinstance(raw, str):
        known = _LETTERS.get(raw)
        if known is None:
            known = _WORDS.get(raw.lower())
        if known is not None or raw in NOT_FINITE:
            return known
        try:
            raw = float(raw)
        except ValueError:
            return None
    if isinstance(raw, int):
        return raw * UNIT
    if not isinstance(raw, float) or not math.isfinite(raw):
        return None
    top, bottom = raw.as_integer_ratio()
    return (2 * top * UNIT + bottom) // (2 * bottom)  # exact, halves upward


def facts(
    table: SampleTable, digest: str, evaluation: str, space: str, units: Iterable[str]
) -> tuple[Fact, ...]:
    """One fact per scorer and cluster unit, in order of both. Rows that ended in an error hold no value."""
    found = []
    raw = table.raw()
    for unit in sorted(units):
        members, ids = _unit(table, unit)
        for scorer, codes in table.scorers():
            counts = Counter(codes)
            counts.subtract(Counter(codes[row] for row in table.errors))
            values = [measure(raw[code]) if counts.get(code) else None for code in range(len(raw))]
            used = [(value, counts[code]) for code, value in enumerate(values) if value is not None]
            n = sum(count for _, count in used)
            found.append(
                Fact(
                    evidence=digest,
                    evaluation=evaluation,
                    scorer=scorer,
                    cluster_unit=unit,
                    clusters=_cluster(table, codes, values, members, ids, space),
                    n=n,
                    total=sum(value * count for value, count in used),
                    unscored=len(table) - n,
                    binary=all(value in (0, UNIT) for value, _ in used),
                    bounded=all(0 <= value <= UNIT for value, _ in used),
                    labels=_labels((raw[code], count) for code, count in counts.items() if count),
                )
            )
    return tuple(sorted(found, key=lambda fact: (fact.scorer, fact.cluster_unit)))


def _unit(table: SampleTable, unit: str) -> tuple[array[int], Sequence[int | str | bytes]]:
    """(the cluster of each row, the clusters' keys)."""
    if unit == "sample":
        return table.sample, list(table.ids)
    key = unit.removeprefix("metadata:")
    # rows without the key are one cluster together: never more independent than they may be
    return table.clusters[key], [b"null", *table.groups[key]]


def _cluster(
    table: SampleTable,
    codes: array[int],
    values: Sequence[int | None],
    members: array[int],
    ids: Sequence[int | str | bytes],
    space: str,
) -> ClusterTable:
    if table.errors:
        codes = array("I", codes)
        for row in table.errors:
            codes[row] = ABSENT
    if members is table.sample and len(ids) == len(table):  # one row each, in order
        counted = [0 if value is None else 1 for value in values]
        scored = [value or 0 for value in values]
        return ClusterTable(
            space, ids, column(counted[code] for code in codes), column(scored[code] for code in codes)
        )
    n = [0] * len(ids)
    total = [0] * len(ids)
    for cluster, code in zip(members, codes, strict=True):
        value = values[code]
        if value is not None:
            n[cluster] += 1
            total[cluster] += value
    return ClusterTable(space, ids, column(n), column(total))


def _labels(counted: Iterable[tuple[Any, int]]) -> dict[str, int]:
    """How often each text was the value, the most frequent first kept; numbers are no labels."""
    texts: Counter[str] = Counter()
    for value, count in counted:
        if isinstance(value, str):
            texts[_shown(value)] += count
    ranked = sorted(texts.items(), key=lambda item: (-item[1], item[0]))
    kept = dict(sorted(ranked[:LABELS]))
    if rest := sum(count for _, count in ranked[LABELS:]):
        kept["(others)"] = rest
    return kept


def _shown(value: str) -> str:
    if value.startswith("\ue000"):
        return f"({value[1:]})"
    return value if len(value) <= LABEL else value[:LABEL] + "…"
