"""A hub on PostgreSQL: the database server crashes under load, a second hub is refused, and no page tells a password."""

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest
from litestar.testing import TestClient

from troth.errors import ForkError, StorageError
from troth.hub.app import application
from troth.hub.hub import Hub
from troth.hub.serve import JsonLines
from troth.log import MemoryTree, check, leaf_hash
from troth.workflows.export import export

PASSWORD = "not-for-any-eyes"


@pytest.fixture
def database(new_database):
    return new_database


def test_a_crash_of_the_database_under_load_loses_nothing_that_was_acknowledged(hub, lab, postgres):
    """`pg_ctl stop -m immediate` twice. The hub is not restarted: it goes on when the server answers."""
    entries = [lab.release() for _ in range(6000)]
    acknowledged, refused, stopping, lock = {}, [], threading.Event(), threading.Lock()

    def client():
        while not stopping.is_set():
            with lock:
                entry = entries.pop()
            try:
                row, receipt = hub.register_now(entry)
            except StorageError as error:
                refused.append(str(error))
                time.sleep(0.02)
            else:
                acknowledged[entry] = (row, receipt)

    threads = [threading.Thread(target=client) for _ in range(6)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        enough = len(acknowledged) + 60
        while len(acknowledged) < enough:
            time.sleep(0.01)
        postgres.stop("immediate")
        postgres.start()
    enough = len(acknowledged) + 60
    while len(acknowledged) < enough:
        time.sleep(0.01)
    stopping.set()
    for thread in threads:
        thread.join()
    assert refused, "no crash came at a bad moment"
    rows = hub.store.rows(0, hub.size)
    tree = MemoryTree(leaf_hash(row.entry) for row in rows)
    assert tree.frontier.root() == hub.sequencer.state.head.root == hub.heads.head.root
    assert len({row.id for row in rows}) == len(rows)
    for entry, (row, receipt) in acknowledged.items():
        assert check(receipt, entry, [hub.keys.receipt.public]).index == row.index
        assert rows[row.index] == row


def test_a_hub_whose_head_store_is_another_is_refused(hub, clock, tmp_path):
    """Another machine, the same database: without the log's head store it may not sign for the log."""
    config = msgspec.structs.replace(hub.config, heads=str(tmp_path / "other-heads"))
    with pytest.raises(ForkError, match="head store has no head"):
        Hub(config, clock=clock)


def test_two_hubs_on_one_database_make_one_history(hub, lab, clock, tmp_path):
    """It is not offered yet, and nothing keeps a copied head store out: still no fork, and both go on."""
    copied = tmp_path / "copied-heads"
    copied.mkdir()
    (copied / "head").write_bytes((Path(hub.config.heads) / "head").read_bytes())
    other = Hub(msgspec.structs.replace(hub.config, heads=str(copied)), clock=clock)
    other.start()
    hub.register_now(lab.release())
    entry = lab.release()
    with pytest.raises(StorageError, match=r"has 5 entries, and this batch was made for 4"):
        other.register_now(entry)
    row, receipt = other.register_now(entry)
    assert row.index == 5
    assert check(receipt, entry, [hub.keys.receipt.public]).index == 5
    other.close()
    tree = MemoryTree(leaf_hash(row.entry) for row in hub.store.rows(0, 6))
    assert tree.frontier.root() == hub.store.head().root


def test_the_export_is_the_same_from_a_database(hub, lab, tmp_path):
    for _ in range(3):
        hub.register_now(lab.release())
    done = export(Path(hub.config.data), tmp_path / "out", database=hub.config.database)
    assert done.size == hub.size == 7
    assert (tmp_path / "out" / "checkpoint").read_text() == hub.sequencer.state.head.checkpoint


def test_no_page_and_no_log_line_tells_the_password(config, clock, caplog):
    assert PASSWORD in config.database
    assert PASSWORD not in repr(config)
    assert "heads=" in repr(config)
    assert "database=''" in repr(msgspec.structs.replace(config, database=""))
    caplog.set_level(logging.DEBUG)
    with TestClient(application(Hub(config, clock=clock))) as client:
        for path in ("/", "/log", "/log.json", "/trust.json", "/entries/nothing", "/checkpoint"):
            assert PASSWORD not in client.get(path).text
    assert PASSWORD not in "\n".join(JsonLines().format(record) for record in caplog.records)


@pytest.mark.parametrize("harm", [("@/", "@/no_such_"), ("?", "?hots=x&"), (PASSWORD, "wrong-" + PASSWORD)])
def test_a_database_that_cannot_be_opened_is_told_by_the_command_without_the_password(
    database, tmp_path, harm
):
    url = database.replace(*harm, 1)
    done = subprocess.run(
        [sys.executable, "-m", "troth", "hub", "serve", "--port", "8471"],
        env={**os.environ, "TROTH_DATABASE": url, "TROTH_DATA": str(tmp_path / "data"), "TROTH_DEBUG": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (2, 5)
    assert PASSWORD not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
