"""Exact one-sided bounds, the same to the last digit on every machine; without SciPy, and without judgement.

A bound lives on a grid of one millionth and is rounded outward, so it *is* a whole number of millionths: the
one where a monotone tail probability crosses ``alpha``. Floats find the neighbourhood, and only save time;
`decimal`, whose +, −, ×, ÷, √, ln and exp are correctly rounded, decides at the grid points themselves.

The regularised incomplete beta function is the hypergeometric series of DLMF 8.17.8: all its terms are positive,
so nothing cancels, and it stops when a geometric series that bounds its remainder is negligible.

Units: counts may be real (effective sample sizes); ``alpha`` is 1 − confidence; results are millionths.
Costs: about √n terms. Why not SciPy: docs/adr/0003-own-bounds-not-scipy.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    localcontext,
)
from functools import lru_cache
from typing import TypeVar

GRID = 10**6  # millionths in 1
MAX_N = 10**10  # with more, the digits below would not be enough, nor the reader's patience
_CONTEXT = Context(
    prec=50, rounding=ROUND_HALF_EVEN, Emin=-(10**9), Emax=10**9, capitals=1, clamp=0,
    flags=[], traps=[InvalidOperation, DivisionByZero, Overflow],
)  # fmt: skip
_NEGLIGIBLE = Decimal("1e-32")  # relative remainder of the series
_SLACK = Decimal(
    "1e-25"
)  # a tail this close to alpha, relatively, counts as alpha: exact ties exist (0 of 1)
_HALF_LOG_TAU = Decimal("0.918938533204672741780329736405617639861397473637783412817151540483")
_STIRLING = (  # B(2k) / (2k (2k - 1)), k = 1 … 12 (DLMF 5.11.1)
    (1, 12), (-1, 360), (1, 1260), (-1, 1680), (1, 1188), (-691, 360360), (1, 156), (-3617, 122400),
    (43867, 244188), (-174611, 125400), (77683, 5796), (-236364091, 1506960),
)  # fmt: skip
_STIRLING_FROM = 40  # from here on, twelve terms leave less than 1e-36

Number = TypeVar("Number", float, Decimal)


# ---- Clopper and Pearson --------------------------------------------------------------------------------


@lru_cache(maxsize=65536)
def clopper_pearson_lower(events: Decimal, n: Decimal, alpha: Decimal) -> int:
    """The greatest rate, in millionths, at which ``events`` or more of ``n`` have a chance of at most ``alpha``.

    Clopper & Pearson (1934). Assumes independent trials with one rate. ``n`` = 0 tells nothing: the bound is 0.
    """
    _check(events, n, alpha)
    if events <= 0:
        return 0
    with localcontext(_CONTEXT):
        return _crossing(events, n - events + 1, alpha)


def clopper_pearson_upper(events: Decimal, n: Decimal, alpha: Decimal) -> int:
    """The least rate, in millionths, at which ``events`` or fewer of ``n`` have a chance of at most ``alpha``.

    The lower bound of the mirrored count: what is not an event has the rate 1 − p.
    """
    with localcontext(_CONTEXT):
        others = n - events
    return GRID - clopper_pearson_lower(others, n, alpha)


def _check(events: Decimal, n: Decimal, alpha: Decimal) -> None:
    if not (0 <= events <= n <= MAX_N):
        raise ValueError(f"{events} events of {n}: need 0 <= events <= n <= {MAX_N}")
    if not (0 < alpha < 1):
        raise ValueError(f"alpha is {alpha}: need a number between 0 and 1")


def _crossing(a: Decimal, b: Decimal, alpha: Decimal) -> int:
    """The greatest whole m with I(m / 10⁶; a, b) ≤ alpha; a > 0, b ≥ 1."""
    af, bf, wanted = float(a), float(b), float(alpha)
    constant = math.lgamma(af + bf) - math.lgamma(af) - math.lgamma(bf)

    def roughly(m: int) -> bool:
        return m == 0 or (m < GRID and _beta_float(af, bf, m / GRID, constant) <= wanted)

    exact_constant = _log_gamma(a + b) - _log_gamma(a) - _log_gamma(b)
    limit = alpha * (1 + _SLACK)

    def exactly(m: int) -> bool:
        return m == 0 or (m < GRID and _beta(a, b, Decimal(m) / GRID, exact_constant) <= limit)

    guess, width = _wilson(af, af + bf - 1, wanted)
    guess = _last(roughly, guess, max(1, width // 16))
    return _last(exactly, guess, 1)


def _wilson(events: float, n: float, alpha: float) -> tuple[int, int]:
    """Where Wilson's interval puts the lower bound, and its distance from the rate: a place to start, in millionths."""
    z = _bisect(lambda i: math.erfc(i / 1024 / math.sqrt(2)) > 2 * alpha, 0, 40 * 1024) / 1024
    centre = (events + z * z / 2) / (n + z * z)
    half = z * math.sqrt(max(0.0, events * (n - events) / n) + z * z / 4) / (n + z * z)
    return min(max(int((centre - half) * GRID), 0), GRID - 1), int(half * GRID)


# ---- clusters without a single event ----------------------------------------------------------------------


@lru_cache(maxsize=4096)
def unseen_upper(sizes: tuple[tuple[int, int], ...], alpha: Decimal) -> tuple[int, Decimal]:
    """(the greatest rate, in millionths, that leaves a chance of ``alpha`` to see no event; as how many clusters).

    ``sizes`` are pairs (size of a cluster, how many such). Whatever happens inside clusters, an event is seen in
    cluster i with a chance q of at least its share of the rate, so the rate is at most Σ w q with w = size / n,
    and nothing is seen with Π(1 − q). Σ w q is greatest under Π(1 − q) = alpha where 1 − q = λ / w for every
    w > λ and q = 0 for the others: then it is Σ(w − λ). For C clusters of one size this is 1 − alpha^(1/C), the
    bound of Clopper and Pearson for 0 of C. The second figure is the number of clusters of one size that have
    the same bound.
    """
    with localcontext(_CONTEXT):
        n = Decimal(sum(size * count for size, count in sizes))
        logs, clusters, weight = alpha.ln(), 0, Decimal(0)
        level = n
        for size, count in sorted(sizes, reverse=True):
            if size <= level and clusters:
                break
            logs += count * Decimal(size).ln()
            clusters += count
            weight += size * count
            level = (logs / clusters).exp()  # λ n
        rate = (weight - clusters * level) / n
        effective = alpha.ln() / (1 - rate).ln()
        return int((rate * GRID * (1 - _SLACK)).to_integral_value(ROUND_CEILING)), effective


# ---- Student ------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def student_t(alpha: Decimal, freedom: int) -> Decimal:
    """The value that Student's t with ``freedom`` ≥ 1 degrees exceeds with probability ``alpha`` < ½, up to 1e-6 above."""
    if not (0 < alpha < Decimal("0.5")) or freedom < 1:
        raise ValueError(f"alpha {alpha} with {freedom} degrees of freedom has no positive quantile")
    with localcontext(_CONTEXT):
        a, b = Decimal(freedom) / 2, Decimal("0.5")
        constant = _log_gamma(a + b) - _log_gamma(a) - _log_gamma(b)
        limit = 2 * alpha * (1 - _SLACK)

        def exceeds(m: int) -> bool:
            t = Decimal(m) / GRID
            return m == 0 or _beta(a, b, freedom / (freedom + t * t), constant) > limit

        top = GRID
        while exceeds(top):
            top *= 2
        return Decimal(_bisect(exceeds, 0, top) + 1) / GRID


# ---- Hoeffding ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def hoeffding_lower(mean: Decimal, clusters: int, alpha: Decimal) -> int:
    """A lower bound, in millionths, for the mean of independent values in [0, 1] of any distribution.

    Hoeffding (1963), theorem 1: P(average ≥ x) ≤ exp(−clusters · KL(x ‖ μ)) for μ < x. The bound is the greatest
    μ at which that is at most ``alpha``.
    """
    with localcontext(_CONTEXT):
        floor = int(mean * GRID)
        need = -alpha.ln() / clusters * (1 - _SLACK)
        rest = 1 - mean
        entropy = (mean * mean.ln() if mean else Decimal(0)) + (rest * rest.ln() if rest else Decimal(0))

        def excluded(m: int) -> bool:
            mu = Decimal(m) / GRID
            return mu < mean and entropy - mean * mu.ln() - rest * (1 - mu).ln() >= need

        return _bisect(excluded, 0, floor + 1)


@lru_cache(maxsize=4096)
def hoeffding_margin(sum_of_squares: Decimal, alpha: Decimal) -> Decimal:
    """How far a weighted mean of independent values in [0, 1] strays: √(½ Σw² ln 1/α) (Hoeffding 1963, theorem 2)."""
    with localcontext(_CONTEXT):
        return (sum_of_squares * -alpha.ln() / 2).sqrt()


# ---- the incomplete beta function -------------------------------------------------------------------------


def _beta(a: Decimal, b: Decimal, x: Decimal, constant: Decimal) -> Decimal:
    """I(x; a, b) for 0 < x < 1; ``constant`` is −ln B(a, b)."""
    y = 1 - x
    front = (a * x.ln() + b * y.ln() + constant).exp()
    if 2 * x <= 1:
        return front / a * _series(a, b, x, _NEGLIGIBLE)
    return 1 - front / b * _series(b, a, y, _NEGLIGIBLE)


def _beta_float(a: float, b: float, x: float, constant: float) -> float:
    """The same in floats, which may differ in the last places from machine to machine."""
    front = math.exp(a * math.log(x) + b * math.log1p(-x) + constant)
    direct = 2 * x <= 1
    part = front / a * _series(a, b, x, 1e-12) if direct else front / b * _series(b, a, 1 - x, 1e-12)
    if not math.isfinite(part):  # the series overflows only far out in the tail that it sums
        part = 1.0
    return part if direct else 1 - part


def _series(a: Number, b: Number, x: Number, negligible: Number) -> Number:
    """The sum 1 + r₀ + r₀r₁ + … with rⱼ = x (a + b + j) / (a + 1 + j); 0 < x ≤ ½.

    For b ≥ 1 the ratios fall towards x, for b < 1 they rise towards it: either way the terms after this one are
    no larger than a geometric series with the greater of the two.
    """
    term = x / x
    total = term
    top, bottom = (a + b) * x, a + 1
    while True:
        ratio = top / bottom
        term *= ratio
        total += term
        worst = max(ratio, x)
        if worst < 1 and term * worst <= negligible * total * (1 - worst):
            return total
        top += x
        bottom += 1


def _log_gamma(z: Decimal) -> Decimal:
    """The logarithm of Γ(z) for z > 0: Stirling's series, after the recurrence has made z large enough for it."""
    shift = Decimal(1)
    while z < _STIRLING_FROM:
        shift *= z
        z += 1
    power, square, tail = 1 / z, 1 / (z * z), Decimal(0)
    for numerator, denominator in _STIRLING:
        tail += power * numerator / denominator
        power *= square
    return (z - Decimal("0.5")) * z.ln() - z + _HALF_LOG_TAU + tail - shift.ln()


# ---- searching ----------------------------------------------------------------------------------------------


def _bisect(true_at: Callable[[int], bool], low: int, high: int) -> int:
    """The last whole number at which a predicate holds that is true at ``low``, false at ``high``, and turns once."""
    while high - low > 1:
        middle = (low + high) // 2
        if true_at(middle):
            low = middle
        else:
            high = middle
    return low


def _last(true_at: Callable[[int], bool], guess: int, step: int) -> int:
    """As ``_bisect`` between 0 and GRID, walking out from a guess: two calls where it is right and ``step`` is 1."""
    if true_at(guess):
        low = guess
        while (high := min(low + step, GRID)) < GRID and true_at(high):
            low, step = high, step * 2
    else:
        high = guess
        while (low := max(high - step, 0)) > 0 and not true_at(low):
            high, step = low, step * 2
    return _bisect(true_at, low, high)
