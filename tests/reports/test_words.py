"""Words that never appear: not in templates or what they make of the samples, not in what the program says."""

import ast
import re
from importlib import resources

import pytest

from troth.reports import page_models, pages

NEVER = re.compile(
    r"\b(non-?complian\w*|complian\w*|violat\w*|certif(?:y|ies|ied|ication\w*|icate\w*)|grad(?:e|es|ed|ing)|scor(?:e|es|ed|ing))\b",
    re.IGNORECASE,
)


def sources():
    folder = resources.files("troth.reports")
    yield from folder.joinpath("templates").iterdir()
    yield from (file for file in folder.iterdir() if file.name.endswith(".py"))


@pytest.mark.parametrize("source", list(sources()), ids=lambda source: source.name)
def test_sources_do_not_use_them(source):
    assert NEVER.findall(source.read_text(encoding="utf-8")) == []


def speaking():
    """The modules beside the reports whose strings end before a reader."""
    package = resources.files("troth")
    yield package / "errors.py"
    yield package / "measurement" / "outcome.py"
    for room in ("cli", "standing"):
        yield from (file for file in (package / room).iterdir() if file.name.endswith(".py"))


def said(text):
    """The words in a module's strings, docstrings among them: those are the commands' help."""
    strings = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
    return [word for each in strings if isinstance(each, str) for word in NEVER.findall(each)]


@pytest.mark.parametrize("source", list(speaking()), ids=lambda source: f"{source.parent.name}/{source.name}")
def test_nothing_said_uses_them(source):
    of_samples = (
        {"scored"} if source.name == "outcome.py" else set()
    )  # a sample is scored, an organisation never
    assert set(said(source.read_text(encoding="utf-8"))) <= of_samples


def test_the_lint_would_find_what_is_said():
    text = 'x = f"{y} is Compliant"  # a violation\ngrade = "certified by a scorer"'
    assert set(said(text)) == {"Compliant", "certified"}


def test_nothing_rendered_uses_them(rendered):
    assert {name: found for name, html in rendered.items() if (found := NEVER.findall(html))} == {}


def test_the_lint_would_find_them(site):
    html = pages.error(
        site(), page_models.ErrorPage(title="t", sentence="A violation: not compliant, grade B.")
    )
    assert NEVER.findall(html) == ["violation", "compliant", "grade"]


def test_hidden_characters_are_shown_by_number(site):
    html = pages.error(site(), page_models.ErrorPage(title="a\u202eb", sentence="x"))
    assert "a⟨U+202E⟩b" in html
