"""How many objectives had which outcome, in words; never one figure for all of them.

Beside any count of *met* stands how many would be met by luck alone. "Meets all" needs no such correction
(an intersection-union test); "which" and "how many" do.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import msgspec

from troth.statements.payloads import Assessment, Outcome

OUTCOMES: tuple[Outcome, ...] = ("met", "not met", "inconclusive", "not measured")


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of outcomes, and the same in two sentences."""

    counts: dict[Outcome, int]
    sentence: str
    by_luck: str  # empty where nothing is met


def summary(assessment: Assessment) -> Summary:
    """The counts of an assessment's results."""
    counts: dict[Outcome, int] = dict.fromkeys(OUTCOMES, 0)
    for result in assessment.results:
        counts[result.outcome] += 1
    told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts[outcome])
    many = len(assessment.results)
    sentence = (
        f"Of {many} objective{'' if many == 1 else 's'}: {told}." if many else "No objective was asked."
    )
    return Summary(counts=counts, sentence=sentence, by_luck=_by_luck(assessment) if counts["met"] else "")


def _by_luck(assessment: Assessment) -> str:
    """What to expect if every system measured stood exactly at its threshold, objectives being independent."""
    risks = [
        1 - Decimal(result.confidence)
        for result in assessment.results
        if result.outcome != "not measured" and result.confidence is not None
    ]
    with localcontext() as context:
        context.prec = 28
        none = Decimal(1)
        for risk in risks:
            none *= 1 - risk
        expected = sum(risks, Decimal(0)).quantize(Decimal("0.01"), ROUND_HALF_EVEN).normalize()
        chance = ((1 - none) * 100).quantize(Decimal(1), ROUND_HALF_EVEN)
    if len(risks) == 1:
        return (
            "If the system stood exactly at the limit, there would still be a chance of up to "
            f"{chance} % that the one measured objective is shown as met."
        )
    return (
        f"If the system stood exactly at every limit, there would still be a chance of up to {chance} % that at least "
        f"one of the {len(risks)} measured objectives is shown as met, were they independent; "
        f"up to {expected:f} of them would be expected to be."
    )
