"""Tiles: addresses, which there are, nodes read from them, and entry bundles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.errors import TileError, UsageError
from troth.log import (
    ENTRIES,
    Frontier,
    MemoryTree,
    Tile,
    TileNodes,
    consistency_proof,
    decode_entries,
    encode_entries,
    grow_tiles,
    inclusion_proof,
    leaf_hash,
    new_tiles,
    parse_tile_path,
    root,
    tile_path,
    width_at,
)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(1, 1000, 1), "tile/1/x001/000.p/1"),
        (Tile(63, 999, 255), "tile/63/999.p/255"),
        (Tile(ENTRIES, 273, 112), "tile/entries/273.p/112"),
        (Tile(ENTRIES, 10**17), "tile/entries/x100/x000/x000/x000/x000/000"),
    ],
)
def test_addresses(tile, path):
    assert tile.path == path
    assert parse_tile_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/tile/0/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/00/001",
        "tile/64/001",
        "tile/100/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/01",
        "tile/0/001.p/",
        "tile/0/001.p/1/",
        "tile/0/001\n",
        "tile/0/x001",
        "tile/0/001/002",
        "tile/0/../001",
        "tile/Entries/001",
        "tile/0/٠٠١",
        "tile/0/x001/x001/x001/x001/x001/x001/x001/001",
    ],
)
def test_other_addresses_are_refused(path):
    with pytest.raises(TileError):
        parse_tile_path(path)


@given(st.text(max_size=40) | st.from_regex(r"tile/[0-9]{1,3}/(x[0-9]{3}/)*[0-9]{3}(\.p/[0-9]{1,3})?"))
def test_fuzz_an_address_is_refused_or_the_only_one(path):
    try:
        tile = parse_tile_path(path)
    except TileError:
        return
    assert tile.path == path


@pytest.mark.parametrize("tile", [(-2, 0, 1), (64, 0, 1), (0, -1, 1), (0, 10**18, 1), (0, 0, 0), (0, 0, 257)])
def test_tiles_that_cannot_be(tile):
    with pytest.raises(UsageError):
        tile_path(*tile)


def naive_tiles(size):
    tiles = set()
    for level in range(8):
        count = size // 256**level
        tiles |= {Tile(level, n) for n in range(count // 256)}
        if count % 256:
            tiles.add(Tile(level, count // 256, count % 256))
    return tiles


@given(st.integers(0, 200_000), st.integers(0, 70_000))
def test_the_tiles_of_a_size(before, more):
    all_after = list(new_tiles(0, before + more))
    assert all_after == sorted(naive_tiles(before + more))
    assert set(new_tiles(before, before + more)) == naive_tiles(before + more) - naive_tiles(before)
    for tile in all_after[-3:]:
        assert width_at(tile.level, tile.n, before + more) == tile.width
    assert width_at(0, 0, 0) == width_at(0, 2, 512) == width_at(ENTRIES, 2, 512) == 0


def test_c2sp_example():
    """A tree of 70,000: 273 full tiles and one of 112 at level 0, one full and one of 17 at level 1, one of 1 above."""
    tiles = list(new_tiles(0, 70_000))
    assert len(tiles) == 277
    assert [tile for tile in tiles if tile.width < 256] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]


@given(st.lists(st.integers(0, 700), min_size=1, max_size=6))
def test_tiles_grown_in_steps_hold_the_tree(steps):
    tree, files = MemoryTree(), {}

    def read_tile(*tile):
        return files[Tile(*tile)]

    for step in steps:
        growth = tree.append([leaf_hash(b"%d" % (tree.size + place)) for place in range(step)])
        files |= dict(grow_tiles(growth, read_tile))
    assert set(files) >= set(new_tiles(0, tree.size))
    nodes = TileNodes(tree.size, read_tile, keep=2)
    assert root(tree.size, nodes) == tree.frontier.root()
    assert Frontier.read(tree.size, nodes) == tree.frontier
    for index in range(0, tree.size, 97):
        assert inclusion_proof(index, tree.size, nodes) == inclusion_proof(index, tree.size, tree)


def test_nodes_of_a_large_log_and_of_its_past(grown):
    nodes = TileNodes(70_000, grown.read_tile)
    for index in (0, 255, 256, 65_535, 65_536, 69_999):
        assert inclusion_proof(index, 70_000, nodes) == inclusion_proof(index, 70_000, grown.tree)
    assert consistency_proof(300, 70_000, nodes) == consistency_proof(300, 70_000, grown.tree)
    past = nodes.at(300)
    assert root(300, past) == root(300, grown.tree)
    with pytest.raises(UsageError, match="not full"):
        past.node(0, 300)
    with pytest.raises(UsageError, match="not full"):
        past.node(8, 1)


def test_a_tile_is_read_once(grown):
    read = []

    def counted(*tile):
        read.append(tile)
        return grown.read_tile(*tile)

    nodes = TileNodes(70_000, counted)
    for index in range(256):
        inclusion_proof(index, 70_000, nodes)
    # the leaf's own tile, those above it, and the right edge
    assert len(read) == len(set(read)) == 4
    inclusion_proof(0, 512, nodes.at(512))
    assert len(read) == 5


def test_a_tile_of_the_wrong_length():
    nodes = TileNodes(3, lambda *_: bytes(95))
    with pytest.raises(TileError, match=r"^tile/0/000.p/3: 95 bytes where 96 are due"):
        nodes.node(0, 0)
    growth = Frontier(1, (bytes(32),)).append([bytes(32)])
    with pytest.raises(TileError, match="31 bytes"):
        list(grow_tiles(growth, lambda *_: bytes(31)))


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_bundles_read_back(entries):
    data = encode_entries(entries)
    assert decode_entries(data) == decode_entries(data, len(entries)) == entries
    with pytest.raises(TileError):
        decode_entries(data, len(entries) + 1)


def test_bundles_that_are_none():
    assert decode_entries(encode_entries([b"x" * 65_535])) == [b"x" * 65_535]
    for entries in ([b"x" * 65_536], [b""] * 257):
        with pytest.raises(TileError):
            encode_entries(entries)
    for data in (b"\0", b"\0\1", b"\0\0\0", b"\0\2x", bytes(514)):
        with pytest.raises(TileError):
            decode_entries(data)


@given(st.binary(max_size=400))
def test_fuzz_any_bytes_as_a_bundle(data):
    try:
        entries = decode_entries(data)
    except TileError:
        return
    assert encode_entries(entries) == data
