"""Work divided among forked processes: order, errors, death, interruption, and nothing left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from troth.errors import EvidenceError
from troth.runners import pool
from troth.runners.pool import processes


def children():
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None


@pytest.fixture(autouse=True)
def _nothing_left():
    files = len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert children() is None, "a child was left behind"
    assert len(list(Path("/proc/self/fd").iterdir())) == files, "a pipe was left open"


@pytest.mark.parametrize("count", [1, 2, 5])
def test_results_come_in_order_of_parts(count):
    found = processes(count)(lambda part, parts: (part, parts, os.getpid()))
    assert [(part, parts) for part, parts, _ in found] == [(part, count) for part in range(count)]
    assert found[0][2] == os.getpid(), "part 0 is run here"
    assert len({pid for _, _, pid in found}) == count


def test_large_results_pass_whole():
    one, two = processes(2)(lambda part, _: bytes([part]) * (5 << 20))
    assert (one, two) == (bytes(5 << 20), b"\1" * (5 << 20))


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_parts_error_is_raised_here_with_its_words(failing):
    def work(part, parts):
        if part == failing:
            raise EvidenceError("no good", where=f"part {part}", hint="Try another")
        return part

    with pytest.raises(EvidenceError) as caught:
        processes(3)(work)
    assert str(caught.value) == f"part {failing}: no good. Try another"


def test_a_fault_in_a_child_is_shown_and_raised(capfd):
    def work(part, parts):
        return 1 // (1 - part)

    with pytest.raises(ChildProcessError, match="died"):
        processes(2)(work)
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_child_that_is_killed_is_raised():
    def work(part, parts):
        if part:
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(ChildProcessError, match="died"):
        processes(2)(work)


def test_other_threads_or_no_fork_mean_one_process(monkeypatch):
    waiting = threading.Event()
    thread = threading.Thread(target=waiting.wait)
    thread.start()
    try:
        assert processes(2)(lambda part, parts: (part, parts)) == [(0, 1)]
    finally:
        waiting.set()
        thread.join()
    monkeypatch.delattr(pool.os, "fork")
    assert processes(2)(lambda part, parts: (part, parts)) == [(0, 1)]


SLOW = """
import time, sys
from troth.runners.pool import processes
def work(part, parts):
    if part == 0:
        print("ready", flush=True)
    time.sleep(60)
processes(2)(work)
"""


def test_an_interruption_ends_both_at_once():
    run = subprocess.Popen(
        [sys.executable, "-c", SLOW], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert run.stdout.readline() == b"ready\n"
    began = time.monotonic()
    os.killpg(run.pid, signal.SIGINT)
    _, told = run.communicate(timeout=10)
    assert time.monotonic() - began < 5
    assert told.count(b"KeyboardInterrupt") == 1, "only the parent tells of it"
    with pytest.raises(ProcessLookupError):
        os.killpg(run.pid, 0)
