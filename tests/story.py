"""The demo played once for a whole test run, its hub left running; and the command line, called in this process.

Loaded by path, once: the rooms' conftests share what it holds. Not a test itself.
"""

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from troth.cli import main

LAB, AGENCY = "https://lab.example", "https://agency.example"
SYSTEM = "https://lab.example/systems/demo-model"
MODULE = [sys.executable, "-m", "troth"]
ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "demo/evals/logs"


def free_port():
    """A port of the loopback address that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def waited(condition, *, seconds=60.0, what="it"):
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen in {seconds} s"
        time.sleep(0.02)


class Child:
    """A command in a process of its own, in its own session, that says what it says into files."""

    def __init__(self, folder, *arguments, env=None, cwd=None):
        folder.mkdir(parents=True, exist_ok=True)
        self.out, self.err = folder / "stdout", folder / "stderr"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [*MODULE, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )

    def said(self):
        """Both streams."""
        return self.out.read_text() + self.err.read_text()

    def until(self, words):
        """Wait until it says something."""
        waited(lambda: words in self.said() or self.process.poll() is not None, what=words)
        assert words in self.said(), self.said()

    def signalled(self, number=signal.SIGINT):
        """Send a signal, wait for the end, and give the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)

    def end(self):
        """However it stands."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


_APART = '("$@" >"$0/stdout" 2>"$0/stderr" & echo $! >"$0/pid"; wait $!; echo $? >"$0/rc") &'


class Apart:
    """A command that is no child of this process, so that tests which look at all their children do not meet it.

    The shell lets it ignore SIGINT; SIGTERM ends it.
    """

    def __init__(self, folder, *arguments):
        folder.mkdir(parents=True)
        self.folder, self.out, self.err = folder, folder / "stdout", folder / "stderr"
        self.out.touch()  # the shell makes them too, perhaps after the pid is read
        self.err.touch()
        subprocess.run(
            ["sh", "-c", _APART, str(folder), *MODULE, *map(str, arguments)],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        waited(lambda: self._word("pid"), what="the start")

    def _word(self, name):
        path = self.folder / name
        return path.read_text().strip() if path.exists() else ""

    def until(self, words):
        """Wait until it says something."""
        waited(lambda: words in self.err.read_text() or self._word("rc"), what=words)
        assert words in self.err.read_text(), self.out.read_text() + self.err.read_text()

    def ended(self):
        """Ask it to end; its exit code."""
        if not self._word("rc"):
            os.kill(int(self._word("pid")), signal.SIGTERM)
            waited(lambda: self._word("rc"), what="the end")
        return int(self._word("rc"))


class Done(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        """Its one document."""
        return json.loads(self.out)


class Story:
    """A played demo: its files, and its hub, whose clock stands a day after the runs."""

    def __init__(self, folder):
        self.top, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.child = Apart(folder / "said", "demo", "--folder", folder / "demo", "--port", self.port)
        self.at = folder / "demo/1"
        self.trust = self.at / "trust.json"
        self.logs = LOGS

    def file(self, name):
        """A file of the demo."""
        return self.at / name


_played = []


def played(folder):
    """The story; the first caller's folder holds it. Gives whether the caller is the one to end it, too."""
    first = not _played
    if first:
        _played.append(Story(folder))
        _played[0].child.until("The hub runs until Ctrl-C")
    return _played[0], first


@contextlib.contextmanager
def called(argv, *, stdin="", env=None):
    """The process as a command finds it."""
    old = (sys.argv, sys.stdin, sys.stdout, sys.stderr, dict(os.environ))
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
    given = stdin if isinstance(stdin, bytes) else stdin.encode()
    sys.argv, sys.stdin = ["troth", *map(str, argv)], io.TextIOWrapper(io.BytesIO(given), encoding="utf-8")
    sys.stdout, sys.stderr = streams
    os.environ.update(env or {})
    try:
        yield streams
    finally:
        sys.argv, sys.stdin, sys.stdout, sys.stderr = old[:4]
        os.environ.clear()
        os.environ.update(old[4])


def troth(*argv, stdin="", env=None):
    """Run a command in this process, through the console script's own function."""
    with called(argv, stdin=stdin, env=env) as (out, err):
        try:
            main.run()
        except SystemExit as end:
            code = end.code
    return Done(code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode())


def fixtures(pytest):
    """The fixtures that the rooms' conftests take over."""

    @pytest.fixture(scope="session")
    def story(tmp_path_factory):
        """The demo, played once; its hub runs until the end."""
        found, mine = played(tmp_path_factory.mktemp("story"))
        yield found
        if mine:
            code = found.child.ended()
            assert (code, answers(found.port)) == (0, False), "the demo left a hub behind"

    @pytest.fixture(name="troth")
    def command(tmp_path, monkeypatch):
        """Run a command in an empty folder, with a home of its own."""
        monkeypatch.setenv("TROTH_HOME", str(tmp_path / "home"))
        for name in (
            "TROTH_PASSPHRASE",
            "TROTH_HUB",
            "TROTH_DATA",
            "TROTH_HEADS",
            "TROTH_URL",
            "TROTH_DEBUG",
        ):
            monkeypatch.delenv(name, raising=False)
        work = tmp_path / "work"
        work.mkdir()
        monkeypatch.chdir(work)
        return troth

    @pytest.fixture(scope="session")
    def kit():
        """This module."""
        return sys.modules["story"]

    return story, command, kit
