import contextlib
import json
import re
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.commitments import (
    AS_IT_STANDS,
    Terms,
    check_commitment,
    draft_commitment,
    read_commitment,
    skeleton,
)
from troth.errors import CommitmentError
from troth.guidance import objectives, read_catalog, reference
from troth.statements.canonical import canonical
from troth.statements.payloads import LeftOut, System

replace = msgspec.structs.replace


def test_a_draft_accounts_for_every_control_in_order(starter, make):
    commitment = make()
    assert [taken.control for taken in commitment.taken] == ["st-1", "st-2", "st-8"]
    assert [left.control for left in commitment.left_out] == [
        key for key in starter.controls if key not in {"st-1", "st-2", "st-8"}
    ]
    assert commitment.guideline == reference(starter)
    assert [row.id for taken in commitment.taken for row in taken.objectives] == [
        "st-1.follow",
        "st-2.leak",
        "st-8.contact",
    ]
    rows = {row.id: row for row in objectives(starter)}
    assert all(row == rows[row.id] for taken in commitment.taken for row in taken.objectives)


def test_a_commitment_survives_the_wire(make):
    commitment = make()
    assert read_commitment(canonical(commitment)) == commitment


def test_promising_nothing_with_reasons_is_a_commitment(make):
    assert make(take=()).taken == []


def test_an_open_threshold_is_stated_with_author_and_reason(make, own_threshold):
    commitment = make(st_4={"rows": {"st-4.misuse": own_threshold}})
    assert commitment.taken[-2].objectives[0].threshold == "0.10"


def test_an_open_threshold_may_stay_open(make):
    assert make(take=("st-4",)).taken[0].objectives[0].threshold is None


def test_a_stricter_row_needs_no_alternative(make):
    stricter = {
        "threshold": "0.01",
        "set_by": "us",
        "reason": "we can",
        "minimum_n": 500,
        "confidence": "0.99",
    }
    assert make(st_2={"rows": {"st-2.leak": stricter}}).taken[1].alternative == ""
    floor = {"threshold": "0.99", "set_by": "us", "reason": "we can"}
    assert make(st_3={"rows": {"st-3.refuse": floor}})


WEAKER = [
    ("st-2.leak", {"threshold": "0.06"}),
    ("st-2.leak", {"threshold": None}),
    ("st-3.refuse", {"threshold": "0.94"}),
    ("st-2.leak", {"confidence": "0.9"}),
    ("st-2.leak", {"minimum_n": 149}),
    ("st-2.leak", {"minimum_clusters": 1}),
    ("st-2.leak", {"maximum_age_days": None}),
    ("st-2.leak", {"maximum_age_days": 181}),
    ("st-2.leak", {"binding": "endpoint"}),
    ("st-2.leak", {"evaluation": "another"}),
    ("st-2.leak", {"scorer": "another"}),
    ("st-2.leak", {"evaluation_version": ""}),
    ("st-2.leak", {"cluster_unit": "metadata:x"}),
    ("st-2.leak", {"direction": "at-least"}),
    ("st-2.leak", {"statement": "Something else."}),
    ("st-2.leak", {"reason": "Something else."}),
]


@pytest.mark.parametrize(("key", "changes"), WEAKER)
def test_a_weaker_or_other_row_needs_an_alternative(make, key, changes):
    if "threshold" in changes:
        changes = changes | {"set_by": "us", "reason": "we cannot do better"}
    control = key.partition(".")[0]
    with pytest.raises(CommitmentError, match="say in the control's alternative"):
        make(**{control.replace("-", "_"): {"rows": {key: changes}}})
    words = "We measure less, and look at every case by hand."
    commitment = make(**{control.replace("-", "_"): {"rows": {key: changes}, "alternative": words}})
    assert words in {taken.alternative for taken in commitment.taken}


@pytest.mark.parametrize("lacking", ["set_by", "reason"])
@pytest.mark.parametrize("how", ["empty", "the guideline's"])
def test_an_own_threshold_without_author_or_reason_is_refused(make, lacking, how):
    row = {"threshold": "0.01", "set_by": "us", "reason": "we can"}
    row[lacking] = " "
    if how != "empty":
        del row[lacking]
    with pytest.raises(CommitmentError, match=f"{lacking} does not say") as error:
        make(st_2={"rows": {"st-2.leak": row}})
    assert error.value.where == f"/taken/1/objectives/0/{lacking}"


def test_a_dropped_row_needs_an_alternative(starter, make, with_taken):
    dropped = with_taken(make(), "st-2", objectives=[])
    with pytest.raises(CommitmentError, match=r"row 'st-2\.leak' is missing"):
        check_commitment(dropped, starter)
    check_commitment(with_taken(dropped, "st-2", alternative="We read every answer."), starter)


def test_rows_of_ones_own_may_be_added(starter, make, with_taken):
    own = replace(make().taken[1].objectives[0], id="st-2.own", evaluation="ours")
    commitment = make()
    check_commitment(
        with_taken(commitment, "st-2", objectives=[*commitment.taken[1].objectives, own]), starter
    )
    with pytest.raises(CommitmentError, match=r"'st-2\.own' belongs to st-2, not to st-1"):
        check_commitment(
            with_taken(commitment, "st-1", objectives=[*commitment.taken[0].objectives, own]), starter
        )
    bad = replace(own, confidence="0.2")
    with pytest.raises(CommitmentError, match="not between") as error:
        check_commitment(with_taken(commitment, "st-2", objectives=[bad]), starter)
    assert error.value.where == "/taken/1/objectives/0"


def test_a_row_twice_is_refused(starter, make, with_taken):
    commitment = make()
    row = commitment.taken[1].objectives[0]
    with pytest.raises(CommitmentError, match=r"'st-2\.leak' is there twice"):
        check_commitment(with_taken(commitment, "st-2", objectives=[row, row]), starter)


@pytest.mark.parametrize(
    ("change", "where", "what"),
    [
        (lambda c: replace(c, system=System(uri="one", name="x")), "/system/uri", "not a system"),
        (lambda c: replace(c, expires="2027-02-30T00:00:00Z"), "/expires", "not an instant"),
        (lambda c: replace(c, taken=[*c.taken, c.taken[0]]), "/taken/3/control", "in taken twice"),
        (lambda c: replace(c, left_out=c.left_out[1:]), "/left_out", "nothing is said about 1 of 11 controls: st-3"),
        (lambda c: replace(c, left_out=[], taken=[]), "/left_out", "11 of 11 controls: st-1, st-2, st-3, st-4, st-5 …"),
        (
            lambda c: replace(c, left_out=[*c.left_out, LeftOut(control="st-1", title="t", reason="r")]),
            "/left_out/8/control",
            "st-1 is both taken and left out",
        ),
        (
            lambda c: replace(c, left_out=[*c.left_out, LeftOut(control="st-111", title="t", reason="r")]),
            "/left_out/8/control",
            "no control 'st-111'",
        ),
        (lambda c: replace(c, left_out=[replace(c.left_out[0], reason=" "), *c.left_out[1:]]), "/left_out/0/reason", "st-3 is left out without a reason"),
        (lambda c: replace(c, left_out=[replace(c.left_out[0], title="T"), *c.left_out[1:]]), "/left_out/0/title", "titled 'T'"),
        (lambda c: replace(c, guideline=replace(c.guideline, version="9")), "/guideline", "starter 9"),
    ],
)  # fmt: skip
def test_what_does_not_fit_its_guideline_is_named(starter, make, change, where, what):
    with pytest.raises(CommitmentError) as error:
        check_commitment(change(make()), starter)
    assert error.value.where == where
    assert what in error.value.what
    assert error.value.hint


def test_a_near_id_is_suggested(starter, make):
    with pytest.raises(CommitmentError, match=r"no control 'st-01'.*Did you mean 'st-1'"):
        make(take=("st-01",))


def test_the_expiry_lies_after_the_instant(starter, make):
    commitment = make()
    check_commitment(commitment, starter, at=datetime(2027, 6, 29, tzinfo=UTC))
    with pytest.raises(CommitmentError, match="not after 2027-06-30T00:00:00Z"):
        check_commitment(commitment, starter, at=datetime(2027, 6, 30, tzinfo=UTC))


def test_a_draft_refuses_contradictions(starter):
    system = System(uri="https://lab.example/m", name="M")
    both = {"take": {"st-1": AS_IT_STANDS}, "leave": {"st-1": "no"}}
    with pytest.raises(CommitmentError, match="both taken and left out"):
        draft_commitment(starter, system, expires="2027-01-01T00:00:00Z", **both)


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ({"st-1.leak": {}}, r"no row 'st-1\.leak' to change.*Rows here are st-1\.follow"),
        ({"st-1.follow": {"threshold": 0.05}}, "a changed row does not fit"),
        ({"st-1.follow": {"threshold": "5%"}}, "a changed row does not fit"),
    ],
)
def test_terms_that_do_not_fit_are_refused(make, rows, what):
    with pytest.raises(CommitmentError, match=what):
        make(st_1={"rows": rows})


def test_long_titles_are_cut_to_what_a_payload_holds():
    title = "Very " * 60
    data = json.dumps(
        {
            "catalog": {
                "uuid": "u",
                "metadata": {"title": "t", "version": "1", "last-modified": "x", "oscal-version": "1.1.2"},
                "controls": [{"id": "a", "title": title}],
            }
        }
    ).encode()
    commitment = draft_commitment(
        read_catalog(data),
        System(uri="https://lab.example/m", name="M"),
        take={"a": Terms(conditions="In the lab.")},
        leave={},
        expires="2027-01-01T00:00:00Z",
    )
    assert len(commitment.taken[0].title) == 200
    assert read_commitment(canonical(commitment)) == commitment


# ---- the file that people edit


def filled(starter):
    """The skeleton as an adopter fills it in: st-4 taken with an own threshold, st-5 taken open, the rest left out."""
    plain = skeleton(starter)
    plain["system"] = {"uri": "https://lab.example/m", "name": "M"}
    plain["expires"] = "2027-01-01T00:00:00Z"
    plain["taken"] = [each for each in plain["taken"] if each["control"] in {"st-4", "st-5"}]
    plain["left_out"] = [
        each | {"reason": "later"} for each in plain["left_out"] if each["control"] not in {"st-4", "st-5"}
    ]
    plain["taken"][0]["objectives"][0] |= {"threshold": "0.1", "set_by": "us", "reason": "we asked around"}
    del plain["taken"][1]["objectives"][0]["threshold"]
    return plain


def test_a_skeleton_does_not_pass_unedited(starter):
    with pytest.raises(CommitmentError) as error:
        read_commitment(json.dumps(skeleton(starter)).encode())
    assert error.value.where == "/system/uri"
    assert "Fill in what is empty" in error.value.hint


def test_a_skeleton_asks_for_a_decision_on_every_control(starter):
    plain = skeleton(starter) | {
        "system": {"uri": "https://lab.example/m", "name": "M"},
        "expires": "2027-01-01T00:00:00Z",
    }
    for each in plain["taken"]:
        for row in each["objectives"]:
            row.pop("threshold", None) if row.get("threshold") == "" else None
    with pytest.raises(CommitmentError, match="st-1 is both taken and left out"):
        check_commitment(read_commitment(json.dumps(plain).encode()), starter)


def test_an_edited_skeleton_passes(starter):
    commitment = read_commitment(json.dumps(filled(starter)).encode())
    check_commitment(commitment, starter)
    assert [row.threshold for taken in commitment.taken for row in taken.objectives] == ["0.1", None]


@pytest.mark.parametrize(
    ("change", "where", "hint"),
    [
        (lambda p: p["taken"][0].update(conditons="x"), "/taken/0/conditons", "Did you mean 'conditions'?"),
        (lambda p: p["taken"][0]["objectives"][0].update(treshold="1"), "/taken/0/objectives/0/treshold", "'threshold'"),
        (lambda p: p.update(zzz=1), "/zzz", "Known are guideline"),
        (lambda p: p["taken"][0]["objectives"][0].update(threshold=0.1), "/taken/0/objectives/0/threshold", "Fill in"),
    ],
)  # fmt: skip
def test_a_slip_in_a_field_is_named(starter, change, where, hint):
    plain = filled(starter)
    change(plain)
    with pytest.raises(CommitmentError) as error:
        read_commitment(json.dumps(plain).encode())
    assert error.value.where == where
    assert hint in error.value.hint


def test_the_specifications_example_is_read(root):
    text = (root / "docs/specs/commitment.md").read_text()
    example = re.search(r"```json\n(.*?)```", text, re.DOTALL)[1].replace("sha256:…", "sha256:" + "0" * 64)
    assert read_commitment(example.encode()).taken[0].objectives[0].threshold == "0.10"


def test_what_is_not_json_is_refused():
    with pytest.raises(CommitmentError, match="not JSON"):
        read_commitment(b"{")


@given(st.binary(max_size=100))
def test_any_bytes_are_refused(data):
    with pytest.raises(CommitmentError):
        read_commitment(data)


@given(st.data())
def test_a_changed_file_is_read_or_refused(starter, data):
    source = bytearray(json.dumps(filled(starter)).encode())
    at = data.draw(st.integers(0, len(source) - 1))
    source[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(CommitmentError):  # anything else would fail this test
        check_commitment(read_commitment(bytes(source)), starter)
