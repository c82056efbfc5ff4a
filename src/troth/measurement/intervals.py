"""The interval of one objective from its cells: which rule, and its two one-sided bounds. No threshold, no outcome.

The target is the mean over samples in the long run of clusters like these (a superpopulation: the benchmark's
items stand for more of their kind). Clusters are assumed independent and sizes set by design rather than by
results; within a cluster anything goes. Both bounds hold at ``confidence`` each, so the two together are an
interval at 2 × confidence − 1.

Which rule (m is a cluster's size, C* = (Σm)² / Σm² counts clusters by weight and is C where all are of one size):

    ``clopper-pearson``                yes/no values, every m = 1: exact (Clopper & Pearson 1934)
    ``clopper-pearson-clusters``       yes/no, in clusters, no event or nothing but events: the share of clusters
                                       with an event (or without one) bounds the rate. Clopper-Pearson for 0 of C;
                                       where sizes differ, its generalisation in ``unseen_upper``
    ``korn-graubard``                  yes/no, in clusters: Clopper-Pearson at the effective sample size that the
                                       spread between clusters shows, with Student's t for C* − 1 degrees of
                                       freedom (Korn & Graubard 1998), held down as ``_effective_n`` says
    ``hoeffding``                      other values in [0, 1]: valid for any distribution of cluster means,
                                       therefore wide (Hoeffding 1963)

Samples without a value cannot help: the lower bound is computed as if each had been 0 and the upper as if each
had been 1, in clusters of their own of the usual size; and neither is ever better than without them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Literal

import msgspec

from troth.measurement.bounds import (
    GRID,
    clopper_pearson_lower,
    hoeffding_lower,
    hoeffding_margin,
    student_t,
    unseen_upper,
)
from troth.measurement.facts import UNIT, Cell

Method = Literal["clopper-pearson", "clopper-pearson-clusters", "korn-graubard", "hoeffding"]
FEW_CLUSTERS = 20  # with fewer (by weight) the spread between them is not believed: each counts as one sample
_CONTEXT = Context(prec=40, rounding=ROUND_HALF_EVEN)
_MILLIONTH = Decimal("0.000001")
_TINY = Decimal("1e-25")  # so that 39.999…, which is 40 but for the last digit, stays 40


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """What the cells show. Bounds and estimate are in millionths of 1, bounds rounded outward."""

    method: Method
    confidence: Decimal  # of each bound
    n: int  # scored samples
    clusters: int
    total: int  # billionths
    unscored: int
    binary: bool
    estimate: int
    lower: int
    upper: int
    effective_lower: Decimal  # the n, or number of clusters, that the bound was computed with
    effective_upper: Decimal


def interval(cells: Sequence[Cell], *, binary: bool, unscored: int, confidence: Decimal) -> Interval | None:
    """The interval for these cells, or None where no sample was scored.

    Raises ValueError where a value lies outside [0, 1] or confidence outside (0.5, 1): callers look first.
    """
    if not (Decimal("0.5") < confidence < 1):
        raise ValueError(f"a confidence of {confidence}: need one above 0.5 and below 1")
    scored = tuple(cell for cell in cells if cell.n > 0 and cell.clusters > 0)
    if not scored:
        return None
    if any(not 0 <= cell.total <= cell.n * UNIT for cell in scored):
        raise ValueError("a value outside [0, 1]")
    n, total, clusters = _sums(scored)
    with localcontext(_CONTEXT):
        alpha = 1 - confidence
        estimate = int((Decimal(total * GRID) / (n * UNIT)).to_integral_value(ROUND_HALF_EVEN))
        # an upper bound is one minus the lower bound of the mirrored values: one rule, written once
        method, lower, effective_lower = _lower(scored, binary=binary, alpha=alpha)
        _, mirrored, effective_upper = _lower(_mirror(scored), binary=binary, alpha=alpha)
        if unscored:
            zeros = _unscored_cells(unscored, n, clusters)
            _, worse, effective = _lower(scored + zeros, binary=binary, alpha=alpha)
            lower, effective_lower = min((lower, effective_lower), (worse, effective))
            _, worse, effective = _lower(_mirror(scored) + zeros, binary=binary, alpha=alpha)
            mirrored, effective_upper = min((mirrored, effective_upper), (worse, effective))
    return Interval(
        method=method,
        confidence=confidence,
        n=n,
        clusters=clusters,
        total=total,
        unscored=unscored,
        binary=binary,
        estimate=estimate,
        lower=min(lower, estimate),
        upper=max(GRID - mirrored, estimate),
        effective_lower=effective_lower,
        effective_upper=effective_upper,
    )


def _lower(cells: tuple[Cell, ...], *, binary: bool, alpha: Decimal) -> tuple[Method, int, Decimal]:
    """The rule for these cells, its lower bound in millionths, and the effective number behind it."""
    n, total, clusters = _sums(cells)
    by_weight = _clusters_by_weight(cells, n)
    if not binary:
        return "hoeffding", _hoeffding(cells, n, total, clusters, alpha), by_weight
    events = total // UNIT
    if clusters == n:
        return "clopper-pearson", clopper_pearson_lower(Decimal(events), Decimal(n), alpha), Decimal(n)
    mirrored, alike = unseen_upper(_sizes(cells), alpha)
    if events == 0:
        return "clopper-pearson-clusters", 0, _short(alike)
    if events == n:
        return "clopper-pearson-clusters", GRID - mirrored, _short(alike)
    effective = _effective_n(cells, n, events, clusters, by_weight, alpha)
    bound = clopper_pearson_lower(effective * events / n, effective, alpha)
    return "korn-graubard", min(bound, GRID - mirrored), effective  # one non-event shows no more than none


def _effective_n(
    cells: tuple[Cell, ...], n: int, events: int, clusters: int, by_weight: Decimal, alpha: Decimal
) -> Decimal:
    """How many independent samples the clusters are worth, for a lower bound; at most n.

    Korn & Graubard: p (1 − p) over the variance of the ratio estimator between clusters, times the square of
    t(n − 1) / t(C* − 1). A variance estimated from few events says little (one event in 200 samples looks
    independent however the system fails, and the plain method then errs in up to three quarters of all cases).
    So it is estimated a second time as if −ln(alpha), rounded up, more clusters had been seen, all without an
    event, and each as large as the one that a sample is in on average, Σm² / n: as many of a kind as may stay
    unseen with the chance alpha. The smaller result counts.
    With fewer than FEW_CLUSTERS each cluster is worth one sample at most. Simulations: docs/explanation/statistics.md.
    """
    shown = _ratio_n(cells, clusters, n, events)
    # clusters of size Σm² / n are added: every count times ``n`` keeps the numbers whole
    unseen = int((-alpha.ln()).to_integral_value(ROUND_CEILING))
    scaled = tuple(Cell(c.n * n, c.total * n, c.clusters) for c in cells)
    added = sum(c.clusters * c.n**2 for c in cells)
    more = n * n + unseen * added
    doubted = _ratio_n((*scaled, Cell(added, 0, unseen)), clusters + unseen, more, events * n)
    effective = Decimal(n)
    for found in (shown, doubted and doubted * n * n / more):
        if found is not None:
            effective = min(effective, found)
    freedom = max(1, int(by_weight) - 1)
    effective = effective * (student_t(alpha, n - 1) / student_t(alpha, freedom)) ** 2
    if by_weight < FEW_CLUSTERS:
        effective = min(effective, by_weight)
    return max(_short(effective), _MILLIONTH)


def _ratio_n(cells: tuple[Cell, ...], clusters: int, n: int, events: int) -> Decimal | None:
    """The n of p (1 − p) / v, with v the variance of the ratio Σy / Σm between clusters; None where they do not differ.

    v = C / (C − 1) · Σ(y − p m)² / n². All in whole numbers until the one division.
    """
    spread = sum(c.clusters * (c.total // UNIT * n - events * c.n) ** 2 for c in cells)
    if not spread or clusters < 2:
        return None
    return Decimal(events * (n - events) * n * n * (clusters - 1)) / Decimal(clusters * spread)


def _hoeffding(cells: tuple[Cell, ...], n: int, total: int, clusters: int, alpha: Decimal) -> int:
    """Hoeffding's lower bound over cluster means, by theorem 1 where sizes are equal, by theorem 2 where not."""
    mean = Decimal(total) / (n * UNIT)
    if len({cell.n for cell in cells}) == 1:
        return hoeffding_lower(mean, clusters, alpha)
    squares = Decimal(sum(cell.clusters * cell.n**2 for cell in cells)) / n**2
    bound = (mean - hoeffding_margin(squares, alpha)) * GRID
    return max(0, int(bound.to_integral_value(ROUND_FLOOR)))


def _sums(cells: tuple[Cell, ...]) -> tuple[int, int, int]:
    """(samples, billionths, clusters)."""
    return (
        sum(cell.n * cell.clusters for cell in cells),
        sum(cell.total * cell.clusters for cell in cells),
        sum(cell.clusters for cell in cells),
    )


def _sizes(cells: tuple[Cell, ...]) -> tuple[tuple[int, int], ...]:
    """(size, clusters of that size), in order of size."""
    counts: Counter[int] = Counter()
    for cell in cells:
        counts[cell.n] += cell.clusters
    return tuple(sorted(counts.items()))


def _clusters_by_weight(cells: tuple[Cell, ...], n: int) -> Decimal:
    """C* = n² / Σm² (Kish 1965): one cluster that holds most samples makes the others count for little."""
    squares = sum(cell.clusters * cell.n**2 for cell in cells)
    return _short(Decimal(n * n) / squares)


def _short(number: Decimal) -> Decimal:
    """Cut to six decimals, without trailing zeros: a number of samples or clusters, never more than it is."""
    cut = (number + _TINY).quantize(_MILLIONTH, ROUND_DOWN)
    return cut.quantize(Decimal(1)) if cut == cut.to_integral_value() else cut.normalize()


def _mirror(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """The same cells with every value v turned into 1 − v."""
    return tuple(Cell(cell.n, cell.n * UNIT - cell.total, cell.clusters) for cell in cells)


def _unscored_cells(unscored: int, n: int, clusters: int) -> tuple[Cell, ...]:
    """Samples without a value, as zeros that fill clusters of their own, of the usual size."""
    size = max(1, (n + clusters // 2) // clusters)
    full, rest = divmod(unscored, size)
    return tuple(Cell(m, 0, count) for m, count in ((size, full), (rest, 1 if rest else 0)) if count)


def decimal_text(millionths: int) -> str:
    """Millionths as a decimal string without trailing zeros: 72158 → ``0.072158``."""
    whole, rest = divmod(millionths, GRID)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


def total_text(billionths: int) -> str:
    """Billionths as a decimal string without trailing zeros: 3 × 10⁹ → ``3``."""
    whole, rest = divmod(billionths, UNIT)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".")
