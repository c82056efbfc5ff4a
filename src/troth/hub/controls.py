"""A guideline's controls as a page shows them: what each asks for, why, and what is measured of it.

The words are the catalog's own, with parameters filled in where that can be done. Leaves out Markdown, links and
every part that is neither *statement* nor *guidance* (nor inside one).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from troth.errors import GuidelineError
from troth.guidance import Catalog, fill, objectives, read_payload
from troth.guidance.oscal import Part
from troth.reports.page_models import ControlView, Passage
from troth.reports.results import ControlText
from troth.statements.objectives import Objective
from troth.statements.payloads import Guideline

DEEPEST: Final = 8  # items within items that are shown apart


def views(record: Guideline) -> tuple[ControlView, ...]:
    """Every control of a published guideline, in order.

    Raises:
        GuidelineError: the catalog cannot be read, or is not what the statement says.

    """
    catalog = read_payload(record)
    by_control: dict[str, list[Objective]] = {}
    for row in objectives(catalog):
        by_control.setdefault(row.control, []).append(row)
    return tuple(
        ControlView(
            id=name,
            title=placed.control.title,
            prose=tuple(_passages(catalog, placed.control.parts, "statement")),
            guidance=tuple(_passages(catalog, placed.control.parts, "guidance")),
            objectives=tuple(by_control.get(name, ())),
            depth=min(len(placed.above), DEEPEST),
        )
        for name, placed in catalog.controls.items()
    )


def total(record: Guideline) -> int:
    """How many controls it has; 0 where the catalog cannot be read."""
    try:
        return len(read_payload(record).controls)
    except GuidelineError:
        return 0


def texts(record: Guideline) -> dict[str, ControlText]:
    """Titles and statements of the objectives, by control; nothing where the catalog cannot be read."""
    try:
        found = views(record)
    except GuidelineError:
        return {}
    return {
        each.id: ControlText(title=each.title, objectives={o.id: o.statement for o in each.objectives})
        for each in found
    }


def _passages(catalog: Catalog, parts: Sequence[Part], name: str) -> Iterator[Passage]:
    """The text of the parts of this name, and of all parts inside them, in reading order."""
    stack = [(part, 0) for part in parts if part.name == name][::-1]
    while stack:
        part, depth = stack.pop()
        if part.prose:
            yield Passage(title=_heading(part), text=_filled(catalog, part.prose), depth=min(depth, DEEPEST))
        stack += [(inner, depth + 1) for inner in part.parts][::-1]


def _heading(part: Part) -> str:
    """The part's title, else its label (``a.``), as OSCAL has it."""
    return part.title or next((prop.value for prop in part.props if prop.name == "label"), "")


def _filled(catalog: Catalog, prose: str) -> str:
    """The prose with its parameters; as it stands where one of them is off: a page must show it anyway."""
    try:
        return fill(prose, catalog.params)
    except GuidelineError:
        return prose
