"""How fast a hub registers, durably, beside what the disk allows in the same run.

    python bench/registration.py [--statements 16000] [--dir DIR]

Floors first: SQLite commits alone (WAL, synchronous=FULL, one row of a statement's size), and such a commit with the
head store's write after it, which is what one durable answer costs at least. Then a hub in a process of its own, and
clients over HTTP on the loopback address, each with one connection and one request under way: 1 client, then 64.
Statements are signed beforehand. The client runs on the same machine and takes its share of the cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from troth.config import HubConfig
from troth.cose import PrivateKey
from troth.hub import keys as hub_keys
from troth.identifiers import b64url, format_instant
from troth.statements import sign
from troth.statements.payloads import KeyEnrolment, KeyRequest, Release, System
from troth.store import HeadStore, SignedHead

LAB = "https://lab.example"
PORT = 8479
CLIENTS = (1, 64)
HUB = """
import sys, msgspec
from troth.config import HubConfig
from troth.hub.serve import serve
serve(msgspec.json.decode(sys.argv[1], type=HubConfig), ready=lambda hub: print("ready", flush=True))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--statements", type=int, default=16_000, help="for 64 clients; one client sends an eighth"
    )
    parser.add_argument("--dir", type=Path, default=Path.cwd(), help="on the disk to be measured")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix=".bench-registration-", dir=asked.dir))
    try:
        print(json.dumps(measure(folder, asked.statements), indent=2))
    finally:
        shutil.rmtree(folder)


def measure(folder: Path, statements: int) -> dict[str, object]:
    key = PrivateKey.ed25519(bytes(range(32)))
    counts = {1: max(1, statements // 8), 64: statements}
    entries = [release(key, number) for number in range(sum(counts.values()))]
    size = round(statistics.mean(map(len, entries[:100])))
    found: dict[str, object] = {
        "statement_bytes": size,
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "floor_sqlite_commits_per_s": floor(folder / "floor.db", size, 1000),
        "floor_commit_and_head_per_s": floor(folder / "both.db", size, 1000, folder / "floor-heads"),
        "floor_sqlite_commits_of_64_rows_per_s": floor(folder / "many.db", size, 300, rows=64),
    }
    config = HubConfig(
        data=str(folder / "data"), heads=str(folder / "heads"), url=f"http://127.0.0.1:{PORT}", port=PORT
    )
    hub = subprocess.Popen(
        [sys.executable, "-c", HUB, msgspec.json.encode(config).decode()], stdout=subprocess.PIPE
    )
    try:
        if hub.stdout is None or hub.stdout.readline() != b"ready\n":
            raise SystemExit("the hub did not start")
        operator = hub_keys.load(folder / "data" / "keys").operator
        asyncio.run(load([enrolment(operator, key)], 1))
        for clients in CLIENTS:
            share, entries = entries[: counts[clients]], entries[counts[clients] :]
            before = cpu(hub.pid)
            began = time.perf_counter()
            times = sorted(asyncio.run(load(share, clients)))
            took = time.perf_counter() - began
            found[f"clients_{clients}"] = {
                "registered": len(times),
                "per_s": round(len(times) / took),
                "p50_ms": round(times[len(times) // 2] * 1000, 2),
                "p99_ms": round(times[len(times) * 99 // 100] * 1000, 2),
                "hub_cpu_us_each": round((cpu(hub.pid) - before) / len(times) * 1e6),
            }
    finally:
        hub.send_signal(signal.SIGINT)
        hub.wait(20)
    found["load_after"] = round(os.getloadavg()[0], 2)
    return found


def floor(path: Path, size: int, commits: int, heads: Path | None = None, rows: int = 1) -> int:
    """Commits a second of rows of this size, each followed by a head where there is a place for it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE entries (idx INTEGER PRIMARY KEY, entry BLOB)")
    store = HeadStore(heads) if heads is not None else None
    row = (b"x" * size,)
    began = time.perf_counter()
    for number in range(commits):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO entries (entry) VALUES (?)", [row] * rows)
        connection.execute("COMMIT")
        if store is not None:
            store.swap(store.head, SignedHead("log.example", number, b"r" * 32, "x" * 180))
    took = time.perf_counter() - began
    connection.close()
    if store is not None:
        store.close()
    return round(commits / took)


async def load(entries: list[bytes], clients: int) -> list[float]:
    """Register all, by clients with one connection each; the seconds that each answer took."""
    waiting, times = list(entries), []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        while waiting:
            entry = waiting.pop()
            began = time.perf_counter()
            writer.write(
                b"POST /entries HTTP/1.1\r\nhost: bench\r\ncontent-type: application/cose\r\n"
                b"content-length: %d\r\n\r\n" % len(entry) + entry
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            answer = await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 201"):
                raise SystemExit(f"refused: {head.decode()}{answer!r}")
            times.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return times


def cpu(process: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def release(key: PrivateKey, number: int) -> bytes:
    now = datetime.now(UTC)
    uri = f"{LAB}/models/{number % 10}"
    record = Release(
        system=System(uri=uri, name="A model"), date=format_instant(now), note=f"number {number}"
    )
    return sign(key, record, issuer=LAB, subject=uri, issued_at=now).entry


def enrolment(operator: PrivateKey, key: PrivateKey) -> bytes:
    now = datetime.now(UTC)
    public, stamp = b64url(key.public.cose_key()), {"subject": f"{LAB}/key", "issued_at": now}
    request = sign(key, KeyRequest(issuer=LAB, name="Lab", key=public), issuer=LAB, **stamp).entry
    record = KeyEnrolment(
        issuer=LAB,
        name="Lab",
        key=public,
        roles=["developer"],
        not_before=format_instant(now - timedelta(days=1)),
        not_after=format_instant(now + timedelta(days=1)),
        request=b64url(request),
        reason="a measurement",
    )
    return sign(operator, record, issuer=f"https://127.0.0.1:{PORT}", **stamp).entry


if __name__ == "__main__":
    main()
