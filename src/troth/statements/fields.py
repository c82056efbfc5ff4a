"""The small types that payloads share, with the patterns that the published schemas carry."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Instant = Annotated[
    str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", description="RFC 3339, UTC, to the second")
]
Digest = Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}$", description="SHA-256 of the bytes, in hex")]
EntryId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}$", description="base64url(SHA-256(entry))")]
Decimal = Annotated[
    str,
    Meta(
        pattern=r"^-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,12})?$",
        description="A number as decimal text, never a float",
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=4000, description="Plain text for people; never markup")]
Uri = Annotated[str, Meta(min_length=3, max_length=512)]
Bytes64 = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_-]*$", max_length=8192, description="Bytes in base64url without padding")
]
