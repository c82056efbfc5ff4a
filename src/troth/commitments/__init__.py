"""Commitments and plans: what an issuer promises, what it leaves out and why, and what changed since."""

from troth.commitments.changes import Change, compare, compare_objectives

__all__ = ["Change", "compare", "compare_objectives"]
