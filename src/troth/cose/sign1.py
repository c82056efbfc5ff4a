"""Signed and transparent statements: COSE_Sign1 as RFC 9943 profiles it, byte by byte.

``docs/specs/signed-statement.md`` is the specification. A signed statement is

    D2 84 bstr(protected) A0 (bstr(payload) | F6) bstr(signature)

and a transparent statement carries receipts in its unprotected header, ``{394: [+ bstr]}``, and nothing
else there. The payload is opaque here. Left out: COSE_Sign, counter-signatures, certificate chains
(labels 33 and 34 are kept and never judged), and receipts' contents, which ``troth.log`` knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from troth.cose.cbor import Tag, decode, encode
from troth.cose.keys import PublicKey, Signer, require_fit
from troth.errors import CoseError, KeyMismatchError, SignatureError

MAX_ENTRY: Final = 65_535  # an entry tile writes lengths in 16 bits (C2SP tlog-tiles)
MAX_TRANSPARENT: Final = 1024 * 1024  # a statement with all its receipts

ALG, CRIT, CONTENT_TYPE, KID, CWT, TYP, X5CHAIN, X5T = 1, 2, 3, 4, 15, 16, 33, 34
HASH_ALG, PREIMAGE_TYPE, LOCATION, RECEIPTS = 258, 259, 260, 394
SHA_256: Final = -16
_ISS, _SUB, _IAT, _CNF = 1, 2, 6, 8
_CNF_KEY = 1
_SIGN1: Final = 18
_PROTECTED_ONLY: Final = (CRIT, CWT, HASH_ALG, PREIMAGE_TYPE, LOCATION)
_UNDERSTOOD: Final = frozenset({ALG, CRIT, CONTENT_TYPE, KID, CWT, TYP, HASH_ALG, PREIMAGE_TYPE, LOCATION})


class Envelope(msgspec.Struct, frozen=True):
    """A tagged COSE_Sign1 taken apart, before anything is asked of its headers beyond RFC 9052.

    ``protected`` are the bytes that were signed and ``header`` what they say; ``payload`` is None where
    it is detached.
    """

    protected: bytes
    header: dict[Any, Any]
    unprotected: dict[Any, Any]
    payload: bytes | None
    signature: bytes

    @property
    def alg(self) -> int:
        """The signature algorithm (label 1)."""
        alg: int = self.header[ALG]
        return alg

    @property
    def kid(self) -> bytes | None:
        """The signing key's name (label 4), where the protected header has one."""
        kid: bytes | None = self.header.get(KID)
        return kid


class HashEnvelope(msgspec.Struct, frozen=True):
    """What an RFC 9995 hash envelope says of the bytes that its payload is the SHA-256 of."""

    content_type: str | int | None = None
    location: str | None = None


class Sign1(msgspec.Struct, frozen=True):
    """A signed or transparent statement, parsed and not yet verified.

    ``raw`` are the bytes it came in. ``iss``, ``sub``, ``iat`` (seconds; an issuer's own claim, which
    proves nothing) and ``key`` (the signer's key that the statement carries, its thumbprint equal to
    the kid) come from the CWT claims. ``header`` holds every protected label, known or not.
    """

    raw: bytes
    protected: bytes
    header: dict[Any, Any]
    unprotected: dict[Any, Any]
    payload: bytes | None
    signature: bytes
    alg: int
    kid: bytes | None
    iss: str
    sub: str
    iat: int | None
    content_type: str | int | None
    key: PublicKey | None
    envelope: HashEnvelope | None

    def to_be_signed(self, payload: bytes | None = None) -> bytes:
        """The bytes that the signature covers; give the payload where it is detached.

        Raises:
            CoseError: no payload, or a second one.

        """
        if self.payload is not None and payload is not None:
            raise CoseError("the payload is attached already, and another was given")
        signed = self.payload if payload is None else payload
        if signed is None:
            raise CoseError("the payload is detached, and was not given")
        return sig_structure(self.protected, signed)

    def verify(self, key: PublicKey | None = None, *, payload: bytes | None = None) -> None:
        """Return if the signature is that of ``key``, or of the key that the statement carries.

        With its own key this shows that the bytes are whole and who could have signed them, never
        that the key is the issuer's: that is an enrolment's to say.

        Raises:
            KeyMismatchError: the key is not the one that the kid names, or of another kind.
            SignatureError: the signature does not fit, or there is no key to check it with.

        """
        used = key or self.key
        if used is None:
            raise SignatureError(
                "the statement carries no key to check its signature with", hint="Give the key"
            )
        if self.kid is not None and self.kid != used.thumbprint():
            raise KeyMismatchError("the kid names another key than the one given")
        require_fit(used, self.alg)
        used.verify(self.to_be_signed(payload), self.signature)


def sig_structure(protected: bytes, payload: bytes) -> bytes:
    """The bytes to be signed: ``["Signature1", protected, h'', payload]`` (RFC 9052 §4.4)."""
    return encode(["Signature1", protected, b"", payload])


def assemble(
    protected: bytes, unprotected: Mapping[Any, Any], payload: bytes | None, signature: bytes
) -> bytes:
    """The tagged COSE_Sign1 of these four parts."""
    return encode(Tag(_SIGN1, [protected, unprotected, payload, signature]))


def sign(
    signer: Signer,
    *,
    iss: str,
    sub: str,
    iat: int,
    payload: bytes,
    content_type: str | int | None = None,
    detached: bool = False,
    extra: Mapping[int | str, Any] | None = None,
    hash_envelope: HashEnvelope | None = None,
) -> bytes:
    """A signed statement. It names its key by thumbprint and carries it, so that one file checks itself.

    ``payload`` is what is signed: with ``hash_envelope``, the 32-byte SHA-256 of what is stated.
    ``detached`` leaves it out of the file. ``extra`` are further protected labels.

    Raises:
        CoseError: parts that do not make a statement, or more than 65,535 bytes.

    """
    public = signer.public
    require_fit(public, signer.alg)
    header: dict[Any, Any] = {
        ALG: signer.alg,
        KID: public.thumbprint(),
        CWT: {_ISS: iss, _SUB: sub, _IAT: iat, _CNF: {_CNF_KEY: public.members()}},
    }
    if hash_envelope is not None:
        header[HASH_ALG] = SHA_256
        if hash_envelope.content_type is not None:
            header[PREIMAGE_TYPE] = hash_envelope.content_type
        if hash_envelope.location is not None:
            header[LOCATION] = hash_envelope.location
    if content_type is not None:
        header[CONTENT_TYPE] = content_type
    for label, value in (extra or {}).items():
        if label in header:
            raise CoseError(f"label {label} is set by its own argument")
        header[label] = value
    protected = encode(header)
    signature = signer.sign(sig_structure(protected, payload))
    statement = assemble(protected, {}, None if detached else payload, signature)
    parse(statement)  # what is signed here must be readable here
    return normalise(statement)


def parse_envelope(data: bytes, *, max_size: int = MAX_TRANSPARENT) -> Envelope:
    """Take a tagged COSE_Sign1 apart, with the rules of RFC 9052 §3 and §4.2 alone.

    Header labels may come in any order; all else is deterministic CBOR.

    Raises:
        CborError: bytes that are not.
        CoseError: CBOR of another shape.

    """
    value = decode(data, ordered=False, max_size=max_size)
    if not isinstance(value, Tag) or value.number != _SIGN1:
        raise CoseError("this is no tagged COSE_Sign1: the first byte should be d2 (tag 18)")
    match value.value:
        case [bytes(protected), dict(unprotected), bytes() | None as payload, bytes(signature)]:
            pass
        case _:
            raise CoseError(
                "a COSE_Sign1 is an array of protected bytes, a map, payload bytes or null, signature bytes"
            )
    header = decode(protected, ordered=False)
    if not isinstance(header, dict):
        raise CoseError("the protected header is not a map")
    for labels in (header, unprotected):
        if any(isinstance(label, bytes) for label in labels):
            raise CoseError("a header label is an integer or text")
    if twice := header.keys() & unprotected.keys():
        raise CoseError(f"label {_listed(twice)} stands in both headers")
    if misplaced := [label for label in _PROTECTED_ONLY if label in unprotected]:
        raise CoseError(
            f"label {_listed(misplaced)} stands in the unprotected header, where nobody signed it"
        )
    _typed(header, ALG, int, "the algorithm (label 1) is an integer", required=True)
    _typed(header, KID, bytes, "the kid (label 4) is a byte string")
    _check_critical(header)
    return Envelope(protected, header, unprotected, payload, signature)


def parse(data: bytes) -> Sign1:
    """Read a signed or transparent statement. Nothing is verified but that the key it carries is the kid's.

    Raises:
        CborError: bytes that are not deterministic CBOR.
        CoseError: CBOR that is not a statement (``docs/specs/signed-statement.md``).
        KeyMismatchError: the key in the statement is not the one that its kid names.

    """
    parts = parse_envelope(data)
    header = parts.header
    if parts.kid is None and X5CHAIN not in header and X5T not in header:
        raise CoseError("a statement names its key: kid (label 4) is missing")
    claims = _typed(header, CWT, dict, "a statement has CWT claims (label 15), a map", required=True)
    envelope = _hash_envelope(header, parts.payload)
    key = _confirmed(claims)
    if key is not None and parts.kid is not None and key.thumbprint() != parts.kid:
        raise KeyMismatchError(
            "the key that the statement carries is not the one that its kid names",
            hint="The kid is the SHA-256 thumbprint of the COSE_Key (RFC 9679)",
        )
    receipts_in(parts.unprotected)
    return Sign1(
        raw=bytes(data),
        protected=parts.protected,
        header=header,
        unprotected=parts.unprotected,
        payload=parts.payload,
        signature=parts.signature,
        alg=parts.alg,
        kid=parts.kid,
        iss=_typed(claims, _ISS, str, "the claims name the issuer (15, 1) in text", required=True),
        sub=_typed(claims, _SUB, str, "the claims name the subject (15, 2) in text", required=True),
        iat=_typed(claims, _IAT, int, "the time of issue (15, 6) is an integer of seconds"),
        content_type=_media_type(header, CONTENT_TYPE),
        key=key,
        envelope=envelope,
    )


def normalise(data: bytes) -> bytes:
    """The signed statement alone, with an empty unprotected header: what the log takes as its entry.

    Raises:
        CborError, CoseError: no COSE_Sign1, other unprotected labels than receipts, or an entry of more
            than 65,535 bytes.

    """
    parts = parse_envelope(data)
    receipts_in(parts.unprotected)
    if others := [label for label in parts.unprotected if label != RECEIPTS]:
        raise CoseError(
            f"the unprotected header has label {_listed(others)}, which nobody signed",
            hint="Leave the unprotected header empty, or with receipts (394) alone",
        )
    entry = (
        assemble(parts.protected, {}, parts.payload, parts.signature) if parts.unprotected else bytes(data)
    )
    if len(entry) > MAX_ENTRY:
        raise CoseError(
            f"the statement has {len(entry)} bytes, and an entry at most {MAX_ENTRY}",
            hint="Sign the payload's digest instead (hash envelope, RFC 9995)",
        )
    return entry


def attach(entry: bytes, receipts: Sequence[bytes]) -> bytes:
    """The transparent statement of a signed statement and its receipts, at least one.

    Receipts that ``entry`` carries already are dropped: give all that it should have.

    Raises:
        CborError, CoseError: no statement, no receipt, or bytes that are no tagged COSE_Sign1.

    """
    parts = parse_envelope(normalise(entry))
    unprotected = {RECEIPTS: [bytes(receipt) for receipt in receipts]}
    receipts_in(unprotected)
    return assemble(parts.protected, unprotected, parts.payload, parts.signature)


def receipts(data: bytes) -> list[bytes]:
    """The receipts that a statement carries, in order; none for a signed statement.

    Raises:
        CborError, CoseError: no COSE_Sign1, or a label 394 that is not a list of COSE_Sign1.

    """
    return receipts_in(parse_envelope(data).unprotected)


def receipts_in(unprotected: Mapping[Any, Any]) -> list[bytes]:
    """The receipts of an unprotected header, each a tagged COSE_Sign1 by its first bytes."""
    if RECEIPTS not in unprotected:
        return []
    found = unprotected[RECEIPTS]
    if not isinstance(found, list) or not found:
        raise CoseError("the receipts (label 394) are a list of at least one")
    for number, receipt in enumerate(found):
        if not isinstance(receipt, bytes) or receipt[:2] != b"\xd2\x84":
            raise CoseError(
                "a receipt is a byte string that holds a tagged COSE_Sign1", where=f"receipt {number}"
            )
    return list(found)


def _check_critical(header: Mapping[Any, Any]) -> None:
    if CRIT not in header:
        return
    critical = header[CRIT]
    if not isinstance(critical, list) or not critical:
        raise CoseError("the critical labels (label 2) are a list of at least one")
    for label in critical:
        if isinstance(label, bool) or not isinstance(label, int | str):
            raise CoseError("a critical label (label 2) is an integer or text")
        if label not in header:
            raise CoseError(f"label {label} is marked critical and missing")
        if label not in _UNDERSTOOD:
            raise CoseError(
                f"label {label} is marked critical and unknown here",
                hint="A newer troth may know what it demands",
            )


def _hash_envelope(header: Mapping[Any, Any], payload: bytes | None) -> HashEnvelope | None:
    """RFC 9995 §3: with 258 the payload is a digest; 259 and 260 are about what it is the digest of."""
    if HASH_ALG not in header:
        if PREIMAGE_TYPE in header or LOCATION in header:
            raise CoseError("labels 259 and 260 stand without a hash algorithm (label 258)")
        return None
    if header[HASH_ALG] != SHA_256:
        raise CoseError(
            f"the hash algorithm {header[HASH_ALG]!r} (label 258) is not supported: use SHA-256 (-16)"
        )
    if CONTENT_TYPE in header:
        raise CoseError("a hash envelope has no content type (label 3): write the preimage's as label 259")
    if payload is not None and len(payload) != 32:
        raise CoseError(
            f"the payload of a hash envelope is a SHA-256 of 32 bytes, and this has {len(payload)}"
        )
    location = _typed(header, LOCATION, str, "the location (label 260) is text")
    return HashEnvelope(_media_type(header, PREIMAGE_TYPE), location)


def _confirmed(claims: Mapping[Any, Any]) -> PublicKey | None:
    confirmation = _typed(claims, _CNF, dict, "the confirmation (15, 8) is a map")
    if confirmation is None or _CNF_KEY not in confirmation:
        return None
    return PublicKey.from_cose(
        _typed(confirmation, _CNF_KEY, dict, "the confirmation's key (15, 8, 1) is a COSE_Key")
    )


def _media_type(header: Mapping[Any, Any], label: int) -> str | int | None:
    value = header.get(label)
    if label not in header or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise CoseError(f"a content type (label {label}) is text or an unsigned integer")
    return value


def _typed(members: Mapping[Any, Any], label: int, kind: type, what: str, *, required: bool = False) -> Any:
    if label not in members:
        if required:
            raise CoseError(f"{what}, and is missing")
        return None
    value = members[label]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise CoseError(what)
    return value


def _listed(labels: Iterable[Any]) -> str:
    return ", ".join(sorted(repr(label) for label in labels))
