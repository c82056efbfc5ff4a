"""A hub as a child process: it starts, says that it serves, stops; when it does not, its words are told."""

import signal
import socket
import subprocess
import sys
import time

import pytest

from troth.errors import HubError
from troth.runners import hubprocess
from troth.runners.hubprocess import HubProcess, free_port

pytestmark = pytest.mark.network


def some_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def hub(tmp_path):
    """Prepare hubs on one folder; those that still run at the end are killed."""
    made = []

    def prepare(*more, port=None, log=None):
        options = [
            "--operator",
            "A test",
            "--data",
            str(tmp_path / "data"),
            "--heads",
            str(tmp_path / "heads"),
            *more,
        ]
        made.append(HubProcess(options, port=port or some_port(), log=log or tmp_path / "hub.log"))
        return made[-1]

    yield prepare
    for each in made:
        each.kill()


def test_it_serves_and_stops(hub):
    with hub() as running:
        with socket.create_connection(("127.0.0.1", running.port)):
            pass
        assert running.process.poll() is None
    assert running.process.returncode == 0
    running.stop()
    assert running.wait() == 0
    hub().stop()  # one that never ran
    assert hub().wait() == 0


def test_it_is_killed(hub):
    running = hub().start()
    running.kill()
    assert running.process.returncode == -signal.SIGKILL
    again = hub(
        port=running.port
    ).start()  # the log goes on, and the earlier words in the file say nothing of it
    assert again.log.read_text().count("Serving") == 2


def test_what_it_says_when_it_does_not_start(hub):
    with pytest.raises(HubError, match=r"did not start: .*No such option") as raised:
        hub("--no-such-option").start()
    assert raised.value.where.endswith("hub.log")


def test_a_port_that_somebody_has(hub):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        running = hub(port=port)
        with pytest.raises(HubError, match="cannot listen"):
            running.start()
        assert running.process.poll() is not None, "another server's answer is not taken for its own"
        assert free_port(port) > port
    assert free_port(port) == port


def test_no_port_is_free():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(HubError, match="is free"):
            free_port(port, tries=1)


def sleeper(monkeypatch, *, stubborn=False):
    """In place of the hub: a process that never says that it serves, and, if stubborn, does not end when asked."""
    ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN); " if stubborn else ""
    code = f"import signal, time; {ignore}print('here', flush=True); time.sleep(60)"
    real = subprocess.Popen

    def popen(_words, **options):
        return real([sys.executable, "-c", code], **options)

    monkeypatch.setattr(hubprocess.subprocess, "Popen", popen)


def test_one_that_never_answers(hub, monkeypatch):
    sleeper(monkeypatch)
    monkeypatch.setattr(hubprocess, "START", 0.3)
    running = hub()
    with pytest.raises(HubError, match="did not start"):
        running.start()
    assert running.process.returncode is not None


def test_one_that_does_not_end_when_asked(hub, monkeypatch, tmp_path):
    sleeper(monkeypatch, stubborn=True)
    monkeypatch.setattr(hubprocess, "START", 1.0)
    monkeypatch.setattr(hubprocess, "STOP", 0.1)
    running = hub()
    with pytest.raises(HubError):
        running.start()
    assert running.process.returncode == -signal.SIGKILL


def test_ctrl_c_while_it_starts(hub, monkeypatch):
    sleeper(monkeypatch)

    def interrupt(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(hubprocess.time, "sleep", interrupt)
    running = hub()
    with pytest.raises(KeyboardInterrupt), running:
        pass
    assert running.process.returncode is not None


def test_ctrl_c_while_it_stops(hub, monkeypatch):
    sleeper(monkeypatch, stubborn=True)
    running = hub()
    monkeypatch.setattr(running, "_said", lambda _before: b"Serving here")
    running.start()
    while b"here" not in running.log.read_bytes():
        time.sleep(0.01)
    real = running.process.wait
    asked = []

    def wait(timeout=None):
        asked.append(timeout)
        if len(asked) == 1:
            raise KeyboardInterrupt
        return real(timeout)

    monkeypatch.setattr(running.process, "wait", wait)
    with pytest.raises(KeyboardInterrupt):
        running.stop()
    assert running.process.returncode == -signal.SIGKILL
