"""Deterministic CBOR: RFC 8949's examples, a general codec as oracle, and bytes that must be refused."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.cose.cbor import MAX_DEPTH, Tag, decode, encode, head
from troth.errors import CborError

# RFC 8949, Appendix A: those of its examples that are in our subset
EXAMPLES = [
    (0, "00"),
    (10, "0a"),
    (23, "17"),
    (24, "1818"),
    (100, "1864"),
    (1000, "1903e8"),
    (1000000, "1a000f4240"),
    (1000000000000, "1b000000e8d4a51000"),
    (18446744073709551615, "1bffffffffffffffff"),
    (-18446744073709551616, "3bffffffffffffffff"),
    (-1, "20"),
    (-100, "3863"),
    (-1000, "3903e7"),
    (False, "f4"),
    (True, "f5"),
    (None, "f6"),
    (Tag(1, 1363896240), "c11a514b67b0"),
    (Tag(23, b"\1\2\3\4"), "d74401020304"),
    (Tag(32, "http://www.example.com"), "d82076687474703a2f2f7777772e6578616d706c652e636f6d"),
    (b"", "40"),
    (b"\1\2\3\4", "4401020304"),
    ("", "60"),
    ("IETF", "6449455446"),
    ("ü水", "65c3bce6b0b4"),
    ([], "80"),
    ([1, [2, 3], [4, 5]], "8301820203820405"),
    (list(range(1, 26)), "98190102030405060708090a0b0c0d0e0f101112131415161718181819"),
    ({}, "a0"),
    ({1: 2, 3: 4}, "a201020304"),
    ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
    (["a", {"b": "c"}], "826161a161626163"),
    # RFC 8949 §4.2.1: bytewise order of the encoded keys, where length-first would put -1 before 100
    (
        {"aa": 6, 100: 2, -1: 3, "z": 5, 10: 1, b"": 4},
        "a60a01186402200340046 17a05626161 06".replace(" ", ""),
    ),
]

keys = st.integers(-(2**64), 2**64 - 1) | st.text(max_size=8) | st.binary(max_size=8)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.binary(max_size=40)
    | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(keys, inner, max_size=5)
        | st.builds(Tag, st.integers(6, 2**64 - 1), inner)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(("value", "hexed"), EXAMPLES)
def test_the_examples_of_rfc_8949(value, hexed):
    assert encode(value).hex() == hexed
    assert decode(bytes.fromhex(hexed)) == value


@given(values)
def test_what_is_encoded_decodes_to_itself(value):
    data = encode(value)
    again = decode(data)
    assert again == value
    assert encode(again) == data


def plain(value):
    """Our value as a general codec writes it."""
    match value:
        case Tag(number, inner):
            return cbor2.CBORTag(number, plain(inner))
        case list():
            return [plain(item) for item in value]
        case dict():
            return {key: plain(item) for key, item in value.items()}
    return value


@given(values.filter(lambda value: "Tag" not in repr(value)))
def test_a_general_decoder_reads_what_we_write(value):
    assert cbor2.loads(encode(value)) == plain(value)


@given(st.binary(max_size=80))
def test_fuzz_any_bytes_decode_to_what_encodes_to_them_or_are_refused(data):
    try:
        value = decode(data)
    except CborError:
        return
    assert encode(value) == data


@given(values, st.data())
def test_fuzz_damaged_cbor_is_refused_or_encodes_to_itself(value, data):
    whole = bytearray(encode(value))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    try:
        again = decode(bytes(whole))
    except CborError:
        return
    assert encode(again) == bytes(whole)


@pytest.mark.parametrize(
    ("hexed", "said", "offset"),
    [
        ("", "end within", 0),
        ("0000", "1 bytes follow", 1),
        ("1817", "fits in fewer", 0),
        ("1900ff", "fits in fewer", 0),
        ("1a0000ffff", "fits in fewer", 0),
        ("1b00000000ffffffff", "fits in fewer", 0),
        ("19ff", "end within", 2),
        ("18", "end within", 1),
        ("580161", "fits in fewer", 0),
        ("4161", None, 0),
        ("4261", "a length of 2, and 1 bytes", 0),
        ("9bffffffffffffffff", "a length of 18446744073709551615", 0),
        ("bb7fffffffffffffff", "a length of", 0),
        ("5f4101ff", "indefinite", 0),
        ("9f01ff", "indefinite", 0),
        ("bf0102ff", "indefinite", 0),
        ("7f6161ff", "indefinite", 0),
        ("1c", "reserved head", 0),
        ("ff", "another simple value", 0),
        ("f7", "undefined", 0),
        ("f0", "simple value", 0),
        ("f820", "simple value", 0),
        ("f90000", "float", 0),
        ("fa47c35000", "float", 0),
        ("fb3ff199999999999a", "float", 0),
        ("61ff", "not UTF-8", 0),
        ("63eda080", "not UTF-8", 0),
        ("a201020103", "twice", 3),
        ("a202020103", "out of order", 3),
        ("a1f401", "map key", 1),
        ("a18001", "map key", 1),
        ("a101", "end within", 2),
        ("8101f6", "1 bytes follow", 2),
    ],
)
def test_bytes_that_are_not_deterministic_are_refused_at_their_offset(hexed, said, offset):
    data = bytes.fromhex(hexed)
    if said is None:
        assert decode(data) == b"a"
        return
    with pytest.raises(CborError, match=said) as caught:
        decode(data)
    assert caught.value.where == f"byte offset {offset}"


def test_map_keys_in_any_order_where_the_reader_says_so():
    data = bytes.fromhex("a3 03 01 01 a2 20 01 01 02 02 03".replace(" ", ""))
    assert decode(data, ordered=False) == {3: 1, 1: {-1: 1, 1: 2}, 2: 3}
    with pytest.raises(CborError, match="out of order"):
        decode(data)
    with pytest.raises(CborError, match="twice"):
        decode(bytes.fromhex("a3030102020301"), ordered=False)


def test_a_bomb_of_depth_is_refused():
    assert decode(b"\x81" * MAX_DEPTH + b"\x00")
    with pytest.raises(CborError, match="deep"):
        decode(b"\x81" * 100_000 + b"\x00")
    with pytest.raises(CborError, match="deep"):
        decode(b"\x81\x81\x00", max_depth=1)


def test_a_bomb_of_items_or_size_is_refused():
    with pytest.raises(CborError, match="more values"):
        decode(encode([0] * 10), max_items=10)
    assert decode(encode([0] * 10), max_items=11)
    with pytest.raises(CborError, match="more than the 10"):
        decode(bytes(11), max_size=10)


def test_what_has_no_encoding():
    deep = 0
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]
    for value in (1.5, {1}, 2**64, -(2**64) - 1, {True: 1}, {(): 1}, {None: 1}, "\ud800", deep, object()):
        with pytest.raises(CborError):
            encode(value)
    with pytest.raises(CborError):
        head(0, 2**64)


def test_the_encoder_takes_tuples_and_decodes_a_bytearray():
    assert encode((1, 2)) == encode([1, 2])
    assert decode(bytearray(b"\x42\x01\x02")) == b"\1\2"
