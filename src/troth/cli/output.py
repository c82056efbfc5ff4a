"""How commands speak: data to stdout, the rest to stderr; one JSON document with --json; colour only where it helps.

Colours and progress bars go away by themselves where the stream is not a terminal or NO_COLOR is set. What comes
from outside (names, reasons, a hub's words) can move no cursor and turn no line round: control characters are shown
as escapes. A reader who goes away (``| head -1``) stops neither the work nor changes its exit code.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TextIO

import msgspec
import typer

from troth.errors import StorageError, TrothError, UsageError

_COLOURS: Final = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "cyan": 36}
# C0 and C1 controls less tab and line feed, line separators, and what reorders text (Unicode's bidirectional
# controls); an escape stays only where it begins a colour of ours
_CONTROLS: Final = re.compile(
    "\x1b(?!\\[(?:0|1;3[1-6])m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)

_lost: Final[list[StorageError]] = []  # the last thing that could not be said

Json = typer.Option(False, "--json", help="Print one JSON document instead of text.")


def emit(document: Any) -> None:
    """One JSON document on stdout."""
    try:
        data = msgspec.json.encode(document)
    except UnicodeEncodeError:  # a file's name that is no UTF-8
        data = msgspec.json.encode(_escaped(msgspec.to_builtins(document)))
    _write(sys.stdout, msgspec.json.format(data, indent=2).decode() + "\n")


def emit_bytes(data: bytes) -> None:
    """A document on stdout, in its very bytes."""
    _write(sys.stdout, data.decode())


def say(text: str = "") -> None:
    """A line of the answer, on stdout."""
    _write(sys.stdout, plain(text) + "\n")


def note(text: str) -> None:
    """A line beside the answer, on stderr."""
    _write(sys.stderr, plain(text) + "\n")


def flush() -> None:
    """Have written all that was said. Raises StorageError for what could not be, now or earlier."""
    _write(sys.stderr, "", flush=True)
    _write(sys.stdout, "", flush=True)
    if _lost:
        raise _lost.pop()


def plain(text: str) -> str:
    """Text as it may be shown: control characters and lone surrogates as escapes, colours of ours kept."""
    shown = _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)
    return shown.encode("utf-8", "backslashreplace").decode()


def one_line(text: str) -> str:
    """Text from outside that is to stay within its line."""
    return " ".join(text.split())


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_escaped(key): _escaped(each) for key, each in value.items()}
    return [_escaped(each) for each in value] if isinstance(value, list | tuple) else value


def _write(stream: TextIO, text: str, *, flush: bool = False) -> None:
    """Write; where nobody reads any longer, or the disk is full, go on without: the work has its own outcome.

    What was lost to a full disk is raised by `flush`, at the end.
    """
    try:
        try:
            stream.write(text)
        except UnicodeEncodeError:  # a terminal that has no ✓
            stream.write(text.encode(stream.encoding, "backslashreplace").decode(stream.encoding))
        if flush:
            stream.flush()
    except BrokenPipeError:
        silence(stream)
    except OSError as error:
        silence(stream)
        name = "stderr" if stream is sys.stderr else "stdout"
        _lost[:] = [StorageError(f"cannot be written: {error.strerror}", where=name)]


def silence(stream: TextIO) -> None:
    """Let a stream that nobody reads lead nowhere, so that what is left in its buffer raises nothing at the end."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - as bare as the descriptor that it stands for
        os.dup2(nowhere.fileno(), stream.fileno())


def echo_failed() -> None:
    """The same for what click writes by itself (help, completion), which replaces the streams before it gives up."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.flush()
                continue
            silence(stream)


def colour(text: str, name: str, stream: TextIO | None = None) -> str:
    """Text in a colour, where the stream shows colours."""
    out = stream or sys.stdout
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not out.isatty():
        return text
    return f"\x1b[1;{_COLOURS[name]}m{text}\x1b[0m"


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
        hint = fields["hint"]
        note(f"  {hint}" if hint.endswith((".", "?", "!", "…")) else f"  {hint}.")
    note(f"  ({fields['code']}: {page})")


def misused(what: str, hint: str, *, as_json: bool) -> None:
    """Tell that the words of a command do not fit, as `fail` tells an error."""
    fail(UsageError(what.rstrip("."), hint=hint), as_json=as_json)


def interrupted(*, as_json: bool) -> None:
    """The word after Ctrl-C."""
    if as_json:
        emit({"error": {"code": "interrupted", "what": "interrupted", "where": "", "hint": "", "page": ""}})
    note("troth: interrupted")


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Columns of text, as wide as they need to be; ``right`` names the columns that hold numbers."""
    rows = [[one_line(cell) for cell in row] for row in rows]
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
