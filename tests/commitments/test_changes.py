import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.commitments import compare, compare_objectives
from troth.statements.objectives import Objective
from troth.statements.payloads import LeftOut, System

replace = msgspec.structs.replace
OPPOSITE = {"weakened": "strengthened", "strengthened": "weakened", "other": "other"}


def shape(changes):
    return [(change.effect, change.control, change.objective, change.field) for change in changes]


def test_the_same_text_has_no_changes(make):
    assert compare(make(), make()) == []


ROWS = [
    ({"threshold": "0.06"}, "weakened"),
    ({"threshold": "0.04"}, "strengthened"),
    ({"threshold": None}, "weakened"),
    ({"threshold": "0.050"}, None),
    ({"confidence": "0.9"}, "weakened"),
    ({"confidence": "0.950"}, None),
    ({"minimum_n": 100}, "weakened"),
    ({"minimum_n": 151}, "strengthened"),
    ({"minimum_clusters": 49}, "weakened"),
    ({"maximum_age_days": 365}, "weakened"),
    ({"maximum_age_days": 90}, "strengthened"),
    ({"maximum_age_days": None}, "weakened"),
    ({"binding": "snapshot"}, "weakened"),
    ({"binding": "unbound"}, "weakened"),
    ({"scorer": ""}, "weakened"),
    ({"scorer": "another"}, "other"),
    ({"evaluation_version": ""}, "weakened"),
    ({"evaluation_version": "2"}, "other"),
    ({"evaluation": "another"}, "other"),
    ({"method": "attested"}, "weakened"),
    ({"cluster_unit": "metadata:x"}, "other"),
    ({"statement": "Else."}, "other"),
    ({"set_by": "us"}, "other"),
    ({"reason": "Else."}, "other"),
]


@pytest.mark.parametrize(("changes", "effect"), ROWS)
def test_a_row_is_judged_by_rule_in_both_directions(make, with_row, changes, effect):
    old = make()
    new = with_row(old, "st-2.leak", **changes)
    field = next(iter(changes))
    expected = [] if effect is None else [(effect, "st-2", "st-2.leak", field)]
    assert shape(compare(old, new)) == expected
    assert shape(compare(new, old)) == [(OPPOSITE[one], *rest) for one, *rest in expected]


def test_a_floor_is_weakened_by_lowering_it(make, with_row):
    old = make(take=("st-3",))
    (change,) = compare(old, with_row(old, "st-3.refuse", threshold="0.90"))
    assert change.effect == "weakened"
    assert change.sentence == "st-3.refuse: threshold is weaker, 0.95 before, 0.90 now."


def test_thresholds_of_turned_rows_cannot_be_weighed(make, with_row):
    old = make()
    new = with_row(old, "st-2.leak", direction="at-least", threshold="0.01")
    assert shape(compare(old, new)) == [
        ("other", "st-2", "st-2.leak", "direction"),
        ("other", "st-2", "st-2.leak", "threshold"),
    ]


def test_an_open_threshold_that_is_stated_is_stronger(make, with_row):
    old = make(take=("st-4",))
    (change, *_) = compare(old, with_row(old, "st-4.misuse", threshold="0.5"))
    assert (change.effect, change.old, change.new) == ("strengthened", "", "0.5")
    assert "none before, 0.5 now" in change.sentence


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"expires": "2027-01-01T00:00:00Z"}, [("weakened", "", "", "expires")]),
        ({"expires": "2028-01-01T00:00:00Z"}, [("strengthened", "", "", "expires")]),
        ({"contact": "safety@lab.example"}, [("strengthened", "", "", "contact")]),
        ({"system": System(uri="https://lab.example/two", name="Two")}, [("other", "", "", "system")]),
        ({"system": System(uri="https://lab.example/models/one", name="One", version="2")}, [("other", "", "", "system")]),
    ],
)  # fmt: skip
def test_the_whole_is_compared(make, changes, expected):
    old = make()
    new = replace(old, **changes)
    assert shape(compare(old, new)) == expected
    assert shape(compare(new, old)) == [(OPPOSITE[one], *rest) for one, *rest in expected]


def test_another_version_of_the_guideline_is_named(make):
    old = make()
    (change,) = compare(old, replace(old, guideline=replace(old.guideline, version="2.0")))
    assert (change.effect, change.field) == ("other", "guideline")
    assert "starter 2.0" in change.new


@pytest.mark.parametrize("field", ["conditions", "alternative"])
def test_a_condition_or_alternative_weakens(make, with_taken, field):
    old = make()
    some = with_taken(old, "st-1", **{field: "Only in English."})
    other = with_taken(old, "st-1", **{field: "Only in French."})
    assert shape(compare(old, some)) == [("weakened", "st-1", "", field)]
    assert shape(compare(some, old)) == [("strengthened", "st-1", "", field)]
    assert shape(compare(some, other)) == [("other", "st-1", "", field)]
    assert compare(old, some)[0].sentence.startswith(f"st-1: the {field} ")


def test_controls_that_come_and_go(make):
    old, new = make(take=("st-1", "st-2")), make(take=("st-2", "st-3"))
    assert shape(compare(old, new)) == [
        ("weakened", "st-1", "", "control"),
        ("strengthened", "st-3", "", "control"),
    ]
    assert compare(old, new)[0].sentence == "st-1 is no longer promised: Not yet measured."
    silent = replace(new, left_out=[left for left in new.left_out if left.control != "st-1"])
    assert compare(old, silent)[0].sentence == "st-1 is no longer promised, without a reason."


def test_reasons_for_leaving_out_are_compared(make):
    old = make()
    new = replace(old, left_out=[*old.left_out[1:], LeftOut(control="zz-1", title="t", reason="new here")])
    assert shape(compare(old, new)) == [("other", "st-3", "", "reason"), ("other", "zz-1", "", "reason")]


def test_rows_that_come_and_go(make, with_taken):
    old = make()
    new = with_taken(old, "st-2", objectives=[])
    assert shape(compare(old, new)) == [("weakened", "st-2", "st-2.leak", "objective")]
    assert shape(compare(new, old)) == [("strengthened", "st-2", "st-2.leak", "objective")]


def test_a_title_that_changes_is_other(make, with_taken):
    old = make()
    assert shape(compare(old, with_taken(old, "st-2", title="Else"))) == [("other", "st-2", "", "title")]


decimal = st.decimals("0.51", "0.99", places=2).map(str)
rows = st.builds(
    Objective,
    id=st.just("a"),
    control=st.just("c"),
    statement=st.just("s"),
    evaluation=st.sampled_from(["x", "y"]),
    scorer=st.sampled_from(["", "j", "k"]),
    direction=st.sampled_from(["at-most", "at-least"]),
    threshold=st.none() | decimal,
    confidence=decimal,
    minimum_n=st.integers(1, 9),
    maximum_age_days=st.none() | st.integers(1, 9),
    binding=st.sampled_from(["digest", "snapshot", "endpoint", "unbound"]),
)


@given(rows, rows)
def test_going_back_undoes_every_judgement(old, new):
    there, back = compare_objectives(old, new), compare_objectives(new, old)
    assert [(change.field, OPPOSITE[change.effect], change.new, change.old) for change in there] == [
        (change.field, change.effect, change.old, change.new) for change in back
    ]
    assert (there == []) == (old == new)
