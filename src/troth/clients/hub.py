"""Talking to a hub: SCRAPI for writing, C2SP tiles and the hub's own JSON for reading.

A hub may be hostile: answers are cut off at a limit of bytes and of time, redirects are not followed, compressed
answers are not taken, and nothing that comes back is believed here; receipts and bundles are checked by the caller.
Plain http is for loopback addresses only.
"""

from __future__ import annotations

import ipaddress
import re
import time
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx
import msgspec

from troth import __version__
from troth.cose import decode
from troth.errors import (
    AbsentError,
    HubError,
    InputError,
    OverloadedError,
    RegistrationError,
    TrothError,
    UsageError,
)
from troth.statements import parse_json, parse_record

LIMIT: Final = 64 * 1024 * 1024  # bytes of one answer
DEADLINE: Final = 600.0  # seconds for one answer, from the first byte sent to the last received
ATTEMPTS: Final = 5  # tries of one registration while the hub says 429 or 5xx, or does not answer
PATIENCE: Final = 10.0  # seconds of one wait, whatever Retry-After says
_STRANGE: Final = re.compile(
    r"[^!-~]|[\\<>\"^`{|}]"
)  # what no address holds, and readers of addresses see differently


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a hub says of its log: its own name, its time, and what its clock shows."""

    issuer: str
    time: str  # of the last clock entry: what statements are held to until the next one
    now: str


def check_url(url: str) -> str:
    """The URL without its last slash. Raises UsageError for other schemes, credentials, and plain http elsewhere."""
    if _STRANGE.search(url):
        raise UsageError(f"not the address of a hub: {url[:200]!a}", hint="Write it like https://hub.example")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        raise UsageError(f"not a URL: {error}", where=url[:200]) from error
    odd = "@" in parts.netloc or "?" in url or "#" in url
    if parts.scheme not in {"http", "https"} or not host or odd:
        raise UsageError(
            "not the address of a hub", where=url[:200], hint="Write it like https://hub.example"
        )
    if parts.scheme == "http" and not _loopback(host):
        raise UsageError("plain http is for loopback addresses only", where=url[:200], hint="Use https")
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


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
            headers={"User-Agent": f"troth/{__version__}", "Accept-Encoding": "identity"},
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
        """The bytes at a path of the log. Raises AbsentError where there are none, HubError for the rest."""
        status, body, _ = self._send("GET", path)
        where = self._at(path)
        if status == 404:
            raise AbsentError("the hub has nothing here", where=where, hint="Is it the address of a hub?")
        if status != 200:
            raise HubError(f"the hub answered {status}", where=where, hint=_moved(status))
        return body

    def json(self, path: str) -> Any:
        """A JSON document of the hub. Raises AbsentError, HubError."""
        try:
            return parse_json(self.get(path), limit=LIMIT)
        except InputError as error:
            raise HubError(f"the hub answered no JSON: {error.what}", where=self._at(path)) from error

    def about(self) -> About:
        """What the hub says of its log. Raises AbsentError, HubError."""
        try:
            return parse_record(self.get("log.json"), About)
        except InputError as error:
            raise HubError(f"no word on the log: {error.what}", where=self._at("log.json")) from error

    def register(self, entry: bytes) -> bytes:
        """Register a signed statement and return the receipt. The same bytes may be sent again at any time.

        Raises RegistrationError (refused, with the hub's words), OverloadedError, HubError.
        """
        wait = 0.2
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            try:
                status, body, headers = self._exchange("POST", "/entries", entry, "application/cose")
            except httpx.TransportError as error:
                if last:
                    raise self._unreached(error, "/entries") from error
                wait = _rest(wait)
                continue
            if status in {200, 201}:
                return body
            if status < 500 and status != 429:
                raise _refusal(status, body)
            if not last:
                wait = _rest(wait, headers.get("retry-after", ""))
        if status != 429:
            raise _refusal(status, body)
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
        try:
            return self._exchange(method, path, body, media)
        except httpx.TransportError as error:
            raise self._unreached(error, path) from error

    def _exchange(
        self, method: str, path: str, body: bytes | None, media: str
    ) -> tuple[int, bytes, httpx.Headers]:
        """One request and its answer. Raises httpx.TransportError, and HubError where a limit is passed."""
        url = self._at(path)
        headers = {"Content-Type": media} if media else {}
        end = time.monotonic() + DEADLINE
        try:
            with self._http.stream(method, url, content=body, headers=headers) as answer:
                if answer.headers.get("content-encoding", "identity") != "identity":
                    raise HubError("the answer is compressed, which was not asked for", where=url)
                parts: list[bytes] = []
                size = 0
                for part in answer.iter_raw():
                    size += len(part)
                    if size > LIMIT:
                        raise HubError(f"the answer is larger than {LIMIT} bytes", where=url)
                    if time.monotonic() > end:
                        raise HubError(f"the answer took more than {DEADLINE:g} seconds", where=url)
                    parts.append(part)
                return answer.status_code, b"".join(parts), answer.headers
        except httpx.InvalidURL as error:
            raise UsageError(f"not the address of a hub: {error}", where=url[:200]) from error

    def _at(self, path: str) -> str:
        return f"{self.url}/{path.lstrip('/')}"

    def _unreached(self, error: httpx.TransportError, path: str) -> HubError:
        what = f"the hub cannot be reached: {str(error) or type(error).__name__}"
        return HubError(what, where=self._at(path), hint="Is it running, and is the address right?")


def _rest(wait: float, asked: str = "") -> float:
    """Sleep for the seconds that a hub asks for, within reason, or else for ``wait``; gives the next wait."""
    seconds = float(asked) if re.fullmatch(r"[0-9]{1,9}", asked, re.ASCII) else wait
    time.sleep(min(seconds, PATIENCE))
    return wait * 2


def _moved(status: int) -> str:
    return "Redirects are not followed: name the hub's own address" if 300 <= status < 400 else ""


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
    if 400 <= status < 500:
        return RegistrationError(what[:2000])
    return HubError(what[:2000], hint=_moved(status))
