"""The trust file: what a reader believes of one log, as one JSON document (design: docs/specs/trust-file.md).

    {"origin": …, "url": …, "checkpoint_vkey": …, "receipt_keys": [COSE_Key in base64url], "witnesses": [], "quorum": 0}

It holds keys, and no opinion about any issuer. Without one, a claim's signature can be checked, but not that any
log holds it.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from troth.cose import PublicKey
from troth.errors import InputError, JsonError, SchemaError, TrustFileError
from troth.log import parse_vkey
from troth.statements.canonical import canonical, parse_record
from troth.statements.fields import Bytes64, Name
from troth.statements.keys import key_from_text

_HINT = "Make a new one with `troth trust add URL`"


class TrustFile(msgspec.Struct, frozen=True, kw_only=True):
    """One log, as far as a reader trusts it."""

    origin: Name  # the name in its checkpoints
    url: str = ""  # where it was pinned from; "" if unknown
    checkpoint_vkey: Annotated[str, Meta(max_length=400)]
    receipt_keys: Annotated[list[Bytes64], Meta(min_length=1, max_length=16)]
    witnesses: Annotated[list[str], Meta(max_length=64)] = []  # vkeys; nothing asks for them yet
    quorum: Annotated[int, Meta(ge=0)] = 0

    def keys(self) -> tuple[PublicKey, ...]:
        """The receipt keys."""
        return tuple(key_from_text(text) for text in self.receipt_keys)

    def to_bytes(self) -> bytes:
        """The file's bytes: canonical JSON and a line feed."""
        return canonical(self) + b"\n"


def parse_trust(data: bytes, where: str = "trust file") -> TrustFile:
    """Read a trust file. Raises TrustFileError."""
    try:
        trust = parse_record(data, TrustFile, where=where, limit=256 * 1024)
        trust.keys()
        names = [parse_vkey(text).name for text in (trust.checkpoint_vkey, *trust.witnesses)]
    except (JsonError, SchemaError) as error:
        raise TrustFileError(error.what, where=where, hint=_HINT) from error
    except InputError as error:
        raise TrustFileError(f"a key cannot be read: {error}", where=where, hint=_HINT) from error
    if names[0] != trust.origin:
        raise TrustFileError(
            f"the checkpoint key is {names[0]!r}'s, and the log is {trust.origin!r}", where=where, hint=_HINT
        )
    if trust.quorum > len(trust.witnesses):
        raise TrustFileError(
            f"a quorum of {trust.quorum} among {len(trust.witnesses)} witnesses", where=where, hint=_HINT
        )
    return trust
