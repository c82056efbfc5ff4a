"""Epoch reductions against their definitions, and the reasons we give where header and samples part."""

import math
import statistics
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.measurement.inspect import READER
from troth.measurement.inspect_metrics import reducer_named

SEEN = st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, math.nan]), min_size=1, max_size=7)


def by(name, seen):
    return reducer_named(name)(["raw" if math.isnan(value) else value for value in seen], seen)


def same(one, two):
    return (math.isnan(one) and math.isnan(two)) or math.isclose(one, two, abs_tol=1e-12)


@given(SEEN)
def test_mean_median_and_max_leave_out_what_is_unscored(seen):
    scored = [value for value in seen if not math.isnan(value)]
    for name, of in (("mean", statistics.mean), ("median", statistics.median), ("max", max)):
        assert same(by(name, seen), of(scored) if scored else math.nan)


@given(SEEN, st.integers(1, 5))
def test_the_reducers_with_a_number_follow_their_definitions(seen, k):
    scored = [value for value in seen if not math.isnan(value)]
    draws = list(combinations(scored, k))
    passed = [sum(value >= 1 for value in draw) for draw in draws]
    expected = {
        "at_least": float(sum(value >= 1 for value in scored) >= k) if scored else math.nan,
        "pass_at": sum(count > 0 for count in passed) / len(draws) if draws else math.nan,
        "pass_k": sum(count == k for count in passed) / len(draws) if draws else math.nan,
    }
    for name, value in expected.items():
        assert same(by(f"{name}_{k}", seen), value), name


@given(SEEN)
def test_mode_and_majority_vote_with_raw_values(seen):
    scored = [value for value in seen if not math.isnan(value)]
    assert same(by("mode", seen), statistics.mode(scored) if scored else math.nan)
    won = [value for value in set(scored) if scored.count(value) * 2 > len(seen)]
    assert same(by("majority", seen), won[0] if won else math.nan)


def test_votes_are_for_raw_values_not_for_what_they_count_as():
    assert reducer_named("mode")(["I", "N", "C", "C", "I", "C", "N"], [0, 0, 1, 1, 0, 1, 0]) == 1
    assert reducer_named("mode")(["I", "C"], [0, 1]) == 0, "the first of equals"


@pytest.mark.parametrize(
    "name", ["collect", "", "at_least", "at_least_0", "at_least_2x", "pass_at_-1", "best"]
)
def test_a_reducer_that_we_do_not_know_is_none(name):
    assert reducer_named(name) is None


@pytest.fixture
def differing(memory, inspect_log):
    """(disagreements, layout-independent) of a log with these rows and header scores."""

    def differing(rows, *scores, **eval_fields):
        samples = [inspect_log.sample(*row) if isinstance(row, tuple) else row for row in rows]
        data = inspect_log.eval(
            samples, header=inspect_log.headed(list(scores), **eval_fields), samples=False
        )
        found = READER.read(memory(data), "", frozenset({"sample"})).disagreements
        return [(each.scorer, each.metric, each.header, each.recomputed, each.reason) for each in found]

    return differing


EPOCHS = [(1, 1, {"s": "C"}), (1, 2, {"s": "I"}), (1, 3, {"s": "I"}), (2, 1, {"s": "C"}), (2, 2, {"s": "C"}), (2, 3, {"s": "C"}), (3, 1, {"s": "I"})]  # fmt: skip


@pytest.mark.parametrize(
    ("reducer", "figure"),
    [
        ("mean", 4 / 9),
        ("mode", 1 / 3),
        ("median", 1 / 3),
        ("max", 2 / 3),
        ("at_least_2", 1 / 3),
        ("at_least_1", 2 / 3),
        ("majority", 1 / 3),
    ],
)
def test_a_figure_is_recomputed_after_the_reducer_that_the_header_names(
    differing, inspect_log, reducer, figure
):
    right = inspect_log.result(reducer=reducer, scored=3, accuracy=figure)
    assert differing(EPOCHS, right) == []
    assert differing(EPOCHS, right | {"reducer": None}, config={"epochs_reducer": [reducer]}) == []
    wrong = inspect_log.result(reducer=reducer, scored=4, accuracy=figure + 2e-9, mean=figure)
    assert [(metric, reason) for _, metric, _, _, reason in differing(EPOCHS, wrong)] == [
        (f"accuracy after {reducer}", "the samples in the file give another figure"),
        (f"scored_samples after {reducer}", "the header counts other samples than the file holds"),
    ]


def test_pass_at_leaves_out_samples_with_too_few_epochs(differing, inspect_log):
    assert (
        differing(EPOCHS, inspect_log.result(reducer="pass_at_2", scored=2, accuracy=(2 / 3 + 1) / 2)) == []
    )
    assert differing(EPOCHS, inspect_log.result(reducer="pass_k_2", scored=2, accuracy=1 / 2)) == []


def test_a_header_without_a_reducer_may_mean_rows(differing, inspect_log):
    rows = inspect_log.result(scored=7, accuracy=4 / 7)
    assert differing(EPOCHS, rows) == []
    assert len(differing(EPOCHS, rows, config={"epochs_reducer": ["mean"]})) == 2, (
        "but not where one was configured"
    )


def test_ties_may_go_to_the_first_row_or_the_first_epoch(differing, inspect_log):
    rows = [(1, 2, {"s": "C"}), (1, 1, {"s": "I"})]
    assert differing(rows, inspect_log.result(reducer="mode", accuracy=1.0)) == []
    assert differing(rows, inspect_log.result(reducer="mode", accuracy=0.0)) == []


def test_a_reducer_that_we_do_not_know_is_named(differing, inspect_log):
    assert differing(EPOCHS, inspect_log.result(reducer="collect", accuracy=0.5)) == [
        ("s", "accuracy after collect", "0.5", "", "troth does not know the reducer 'collect'")
    ]


def test_why_the_header_has_another_figure(differing, inspect_log):
    def reason(rows, figure, scored=None):
        ((_, _, _, _, why),) = differing(rows, inspect_log.result(scored=scored, accuracy=figure))
        return why

    broken = inspect_log.sample(2, 1, {"s": "C"}, error="x")
    assert (
        reason([(1, 1, {"s": "I"}), broken], 0.5, 2)
        == "the header counts samples that ended in an error; troth counts them as unscored"
    )
    assert (
        reason([(1, 1, {"s": "C"}), (2, 1, {"s": "odd"})], 0.5, 2)
        == "the header counts texts that are no number, as 0; troth counts them as unscored"
    )
    part = {"s": {"value": {"a": None}}}
    dicts = differing(
        [(1, 1, {"s": {"value": {"a": 1}}}), (2, 1, part)], inspect_log.result(name="a", accuracy=0.5)
    )
    assert dicts == [
        ("s/a", "accuracy", "0.5", "1.0", "the header counts null, as 0; troth counts them as unscored")
    ]
    assert "infinite values" in reason([(1, 1, {"s": math.inf}), (2, 1, {"s": 1})], math.inf)
    assert "infinite values" in reason([(1, 1, {"s": -math.inf}), (2, 1, {"s": 1})], -math.inf)
    both = [(1, 1, {"s": math.inf}), (2, 1, {"s": -math.inf}), (3, 1, {"s": 1})]
    assert "infinite values" in reason(both, math.nan)


def test_a_header_that_speaks_of_more_samples_says_so(memory, inspect_log):
    header = inspect_log.headed([inspect_log.result(accuracy=0.5)])
    header["results"]["total_samples"] = 10
    data = inspect_log.eval([inspect_log.sample(1, 1, {"s": "C"})], header=header)
    (found,) = READER.read(memory(data), "", frozenset()).disagreements
    assert found.reason == "the header speaks of 10 samples, the file holds 1"


def test_nothing_scored_agrees_with_the_ways_it_was_written(differing, inspect_log):
    for figure in (math.nan, None, 0, 0.0):
        assert differing([(1, 1, {"s": math.nan})], inspect_log.result(scored=0, accuracy=figure)) == []
    assert len(differing([(1, 1, {"s": math.nan})], inspect_log.result(accuracy=1))) == 1
    assert len(differing([(1, 1, {"s": 1})], inspect_log.result(accuracy="1"))) == 1, "a text is no figure"


def test_a_scorer_without_samples_is_named(differing, inspect_log):
    missing = "no sample in the file holds a score of this scorer"
    assert differing([], inspect_log.result("t", scored=3, accuracy=0.5, stderr=0.1)) == [
        ("t", "scored_samples", "3", "0", missing),
        ("t", "accuracy", "0.5", "none", missing),
    ]
    assert differing([], inspect_log.result("t", scored=0)) == []


def test_figures_of_groups_and_other_metrics_are_left_alone(differing, inspect_log):
    result = inspect_log.result(scored=1, stderr=99, std=99)
    result["metrics"]["a"] = {"name": "accuracy", "group": "by_topic", "value": 99}
    assert differing([(1, 1, {"s": 1})], result) == []


def test_huge_values_do_not_break_the_sums(differing, inspect_log):
    rows = [(1, 1, {"s": 1.7e308}), (2, 1, {"s": 1.7e308})]
    assert len(differing(rows, inspect_log.result(accuracy=1.0))) == 1
