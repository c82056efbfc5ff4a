"""An objective: the measurable part of a control, as it travels in commitments and plans.

Leaves out where it comes from: `troth.guidance` reads it out of OSCAL.
"""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

from troth.statements.fields import Decimal, Name, Text

Binding = Literal["digest", "snapshot", "endpoint", "unbound"]  # strongest first
Direction = Literal["at-most", "at-least"]

# A day in a model's name: without one the name may stand for another model tomorrow, and is no snapshot.
DATED: Final = re.compile(r"(?<!\d)20\d\d-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])(?!\d)")


class Objective(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of what a control asks for.

    ``measured`` rows name an evaluation; ``attested`` rows name what has to be stated, and no number decides
    them. ``threshold`` is None where the guideline leaves it to the adopter (catastrophic hazards): such a row
    is *not measured* until a commitment states one.
    """

    id: Name  # unique in its guideline, such as "st-2.leak"
    control: Name
    statement: Text  # what is asked, in a sentence
    method: Literal["measured", "attested"] = "measured"
    evaluation: str = ""  # the task's name, as the evaluation log has it
    evaluation_version: str = ""  # empty: any version, and the claim names which
    scorer: str = ""
    metric: Literal["mean"] = "mean"  # mean of values in [0, 1]; of a yes/no value this is a rate
    direction: Direction = "at-most"
    threshold: Decimal | None = None
    confidence: Decimal = "0.95"  # of the one-sided bound that decides
    minimum_n: int = 1  # scored samples
    minimum_clusters: int = 1
    cluster_unit: str = "sample"  # "sample" (epochs of one item belong together) or "metadata:<key>"
    stopping: Literal["fixed"] = "fixed"
    maximum_age_days: int | None = None
    binding: Binding = "unbound"  # the weakest tie between result and system that will do
    set_by: str = ""  # who set the threshold
    reason: str = ""  # and why
