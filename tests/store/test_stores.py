"""What holds for every engine: whole batches or none, the same bytes once, blobs, and what readers see."""

import threading

import pytest

from troth.errors import StorageError
from troth.store import Batch, Blob, Head, Row, Tile, schema


def test_an_empty_store_has_no_head_and_no_rows(store):
    assert store.head() is None
    assert store.rows(0, 10) == []
    assert store.find(b"x" * 32) is None
    assert store.tile(0, 0) is None
    assert store.latest("clock@1", 10) is None
    assert store.known([]) == {}


def test_a_batch_is_there_whole_and_after_reopening(store, open_store, make):
    store.append(make.batch(0, 3))
    store.append(make.batch(3, 2, kind="clock@1"))
    store.close()
    again = open_store()
    assert again.head() == Head(5, b"r" * 32, "note 5", 1000)
    assert [each.index for each in again.rows(0, 10)] == [0, 1, 2, 3, 4]
    assert again.rows(1, 2) == [make.row(1, 3)]
    assert [each.index for each in again.rows(0, 5, kinds={"clock@1", "nothing@1"})] == [3, 4]
    assert again.find(make.row(1, 3).id) == make.row(1, 3)
    assert again.known([make.row(1, 3).id, b"n" * 32]) == {make.row(1, 3).id: make.row(1, 3)}
    assert again.latest("clock@1", 5) == make.row(4, 5, kind="clock@1")
    assert again.latest("clock@1", 4) == make.row(3, 5, kind="clock@1")
    assert again.latest("clock@1", 3) is None
    assert again.tile(0, 0) == b"h" * 160


def test_bytes_and_text_come_back_as_they_went_in(store):
    entry = bytes(range(256)) * 256
    note = "log.example\n1\n\n— log.example κόσμε\n"
    rows = [Row(index=0, id=b"\xff" * 32, entry=entry, size=1, time=2**40, kind="clock@1", blob=b"\0" * 32)]
    store.append(Batch(rows, [Tile(0, 0, entry[:32])], Head(1, b"\0" * 32, note, 2**40)))
    assert store.rows(0, 1) == rows
    assert store.head() == Head(1, b"\0" * 32, note, 2**40)


def test_the_same_bytes_enter_once_and_a_refused_batch_leaves_nothing(store, make):
    store.append(make.batch(0, 2))
    rows = [make.row(2, 4), make.row(3, 4, text="entry 0")]
    with pytest.raises(StorageError, match=r"(?i)unique"):
        store.append(Batch(rows, [Tile(0, 0, b"x" * 32)], Head(4, b"s" * 32, "never", 2000)))
    assert store.head().size == 2
    assert len(store.rows(0, 10)) == 2
    assert store.tile(0, 0) == b"h" * 64
    store.append(make.batch(2, 1))
    assert store.head().size == 3


@pytest.mark.parametrize("first", [0, 1, 3])
def test_a_batch_that_does_not_follow_the_head_is_refused(store, make, first):
    store.append(make.batch(0, 2))
    with pytest.raises(StorageError, match=f"has 2 entries, and this batch was made for {first}"):
        store.append(make.batch(first, 2, text="another entry"))
    assert store.head().size == 2
    assert len(store.rows(0, 10)) == 2
    store.append(make.batch(2, 1))


def test_blobs_are_kept_once_and_found_by_the_entry_that_names_them(store, make):
    named = make.digest("payload")
    store.append(make.batch(0, 2, blob=named))
    assert store.names_blob(named) == make.row(0, 2, blob=named)
    assert store.names_blob(make.digest("other")) is None
    assert store.blob(named) is None
    store.put_blob(Blob(named, b"payload", "application/json"))
    store.put_blob(Blob(named, b"payload", "text/html"))
    assert store.blob(named) == Blob(named, b"payload", "application/json")


def test_a_type_that_someone_else_wrote_is_no_reason_to_fail(store, make):
    store.put_blob(Blob(make.digest("x"), b"\0x", "text/\0plain"))
    assert store.blob(make.digest("x")) == Blob(make.digest("x"), b"\0x", "text/plain")


def test_readers_on_other_threads_see_the_newest_commit(store, make):
    seen = []

    def look():
        seen.append(store.head())

    for size in (1, 2):
        store.append(make.batch(size - 1, 1))
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert [head.size for head in seen] == [1, 2]


def test_many_readers_beside_the_writer_see_whole_batches(store, make):
    store.append(make.batch(0, 1))
    torn, done = [], threading.Event()

    def look():
        while not done.is_set():
            head = store.head()
            rows = store.rows(0, head.size)
            if len(rows) != head.size or len(store.tile(0, 0)) < 32 * head.size:
                torn.append(head)

    threads = [threading.Thread(target=look) for _ in range(24)]
    for thread in threads:
        thread.start()
    for size in range(1, 13):
        store.append(make.batch(size, 1))
    done.set()
    for thread in threads:
        thread.join()
    assert torn == []
    assert store.head().size == 13


def test_a_large_batch_goes_in_whole(store, make):
    store.append(make.batch(0, 1024))
    rows = store.rows(0, 2000)
    assert [each.index for each in rows] == list(range(1024))
    assert len(store.known([each.id for each in rows])) == 1024


def test_of_two_stores_on_one_log_one_appends_and_the_other_is_refused_whole(store, open_store, make):
    other = open_store()
    store.append(make.batch(0, 2))
    assert other.head().size == 2
    store.append(make.batch(2, 2))
    with pytest.raises(StorageError, match="has 4 entries"):
        other.append(make.batch(2, 1, text="the other's"))
    other.append(make.batch(4, 1, text="the other's"))
    assert [each.index for each in store.rows(0, 10)] == [0, 1, 2, 3, 4]


def test_writers_that_race_make_one_log(store, open_store, make):
    """Each starts from the head that it sees; whoever is late is refused, and tries again."""

    def write(name, mine):
        added = 0
        while added < 15:
            size = (mine.head() or Head(0, b"", "", 0)).size
            try:
                mine.append(make.batch(size, 1, text=f"{name} {added}"))
            except StorageError:
                continue
            added += 1

    threads = [
        threading.Thread(target=write, args=(name, mine))
        for name, mine in (("one", store), ("two", open_store()))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = store.rows(0, 100)
    assert [each.index for each in rows] == list(range(30))
    assert [each.size for each in rows] == list(range(1, 31))
    assert store.head().size == 30


def test_a_newer_schema_is_refused(store, open_store):
    with store._writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    with pytest.raises(StorageError, match="newer than this troth"):
        open_store()


def test_an_older_schema_is_brought_forward_once(store, open_store):
    assert schema.REVISION == "0001"  # with a second migration: start from the first here
    with store._writing() as connection:
        for table in ("alembic_version", "entries", "tiles", "head", "blobs"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
    store.close()
    assert open_store().head() is None
