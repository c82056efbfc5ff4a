"""Talking to a hub: SCRAPI for writing, C2SP tiles and the hub's own JSON for reading.

A hub may be hostile: answers are cut off at a limit, redirects are not followed, and nothing that comes back is
believed here; receipts and bundles are checked by the caller. Plain http is for loopback addresses only.
"""

from __future__ import annotations

import ipaddress
import time
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx

from troth import __version__
from troth.cose import decode
from troth.errors import HubError, OverloadedError, RegistrationError, TileError, TrothError, UsageError
from troth.statements import parse_json

LIMIT: Final = 64 * 1024 * 1024  # bytes of one answer
ATTEMPTS: Final = 5  # tries of one registration while the hub says 429 or does not answer


def check_url(url: str) -> str:
    """The URL without its last slash. Raises UsageError for other schemes, credentials, and plain http elsewhere."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        raise UsageError(f"not a URL: {error}", where=url[:200]) from error
    if parts.scheme not in {"http", "https"} or not host or parts.username or parts.query or parts.fragment:
        raise UsageError(
            "not the address of a hub", where=url[:200], hint="Write it like https://hub.example"
        )
    if parts.scheme == "http" and not _loopback(host):
        raise UsageError("plain http is for loopback addresses only", where=url[:200], hint="Use https")
    return url.rstrip("/")


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class HubClient:
    """One hub. Use as a context manager, or close it."""

    def __init__(self, url: str, *, timeout: float = 30.0) -> None:
        """Prepare; nothing is sent yet."""
        self.url = check_url(url)
        self._http = httpx.Client(
            timeout=timeout,
            follow_redirects=False,
            trust_env=not _loopback(urlsplit(self.url).hostname or ""),
            headers={"User-Agent": f"troth/{__version__}"},
        )

    def __enter__(self) -> Self:
        """Nothing to open: connections are made when they are used."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str) -> bytes:
        """The bytes at a path of the log. Raises TileError where there are none, HubError for the rest."""
        status, body, _ = self._send("GET", path)
        if status == 404:
            raise TileError("the hub has nothing here", where=f"{self.url}/{path.lstrip('/')}")
        if status != 200:
            raise HubError(f"the hub answered {status}", where=f"{self.url}/{path.lstrip('/')}")
        return body

    def json(self, path: str) -> Any:
        """A JSON document of the hub."""
        return parse_json(self.get(path), where=f"{self.url}/{path.lstrip('/')}", limit=LIMIT)

    def register(self, entry: bytes) -> bytes:
        """Register a signed statement and return the receipt. The same bytes may be sent again at any time.

        Raises RegistrationError (refused, with the hub's words), OverloadedError, HubError.
        """
        wait = 0.2
        for attempt in range(1, ATTEMPTS + 1):
            try:
                status, body, headers = self._send("POST", "/entries", entry, "application/cose")
            except HubError:
                if attempt == ATTEMPTS:
                    raise
                time.sleep(wait)
                wait *= 2
                continue
            if status in {200, 201}:
                return body
            if status != 429:
                raise _refusal(status, body)
            time.sleep(min(float(headers.get("retry-after", "1")), 10.0) if attempt < ATTEMPTS else 0)
        raise OverloadedError(
            "the hub's queue stayed full", where=self.url, hint="Send the same file again later"
        )

    def put_blob(self, digest: str, blob: bytes) -> None:
        """Give the hub the payload of a hash envelope that it has registered. Raises RegistrationError, HubError."""
        path = f"/blob/sha256/{digest.removeprefix('sha256:')}"
        status, body, _ = self._send("PUT", path, blob, "application/octet-stream")
        if status not in {200, 201, 204}:
            raise _refusal(status, body)

    def _send(
        self, method: str, path: str, body: bytes | None = None, media: str = ""
    ) -> tuple[int, bytes, httpx.Headers]:
        url = f"{self.url}/{path.lstrip('/')}"
        headers = {"Content-Type": media} if media else {}
        try:
            with self._http.stream(method, url, content=body, headers=headers) as answer:
                parts: list[bytes] = []
                size = 0
                for part in answer.iter_bytes():
                    size += len(part)
                    if size > LIMIT:
                        raise HubError(f"the answer is larger than {LIMIT} bytes", where=url)
                    parts.append(part)
                return answer.status_code, b"".join(parts), answer.headers
        except httpx.HTTPError as error:
            what = f"the hub cannot be reached: {str(error) or type(error).__name__}"
            raise HubError(what, where=url, hint="Is it running, and is the address right?") from error


def _refusal(status: int, body: bytes) -> TrothError:
    """The hub's words, from concise problem details (RFC 9290) or problem JSON (RFC 9457)."""
    title, detail = f"the hub answered {status}", ""
    try:
        problem = decode(body, max_size=65536) if body[:1] != b"{" else parse_json(body)
        if isinstance(problem, dict):
            title = str(problem.get(-1) or problem.get("title") or title)
            detail = str(problem.get(-2) or problem.get("detail") or "")
    except TrothError:
        pass
    what = f"{title}: {detail}" if detail else title
    return RegistrationError(what[:2000]) if status < 500 else HubError(what[:2000])
