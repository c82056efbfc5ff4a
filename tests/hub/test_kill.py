"""`kill -9` of the hub under load: every statement that was acknowledged is there, and the tree is one tree.

Five kills by default; ``TROTH_KILLS=50`` is the long form.
"""

import os
import random
import threading
import time
from datetime import UTC, datetime

import httpx
import pytest

from troth.hub.hub import Hub
from troth.log import MemoryTree, check, consistency_proof, leaf_hash, root, verify_consistency
from troth.statements import read

pytestmark = pytest.mark.network
KILLS = int(os.environ.get("TROTH_KILLS", "5"))
CLIENTS = 6


@pytest.fixture
def database(either_database):
    """Everything here holds for both engines."""
    return either_database


class Load:
    """Clients that register as fast as they are answered, and remember each answer."""

    def __init__(self, config, entries):
        self.acknowledged = {}
        self.sent = 0
        self._config = config
        self._entries = entries
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def _run(self):
        with httpx.Client(base_url=self._config.url, timeout=10) as client:
            while True:
                with self._lock:
                    if not self._entries:
                        return
                    entry = self._entries.pop()
                    self.sent += 1
                try:
                    answer = client.post(
                        "/entries", content=entry, headers={"content-type": "application/cose"}
                    )
                except httpx.HTTPError:
                    return  # the kill
                if answer.status_code == 201:
                    self.acknowledged[entry] = answer.content

    def join(self):
        for thread in self._threads:
            thread.join()


def test_kill_under_load_loses_nothing_that_was_acknowledged(server_config, start_server, lab):
    draw = random.Random(20260301)  # noqa: S311 - when to kill: the same moments each time
    now = datetime.now(UTC).replace(microsecond=0)
    acknowledged, heads = {}, []
    unanswered = 0
    for round_ in range(KILLS + 1):
        server = start_server(server_config)
        if round_ == 0:
            server.enrol(lab)
        sample = draw.sample(sorted(acknowledged), min(20, len(acknowledged)))
        for entry in sample:
            assert server.client.get(f"/entries/{read(entry).id}").content == acknowledged[entry]
            assert server.post(entry).content == acknowledged[entry]
        checkpoint = server.client.get("/checkpoint").text.split("\n")
        heads.append(int(checkpoint[1]))
        if round_ == KILLS:
            assert server.stop()[0] == 0
            break
        load = Load(server_config, [lab.release(f"round {round_}, {n}", at=now) for n in range(500)])
        time.sleep(draw.uniform(0.15, 0.6))
        server.kill()
        load.join()
        unanswered += load.sent - len(load.acknowledged)
        acknowledged |= load.acknowledged
    assert len(acknowledged) > KILLS * 5, "the load was none"
    assert unanswered > 0, "no kill came at a bad moment"
    assert heads == sorted(heads)

    hub = Hub(server_config)
    rows = hub.store.rows(0, hub.size)
    tree = MemoryTree(leaf_hash(row.entry) for row in rows)
    assert tree.frontier.root() == hub.sequencer.state.head.root == hub.heads.head.root
    assert len({row.id for row in rows}) == len(rows)
    by_entry = {row.entry: row for row in rows}
    for entry, receipt in acknowledged.items():
        proven = check(receipt, entry, [hub.keys.receipt.public])
        assert proven.index == by_entry[entry].index
        assert hub.receipts.make(by_entry[entry]) == receipt
    for smaller in heads:
        proof = consistency_proof(smaller, hub.size, tree)
        verify_consistency(smaller, root(smaller, tree), hub.size, tree.frontier.root(), proof)
    hub.close()
