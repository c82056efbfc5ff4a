"""What only PostgreSQL has: a server that goes away, two machines' writers, roles, settings, and passwords."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from troth.errors import StorageError, TrothError, UsageError
from troth.store import open_store as open_any
from troth.store import schema
from troth.store.postgres import PostgresStore

PASSWORD = "not-for-any-eyes"
SETTINGS = ("fsync", "full_page_writes", "synchronous_commit", "lock_timeout")


@pytest.fixture
def store(new_database):
    opened = PostgresStore(new_database)
    yield opened
    opened.close()


@pytest.fixture
def running(postgres):
    """The server, which a test may stop; it runs again afterwards."""
    yield postgres
    if not (postgres.data / "postmaster.pid").exists():
        postgres.start()


# ---- opening ----


def test_the_migration_makes_exactly_the_documented_schema(empty_database):
    store = PostgresStore(empty_database)
    with store._read_engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert context.get_current_revision() == schema.REVISION
        differences = compare_metadata(context, schema.metadata)
    store.close()
    # the words about a column stand in schema.py and docs/reference/schema.md, not in the database
    assert [each for each in differences if "comment" not in str(each)] == []


def test_many_that_open_a_new_database_at_once_make_one_schema(empty_database):
    failed = []

    def opening():
        try:
            PostgresStore(empty_database).close()
        except TrothError as error:
            failed.append(error)

    threads = [threading.Thread(target=opening) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_it_is_durable_by_its_settings(postgres, empty_database):
    name = empty_database.partition("@/")[2].partition("?")[0]
    for said, wanted in (("on", "on"), ("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")):
        postgres.execute(f"ALTER DATABASE {name} SET synchronous_commit = {said}")
        store = PostgresStore(empty_database)
        for engine in (store._engine, store._read_engine):
            with engine.connect() as connection:
                found = [connection.exec_driver_sql(f"SHOW {each}").scalar_one() for each in SETTINGS]
            assert found == ["on", "on", wanted, "5s"]
        store.close()


def test_a_server_that_does_not_keep_what_it_commits_is_refused(running, new_database):
    running.execute("ALTER SYSTEM SET fsync = off")
    running.execute("SELECT pg_reload_conf()")
    try:
        for _ in range(100):
            if running.execute("SHOW fsync") == [("off",)]:
                break
            time.sleep(0.02)
        with pytest.raises(StorageError, match=r"runs with fsync = off.*Set fsync = on"):
            PostgresStore(new_database)
    finally:
        running.execute("ALTER SYSTEM RESET fsync")
        running.execute("SELECT pg_reload_conf()")
        for _ in range(100):
            if running.execute("SHOW fsync") == [("on",)]:
                break
            time.sleep(0.02)
    PostgresStore(new_database).close()


def test_a_database_of_another_encoding_is_refused(postgres):
    postgres.execute("CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0")
    try:
        with pytest.raises(StorageError, match=r"server_encoding = SQL_ASCII.*ENCODING 'UTF8'"):
            PostgresStore(postgres.url("ascii"))
    finally:
        postgres.drop(postgres.url("ascii"))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ((PASSWORD, "wrong-" + PASSWORD), r"authentication failed.*Look at the role"),
        (("troth:", "nobody-here:"), r"authentication failed.*Look at the role"),
        (("@/", "@/not_"), r"does not exist.*Make the database"),
        (("host=", "host=/nowhere"), r"opening failed.*See that the server runs"),
        (("@/", "@127.0.0.1:1/"), r"opening failed.*See that the server runs"),
        (("?", "?hots=x&"), "libpq cannot read"),
        (("troth:", "tro%th:"), "libpq cannot read"),
        (("postgresql://", "mysql://"), r"no postgresql:// URL"),
        (("postgresql://", "host=localhost "), r"no postgresql:// URL"),
    ],
)
def test_what_cannot_be_opened_is_told_without_the_password(new_database, change, why):
    url = new_database.replace(*change, 1)
    with pytest.raises((StorageError, UsageError), match=why) as raised:
        PostgresStore(url)
    assert PASSWORD not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_message_that_repeats_the_password_is_told_without_it(store):
    with pytest.raises(StorageError, match="for … failed") as raised, store._told("asking"):
        raise OSError(5, f"looking for {PASSWORD} failed")
    assert PASSWORD not in str(raised.value)


def test_a_role_without_rights_is_told(postgres, make, empty_database):
    name = empty_database.partition("@/")[2].partition("?")[0]
    store = PostgresStore(empty_database)
    store.append(make.batch(0, 1))
    postgres.execute(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
    postgres.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", name)
    reader = PostgresStore(empty_database.replace("troth:", "reader:", 1))
    assert reader.head().size == 1
    with pytest.raises(StorageError, match=r"permission denied.*Look at the role"):
        reader.append(make.batch(1, 1))
    reader.close()
    store.close()
    postgres.execute("DROP OWNED BY reader", name)
    postgres.execute("DROP ROLE reader")


def test_a_standby_is_read_and_not_written(postgres, make, empty_database):
    """A hot standby refuses writing as a database does that is read-only by its settings."""
    store = PostgresStore(empty_database)
    store.append(make.batch(0, 1))
    store.close()
    name = empty_database.partition("@/")[2].partition("?")[0]
    postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    standby = PostgresStore(empty_database)
    assert standby.head().size == 1
    with pytest.raises(StorageError, match=r"read-only transaction.*address of the primary"):
        standby.append(make.batch(1, 1))
    standby.close()


def test_a_full_disk_of_the_server_is_told(store):
    with pytest.raises(StorageError, match=r"No space left.*Make room"), store._told("writing"):
        raise OSError(28, 'could not extend file "base/5/16384": No space left on device')


def test_the_store_is_chosen_by_its_address(tmp_path, new_database):
    for database, name in (("", "SqliteStore"), (new_database, "PostgresStore")):
        opened = open_any(tmp_path, database)
        assert type(opened).__name__ == name
        opened.close()
    assert [path.name for path in tmp_path.iterdir()] == ["log.db"]


# ---- two writers ----


def test_a_writer_waits_for_the_one_before_it_and_is_then_refused(store, make, new_database):
    """The one before it is a commit under way: had it not waited, both would have followed the same head."""
    store.append(make.batch(0, 1))
    other = PostgresStore(new_database)
    outcome = []

    def late():
        try:
            other.append(make.batch(1, 1, text="late"))
        except StorageError as error:
            outcome.append(str(error))

    with psycopg.connect(new_database) as first:
        first.execute("SELECT size FROM head FOR UPDATE")
        thread = threading.Thread(target=late)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        first.execute("INSERT INTO entries VALUES (1, '\\x01', '\\x02', 2, 1, '', NULL)")
        first.execute("UPDATE head SET size = 2")
    thread.join()
    assert "has 2 entries, and this batch was made for 1" in outcome[0]
    assert [each.id for each in store.rows(1, 9)] == [b"\x01"]
    other.close()


def test_a_lock_that_is_not_given_up_is_told(store, make, new_database):
    store.append(make.batch(0, 1))
    with store._writer.begin():
        store._writer.exec_driver_sql("SET lock_timeout = '50ms'")
    with psycopg.connect(new_database) as holder:
        holder.execute("SELECT size FROM head FOR UPDATE")
        with pytest.raises(StorageError, match=r"lock timeout.*one hub at a time"):
            store.append(make.batch(1, 1))
    store.append(make.batch(1, 1))


def test_two_that_found_a_log_at_once_found_one(store, make, new_database):
    """There is no head to lock yet: the entries' own index keeps the second out."""
    other = PostgresStore(new_database)
    outcomes = []

    def founding():
        try:
            other.append(make.batch(0, 2))
        except StorageError as error:
            outcomes.append(str(error))

    with psycopg.connect(new_database) as first:
        first.execute("INSERT INTO entries VALUES (0, '\\x01', '\\x02', 1, 1, '', NULL)")
        thread = threading.Thread(target=founding)
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
    thread.join()
    assert "duplicate key" in outcomes[0]
    assert store.head() is None
    other.close()


def test_a_pool_whose_connections_are_all_taken_is_told(store, monkeypatch):
    monkeypatch.setattr(store._engine.pool, "_timeout", 0.05)
    taken = [store._engine.connect() for _ in range(16)]
    with pytest.raises(StorageError, match="every connection is in use"):
        store.head()
    for each in taken:
        each.close()
    assert store.head() is None


# ---- a server that goes away ----


def test_a_server_that_restarts_is_told_once_and_then_goes_on(running, store, make):
    store.append(make.batch(0, 2))
    assert store.head().size == 2
    running.stop("fast")
    with pytest.raises(StorageError, match="See that the server runs"):
        store.head()
    with pytest.raises(StorageError, match="writing failed"):
        store.append(make.batch(2, 1))
    running.start()
    assert store.head().size == 2
    store.append(make.batch(2, 1))
    assert store.head().size == 3


def test_a_restart_that_nobody_saw_costs_one_batch_and_no_read(running, store, make):
    store.append(make.batch(0, 1))
    assert store.head().size == 1
    running.stop("immediate")
    running.start()
    assert store.head().size == 1
    with pytest.raises(StorageError, match="writing failed"):
        store.append(make.batch(1, 1))
    assert store.head().size == 1
    store.append(make.batch(1, 1))


def test_a_connection_that_is_cut_in_a_transaction_leaves_nothing(postgres, store, make, monkeypatch):
    store.append(make.batch(0, 1))
    process = store._writer.connection.driver_connection.info.backend_pid
    plain = store._writer.execute

    def cut(statement, *values):
        if statement is store._put_head:
            postgres.execute(f"SELECT pg_terminate_backend({process}, 2000)")
        return plain(statement, *values)

    with monkeypatch.context() as patched:
        patched.setattr(store._writer, "execute", cut)
        with pytest.raises(StorageError, match="writing failed"):
            store.append(make.batch(1, 3))
    assert store.head().size == 1
    assert len(store.rows(0, 9)) == 1
    assert store.tile(0, 0) == b"h" * 32
    store.append(make.batch(1, 3))


def test_what_was_acknowledged_outlives_a_crash_of_the_server_under_load(running, new_database, make):
    """`pg_ctl stop -m immediate` three times while a writer appends as fast as it can."""
    store = PostgresStore(new_database)
    acknowledged, failed = {}, 0
    stopping = threading.Event()

    def write():
        nonlocal failed
        number = 0
        while not stopping.is_set():
            number += 1
            try:
                head = store.head()
                batch = make.batch(head.size if head else 0, 1 + number % 5)
                store.append(batch)
            except StorageError:
                failed += 1
                time.sleep(0.01)
            else:
                acknowledged.update((row.index, row.id) for row in batch.rows)

    thread = threading.Thread(target=write)
    thread.start()
    for _ in range(3):
        before = len(acknowledged)
        while len(acknowledged) < before + 50:
            time.sleep(0.01)
        running.stop("immediate")
        running.start()
    stopping.set()
    thread.join()
    rows = store.rows(0, len(acknowledged) + 100)
    assert failed >= 3
    assert len(acknowledged) >= 150
    assert acknowledged.items() <= {row.index: row.id for row in rows}.items()
    assert [row.index for row in rows] == list(range(store.head().size))
    assert len(store.tile(0, 0)) == 32 * store.head().size
    store.close()


# ---- the test's own server ----


def test_the_server_goes_when_the_tests_are_killed(root, postgres):
    """`kill -9` of the process that started it: the server stops, and its directory is removed."""
    code = "import postgres, sys; server = postgres.Postgres(); print(server.folder, flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(root / "tests")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    folder = Path(process.stdout.readline().strip())
    assert (folder / "data" / "postmaster.pid").is_file()
    process.kill()
    process.communicate()
    for _ in range(200):
        if not folder.exists():
            break
        time.sleep(0.05)
    assert not folder.exists()
