"""An objective: the measurable part of a control. A record; where it comes from (OSCAL) is `catalog.py`."""

from __future__ import annotations

from typing import Literal

import msgspec

Binding = Literal["digest", "snapshot", "endpoint", "unbound"]
Direction = Literal["at-most", "at-least"]


class Objective(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of what a control asks for. Decimal strings hold numbers, so that no float is ever signed.

    ``measured`` rows name an evaluation; ``attested`` rows name what has to be stated, and no number decides
    them. ``threshold`` is None where the guideline leaves it to the adopter (catastrophic hazards): such a row
    is *not measured* until a commitment states one.
    """

    id: str  # unique in its guideline, such as "st-2.leak"
    control: str
    statement: str  # what is asked, in a sentence
    method: Literal["measured", "attested"] = "measured"
    evaluation: str = ""  # the task's name, as the evaluation log has it
    evaluation_version: str = ""  # empty: any version, and the claim names which
    scorer: str = ""
    metric: Literal["mean"] = "mean"  # mean of values in [0, 1]; of a yes/no score this is a rate
    direction: Direction = "at-most"
    threshold: str | None = None
    confidence: str = "0.95"  # of the one-sided bound that decides
    minimum_n: int = 1  # scored samples
    minimum_clusters: int = 1
    cluster_unit: str = "sample"  # "sample" (epochs of one item belong together) or "metadata:<key>"
    stopping: Literal["fixed"] = "fixed"
    maximum_age_days: int | None = None
    binding: Binding = "unbound"  # the weakest tie between result and system that will do
    set_by: str = ""  # who set the threshold
    reason: str = ""  # and why
