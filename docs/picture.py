"""docs/images/intervals.svg, the README's picture: the demo's real runs held against the starter guideline.

One file without references: its own style, generic fonts, both colour schemes. Every objective of the guideline has a
row of the same height, whatever its outcome. Unlike the report's plots, all rows share one axis from 0 to 100 %.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from markupsafe import Markup

from troth.reports import svg
from troth.reports.numbers import exact, number
from troth.statements.payloads import Result
from troth.workflows import assess

LOGS = Path(__file__).resolve().parents[1] / "demo" / "evals" / "logs"
WIDTH, ROW, TOP, BOTTOM = 900, 46, 96, 88  # pixels
LEFT, RIGHT = 492, 872  # where the axis begins and ends
MOST = 58  # characters of a reason; of a longer one the first clause
STYLE = """
svg { --paper: #fcfbf8; --ink: #1c2024; --soft: #565c64; --line: #d8d4ca;
      --met: #17654a; --not-met: #9b2c20; --inconclusive: #755200; --not-measured: #4d545c; }
@media (prefers-color-scheme: dark) {
  svg { --paper: #14171a; --ink: #e7e5df; --soft: #a8aeb6; --line: #363c43;
        --met: #7dd3ac; --not-met: #f2a498; --inconclusive: #e4be6c; --not-measured: #b4bac2; } }
text { font-family: system-ui, -apple-system, "Segoe UI", "Noto Sans", "Liberation Sans", Arial, sans-serif;
       font-size: 13px; fill: var(--ink); }
.head { font-family: Charter, Cambria, "Noto Serif", Georgia, serif; font-size: 22px; font-weight: 600; }
.soft { fill: var(--soft); font-size: 12px; } .word { font-weight: 600; fill: currentColor; }
.paper { fill: var(--paper); } .frame { fill: var(--paper); stroke: var(--line); }
.rule { stroke: var(--line); } .edge { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 4 2; }
.side { fill: var(--ink); opacity: .09; } .cut { stroke: var(--paper); }
.met { color: var(--met); } .not-met { color: var(--not-met); }
.inconclusive { color: var(--inconclusive); } .not-measured { color: var(--not-measured); }
"""


def picture() -> str:
    """The whole file. The same logs and guideline give the same text."""
    done = assess.run([LOGS], assess.basis("starter"))
    results = done.assessment.results
    height = TOP + ROW * len(results) + BOTTOM
    rows = Markup("").join(
        _row(result, done.basis.controls[result.control][0], TOP + ROW * place)
        for place, result in enumerate(results)
    )
    said = "; ".join(f"{each.objective}: {svg.describe(each)}" for each in results)
    model = next(row.model for row in done.assessment.evidence if row.model) or ""
    return _WHOLE.format(
        width=WIDTH,
        height=height,
        title="A guideline's objectives, each with its interval and its threshold",
        described=said,
        style=Markup(STYLE),  # noqa: S704 - a constant of this module
        grid=_grid(height - BOTTOM),
        rows=rows,
        y1=height - BOTTOM + 46,
        y2=height - BOTTOM + 66,
        files=len(done.assessment.evidence),
        model=model.rpartition("/")[2],
    )


_WHOLE = Markup(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">'
    "<title>{title}</title><desc>{described}</desc><style>{style}</style>"
    '<rect class="frame" x=".5" y=".5" width="899" height="99.9%" rx="6"/>'
    '<text class="head" x="28" y="42">The interval decides, not the estimate</text>'
    '<text class="soft" x="28" y="64">{files} real evaluation logs of {model}, held against the starter guideline. '
    "No total is made of this.</text>"
    "{grid}{rows}"
    '<text class="soft" x="28" y="{y1}">Dot: estimate. Line: from lower to upper bound, each one-sided at 95 % confidence. '
    "Heavy bracket: the bound that decides.</text>"
    '<text class="soft" x="28" y="{y2}">Dashed: the threshold; the shaded side is where that bound has to lie to be met. '
    "A demonstration: base model, small tasks.</text></svg>\n"
)


def _x(value: Decimal) -> Decimal:
    return LEFT + min(max(value, Decimal(0)), Decimal(1)) * (RIGHT - LEFT)


def _grid(bottom: int) -> Markup:
    """The axis that all rows share, named above and below."""
    parts = []
    for tick in ("0", "0.25", "0.5", "0.75", "1"):
        x = _x(Decimal(tick))
        parts.append(f'<path class="rule" d="M{x:.1f} {TOP - 6}V{bottom + 4}"/>')
        label = f'x="{x:.1f}" text-anchor="middle">{exact(tick)}</text>'
        parts += [f'<text class="soft" y="{y}" {label}' for y in (TOP - 12, bottom + 18)]
    return Markup("".join(parts))  # noqa: S704 - numbers only


def _row(result: Result, title: str, top: int) -> Markup:
    """Outcome, id and title on the left; on the right the interval, or why there is none."""
    middle = top + ROW // 2
    # the icon is drawn for a page, where it is an element of its own
    icon = Markup(str(svg.outcome_icon(result.outcome)).replace("<svg ", f'<svg x="28" y="{top + 4}" '))  # noqa: S704 - our own markup
    words = Markup(
        '<path class="rule" d="M28 {}H{}"/>{}<text class="word" x="52" y="{}">{}</text>'
        '<text x="160" y="{}">{}</text><text class="soft" x="52" y="{}">{}</text>'
    ).format(top - 4, RIGHT, icon, top + 17, result.outcome, top + 17, result.objective, top + 34, title)
    drawn = _interval(result, top, middle) if result.lower is not None else _empty(result, top)
    return Markup('<g class="{}">{}{}</g>').format(svg.class_of(result.outcome), words, drawn)


def _interval(result: Result, top: int, middle: int) -> Markup:
    low, mid, high = (
        _x(number(text) or Decimal(0)) for text in (result.lower, result.estimate, result.upper)
    )
    edge, least = _x(number(result.threshold) or Decimal(0)), result.direction == "at-least"
    start, width = (edge, RIGHT - edge) if least else (Decimal(LEFT), edge - LEFT)
    side = svg.deciding(result)
    x, inward = (low, 5) if side == "lower" else (high, -5)
    anchor, away = ("end", -6) if edge > (LEFT + RIGHT) / 2 else ("start", 6)
    return Markup(
        '<rect class="side" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/><path class="edge" d="M{:.1f} {}v{}"/>'
        '<text class="soft" x="{:.1f}" y="{}" text-anchor="{}">{}</text>'
        '<g fill="none" stroke="currentColor"><path stroke-width="2" d="M{:.1f} {}H{:.1f}"/>'
        '<path stroke-width="1.5" d="M{:.1f} {}v8M{:.1f} {}v8"/>'
        '<path stroke-width="3.5" d="M{:.1f} {}H{:.1f}v16h{}"/></g><circle cx="{:.1f}" cy="{}" r="4" fill="currentColor"/>'
    ).format(
        start, top, width, ROW - 8, edge, top, ROW - 8, edge + away, top + 10, anchor, svg.asked(result),
        low, middle + 3, high, low, middle - 1, high, middle - 1, x + inward, middle - 5, x, inward, mid, middle + 3,
    )  # fmt: skip


def _empty(result: Result, top: int) -> Markup:
    """A hatched row as large as the others, that says why it is empty."""
    wide, tall = RIGHT - LEFT, ROW - 14
    lines = "".join(f"M{x} {tall}l{tall} -{tall}" for x in range(-tall, wide, 9))
    reason = (result.reasons or [result.sentence])[0].rstrip(".")
    text = reason if len(reason) <= MOST else reason.partition(",")[0]
    half = min(len(text) * 3.1 + 10, wide / 2)
    centre = (LEFT + RIGHT) / 2
    return Markup(
        '<svg x="{}" y="{}" width="{}" height="{}"><path d="{}" stroke="currentColor" opacity=".4" fill="none"/></svg>'
        '<rect x="{}" y="{}" width="{}" height="{}" fill="none" stroke="currentColor" stroke-dasharray="5 3"/>'
        '<rect class="paper" x="{:.1f}" y="{}" width="{:.1f}" height="20" rx="3"/>'
        '<text x="{:.1f}" y="{}" text-anchor="middle" class="soft">{}</text>'
    ).format(LEFT, top + 3, wide, tall, lines, LEFT, top + 3, wide, tall, centre - half, top + 9, half * 2, centre, top + 23, text)  # fmt: skip
