"""OSCAL catalogs and profiles, and the objectives in them."""

from troth.guidance.catalog import Catalog, Controls, Placed, read_catalog
from troth.guidance.guideline import guideline_id, guideline_payload, read_payload, reference
from troth.guidance.objectives import check_objective, objectives, write_part
from troth.guidance.oscal import NAMESPACE
from troth.guidance.parameters import fill
from troth.guidance.profile import Profile, Selection, read_profile, select

__all__ = [
    "NAMESPACE",
    "Catalog",
    "Controls",
    "Placed",
    "Profile",
    "Selection",
    "check_objective",
    "fill",
    "guideline_id",
    "guideline_payload",
    "objectives",
    "read_catalog",
    "read_payload",
    "read_profile",
    "reference",
    "select",
    "write_part",
]
