"""Commitments and plans: what an issuer promises, what it leaves out and why."""
