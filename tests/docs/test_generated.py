"""The reference of commands is the same whatever terminal it is made on. (test_specs.py holds all pages to the code.)"""

import subprocess
import sys


def test_the_reference_does_not_depend_on_the_terminal(root, monkeypatch):
    code = (
        "import sys; sys.path.insert(0, 'docs'); import generate_cli; sys.stdout.write(generate_cli.page())"
    )
    pages = set()
    for width in ("40", "200"):
        monkeypatch.setenv("COLUMNS", width)
        monkeypatch.setenv("TERMINAL_WIDTH", width)
        done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)
        pages.add(done.stdout)
    assert len(pages) == 1
