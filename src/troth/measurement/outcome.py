"""The one rule: the interval decides. Outcome, a plain sentence and a line for statisticians; no evidence read here.

Version ``troth-outcome/1``:

    at-most     met when the upper bound ≤ threshold; not met when the lower bound > threshold
    at-least    met when the lower bound ≥ threshold; not met when the upper bound < threshold
    otherwise, or when anything that the objective asks for is short (samples, clusters, binding, a date):
                inconclusive, with the reason. An announced minimum is a condition of *not met* as much as of *met*.
    no number   *not measured*, with the reason: attested rows, no threshold, no usable run, values without bounds
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from troth.measurement.intervals import Interval, decimal_text, total_text
from troth.statements.objectives import Binding, Direction, Objective
from troth.statements.payloads import Outcome, Result, RunFigure

RULES = "troth-outcome/1"


def decide(found: Interval, threshold: Decimal, direction: Direction) -> Outcome:
    """The rule alone: what the interval shows of the threshold."""
    lower, upper = Decimal(found.lower).scaleb(-6), Decimal(found.upper).scaleb(-6)
    if direction == "at-most":
        if upper <= threshold:
            return "met"
        return "not met" if lower > threshold else "inconclusive"
    if lower >= threshold:
        return "met"
    return "not met" if upper < threshold else "inconclusive"


def not_measured(objective: Objective, reasons: Sequence[str]) -> Result:
    """A row that no number decides, and why."""
    measured = objective.method == "measured"
    return Result(
        control=objective.control,
        objective=objective.id,
        outcome="not measured",
        sentence=f"Not measured: {'; '.join(reasons)}."[:4000],
        direction=objective.direction if measured else None,
        threshold=objective.threshold if measured else None,
        confidence=objective.confidence if measured else None,
        reasons=list(reasons)[:1000],
    )


def judged(
    objective: Objective,
    found: Interval,
    *,
    short: Sequence[str],
    asides: Sequence[str],
    binding: Binding,
    runs: list[RunFigure],
    runs_disagree: str,
    measured_at: str | None,
    stale_after: str | None,
) -> Result:
    """A row with an interval. ``short`` says what the objective asks for beyond it and does not have.

    ``asides`` are sentences that a reader should see beside any outcome. The threshold must be there.
    """
    threshold = Decimal(objective.threshold or "")
    shown = decide(found, threshold, objective.direction)
    missing = [*_minimums(objective, found), *short]
    outcome: Outcome = "inconclusive" if missing else shown
    reasons = missing
    if outcome == "inconclusive" and shown == "inconclusive":
        reasons = [*missing, "the interval holds values on both sides of the threshold"]
    sentence = _sentence(objective, found, threshold, outcome, missing)
    return Result(
        control=objective.control,
        objective=objective.id,
        outcome=outcome,
        sentence=" ".join([sentence, *asides])[:4000],
        method=found.method,
        statistic=_statistic(objective, found),
        direction=objective.direction,
        threshold=objective.threshold,
        confidence=objective.confidence,
        n=found.n,
        events=total_text(found.total),
        clusters=found.clusters,
        unscored=found.unscored,
        estimate=decimal_text(found.estimate),
        lower=decimal_text(found.lower),
        upper=decimal_text(found.upper),
        binding=binding,
        runs=runs,
        runs_disagree=runs_disagree,
        measured_at=measured_at,
        stale_after=stale_after,
        reasons=reasons[:1000],
    )


def _minimums(objective: Objective, found: Interval) -> list[str]:
    short = []
    if found.n < objective.minimum_n:
        short.append(f"{found.n} scored samples where at least {objective.minimum_n} were announced")
    if found.clusters < objective.minimum_clusters:
        short.append(f"{found.clusters} clusters where at least {objective.minimum_clusters} were announced")
    return short


def _sentence(
    objective: Objective, found: Interval, threshold: Decimal, outcome: Outcome, missing: Sequence[str]
) -> str:
    """What was counted, what it shows, and how that stands to the threshold."""
    at_most = objective.direction == "at-most"
    digits = min(4, max(2, -int(threshold.as_tuple().exponent) - 2))
    limit = _share(threshold, digits=6, binary=found.binary)
    lower = _share(Decimal(found.lower).scaleb(-6), digits=digits, binary=found.binary, rounding=ROUND_FLOOR)
    upper = _share(
        Decimal(found.upper).scaleb(-6), digits=digits, binary=found.binary, rounding=ROUND_CEILING
    )
    confidence = _share(found.confidence, digits=6, binary=True)
    what = "rate" if found.binary else "mean"
    parts = [_counted(objective, found)]
    lead = f"With {confidence} confidence the true {what} is"
    within = f"within the limit of {limit}" if at_most else f"no lower than the {limit} asked for"
    beyond = f"above the limit of {limit}" if at_most else f"below the {limit} asked for"
    if outcome == "met":
        parts.append(f"{lead} {f'at most {upper}' if at_most else f'at least {lower}'}: {within}.")
    elif outcome == "not met":
        parts.append(f"{lead} {f'at least {lower}' if at_most else f'at most {upper}'}: {beyond}.")
    else:
        parts.append(
            f"The true {what} may lie anywhere from {lower} to {upper} (each end with {confidence} confidence)"
        )
        if missing:
            parts[-1] += f". This decides nothing here: {'; '.join(missing)}."
        else:
            parts[-1] += (
                f", on either side of the {'limit of ' if at_most else ''}{limit}{'' if at_most else ' asked for'}: more samples are needed to tell."
            )
    return " ".join(parts)


def _counted(objective: Objective, found: Interval) -> str:
    samples = _plural(found.n, "sample")
    if found.clusters != found.n and objective.cluster_unit == "sample":
        samples += f" of {_plural(found.clusters, 'item')}"
    elif found.clusters != found.n:
        samples += (
            f" in {_plural(found.clusters, 'cluster')} by {objective.cluster_unit.removeprefix('metadata:')}"
        )
    estimate = _share(Decimal(found.estimate).scaleb(-6), digits=2, binary=found.binary)
    if found.binary:
        text = f"Of {samples}, {total_text(found.total)} counted ({estimate})."
    else:
        text = f"The mean of {samples} was {estimate}."
    if found.unscored:
        text += f" {found.unscored} more ended without a value; they are taken at their worst."
    return text


def _plural(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _statistic(objective: Objective, found: Interval) -> str:
    """All that is needed to recompute the bounds by hand."""
    both = decimal_text(int((2 * found.confidence - 1) * 10**6))
    line = (
        f"{found.method}; one-sided bounds at {objective.confidence} each (both together: a {both} interval); "
        f"n = {found.n}, sum = {total_text(found.total)}, clusters = {found.clusters} by {objective.cluster_unit}"
    )
    if found.method != "clopper-pearson":
        what = "effective n" if found.method == "korn-graubard" else "effective clusters"
        line += f", {what} = {found.effective_lower} for the lower and {found.effective_upper} for the upper bound"
    if found.unscored:
        line += f"; {found.unscored} unscored, as 0 in the lower and as 1 in the upper bound"
    return (
        f"{line}; lower {decimal_text(found.lower)}, estimate {decimal_text(found.estimate)}, "
        f"upper {decimal_text(found.upper)}; {objective.direction} {objective.threshold}"
    )


def _share(value: Decimal, *, digits: int, binary: bool, rounding: str = ROUND_HALF_EVEN) -> str:
    """A rate as per cent with up to ``digits`` decimals, a mean with two more; without trailing zeros."""
    shift = 2 if binary else 0
    place = Decimal(1).scaleb(-(digits if binary else digits + 2))
    text = f"{value.scaleb(shift).quantize(place, rounding):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text} %" if binary else text
