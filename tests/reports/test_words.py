"""Words that never appear: not in templates, not in what they make of the samples."""

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
