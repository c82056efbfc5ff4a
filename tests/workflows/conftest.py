"""The played demo and the command line (tests/story.py), and tile logs made for the purpose."""

import hashlib
import importlib.util
import sys
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from troth.log import (
    ENTRIES,
    MemoryTree,
    NoteKey,
    encode_entries,
    leaf_hash,
    new_tiles,
    root,
    tile_path,
    width_at,
)
from troth.log.checkpoint import Checkpoint, sign_checkpoint

if "story" not in sys.modules:
    spec = importlib.util.spec_from_file_location("story", Path(__file__).resolve().parents[1] / "story.py")
    sys.modules["story"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["story"])

story, troth, kit = sys.modules["story"].fixtures(pytest)
ORIGIN = "log.example/tiles"


class TileLog:
    """A log of opaque entries, written as files by troth's own primitives."""

    def __init__(self, simulated, words=""):
        self.signer = simulated.key("tiles")
        self.words = words
        self.vkey = NoteKey.of(ORIGIN, self.signer).vkey

    def entry(self, index):
        """Entries differ from 5 on between logs with other words, and so do their histories."""
        return f"entry {index}{self.words if index >= 5 else ''}".encode() * (index % 3 + 1)

    def write(self, folder, size, *, signer=None, origin=ORIGIN):
        """The whole log at a size; partial tiles of that size only."""
        entries = [self.entry(i) for i in range(size)]
        tree = MemoryTree(map(leaf_hash, entries))
        for tile in new_tiles(0, size):
            first = tile.n * 256
            hashes = b"".join(tree.node(8 * tile.level, first + i) for i in range(tile.width))
            self.put(folder, tile.path, hashes)
        for n in range((size + 255) // 256):
            width = width_at(0, n, size)
            self.put(folder, tile_path(ENTRIES, n, width), encode_entries(entries[n * 256 : n * 256 + width]))
        head = Checkpoint(origin, size, root(size, tree))
        self.put(folder, "checkpoint", sign_checkpoint(head, signer or self.signer))
        return folder

    @staticmethod
    def put(folder, path, data):
        """A file, and the folders that it is in."""
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


@pytest.fixture
def tile_log(simulated):
    """A log of this name; with other words it is another history."""
    return lambda words="": TileLog(simulated, words)


def spelt_out(folder, entries, *, origin="plain.example/log", seed=9):
    """A C2SP tile log made from the specification with hashlib alone; nothing of troth is asked. Gives its vkey."""

    def leaf(entry):
        return hashlib.sha256(b"\x00" + entry).digest()

    def tree(leaves):  # RFC 6962 section 2.1, as it is written there
        if len(leaves) == 1:
            return leaves[0]
        k = 1
        while k * 2 < len(leaves):
            k *= 2
        return hashlib.sha256(b"\x01" + tree(leaves[:k]) + tree(leaves[k:])).digest()

    def place(n):
        return f"{n:03d}" if n < 1000 else f"x{n // 1000:03d}/{n % 1000:03d}"

    def put(path, data):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)

    row, level = [leaf(each) for each in entries], 0
    while row:
        for n in range((len(row) + 255) // 256):
            part = row[256 * n : 256 * n + 256]
            partial = "" if len(part) == 256 else f".p/{len(part)}"
            put(f"tile/{level}/{place(n)}{partial}", b"".join(part))
            if level == 0:
                bundle = b"".join(len(e).to_bytes(2, "big") + e for e in entries[256 * n : 256 * n + 256])
                put(f"tile/entries/{place(n)}{partial}", bundle)
        row = [tree(row[256 * n : 256 * n + 256]) for n in range(len(row) // 256)]
        level += 1
    key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    public = b"\x01" + key.public_key().public_bytes_raw()
    name = hashlib.sha256(origin.encode() + b"\n" + public).digest()[:4]
    text = f"{origin}\n{len(entries)}\n{b64encode(tree([leaf(e) for e in entries])).decode()}\n"
    signature = b64encode(name + key.sign(text.encode())).decode()
    put("checkpoint", f"{text}\n— {origin} {signature}\n".encode())
    return f"{origin}+{name.hex()}+{b64encode(public).decode()}"


@pytest.fixture
def plain_log():
    """Make a log by the specification alone."""
    return spelt_out
