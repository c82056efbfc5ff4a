"""Standing from a log, wherever it is: head verified, entries folded, documents made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from troth.errors import UndecidedError
from troth.identifiers import format_instant
from troth.standing import State, issuer_standing, standing_index
from troth.standing.records import IssuerStanding
from troth.statements import canonical
from troth.statements.trust import TrustFile
from troth.workflows import mirror
from troth.workflows.sources import LogSource, open_source


class Stood(msgspec.Struct, frozen=True, kw_only=True):
    """Standing at an instant, in the very bytes that a hub publishes."""

    origin: str
    at: str
    size: int  # entries up to the instant
    total: int  # entries of the log
    index: bytes  # /standing.json?at=
    documents: dict[str, bytes]  # by issuer: /issuers/NAME.json?at=
    issuers: tuple[IssuerStanding, ...]


def vkey_for(source: LogSource, trusted: tuple[TrustFile, ...], *, unpinned: bool = False) -> str:
    """The key to hold a log to: the pinned one for its origin. Raises UndecidedError where none is."""
    text = source.get("checkpoint").split(b"\n", 1)[0].decode("utf-8", "replace")
    for trust in trusted:
        if trust.origin == text:
            return trust.checkpoint_vkey
    if unpinned:
        return mirror.trust_of(source).checkpoint_vkey
    raise UndecidedError(
        f"the log {text[:200]!r} is not pinned, so its checkpoint cannot be believed",
        hint="Pin it with `troth trust add`, name a file with --trust, or go on with --unpinned",
    )


def fold_source(
    source: LogSource, vkey: str, until: datetime, progress: Callable[[int, int], None] | None = None
) -> tuple[State, int]:
    """The state of a log up to an instant, and how many entries the log has in all. Raises CheckpointError, TileError, LogInconsistentError.

    The log is audited first, and what was audited is what is folded: a hub that answers otherwise the second time is
    not asked a second time.
    """
    held = mirror.Held(source)
    audited = mirror.check(held, vkey)
    found = list(mirror.entries(held, audited.size))
    blobs = mirror.load_blobs(source, found)
    state = State()
    for index, entry in enumerate(found):
        if not state.step(entry, blobs, until=until):
            break
        if progress is not None:
            progress(index + 1, len(found))
    return state, len(found)


def stand(
    where: str,
    at: datetime,
    trusted: tuple[TrustFile, ...],
    *,
    unpinned: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Stood:
    """Standing of the log at a folder or URL, at an instant."""
    with open_source(where) as source:
        state, total = fold_source(source, vkey_for(source, trusted, unpinned=unpinned), at, progress)
    found = {each: issuer_standing(state, each, at) for each in sorted(state.issuers)}
    return Stood(
        origin=state.ring.policy.origin if state.ring.policy else "",
        at=format_instant(at),
        size=state.size,
        total=total,
        index=canonical(standing_index(state, at)) + b"\n",
        documents={each: canonical(document) + b"\n" for each, document in found.items()},
        issuers=tuple(found.values()),
    )
