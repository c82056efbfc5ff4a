"""The audit: an honest log passes, and every way to alter one is found and named."""

import pytest

from troth.cose import PrivateKey
from troth.errors import CheckpointError, LogInconsistentError, TileError
from troth.log import (
    Checkpoint,
    NoteKey,
    audit,
    decode_entries,
    encode_entries,
    leaf_hash,
    root,
    sign_checkpoint,
    tile_path,
)


class Altered:
    """A log's files with some of them replaced."""

    def __init__(self, log):
        self.log = log
        self.files = {}

    def put(self, path, data):
        self.files[path] = data
        return self

    def read_tile(self, level, n, width):
        return self.files.get(tile_path(level, n, width)) or self.log.read_tile(level, n, width)

    def read_entries(self, n, width):
        return self.read_tile(-1, n, width)

    def audit(self, checkpoints=None, **more):
        return audit(
            self.log.vkey, checkpoints or self.log.checkpoints, self.read_tile, self.read_entries, **more
        )


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def without(bundle, *places):
    entries = decode_entries(bundle)
    return encode_entries([b"" if place in places else entry for place, entry in enumerate(entries)])


def test_an_honest_log_holds_together(grown):
    told = []
    found = Altered(grown).audit(progress=lambda done, total: told.append((done, total)))
    assert (found.size, found.root) == (70_000, grown.tree.frontier.root())
    assert [checkpoint.size for checkpoint in found.checkpoints] == [1, 300, 512, 70_000]
    assert found.tiles == 277
    assert (found.hidden, found.hidden_indexes) == (0, ())
    assert told[0] == (256, 70_000)
    assert told[-1] == (70_000, 70_000)
    assert len(told) == 274


def test_an_empty_log_holds_together(log):
    found = audit(log.vkey, [log.checkpoint()], log.read_tile, log.read_entries)
    assert (found.size, found.tiles) == (0, 0)
    with pytest.raises(LogInconsistentError, match="size 0"):
        audit(log.vkey, [log.checkpoint(root=bytes(32))], log.read_tile, log.read_entries)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537])
def test_every_edge_holds_together(log, size):
    log.append([b"%d" % number for number in range(size)])
    assert audit(log.vkey, log.checkpoints, log.read_tile, log.read_entries).root == log.tree.frontier.root()


def test_an_entry_taken_down_is_counted_and_named(grown):
    altered = Altered(grown)
    for path, places in (("tile/entries/001", (3, 4)), ("tile/entries/273.p/112", (111,))):
        altered.put(path, without(grown.files[path], *places))
    found = altered.audit()
    assert (found.hidden, found.hidden_indexes) == (3, (259, 260, 69_999))


def test_an_entry_that_was_always_empty_is_not_hidden(log):
    log.append([b"one", b"", b"three"])
    assert audit(log.vkey, log.checkpoints, log.read_tile, log.read_entries).hidden == 0


def test_only_the_first_hidden_entries_are_named(log):
    log.append([b"%d" % number for number in range(10_240)])
    altered = Altered(log)
    for n in range(40):
        altered.put(f"tile/entries/{n:03}", encode_entries([b""] * 256))
    found = altered.audit()
    assert found.hidden == 10_240
    assert found.hidden_indexes == tuple(range(10_000))


def test_an_entry_altered(grown):
    entries = decode_entries(grown.files["tile/entries/001"])
    entries[7] = b"forged"
    with pytest.raises(LogInconsistentError, match=r"tile/entries/001 and tile/0/001: the hash of entry 263"):
        Altered(grown).put("tile/entries/001", encode_entries(entries)).audit()


def test_entries_swapped(grown):
    entries = decode_entries(grown.files["tile/entries/001"])
    entries[7], entries[8] = entries[8], entries[7]
    with pytest.raises(LogInconsistentError, match="entry 263"):
        Altered(grown).put("tile/entries/001", encode_entries(entries)).audit()


def test_a_hash_tile_altered(grown):
    tile = flipped(grown.files["tile/0/002"], 32 * 9)
    with pytest.raises(LogInconsistentError, match=r"tile/0/002: the hash of entry 521"):
        Altered(grown).put("tile/0/002", tile).audit()


def test_an_entry_and_its_hash_altered_together(grown):
    entries = decode_entries(grown.files["tile/entries/002"])
    entries[9] = b"forged"
    tile = grown.files["tile/0/002"]
    altered = Altered(grown).put("tile/entries/002", encode_entries(entries))
    altered.put("tile/0/002", tile[: 32 * 9] + leaf_hash(b"forged") + tile[32 * 10 :])
    with pytest.raises(LogInconsistentError, match=r"^tile/1/000: the hash at place 2 "):
        altered.audit()


def test_an_entry_hidden_and_its_hash_altered(grown):
    # taking an entry down excuses no other hash in its place: the tree still has to lead to the root
    altered = Altered(grown).put("tile/entries/273.p/112", without(grown.files["tile/entries/273.p/112"], 0))
    altered.put("tile/0/273.p/112", flipped(grown.files["tile/0/273.p/112"], 0))
    with pytest.raises(LogInconsistentError, match="checkpoint of size 70000"):
        altered.audit()


@pytest.mark.parametrize(
    ("path", "place", "named"),
    [
        ("tile/1/000", 255, r"tile/1/000: the hash at place 255 \(index 255"),
        ("tile/1/001.p/17", 16, r"tile/1/001.p/17: the hash at place 16 \(index 272"),
        ("tile/2/000.p/1", 0, r"tile/2/000.p/1: the hash at place 0"),
    ],
)
def test_an_upper_tile_altered(grown, path, place, named):
    with pytest.raises(LogInconsistentError, match=named):
        Altered(grown).put(path, flipped(grown.files[path], 32 * place + 31)).audit()


def test_a_root_signed_for_another_tree(grown):
    with pytest.raises(LogInconsistentError, match="size 70000 signs the root"):
        Altered(grown).audit([grown.checkpoint(root=bytes(32))])


@pytest.mark.parametrize("size", [1, 255, 256, 300, 69_999])
def test_a_history_rewritten_before_an_old_checkpoint(grown, size):
    honest = grown.checkpoint(size=size, root=root(size, grown.tree))
    assert len(Altered(grown).audit([*grown.checkpoints, honest]).checkpoints) == 5
    with pytest.raises(LogInconsistentError, match=f"size {size} signs"):
        Altered(grown).audit([*grown.checkpoints, grown.checkpoint(size=size, root=bytes(32))])


def test_two_roots_for_one_size(grown):
    with pytest.raises(LogInconsistentError, match="two histories"):
        Altered(grown).audit([grown.checkpoint(), grown.checkpoint(root=bytes(32))])


def test_a_checkpoint_of_another_log(grown):
    other = PrivateKey.ed25519(b"O" * 32)
    forged = sign_checkpoint(Checkpoint(grown.vkey.name, 1, bytes(32)), other)
    with pytest.raises(CheckpointError):
        Altered(grown).audit([*grown.checkpoints, forged])
    with pytest.raises(CheckpointError):
        audit(NoteKey.of("other.example", other), grown.checkpoints, grown.read_tile, grown.read_entries)


def test_no_checkpoint(grown):
    with pytest.raises(LogInconsistentError, match="no checkpoint"):
        audit(grown.vkey, [], grown.read_tile, grown.read_entries)


def test_a_tile_missing_or_misshapen(grown, log):
    with pytest.raises(TileError, match=r"^tile/entries/000\.p/1: there is no such tile"):
        audit(grown.vkey, [grown.checkpoints[0]], log.read_tile, log.read_entries)
    with pytest.raises(TileError, match=r"^tile/0/003: 32 bytes where 8192 are due"):
        Altered(grown).put("tile/0/003", bytes(32)).audit()
    with pytest.raises(TileError, match=r"^tile/1/000: 32 bytes"):
        Altered(grown).put("tile/1/000", bytes(32)).audit()
    with pytest.raises(TileError, match=r"^tile/entries/003: the bundle has 1 entries where 256"):
        Altered(grown).put("tile/entries/003", encode_entries([b"x"])).audit()
    with pytest.raises(TileError, match=r"^tile/entries/003: the bundle ends within entry 0"):
        Altered(grown).put("tile/entries/003", b"\0\7x").audit()
