"""The worked examples of docs/specs/signed-statement.md and docs/specs/log.md, made from fixed keys.

    python docs/specs/vectors/make.py        writes signed-statement.json and log.json beside this file

A test makes them again and compares, so that a change of one byte is seen. All bytes are in hex, all
keys are for these examples alone.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from troth.cose import (
    HashEnvelope,
    PrivateKey,
    attach,
    encode,
    parse,
    parse_envelope,
    sig_structure,
    sign,
)
from troth.cose import assemble as assemble_sign1
from troth.log import (
    ED25519_COSIGNATURE,
    Checkpoint,
    MemoryTree,
    Note,
    NoteKey,
    assemble,
    consistency_proof,
    cosign_note,
    encode_entries,
    grow_tiles,
    inclusion_proof,
    leaf_hash,
    parse_note,
    root,
    sign_checkpoint,
    sign_root,
    tile_path,
)

ISSUER = PrivateKey.ed25519(bytes(range(32)))
ISSUER_ES256 = PrivateKey.es256(bytes(range(1, 33)))
FORGER = PrivateKey.ed25519(b"f" * 32)
RECEIPTS = PrivateKey.es256(b"\x07" * 32)
CHECKPOINTS = PrivateKey.ed25519(b"L" * 32)
WITNESS = PrivateKey.ed25519(b"W" * 32)

ISS, SUB, IAT = "https://lab.example", "https://lab.example/models/one", 1_795_000_000
HUB, ORIGIN = "https://hub.example", "hub.example/log"


def statement(private: PrivateKey, **changed: Any) -> bytes:
    """A statement of these examples, with some of its parts changed."""
    parts = {"iss": ISS, "sub": SUB, "iat": IAT, "content_type": "application/json", "payload": b'{"a":1}'}
    return sign(private, **(parts | changed))


def signed_statement() -> dict[str, Any]:
    """Everything in signed-statement.json."""
    envelope = HashEnvelope("application/pdf", "https://lab.example/report.pdf")
    digest = hashlib.sha256(b"a large report").digest()
    statements = {
        "ed25519": statement(ISSUER),
        "es256": statement(ISSUER_ES256),
        "detached payload": statement(ISSUER, detached=True),
        "hash envelope": statement(ISSUER, payload=digest, content_type=None, hash_envelope=envelope),
    }
    plain = statements["ed25519"]
    parts = parse_envelope(plain)
    receipt = assemble_sign1(encode({1: -7}), {}, None, bytes(64))

    def again(header: dict[Any, Any], private: PrivateKey = ISSUER) -> bytes:
        protected = encode(header)
        return assemble_sign1(
            protected, {}, parts.payload, private.sign(sig_structure(protected, parts.payload or b""))
        )

    claims = parts.header[15]
    refused = [
        ("a payload altered", assemble_sign1(parts.protected, {}, b'{"a":2}', parts.signature), "signature"),
        (
            "a subject altered",
            assemble_sign1(
                encode(parts.header | {15: claims | {2: "urn:other"}}), {}, parts.payload, parts.signature
            ),
            "signature",
        ),
        (
            "another key carried than the kid names",
            again(parts.header | {15: claims | {8: {1: FORGER.public.members()}}}, FORGER),
            "key-mismatch",
        ),
        ("the algorithm of another kind of key", again(parts.header | {1: -7}), "key-mismatch"),
        ("no kid", again({label: value for label, value in parts.header.items() if label != 4}), "cose"),
        ("no subject", again(parts.header | {15: {1: ISS}}), "cose"),
        ("an unknown critical label", again(parts.header | {2: [99], 99: 1}), "cose"),
        ("a content type in a hash envelope", again(parts.header | {258: -16}), "cose"),
        ("a location without a hash envelope", again(parts.header | {260: "https://lab.example/x"}), "cose"),
        (
            "an unsigned passenger",
            assemble_sign1(parts.protected, {99: 1}, parts.payload, parts.signature),
            "cose",
        ),
        ("no tag", plain[1:], "cose"),
        ("a byte behind it", plain + b"\x00", "cbor"),
        ("an array of indefinite length", b"\xd2\x9f" + plain[2:] + b"\xff", "cbor"),
        ("a length in more bytes than needed", plain[:2] + b"\x59\x00" + plain[3:], "cbor"),
    ]
    return {
        "about": "docs/specs/signed-statement.md",
        "keys": {"ed25519": _key(ISSUER), "es256": _key(ISSUER_ES256), "forger": _key(FORGER)},
        "cbor": [
            {"value": value, "hex": encode(json.loads(value, object_hook=_labels)).hex()}
            for value in (
                "0",
                "23",
                "24",
                "-1",
                "-257",
                "65536",
                "true",
                "null",
                '"ü"',
                "[1, [2, 3]]",
                '{"10": 1, "-1": 2, "100": 3, "z": 4}',
            )
        ],
        "cbor_refused": [
            "",
            "0000",
            "1817",
            "1900ff",
            "5f4101ff",
            "9f01ff",
            "f97e00",
            "f7",
            "61ff",
            "a201020103",
            "a202020103",
            "1c",
        ],
        "statements": [
            {
                "name": name,
                "protected": parse(data).protected.hex(),
                "to_be_signed": sig_structure(parse(data).protected, parse(data).payload or b'{"a":1}').hex(),
                "statement": data.hex(),
                "entry_id_sha256": hashlib.sha256(data).hexdigest(),
            }
            for name, data in statements.items()
        ],
        "transparent": {
            "entry": plain.hex(),
            "receipts": [receipt.hex()],
            "transparent": attach(plain, [receipt]).hex(),
        },
        "refused": [{"name": name, "statement": data.hex(), "error": code} for name, data, code in refused],
    }


def log() -> dict[str, Any]:
    """Everything in log.json."""
    entries = [statement(ISSUER, payload=b"%d" % number) for number in range(7)]
    tree = MemoryTree(leaf_hash(entry) for entry in entries)
    checkpoint = Checkpoint(ORIGIN, 7, tree.frontier.root())
    note = parse_note(sign_checkpoint(checkpoint, CHECKPOINTS))
    cosigned = Note(note.text, (*note.signatures, cosign_note(note.text, "witness.example", WITNESS, IAT)))
    bound = sign_root(RECEIPTS, log_issuer=HUB, sub=SUB, root=tree.frontier.root(), size=7)
    plain = sign_root(RECEIPTS, log_issuer=HUB, sub=SUB, root=tree.frontier.root())
    path = inclusion_proof(4, 7, tree)
    receipt = assemble(bound, size=7, index=4, path=path)
    elsewhere = PrivateKey.es256(b"\x66" * 32)
    refused = [
        ("for another statement", receipt, entries[5], "receipt"),
        ("for another subject", receipt, statement(ISSUER, sub="urn:other"), "receipt"),
        (
            "of another log",
            assemble(
                sign_root(elsewhere, log_issuer=HUB, sub=SUB, root=tree.frontier.root(), size=7),
                size=7,
                index=4,
                path=path,
            ),
            entries[4],
            "wrong-log",
        ),
        ("its index moved", assemble(bound, size=7, index=5, path=path), entries[4], "receipt"),
        ("its size moved", assemble(bound, size=8, index=4, path=path), entries[4], "receipt"),
        ("a path too short", assemble(bound, size=7, index=4, path=path[:-1]), entries[4], "proof"),
        (
            "a path altered",
            assemble(bound, size=7, index=4, path=[bytes(32), *path[1:]]),
            entries[4],
            "receipt",
        ),
        (
            "no path",
            assemble_sign1(bound.protected, {396: {-1: [encode([1, 0, []])]}}, None, bound.signature),
            entries[4],
            "cose",
        ),
    ]
    large = MemoryTree()
    tiles = {
        tile.path: data
        for tile, data in grow_tiles(large.append([leaf_hash(b"%d" % n) for n in range(600)]), _no_tile)
    }
    return {
        "about": "docs/specs/log.md",
        "tree": {
            "entries": [entry.hex() for entry in entries],
            "leaf_hashes": [leaf_hash(entry).hex() for entry in entries],
            "roots": [root(size, tree).hex() for size in range(8)],
            "inclusion": [
                {"index": index, "size": 7, "path": [step.hex() for step in inclusion_proof(index, 7, tree)]}
                for index in range(7)
            ],
            "consistency": [
                {"size1": size, "size2": 7, "path": [step.hex() for step in consistency_proof(size, 7, tree)]}
                for size in range(1, 8)
            ],
        },
        "tiles": {
            "addresses": [
                {"level": level, "n": n, "width": width, "path": tile_path(level, n, width)}
                for level, n, width in ((0, 0, 256), (0, 1234067, 256), (1, 1000, 1), (-1, 273, 112))
            ],
            "tree_of_600": {
                "entries": "the decimal numbers 0 to 599 in ASCII",
                "root": large.frontier.root().hex(),
                "tiles": [
                    {"path": path, "sha256": hashlib.sha256(data).hexdigest()} for path, data in tiles.items()
                ],
            },
            "bundle": {"entries": ["", "61", "626262"], "bytes": encode_entries([b"", b"a", b"bbb"]).hex()},
        },
        "checkpoint": {
            "vkey": NoteKey.of(ORIGIN, CHECKPOINTS).vkey,
            "seed": CHECKPOINTS.secret().hex(),
            "witness_vkey": NoteKey.of("witness.example", WITNESS, ED25519_COSIGNATURE).vkey,
            "witness_seed": WITNESS.secret().hex(),
            "note": note.encode().decode(),
            "cosigned": cosigned.encode().decode(),
            "cosignature_time": IAT,
        },
        "receipts": {
            "key": _key(RECEIPTS),
            "entry": entries[4].hex(),
            "receipt": receipt.hex(),
            "receipt_without_size": assemble(plain, size=7, index=4, path=path).hex(),
            "size": 7,
            "index": 4,
            "root": tree.frontier.root().hex(),
            "refused": [
                {"name": name, "receipt": data.hex(), "entry": entry.hex(), "error": code}
                for name, data, entry, code in refused
            ],
        },
    }


def _key(private: PrivateKey) -> dict[str, str]:
    public = private.public
    return {
        "secret": private.secret().hex(),
        "cose_key": public.cose_key().hex(),
        "thumbprint": public.thumbprint().hex(),
    }


def _labels(members: dict[str, Any]) -> dict[Any, Any]:
    return {int(key) if key.lstrip("-").isdigit() else key: value for key, value in members.items()}


def _no_tile(level: int, n: int, width: int) -> bytes:
    raise AssertionError(f"nothing is there to read, not even {tile_path(level, n, width)}")


def text(value: dict[str, Any]) -> str:
    """The JSON as it is written."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


FILES = {"signed-statement.json": signed_statement, "log.json": log}

if __name__ == "__main__":
    for name, make in FILES.items():
        Path(__file__).with_name(name).write_text(text(make()), encoding="utf-8")
