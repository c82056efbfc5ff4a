"""Names of things: digests, entry ids, issuers, systems, instants. No lookups, no clock.

Shapes:
    digest      ``sha256:`` + 64 lower-case hex digits
    entry id    base64url(SHA-256(entry)) without padding, 43 characters (SCRAPI's locator, ours)
    issuer      an HTTPS origin (``https://lab.example``) or a ``did:web:`` identifier
    system      an absolute URI (``https://lab.example/models/one`` or ``urn:…``)
    instant     RFC 3339 in UTC to the second: ``2026-11-23T14:00:00Z``
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from datetime import UTC, datetime

from troth.errors import InputError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{43}")
_HOST = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ORIGIN = re.compile(rf"https://{_HOST}(?::[1-9][0-9]{{0,4}})?")
_DID_WEB = re.compile(rf"did:web:{_HOST}(?:%3A[1-9][0-9]{{0,4}})?(?::[A-Za-z0-9._-]+)*")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,30}:[!#-;=?-Z\[\]_a-z~%]+")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?Z")
MAX_NAME = 512  # characters in any identifier


def b64url(data: bytes) -> str:
    """base64url without padding (RFC 4648 §5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64url(text: str) -> bytes:
    """Undo ``b64url``; refuses padding, other alphabets and non-zero spare bits."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error) as error:
        raise InputError(f"not base64url: {error}") from error
    if b64url(data) != text:
        raise InputError("not canonical base64url", hint="Use the URL-safe alphabet without padding")
    return data


def digest(data: bytes) -> str:
    """The digest of some bytes, ``sha256:…``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def check_digest(text: str) -> str:
    """Return ``text`` if it is a digest, else raise InputError."""
    if not _DIGEST.fullmatch(text):
        raise InputError(f"not a digest: {text[:80]!r}", hint="Write sha256: and 64 lower-case hex digits")
    return text


def digest_bytes(text: str) -> bytes:
    """The 32 bytes that a digest names."""
    return bytes.fromhex(check_digest(text)[7:])


def entry_id(entry: bytes) -> str:
    """The id of a log entry: base64url(SHA-256(entry))."""
    return b64url(hashlib.sha256(entry).digest())


def check_entry_id(text: str) -> str:
    """Return ``text`` if it has the shape of an entry id, else raise InputError."""
    if not _ENTRY_ID.fullmatch(text):
        raise InputError(f"not an entry id: {text[:80]!r}", hint="An id has 43 URL-safe characters")
    unb64url(text)
    return text


def check_issuer(text: str) -> str:
    """Return ``text`` if it is an HTTPS origin or a did:web, else raise InputError."""
    if len(text) > MAX_NAME or not (_ORIGIN.fullmatch(text) or _DID_WEB.fullmatch(text)):
        raise InputError(
            f"not an issuer: {text[:80]!r}",
            hint="An issuer is an HTTPS origin in lower case without a path (https://lab.example) or a did:web",
        )
    return text


def check_system(text: str) -> str:
    """Return ``text`` if it is an absolute URI that can name a system, else raise InputError."""
    if len(text) > MAX_NAME or not _URI.fullmatch(text):
        raise InputError(
            f"not a system: {text[:80]!r}",
            hint="A system is an absolute URI, such as https://lab.example/models/one",
        )
    return text


def parse_instant(text: str) -> datetime:
    """An instant from RFC 3339 in UTC, to the minute or second."""
    try:
        if not _INSTANT.fullmatch(text):
            raise ValueError("shape")
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"not an instant: {text[:80]!r}", hint="Write it in UTC, such as 2027-01-01T00:00:00Z"
        ) from error


def format_instant(instant: datetime) -> str:
    """RFC 3339 in UTC, to the second (fractions are cut, so a written instant is never after the real one)."""
    utc = instant.astimezone(UTC)
    return f"{utc.year:04}-{utc:%m-%dT%H:%M:%SZ}"  # %Y has no leading zeros on Linux


def from_unix(seconds: int) -> datetime:
    """An instant from whole Unix seconds."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"not a Unix time: {seconds}") from error
