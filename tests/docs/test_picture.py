"""The README's picture: whole by itself, readable in both colour schemes, and as the runs are."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def text(root):
    return (root / "docs/images/intervals.svg").read_text(encoding="utf-8")


@pytest.fixture
def picture(text):
    return ET.fromstring(text)  # noqa: S314 - a file of this repository


@pytest.fixture
def words(picture):
    return ["".join(one.itertext()) for one in picture.iter(f"{SVG}text")]


def test_it_is_what_the_runs_give(root, text):
    code = "import sys; sys.path.insert(0, 'docs'); import picture; sys.stdout.write(picture.picture())"
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code], cwd=root, capture_output=True, check=True
    )
    assert done.stdout.decode() == text, "run python docs/generate.py"


def test_it_stands_alone(text):
    assert re.findall(r"(?:href|src|url\(|@import|<script|<image|<foreignObject)", text) == []
    assert set(re.findall(r"https?://[^\"']*", text)) == {"http://www.w3.org/2000/svg"}
    assert "prefers-color-scheme: dark" in text
    light, dark = re.findall(r"svg \{([^}]*)\}", text)
    for scheme in (light, dark):
        assert set(re.findall(r"--[a-z-]+(?=:)", scheme)) >= {
            "--paper",
            "--ink",
            "--soft",
            "--line",
            "--met",
            "--not-met",
            "--inconclusive",
            "--not-measured",
        }


def test_all_four_outcomes_are_in_it_as_words_and_as_shapes(picture, words):
    assert {"met", "not met", "inconclusive", "not measured"} <= set(words)
    rows = [each for each in picture.iter(f"{SVG}g") if each.get("class")]
    assert {each.get("class") for each in rows} == {"met", "not-met", "inconclusive", "not-measured"}
    shapes = {row.get("class"): ET.tostring(row.find(f"{SVG}svg")[0]) for row in rows}
    assert len(set(shapes.values())) == 4
    assert picture.find(f"{SVG}title").text
    assert "The upper bound decides." in picture.find(f"{SVG}desc").text


def test_every_objective_of_the_guideline_has_a_row(words):
    assert len([word for word in words if re.fullmatch(r"st-[0-9]+\.[a-z]+", word)]) == 11


def test_no_words_run_out_of_the_frame(picture):
    width = float(picture.get("width"))
    for one in picture.iter(f"{SVG}text"):
        x, size = float(one.get("x")), 6.6 * len("".join(one.itertext()))
        left = {"middle": x - size / 2, "end": x - size}.get(one.get("text-anchor"), x)
        assert left > 0, "".join(one.itertext())
        assert left + size < width, "".join(one.itertext())


def test_the_readme_shows_it(root):
    assert "](docs/images/intervals.svg)" in (root / "README.md").read_text(encoding="utf-8")
