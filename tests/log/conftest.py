"""A log in memory that is read through its tiles, as any other C2SP log would be, and keys for it."""

import pytest

from troth.cose import PrivateKey
from troth.errors import TileError
from troth.log import (
    Checkpoint,
    MemoryTree,
    NoteKey,
    encode_entries,
    grow_tiles,
    leaf_hash,
    sign_checkpoint,
    tile_path,
)

ORIGIN = "log.example/one"


class SimulatedLog:
    """An append-only log of opaque entries, published as files: ``files[path] -> bytes``."""

    def __init__(self):
        self.private = PrivateKey.ed25519(b"L" * 32)
        self.vkey = NoteKey.of(ORIGIN, self.private)
        self.tree = MemoryTree()
        self.entries = []
        self.files = {}
        self.checkpoints = []

    def append(self, entries):
        growth = self.tree.append([leaf_hash(entry) for entry in entries])
        self.entries += entries
        for tile, data in grow_tiles(growth, self.read_tile):
            self.files[tile.path] = data
            if tile.level == 0:
                held = self.entries[256 * tile.n : 256 * tile.n + tile.width]
                self.files[tile_path(-1, tile.n, tile.width)] = encode_entries(held)
        self.checkpoints.append(self.checkpoint())
        return growth

    def checkpoint(self, **changed):
        parts = {"origin": ORIGIN, "size": self.tree.size, "root": self.tree.frontier.root()} | changed
        return sign_checkpoint(Checkpoint(**parts), self.private)

    def read_tile(self, level, n, width):
        path = tile_path(level, n, width)
        if path not in self.files:
            raise TileError("there is no such tile", where=path)
        return self.files[path]

    def read_entries(self, n, width):
        return self.read_tile(-1, n, width)


@pytest.fixture
def log():
    return SimulatedLog()


@pytest.fixture(scope="session")
def grown():
    """A log of 70,000 entries, four checkpoints on the way. Not to be altered: copy its files."""
    log = SimulatedLog()
    for size in (1, 300, 512, 70_000):
        log.append([b"entry %d" % number for number in range(log.tree.size, size)])
    return log


@pytest.fixture(scope="session")
def es256():
    return PrivateKey.es256(bytes(range(1, 33)))


@pytest.fixture(scope="session")
def ed25519():
    return PrivateKey.ed25519(bytes(range(32)))
