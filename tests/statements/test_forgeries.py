"""A claim is refused for the right reason: the step that fails, and the error it fails with."""

import pytest

from troth.cose import decode
from troth.errors import TrothError, UndecidedError
from troth.identifiers import format_instant
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


def test_a_good_bundle_holds_in_seven_steps(forgeries):
    steps, failure, checking = verify(forgeries.good(), forgeries.trust())
    assert failure is None
    assert [step.number for step in steps] == [1, 2, 3, 4, 5, 6, 7]
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
        (1, True), (2, True), (3, True), (4, True), (5, False), (6, False), (7, False),
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


def test_no_byte_of_the_claim_can_be_changed(forgeries):
    """Every byte of the claim's item, one bit each: never verified, and never another exception."""
    data, trust = forgeries.good(), forgeries.trust()
    claim = decode(data)[0]
    start = data.index(claim)
    for at in range(start, start + len(claim), 3):
        forged = data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :]
        _, failure, checking = verify(forged, trust)
        assert failure is not None, at
        assert checking.result is None


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
        assert [step.held for step in steps[4:]] == [False, False, False]
        assert checking.result.enrolment is None
