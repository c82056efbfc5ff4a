"""Payloads that travel beside their entries: ``/blob/sha256/<64 hex digits>``.

Anyone may GET one. Anyone may PUT one too, but only what an entry in the log names as its hash envelope's digest:
the entry's signature is the authority, and the bytes can be no others.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any, Final

from litestar import HttpMethod, Request, Response, route
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath

from troth.errors import AbsentError, InputError
from troth.hub.answers import BRIEF, NO_STORE, answer, discard, read_body
from troth.hub.hub import Hub
from troth.identifiers import digest_bytes
from troth.statements import kind_from_media_type, read
from troth.store import Blob

_BYTES: Final = "application/octet-stream"


def handlers(hub: Hub) -> list[BaseRouteHandler]:
    """Fetch and bring."""

    @route("/blob/sha256/{name:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
    async def fetch(name: FromPath[str]) -> Response[bytes]:
        blob = await asyncio.to_thread(hub.store.blob, _digest(name))
        if blob is None:
            raise AbsentError("the hub has no blob of this digest")
        # others' bytes under our own name: never as a type that a browser would show or run
        kind = blob.content_type if kind_from_media_type(blob.content_type) else _BYTES
        return answer(blob.content, kind, BRIEF, etag=f'"{name}"', content_disposition="attachment")

    @route("/blob/sha256/{name:str}", http_method=HttpMethod.PUT)
    async def bring(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        digest = _digest(name)
        row = hub.store.names_blob(digest)
        if row is None or row.index >= hub.size:
            await discard(request.receive)
            raise AbsentError(
                "no entry in the log names this digest",
                hint="Register the statement first, then bring its blob",
            )
        limit = hub.config.blob_limit
        content = await read_body(request.receive, request.headers.get("content-length"), limit)
        if hashlib.sha256(content).digest() != digest:
            raise InputError("the bytes have another digest than the address names")
        # whether it fits a schema is not asked: several entries of several issuers and kinds may name one digest,
        # and the first of them must not bar the others' payload
        envelope = read(row.entry).sign1.envelope
        kind = envelope.content_type if envelope is not None else None
        await asyncio.to_thread(
            hub.store.put_blob, Blob(digest, content, kind if isinstance(kind, str) else "")
        )
        return Response(b"", status_code=201, media_type=_BYTES, headers={"cache-control": NO_STORE})

    return [fetch, bring]


def _digest(name: str) -> bytes:
    try:
        return digest_bytes(f"sha256:{name}")
    except InputError as error:
        raise AbsentError("a blob's address ends in the 64 hex digits of its SHA-256") from error
