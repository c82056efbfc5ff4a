"""The head store: compare-and-swap that survives torn writes, and the rule that no log ever forks at start."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.errors import ForkError, StorageError
from troth.log import EMPTY_ROOT
from troth.store import HeadStore, SignedHead, reconcile
from troth.store.heads import _SLOT


def head(size, root=b"r", origin="log.example"):
    return SignedHead(origin, size, root * 32, f"note of {size}")


@pytest.fixture
def heads(tmp_path):
    opened = HeadStore(tmp_path / "heads")
    yield opened
    opened.close()


def reopened(store, tmp_path):
    store.close()
    return HeadStore(tmp_path / "heads")


def test_a_new_store_is_empty_and_keeps_what_is_swapped_in(tmp_path):
    store = HeadStore(tmp_path / "heads")
    assert store.head is None
    previous = None
    for size in (0, 2, 3, 9):
        store.swap(previous, head(size))
        previous = head(size)
        store = reopened(store, tmp_path)
        assert store.head == previous
    store.close()


def test_a_swap_from_another_head_is_refused_and_changes_nothing(heads):
    heads.swap(None, head(5))
    with pytest.raises(ForkError, match="not at size 4"):
        heads.swap(head(4), head(6))
    with pytest.raises(ForkError, match="not at no head"):
        heads.swap(None, head(6))
    with pytest.raises(ForkError, match="does not follow"):
        heads.swap(head(5), head(4))
    with pytest.raises(ForkError, match="does not follow"):
        heads.swap(head(5), head(6, origin="other.example"))
    with pytest.raises(ForkError, match="does not follow"):
        heads.swap(head(5), head(5, root=b"s"))
    assert heads.head == head(5)
    signed_again = SignedHead("log.example", 5, head(5).root, "another note of 5")
    heads.swap(head(5), signed_again)
    assert heads.head == signed_again


def test_a_head_that_does_not_fit_its_slot_is_refused(heads):
    with pytest.raises(StorageError, match="does not fit"):
        heads.swap(None, SignedHead("log.example", 1, b"r" * 32, "x" * _SLOT))
    assert heads.head is None


@given(cut=st.integers(0, _SLOT - 1), junk=st.binary(min_size=1, max_size=300))
def test_a_torn_write_leaves_the_head_before_it(cut, junk, tmp_path_factory):
    folder = tmp_path_factory.mktemp("heads")
    store = HeadStore(folder)
    store.swap(None, head(2))
    store.swap(head(2), head(3))
    turn = 1 - store._turn  # where size 3 went
    store.close()
    whole = (folder / "head").read_bytes()
    torn = bytearray(whole)
    torn[turn * _SLOT + cut : turn * _SLOT + min(cut + len(junk), _SLOT)] = junk[: _SLOT - cut]
    (folder / "head").write_bytes(torn)
    again = HeadStore(folder)
    untouched = torn[turn * _SLOT : (turn + 1) * _SLOT].rstrip() == whole[turn * _SLOT :][:_SLOT].rstrip()
    assert again.head == head(3 if untouched else 2)
    again.swap(again.head, head(7))
    again.close()
    final = HeadStore(folder)
    assert final.head == head(7)
    final.close()


def test_a_store_without_a_whole_head_is_told_and_not_taken_for_new(heads, tmp_path):
    heads.swap(None, head(2))
    (tmp_path / "heads" / "head").write_bytes(b"junk" * 4096)
    heads.close()
    with pytest.raises(StorageError, match="neither head"):
        HeadStore(tmp_path / "heads")
    heads._file = os.open("/dev/null", os.O_RDWR)  # so that the fixture has something to close


def test_a_second_process_is_refused(heads, tmp_path):
    with pytest.raises(StorageError, match="another process runs this log"):
        HeadStore(tmp_path / "heads")


def test_a_full_disk_keeps_the_old_head(heads):
    heads.swap(None, head(2))
    kept = os.dup(heads._file)
    full = os.open("/dev/full", os.O_RDWR)
    os.dup2(full, heads._file)
    os.close(full)
    with pytest.raises(StorageError, match="No space left"):
        heads.swap(head(2), head(3))
    assert heads.head == head(2)
    os.dup2(kept, heads._file)
    os.close(kept)
    heads.swap(head(2), head(3))


def test_a_place_that_cannot_be_used_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="opening the head failed"):
        HeadStore(tmp_path / "file" / "heads")


def never(size):
    raise AssertionError(size)


@pytest.mark.parametrize(
    ("stored", "database", "forward"),
    [
        (None, None, False),
        (head(0), None, False),
        (head(5), head(5), False),
        (head(5), head(6, b"s"), True),
        (SignedHead("log.example", 0, EMPTY_ROOT), head(2), True),
    ],
)
def test_what_may_go_on(stored, database, forward):
    assert reconcile(stored, database, lambda _: b"r" * 32) is forward


@pytest.mark.parametrize(
    ("stored", "database", "why", "way_out"),
    [
        (None, head(5), "head store has no head", "witness"),
        (head(5), None, "database is empty", "Restore the newest backup"),
        (head(5), head(4), "ends at size 4", "1 entries that were answered are missing"),
        (head(5, b"x"), head(5), "another history", "evidence"),
        (head(5, b"x"), head(9), "another history", "evidence"),
        (head(0, b"x"), head(2), "another history", "evidence"),
        (head(5, origin="a.example"), head(5), "belongs to the log a.example", "its own head store"),
    ],
)
def test_what_would_fork_is_refused_with_the_way_out(stored, database, why, way_out):
    with pytest.raises(ForkError, match=why) as raised:
        reconcile(stored, database, lambda _: b"r" * 32)
    assert way_out in raised.value.hint
