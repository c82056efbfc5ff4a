import json
import re

import jsonschema
import pytest

from troth.guidance import guideline_payload, objectives, read_catalog, reference
from troth.readers.packs import find_pack
from troth.statements.canonical import canonical
from troth.statements.objectives import Objective

BANNED = re.compile(r"\b(non-?compliant|compliant|violations?|certified|grades?)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def catalog():
    return read_catalog(find_pack("starter"))


@pytest.fixture(scope="module")
def rows(catalog):
    return {row.id: row for row in objectives(catalog)}


@pytest.fixture(scope="module")
def written(root):
    """The thresholds that were written down before the demo's evaluations were run."""
    return json.loads((root / "demo/evals/thresholds.json").read_text())


def test_there_are_eleven_controls(catalog):
    assert list(catalog.controls) == [f"st-{n}" for n in range(1, 12)]
    assert reference(catalog).id == "starter"


def test_it_fits_an_entry_of_the_log():
    assert len(canonical(guideline_payload(find_pack("starter")))) < 60_000


def test_measured_rows_are_exactly_those_of_the_demo(rows, written):
    for plain in written:
        assert rows[plain["id"]] == Objective(**plain)
    decided = {key for key, row in rows.items() if row.threshold is not None}
    assert decided == {plain["id"] for plain in written} != set()


def test_catastrophic_hazards_have_no_threshold_and_say_so(catalog, rows):
    catastrophic = {
        key
        for key, placed in catalog.controls.items()
        for prop in placed.control.props
        if prop.name == "hazard" and prop.value == "catastrophic"
    }
    assert catastrophic == {"st-4", "st-5"}
    for row in rows.values():
        if row.method == "measured":
            assert (row.threshold is None) == (row.control in catastrophic)
    for key in catastrophic:
        prose = " ".join(part.prose for part in catalog.controls[key].control.parts)
        assert "threshold open" in prose
        assert "not measured" in prose


def test_every_control_says_what_why_and_how_and_has_a_row(catalog, rows):
    for key, placed in catalog.controls.items():
        named = [(part.name, part.title) for part in placed.control.parts]
        assert named[:3] == [("statement", None), ("guidance", "Why"), ("guidance", "How it is shown")]
        assert [row.id for row in rows.values() if row.control == key] == [
            named_part.id for named_part in placed.control.parts[3:]
        ]
        assert len(placed.control.parts) > 3


def test_every_row_gives_a_reason_and_every_threshold_its_author(rows):
    for row in rows.values():
        assert row.reason
        assert bool(row.set_by) == (row.threshold is not None)


def test_links_lead_somewhere(catalog):
    targets = {f"#{resource.uuid}" for resource in catalog.resources}
    linked = {link.href for placed in catalog.controls.values() for link in placed.control.links}
    assert linked == targets


def test_words_that_judge_an_organisation_are_absent():
    assert BANNED.findall(find_pack("starter").decode()) == []


@pytest.mark.parametrize("version", ["1.2.1", "1.2.3"])
def test_the_official_schema_takes_it(shared, version):
    """The schema's ``\\p{L}`` and ``\\p{N}`` are XSD classes that Python's re lacks; catalogs are descended to directly."""
    text = shared(f"oscal/schema/oscal_complete_schema_{version}.json").read_text()
    text = text.replace("\\\\p{L}", "A-Za-z\\u00c0-\\uffff").replace("\\\\p{N}", "0-9")
    text = re.sub(r"\(A-Za-z(.*?)\|", r"([A-Za-z\1]|", text)
    text = re.sub(r"\|0-9\|", "|[0-9]|", text)
    schema = json.loads(text)
    definitions = schema["definitions"]
    definitions["TokenDatatype"]["pattern"] = r"^[^\W\d][\w.\-]*$"
    model = {"$schema": schema["$schema"], "definitions": definitions}
    model["$ref"] = "#/definitions/oscal-complete-oscal-catalog:catalog"
    for definition in definitions.values():
        definition.pop("$id", None)
    validator = jsonschema.Draft7Validator(model)
    document = json.loads(find_pack("starter"))["catalog"]
    assert [error.message[:200] for error in validator.iter_errors(document)] == []
    document["controls"][0]["id"] = "1 a"
    document["controls"][1]["surprise"] = 1
    assert len(list(validator.iter_errors(document))) == 2
