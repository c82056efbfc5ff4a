"""How fast the log's rooms are, each beside the floor that it stands on, in one run.

    python bench/log.py [--leaves N]

The floors are bare hashlib over bytes of the same lengths, and bare libsodium and OpenSSL. Ratios above
1 say how many times the floor's time the room takes.
"""

import argparse
import time
from collections.abc import Callable, Iterable
from hashlib import sha256

from nacl.bindings import crypto_sign_open

from troth.cose import PrivateKey, normalise, parse, sign
from troth.log import (
    Checkpoint,
    Frontier,
    MemoryTree,
    NoteKey,
    TileNodes,
    assemble,
    audit,
    check,
    encode_entries,
    grow_tiles,
    inclusion_proof,
    leaf_hash,
    sign_checkpoint,
    sign_root,
    tile_path,
    verify_inclusion,
)

BATCH = 1000
ENTRY = 700  # bytes: a statement of ordinary size


def timed(work: Callable[[], object]) -> float:
    """Seconds of the best of three runs."""
    spent = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return min(spent)


def report(what: str, count: int, seconds: float, floor: float | None = None) -> None:
    ratio = "" if floor is None else f"   {seconds / floor:5.2f} x floor"
    print(f"{what:42} {count / seconds:12,.0f} /s{ratio}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=100_000)
    the_tree(parser.parse_args().leaves)
    the_signatures()


def the_tree(leaves: int) -> None:
    entries = [b"%0*d" % (ENTRY, number) for number in range(leaves)]
    hashes = [leaf_hash(entry) for entry in entries]

    node = bytes(65)
    floor = timed(lambda: [sha256(node).digest() for _ in range(leaves)])
    report("floor: SHA-256 of a node", leaves, floor)

    def grow() -> None:
        frontier = Frontier()
        for start in range(0, leaves, BATCH):
            frontier = frontier.append(hashes[start : start + BATCH]).frontier

    report(f"append, in batches of {BATCH:,}", leaves, timed(grow), floor)

    files = {}
    frontier = Frontier()
    for start in range(0, leaves, BATCH):
        growth = frontier.append(hashes[start : start + BATCH])
        files.update(
            {tile.path: data for tile, data in grow_tiles(growth, lambda *tile: files[tile_path(*tile)])}
        )
        frontier = growth.frontier
    for n in range((leaves + 255) // 256):
        held = entries[256 * n : 256 * n + 256]
        files[tile_path(-1, n, len(held))] = encode_entries(held)

    def read_tile(*tile: int) -> bytes:
        return files[tile_path(*tile)]

    tree = MemoryTree(hashes)
    last = range(leaves - BATCH, leaves)
    memory = timed(lambda: [inclusion_proof(index, leaves, tree) for index in last])
    report("inclusion proofs of a batch, from memory", BATCH, memory)
    report("inclusion proofs of a batch, from tiles", BATCH, timed(lambda: tiled(leaves, read_tile, last)))
    spread = range(0, leaves, leaves // BATCH)
    report(
        "inclusion proofs all over, tiles read anew",
        len(spread),
        timed(lambda: tiled(leaves, read_tile, spread)),
    )

    proofs = [
        (hashes[index], index, leaves, inclusion_proof(index, leaves, tree), frontier.root())
        for index in last
    ]
    count = sum(len(proof[3]) for proof in proofs)
    bare = timed(lambda: [sha256(node).digest() for _ in range(count)])
    report(
        "inclusion proofs verified",
        BATCH,
        timed(lambda: [verify_inclusion(*proof) for proof in proofs]),
        bare,
    )

    log = PrivateKey.ed25519(bytes(32))
    key = NoteKey.of("log.example", log)
    checkpoint = sign_checkpoint(Checkpoint("log.example", leaves, frontier.root()), log)
    bare = timed(lambda: [sha256(b"\0" + entry).digest() for entry in entries]) + floor
    whole = timed(lambda: audit(key, [checkpoint], read_tile, lambda n, width: read_tile(-1, n, width)))
    report(f"audit, entries of {ENTRY} bytes", leaves, whole, bare)


def the_signatures() -> None:
    issuer, hub = PrivateKey.ed25519(b"i" * 32), PrivateKey.es256(b"\1" * 32)
    made = [
        sign(issuer, iss="https://a.example", sub="urn:s", iat=n, payload=bytes(500)) for n in range(BATCH)
    ]
    seconds = timed(
        lambda: [sign(issuer, iss="https://a.example", sub="urn:s", iat=1, payload=bytes(500)) for _ in made]
    )
    report("statements signed (Ed25519)", BATCH, seconds)
    report("statements parsed", BATCH, timed(lambda: [parse(statement) for statement in made]))
    report("statements normalised", BATCH, timed(lambda: [normalise(statement) for statement in made]))
    parsed = [parse(statement) for statement in made]
    signed = [(one.signature + one.to_be_signed(), issuer.public.x) for one in parsed]
    bare = timed(lambda: [crypto_sign_open(*one) for one in signed])
    report("statements verified (Ed25519)", BATCH, timed(lambda: [one.verify() for one in parsed]), bare)

    tree = MemoryTree(leaf_hash(statement) for statement in made)
    root = tree.frontier.root()
    one = sign_root(hub, log_issuer="https://h.example", sub="urn:s", root=root, size=BATCH)
    paths = [inclusion_proof(index, BATCH, tree) for index in range(BATCH)]
    receipts = [assemble(one, size=BATCH, index=index, path=path) for index, path in enumerate(paths)]
    seconds = timed(
        lambda: [assemble(one, size=BATCH, index=index, path=path) for index, path in enumerate(paths)]
    )
    report("receipts assembled (one signature)", BATCH, seconds)
    sign_all = timed(
        lambda: [sign_root(hub, log_issuer="h", sub="s", root=root, size=BATCH) for _ in range(BATCH)],
    )
    report("roots signed (ES256, RFC 6979)", BATCH, sign_all)
    pairs = list(zip(receipts, made, strict=True))
    report("receipts checked (ES256)", BATCH, timed(lambda: [check(*pair, [hub.public]) for pair in pairs]))


def tiled(
    size: int, read_tile: Callable[[int, int, int], bytes], indexes: Iterable[int]
) -> list[list[bytes]]:
    nodes = TileNodes(size, read_tile)
    return [inclusion_proof(index, size, nodes) for index in indexes]


if __name__ == "__main__":
    main()
