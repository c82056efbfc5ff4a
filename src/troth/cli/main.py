"""The `troth` command: wiring, and the one place where errors become messages and exit codes.

Exit codes: 0 done · 1 not met, or verification failed · 2 usage · 3 inconclusive, not measured, unknown ·
4 hub or network · 5 bad input or I/O · 70 internal fault · 130 interrupted.

Each command is a file beside this one; what is heavy is imported inside it, so that `troth --help` and
`troth verify` start fast (tests/cli/test_imports.py keeps it so).
"""

from __future__ import annotations

import os
import sys

import click
import typer

from troth import __version__
from troth.cli import assess, demo, evidence, hub, key, log, project, register, sign, standing, trust, verify
from troth.cli.output import fail, interrupted
from troth.errors import TrothError

app = typer.Typer(
    name="troth",
    help="Signed, checkable promises about AI safety: evidence, assessment, a public record, standing.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 not met or check failed, 2 usage, 3 inconclusive or unknown, 4 hub or network, "
    "5 bad input or I/O, 70 internal fault, 130 interrupted.",
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"troth {__version__}")
        raise typer.Exit


@app.callback()
def main(
    *,
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Signed, checkable promises about AI safety: evidence, assessment, a public record, standing."""


for command in (project, key, evidence, assess, sign, register, verify, standing, log, trust, hub, demo):
    command.add_to(app)


def run() -> None:
    """The console script: run a command, and turn what goes wrong into one message and an exit code."""
    as_json = "--json" in sys.argv
    try:
        code = app(standalone_mode=False)
    except TrothError as error:
        fail(error, as_json=as_json)
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = 2
    except (KeyboardInterrupt, click.Abort):
        interrupted()
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:
        if os.environ.get("TROTH_DEBUG"):
            raise
        fail(error, as_json=as_json)
        code = 70
    sys.exit(code if isinstance(code, int) else 0)
