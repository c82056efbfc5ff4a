"""SCRAPI (draft-ietf-scitt-scrapi-11): register a statement, fetch its receipt, discover the log's keys.

    POST /entries                       201, Location, the receipt · 400 · 413 · 415 · 429 with Retry-After · 503
    GET  /entries/{id}                  200 the receipt · 404
    GET  /.well-known/scitt-keys        200 COSE_KeySet
    GET  /.well-known/scitt-keys/{kid}  200 COSE_Key · 404

Errors are concise problem details (RFC 9290), with the draft's titles; after the draft's sentence the detail says
what was wrong. Registration is synchronous: merge delay is zero, so 303 and 302 never occur. POST is written
against ASGI itself, since every registration passes here.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from litestar import HttpMethod, Request, Response, asgi, route
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.types import Receive, Scope, Send

from troth.cose import MAX_TRANSPARENT, SUPPORTED_ALGORITHMS, PublicKey, encode, parse_envelope
from troth.errors import (
    InputError,
    OverloadedError,
    RegistrationError,
    TooLargeError,
    TrothError,
    VerificationError,
)
from troth.hub.answers import BRIEF, NO_STORE, answer, read_body, status_of
from troth.hub.hub import Hub
from troth.identifiers import b64url, check_entry_id, unb64url
from troth.statements import read, receipt_keys
from troth.statements.payloads import TrustAnchors
from troth.store import Row

PROBLEM: Final = "application/concise-problem-details+cbor"
COSE: Final = "application/cose"
CBOR: Final = "application/cbor"
_TAKEN: Final = (b"application/cose", b"application/scitt-statement+cose")
_TITLE, _DETAIL = -1, -2
_GET: Final = [HttpMethod.GET, HttpMethod.HEAD]

_MALFORMED: Final = ("Malformed request", "The request could not be parsed")
_ALGORITHM: Final = ("Bad Signature Algorithm", "Signed Statement contained a non supported algorithm")
_CONFIRMATION: Final = ("Confirmation Missing", "Signed Statement did not contain proof of possession")
_PAYLOAD: Final = ("Payload Missing", "Signed Statement payload must be present")
_REJECTED: Final = ("Rejected", "Signed Statement not accepted by the current Registration Policy")
_LOCATOR: Final = ("Invalid locator", "Operation locator is not in a valid form")
_NO_ENTRY: Final = ("Not Found", "Receipt with entry ID {} not known to this Transparency Service")
_NO_KEY: Final = ("No such key", "No key could be found for this kid value")

log = logging.getLogger("troth.hub.scrapi")


def handlers(hub: Hub) -> list[BaseRouteHandler]:
    """The four resources."""
    prefix = hub.config.url.rstrip("/").encode() + b"/entries/"

    @asgi("/entries", copy_scope=False)
    async def register(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await _accept(scope, receive)
            try:
                row, receipt = await hub.register(body)
            except TrothError as error:
                status, content = refusal(error, body)
                raise _Refused(status, content, error) from error
        except _Refused as refused:
            headers = [
                (b"content-type", PROBLEM.encode()),
                (b"content-length", b"%d" % len(refused.content)),
                (b"cache-control", NO_STORE.encode()),
            ]
            if refused.status in (429, 503):
                headers.append((b"retry-after", b"%d" % hub.config.retry_after))
            if refused.status == 405:
                headers.append((b"allow", b"POST"))
            await _send(send, refused.status, headers, refused.content)
            return
        headers = [
            (b"content-type", COSE.encode()),
            (b"content-length", b"%d" % len(receipt)),
            (b"location", prefix + b64url(row.id).encode()),
            (b"cache-control", NO_STORE.encode()),
        ]
        await _send(send, 201, headers, receipt)

    @route("/entries/{identity:str}", http_method=_GET)
    async def resolve(identity: FromPath[str]) -> Response[bytes]:
        try:
            row = hub.row(unb64url(check_entry_id(identity)))
        except InputError as error:
            return _problem(400, _LOCATOR, str(error))
        if row is None:
            return _problem(404, (_NO_ENTRY[0], _NO_ENTRY[1].format(identity)))
        return answer(
            hub.receipts.make(row), COSE, BRIEF, location=f"{hub.config.url.rstrip('/')}/entries/{identity}"
        )

    @route("/.well-known/scitt-keys", http_method=_GET)
    async def key_set() -> Response[bytes]:
        return answer(encode([_published(key) for key in _keys(hub)]), CBOR, BRIEF)

    @route("/.well-known/scitt-keys/{kid:str}", http_method=_GET)
    async def one_key(kid: FromPath[str]) -> Response[bytes]:
        for key in _keys(hub):
            if b64url(key.thumbprint()) == kid:
                return answer(encode(_published(key)), CBOR, BRIEF)
        return _problem(404, _NO_KEY)

    return [register, resolve, key_set, one_key]


def refusal(error: TrothError, body: bytes) -> tuple[int, bytes]:
    """Status and problem details of a statement that was not registered."""
    status = status_of(error)
    return status, _details(_title(error, body), str(error))


def exception(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Any other error under this room's addresses, in its own form."""
    if isinstance(error, TrothError):
        return _problem(status_of(error), _title(error, b""), str(error))
    status = getattr(error, "status_code", 500)
    if status >= 500:
        log.error("internal fault", exc_info=error, extra={"path": request.url.path})
        return _problem(500, ("Internal fault", "The hub's operator can find it in its log"))
    return _problem(status, _MALFORMED)


class _Refused(Exception):  # noqa: N818 - carries an answer out of the handler, and is no fault
    def __init__(self, status: int, content: bytes, error: TrothError | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.content = content
        if error is not None and not isinstance(error, OverloadedError):
            log.info("refused", extra={"status": status, "code": error.code})


async def _accept(scope: Scope, receive: Receive) -> bytes:
    """The body of a registration, if method, type and size allow one."""
    if scope["type"] != ScopeType.HTTP or scope["method"] != "POST":
        raise _Refused(405, _details(_MALFORMED, "Statements are registered with POST"))
    length = kind = None
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = value
        elif name == b"content-type":
            kind = value
    if kind is None or kind.partition(b";")[0].strip().lower() not in _TAKEN:
        raise _Refused(415, _details(_MALFORMED, "Content-Type is application/cose"))
    try:
        return await read_body(receive, length, MAX_TRANSPARENT)
    except TooLargeError as error:
        raise _Refused(413, _details(_MALFORMED, str(error))) from error


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _title(error: TrothError, body: bytes) -> tuple[str, str]:
    """Which of the draft's errors this is. Looks at the statement again: only refusals pay for it."""
    if isinstance(error, OverloadedError):
        return ("Too Many Requests", "The queue of this Transparency Service is full")
    if not isinstance(error, InputError | RegistrationError | VerificationError):
        return ("Unavailable", "The Transparency Service cannot register anything now")
    try:
        parts = parse_envelope(body)
    except InputError:
        return _MALFORMED
    if parts.alg not in SUPPORTED_ALGORITHMS:
        return _ALGORITHM
    if parts.payload is None:
        return _PAYLOAD
    claims = parts.header.get(15)
    if isinstance(claims, dict) and 8 not in claims:
        return _CONFIRMATION
    return _REJECTED


def _details(form: tuple[str, str], more: str = "") -> bytes:
    title, detail = form
    return encode({_TITLE: title, _DETAIL: f"{detail}: {more}" if more else detail})


def _problem(status: int, form: tuple[str, str], more: str = "") -> Response[bytes]:
    headers = {"cache-control": NO_STORE}
    return Response(_details(form, more), status_code=status, media_type=PROBLEM, headers=headers)


def _keys(hub: Hub) -> list[PublicKey]:
    """Every receipt key that the log's trust anchors ever named, the newest first: old receipts stay checkable."""
    rows: list[Row] = hub.store.rows(0, hub.size, kinds={"trust-anchors@1"})
    found: dict[bytes, PublicKey] = {}
    for row in reversed(rows):
        record = read(row.entry).record
        if isinstance(record, TrustAnchors):
            found |= {key.thumbprint(): key for key in receipt_keys(record) if key.thumbprint() not in found}
    return list(found.values())


def _published(key: PublicKey) -> dict[int, Any]:
    """The COSE_Key with its kid (the thumbprint, RFC 9679) and algorithm."""
    return {**key.members(), 2: key.thumbprint(), 3: key.alg}
