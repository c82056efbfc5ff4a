"""The log as C2SP tlog-tiles serves it: checkpoint, hash tiles, entry bundles.

    GET /checkpoint                          text/plain, for two seconds
    GET /tile/<L>/<N>[.p/<W>]                32 bytes for each hash, for ever
    GET /tile/entries/<N>[.p/<W>]            entries with their lengths, for a minute: an entry may be taken down

Hash tiles are served at every width up to the published size; what is not there yet is 404 and not cached.
"""

from __future__ import annotations

import asyncio
import gzip
from typing import Any, Final

from litestar import HttpMethod, MediaType, Request, Response, route
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath

from troth.errors import AbsentError, TileError
from troth.hub.answers import BRIEF, FOREVER, NOW, answer
from troth.hub.hub import Hub
from troth.log import ENTRIES, WIDTH, encode_entries, parse_tile_path, width_at

_BYTES: Final = "application/octet-stream"
_GET: Final = [HttpMethod.GET, HttpMethod.HEAD]


def handlers(hub: Hub) -> list[BaseRouteHandler]:
    """The three resources."""

    @route("/checkpoint", http_method=_GET)
    async def checkpoint() -> Response[bytes]:
        head = hub.sequencer.state.head
        return answer(head.checkpoint.encode(), MediaType.TEXT, NOW)

    @route("/tile/{path:path}", http_method=_GET)
    async def tile(path: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        try:
            asked = parse_tile_path(f"tile{path}")
        except TileError as error:
            raise AbsentError(error.what) from error
        if asked.width > width_at(asked.level, asked.n, hub.size):
            raise AbsentError(f"the log has {hub.size} entries and no tile {asked.path} yet")
        if asked.level != ENTRIES:
            return answer(hub.sequencer.nodes.read_tile(asked.level, asked.n, asked.width), _BYTES, FOREVER)
        first = asked.n * WIDTH
        zipped = "gzip" in request.headers.get("accept-encoding", "")
        content = await asyncio.to_thread(_bundle, hub, first, first + asked.width, zipped=zipped)
        encoding = {"content_encoding": "gzip"} if zipped else {}
        return answer(content, _BYTES, BRIEF, vary="accept-encoding", **encoding)

    return [checkpoint, tile]


def _bundle(hub: Hub, start: int, stop: int, *, zipped: bool) -> bytes:
    content = encode_entries([row.entry for row in hub.store.rows(start, stop)])
    return gzip.compress(content, compresslevel=5, mtime=0) if zipped else content
