"""Keys: published vectors, thumbprints, and keys and signatures that must be refused."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.cose import ED25519, EDDSA, ES256, PrivateKey, PublicKey, decode, encode
from troth.errors import CborError, CoseError, KeyFileError, SignatureError, TrothError

# RFC 8032 §7.1, test 2
SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
# RFC 6979 §A.2.5: P-256, SHA-256, message "sample"
SCALAR = bytes.fromhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
UX = bytes.fromhex("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6")
UY = bytes.fromhex("7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299")
SAMPLE = bytes.fromhex(
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
)
# RFC 9679 §5.1 (its example key and thumbprint)
THUMB_X = bytes.fromhex("65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d")
THUMB_Y = bytes.fromhex("1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c")
THUMBPRINT = bytes.fromhex("496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec")


def test_rfc_8032():
    key = PrivateKey.ed25519(SEED)
    assert key.public.x == PUBLIC
    assert key.sign(b"\x72") == SIGNATURE
    key.public.verify(b"\x72", SIGNATURE)


def test_rfc_6979():
    key = PrivateKey.es256(SCALAR)
    assert (key.public.x, key.public.y) == (UX, UY)
    assert key.sign(b"sample") == SAMPLE
    key.public.verify(b"sample", SAMPLE)


def test_rfc_9679():
    key = PublicKey(ES256, THUMB_X, THUMB_Y)
    assert key.thumbprint() == THUMBPRINT


def test_a_cose_key_reads_back(private):
    key = private.public
    assert PublicKey.from_cose(key.cose_key()) == key
    assert PublicKey.from_cose(key.members() | {2: b"kid", 3: key.alg, 4: [2], "own": 1}) == key
    assert decode(key.cose_key()) == key.members()


def test_the_secret_is_not_shown(private):
    assert private.secret().hex() not in repr(private)
    assert str(private.secret()) not in repr(private)
    assert private.public.thumbprint().hex() in repr(private)
    assert PrivateKey(private.alg, private.secret()).public == private.public


def test_a_signature_of_other_bytes_or_by_another_key(private):
    signature = private.sign(b"words")
    private.public.verify(b"words", signature)
    other = PrivateKey(private.alg, b"o" * 32).public
    for key, message, given_signature in (
        (private.public, b"Words", signature),
        (other, b"words", signature),
        (private.public, b"words", signature[:-1]),
        (private.public, b"words", signature + b"\0"),
        (private.public, b"words", bytes(64)),
        (private.public, b"words", b"\xff" * 64),
        (private.public, b"words", b""),
    ):
        with pytest.raises(SignatureError):
            key.verify(message, given_signature)


def test_small_order_points_sign_nothing():
    # the neutral element as key and as R, S = 0: fits every message under a lenient rule
    neutral = b"\x01" + bytes(31)
    with pytest.raises(SignatureError):
        PublicKey(EDDSA, neutral).verify(b"anything", neutral + bytes(32))


def test_a_signature_with_s_above_the_order_is_refused():
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(SIGNATURE[32:], "little") + order
    with pytest.raises(SignatureError):
        PublicKey(EDDSA, PUBLIC).verify(b"\x72", SIGNATURE[:32] + s.to_bytes(32, "little"))


@pytest.mark.parametrize(
    "members",
    [
        {},
        [],
        7,
        {1: 1},
        {1: 1, -1: 6},
        {1: 1, -1: 6, -2: bytes(31)},
        {1: 1, -1: 6, -2: bytes(33)},
        {1: 1, -1: 6, -2: bytes(32), -3: bytes(32)},
        {1: 1, -1: 6, -2: "x" * 32},
        {1: 1, -1: 4, -2: bytes(32)},
        {1: True, -1: 6, -2: bytes(32)},
        {1: [], -1: {}, -2: bytes(32)},
        {1: 4, -1: bytes(32)},
        {1: 1, -1: 6, -2: bytes(32), 3: -7},
        {1: 1, -1: 6, -2: bytes(32), 3: []},
        {1: 1, -1: 6, -2: bytes(32), -4: bytes(32)},
        {1: 2, -1: 1, -2: UX, -3: UY, -4: SCALAR},
        {1: 2, -1: 1, -2: UX, -3: UY, 3: -8},
        {1: 2, -1: 1, -2: UX, -3: True},
        {1: 2, -1: 1, -2: UX, -3: UX},
        {1: 2, -1: 1, -2: UX, -3: b""},
        {1: 2, -1: 1, -2: UX},
        {1: 2, -1: 2, -2: UX, -3: UY},
        {1: 2, -1: 1, -2: bytes(32), -3: bytes(32)},
        {1: 2, -1: 1, -2: b"\xff" * 32, -3: UY},
        {1: 7, 3: -49, -1: bytes(1952)},
        {1: 7, 3: "odd"},
    ],
)
def test_maps_that_hold_no_public_key(members):
    with pytest.raises(CoseError):
        PublicKey.from_cose(members)
    with pytest.raises(CoseError):
        PublicKey.from_cose(encode(members))


def test_a_coordinate_beyond_the_field_is_another_encoding_of_the_same_point():
    p = 2**256 - 2**224 + 2**192 + 2**96 - 1
    # x = 5 lies on the curve; x + p names the same point and must not be a second name for one key
    y = pow(125 - 15 + 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B, (p + 1) // 4, p)
    PublicKey(ES256, (5).to_bytes(32, "big"), y.to_bytes(32, "big"))
    with pytest.raises(CoseError, match="not on the curve"):
        PublicKey(ES256, (5 + p).to_bytes(32, "big"), y.to_bytes(32, "big"))


def test_ml_dsa_is_refused_by_name():
    with pytest.raises(CoseError, match="ML-DSA-65 is not supported yet"):
        PublicKey.from_cose({1: 7, 3: -49, -1: bytes(1952)})
    with pytest.raises(CoseError, match="ML-DSA-44"):
        PrivateKey(-48, bytes(32))
    with pytest.raises(CoseError, match="algorithm -99"):
        PublicKey(-99, bytes(32))


@pytest.mark.parametrize(
    ("alg", "secret"),
    [
        (EDDSA, b""),
        (EDDSA, bytes(31)),
        (ED25519, bytes(64)),
        (ES256, bytes(33)),
        (ES256, bytes(32)),
        (ES256, b"\xff" * 32),
        (ES256, bytes.fromhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")),
    ],
)
def test_secrets_that_are_no_key(alg, secret):
    with pytest.raises(KeyFileError):
        PrivateKey(alg, secret)


@given(st.binary(max_size=80))
def test_fuzz_any_bytes_as_a_key(data):
    with pytest.raises((CoseError, CborError)):
        PublicKey.from_cose(data)


KEYS = (PublicKey(EDDSA, PUBLIC), PublicKey(ES256, UX, UY))


@given(
    st.sampled_from(KEYS), st.binary(min_size=32, max_size=32), st.binary(max_size=20), st.binary(max_size=70)
)
def test_fuzz_signatures_and_points(key, x, message, signature):
    with pytest.raises(SignatureError):
        key.verify(message, signature)
    with pytest.raises(TrothError):
        PublicKey(EDDSA, x).verify(message, signature)


def test_importing_loads_no_cryptography():
    code = "import sys, troth.cose; sys.exit(any(m.split('.')[0] in {'nacl', 'cryptography', 'cbor2'} for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
