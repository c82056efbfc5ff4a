"""`troth trust add|list`: which logs to believe. Pinning is a person's act: the fingerprints are shown first."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from troth.cli import home
from troth.cli.output import Json, emit, note, say
from troth.errors import InputError, TrustFileError, UndecidedError, UsageError
from troth.readers.whole import write_whole

if TYPE_CHECKING:
    from troth.statements.trust import TrustFile

_ADDRESS = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*:[0-9]{1,5}")  # of a hub, without its scheme
group = typer.Typer(help="Choose which logs to believe.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(group, name="trust")


def load(given: Path | None) -> tuple[TrustFile, ...]:
    """The trust file that was named, else all that are pinned."""
    from troth.statements.trust import parse_trust

    if given is not None:
        return (parse_trust(home.read_bytes(given, "trust file"), str(given)),)
    return tuple(parse_trust(home.read_bytes(path), str(path)) for path in _pinned())


def _pinned() -> list[Path]:
    folder = home.home() / "trust"
    try:
        return sorted(folder.glob("*.json"))
    except OSError as error:
        raise InputError(f"the pinned logs cannot be read: {error.strerror}", where=str(folder)) from error


def fingerprints(trust: TrustFile) -> list[tuple[str, str]]:
    """What a person compares: the checkpoint's vkey and each receipt key's thumbprint."""
    return [
        ("checkpoint", trust.checkpoint_vkey),
        *(("receipts", key.thumbprint().hex()) for key in trust.keys()),  # noqa: SIM118 - a record, not a dict
    ]


@group.command()
def add(
    source: str = typer.Argument(
        ..., metavar="URL", help="A hub's address, a mirror's folder or a trust file."
    ),
    *,
    yes: bool = typer.Option(
        False, "--yes", "-y", help="Pin without asking (you compared the fingerprints)."
    ),
    json: bool = Json,
) -> None:
    """Show a log's fingerprints and pin them, so that `verify` believes its receipts."""
    from troth.statements.trust import parse_trust
    from troth.workflows.mirror import trust_of
    from troth.workflows.sources import open_source

    named = source == "-" or os.path.isfile(source)  # noqa: PTH113 - Path.is_file raises for a name that is too long
    if named:
        trust = parse_trust(home.read_bytes(Path(source)), source)
    else:
        if _ADDRESS.fullmatch(source) and not home.there(Path(source)):
            scheme = "http" if source.startswith(("127.0.0.1", "localhost")) else "https"
            raise UsageError(f"no folder or file {source}", hint=f"Did you mean {scheme}://{source}?")
        with open_source(source) as log:
            trust = trust_of(log)
    target = _place(trust)
    if not json:
        say(f"log         {trust.origin}")
        for what, print_ in fingerprints(trust):
            say(f"{what:<11} {print_}")
    if not yes and not json:
        note("Compare these with what the log's operator publishes elsewhere.")
        _ask()
    elif not yes:
        raise UsageError("--json cannot ask", hint="Add --yes when you have compared the fingerprints")
    write_whole(target, trust.to_bytes())
    if json:
        emit(
            {"origin": trust.origin, "path": str(target), "fingerprints": [p for _, p in fingerprints(trust)]}
        )
        return
    note(f"Pinned in {target}")


def _place(trust: TrustFile) -> Path:
    """Where a log is pinned. Raises TrustFileError where other keys are pinned for the same log."""
    from troth.statements.trust import parse_trust

    for path in _pinned():
        known = parse_trust(home.read_bytes(path), str(path))
        if known.origin != trust.origin:
            continue
        if (known.checkpoint_vkey, known.receipt_keys) != (trust.checkpoint_vkey, trust.receipt_keys):
            raise TrustFileError(
                f"another key is pinned for {trust.origin}",
                where=str(path),
                hint="A log whose keys change without a rotation is not to be believed; remove the file if you know why",
            )
        return path
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", trust.origin)[:100]
    path = home.home() / "trust" / f"{name}.json"
    if home.there(path):  # another log, whose name is written alike
        path = path.with_name(f"{name}-{hashlib.sha256(trust.origin.encode()).hexdigest()[:8]}.json")
    return path


def _ask() -> None:
    """A person's word. Raises UndecidedError for a no, UsageError where nobody is there to ask."""
    try:
        if typer.confirm("Believe this log?", err=True):
            return
    except typer.Abort as error:
        if sys.stdin.isatty():
            raise  # Ctrl-C
        raise UsageError(
            "nobody is there to ask", hint="Add --yes when you have compared the fingerprints"
        ) from error
    raise UndecidedError("the log was not pinned", hint="Nothing was written")


@group.command(name="list")
def list_(*, json: bool = Json) -> None:
    """List the logs that are pinned."""
    pinned = load(None)
    if json:
        emit(
            [
                {"origin": each.origin, "url": each.url, "checkpoint_vkey": each.checkpoint_vkey}
                for each in pinned
            ]
        )
        return
    for each in pinned:
        say(f"{each.origin}  {each.checkpoint_vkey}")
    if not pinned:
        note("No log is pinned. Pin one with `troth trust add URL`.")
