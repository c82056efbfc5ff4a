"""Small HTTP pieces that several routes share: bodies within a limit, cache rules, problems (RFC 9457), headers."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException
from litestar.types import Message, Receive, Scope

from troth.errors import (
    AbsentError,
    InputError,
    OverloadedError,
    RegistrationError,
    StorageError,
    TooLargeError,
    TrothError,
    UndecidedError,
    VerificationError,
)

PROBLEM: Final = "application/problem+json"
FOREVER: Final = "public, max-age=31536000, immutable"  # full and partial hash tiles
BRIEF: Final = "public, max-age=60"  # entries and blobs: a take-down shows within a minute
NOW: Final = "public, max-age=2"  # the checkpoint
NO_STORE: Final = "no-store"
_LINGER: Final = 4 * 1024 * 1024  # bytes of a refused body that are read and thrown away

_POLICY: Final = (
    b"default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'"
)
_SECURITY: Final = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)

log = logging.getLogger("troth.hub.answers")


async def secure(message: Message, _scope: Scope) -> None:
    """Put the security headers on every answer, whoever made it. A route's own header of the same name stays."""
    if message["type"] == "http.response.start":
        headers = message["headers"]
        there = {name for name, _ in headers}
        message["headers"] = [*headers, *(each for each in _SECURITY if each[0] not in there)]


async def read_body(receive: Receive, declared: bytes | str | None, limit: int) -> bytes:
    """The request's body, of which no more than ``limit`` bytes are ever held.

    A larger one is refused by its declared length or where it passes the limit. What still comes is thrown away up
    to some megabytes before the refusal: a client that is cut off while it sends may never read why.

    Raises:
        TooLargeError: more than ``limit`` bytes.

    """
    too_large = declared is not None and (not declared.isdigit() or int(declared) > limit)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise TooLargeError("the client went away before its body was whole")
        body = message["body"]
        size += len(body)
        too_large = too_large or size > limit
        if too_large:
            parts.clear()
        else:
            parts.append(body)
        if too_large and (not message["more_body"] or size > limit + _LINGER):
            raise TooLargeError(f"the body has more than {limit} bytes")
        if not message["more_body"]:
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def discard(receive: Receive) -> None:
    """Read a body that is refused and throw it away, so that its sender lives to see the answer."""
    with suppress(TooLargeError):
        await read_body(receive, None, 0)


def status_of(error: TrothError) -> int:
    """The HTTP status of an error."""
    match error:
        case TooLargeError():
            return 413
        case AbsentError() | UndecidedError():
            return 404
        case OverloadedError():
            return 429
        case RegistrationError() | InputError() | VerificationError():
            return 400
        case StorageError():
            return 503
        case _:
            return 500


def problem(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Any error as a problem (RFC 9457). What troth did not foresee is logged, and told without its text."""
    headers = {"cache-control": NO_STORE}
    if isinstance(error, TrothError):
        status, title, detail, code = (
            status_of(error),
            error.code.replace("-", " ").capitalize(),
            str(error),
            error.code,
        )
        if isinstance(error, OverloadedError):
            headers["retry-after"] = str(request.app.state.hub.config.retry_after)
    elif isinstance(error, HTTPException) and error.status_code < 500:
        status, title, detail, code = error.status_code, error.detail, "", "http"
        headers |= {name.lower(): value for name, value in (error.headers or {}).items()}
    else:
        log.error("internal fault", exc_info=error, extra={"path": request.url.path})
        status, title, detail, code = (
            500,
            "Internal fault",
            "The hub's operator can find it in its log",
            "internal",
        )
    body = {"type": f"urn:troth:error:{code}", "title": title, "status": status, "detail": detail}
    return Response(msgspec.json.encode(body), status_code=status, media_type=PROBLEM, headers=headers)


def answer(content: bytes, media_type: str, cache: str, **headers: str) -> Response[bytes]:
    """A 200 with bytes. Further headers are named with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(content, media_type=media_type, headers={"cache-control": cache, **named})


def json_answer(content: Any, cache: str = "no-cache", **headers: str) -> Response[bytes]:
    """A 200 with JSON, indented for people: every page has such a twin."""
    return answer(
        msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n", MediaType.JSON, cache, **headers
    )


def unchanged(request: Request[Any, Any, Any], etag: str) -> bool:
    """Whether the client has this version already (RFC 9110 §13.1.2)."""
    asked = request.headers.get("if-none-match", "")
    return etag in (each.strip().removeprefix("W/") for each in asked.split(","))
