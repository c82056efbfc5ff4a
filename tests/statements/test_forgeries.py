"""A claim is refused for the right reason: the step that fails, and the error it fails with."""

import pytest

from troth.cose import assemble, attach, decode, encode, parse_envelope, sig_structure
from troth.cose import sign as cose_sign
from troth.errors import TrothError, UndecidedError, VerificationError
from troth.identifiers import format_instant
from troth.statements import read
from troth.statements.objectives import Objective
from troth.statements.payloads import (
    Amendment,
    Assessment,
    Commitment,
    GuidelineRef,
    Plan,
    PlannedMeasurement,
)
from troth.statements.verify import Verification


def verify(data, *trusted, blob=None):
    """(titles and details of the steps that held, the failure or None, the verification)."""
    checking = Verification(data, trusted, blob=blob)
    steps = []
    try:
        for step in checking.steps():
            steps.append(step)  # noqa: PERF402 - what held before the failure is wanted too
    except TrothError as error:
        return steps, error, checking
    return steps, None, checking


def test_a_good_bundle_holds_in_eight_steps(forgeries):
    steps, failure, checking = verify(forgeries.good(), forgeries.trust())
    assert failure is None
    assert [step.number for step in steps] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert all(step.held for step in steps)
    assert checking.result.statement.issuer == "https://lab.example"
    assert checking.result.proven.index == 5
    assert checking.result.enrolment.name == "lab"
    assert format_instant(checking.result.time) == "2026-01-02T01:00:00Z"


def test_a_bare_statement_rests_on_the_log_s_word(forgeries):
    bare = next(case.data for case in forgeries.cases() if case.name == "good-bare")
    steps, failure, checking = verify(bare, forgeries.trust())
    assert failure is None
    assert [(step.number, step.held) for step in steps] == [
        (1, True), (2, True), (3, True), (4, True), (5, False), (6, False), (7, False), (8, True),
    ]  # fmt: skip
    assert checking.result.time is None


def test_every_forgery_is_refused_at_its_step(forgeries):
    seen = set()
    for case in forgeries.cases():
        steps, failure, checking = verify(case.data, forgeries.trust())
        if not case.code:
            assert failure is None, case.name
            continue
        assert failure is not None, case.name
        assert (len(steps) + 1, failure.code) == (case.step, case.code), (case.name, str(failure))
        assert checking.at == case.step
        assert checking.result is None
        assert str(failure)
        seen.add(case.name)
    assert len(seen) >= 20


def test_without_a_trust_file_nothing_is_decided(forgeries):
    steps, failure, _ = verify(forgeries.good())
    assert isinstance(failure, UndecidedError)
    assert "signature good, log unknown" in str(failure)
    assert [step.number for step in steps] == [1, 2, 3]


def test_a_trust_file_of_another_log_does_not_help(forgeries):
    other = forgeries.Story(name="elsewhere").log.trust
    _, failure, _ = verify(forgeries.good(), other)
    assert failure.code == "wrong-log"
    _, failure, _ = verify(forgeries.good(), other, forgeries.trust())
    assert failure is None


@pytest.mark.parametrize("made", ["good", "good_more"])
def test_no_byte_of_the_file_can_be_changed(forgeries, made):
    """Bytes over the whole file, one bit each: never verified, and never another exception."""
    data, trust = getattr(forgeries, made)(), forgeries.trust()
    for at in range(0, len(data), 5):
        forged = data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :]
        _, failure, checking = verify(forged, trust)
        assert failure is not None, at
        assert checking.result is None


# ---- what else is in the file ---------------------------------------------------------------------------


def case(forgeries, name):
    return next(each.data for each in forgeries.cases() if each.name == name)


def test_what_is_enclosed_is_named_where_it_fails(forgeries):
    for name in ("altered-enclosed", "resigned-enclosed", "unregistered-enclosed"):
        _, failure, _ = verify(case(forgeries, name), forgeries.trust())
        assert isinstance(failure, VerificationError)
        assert "item 4 of the bundle (release@1 by https://lab.example)" in str(failure), str(failure)


def test_what_is_enclosed_is_checked_as_far_as_it_goes_without_a_trust_file(forgeries):
    steps, failure, checking = verify(case(forgeries, "altered-enclosed"))
    assert (len(steps), checking.at, failure.code) == (3, 8, "signature")
    steps, failure, checking = verify(case(forgeries, "unregistered-enclosed"))
    assert (len(steps), checking.at, failure.code) == (3, 4, "undecided")


def test_what_is_enclosed_beside_a_claim_without_anchors_is_checked_too(forgeries):
    items = [
        each
        for each in decode(case(forgeries, "altered-enclosed"))
        if read_kind(each) in {"withdrawal@1", "release@1"}
    ]
    _, failure, checking = verify(encode(items), forgeries.trust())
    assert (checking.at, failure.code) == (8, "signature")


def test_what_the_claim_names_and_the_file_lacks_is_told(forgeries):
    claim, *items = decode(forgeries.good_more())
    steps, failure, _ = verify(forgeries.good_more(), forgeries.trust())
    assert failure is None
    assert steps[-1].detail == "5 further statements are signed, and in the same log"
    less = [each for each in items if read_kind(each) != "release@1"]
    steps, failure, _ = verify(forgeries.make(claim, less), forgeries.trust())
    assert failure is None
    assert steps[-1].detail.endswith("; the statement it names is not in this file")
    steps, failure, _ = verify(claim, forgeries.trust())
    assert steps[-1].detail.startswith("no further statement is in this file; the statement")


ENTRY = "A" * 43
END = "2027-01-01T00:00:00Z"
PLANNED = PlannedMeasurement(objective=Objective(id="c-1.a", control="c-1", statement="s", method="attested"))


@pytest.mark.parametrize(
    ("record", "named"),
    [
        (lambda made: Assessment(**made, commitment=ENTRY, plan=ENTRY, results=[], evidence=[], rules="r"), 2),
        (lambda made: Assessment(**made, results=[], evidence=[], rules="r"), 0),
        (lambda made: Plan(commitment=ENTRY, system=made["system"], measurements=[PLANNED]), 1),
        (lambda made: Amendment(amends=ENTRY, reason="r", commitment=Commitment(**made, taken=[], expires=END)), 1),
    ],
)  # fmt: skip
def test_every_kind_that_names_another_says_what_is_lacking(forgeries, record, named):
    story = forgeries.Story()
    guideline = GuidelineRef(id="g", version="1", digest="sha256:" + 64 * "0")
    said = record({"guideline": guideline, "system": forgeries.SYSTEM})
    claim = story.log.say("lab", said, subject=forgeries.SYSTEM.uri)
    steps, failure, _ = verify(story.log.bundle(claim, [story.enrolment]), story.log.trust)
    assert failure is None
    assert steps[-1].detail.count("it names is not in this file") == named


def test_an_enrolment_says_which_one_it_follows(forgeries):
    story = forgeries.Story()
    first = read(story.log.entries[story.enrolment]).id
    turned = story.log.enrol("new", issuer="https://lab.example", rotates=first)
    steps, failure, _ = verify(story.log.bundle(turned, [story.enrolment]), story.log.trust)
    assert failure is None
    assert "not in this file" not in steps[-1].detail


def test_an_unknown_kind_travels_if_it_is_signed_and_registered(forgeries):
    for key, code in ((True, None), (False, "signature")):
        story = forgeries.Story()
        signer = story.sim.key("lab")
        entry = cose_sign(
            signer, iss="https://lab.example", sub="urn:x", iat=1, content_type="text/plain", payload=b"hello"
        )
        if not key:
            parts = parse_envelope(entry)
            header = {**parts.header, 15: {k: v for k, v in parts.header[15].items() if k != 8}}
            protected = encode(header)
            entry = assemble(
                protected, {}, parts.payload, signer.sign(sig_structure(protected, parts.payload))
            )
        at = story.log.append(entry)
        claim, *items = decode(story.bundle())
        given = forgeries.make(claim, [*items, attach(entry, [story.log.receipt(at)])])
        _, failure, checking = verify(given, story.log.trust)
        assert (failure and failure.code) == code
        if failure:
            assert "a foreign statement by https://lab.example" in str(failure)
        broken = forgeries.make(claim, [*items, attach(entry, [b"\xd2\x84"])]) if key else None
        if broken:
            _, failure, checking = verify(broken, story.log.trust)
            assert isinstance(failure, TrothError)
            assert checking.result is None


def read_kind(item):
    return read(item).kind


@pytest.mark.parametrize(
    ("dropped", "code"),
    [("key-enrolment@1", "enrolment"), ("clock@1", "undecided"), ("trust-anchors@1", None)],
)
def test_leaving_things_out_of_a_bundle_never_adds(forgeries, dropped, code):
    story = forgeries.Story()
    data = forgeries.make(decode(story.bundle())[0], story.others(without=dropped))
    steps, failure, checking = verify(data, forgeries.trust())
    if code:
        assert failure.code == code
    else:  # then the receipt alone speaks, and the steps say so
        assert failure is None
        assert [step.held for step in steps[4:]] == [False, False, False, True]
        assert checking.result.enrolment is None
