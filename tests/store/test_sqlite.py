"""The SQLite engine: what is committed stays, what fails leaves nothing, and the migration makes the schema."""

import hashlib
import importlib.util
import sqlite3
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from troth.errors import StorageError
from troth.store import Batch, Blob, Head, Row, SqliteStore, Tile, schema


def digest(text):
    return hashlib.sha256(text.encode()).digest()


def row(index, size, kind="release@1", blob=None):
    entry = f"entry {index}".encode()
    return Row(
        index=index,
        id=hashlib.sha256(entry).digest(),
        entry=entry,
        size=size,
        time=1000 + index,
        kind=kind,
        blob=blob,
    )


def batch(first, count, **more):
    size = first + count
    rows = [row(index, size, **more) for index in range(first, size)]
    return Batch(rows, [Tile(0, 0, b"h" * 32 * size)], Head(size, b"r" * 32, f"note {size}", 1000))


@pytest.fixture
def store(tmp_path):
    opened = SqliteStore(tmp_path / "log.db")
    yield opened
    opened.close()


def test_an_empty_store_has_no_head_and_no_rows(store):
    assert store.head() is None
    assert store.rows(0, 10) == []
    assert store.find(b"x" * 32) is None
    assert store.tile(0, 0) is None
    assert store.latest("clock@1", 10) is None


def test_a_batch_is_there_whole_and_after_reopening(store, tmp_path):
    store.append(batch(0, 3))
    store.append(batch(3, 2, kind="clock@1"))
    store.close()
    again = SqliteStore(tmp_path / "log.db")
    assert again.head() == Head(5, b"r" * 32, "note 5", 1000)
    assert [each.index for each in again.rows(0, 10)] == [0, 1, 2, 3, 4]
    assert again.rows(1, 3) == [row(1, 3), row(2, 3)]
    assert [each.index for each in again.rows(0, 5, kinds={"clock@1"})] == [3, 4]
    assert again.find(row(4, 5).id) == row(4, 5, kind="clock@1")
    assert again.known([row(0, 3).id, b"x" * 32]) == {row(0, 3).id: row(0, 3)}
    assert again.known([]) == {}
    assert again.latest("clock@1", 4) == row(3, 5, kind="clock@1")
    assert again.latest("clock@1", 3) is None
    assert again.tile(0, 0) == b"h" * 160
    again.close()


def test_the_same_bytes_enter_once_and_a_refused_batch_leaves_nothing(store):
    store.append(batch(0, 2))
    twice = Batch([row(2, 4), row(0, 4)], [Tile(0, 0, b"x" * 32)], Head(4, b"s" * 32, "never", 2000))
    with pytest.raises(StorageError, match="UNIQUE"):
        store.append(twice)
    assert store.head().size == 2
    assert len(store.rows(0, 10)) == 2
    assert store.tile(0, 0) == b"h" * 64
    store.append(batch(2, 1))
    assert store.head().size == 3


def test_a_full_disk_is_told_and_leaves_nothing_of_the_batch(store):
    store.append(batch(0, 2))
    writer = store._writer.connection.driver_connection
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages}")
    large = Batch(
        [Row(index=2, id=digest("large"), entry=b"x" * 60000, size=3, time=1, kind="")],
        [],
        Head(3, b"s" * 32, "never", 2000),
    )
    with pytest.raises(StorageError, match=r"full.*Make room"):
        store.append(large)
    assert store.head().size == 2
    assert store.find(digest("large")) is None
    writer.execute("PRAGMA max_page_count = 1000000")
    store.append(batch(2, 1))
    assert store.head().size == 3


def test_it_is_durable_by_its_settings(store):
    ask = store._writer.exec_driver_sql
    assert ask("PRAGMA journal_mode").scalar_one() == "wal"
    assert ask("PRAGMA synchronous").scalar_one() == 2  # FULL
    assert ask("PRAGMA foreign_keys").scalar_one() == 1
    assert ask("PRAGMA busy_timeout").scalar_one() > 0


def test_blobs_are_kept_once_and_found_by_the_entry_that_names_them(store):
    named = digest("payload")
    store.append(batch(0, 2, blob=named))
    assert store.names_blob(named) == row(0, 2, blob=named)
    assert store.names_blob(digest("other")) is None
    assert store.blob(named) is None
    store.put_blob(Blob(named, b"payload", "application/json"))
    store.put_blob(Blob(named, b"payload", "text/html"))
    assert store.blob(named) == Blob(named, b"payload", "application/json")


def test_readers_on_other_threads_see_the_newest_commit(store):
    seen = []

    def look():
        seen.append(store.head())

    for size in (1, 2):
        store.append(batch(size - 1, 1))
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert [head.size for head in seen] == [1, 2]


def test_the_migration_makes_exactly_the_documented_schema(store):
    with store._read_engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert context.get_current_revision() == schema.REVISION
        assert compare_metadata(context, schema.metadata) == []


def test_every_column_says_what_it_is():
    for table in schema.metadata.tables.values():
        assert table.comment
        assert all(column.comment for column in table.columns)


def test_a_newer_schema_is_refused(store, tmp_path):
    store.close()
    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StorageError, match="newer than this troth"):
        SqliteStore(tmp_path / "log.db")


def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / "log.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StorageError, match="not a database"):
        SqliteStore(tmp_path / "log.db")


def test_a_place_that_cannot_be_used_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="opening failed"):
        SqliteStore(tmp_path / "file" / "log.db")
    with pytest.raises(StorageError, match="opening failed"):
        SqliteStore(tmp_path)


def test_the_schemas_page_is_made_from_the_schema(root):
    spec = importlib.util.spec_from_file_location("generate_schema", root / "docs" / "generate_schema.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert (root / "docs" / "reference" / "schema.md").read_text() == made.page()
