"""A statement: a typed payload in a signed envelope. Signing and reading; whether to believe it is `verify.py`.

The entry is the normalised signed statement; its id is the base64url SHA-256 of those bytes. A payload that would
make the entry larger than 65,535 bytes travels beside it: the entry then holds its SHA-256 (hash envelope,
RFC 9995) and the bytes are a *blob*.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

from troth.cose import MAX_ENTRY, HashEnvelope, PublicKey, Sign1, Signer, normalise, parse
from troth.cose import sign as cose_sign
from troth.errors import CoseError, SchemaError
from troth.identifiers import check_issuer, check_system, entry_id, from_unix
from troth.statements.canonical import canonical, parse_record, require_canonical
from troth.statements.kinds import KINDS, kind_from_media_type, kind_of, media_type

_ROOM = MAX_ENTRY - 2048  # what the header, the key and the signature may need beside the payload


class Signed(msgspec.Struct, frozen=True):
    """What signing gives: the entry, and the blob where the payload travels beside it."""

    entry: bytes
    blob: bytes | None = None

    @property
    def id(self) -> str:
        """The entry's id."""
        return entry_id(self.entry)


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A signed statement, read. The signature is not checked here.

    ``record`` is None for a kind that is not known, and where the payload is a blob that was not given.
    """

    id: str
    entry: bytes
    sign1: Sign1
    kind: str  # "" for a content type that is not troth's
    issuer: str
    subject: str
    issued_at: datetime | None  # the issuer's own word: it proves nothing
    key: PublicKey | None
    payload_digest: str  # sha256: of the payload's bytes, wherever they are
    payload: bytes | None
    record: msgspec.Struct | None


def sign(signer: Signer, record: msgspec.Struct, *, issuer: str, subject: str, issued_at: datetime) -> Signed:
    """Sign a payload record as its kind; large payloads become a blob. Raises TrothError for what cannot be said."""
    kind = kind_of(record)
    payload = canonical(record)
    require_canonical(payload, where=kind)
    parse_record(payload, KINDS[kind], where=kind)  # what is signed here must be readable here
    check_issuer(issuer)
    check_system(subject)
    common = {"iss": issuer, "sub": subject, "iat": int(issued_at.timestamp())}
    if len(payload) <= _ROOM:
        return Signed(cose_sign(signer, **common, payload=payload, content_type=media_type(kind)))  # type: ignore[arg-type]  # a dict of keywords has one value type
    digest = hashlib.sha256(payload).digest()
    envelope = HashEnvelope(media_type(kind))
    return Signed(cose_sign(signer, **common, payload=digest, hash_envelope=envelope), payload)  # type: ignore[arg-type]  # as above


def read(data: bytes, *, blob: bytes | None = None) -> Statement:
    """Read a signed or transparent statement; never checks the signature.

    ``blob`` is the payload of a hash envelope; given with another digest it is refused. Raises CborError, CoseError,
    KeyMismatchError (the key it carries is not its kid's), and JsonError and SchemaError for a payload that is not
    the canonical text of its kind.
    """
    sign1 = parse(data)
    # without receipts the bytes are the entry already: parsing them twice would be half of what reading costs
    entry = normalise(data) if sign1.unprotected or len(data) > MAX_ENTRY else sign1.raw
    payload = sign1.payload
    if payload is None:
        raise CoseError(
            "the payload is detached", hint="A registered statement carries its payload or its digest"
        )
    if sign1.envelope is not None:
        kind = kind_from_media_type(sign1.envelope.content_type)
        digest = payload.hex()
        payload = blob
        if blob is not None and hashlib.sha256(blob).hexdigest() != digest:
            raise SchemaError("the blob has another digest than the statement names")
    else:
        kind = kind_from_media_type(sign1.content_type)
        digest = hashlib.sha256(payload).hexdigest()
    record = None
    if payload is not None and kind in KINDS:
        require_canonical(payload, where=kind)
        record = parse_record(payload, KINDS[kind], where=kind)
    return Statement(
        id=entry_id(entry),
        entry=entry,
        sign1=sign1,
        kind=kind,
        issuer=sign1.iss,
        subject=sign1.sub,
        issued_at=None if sign1.iat is None else from_unix(sign1.iat),
        key=sign1.key,
        payload_digest=f"sha256:{digest}",
        payload=payload,
        record=record,
    )
