"""What the log shows for (issuer, system, control) at an instant: pure functions of entries."""

from __future__ import annotations

from troth.standing.documents import fold, issuer_standing, standing_document, standing_index
from troth.standing.state import RULES, State

__all__ = ["RULES", "State", "fold", "issuer_standing", "standing_document", "standing_index"]
