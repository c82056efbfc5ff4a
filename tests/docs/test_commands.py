"""The commands in the tutorial and the how-tos, run as they stand: each page from top to bottom in a fresh folder.

A fenced block marked ``console`` holds commands after ``$``, each with what it prints. ``…`` stands for anything within
a line, a line of its own for any lines; no lines at all means that what is printed is not compared. A command must end
with 0 unless ``$ echo $?`` follows it. ``troth hub serve … &`` starts a hub, ``kill %1`` stops it. Only the port is
changed: a free one, told back as 8460.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from troth.runners.hubprocess import HubProcess, free_port

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("docs/tutorial/*.md"), *ROOT.glob("docs/how-to/*.md")])
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PORT = 8460
SERVE = "troth hub serve "


def read_commands(text):
    """(command, lines shown) of every console block, in order."""
    found = []
    for block in BLOCK.findall(text):
        lines = iter(block.splitlines())
        for line in lines:
            if not line.startswith("$ "):
                found[-1][1].append(line)
                continue
            command = line[2:]
            while command.endswith("\\"):
                command += "\n" + next(lines)
            if end := re.search(r"<<'(\w+)'", command):
                for further in lines:
                    command += "\n" + further
                    if further == end[1]:
                        break
            found.append((command, []))
    return found


def pattern(shown):
    """What output has to look like."""
    anything = r"(?:.*\n)*?"
    lines = (
        anything if line == "…" else ".*?".join(map(re.escape, line.split("…"))) + r"\n" for line in shown
    )
    return re.compile("".join(lines))


class Reader:
    """Somebody who types what a page says."""

    def __init__(self, folder, port, env):
        self.folder, self.port, self.env = folder, port, env
        self.hub = None
        self.code = 0

    def type(self, command):
        """Run a command; its output, with the port as the page has it."""
        if command == "echo $?":
            told, self.code = f"{self.code}\n", 0
            return told
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            self.env[name] = os.environ[name] = value
            return ""
        if command == "kill %1":
            self.hub.stop()
            self.code = 0
            return ""
        text = command.replace(str(PORT), str(self.port))
        if text.startswith(SERVE) and text.endswith(" &"):
            return self.serve(shlex.split(text.removeprefix(SERVE).removesuffix(" &")))
        if text.startswith((SERVE, "troth demo")):
            text += f" --port {self.port}"
        done = subprocess.run(
            ["bash", "-c", text], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=120, check=False,
        )  # fmt: skip
        self.code = done.returncode
        return self.told(done.stdout.decode(errors="replace"))

    def serve(self, arguments):
        """A hub in the background, as a shell would start it; what it says at the start."""
        log = self.folder / "hub.out"
        log.unlink(missing_ok=True)
        self.hub = HubProcess(arguments, port=self.port, log=log).start()
        self.code = 0
        for _ in range(200):
            if b"Serving" in log.read_bytes():
                break
            self.hub.process.poll()
            subprocess.run(["sleep", "0.02"], check=True)
        return self.told(log.read_text())

    def told(self, text):
        return text.replace(str(self.port), str(PORT))


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """A reader in a folder that looks like a checkout from inside: the demo's logs and `troth`."""
    if not shutil.which("bash"):
        pytest.skip("bash is absent, and the pages' commands are a shell's")
    (tmp_path / "demo").symlink_to(ROOT / "demo")
    for name in [each for each in os.environ if each.startswith("TROTH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TROTH_HOME", str(tmp_path / "home" / "troth"))
    monkeypatch.setenv(
        "PYTHONUNBUFFERED", "1"
    )  # so that both streams come in the order in which they were written
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TROTH_DATA", "")  # so that what a page exports is taken back at the end
    monkeypatch.delenv("TROTH_DATA")
    port = free_port(18460)
    monkeypatch.setenv("TROTH_HUB", f"http://127.0.0.1:{port}")  # the default that the pages leave unsaid
    made = Reader(tmp_path, port, dict(os.environ))
    yield made
    if made.hub is not None:
        made.hub.stop()


@pytest.mark.network
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_do_what_the_page_shows(page, reader):
    typed = read_commands(page.read_text(encoding="utf-8"))
    assert typed
    for place, (command, shown) in enumerate(typed):
        said = reader.type(command)
        asked = place + 1 < len(typed) and typed[place + 1][0] == "echo $?"
        assert asked or reader.code == 0, f"$ {command}\n{said}"
        if shown:
            assert pattern(shown).fullmatch(said), f"$ {command}\n{said}\n--- the page shows\n" + "\n".join(
                shown
            )


def test_every_page_shows_its_commands_in_blocks_that_are_run():
    loose = re.compile(r"^ {0,3}```(?!console|sh$|json$|$).*troth", re.MULTILINE)
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert BLOCK.search(text), page.name
        assert not loose.search(text), page.name


def test_output_that_differs_would_be_noticed():
    shown = ["id    …", "…", "Of 5 objectives: 1 met."]
    assert pattern(shown).fullmatch("id    abc\nmore\nand more\nOf 5 objectives: 1 met.\n")
    assert pattern(shown).fullmatch("id    abc\nOf 5 objectives: 1 met.\n")
    assert not pattern(shown).fullmatch("id    abc\nOf 5 objectives: 2 met.\n")
    assert not pattern(shown).fullmatch("Of 5 objectives: 1 met.\n")
    assert not pattern(shown).fullmatch(
        "id    abc\nOf 5 objectives: 1 met.\nand a line that the page lacks\n"
    )


def test_blocks_are_read_with_their_continuations():
    text = "```console\n$ one \\\n    two\nsaid\n$ cat <<'END'\ninside\nEND\n```\n"
    assert read_commands(text) == [("one \\\n    two", ["said"]), ("cat <<'END'\ninside\nEND", [])]
