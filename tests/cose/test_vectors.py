"""The published examples of signed statements: made again they are the same, and they read as they say."""

import json
import runpy

import pytest

from troth.cose import PrivateKey, PublicKey, decode, normalise, parse, receipts, sig_structure
from troth.errors import CborError, TrothError

FOLDER = "docs/specs/vectors"


@pytest.fixture(scope="module")
def vectors(root):
    return json.loads((root / FOLDER / "signed-statement.json").read_text(encoding="utf-8"))


def test_made_again_they_are_the_same(root):
    made = runpy.run_path(str(root / FOLDER / "make.py"))
    written = (root / FOLDER / "signed-statement.json").read_text(encoding="utf-8")
    assert made["text"](made["signed_statement"]()) == written, "run docs/specs/vectors/make.py"


def test_keys(vectors):
    for name, key in vectors["keys"].items():
        public = PublicKey.from_cose(bytes.fromhex(key["cose_key"]))
        assert public.thumbprint().hex() == key["thumbprint"]
        make = PrivateKey.es256 if name == "es256" else PrivateKey.ed25519
        assert make(bytes.fromhex(key["secret"])).public == public


def test_cbor(vectors):
    for example in vectors["cbor"]:
        decode(bytes.fromhex(example["hex"]))
    for refused in vectors["cbor_refused"]:
        with pytest.raises(CborError):
            decode(bytes.fromhex(refused))


def test_statements(vectors):
    assert len(vectors["statements"]) == 4
    for example in vectors["statements"]:
        statement = parse(bytes.fromhex(example["statement"]))
        given = None if statement.payload is not None else b'{"a":1}'
        statement.verify(payload=given)
        assert statement.protected.hex() == example["protected"]
        assert statement.to_be_signed(given).hex() == example["to_be_signed"]
        assert sig_structure(statement.protected, statement.payload or given).hex() == example["to_be_signed"]


def test_transparent(vectors):
    example = vectors["transparent"]
    transparent = bytes.fromhex(example["transparent"])
    assert normalise(transparent).hex() == example["entry"]
    assert [receipt.hex() for receipt in receipts(transparent)] == example["receipts"]


def test_refused(vectors):
    assert len(vectors["refused"]) == 14
    for example in vectors["refused"]:
        data = bytes.fromhex(example["statement"])
        with pytest.raises(TrothError) as caught:
            accept(data)
        assert caught.value.code == example["error"], example["name"]


def accept(data):
    normalise(data)
    parse(data).verify()


def test_the_example_in_the_specification_is_the_first_vector(root, vectors):
    page = (root / "docs/specs/signed-statement.md").read_text(encoding="utf-8")
    lines = page.split("```\nd2 84 ")[-1].split("```")[0].split("\n")[1:]
    # a comment stands three spaces after the bytes
    found = "d284" + "".join("".join(line.strip().split("   ")[0].split()) for line in lines)
    assert found == vectors["statements"][0]["statement"]
