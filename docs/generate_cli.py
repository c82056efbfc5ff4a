"""docs/reference/cli.md, from the commands themselves: every command, argument, option, default and variable.

Reads the parameters, not the help screens, so that the text does not depend on a terminal's width.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click
import typer

from troth.cli import main

BAR = "\\|"  # in a table
HEAD = """# Commands

<!-- Made by docs/generate.py from src/troth/cli/. Do not edit. -->

Data goes to stdout, progress and advice to stderr. `--json` prints one JSON document ([its keys](json.md)), also for
an error. `-` as a file is stdin. Colours and bars go away where the stream is no terminal or `NO_COLOR` is set. Where
a variable is named, it stands in for the option ([settings](settings.md)).
"""


def page() -> str:
    """The whole page."""
    root = typer.main.get_command(main.app)
    assert isinstance(root, click.Group)  # noqa: S101 - the application is a group of commands
    parts = [HEAD, exit_codes(), _section("troth", root, level=2)]
    parts += [_section(name, command, level=2) for name, command in commands(root)]
    return "\n".join(parts).rstrip() + "\n"


def commands(group: click.Group, prefix: str = "troth") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, in the order of the help, with its full name."""
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def exit_codes() -> str:
    """The table of exit codes, from the docstring of the module that keeps them."""
    text = " ".join((main.__doc__ or "").split())
    told = text.partition("Exit codes: ")[2].partition(". Each command")[0]
    rows = [each.strip().partition(" ") for each in told.split("·")]
    table = "\n".join(f"| {code} | {meaning} |" for code, _, meaning in rows)
    return (
        "## Exit codes\n\n| code | meaning |\n|---|---|\n"
        + table
        + "\n\nWhere several apply: 1 before 3 before 0. `assess` exits by outcome only with `--check`. A failure names\n"
        "its code, and each code has [a page](errors/).\n"
    )


def _section(name: str, command: click.Command, *, level: int) -> str:
    parameters = [
        each for each in command.params if not getattr(each, "hidden", False) and each.name != "help"
    ]
    arguments = [each for each in parameters if isinstance(each, click.Argument)]
    options = [each for each in parameters if isinstance(each, click.Option)]
    words = [name, *(_placeholder(each) for each in arguments), *(["[OPTIONS]"] if options else [])]
    said = {each.name: _argument(each, command) for each in arguments}
    parts = [f"{'#' * level} {name}", "", "```", " ".join(words), "```", "", _prose(command.help or ""), ""]
    if arguments:
        parts += ["| argument | |", "|---|---|"]
        parts += [f"| `{_name(each).replace('|', BAR)}` | {said[each.name]} |" for each in arguments]
        parts.append("")
    if options:
        parts += ["| option | | default | variable |", "|---|---|---|---|"]
        parts += [_row(each) for each in options]
        parts.append("")
    return "\n".join(parts)


def _prose(text: str) -> str:
    return inspect.cleandoc(text).replace("\x08", "").strip()


def _name(argument: click.Argument) -> str:
    return argument.metavar or (argument.name or "").upper()


def _placeholder(argument: click.Argument) -> str:
    name = _name(argument)
    many = "" if name.endswith("…") or argument.nargs == 1 else "…"
    return f"{name}{many}" if argument.required else f"[{name}{many}]"


def _argument(argument: click.Argument, command: click.Command) -> str:
    """What is said of an argument; from the function itself, since some versions of click drop it."""
    assert command.callback is not None  # noqa: S101 - only groups have none
    told = inspect.signature(command.callback).parameters[str(argument.name)].default.help or ""
    if argument.required:
        return told
    default = _default(argument)
    return f"{told} Default: {default}." if default else told


def _row(option: click.Option) -> str:
    names = ", ".join(f"`{each}`" for each in option.opts)
    if option.secondary_opts:
        names += " / " + ", ".join(f"`{each}`" for each in option.secondary_opts)
    told = " ".join((option.help or "").split()).replace("|", BAR)
    default = "required" if option.required else _default(option)
    variable = f"`{option.envvar}`" if isinstance(option.envvar, str) else ""
    return f"| {names} | {told} | {default} | {variable} |"


def _default(parameter: click.Parameter) -> str:
    value = parameter.default
    if isinstance(parameter, click.Option) and parameter.is_flag:
        return f"`{parameter.opts[0]}`" if value is True else ""
    if value is None or value in ("", []) or callable(value):
        return ""
    shown = value if isinstance(value, list) else [value]
    return ", ".join(f"`{each.as_posix() if isinstance(each, Path) else each}`" for each in shown)
