"""How commands speak: data to stdout, the rest to stderr; one JSON document with --json; colour only where it helps.

Colours and progress bars go away by themselves where the stream is not a terminal or NO_COLOR is set.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import typer

from troth.errors import TrothError

Json = typer.Option(False, "--json", help="Print one JSON document instead of text.")


def emit(document: Any) -> None:
    """One JSON document on stdout."""
    data = msgspec.json.format(msgspec.json.encode(document), indent=2)
    sys.stdout.write(data.decode() + "\n")


def say(text: str = "") -> None:
    """A line of the answer, on stdout."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """A line beside the answer, on stderr."""
    sys.stderr.write(text + "\n")


def colour(text: str, name: str, stream: Any = None) -> str:
    """Text in a colour, where the stream shows colours."""
    out = stream or sys.stdout
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not out.isatty():
        return text
    return typer.style(text, fg=name, bold=True)


def fail(error: Exception, *, as_json: bool) -> None:
    """Tell an error: its code, what, where, what to do next, and its page."""
    if isinstance(error, TrothError):
        fields = {"code": error.code, "what": error.what, "where": error.where, "hint": error.hint}
        page = f"docs/reference/errors/{error.code}.md"
    else:
        fields = {"code": "internal", "what": f"{type(error).__name__}: {error}", "where": "", "hint": ""}
        fields["hint"] = "This is a fault of troth: please report it. TROTH_DEBUG=1 shows where it happened"
        page = "docs/reference/errors/internal.md"
    if as_json:
        emit({"error": {**fields, "page": page}})
        return
    where = f"{fields['where']}: " if fields["where"] else ""
    note(f"{colour('troth:', 'red', sys.stderr)} {where}{fields['what']}")
    if fields["hint"]:
        note(f"  {fields['hint']}.")
    note(f"  ({fields['code']}: {page})")


def interrupted() -> None:
    """The word after Ctrl-C."""
    note("troth: interrupted")


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Columns of text, as wide as they need to be; ``right`` names the columns that hold numbers."""
    widths = [max(len(line[i]) for line in [header, *rows]) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        parts = [
            c.rjust(w) if i in right else c.ljust(w)
            for i, (c, w) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(parts).rstrip()

    return "\n".join([line(header), "  ".join("─" * w for w in widths), *(line(row) for row in rows)])


@contextmanager
def progress(title: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr for work that may take over a second; call it with (done, total)."""
    if quiet or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)
