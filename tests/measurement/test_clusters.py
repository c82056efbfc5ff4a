"""The cluster table against a plain dictionary."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from troth.measurement.clusters import ClusterTable, column
from troth.measurement.facts import Cell

IDS = st.integers(-3, 3) | st.sampled_from(["", "1", "a", 'q"', "ü"])
COUNTED = st.tuples(st.integers(0, 4), st.integers(0, 4 * 10**9)).map(lambda row: row if row[0] else (0, 0))
ROWS = st.dictionaries(IDS, COUNTED, max_size=8)


def table(rows, space="items"):
    return ClusterTable(
        space, list(rows), column(n for n, _ in rows.values()), column(t for _, t in rows.values())
    )


def plain(made):
    return {key: (n, total) for key, n, total in made.items()}


@given(ROWS)
def test_the_histogram_counts_clusters_that_hold_something(rows):
    cells = table(rows).histogram()
    assert list(cells) == sorted(cells)
    assert {(cell.n, cell.total): cell.clusters for cell in cells} == Counter(
        row for row in rows.values() if row[0]
    )


@given(ROWS, ROWS)
def test_merging_joins_clusters_of_one_key(one, two):
    merged = table(one).merge(table(two))
    expected = {}
    for rows in (plain(table(one)), plain(table(two))):
        for key, (n, total) in rows.items():
            before = expected.get(key, (0, 0))
            expected[key] = (before[0] + n, before[1] + total)
    assert plain(merged) == expected
    assert plain(table(two).merge(table(one))) == expected
    assert merged.merge(table({})).histogram() == merged.histogram()


@given(ROWS, ROWS)
def test_tables_of_two_data_sets_stay_apart(one, two):
    merged = table(one, "one").merge(table(two, "two"))
    assert len(list(merged.items())) == sum(n > 0 for rows in (one, two) for n, _ in rows.values())


def test_keys_are_in_order_and_tell_texts_from_numbers():
    made = table({"1": (1, 0), 1: (1, 5), "b": (0, 0)})
    assert list(made.items()) == [(b'items\x00"1"', 1, 0), (b"items\x001", 1, 5)]
    assert list(ClusterTable("", [b"null", b'"x"'], [1, 2], [0, 0]).items()) == [
        (b'"x"', 2, 0),
        (b"null", 1, 0),
    ]


def test_sums_beyond_eight_bytes_are_kept():
    huge = 10**30
    made = table({1: (1, huge)}).merge(table({1: (1, huge)}))
    assert made.histogram() == (Cell(2, 2 * huge, 1),)
    assert not isinstance(column([huge]), type(column([1])))
