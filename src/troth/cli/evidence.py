"""`troth evidence show`: what is in a file, what can be drawn from it, and what can't."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from troth.cli import home
from troth.cli.output import Json, emit, progress, say, table

if TYPE_CHECKING:
    from troth.measurement.facts import Fact, Reading

group = typer.Typer(help="Look into evidence files.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(group, name="evidence")


@group.callback()
def _group() -> None:
    """Look into evidence files."""


@group.command()
def show(
    files: list[Path] = typer.Argument(..., metavar="FILE…", help="Evidence files, or folders of them."),
    *,
    layout: str = typer.Option("", "--layout", help="Read numbers from: summaries, journal, samples."),
    json: bool = Json,
) -> None:
    """Show each file: the run, its facts with counts, header figures its samples do not bear out, and gaps.

    Exit 5 if no file could be read.
    """
    from troth.measurement.facts import Reading
    from troth.readers.evidence import read_evidence

    home.layout(layout)
    names: dict[str, str] = {}
    with progress("Reading", quiet=json) as bar:
        found = read_evidence(files, frozenset({"sample"}), layout=layout or None, progress=bar, names=names)
    readings = [each for each in found if isinstance(each, Reading)]
    skipped: list[Any] = [each for each in found if not isinstance(each, Reading)]
    if json:
        emit({"files": [_document(each, names) for each in readings],
              "skipped": [{"path": s.path, "kind": s.kind, "reason": s.reason} for s in skipped]})  # fmt: skip
    else:
        for each in sorted(readings, key=lambda each: names.get(each.evidence.digest, "")):
            _print(each, names)
        for each in skipped:
            say(f"{each.path}: not read ({each.kind}): {each.reason}")
    if not readings:
        raise typer.Exit(5)


def _figures(fact: Fact) -> dict[str, Any]:
    cells = fact.clusters.histogram()
    return {
        "scorer": fact.scorer,
        "n": fact.n,
        "mean": fact.total / fact.n / 10**9 if fact.n else None,
        "clusters": sum(cell.clusters for cell in cells),
        "unscored": fact.unscored,
        "binary": fact.binary,
        "bounded": fact.bounded,
        "labels": dict(fact.labels),
    }


def _document(reading: Reading, names: dict[str, str]) -> dict[str, Any]:
    return {
        "path": names.get(reading.evidence.digest),
        "evidence": reading.evidence,
        "facts": [_figures(fact) for fact in reading.facts],
        "disagreements": reading.disagreements,
    }


def _print(reading: Reading, names: dict[str, str]) -> None:
    row = reading.evidence
    say(names.get(row.digest, row.digest))
    unknown = "unknown"
    for label, value in (
        ("digest", row.digest),
        ("evaluation", f"{row.evaluation or unknown} {row.evaluation_version or '(version unknown)'}"),
        ("model", row.model or unknown),
        ("artefact", row.system_digest or "not named: results bind to no digest"),
        (
            "dataset",
            f"{row.dataset or unknown}, {row.dataset_size or unknown} items, {row.epochs or unknown} epochs",
        ),
        ("run", f"{row.created or unknown} to {row.completed or unknown}, {row.status}"),
        ("tool", row.tool or unknown),
        ("samples", f"{row.samples}, of which {row.errors} in error; read from {row.layout}"),
    ):
        say(f"  {label:<11}{value}")
    if reading.facts:
        rows = []
        for fact in reading.facts:
            seen = _figures(fact)
            mean = "—" if seen["mean"] is None else f"{seen['mean']:.6g}"
            kind = "yes/no" if fact.binary else "in [0, 1]" if fact.bounded else "outside [0, 1]"
            rows.append((fact.scorer, str(fact.n), str(seen["clusters"]), str(fact.unscored), mean, kind))
        text = table(("scorer", "n", "clusters", "unscored", "mean", "values"), rows, right=(1, 2, 3, 4))
        say("\n".join("  " + line for line in text.splitlines()))
    for each in reading.disagreements:
        say(
            f"  ! {each.scorer} {each.metric}: the header says {each.header}, the samples give {each.recomputed}: {each.reason}"
        )
    for text in row.notes:
        say(f"  · {text}")
    say()
