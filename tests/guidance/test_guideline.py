import json

import msgspec
import pytest

from troth.errors import GuidelineError, InputError
from troth.guidance import guideline_id, guideline_payload, read_catalog, read_payload, reference
from troth.identifiers import digest
from troth.statements.canonical import canonical, parse_record
from troth.statements.payloads import Guideline

OURS = "urn:troth:oscal:1"


def test_the_digest_is_of_the_canonical_json(document, as_bytes):
    payload = guideline_payload(as_bytes(document))
    assert payload.digest == digest(canonical(document))
    assert payload.id == document["catalog"]["uuid"]
    assert reference(read_catalog(as_bytes(document))).digest == payload.digest


def test_white_space_and_key_order_do_not_change_the_reference(document):
    other = json.dumps(document, indent=3, sort_keys=True).encode()
    assert reference(read_catalog(other)) == reference(read_catalog(json.dumps(document).encode()))


def test_an_unknown_field_changes_the_reference(document, first, as_bytes):
    before = reference(read_catalog(as_bytes(document)))
    first["future-field"] = {"kept": False}
    assert reference(read_catalog(as_bytes(document))).digest != before.digest


def test_a_payload_survives_the_wire(document, as_bytes):
    payload = guideline_payload(as_bytes(document))
    back = parse_record(canonical(payload), Guideline)
    assert back == payload
    assert list(read_payload(back).controls) == list(read_catalog(as_bytes(document)).controls)


@pytest.mark.parametrize("change", [{"digest": "sha256:" + "0" * 64}, {"id": "other"}, {"version": "2"}])
def test_a_payload_that_misnames_its_catalog_is_refused(document, as_bytes, change):
    payload = msgspec.structs.replace(guideline_payload(as_bytes(document)), **change)
    with pytest.raises(GuidelineError, match="the statement says"):
        read_payload(payload)


def test_the_id_is_the_metadatas_prop(document, as_bytes):
    document["catalog"]["metadata"]["props"] = [
        {"name": "keywords", "value": "x"},
        {"name": "guideline-id", "ns": OURS, "value": "small"},
    ]
    assert guideline_id(read_catalog(as_bytes(document))) == "small"


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("props", [{"name": "guideline_id", "ns": OURS, "value": "x"}], "'guideline_id' is not known"),
        ("props", [{"name": "guideline-id", "ns": OURS, "value": " "}], "1 to 200"),
        ("version", "", "version has 0 characters"),
        ("title", "x" * 201, "title has 201 characters"),
    ],
)
def test_what_cannot_name_a_guideline_is_refused(document, as_bytes, field, value, what):
    document["catalog"]["metadata"][field] = value
    with pytest.raises(GuidelineError, match=what):
        guideline_payload(as_bytes(document))


def test_a_guideline_with_an_objective_that_cannot_be_read_is_not_published(document, first, as_bytes):
    first["parts"][1]["props"][3]["name"] = "treshold"
    with pytest.raises(GuidelineError, match="'treshold' is not known"):
        guideline_payload(as_bytes(document))


def test_a_number_that_canonical_json_cannot_hold_is_refused(document, first, as_bytes):
    first["future-field"] = 2**60
    with pytest.raises(InputError, match="canonical JSON"):
        guideline_payload(as_bytes(document))
