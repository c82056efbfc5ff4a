"""Keys as COSE_Key (RFC 9052 §7), named by their thumbprint (RFC 9679).

Two kinds: Ed25519 (RFC 8032, verified by libsodium's strict rule wherever troth runs, so that no two
readers disagree about a signature) and ES256 on P-256 (RFC 9053 §2.1, signed deterministically by
RFC 6979, so that the same bytes get the same answer). ML-DSA (RFC 9964, key type 7) has its place in
``PublicKey.from_cose`` and is refused by name until it is here. Left out: compressed points, key
operations, and anything that keeps or unlocks a key.

libsodium and OpenSSL are loaded at the first signature, not with this module: each costs some 20 ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, Protocol

import msgspec

from troth.cose.cbor import decode, encode
from troth.errors import CoseError, KeyFileError, KeyMismatchError, SignatureError

ES256: Final = -7
EDDSA: Final = -8
ED25519: Final = -19
SUPPORTED_ALGORITHMS: Final = frozenset({ES256, EDDSA, ED25519})
ALGORITHM_NAMES: Final = {
    ES256: "ES256",
    EDDSA: "EdDSA",
    ED25519: "Ed25519",
    -48: "ML-DSA-44",
    -49: "ML-DSA-65",
    -50: "ML-DSA-87",
}

_KTY, _KEY_ALG, _CRV, _X, _Y, _D = 1, 3, -1, -2, -3, -4
_OKP, _EC2, _AKP = 1, 2, 7
_CRV_P256, _CRV_ED25519 = 1, 6
_MAX_COSE_KEY: Final = 8192

# P-256 (SEC 2, §2.4.2): y² = x³ - 3x + b over the prime field, and the order of the group
_P: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B: Final = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_N: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class PublicKey(msgspec.Struct, frozen=True):
    """A public key: ``alg`` is EDDSA (with ``y`` empty) or ES256; the coordinates are 32 bytes each.

    Raises:
        CoseError: another algorithm, a wrong length, or a point that is not on P-256.

    """

    alg: int
    x: bytes
    y: bytes = b""

    def __post_init__(self) -> None:
        """Refuse what cannot be a key of this kind."""
        if self.alg == EDDSA:
            if len(self.x) != 32 or self.y:
                raise CoseError(
                    f"an Ed25519 public key has 32 bytes, and this has {len(self.x) + len(self.y)}"
                )
        elif self.alg == ES256:
            if len(self.x) != 32 or len(self.y) != 32:
                raise CoseError("a P-256 public key has two coordinates of 32 bytes")
            x, y = int.from_bytes(self.x, "big"), int.from_bytes(self.y, "big")
            if x >= _P or y >= _P or (y * y - x * x * x + 3 * x - _B) % _P:
                raise CoseError("the point is not on the curve P-256")
        else:
            raise CoseError(f"a key for {named(self.alg)} is not supported: use Ed25519 or ES256")

    @classmethod
    def from_cose(cls, key: bytes | Mapping[Any, Any]) -> PublicKey:
        """The key that a COSE_Key holds; members other than type, curve, algorithm and point are ignored.

        Raises:
            CborError: bytes that are not deterministic CBOR.
            CoseError: no public key of a supported kind, or a private one.

        """
        members = decode(key, max_size=_MAX_COSE_KEY) if isinstance(key, bytes) else key
        if not isinstance(members, Mapping):
            raise CoseError("a COSE_Key is a CBOR map")
        kind, curve = (_integer(members.get(label)) for label in (_KTY, _CRV))
        x, y = members.get(_X), members.get(_Y, b"")
        if _D in members and kind in (_OKP, _EC2):
            raise CoseError(
                "this COSE_Key holds a private key",
                hint="Publish the public part alone, and replace the key if others have seen it",
            )
        if kind == _AKP:
            raise CoseError(
                f"a key for {named(members.get(_KEY_ALG))} is not supported yet: use Ed25519 or ES256"
            )
        if isinstance(y, bool):
            raise CoseError("a compressed point is not read: write the y coordinate of 32 bytes")
        if (kind, curve) not in ((_OKP, _CRV_ED25519), (_EC2, _CRV_P256)) or not (
            isinstance(x, bytes) and isinstance(y, bytes)
        ):
            raise CoseError(
                f"a COSE_Key of type {kind} and curve {curve} with these members is not supported",
                hint="Use Ed25519 (type 1, curve 6) or P-256 (type 2, curve 1)",
            )
        found = cls(EDDSA, x, y) if kind == _OKP else cls(ES256, x, y)
        if _KEY_ALG in members and not found.fits(members[_KEY_ALG]):
            raise CoseError(f"the COSE_Key is meant for {named(members[_KEY_ALG])}, which its type cannot do")
        return found

    def members(self) -> dict[int, Any]:
        """The required members of the COSE_Key, to which a key set may add a kid or an algorithm."""
        if self.alg == EDDSA:
            return {_KTY: _OKP, _CRV: _CRV_ED25519, _X: self.x}
        return {_KTY: _EC2, _CRV: _CRV_P256, _X: self.x, _Y: self.y}

    def cose_key(self) -> bytes:
        """The deterministic CBOR of the COSE_Key with its required members."""
        return encode(self.members())

    def thumbprint(self) -> bytes:
        """The key's name, 32 bytes: SHA-256 of ``cose_key()`` (RFC 9679 §3)."""
        return sha256(self.cose_key()).digest()

    def fits(self, alg: object) -> bool:
        """Whether signatures of this algorithm may be checked with this key."""
        return _integer(alg) in ((EDDSA, ED25519) if self.alg == EDDSA else (ES256,))

    def verify(self, message: bytes, signature: bytes) -> None:
        """Return if the signature (64 bytes) fits message and key.

        Raises:
            SignatureError: it does not.

        """
        good = len(signature) == 64 and (_ed25519_good if self.alg == EDDSA else _es256_good)(
            self, message, signature
        )
        if not good:
            raise SignatureError(
                "the signature does not fit the bytes and the key",
                hint="The file was altered after it was signed, or another key signed it",
            )


class Signer(Protocol):
    """What signs: a private key here, or a token or service that an entry point brings."""

    @property
    def alg(self) -> int:
        """The COSE algorithm of the signatures."""

    @property
    def public(self) -> PublicKey:
        """The key that checks them."""

    def sign(self, message: bytes) -> bytes:
        """The signature of these bytes."""


class PrivateKey:
    """A private key in memory: 32 secret bytes, which no ``repr`` shows.

    The bytes come from outside (the domain draws no random numbers); the same bytes are the same key,
    and the same message gets the same signature.
    """

    __slots__ = ("_handle", "_secret", "alg", "public")

    def __init__(self, alg: int, secret: bytes) -> None:
        """Make the key for EDDSA or ED25519 (an RFC 8032 seed) or ES256 (a scalar, big-endian).

        Raises:
            KeyFileError: not 32 bytes, or a scalar outside 1 to n - 1.
            CoseError: an algorithm that is not supported.

        """
        if len(secret) != 32:
            raise KeyFileError(f"a private key has 32 bytes, and this has {len(secret)}")
        self.alg: Final = alg
        self._secret: Final = bytes(secret)
        self._handle: Final = None if alg in {EDDSA, ED25519} else _es256_private(alg, secret)
        self.public: Final = _ed25519_public(secret) if self._handle is None else _es256_public(self._handle)

    @classmethod
    def ed25519(cls, seed: bytes) -> PrivateKey:
        """The Ed25519 key of a 32-byte seed; its signatures are marked EdDSA (-8), which every tool reads."""
        return cls(EDDSA, seed)

    @classmethod
    def es256(cls, scalar: bytes) -> PrivateKey:
        """The P-256 key of a 32-byte big-endian scalar."""
        return cls(ES256, scalar)

    def __repr__(self) -> str:
        """The kind and the public name: never the secret."""
        return f"PrivateKey({named(self.alg)}, kid={self.public.thumbprint().hex()})"

    def secret(self) -> bytes:
        """The 32 secret bytes, for whoever stores the key."""
        return self._secret

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes: RFC 8032, or r and s with a nonce by RFC 6979."""
        if self._handle is None:
            from nacl.bindings import crypto_sign  # noqa: PLC0415 - libsodium is loaded when it is used

            return bytes(crypto_sign(message, self._secret + self.public.x)[:64])
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - as above, OpenSSL
        from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415 - as above

        der = self._handle.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        r, s = utils.decode_dss_signature(der)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def require_fit(key: PublicKey, alg: int) -> None:
    """Return if a header's algorithm is one of the key's.

    Raises:
        KeyMismatchError: the key is of another kind.

    """
    if not key.fits(alg):
        raise KeyMismatchError(f"the header says {named(alg)}, and the key is for {named(key.alg)}")


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def named(alg: object) -> str:
    """What to call an algorithm in a message."""
    name = ALGORITHM_NAMES.get(alg) if isinstance(alg, int) else None
    return name or f"algorithm {alg!r}"


def _ed25519_public(seed: bytes) -> PublicKey:
    from nacl.bindings import crypto_sign_seed_keypair  # noqa: PLC0415 - libsodium is loaded when it is used

    return PublicKey(EDDSA, crypto_sign_seed_keypair(seed)[0])


def _ed25519_good(key: PublicKey, message: bytes, signature: bytes) -> bool:
    from nacl.bindings import crypto_sign_open  # noqa: PLC0415 - libsodium is loaded when it is used
    from nacl.exceptions import BadSignatureError  # noqa: PLC0415 - as above

    try:
        crypto_sign_open(signature + message, key.x)
    except BadSignatureError:
        return False
    return True


def _es256_private(alg: int, scalar: bytes) -> Any:
    if alg != ES256:
        raise CoseError(f"a key for {named(alg)} is not supported: use Ed25519 or ES256")
    number = int.from_bytes(scalar, "big")
    if not 0 < number < _N:
        raise KeyFileError("the scalar of a P-256 key lies between 1 and the order of the curve")
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - OpenSSL is loaded when it is used

    return ec.derive_private_key(number, ec.SECP256R1())


def _es256_public(handle: Any) -> PublicKey:
    numbers = handle.public_key().public_numbers()
    return PublicKey(ES256, numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))


@lru_cache(maxsize=256)
def _es256_loaded(x: bytes, y: bytes) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - OpenSSL is loaded when it is used

    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()
    )
    return numbers.public_key()


def _es256_good(key: PublicKey, message: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - OpenSSL is loaded when it is used
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415 - as above

    der = utils.encode_dss_signature(
        int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    )
    try:
        _es256_loaded(key.x, key.y).verify(der, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
