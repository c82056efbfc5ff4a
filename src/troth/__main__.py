"""`python -m troth`."""

from troth.cli.main import run

run()
