"""Small pictures as inline SVG: an interval against its threshold, an outcome's shape, a rung's steps.

Drawn here, without a plotting library (docs/adr/0004-own-svg-plots.md). No ids, so that any number fit on one
page; no style attributes, so that a strict content policy holds; every colour is ``currentColor``, so that dark
mode and print follow the text. What a picture shows is also in its ``title`` and ``desc``, and the table beside
it carries the same numbers. Each plot has its own scale, which its axis states.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

import msgspec
from markupsafe import Markup

from troth.reports.numbers import bound, estimate, exact, number
from troth.reports.text import visible
from troth.statements.payloads import Outcome, Result

WIDTH, HEIGHT = 340, 74  # user units of one interval plot
LEFT, RIGHT = Decimal(14), Decimal(326)  # where its axis begins and ends
MIDDLE, AXIS = 33, 53  # heights of the interval and of the axis
ZERO, ONE = Decimal(0), Decimal(1)
STEPS = tuple(Decimal(digit).scaleb(power) for power in range(-6, 14) for digit in (1, 2, 5))
MOST_TICKS = 5

Side = Literal["lower", "upper"]


class Scale(msgspec.Struct, frozen=True):
    """A linear scale from ``low`` to ``high``, a tick at every ``step``. Values are parts of one."""

    low: Decimal
    high: Decimal
    step: Decimal

    def x(self, value: Decimal) -> Decimal:
        """Where a value lies, in user units; values outside are put on the edge."""
        part = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return LEFT + part * (RIGHT - LEFT)

    def ticks(self) -> list[Decimal]:
        """The values that the axis names."""
        first = (self.low / self.step).to_integral_value(ROUND_CEILING)
        last = (self.high / self.step).to_integral_value(ROUND_FLOOR)
        return [self.step * position for position in range(int(first), int(last) + 1)]


def scale_for(values: list[Decimal]) -> Scale:
    """A scale that holds all values with some room, ends on ticks, and reaches 0 or 1 where that is near."""
    low, high = min(values), max(values)
    within = low >= ZERO and high <= ONE
    room = max(
        (high - low) * Decimal("0.15"), Decimal("0.0001") if high < Decimal("0.01") else Decimal("0.01")
    )
    low, high = low - room, high + room
    if within:
        low, high = max(low, ZERO), min(high, ONE)
        low = ZERO if low < high / 2 else low
        high = ONE if ONE - high < (ONE - low) / 3 else high
    step = next((step for step in STEPS if (high - low) / step <= MOST_TICKS), STEPS[-1])
    return Scale(
        (low / step).to_integral_value(ROUND_FLOOR) * step,
        (high / step).to_integral_value(ROUND_CEILING) * step,
        step,
    )


def deciding(result: Result) -> Side | None:
    """The bound that the outcome rests on; None without a direction or an interval.

    Of *at most*: the upper bound, unless the lower one already lies beyond the threshold (*not met*).
    """
    if result.direction is None or result.lower is None or result.upper is None:
        return None
    passing, failing = ("upper", "lower") if result.direction == "at-most" else ("lower", "upper")
    return failing if result.outcome == "not met" else passing  # type: ignore[return-value]  # mypy widens the pair


def asked(result: Result) -> str:
    """What is asked, in words: ``at most 5 %``; "" where no threshold is stated."""
    if result.threshold is None:
        return ""
    return f"{'at least' if result.direction == 'at-least' else 'at most'} {exact(result.threshold)}"


def describe(result: Result) -> str:
    """The plot in a sentence, for those who do not see it."""
    if result.estimate is None or result.lower is None or result.upper is None:
        return f"{result.outcome}: there is no interval. Asked: {asked(result) or 'no threshold is stated'}."
    side = deciding(result)
    words = (
        f"{result.outcome}: estimate {estimate(result.estimate)}, "
        f"lower bound {bound(result.lower, upper=False, threshold=result.threshold)}, "
        f"upper bound {bound(result.upper, upper=True, threshold=result.threshold)}."
    )
    if result.threshold is None:
        return f"{words} No threshold is stated."
    return f"{words} Asked: {asked(result)}." + (f" The {side} bound decides." if side else "")


def interval_plot(result: Result) -> Markup:
    """One objective's interval against its threshold; a hatched row with words where nothing was measured."""
    title = visible(f"{result.objective}: {result.outcome}")
    opening = Markup(
        '<svg class="plot {}" role="img" viewBox="0 0 {} {}" xmlns="http://www.w3.org/2000/svg" '
        'font-family="inherit" font-size="11" fill="currentColor"><title>{}</title><desc>{}</desc>'
    ).format(class_of(result.outcome), WIDTH, HEIGHT, title, visible(describe(result)))
    low, mid, high = number(result.lower), number(result.estimate), number(result.upper)
    if low is None or mid is None or high is None:
        body = _hatched(result.outcome, asked(result))
    else:
        threshold = number(result.threshold)
        scale = scale_for([low, mid, high, *([] if threshold is None else [threshold])])
        body = Markup("").join(
            [
                _axis(scale),
                Markup("") if threshold is None else _threshold(scale, threshold, result),
                _interval(scale, low, mid, high, result),
            ]
        )
    return opening + body + Markup("</svg>")


def _axis(scale: Scale) -> Markup:
    """The line at the bottom with its ticks and their values."""
    parts = [f'<path d="M{LEFT} {AXIS}H{RIGHT}" stroke="currentColor" opacity=".5" fill="none" class="ink"/>']
    for tick in scale.ticks():
        x = scale.x(tick)
        anchor = "start" if x < LEFT + 8 else "end" if x > RIGHT - 12 else "middle"
        # at the edges the text leans inward, so that no label is cut
        at = x - 4 if anchor == "start" else x + 4 if anchor == "end" else x
        parts.append(
            f'<path d="M{x:.1f} {AXIS}v4" stroke="currentColor" opacity=".5" class="ink"/>'
            f'<text x="{at:.1f}" y="{AXIS + 16}" text-anchor="{anchor}" class="soft">{exact(str(tick))}</text>'
        )
    return Markup("".join(parts))  # noqa: S704 - numbers only


def _threshold(scale: Scale, threshold: Decimal, result: Result) -> Markup:
    """The admissible side as a pale band, the threshold as a line, its words, and a pointer to that side."""
    x = scale.x(threshold)
    least = result.direction == "at-least"
    start, width = (x, RIGHT - x) if least else (LEFT, x - LEFT)
    tip = 5 if least else -5
    roomy = 110  # user units that the words need
    beyond = RIGHT - x if least else x - LEFT
    to_right = least if beyond >= roomy else not least
    at = x + (9 if to_right else -9)
    return Markup(
        '<rect x="{:.1f}" y="16" width="{:.1f}" height="{}" opacity=".1" class="ink"/>'
        '<path d="M{:.1f} 4V{}" stroke="currentColor" stroke-width="1.5" stroke-dasharray="4 2" class="ink"/>'
        '<path d="M{:.1f} 4l{} 4l{} 4z" class="ink"/>'
        '<text x="{:.1f}" y="12" text-anchor="{}" class="ink">{}</text>'
    ).format(
        start,
        width,
        AXIS - 16,
        x,
        AXIS,
        x,
        tip,
        -tip,
        at,
        "start" if to_right else "end",
        visible(asked(result)),
    )


def _interval(scale: Scale, low: Decimal, mid: Decimal, high: Decimal, result: Result) -> Markup:
    """Both one-sided bounds, the estimate, and the deciding bound drawn heavy with its value."""
    side = deciding(result)
    left, centre, right = scale.x(low), scale.x(mid), scale.x(high)
    parts = [
        f'<path d="M{left:.1f} {MIDDLE}H{right:.1f}" stroke="currentColor" stroke-width="2"/>',
        f'<circle cx="{centre:.1f}" cy="{MIDDLE}" r="4"/>',
    ]
    for name, x, inward in (("lower", left, 6), ("upper", right, -6)):
        if name == side:
            parts.append(
                f'<path d="M{x + inward:.1f} {MIDDLE - 10}H{x:.1f}V{MIDDLE + 10}h{inward}" '
                'stroke="currentColor" stroke-width="3.5" fill="none"/>'
            )
        else:
            parts.append(f'<path d="M{x:.1f} {MIDDLE - 5}v10" stroke="currentColor" stroke-width="1.5"/>')
    return Markup("".join(parts))  # noqa: S704 - numbers only


def _hatched(words: str, asks: str) -> Markup:
    """A row as large as the others, hatched, that says why it is empty. The inner svg clips the hatching."""
    wide, tall = RIGHT - LEFT, AXIS - 16
    lines = "".join(f"M{x} {tall}l{tall} -{tall}" for x in range(-tall, int(wide), 9))
    text = visible(f"{words} · asked: {asks}" if asks else words)
    half = min(Decimal(len(text)) * Decimal("3.1") + 8, wide / 2)
    return Markup(
        '<svg x="{}" y="16" width="{}" height="{}"><path d="{}" stroke="currentColor" opacity=".45" fill="none"/></svg>'
        '<rect x="{}" y="16" width="{}" height="{}" fill="none" stroke="currentColor" stroke-dasharray="5 3"/>'
        '<rect x="{:.1f}" y="24" width="{:.1f}" height="21" rx="3" fill="Canvas" class="paper"/>'
        '<text x="170" y="39" text-anchor="middle" font-size="12">{}</text>'
    ).format(LEFT, wide, tall, lines, LEFT, wide, tall, 170 - half, half * 2, text)


def class_of(outcome: str) -> str:
    """The style class of an outcome or rung; words that are none of ours give ``unknown``."""
    return {
        "met": "met",
        "not met": "not-met",
        "inconclusive": "inconclusive",
        "not measured": "not-measured",
        "no promise": "no-promise",
        "promised": "promised",
        "evidenced": "evidenced",
        "independently checked": "checked",
    }.get(outcome, "unknown")


_SHAPES = {
    "met": '<circle cx="8" cy="8" r="7.5"/><path d="M4.2 8.4l2.6 2.6 5-5.6" stroke="Canvas" class="cut" stroke-width="2" fill="none"/>',
    "not met": '<rect x="1" y="1" width="14" height="14"/><path d="M4.8 4.8l6.4 6.4M11.2 4.8l-6.4 6.4" stroke="Canvas" class="cut" stroke-width="2"/>',
    "inconclusive": '<path d="M8 .8L15.2 8 8 15.2.8 8z" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M8 .8V15.2L.8 8z"/>',
    "not measured": '<circle cx="8" cy="8" r="6.8" fill="none" stroke="currentColor" stroke-width="1.5" stroke-dasharray="3 1.9"/><path d="M4.2 11.8l7.6-7.6" stroke="currentColor" stroke-width="1.5"/>',
}


def outcome_icon(outcome: Outcome) -> Markup:
    """A shape of its own for each outcome: disc with a tick, square with a cross, half-filled diamond, dashed ring.

    Decorative: the word always stands beside it.
    """
    return Markup(  # noqa: S704 - constants of this module
        '<svg class="icon" aria-hidden="true" width="16" height="16" viewBox="0 0 16 16" fill="currentColor">'
        f"{_SHAPES.get(outcome, _SHAPES['not measured'])}</svg>"
    )


def rung_icon(rung: str) -> Markup:
    """Three rising steps, as many filled as the rung is high. Decorative: the word always stands beside it."""
    height = {"promised": 1, "evidenced": 2, "independently checked": 3}.get(rung, 0)
    steps = "".join(
        f'<rect x="{1 + 9 * step}" y="{11 - 5 * step}" width="7" height="{4 + 5 * step}" stroke="currentColor" '
        + ('fill="currentColor"/>' if step < height else 'fill="none" stroke-dasharray="2 1.5"/>')
        for step in range(3)
    )
    return Markup(  # noqa: S704 - constants of this module
        f'<svg class="icon" aria-hidden="true" width="28" height="16" viewBox="0 0 28 16">{steps}</svg>'
    )
