"""Signed statements: what is signed reads back, and each forgery is refused for its own reason."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.cose import (
    ED25519,
    EDDSA,
    ES256,
    MAX_ENTRY,
    HashEnvelope,
    PrivateKey,
    Tag,
    assemble,
    attach,
    decode,
    encode,
    normalise,
    parse,
    parse_envelope,
    receipts,
    sig_structure,
    sign,
)
from troth.errors import CborError, CoseError, KeyMismatchError, SignatureError, TrothError

RECEIPT = assemble(encode({1: -7}), {}, None, bytes(64))


def altered(statement, *, header=None, unprotected=None, claims=None, drop=(), private=None):
    """The statement with labels of its header changed, signed again where a key is given."""
    parts = parse_envelope(statement)
    changed = {label: value for label, value in parts.header.items() if label not in drop}
    changed |= header or {}
    if claims is not None:
        changed[15] = claims(dict(changed[15]))
    protected = encode(changed)
    signature = private.sign(sig_structure(protected, parts.payload)) if private else parts.signature
    return assemble(
        protected, parts.unprotected if unprotected is None else unprotected, parts.payload, signature
    )


def test_a_statement_reads_back(private, make):
    data = make(private, extra={16: "application/x", "own": [1]})
    statement = parse(data)
    assert data[:2] == b"\xd2\x84"
    assert statement.raw == data
    assert (statement.iss, statement.sub, statement.iat) == (
        "https://lab.example",
        "https://lab.example/models/one",
        1_795_000_000,
    )
    assert statement.payload == b'{"a":1}'
    assert statement.content_type == "application/json"
    assert statement.kid == private.public.thumbprint()
    assert statement.key == private.public
    assert statement.header["own"] == [1]
    assert statement.unprotected == {}
    assert statement.envelope is None
    statement.verify()
    statement.verify(private.public)


def test_labels_that_others_signed_in_any_order(ed25519):
    """As other SCITT tools write them: the signature covers the bytes as they are, and so does the entry."""
    claims = b"\x0f\xa2\x02\x65urn:x\x01\x71https://a.example"
    protected = b"\xa3" + claims + b"\x04\x58\x20" + ed25519.public.thumbprint() + b"\x01\x27"
    foreign = assemble(protected, {}, b"hi", ed25519.sign(sig_structure(protected, b"hi")))
    statement = parse(foreign)
    assert (statement.iss, statement.sub) == ("https://a.example", "urn:x")
    statement.verify(ed25519.public)
    assert normalise(attach(foreign, [RECEIPT])) == foreign


def test_the_same_words_are_the_same_bytes(private, make):
    assert make(private) == make(private)


def test_what_is_signed_is_the_sig_structure_of_rfc_9052(ed25519, make):
    statement = parse(make(ed25519))
    to_be_signed = b"\x84\x6aSignature1" + encode(statement.protected) + b"\x40" + encode(statement.payload)
    assert statement.to_be_signed() == to_be_signed


def test_a_detached_payload_is_given_again(private, make):
    data = make(private, detached=True)
    statement = parse(data)
    assert statement.payload is None
    statement.verify(payload=b'{"a":1}')
    with pytest.raises(SignatureError):
        statement.verify(payload=b'{"a":2}')
    with pytest.raises(CoseError, match="not given"):
        statement.verify()
    with pytest.raises(CoseError, match="attached already"):
        parse(make(private)).verify(payload=b"x")


def test_a_hash_envelope_signs_a_digest(private, make):
    digest = hashlib.sha256(b"large").digest()
    data = make(
        private,
        payload=digest,
        content_type=None,
        hash_envelope=HashEnvelope("text/plain", "https://x.example"),
    )
    statement = parse(data)
    assert statement.header[258] == -16
    assert statement.envelope == HashEnvelope("text/plain", "https://x.example")
    statement.verify()
    bare = parse(make(private, payload=digest, content_type=None, hash_envelope=HashEnvelope()))
    assert bare.envelope == HashEnvelope()
    numbered = parse(make(private, payload=digest, content_type=None, hash_envelope=HashEnvelope(50)))
    assert numbered.envelope == HashEnvelope(50)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"hash_envelope": HashEnvelope(), "payload": bytes(32)}, "no content type"),
        ({"hash_envelope": HashEnvelope(), "payload": bytes(31), "content_type": None}, "32 bytes"),
        ({"extra": {259: "text/plain"}}, "without a hash algorithm"),
        ({"extra": {260: "text/plain"}}, "without a hash algorithm"),
        ({"extra": {258: -44}, "content_type": None}, "not supported"),
        ({"extra": {3: 1}}, "its own argument"),
        ({"extra": {1: -7}}, "its own argument"),
        ({"extra": {2: [99], 99: 1}}, "unknown here"),
        ({"extra": {2: [33], 33: b"x"}}, "unknown here"),
        ({"extra": {2: [99]}}, "missing"),
        ({"extra": {2: []}}, "at least one"),
        ({"extra": {2: 3}}, "at least one"),
        ({"extra": {2: [b"x"]}}, "integer or text"),
        ({"extra": {2: [True]}}, "integer or text"),
        ({"content_type": -1}, "content type"),
        ({"content_type": True}, "content type"),
        ({"content_type": b"text"}, "content type"),
        ({"payload": bytes(MAX_ENTRY)}, "at most 65535"),
    ],
)
def test_nothing_is_signed_that_cannot_be_read(ed25519, make, changed, said):
    with pytest.raises(CoseError, match=said):
        make(ed25519, **changed)


def test_known_critical_labels_are_taken(ed25519, make):
    parse(make(ed25519, extra={2: [15, 3]})).verify()


def test_an_entry_of_the_largest_size_is_taken(ed25519, make):
    room = MAX_ENTRY - len(make(ed25519, payload=bytes(40_000))) + 40_000
    assert len(make(ed25519, payload=bytes(room))) == MAX_ENTRY
    with pytest.raises(CoseError, match="65536 bytes"):
        make(ed25519, payload=bytes(room + 1))


# --- forgeries -------------------------------------------------------------------------------------


def test_altered_payload(private, make):
    parts = parse_envelope(make(private))
    with pytest.raises(SignatureError):
        parse(assemble(parts.protected, {}, b'{"a":2}', parts.signature)).verify()


def test_altered_header(private, make):
    forged = altered(make(private), claims=lambda claims: claims | {2: "https://lab.example/models/two"})
    with pytest.raises(SignatureError):
        parse(forged).verify()


def test_any_flipped_bit_is_noticed(private, make):
    data = make(private)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        with pytest.raises(TrothError):
            parse(bytes(changed)).verify()


def test_key_swapped_for_the_forgers_own(private, make):
    forger = PrivateKey.ed25519(b"f" * 32)
    forged = altered(
        make(private), claims=lambda claims: claims | {8: {1: forger.public.members()}}, private=forger
    )
    with pytest.raises(KeyMismatchError, match="kid"):
        parse(forged)


def test_signed_by_another_key_under_its_name(private, make):
    forged = altered(
        make(private), header={4: PrivateKey.ed25519(b"f" * 32).public.thumbprint()}, private=private
    )
    with pytest.raises(KeyMismatchError):
        parse(forged)


def test_verified_with_another_key_than_it_names(private, make):
    with pytest.raises(KeyMismatchError, match="another key"):
        parse(make(private)).verify(PrivateKey.ed25519(b"f" * 32).public)


def test_algorithm_swapped(ed25519, es256, make):
    for private, alg in ((ed25519, ES256), (es256, EDDSA), (ed25519, -49), (es256, -1000)):
        with pytest.raises(KeyMismatchError, match="header says"):
            parse(altered(make(private), header={1: alg}, private=private)).verify()


def test_the_fully_specified_name_of_ed25519_is_taken(ed25519, make):
    parse(altered(make(ed25519), header={1: ED25519}, private=ed25519)).verify()
    fully = PrivateKey(ED25519, ed25519.secret())
    statement = parse(make(fully))
    assert statement.alg == ED25519
    assert statement.key == ed25519.public
    statement.verify()


def test_a_statement_without_its_key_needs_one(ed25519, make):
    bare = parse(altered(make(ed25519), claims=lambda claims: {1: claims[1], 2: claims[2]}, private=ed25519))
    assert bare.key is None
    assert bare.iat is None
    bare.verify(ed25519.public)
    with pytest.raises(SignatureError, match="carries no key"):
        bare.verify()
    named = parse(altered(make(ed25519), claims=lambda claims: claims | {8: {3: b"name"}}, private=ed25519))
    assert named.key is None


def test_a_certificate_may_stand_for_the_kid(ed25519, make):
    for label, value in ((33, b"certificate"), (34, [-16, bytes(32)])):
        statement = parse(altered(make(ed25519), header={label: value}, drop=(4,), private=ed25519))
        assert statement.kid is None
        statement.verify()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"drop": (1,)}, "label 1"),
        ({"header": {1: "ES256"}}, "label 1"),
        ({"header": {1: True}}, "label 1"),
        ({"drop": (4,)}, "kid"),
        ({"header": {4: "text"}}, "kid"),
        ({"drop": (15,)}, "15"),
        ({"header": {15: []}}, "15"),
        ({"claims": lambda claims: {2: "x"}}, r"15, 1"),
        ({"claims": lambda claims: {1: "x"}}, r"15, 2"),
        ({"claims": lambda claims: claims | {1: 7}}, r"15, 1"),
        ({"claims": lambda claims: claims | {2: b"x"}}, r"15, 2"),
        ({"claims": lambda claims: claims | {6: "now"}}, r"15, 6"),
        ({"claims": lambda claims: claims | {6: True}}, r"15, 6"),
        ({"claims": lambda claims: claims | {8: 1}}, r"15, 8"),
        ({"claims": lambda claims: claims | {8: {1: b""}}}, r"15, 8, 1"),
        ({"claims": lambda claims: claims | {8: {1: {1: 7}}}}, "not supported"),
        ({"header": {258: -16, 260: 1}, "drop": (3,)}, "260|32 bytes"),
        ({"header": {b"x": 1}}, "integer or text"),
        ({"unprotected": {b"x": 1}}, "integer or text"),
        ({"unprotected": {1: -8}}, "both headers"),
        ({"unprotected": {2: [1]}}, "nobody signed"),
        ({"unprotected": {258: -16}}, "nobody signed"),
        ({"drop": (15,), "unprotected": {15: {1: "a", 2: "b"}}}, "nobody signed"),
        ({"unprotected": {394: []}}, "at least one"),
        ({"unprotected": {394: RECEIPT}}, "at least one"),
        ({"unprotected": {394: [7]}}, "tagged COSE_Sign1"),
        ({"unprotected": {394: [RECEIPT[1:]]}}, "tagged COSE_Sign1"),
    ],
)
def test_headers_that_make_no_statement(ed25519, make, change, said):
    with pytest.raises(CoseError, match=said):
        parse(altered(make(ed25519), private=ed25519, **change))


@pytest.mark.parametrize(
    "value",
    [
        [b"", {}, b"", b""],
        Tag(98, [b"", {}, b"", b""]),
        Tag(18, [b"\xa0", {}, b""]),
        Tag(18, [b"\xa0", {}, "text", b""]),
        Tag(18, [b"\xa0", [], b"", b""]),
        Tag(18, ["\xa0", {}, b"", b""]),
        Tag(18, {1: 2}),
        Tag(18, [b"\x80", {}, b"", b""]),
        Tag(18, [b"\xa0", {}, b"", None]),
    ],
)
def test_cbor_that_is_no_tagged_sign1(value):
    with pytest.raises(CoseError):
        parse(encode(value))


@pytest.mark.parametrize(
    "protected", [b"", b"\xa1\x01\x26\x00", b"\xa2\x01\x26\x01\x26", b"\xa1\x01\x38\x06", b"\xbf\xff"]
)
def test_a_protected_header_that_is_not_deterministic(protected):
    with pytest.raises(CborError):
        parse(encode(Tag(18, [protected, {}, b"", b""])))


# --- with and without receipts ---------------------------------------------------------------------


def test_receipts_go_on_and_come_off(private, make):
    entry = make(private)
    other = assemble(encode({1: -7, 4: b"k"}), {}, None, bytes(64))
    transparent = attach(entry, [RECEIPT, other])
    assert receipts(transparent) == [RECEIPT, other]
    assert normalise(transparent) == entry
    assert normalise(entry) == entry
    assert receipts(entry) == []
    assert attach(transparent, [other]) == attach(entry, [other])
    assert list(decode(transparent).value[1]) == [394]
    statement = parse(transparent)
    assert statement.unprotected == {394: [RECEIPT, other]}
    statement.verify()
    for wrong in ([], [b"x"], [7 * b"\xd2"]):
        with pytest.raises(CoseError):
            attach(entry, wrong)


def test_unsigned_passengers_are_refused(ed25519, make):
    for passengers in ({99: 1}, {394: [RECEIPT], "note": "hi"}, {395: 1}):
        with pytest.raises(CoseError, match="nobody signed"):
            normalise(altered(make(ed25519), unprotected=passengers))


def test_a_transparent_statement_may_exceed_an_entry(ed25519, make):
    entry = make(ed25519, payload=bytes(MAX_ENTRY - 1000))
    transparent = attach(entry, [RECEIPT + bytes(70_000)])
    assert len(transparent) > MAX_ENTRY
    assert normalise(transparent) == entry


@given(st.binary(max_size=200))
def test_fuzz_any_bytes(data):
    for read in (parse, normalise, receipts, parse_envelope):
        with pytest.raises(TrothError):
            read(data)


STATEMENT = attach(
    sign(
        PrivateKey.ed25519(bytes(32)),
        iss="https://a.example",
        sub="urn:x",
        iat=1,
        payload=b"hi",
        extra={2: [15]},
    ),
    [RECEIPT],
)


@given(st.data())
def test_fuzz_damaged_statements(data):
    damaged = bytearray(STATEMENT)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    for read in (lambda given: parse(given).verify(), normalise, receipts):
        try:
            read(bytes(damaged))
        except TrothError:
            continue
