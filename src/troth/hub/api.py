"""The log and its statements as JSON and as files.

    GET /log.json              who runs this log, its keys, its head

``FORMS`` are the forms of a statement, by what follows its id in /statements/ (`pages.py` has the route):

    .cose   the transparent statement, for every SCITT tool
    .troth  the bundle, with what else a reader needs to believe it
    .json   the statement, decoded

Left out: standing, and everything about what statements mean.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from litestar import HttpMethod, Response, route
from litestar.handlers import BaseRouteHandler

from troth.cose import attach
from troth.errors import JsonError
from troth.hub.answers import BRIEF, Asked, answer, json_answer, tagged
from troth.hub.hub import Hub
from troth.identifiers import (
    b64url,
    digest,
    digest_bytes,
    format_instant,
    from_unix,
    unb64url,
)
from troth.statements import KeyRing, Statement, parse_json, read
from troth.statements.payloads import KeyEnrolment
from troth.store import Row
from troth.workflows import bundles

Form = Callable[[Hub, Row], Response[bytes]]
_GET: Final = [HttpMethod.GET, HttpMethod.HEAD]


def handlers(hub: Hub) -> list[BaseRouteHandler]:
    """The log's document."""

    @route("/log.json", http_method=_GET)
    async def log_document(request: Asked) -> Response[bytes]:
        return tagged(request, json_answer(describe(hub)))

    return [log_document]


def describe(hub: Hub) -> dict[str, Any]:
    """What a reader needs to know of this log; a trust file is made from it."""
    state = hub.sequencer.state
    head, policy, anchors = state.head, state.ring.policy, state.ring.anchors
    age = int(hub.clock().timestamp()) - head.time
    return {
        "origin": policy.origin if policy else "",
        "issuer": state.issuer,
        "url": hub.config.url,
        "operator": policy.operator if policy else "",
        "demonstration": bool(policy and policy.demonstration),
        "created": policy.created if policy else "",
        "standing_rules": policy.standing_rules if policy else 0,
        "checkpoint_vkey": hub.sequencer.checkpoint_key.vkey,
        "receipt_keys": anchors.receipt_keys if anchors else [],
        "operator_keys": anchors.operator_keys if anchors else [],
        "size": head.size,
        "root": head.root.hex(),
        "time": format_instant(from_unix(head.time)),
        "head_age_seconds": max(0, age),
        "now": format_instant(datetime.fromtimestamp(head.time + max(0, age), UTC)),
    }


def transparent(hub: Hub, row: Row) -> bytes:
    """An entry with its receipt."""
    return attach(row.entry, [hub.receipts.make(row)])


def bundle(hub: Hub, row: Row) -> bytes:
    """The claim with all that a reader needs to believe and recompute it (`troth.workflows.bundles`)."""
    return bundles.bundle(
        LogOf(hub), row.index, _enrolments(hub.ring.latest(hub.size), read(row.entry), row, hub)
    )


class LogOf:
    """A hub's log, as bundles read it."""

    def __init__(self, hub: Hub) -> None:
        """Take the hub; every call sees the entries that are published then."""
        self.hub = hub

    def index_of(self, entry_id: str) -> int | None:
        """Where an entry is."""
        row = self.hub.row(unb64url(entry_id))
        return row.index if row is not None else None

    def row(self, index: int) -> Row:
        """A row that is there."""
        return self.hub.store.rows(index, index + 1)[0]

    def entry(self, index: int) -> bytes:
        """An entry's bytes."""
        return self.row(index).entry

    def receipt(self, index: int) -> bytes:
        """The entry's receipt."""
        return self.hub.receipts.make(self.row(index))

    def clock_before(self, index: int) -> int | None:
        """The index of the nearest clock before an entry."""
        row = self.hub.store.latest("clock@1", index)
        return row.index if row is not None else None

    def blob(self, digest: str) -> bytes | None:
        """A payload that travels beside an entry."""
        found = self.hub.store.blob(digest_bytes(digest))
        return found.content if found is not None else None


def decoded(hub: Hub, row: Row) -> dict[str, Any]:
    """A statement for people and scripts: everything in it, nothing judged. Of one that was taken down, its place."""
    if not row.entry:
        time = format_instant(from_unix(row.time))
        return {"id": b64url(row.id), "index": row.index, "log_time": time, "hidden": True}
    blob = hub.store.blob(row.blob) if row.blob is not None else None
    statement = read(row.entry)
    payload = blob.content if blob else statement.payload
    return {
        "id": statement.id,
        "index": row.index,
        "kind": statement.kind,
        "issuer": statement.issuer,
        "subject": statement.subject,
        "issued_at": format_instant(statement.issued_at) if statement.issued_at else None,
        "log_time": format_instant(from_unix(row.time)),
        "key": statement.key.thumbprint().hex() if statement.key else None,
        "algorithm": statement.sign1.alg,
        "payload_digest": statement.payload_digest,
        "payload_size": len(payload) if payload is not None else None,
        "payload": _shown(payload, statement),
        "entry_digest": digest(row.entry),
        "entry_size": len(row.entry),
        "receipt": {"tree_size": row.size, "address": f"{hub.config.url.rstrip('/')}/entries/{statement.id}"},
    }


def _shown(payload: bytes | None, statement: Statement) -> Any:
    """The payload as JSON where it is that, else its first bytes in base64url; None where it is not here."""
    if payload is None:
        return None
    if statement.kind:
        try:
            parse_json(payload)
        except JsonError:
            pass
        else:
            return msgspec.Raw(payload)
    return {"base64url": b64url(payload[:65536])}


def _enrolments(ring: KeyRing, statement: Statement, row: Row, hub: Hub) -> list[int]:
    """Indexes of the enrolment that covered the statement's key, and of those that it rotates, the oldest first."""
    found = [
        each
        for each in ring.enrolments.get(statement.issuer, ())
        if each.key == statement.key and each.index < row.index and each.covers(from_unix(row.time))
    ]
    chain: list[int] = []
    following = ring.by_id.get(found[-1].id) if found else None
    while following is not None and following.index not in chain:
        chain.append(following.index)
        entry = hub.row(unb64url(following.id))
        record = read(entry.entry).record if entry is not None else None
        following = ring.by_id.get(record.rotates or "") if isinstance(record, KeyEnrolment) else None
    return chain[::-1]


def _cose(hub: Hub, row: Row) -> Response[bytes]:
    return answer(transparent(hub, row), "application/cose", BRIEF, **_file(row, "cose"))


def _troth(hub: Hub, row: Row) -> Response[bytes]:
    return answer(bundle(hub, row), "application/vnd.troth.bundle+cbor", BRIEF, **_file(row, "troth"))


def _json(hub: Hub, row: Row) -> Response[bytes]:
    return json_answer(decoded(hub, row), BRIEF)


def _file(row: Row, suffix: str) -> dict[str, str]:
    return {"content_disposition": f'attachment; filename="{b64url(row.id)[:12]}.{suffix}"'}


FORMS: Final[dict[str, Form]] = {"cose": _cose, "troth": _troth, "json": _json}
