"""Numbers and instants in words, for people. Never rounds a bound towards the threshold it is held against.

Figures arrive as decimal text in [0, 1] and are shown as percentages. Text that is no number is shown as it
stands (escaped by the template), because a reader of a foreign claim must see what it says.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from troth.errors import InputError
from troth.identifiers import parse_instant

HUNDRED = Decimal(100)
COARSE = Decimal("0.01")  # steps of a percentage as it is shown
FINE = Decimal("0.0001")  # as bounds are stored: 1e-6 of the whole
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,12})?")  # Decimal itself takes more: "1_0", "NaN", other digits


def number(text: str | None) -> Decimal | None:
    """The number that some decimal text means; None where there is none."""
    return Decimal(text) if text is not None and _NUMBER.fullmatch(text) else None


def exact(text: str | None) -> str:
    """A percentage with every digit that it has: for thresholds. ``"0.05"`` is ``"5 %"``."""
    value = number(text)
    return (text or "") if value is None else _percent(value * HUNDRED)


def estimate(text: str | None) -> str:
    """A percentage to two decimals, four where it is under 1 %."""
    value = number(text)
    if value is None:
        return text or ""
    percent = value * HUNDRED
    return _percent(percent.quantize(COARSE if abs(percent) >= 1 else FINE, ROUND_HALF_EVEN))


def bound(text: str | None, *, upper: bool, threshold: str | None = None) -> str:
    """A bound as a percentage, rounded outward.

    Two decimals, or four where it is under 1 %, or where two would make it look equal to the threshold
    or as if it lay on the other side of it.
    """
    value = number(text)
    if value is None:
        return text or ""
    percent = value * HUNDRED
    rounding = ROUND_CEILING if upper else ROUND_FLOOR
    coarse = percent.quantize(COARSE, rounding)
    asked = number(threshold)
    if abs(percent) < 1 or (
        asked is not None and _side(coarse, asked * HUNDRED) != _side(percent, asked * HUNDRED)
    ):
        return _percent(percent.quantize(FINE, rounding))
    return _percent(coarse)


def _side(value: Decimal, threshold: Decimal) -> int:
    """-1, 0 or 1: where a value lies as seen from a threshold."""
    return (value > threshold) - (value < threshold)


def _percent(percent: Decimal) -> str:
    """A percentage without trailing zeros, a no-break space before the sign."""
    text = f"{percent:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{'0' if text in {'-0', ''} else text}\u00a0%"


def count(value: int) -> str:
    """An integer with thin spaces between thousands."""
    return f"{value:,}".replace(",", "\u202f")


def plural(value: int, one: str, many: str = "") -> str:
    """``1 run``, ``3 runs``."""
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def size(octets: int) -> str:
    """A size in bytes, for people: kB and MB are powers of ten."""
    for unit, power in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if octets >= power:
            return f"{Decimal(octets) / power:.1f}\u00a0{unit}"
    return f"{octets}\u00a0bytes"


def instant(text: str | None) -> str:
    """``2026-11-23T14:00:00Z`` as ``23 Nov 2026, 14:00 UTC``; text of another shape as it stands."""
    moment = when(text)
    if moment is None:
        return text or ""
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}, {moment:%H:%M} UTC"


def day(text: str | None) -> str:
    """``2026-11-23T14:00:00Z`` as ``23 Nov 2026``, which no line breaks; text of another shape as it stands."""
    moment = when(text)
    return (
        (text or "") if moment is None else f"{moment.day}\u00a0{MONTHS[moment.month - 1]}\u00a0{moment.year}"
    )


def when(text: str | None) -> datetime | None:
    """An instant, or None where the text is none."""
    try:
        return parse_instant(text) if text else None
    except InputError:
        return None


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
