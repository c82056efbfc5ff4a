"""The specifications say what the code has, and their vectors do what they say."""

import importlib.util
import json
import sys

import msgspec
import pytest

from troth.errors import TrothError
from troth.statements.kinds import KINDS
from troth.statements.trust import TrustFile, parse_trust
from troth.statements.verify import Verification


@pytest.fixture(scope="module")
def generate(root):
    spec = importlib.util.spec_from_file_location("generate", root / "docs/generate.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["schema_files", "bundle_vectors", "error_pages"])
def test_generated_files_are_up_to_date(generate, name):
    made = getattr(generate, name)
    assert made in generate.GENERATORS
    stale = [str(path) for path, _ in generate.changed(made)]
    assert not stale, "run python docs/generate.py"


def test_nothing_is_left_over(generate):
    assert generate.left_over() == []


def test_every_error_has_a_page(root):
    pages = {path.stem for path in (root / "docs/reference/errors").glob("*.md")}
    seen = [TrothError]
    for kind in seen:
        assert kind.code in pages
        seen += [each for each in kind.__subclasses__() if each.__module__ == "troth.errors"]
    assert "internal" in pages
    assert len({kind.code for kind in seen}) == len(seen)  # a code names one error


def test_every_kind_has_a_schema_and_a_section(root):
    text = (root / "docs/specs/statement-kinds.md").read_text()
    for kind in KINDS:
        schema = json.loads((root / f"docs/specs/schemas/{kind.replace('@', '.v')}.json").read_text())
        assert schema["title"] == kind
        assert f"`{kind}`" in text, kind


def test_every_field_of_every_payload_is_in_the_specification(root):
    text = (root / "docs/specs/statement-kinds.md").read_text()
    for record in KINDS.values():
        for field in record.__struct_fields__:
            assert f"`{field}`" in text, f"{record.__name__}.{field}"


def test_every_field_of_a_trust_file_is_in_the_specification(root):

    text = (root / "docs/specs/trust-file.md").read_text()
    for field in TrustFile.__struct_fields__:
        assert f"`{field}`" in text


def test_the_bundle_vectors_hold(root):
    """From the file alone, as another implementation would read them."""
    vectors = json.loads((root / "docs/specs/vectors/bundle.json").read_text())
    trust = parse_trust(msgspec.json.encode(vectors["trust"]))
    assert len(vectors["cases"]) > 20
    for case in vectors["cases"]:
        number, code = 0, ""
        try:
            for step in Verification(bytes.fromhex(case["hex"]), (trust,)).steps():
                number = step.number
        except TrothError as error:
            number, code = number + 1, error.code
        assert (number, code) == (case["step"] or 8, case["code"]), case["name"]
