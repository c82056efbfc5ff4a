"""Canonical JSON, the small types, kinds, and statements signed and read."""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from troth.cose import assemble, parse_envelope
from troth.cose import sign as cose_sign
from troth.errors import CborError, CoseError, InputError, JsonError, SchemaError, TrothError
from troth.identifiers import parse_instant
from troth.statements import canonical, kind_from_media_type, kind_of, media_type, parse_json, read, sign
from troth.statements.canonical import parse_record, require_canonical
from troth.statements.fields import Bytes64, Decimal, Digest, EntryId, Instant
from troth.statements.kinds import KINDS, LOG_KINDS, schemas
from troth.statements.payloads import Clock, Commitment, GuidelineRef, LeftOut, Release, System

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LAB = "https://lab.example"
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-1e15, 1e15)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


# ---- canonical JSON -------------------------------------------------------------------------------------


@given(plain)
def test_only_the_canonical_text_is_canonical(value):
    data = rfc8785.dumps(value)
    assert canonical(parse_json(data)) == data
    require_canonical(data)
    spaced = json.dumps(value, indent=1, ensure_ascii=False).encode()
    if spaced != data:
        with pytest.raises(JsonError, match="not canonical"):
            require_canonical(spaced)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"b":1,"a":2}',
        '{"a": 1}',
        '{"a":1.0}',
        '{"a":1e2}',
        '{"a":"\\u0041"}',
        '{"a":-0}',
        "[1,2] ",
        '{"a":9007199254740993}',
        '{"é":1,"a":1}',
    ],
)
def test_two_ways_to_write_one_thing_are_refused(text):
    with pytest.raises(JsonError):
        require_canonical(text.encode(), where="here")


def test_canonical_text_with_numbers_of_its_own_kind():
    for text in ('{"a":1e+21}', '{"a":0.1}', '{"a":[1,-2,1e-7]}', '{"a":9007199254740991}', '{"é":1}'):
        require_canonical(text.encode())


def test_what_json_cannot_hold_is_not_written():
    deep = []
    for _ in range(5000):
        deep = [deep]
    for value in (float("nan"), object(), "\ud800", 2**60, deep):
        with pytest.raises(JsonError, match="cannot be written"):
            canonical(value)


@pytest.mark.parametrize("data", [b"", b"{", b'"\xff"', b"[" * 100_000, b"nan", b"[1,]"])
def test_what_is_not_json_is_refused(data):
    with pytest.raises(JsonError):
        parse_json(data)
    with pytest.raises((JsonError, SchemaError)):
        parse_record(data, Clock)
    for read_it in (parse_json, lambda given, **more: parse_record(given, Clock, **more)):
        with pytest.raises(JsonError, match="at most 3"):
            read_it(b"[12345]", limit=3)


@given(st.binary(max_size=200), st.sampled_from(sorted(KINDS)))
def test_any_bytes_are_a_record_or_an_input_error(data, kind):
    try:
        found = parse_record(data, KINDS[kind])
    except InputError:
        return
    assert isinstance(found, KINDS[kind])


@given(plain, st.sampled_from(sorted(KINDS)))
def test_any_json_is_a_record_or_an_input_error(value, kind):
    with suppress(InputError):
        assert isinstance(parse_record(json.dumps(value).encode(), KINDS[kind]), KINDS[kind])


# ---- small types ----------------------------------------------------------------------------------------


def fits(kind, text):
    try:
        msgspec.convert(text, type=kind)
    except msgspec.ValidationError:
        return False
    return True


@given(st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9999, 12, 31)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_every_second_of_the_calendar_is_an_instant(moment):
    text = moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    assert fits(Instant, text)
    assert parse_instant(text).replace(tzinfo=None) == moment.replace(microsecond=0)


@given(st.from_regex(re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n?", re.ASCII), fullmatch=True))
def test_what_the_schema_takes_as_an_instant_is_one(text):
    """Standing reads instants long after registration: one that cannot be read would stop everybody's."""
    if fits(Instant, text):
        parse_instant(text)


@pytest.mark.parametrize("day", ["2024-02-29", "2000-02-29", "2026-12-31", "2026-04-30"])
def test_days_that_are(day):
    assert fits(Instant, f"{day}T00:00:00Z")


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00Z\n",
        "٢٠٢٦-01-01T00:00:00Z",
        "0999-01-01T00:00:00Z",
    ],
)
def test_days_that_are_not(text):
    assert not fits(Instant, text)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Digest, "sha256:" + 64 * "0", "sha256:" + 64 * "0" + "\n"),
        (EntryId, 43 * "A", 43 * "A" + "\n"),
        (Decimal, "-0.05", "0.05\n"),
        (Decimal, "0", "00"),
        (Decimal, "999999999", "1e5"),
        (Bytes64, "", "\n"),
    ],
)
def test_small_types_end_where_they_end(kind, good, bad):
    assert fits(kind, good)
    assert not fits(kind, bad)


# ---- kinds ----------------------------------------------------------------------------------------------


def test_kinds_and_media_types_are_one_to_one():
    for kind, record in KINDS.items():
        assert kind_from_media_type(media_type(kind)) == kind
        assert kind in schemas()
        assert record.__doc__
    assert set(KINDS) >= LOG_KINDS
    assert kind_of(Clock(time="2026-01-01T00:00:00Z")) == "clock@1"
    with pytest.raises(SchemaError, match="no payload"):
        kind_of(System(uri="urn:x", name="x"))


@pytest.mark.parametrize(
    "foreign",
    [
        None,
        7,
        "",
        "application/json",
        "application/vnd.troth.Clock.v1+json",
        "application/vnd.troth.clock.v0+json",
    ],
)
def test_foreign_content_types_have_no_kind(foreign):
    assert kind_from_media_type(foreign) == ""


# ---- statements -----------------------------------------------------------------------------------------


@pytest.fixture
def signer(simulated):
    return simulated.key("lab")


def signed(signer, record=None, subject="urn:x:1"):
    return sign(
        signer,
        record or Clock(time="2026-01-01T00:00:00Z"),
        issuer=LAB,
        subject=subject,
        issued_at=NOW,
    )


def test_what_is_signed_is_read(signer):
    made = signed(signer)
    found = read(made.entry)
    assert (found.id, found.kind, found.issuer, found.subject) == (made.id, "clock@1", LAB, "urn:x:1")
    assert (found.issued_at, found.key, found.record) == (
        NOW,
        signer.public,
        Clock(time="2026-01-01T00:00:00Z"),
    )
    assert found.payload == b'{"time":"2026-01-01T00:00:00Z"}'
    assert found.payload_digest.startswith("sha256:")
    found.sign1.verify()


def test_what_cannot_be_said_is_not_signed(signer):
    for record, issuer, subject in (
        (Clock(time="yesterday"), LAB, "urn:x:1"),
        (Clock(time="2026-01-01T00:00:00Z"), "lab", "urn:x:1"),
        (Clock(time="2026-01-01T00:00:00Z"), LAB, "x"),
        (System(uri="urn:x", name="x"), LAB, "urn:x:1"),
    ):
        with pytest.raises(InputError):
            sign(signer, record, issuer=issuer, subject=subject, issued_at=NOW)


def long_commitment():
    left = [LeftOut(control=f"c-{number}", title="t", reason="x" * 4000) for number in range(20)]
    return Commitment(
        guideline=GuidelineRef(id="g", version="1", digest="sha256:" + 64 * "0"),
        system=System(uri="urn:x:1", name="x"),
        taken=[],
        left_out=left,
        expires="2027-01-01T00:00:00Z",
    )


def test_a_long_payload_travels_beside_its_entry(signer):
    made = signed(signer, long_commitment())
    assert made.blob is not None
    assert len(made.entry) < 1000
    alone = read(made.entry)
    assert (alone.kind, alone.payload, alone.record) == ("commitment@1", None, None)
    whole = read(made.entry, blob=made.blob)
    assert whole.record == long_commitment()
    assert whole.payload_digest == alone.payload_digest
    with pytest.raises(SchemaError, match="another digest"):
        read(made.entry, blob=made.blob + b" ")


def test_a_detached_or_noncanonical_payload_is_refused(signer):
    with pytest.raises(CoseError, match="detached"):
        read(cose_sign(signer, iss=LAB, sub="urn:x:1", iat=0, payload=b"{}", detached=True))
    payload = b'{"time": "2026-01-01T00:00:00Z"}'
    kind = media_type("clock@1")
    with pytest.raises(JsonError, match="not canonical"):
        read(cose_sign(signer, iss=LAB, sub="urn:x:1", iat=0, payload=payload, content_type=kind))
    with pytest.raises(SchemaError):
        read(cose_sign(signer, iss=LAB, sub="urn:x:1", iat=0, payload=b"{}", content_type=kind))
    foreign = read(cose_sign(signer, iss=LAB, sub="urn:x:1", iat=0, payload=b"{ }", content_type="text/json"))
    assert (foreign.kind, foreign.record, foreign.payload) == ("", None, b"{ }")


def test_fields_of_later_versions_are_kept_in_the_bytes_and_passed_over(signer):
    payload = b'{"later":true,"time":"2026-01-01T00:00:00Z"}'
    kind = media_type("clock@1")
    found = read(cose_sign(signer, iss=LAB, sub="urn:x:1", iat=0, payload=payload, content_type=kind))
    assert found.payload == payload
    assert found.record == Clock(time="2026-01-01T00:00:00Z")


def test_an_issue_time_outside_the_calendar_is_an_input_error(signer):
    with pytest.raises(InputError, match="Unix time"):
        read(cose_sign(signer, iss=LAB, sub="urn:x:1", iat=2**62, payload=b"{}", content_type="text/plain"))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_statement_or_a_troth_error(data):
    for prefix in (b"", b"\xd2\x84", b"\xd2\x84\x43\xa1\x01\x26\xa0"):
        with pytest.raises(TrothError):
            read(prefix + data)


@given(at=st.integers(0, 10_000), bits=st.integers(1, 255), cut=st.booleans())
def test_damaged_statements_are_read_or_refused(simulated, at, bits, cut):
    entry = signed(
        simulated.key("lab"), Release(system=System(uri="urn:x:1", name="x"), date="2026-01-01T00:00:00Z")
    ).entry
    at %= len(entry)
    damaged = entry[:at] if cut else entry[:at] + bytes([entry[at] ^ bits]) + entry[at + 1 :]
    try:
        found = read(damaged)
        with pytest.raises(TrothError):
            found.sign1.verify()
    except (CborError, TrothError):
        return


def test_the_entry_is_the_same_with_and_without_receipts(simulated):
    log = simulated.SimLog()
    log.clock(hours=1)
    from troth.cose import attach  # noqa: PLC0415 - used here alone

    whole = attach(log.entries[2], [log.receipt(2)])
    assert read(whole).entry == log.entries[2]
    assert read(whole).id == read(log.entries[2]).id
    parts = parse_envelope(log.entries[2])
    assert assemble(parts.protected, {}, parts.payload, parts.signature) == log.entries[2]
