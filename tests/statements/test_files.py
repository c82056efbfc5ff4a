"""Bundles and trust files: what is taken, what is refused, and that nothing but TrothError comes of it."""

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.cose import attach, decode, encode
from troth.errors import BundleError, InputError, TrothError, TrustFileError, UndecidedError
from troth.statements import canonical, check_enrolment, key_from_text, operators, read, receipt_keys, sign
from troth.statements.bundle import MAX_BYTES, MAX_ITEMS, make, parse_bundle, split
from troth.statements.keys import KeyRing
from troth.statements.payloads import (
    Amendment,
    Assessment,
    Commitment,
    GuidelineRef,
    LeftOut,
    Plan,
    System,
    Withdrawal,
)
from troth.statements.trust import parse_trust
from troth.statements.verify import Verification
from troth.workflows.bundles import bundle


@pytest.fixture(scope="session")
def good(forgeries):
    return forgeries.good()


@pytest.fixture(scope="session")
def trust(forgeries):
    return forgeries.trust()


def verify(data, *trusted, blob=None):
    checking = Verification(data, trusted, blob=blob)
    return list(checking.steps()), checking


# ---- bundles --------------------------------------------------------------------------------------------


def test_a_bundle_holds_what_it_was_made_of(good):
    parsed = parse_bundle(good)
    kinds = [each.statement.kind for each in (parsed.claim, *parsed.others)]
    assert kinds == ["release@1", "trust-anchors@1", "key-enrolment@1", "clock@1"]
    assert all(each.receipts for each in (parsed.claim, *parsed.others))
    assert make(*_parts(good)) == good


def _parts(data):
    claim, *others = decode(data)
    return claim, others


def test_a_bare_statement_is_a_bundle_of_one(good):
    claim = decode(good)[0]
    assert parse_bundle(claim).others == ()
    assert split(claim) == [claim]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        b"\xa0",
        b"\x81\x01",
        b"\x40",
        b"\x00",
        b"\x81\x40\x00",
        b"\x98\x01\x40",
        b"hello",
        b"\x9f\x40\xff",
    ],
)
def test_what_is_no_bundle_is_refused(data):
    with pytest.raises(BundleError):
        split(data)


def test_bundles_have_limits(good):
    claim, others = _parts(good)
    with pytest.raises(BundleError, match="at most 64"):
        make(claim, [others[0]] * MAX_ITEMS)
    with pytest.raises(BundleError, match="at most 64"):
        parse_bundle(encode([claim] + [others[0]] * MAX_ITEMS))
    with pytest.raises(BundleError, match="bytes"):
        parse_bundle(b"\x81" + bytes(MAX_BYTES))


def test_a_fault_in_a_further_item_names_it(good):
    claim, others = _parts(good)
    with pytest.raises(InputError, match="item 2 of the bundle"):
        parse_bundle(make(claim, [others[0], b"\x00"]))


def long_story(forgeries):
    """A claim whose payload is too long for its entry."""
    story = forgeries.Story()
    left = [LeftOut(control=f"c-{number}", title="t", reason="x" * 4000) for number in range(20)]
    record = Commitment(
        guideline=GuidelineRef(id="g", version="1", digest="sha256:" + 64 * "0"),
        system=forgeries.SYSTEM,
        taken=[],
        left_out=left,
        expires="2027-01-01T00:00:00Z",
    )
    return story, story.log.say("lab", record, subject=record.system.uri), record


def test_a_long_payload_travels_in_the_bundle(forgeries):
    story, entry, record = long_story(forgeries)
    data = story.log.bundle(entry, [story.enrolment])
    assert parse_bundle(data).claim.statement.record == record
    steps, checking = verify(data, story.log.trust)
    assert len(steps) == 8
    assert checking.result.statement.payload == canonical(record)


def test_a_long_payload_may_come_beside_the_file_and_has_to_be_the_one(forgeries):
    story, entry, record = long_story(forgeries)
    claim = decode(story.log.bundle(entry, [story.enrolment]))[0]
    with pytest.raises(UndecidedError, match="not in this file"):
        verify(claim, story.log.trust)
    steps, _ = verify(claim, story.log.trust, blob=canonical(record))
    assert len(steps) == 8
    checking = Verification(claim, (story.log.trust,), blob=b"{}")
    steps = checking.steps()
    assert [next(steps).number, next(steps).number] == [1, 2]
    with pytest.raises(InputError, match="another digest"):
        next(steps)
    assert checking.statement is None
    assert hashlib.sha256(canonical(record)).hexdigest() in str(read(claim).payload_digest)


def test_a_claim_without_a_key_cannot_be_checked_alone(simulated):
    from troth.cose import assemble, parse_envelope, sig_structure  # noqa: PLC0415 - used here alone

    log = simulated.SimLog()
    parts = parse_envelope(log.entries[1])
    header = dict(parts.header)
    header[15] = {label: value for label, value in header[15].items() if label != 8}
    protected = encode(header)
    entry = assemble(protected, {}, parts.payload, log.operator.sign(sig_structure(protected, parts.payload)))
    with pytest.raises(UndecidedError, match="no key"):
        verify(entry)


def test_a_kind_that_is_not_known_is_verified_and_said_to_be_unknown(forgeries):
    from troth.cose import sign as cose_sign  # noqa: PLC0415 - used here alone

    story = forgeries.Story()
    entry = cose_sign(
        story.sim.key("lab"),
        iss="https://lab.example",
        sub="urn:x:1",
        iat=0,
        payload=b"x",
        content_type="text/x",
    )
    index = story.log.append(entry)
    steps, checking = verify(story.log.bundle(index, [story.enrolment]), story.log.trust)
    assert [step.held for step in steps] == [True, True, False, True, True, True, True, True]
    assert "foreign" in steps[0].detail
    assert checking.result.enrolment.issuer == "https://lab.example"


# ---- what the log says of itself ------------------------------------------------------------------------


def test_the_log_s_own_statements_verify(forgeries):
    story = forgeries.Story()
    log = story.log
    later = log.own(log.policy)
    for index in (0, 1, 2, later, story.enrolment):
        steps, checking = verify(log.bundle(index), log.trust)
        assert len(steps) == 8, index
        assert all(step.held for step in steps)
        assert checking.result.enrolment.name == "the log's own key"
    assert verify(log.bundle(0), log.trust)[1].result.time == verify(log.bundle(1), log.trust)[1].result.time


def test_the_log_s_own_words_are_by_the_right_key_of_the_log(forgeries):
    story = forgeries.Story()
    log = story.log
    clock = log.clock(days=1, signer=log.operator)  # the operator's key is not the clock's
    with pytest.raises(TrothError, match="not the log's"):
        verify(log.bundle(clock), log.trust)
    policy = log.own(log.policy, signer=log.receipts)
    with pytest.raises(TrothError, match="not the log's"):
        verify(log.bundle(policy), log.trust)
    enrolment = log.enrol("x", by=log.receipts)
    with pytest.raises(TrothError, match="no enrolment in the file"):
        verify(log.bundle(enrolment), log.trust)
    stolen = log.enrol("y", request_signer=story.sim.key("mallory"))
    with pytest.raises(TrothError, match="another key"):
        verify(log.bundle(stolen), log.trust)


def test_before_the_first_clock_the_time_is_that_of_leaf_0(simulated):
    log = simulated.SimLog()
    enrolment = log.enrol("lab")
    claim = log.say("lab", log_release(), subject="urn:x:1")
    log.clock(hours=1)
    steps, checking = verify(log.bundle(claim, [enrolment]), log.trust)
    assert len(steps) == 8
    assert checking.result.time == log.fold(until=log.now).time.replace(hour=0)
    foreign = [
        each
        for each in decode(log.bundle(claim, [enrolment]))[1:]
        if read(each).kind != "registration-policy@1"
    ]
    later = log.own(log.policy)  # a later policy is no beginning
    data = make(
        decode(log.bundle(claim, [enrolment]))[0],
        [*foreign, attach(log.entries[later], [log.receipt(later)])],
    )
    with pytest.raises(UndecidedError, match="no clock"):
        verify(data, log.trust)


def log_release():
    from troth.statements.payloads import Release  # noqa: PLC0415 - used here alone

    return Release(system=System(uri="urn:x:1", name="x"), date="2026-01-01T00:00:00Z")


def test_a_receipt_by_a_foreign_log_beside_a_good_one_does_no_harm(forgeries):
    story = forgeries.Story()
    claim, others = _parts(story.bundle())
    mallory = story.sim.receipt_key("mallory")

    def twice(item):
        statement = read(item)
        index = story.log.index_of(statement.id)
        own = story.log.receipt(index)
        other = story.log.receipt(index, signer=mallory)
        return attach(statement.entry, [b"\xd2\x84\x40", other, own])

    steps, _ = verify(make(twice(claim), [twice(each) for each in others]), story.log.trust)
    assert len(steps) == 8


def test_what_stands_beside_a_claim_is_proven_too(forgeries):
    story = forgeries.Story()
    claim, others = _parts(story.bundle())
    bare = [read(each).entry for each in others]
    with pytest.raises(TrothError, match="anchors in the file carries no receipt"):
        verify(make(claim, bare), story.log.trust)
    elsewhere = forgeries.Story(name="elsewhere").log.trust
    with pytest.raises(TrothError, match="not trusted"):
        verify(claim, elsewhere, elsewhere)


def test_a_rotation_is_followed(forgeries):
    story = forgeries.Story(enrol=lambda log: log.enrol("old", issuer="https://lab.example", called="lab"))
    log = story.log
    first = read(log.entries[story.enrolment]).id
    rotation = log.enrol("lab", rotates=first, by=story.sim.key("old"))
    log.clock(hours=1)
    claim = log.say("lab", forgeries.RELEASE, subject=forgeries.SYSTEM.uri)
    data = log.bundle(claim, [story.enrolment, rotation])
    steps, checking = verify(data, log.trust)
    assert f"entry {rotation} gives" in steps[5].detail
    assert checking.result.enrolment.index == rotation
    clockless = [each for each in decode(data)[1:] if read(each).kind != "clock@1"]
    with pytest.raises(UndecidedError, match="before the rotation"):
        verify(make(decode(data)[0], clockless), log.trust)


def test_a_key_enrolled_twice_counts_by_the_term_that_covers(forgeries):
    story = forgeries.Story(enrol=lambda log: log.enrol("lab", days=400))
    log = story.log
    again = log.enrol("lab", start="2027-06-01T00:00:00Z")
    claim = log.say("lab", forgeries.RELEASE, subject=forgeries.SYSTEM.uri)
    after = log.enrol("lab")
    steps, checking = verify(log.bundle(claim, [story.enrolment, again, after]), log.trust)
    assert len(steps) == 8
    assert checking.result.enrolment.index == story.enrolment


def test_a_bundle_carries_what_its_claim_rests_on(forgeries):
    story = forgeries.Story()
    log = story.log
    reference = GuidelineRef(id="g", version="1", digest="sha256:" + 64 * "0")
    record = Commitment(
        guideline=reference, system=forgeries.SYSTEM, taken=[], expires="2027-01-01T00:00:00Z"
    )
    commitment = log.say("lab", record, subject=forgeries.SYSTEM.uri)
    from troth.statements.objectives import Objective  # noqa: PLC0415 - used here alone
    from troth.statements.payloads import PlannedMeasurement  # noqa: PLC0415 - as above

    row = Objective(id="c-1.a", control="c-1", statement="s", threshold="0.05")
    plan = log.say(
        "lab",
        Plan(
            commitment=commitment, system=forgeries.SYSTEM, measurements=[PlannedMeasurement(objective=row)]
        ),
        subject=forgeries.SYSTEM.uri,
    )
    log.clock(hours=1)
    acts = {
        "assessment": Assessment(
            rules="r", guideline=reference, commitment=commitment, plan=plan, results=[], evidence=[]
        ),
        "amendment": Amendment(amends=commitment, commitment=record, reason=""),
        "withdrawal": Withdrawal(withdraws=plan, reason=""),
        "unknown": Withdrawal(withdraws="A" * 43, reason=""),
    }
    expected = {
        "assessment": {commitment, plan},
        "amendment": {commitment},
        "withdrawal": {plan},
        "unknown": set(),
    }
    for name, act in acts.items():
        entry = log.say("lab", act, subject=forgeries.SYSTEM.uri)
        data = log.bundle(entry, [story.enrolment])
        carried = {each.statement.id for each in parse_bundle(data).others}
        assert carried & {commitment, plan} == expected[name], name
        assert len(verify(data, log.trust)[0]) == 8


def test_nothing_is_bundled_of_what_was_taken_down(forgeries):
    story = forgeries.Story()
    story.log.entries[story.index] = b""
    with pytest.raises(InputError):
        bundle(story.log, 5, [story.enrolment])
    from troth.workflows.bundles import transparent  # noqa: PLC0415 - used here alone

    with pytest.raises(InputError, match="taken down"):
        transparent(story.log, 5)


# ---- keys -----------------------------------------------------------------------------------------------


def test_a_ring_never_raises_and_take_says_why(simulated):
    log = simulated.SimLog()
    statements = [read(entry) for entry in log.entries]
    ring = KeyRing()
    assert ring.clock_keys() == ()
    assert not ring.is_operator(statements[1])
    for index, each in enumerate(statements):
        ring = ring.step(each, index)
    assert ring.is_operator(statements[1])
    assert operators(ring.anchors) == (log.operator.public,)
    assert receipt_keys(ring.anchors) == ring.clock_keys() == (log.receipts.public,)
    log.enrol("lab", by=simulated.key("mallory"))
    false = read(log.entries[2])
    with pytest.raises(TrothError, match="carries no key"):
        ring.admits("https://lab.example", None, log.now)
    assert ring.step(false, 2) is ring
    with pytest.raises(TrothError, match="may not enrol"):
        ring.take(false, 2)
    log.clock(hours=1)
    assert ring.step(read(log.entries[3]), 3) is ring


def test_a_rotation_is_held_against_the_enrolment_that_it_names(simulated):
    log = simulated.SimLog()
    first = log.enrol("old", issuer="https://lab.example", called="lab")
    second = log.enrol("old", issuer="https://lab.example", called="lab", days=9)
    rotation = log.enrol("lab", rotates=read(log.entries[second]).id, by=simulated.key("old"))
    statement = read(log.entries[rotation])
    ring = log.fold().ring
    one, other = (ring.by_id[read(log.entries[index]).id] for index in (first, second))
    assert check_enrolment(statement, log.anchors, other).key == simulated.key("lab").public
    for previous in (one, None):
        with pytest.raises(TrothError, match="may not enrol"):
            check_enrolment(statement, log.anchors, previous)


def test_only_an_enrolment_enrols(simulated):
    log = simulated.SimLog()
    with pytest.raises(TrothError, match="is no enrolment"):
        check_enrolment(read(log.entries[0]), log.anchors)
    log.enrol("lab")
    from troth.cose import assemble, parse_envelope, sig_structure  # noqa: PLC0415 - used here alone

    parts = parse_envelope(log.entries[2])
    header = dict(parts.header)
    header[15] = {label: value for label, value in header[15].items() if label != 8}
    protected = encode(header)
    bare = assemble(protected, {}, parts.payload, log.operator.sign(sig_structure(protected, parts.payload)))
    with pytest.raises(TrothError, match="carries no key"):
        check_enrolment(read(bare), log.anchors)


@given(st.text(max_size=80))
def test_any_text_is_a_key_or_an_input_error(text):
    with pytest.raises(InputError):
        key_from_text(text)


# ---- trust files ----------------------------------------------------------------------------------------


def test_a_trust_file_is_read_back(trust):
    assert parse_trust(trust.to_bytes()) == trust
    assert len(trust.keys()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"receipt_keys": []},
        {"receipt_keys": ["AAAA"]},
        {"receipt_keys": ["*"]},
        {"checkpoint_vkey": "x"},
        {"origin": "another.example"},
        {"origin": ""},
        {"quorum": 1},
        {"quorum": -1},
        {"witnesses": ["x"]},
    ],
)
def test_a_trust_file_that_does_not_hold_together_is_refused(trust, changes):
    broken = msgspec.to_builtins(trust) | changes
    with pytest.raises(TrustFileError, match="troth trust add"):
        parse_trust(msgspec.json.encode(broken), where="my file")


@given(st.binary(max_size=120))
def test_any_bytes_are_a_trust_file_or_a_trust_file_error(data):
    with pytest.raises(TrustFileError):
        parse_trust(data)


def test_a_trust_file_has_a_limit():
    with pytest.raises(TrustFileError, match="262144"):
        parse_trust(b" " * 300_000)


# ---- fuzz -----------------------------------------------------------------------------------------------


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_an_error_of_the_tree(trust, data):
    for prefix in (b"", b"\x81\x58", b"\x82\x41", b"\xd2\x84"):
        with pytest.raises(TrothError):
            verify(prefix + data, trust)
        with pytest.raises(TrothError):
            parse_bundle(prefix + data)


@given(
    at=st.integers(0, 100_000),
    bits=st.integers(1, 255),
    how=st.sampled_from(["flip", "cut", "double", "drop"]),
)
def test_a_damaged_bundle_is_never_verified(good, trust, at, bits, how):
    at %= len(good)
    damaged = {
        "flip": good[:at] + bytes([good[at] ^ bits]) + good[at + 1 :],
        "cut": good[:at],
        "double": good[:at] + good[at:] + good[at:],
        "drop": good[:at] + good[at + 1 :],
    }[how]
    checking = Verification(damaged, (trust,))
    with pytest.raises(TrothError):
        list(checking.steps())
    assert checking.result is None


@given(order=st.permutations(range(3)))
def test_the_order_of_further_items_does_not_matter(good, trust, order):
    claim, others = _parts(good)
    steps, _ = verify(make(claim, [others[place] for place in order]), trust)
    assert len(steps) == 8


def test_signing_twice_gives_the_same_bytes(simulated):
    when = simulated.SimLog().now
    one, other = (
        sign(
            simulated.key("lab"),
            log_release(),
            issuer="https://lab.example",
            subject="urn:x:1",
            issued_at=when,
        )
        for _ in range(2)
    )
    assert one == other
