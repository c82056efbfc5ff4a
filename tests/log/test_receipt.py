"""Receipts: what the log signs holds, and each forgery is refused for its own reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.cose import PrivateKey, attach, encode, parse_envelope, sign
from troth.cose import assemble as assemble_sign1
from troth.errors import (
    CborError,
    CoseError,
    KeyMismatchError,
    ProofError,
    ReceiptError,
    TrothError,
    UsageError,
    WrongLogError,
)
from troth.log import (
    MemoryTree,
    Proven,
    assemble,
    check,
    inclusion_proof,
    leaf_hash,
    make,
    parse_receipt,
    sign_root,
)

LOG = PrivateKey.es256(b"\7" * 32)
ISSUER = PrivateKey.ed25519(b"I" * 32)
HUB = "https://hub.example"
SUB = "https://lab.example/models/one"


def statement(number, sub=SUB):
    return sign(ISSUER, iss="https://lab.example", sub=sub, iat=1_795_000_000, payload=b"%d" % number)


ENTRIES = [b"policy", b"anchors", *(statement(number) for number in range(2, 11))]
TREE = MemoryTree(leaf_hash(entry) for entry in ENTRIES)
ROOT = TREE.frontier.root()
SIGNED = sign_root(LOG, log_issuer=HUB, sub=SUB, root=ROOT, size=11)
PLAIN = sign_root(LOG, log_issuer=HUB, sub=SUB, root=ROOT)  # as RFC 9942 has it: the size is not signed


def receipt(leaf, signed=SIGNED, **changed):
    parts = {"size": 11, "index": leaf, "path": inclusion_proof(leaf, 11, TREE)} | changed
    return assemble(signed, **parts)


def test_one_signature_serves_a_batch():
    for index in range(2, 11):
        proven = check(receipt(index), ENTRIES[index], [LOG.public])
        assert proven == Proven(11, index, ROOT, LOG.public.thumbprint(), HUB, bound=True)


def test_made_in_one_step_it_is_the_same():
    path = inclusion_proof(4, 11, TREE)
    made = make(LOG, log_issuer=HUB, sub=SUB, root=ROOT, size=11, index=4, path=path)
    assert made == receipt(4)
    read = parse_receipt(made)
    assert (read.log, read.sub, read.size, read.index, read.path) == (HUB, SUB, 11, 4, tuple(path))


def test_the_bytes_are_those_of_rfc_9942():
    made = receipt(4)
    assert made[:2] == b"\xd2\x84"
    parts = parse_envelope(made)
    assert parts.header == {1: -7, 4: LOG.public.thumbprint(), 15: {1: HUB, 2: SUB}, 395: 1, -65537: 11}
    assert parts.payload is None
    assert b"\x19\x01\x8b\x01" in parts.protected
    assert b"\xa1\x19\x01\x8c\xa1\x20\x81" in made


def test_a_transparent_statement_proves_itself():
    transparent = attach(ENTRIES[4], [receipt(4)])
    assert check(receipt(4), transparent, [ISSUER.public, LOG.public]).index == 4


def test_an_ed25519_log_key_serves_too():
    log = PrivateKey.ed25519(b"l" * 32)
    made = make(log, log_issuer=HUB, sub=SUB, root=ROOT, size=11, index=4, path=inclusion_proof(4, 11, TREE))
    assert check(made, ENTRIES[4], [LOG.public, log.public]).kid == log.public.thumbprint()


def test_a_tree_of_one_leaf_has_no_receipt():
    with pytest.raises(UsageError, match="one leaf"):
        receipt(0, size=1, path=[])


def test_a_receipt_for_another_statement():
    with pytest.raises(ReceiptError, match="another root"):
        check(receipt(4), ENTRIES[5], [LOG.public])


def test_a_receipt_for_another_subject():
    other = statement(4, sub="https://lab.example/models/two")
    with pytest.raises(ReceiptError, match="another subject"):
        check(receipt(4), other, [LOG.public])


def test_a_receipt_of_an_unknown_log():
    with pytest.raises(WrongLogError, match=r"hub\.example"):
        check(receipt(4), ENTRIES[4], [ISSUER.public])
    with pytest.raises(WrongLogError):
        check(receipt(4), ENTRIES[4], [])


def test_a_receipt_of_a_forger_under_the_logs_name():
    forger = PrivateKey.es256(b"\x66" * 32)
    made = make(
        forger, log_issuer=HUB, sub=SUB, root=ROOT, size=11, index=4, path=inclusion_proof(4, 11, TREE)
    )
    with pytest.raises(WrongLogError):
        check(made, ENTRIES[4], [LOG.public])
    parts, mine = parse_envelope(receipt(4)), parse_envelope(made)
    under_its_kid = assemble_sign1(parts.protected, mine.unprotected, None, mine.signature)
    with pytest.raises(ReceiptError):
        check(under_its_kid, ENTRIES[4], [LOG.public])


def places_that_hold(signed, index):
    """Every (size, index) up to 64 under which the receipt's path and signature still hold."""
    found = []
    for size in range(1, 65):
        for place in range(size):
            try:
                check(receipt(index, signed, size=size, index=place), ENTRIES[index], [LOG.public])
            except (ReceiptError, ProofError):
                continue
            found.append((size, place))
    return found


@pytest.mark.parametrize("index", [2, 4, 8, 10])
def test_a_place_moved(index):
    assert places_that_hold(SIGNED, index) == [(11, index)]


def test_a_place_moved_in_a_receipt_that_does_not_bind_it():
    # RFC 9942 alone: the same root answers for several places, so such a receipt proves inclusion and no index
    assert check(receipt(10, PLAIN), ENTRIES[10], [LOG.public]).bound is False
    held = places_that_hold(PLAIN, 10)
    assert (11, 10) in held
    assert len({place for _, place in held}) > 1


def test_a_path_altered():
    path = inclusion_proof(4, 11, TREE)
    for bad in ([bytes(32), *path[1:]], path[::-1]):
        with pytest.raises(ReceiptError):
            check(receipt(4, path=bad), ENTRIES[4], [LOG.public])
    for bad in (path[:-1], [*path, bytes(32)]):
        with pytest.raises(ProofError):
            check(receipt(4, path=bad), ENTRIES[4], [LOG.public])


def test_an_algorithm_swapped():
    header = parse_envelope(receipt(4)).header | {1: -8}
    parts = parse_envelope(receipt(4))
    with pytest.raises(KeyMismatchError):
        check(
            assemble_sign1(encode(header), parts.unprotected, None, parts.signature), ENTRIES[4], [LOG.public]
        )


PROOF = encode([11, 4, [bytes(32)]])


@pytest.mark.parametrize(
    ("header", "unprotected", "payload"),
    [
        ({4: None}, {}, None),
        ({395: None}, {}, None),
        ({395: 2}, {}, None),
        ({395: True}, {}, None),
        ({15: None}, {}, None),
        ({15: {1: HUB}}, {}, None),
        ({15: {1: HUB, 2: b"x"}}, {}, None),
        ({}, {}, b"root"),
        ({}, {396: {-1: []}}, None),
        ({}, {396: {-1: [PROOF, PROOF]}}, None),
        ({-65537: "11"}, {}, None),
        ({-65537: 12}, {}, None),
        ({-65537: True}, {}, None),
        ({}, {396: {-1: PROOF}}, None),
        ({}, {396: {-2: [PROOF]}}, None),
        ({}, {396: {-1: [PROOF], -2: [PROOF]}}, None),
        ({}, {396: {-1: [PROOF]}, 394: [b"\xd2\x84"]}, None),
        ({}, {396: []}, None),
        ({}, {395: 1, 396: {-1: [PROOF]}}, None),
        ({}, {396: {-1: [encode([11, 4, []])]}}, None),
        ({}, {396: {-1: [encode([11, 11, [bytes(32)]])]}}, None),
        ({}, {396: {-1: [encode([11, -1, [bytes(32)]])]}}, None),
        ({}, {396: {-1: [encode([True, 0, [bytes(32)]])]}}, None),
        ({}, {396: {-1: [encode([11, False, [bytes(32)]])]}}, None),
        ({}, {396: {-1: [encode([11, 4, [bytes(31)]])]}}, None),
        ({}, {396: {-1: [encode([11, 4, ["x" * 32]])]}}, None),
        ({}, {396: {-1: [encode([11, 4, [bytes(32)] * 65])]}}, None),
        ({}, {396: {-1: [encode([11, 4])]}}, None),
        ({}, {396: {-1: [encode({})]}}, None),
    ],
)
def test_receipts_that_are_none(header, unprotected, payload):
    parts = parse_envelope(receipt(4))
    changed = {label: value for label, value in (parts.header | header).items() if value is not None}
    data = assemble_sign1(encode(changed), unprotected or parts.unprotected, payload, parts.signature)
    with pytest.raises((CoseError, ReceiptError)):
        parse_receipt(data)


def test_a_receipt_too_large():
    with pytest.raises(CborError, match="8192"):
        parse_receipt(receipt(4) + bytes(9000))


@given(st.data())
def test_fuzz_damaged_receipts(data):
    damaged = bytearray(receipt(4))
    place = data.draw(st.integers(0, len(damaged) - 1))
    damaged[place] ^= data.draw(st.integers(1, 255))
    try:
        proven = check(bytes(damaged), ENTRIES[4], [LOG.public])
    except TrothError:
        return
    assert (proven.size, proven.index, proven.root) == (11, 4, ROOT)


@given(st.binary(max_size=300))
def test_fuzz_any_bytes(data):
    with pytest.raises(TrothError):
        check(data, ENTRIES[4], [LOG.public])
    with pytest.raises(TrothError):
        check(receipt(4), data, [LOG.public])


def test_the_log_s_time_is_signed_and_proven():
    path = inclusion_proof(4, 11, TREE)
    made = make(LOG, log_issuer=HUB, sub=SUB, root=ROOT, size=11, index=4, path=path, time=1_795_000_000)
    assert check(made, ENTRIES[4], [LOG.public]).time == 1_795_000_000
    moved = made.replace((1_795_000_000).to_bytes(4, "big"), (1_794_000_000).to_bytes(4, "big"))
    assert moved != made
    with pytest.raises(ReceiptError):
        check(moved, ENTRIES[4], [LOG.public])


@pytest.mark.parametrize("time", [-1, 2**63, 253_402_300_800])
def test_a_time_that_is_none_is_refused(time):
    path = inclusion_proof(4, 11, TREE)
    made = make(LOG, log_issuer=HUB, sub=SUB, root=ROOT, size=11, index=4, path=path, time=time)
    with pytest.raises(CoseError):
        parse_receipt(made)
