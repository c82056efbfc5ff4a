"""What only the SQLite engine has: its pragmas, a full disk, a file that is no database. The rest: test_stores.py."""

import importlib.util

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from troth.errors import StorageError
from troth.store import Batch, Head, Row, SqliteStore, Tile, schema


@pytest.fixture
def store(tmp_path):
    opened = SqliteStore(tmp_path / "log.db")
    yield opened
    opened.close()


def test_a_full_disk_is_told_and_leaves_nothing_of_the_batch(store, make):
    store.append(make.batch(0, 2))
    writer = store._writer.connection.driver_connection
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages}")
    large = Batch(
        [Row(index=2, id=make.digest("large"), entry=b"x" * 60000, size=3, time=1, kind="")],
        [Tile(0, 0, b"h" * 96)],
        Head(3, b"s" * 32, "never", 2000),
    )
    with pytest.raises(StorageError, match=r"full.*Make room"):
        store.append(large)
    assert store.head().size == 2
    assert store.find(make.digest("large")) is None
    writer.execute("PRAGMA max_page_count = 1000000")
    store.append(make.batch(2, 1))
    assert store.head().size == 3


def test_it_is_durable_by_its_settings(store):
    ask = store._writer.exec_driver_sql
    assert ask("PRAGMA journal_mode").scalar_one() == "wal"
    assert ask("PRAGMA synchronous").scalar_one() == 2  # FULL
    assert ask("PRAGMA foreign_keys").scalar_one() == 1
    assert ask("PRAGMA busy_timeout").scalar_one() > 0


def test_the_migration_makes_exactly_the_documented_schema(store):
    with store._read_engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert context.get_current_revision() == schema.REVISION
        assert compare_metadata(context, schema.metadata) == []


def test_every_column_says_what_it_is():
    for table in schema.metadata.tables.values():
        assert table.comment
        assert all(column.comment for column in table.columns)


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
