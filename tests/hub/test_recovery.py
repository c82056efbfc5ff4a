"""Opening what is on disk: restored backups, mixed-up directories, second instances, damaged files, lost keys."""

import os
import shutil
from concurrent.futures import Future
from pathlib import Path

import pytest
from sqlalchemy import text

from troth.errors import ForkError, KeyFileError, StorageError, TileError, UsageError
from troth.hub import keys
from troth.hub.hub import Hub
from troth.hub.projection import Projection
from troth.log import MemoryTree, leaf_hash
from troth.store import open_store


@pytest.fixture
def database(either_database):
    """Everything here holds for both engines."""
    return either_database


@pytest.fixture
def places(config):
    return Path(config.data), Path(config.heads)


@pytest.fixture
def close(open_hub, config, clock):
    """Close whatever hub is open, and say what is on disk is all there is."""

    def closer(hub):
        hub.close()
        hub.close = lambda: None

    return closer


@pytest.fixture
def kept(config, database, request):
    """Copy the data directory, and the database where it lies elsewhere, or the head store; `restore` brings it back."""

    def keep(path, name):
        copy = path.parent / name
        shutil.copytree(path, copy)
        if database and path == Path(config.data):
            (copy / "database").write_text(request.getfixturevalue("postgres").copy(database))
        return copy

    return keep


@pytest.fixture
def restore(database, request):
    def back(copy, path):
        shutil.rmtree(path)
        shutil.copytree(copy, path)
        if (path / "database").exists():
            request.getfixturevalue("postgres").restore((path / "database").read_text(), database)

    return back


@pytest.fixture
def change(config):
    """Change the database of a hub that is closed."""

    def execute(statement, **values):
        store = open_store(Path(config.data), config.database)
        with store._writing() as connection:
            connection.execute(text(statement), values)
        store.close()

    return execute


def test_an_older_backup_is_refused_and_says_how_to_go_on(hub, lab, places, close, open_hub, kept, restore):
    data, _ = places
    close(hub)
    backup = kept(data, "backup")
    newer = open_hub()
    newer.register_now(lab.release())
    close(newer)
    restore(backup, data)
    with pytest.raises(ForkError, match="ends at size 4") as raised:
        open_hub()
    assert "Restore a newer one" in raised.value.hint


def test_both_restored_together_go_unnoticed_which_is_why_they_are_apart(
    hub, lab, places, close, open_hub, kept, restore
):
    data, heads = places
    close(hub)
    backups = kept(data, "backup"), kept(heads, "backup-heads")
    again = open_hub()
    again.register_now(lab.release())
    close(again)
    for backup, path in zip(backups, places, strict=True):
        restore(backup, path)
    assert open_hub().size == 4


def test_another_history_of_the_same_length_is_refused(hub, lab, places, close, open_hub, kept, restore):
    data, heads = places
    close(hub)
    backup, old_heads = kept(data, "backup"), kept(heads, "old-heads")
    first = open_hub()
    first.register_now(lab.release("one history"))
    close(first)
    signed = kept(heads, "signed-heads")
    restore(backup, data)
    restore(old_heads, heads)
    second = open_hub()
    second.register_now(lab.release("another"))
    close(second)
    restore(signed, heads)
    with pytest.raises(ForkError, match="another history"):
        open_hub()


def test_a_crash_between_commit_and_swap_is_rolled_forward(hub, lab, places, close, open_hub, kept, restore):
    _, heads = places
    close(hub)
    before = kept(heads, "before")
    again = open_hub()
    entries = [lab.release() for _ in range(3)]
    answers = [again.register_now(entry) for entry in entries]
    close(again)
    restore(before, heads)
    forward = open_hub()
    assert forward.heads.head.size == forward.size == 7
    assert [forward.register_now(entry) for entry in entries] == answers


def test_an_empty_database_beside_a_signed_head_is_refused(hub, close, open_hub, change):
    close(hub)
    for statement in ("DELETE FROM entries", "DELETE FROM tiles", "DELETE FROM head"):
        change(statement)
    with pytest.raises(ForkError, match="database is empty"):
        open_hub()


def test_a_lost_head_store_is_refused(hub, places, close, open_hub):
    _, heads = places
    close(hub)
    shutil.rmtree(heads)
    with pytest.raises(ForkError, match="head store has no head"):
        open_hub()


def test_a_second_instance_is_refused(hub, config, clock):
    with pytest.raises(StorageError, match="another process runs this log"):
        Hub(config, clock=clock)


def test_tiles_that_do_not_lead_to_the_head_are_refused(hub, close, open_hub, change):
    size = hub.size
    close(hub)
    change("UPDATE tiles SET hashes = :zeros", zeros=bytes(32 * size))
    with pytest.raises(ForkError, match="do not lead to the head"):
        open_hub()


def test_a_migration_to_another_database_that_was_forgotten_is_refused(
    hub, places, close, open_hub, empty_database
):
    """The head store remembers: an empty database is no new log."""
    close(hub)
    with pytest.raises(ForkError, match="database is empty"):
        open_hub(database=empty_database)


def test_other_keys_are_refused(hub, places, close, open_hub):
    data, _ = places
    close(hub)
    (data / "keys" / "checkpoint.ed25519").write_bytes(b"\x01" * 32)
    with pytest.raises(ForkError, match="not those that this log's trust anchors name"):
        open_hub()


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: path.chmod(0o640), "others than its owner"),
        (lambda path: path.chmod(0o604), "others than its owner"),
        (lambda path: path.write_bytes(b"short"), "32 bytes"),
        (lambda path: path.write_bytes(b""), "32 bytes"),
    ],
)
def test_keys_that_cannot_be_trusted_are_refused(hub, places, close, open_hub, harm, why):
    data, _ = places
    close(hub)
    harm(data / "keys" / "operator.ed25519")
    with pytest.raises(KeyFileError, match=why):
        open_hub()
    assert list((data / "keys").iterdir())


def test_key_files_are_for_their_owner_alone(hub, places):
    data, _ = places
    for path in (data / "keys").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        assert len(path.read_bytes()) == 32


def test_a_directory_that_cannot_hold_keys_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(KeyFileError, match="cannot be made"):
        keys.create(tmp_path / "file" / "keys")
    if os.geteuid() != 0:
        pytest.skip("not root")
    with pytest.raises(KeyFileError, match="cannot be written"):
        keys.create(Path("/proc/self/fdinfo"))


def test_the_projection_follows_and_starts_again_to_the_same(hub, lab):
    def step(state, statement, row):
        return (*state, (row.index, row.time, statement.kind))

    view = Projection(hub.store, (), step)
    first = view.at(hub.size)
    for _ in range(3):
        hub.register_now(lab.release())
    grown = view.at(hub.size)
    assert grown[:4] == first
    assert [index for index, _, _ in grown] == list(range(hub.size))
    assert Projection(hub.store, (), step).at(hub.size) == grown
    assert view.latest(2) == grown
    with pytest.raises(UsageError, match="past 2"):
        view.at(2)
    with pytest.raises(UsageError, match="the log ends"):
        Projection(hub.store, (), step).at(hub.size + 1)


def test_nodes_come_the_same_from_memory_and_from_tiles(hub, lab, open_hub):
    for _ in range(11):  # past two full tiles
        tickets = [Future() for _ in range(64)]
        hub.sequencer.submit([hub.front.prepare(lab.release()) for _ in tickets], tickets)
        for ticket in tickets:
            ticket.result(10)
    rows = hub.store.rows(0, hub.size)
    made = [hub.receipts.make(row) for row in rows]
    from_memory = [hub.sequencer.nodes.read_tile(0, n, min(256, hub.size - 256 * n)) for n in range(3)]
    again = open_hub()
    assert [again.receipts.make(row) for row in rows] == made
    tree = MemoryTree(leaf_hash(row.entry) for row in rows)
    for level in range(9):
        for index in range(again.size >> level):
            assert again.sequencer.nodes.node(level, index) == tree.node(level, index)
    for n, hashes in enumerate(from_memory):
        assert hashes == again.sequencer.nodes.read_tile(0, n, len(hashes) // 32)
        assert hashes == b"".join(tree.node(0, 256 * n + place) for place in range(len(hashes) // 32))
    with pytest.raises(TileError, match="no tile"):
        again.sequencer.nodes.read_tile(0, 3, 1)
