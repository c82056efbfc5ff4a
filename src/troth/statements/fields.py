r"""The small types that payloads share, with the patterns that the published schemas carry.

The patterns are exact in both dialects that read them: classes are spelt out, because ``\d`` matches other scripts'
digits in Python, and every pattern ends in ``$(?!\n)``, because Python's ``$`` also matches before a last line feed.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

_END: Final = r"$(?!\n)"
_DAY: Final = (
    r"([1-9][0-9]{3}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
    r"|[1-9][0-9]{3}-(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    r"|[1-9][0-9]{3}-02-(0[1-9]|1[0-9]|2[0-8])"
    r"|([1-9][0-9](0[48]|[2468][048]|[13579][26])|([2468][048]|[13579][26])00)-02-29)"
)

Instant = Annotated[
    str,
    Meta(
        pattern=rf"^{_DAY}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z{_END}",
        description="RFC 3339, UTC, to the second, of a day that the calendar has, in the years 1000 to 9999",
    ),
]
Digest = Annotated[
    str, Meta(pattern=rf"^sha256:[0-9a-f]{{64}}{_END}", description="SHA-256 of the bytes, in hex")
]
EntryId = Annotated[
    str, Meta(pattern=rf"^[A-Za-z0-9_-]{{43}}{_END}", description="base64url(SHA-256(entry))")
]
Decimal = Annotated[
    str,
    Meta(
        pattern=rf"^-?(0|[1-9][0-9]{{0,8}})(\.[0-9]{{1,12}})?{_END}",
        description="A number as decimal text, never a float",
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=4000, description="Plain text for people; never markup")]
Uri = Annotated[str, Meta(min_length=3, max_length=512)]
Bytes64 = Annotated[
    str,
    Meta(
        pattern=rf"^[A-Za-z0-9_-]*{_END}", max_length=8192, description="Bytes in base64url without padding"
    ),
]
