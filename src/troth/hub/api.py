"""The log and its statements as JSON and as files.

    GET /log.json              who runs this log, its keys, its head
    GET /statements/{id}.cose  the transparent statement: for every SCITT tool
    GET /statements/{id}.troth the bundle: with what else a reader needs to believe it
    GET /statements/{id}.json  the statement, decoded

``FORMS`` maps what follows the id to what makes the answer; the page, without anything after the id, is added there
by the pages. Left out: standing, and everything about what statements mean.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from litestar import HttpMethod, Response, route
from litestar.handlers import BaseRouteHandler

from troth.cose import attach
from troth.errors import AbsentError, InputError, JsonError
from troth.hub.answers import BRIEF, answer, json_answer
from troth.hub.hub import Hub
from troth.identifiers import b64url, check_entry_id, digest, format_instant, from_unix, unb64url
from troth.statements import KeyRing, Statement, parse_json, read
from troth.statements.bundle import MAX_ITEMS, make
from troth.statements.payloads import KeyEnrolment
from troth.store import Row

Form = Callable[[Hub, Row], Response[bytes]]
_GET: Final = [HttpMethod.GET, HttpMethod.HEAD]


def handlers(hub: Hub) -> list[BaseRouteHandler]:
    """The log's document, and a statement in its forms."""

    @route("/log.json", http_method=_GET)
    async def log_document() -> Response[bytes]:
        return json_answer(describe(hub))

    @route("/statements/{name:str}", http_method=_GET)
    async def statement(name: str) -> Response[bytes]:
        identity, _, form = name.partition(".")
        made = FORMS.get(form)
        try:
            row = hub.row(unb64url(check_entry_id(identity)))
        except InputError as error:
            raise AbsentError(str(error)) from error
        if row is None or made is None:
            raise AbsentError("the log holds no such statement, or has no such form of it")
        return await asyncio.to_thread(made, hub, row)

    return [log_document, statement]


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
    """The claim, its enrolment with those that it follows, trust anchors, the clock before it, and its blob."""
    statement = read(row.entry)
    others = [hub.store.latest("trust-anchors@1", row.index), hub.store.latest("clock@1", row.index)]
    others[:0] = [
        hub.row(unb64url(each)) for each in _enrolments(hub.ring.latest(hub.size), statement, row, hub)
    ]
    blob = hub.store.blob(row.blob) if row.blob is not None else None
    items = [transparent(hub, each) for each in others if each is not None and each.id != row.id]
    return make(transparent(hub, row), items[: MAX_ITEMS - 2], blob.content if blob else None)


def decoded(hub: Hub, row: Row) -> dict[str, Any]:
    """A statement for people and scripts: everything in it, nothing judged."""
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


def _enrolments(ring: KeyRing, statement: Statement, row: Row, hub: Hub) -> list[str]:
    """Ids of the enrolment that covered the statement's key, and of those that it rotates, the oldest first."""
    found = [
        each
        for each in ring.enrolments.get(statement.issuer, ())
        if each.key == statement.key and each.index < row.index and each.covers(from_unix(row.time))
    ]
    chain: list[str] = []
    following = found[-1].id if found else None
    while following is not None and following not in chain:
        chain.append(following)
        entry = hub.row(unb64url(following))
        record = read(entry.entry).record if entry is not None else None
        following = record.rotates if isinstance(record, KeyEnrolment) else None
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
