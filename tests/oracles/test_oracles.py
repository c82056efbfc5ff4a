"""Independent implementations accept what troth makes, and refuse it when a bit is flipped."""

import json
import subprocess
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from troth.cose import PrivateKey, attach
from troth.log import MemoryTree, inclusion_proof, leaf_hash, make, root
from troth.statements import sign
from troth.statements.payloads import Clock, Release, System

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def judge(root_folder):
    python = root_folder / ".venv-oracles" / "bin" / "python"
    if not python.exists():
        pytest.skip("the oracles' environment is not built (make test builds it)")

    def ask(asked):
        done = subprocess.run(
            [python, root_folder / "tests/oracles/judge.py"], input=json.dumps(asked), capture_output=True, text=True, check=False
        )  # fmt: skip
        return json.loads(done.stdout) if done.returncode == 0 else {"fault": done.stderr}

    return ask


@pytest.fixture(scope="module")
def root_folder(request):
    return request.config.rootpath


@pytest.fixture(scope="module")
def files():
    """A statement in a tree of seven, with its receipt, as hex."""
    issuer, log = PrivateKey.ed25519(b"i" * 32), PrivateKey.es256(b"l" * 32)
    now = datetime(2026, 11, 23, tzinfo=UTC)
    system = System(uri="https://lab.example/one", name="One", digests=["sha256:" + "ab" * 32])
    record = Release(system=system, date="2026-11-23T00:00:00Z")
    entry = sign(issuer, record, issuer="https://lab.example", subject=system.uri, issued_at=now).entry
    others = [
        sign(issuer, Clock(time=f"2026-11-23T00:0{n}:00Z"), issuer="https://log.example", subject="https://log.example/log",
             issued_at=now).entry
        for n in range(6)
    ]  # fmt: skip
    entries = [*others[:4], entry, *others[4:]]
    tree = MemoryTree(leaf_hash(each) for each in entries)
    receipt = make(
        log, log_issuer="https://log.example", sub=system.uri, root=root(7, tree), size=7, index=4,
        path=inclusion_proof(4, 7, tree),
    )  # fmt: skip
    pem = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return {
        "entry": entry.hex(),
        "receipt": receipt.hex(),
        "transparent": attach(entry, [receipt]).hex(),
        "payload": b"".join([b'{"date":"2026-11-23T00:00:00Z","system":', _system()]).hex(),
        "issuer_pem": ed25519.Ed25519PublicKey.from_public_bytes(issuer.public.x).public_bytes(*pem).decode(),
        "log_pem": ec.EllipticCurvePublicNumbers(
            int.from_bytes(log.public.x, "big"), int.from_bytes(log.public.y, "big"), ec.SECP256R1()
        ).public_key().public_bytes(*pem).decode(),
        "x": issuer.public.x.hex(),
        "kid": issuer.public.thumbprint().hex(),
    }  # fmt: skip


def _system():
    return b'{"digests":["sha256:%s"],"name":"One","uri":"https://lab.example/one"}}' % (b"ab" * 32)


def test_independent_implementations_accept_a_statement_and_its_receipt(judge, files):
    said = judge(files)
    assert said["receipt"] == {"ok": True, "size": 7, "index": 4, "errors": []}
    assert said["receipts_found"] == [files["receipt"]]
    assert said["scitt_cose"] is True
    assert said["pycose"] is True
    assert said["cwt"] is True


def test_they_refuse_a_flipped_bit_in_the_statement(judge, files):
    bad = bytearray.fromhex(files["entry"])
    bad[bad.index(b"One")] ^= 1
    said = judge({**files, "entry": bytes(bad).hex()})
    assert "fault" in said or (said["receipt"]["ok"] is False and said["scitt_cose"] is False)


def test_they_refuse_a_receipt_with_another_path(judge, files):
    bad = bytearray.fromhex(files["receipt"])
    bad[-100] ^= 1
    said = judge({**files, "receipt": bytes(bad).hex()})
    assert "fault" in said or said["receipt"]["ok"] is False
