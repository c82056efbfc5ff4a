"""`troth evidence show`: what is in a file, what can be drawn from it, and what can't."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from troth.cli.output import Json, emit, progress, say, table
from troth.errors import EvidenceError

group = typer.Typer(help="Look into evidence files.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(group, name="evidence")
