"""How commands speak: streams, colours, pipes that close, disks that fill, terminals that know no ✓, hostile names."""

import io
import json
import os
import pty
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.cli import output
from troth.errors import StorageError

ESCAPE = "\x1b"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def run(words, *, env=None, **options):
    """A command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "troth", *map(str, words)],
        env={**os.environ, **(env or {})}, check=False, stderr=subprocess.PIPE, **options,
    )  # fmt: skip


def on_a_terminal(words, env=None):
    """What a command writes where both its streams are a terminal; gives the exit code too."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "troth", *map(str, words)],
        stdin=follower, stdout=follower, stderr=follower, env={**os.environ, "TERM": "xterm", **(env or {})},
    ) as child:  # fmt: skip
        os.close(follower)
        said = b""
        while True:
            try:
                part = os.read(leader, 4096)
            except OSError:
                break
            if not part:
                break
            said += part
        os.close(leader)
    return child.returncode, said.decode()


@pytest.mark.network
def test_colours_on_a_terminal_and_nowhere_else(story):
    words = ["verify", story.file("forged.troth"), "--trust", story.trust]
    code, said = on_a_terminal(words)
    assert code == 1
    assert f"{ESCAPE}[1;32m✓{ESCAPE}[0m" in said
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert ESCAPE not in on_a_terminal(words, env)[1]
    piped = run(words, stdout=subprocess.PIPE)
    assert (piped.returncode, ESCAPE.encode() in piped.stdout + piped.stderr) == (1, False)


@pytest.mark.network
def test_progress_is_on_stderr_and_on_a_terminal_only(story, tmp_path):
    words = ["assess", story.logs, "-o", tmp_path / "out"]
    _, said = on_a_terminal(words)
    assert "Reading logs" in said
    piped = run(words, stdout=subprocess.PIPE)
    assert b"Reading logs" not in piped.stdout + piped.stderr
    quiet = on_a_terminal([*words, "--json"])[1]
    assert "Reading logs" not in quiet
    json.loads(quiet)


@pytest.mark.network
@pytest.mark.parametrize(
    ("name", "code"), [("claim.troth", 0), ("forged.troth", 1)], ids=["verified", "refused"]
)
def test_a_reader_who_goes_away_changes_no_exit_code(story, name, code):
    """Or `troth verify forged | head -1` would say that all is well."""
    read, write = os.pipe()
    os.close(read)
    for more in ([], ["--json"]):
        done = run(["verify", story.file(name), "--trust", story.trust, *more], stdout=write)
        assert (done.returncode, done.stderr) == (code, b"")
    helped = run(["--help"], stdout=write)
    assert (helped.returncode, helped.stderr) == (0, b"")
    os.close(write)


@pytest.mark.network
def test_head_takes_a_line(story):
    shell = f"{sys.executable} -m troth evidence show {story.logs} | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", shell], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == 1


@pytest.mark.network
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_full_disk_under_stdout(story, more):
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = run(["verify", story.file("claim.troth"), "--trust", story.trust, *more], stdout=full)
    assert done.returncode == 5
    assert b"stdout: cannot be written: No space left on device" in done.stderr


@pytest.mark.network
def test_a_terminal_that_knows_no_tick(story):
    env = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = run(["verify", story.file("claim.troth"), "--trust", story.trust], env=env, stdout=subprocess.PIPE)
    assert done.returncode == 0
    assert b"1 \\u2713 File" in done.stdout


def test_a_name_that_is_no_text(troth, tmp_path):
    (tmp_path / os.fsdecode(b"\xff\x1b[2J.eval")).write_bytes(b"PK")
    people = troth("evidence", "show", tmp_path)
    assert ESCAPE not in people.out
    assert "\\udcff\\x1b[2J.eval" in people.out
    done = troth("evidence", "show", tmp_path, "--json")
    assert "\\udcff" in done.json["skipped"][0]["path"]


def test_what_is_shown_of_text_from_outside():
    hostile = "a\x1b[31mb\x1b]0;t\x07c\rd\x9be\u202ef\u2028g\x00h\x1b"
    shown = output.plain(hostile)
    assert shown == "a\\x1b[31mb\\x1b]0;t\\x07c\\rd\\x9be\\u202ef\\u2028g\\x00h\\x1b"
    assert output.plain("two\nlines\tand – “words” ✓ 日本") == "two\nlines\tand – “words” ✓ 日本"
    assert output.one_line("one\n2 ✓ Enrolment  all is well\x85") == "one 2 ✓ Enrolment all is well"
    assert "\n" not in output.table(("a",), [("b\nc",)]).splitlines()[-1]


@given(st.text())
def test_no_control_gets_through(text):
    shown = output.plain(text)
    rest = re.sub(r"\x1b\[(0|1;3[1-6])m", "", shown)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", rest)
    shown.encode()
    assert output.plain(shown) == shown


def test_colour_is_kept_by_saying(monkeypatch, capsys):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    red = output.colour("no", "red", Terminal())
    assert red == f"{ESCAPE}[1;31mno{ESCAPE}[0m"
    output.say(red)
    assert capsys.readouterr().out == red + "\n"
    assert output.colour("no", "red", io.StringIO()) == "no"


def test_progress_bars(monkeypatch):
    with output.progress("Nothing", quiet=True) as bar:
        bar(1, 2)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with output.progress("Working") as bar:
        bar(1, 2)
        bar(2, 0)
    assert "Working" in terminal.getvalue()


def test_a_stream_that_fails(monkeypatch, tmp_path):
    class Full(io.TextIOWrapper):
        def write(self, text):
            raise OSError(28, "No space left on device")

    for name in ("stdout", "stderr"):
        with (tmp_path / name).open("wb") as file, Full(file) as stream:
            monkeypatch.setattr(sys, name, stream)
            (output.say if name == "stdout" else output.note)("x")  # the work goes on
            with pytest.raises(StorageError) as raised:
                output.flush()
            assert raised.value.where == name
            monkeypatch.undo()
    output.flush()


def test_documents_of_everything(capsys):
    output.emit({"a": ["\udcff", 1, None, {"\udcfe": True}]})
    assert json.loads(capsys.readouterr().out) == {"a": ["\\udcff", 1, None, {"\\udcfe": True}]}
