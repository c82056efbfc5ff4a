"""The published examples of the log: made again they are the same, and they read as they say."""

import hashlib
import json
import runpy

import pytest

from troth.cose import PublicKey
from troth.errors import TrothError
from troth.log import (
    MemoryTree,
    check,
    decode_entries,
    leaf_hash,
    open_checkpoint,
    parse_tile_path,
    parse_vkey,
    verify_consistency,
    verify_inclusion,
)

FOLDER = "docs/specs/vectors"


@pytest.fixture(scope="module")
def vectors(root):
    return json.loads((root / FOLDER / "log.json").read_text(encoding="utf-8"))


def hexed(values):
    return [bytes.fromhex(value) for value in values]


def test_made_again_they_are_the_same(root):
    made = runpy.run_path(str(root / FOLDER / "make.py"))
    written = (root / FOLDER / "log.json").read_text(encoding="utf-8")
    assert made["text"](made["log"]()) == written, "run docs/specs/vectors/make.py"


def test_the_tree(vectors):
    tree = vectors["tree"]
    leaves = hexed(tree["leaf_hashes"])
    roots = hexed(tree["roots"])
    assert [leaf_hash(entry) for entry in hexed(tree["entries"])] == leaves
    assert MemoryTree(leaves).frontier.root() == roots[7]
    for each in tree["inclusion"]:
        verify_inclusion(leaves[each["index"]], each["index"], 7, hexed(each["path"]), roots[7])
    for each in tree["consistency"]:
        verify_consistency(each["size1"], roots[each["size1"]], 7, roots[7], hexed(each["path"]))


def test_tiles(vectors):
    tiles = vectors["tiles"]
    for each in tiles["addresses"]:
        tile = parse_tile_path(each["path"])
        assert (tile.level, tile.n, tile.width) == (each["level"], each["n"], each["width"])
    large = MemoryTree(leaf_hash(b"%d" % number) for number in range(600))
    assert large.frontier.root().hex() == tiles["tree_of_600"]["root"]
    for each in tiles["tree_of_600"]["tiles"]:
        tile = parse_tile_path(each["path"])
        held = [large.node(8 * tile.level, 256 * tile.n + place) for place in range(tile.width)]
        assert hashlib.sha256(b"".join(held)).hexdigest() == each["sha256"]
    assert decode_entries(bytes.fromhex(tiles["bundle"]["bytes"])) == hexed(tiles["bundle"]["entries"])


def test_the_checkpoint(vectors):
    example = vectors["checkpoint"]
    log, witness = parse_vkey(example["vkey"]), parse_vkey(example["witness_vkey"])
    opened = open_checkpoint(example["note"].encode(), log, [witness])
    assert opened.checkpoint.root.hex() == vectors["tree"]["roots"][7]
    (cosigned,) = open_checkpoint(example["cosigned"].encode(), log, [witness]).cosignatures
    assert cosigned.time == example["cosignature_time"]


def test_receipts(vectors):
    example = vectors["receipts"]
    keys = [PublicKey.from_cose(bytes.fromhex(example["key"]["cose_key"]))]
    entry = bytes.fromhex(example["entry"])
    for name, bound in (("receipt", True), ("receipt_without_size", False)):
        proven = check(bytes.fromhex(example[name]), entry, keys)
        assert (proven.size, proven.index, proven.bound) == (example["size"], example["index"], bound)
        assert proven.root.hex() == example["root"]
    assert len(example["refused"]) == 8
    for each in example["refused"]:
        with pytest.raises(TrothError) as caught:
            check(bytes.fromhex(each["receipt"]), bytes.fromhex(each["entry"]), keys)
        assert caught.value.code == each["error"], each["name"]


def test_the_examples_in_the_specification_are_the_vectors(root, vectors):
    page = (root / "docs/specs/log.md").read_text(encoding="utf-8")
    assert f"```\n{vectors['checkpoint']['cosigned']}```" in page
    lines = page.split("```\nd2 84 ")[-1].split("```")[0].split("\n")[1:]
    # a comment stands three spaces after the bytes
    found = "d284" + "".join("".join(line.strip().split("   ")[0].split()) for line in lines)
    assert found == vectors["receipts"]["receipt"]
