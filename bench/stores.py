"""How fast each store appends, durably, beside what its engine does with the same bytes and no troth, in one run.

    python bench/stores.py [--seconds 3] [--dir DIR] [--url postgresql://…]

A batch is 1, 64 or 1,024 statements of 600 bytes, the tiles that they fill and the head. The floor of an engine is a
transaction of one row with as many bytes, through the bare driver: what its commit costs. The disk's floor is an
`fdatasync` after 4 KiB. Floors and batches take turns. Without --url a server is started from the wheel that the
tests use, in a temporary directory, which may lie on another disk than --dir.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import itertools
import json
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from troth.log import Frontier, grow_tiles, leaf_hash
from troth.store import Batch, Head, LogStore, Row, SqliteStore, Tile
from troth.store.postgres import PostgresStore

COUNTS = (1, 64, 1024)
SIZE = 600  # bytes of a statement
ROUNDS = 4  # in which a floor and a store take turns


class Appending:
    """A log that grows by batches which were made before the clock starts."""

    def __init__(self, store: LogStore) -> None:
        self._store = store
        self._frontier = Frontier()
        self._tiles: dict[tuple[int, int], bytes] = {}

    def batch(self, count: int) -> Batch:
        """The next batch, in the order in which they must be appended."""
        first, entries = self._frontier.size, [os.urandom(SIZE) for _ in range(count)]
        size = first + count
        growth = self._frontier.append([leaf_hash(entry) for entry in entries])
        tiles = [Tile(tile.level, tile.n, hashes) for tile, hashes in grow_tiles(growth, self._tile)]
        self._tiles |= {(tile.level, tile.n): tile.hashes for tile in tiles}
        self._frontier = growth.frontier
        rows = [
            Row(
                index=first + place,
                id=hashlib.sha256(entry).digest(),
                entry=entry,
                size=size,
                time=size,
                kind="release@1",
            )
            for place, entry in enumerate(entries)
        ]
        return Batch(rows, tiles, Head(size, growth.frontier.root(), "x" * 180, size))

    def run(self, count: int, seconds: float) -> tuple[int, float]:
        """Append for about so long: batches, and the seconds that they took."""
        done, took = 0, 0.0
        while took < seconds:
            batch = self.batch(count)
            began = time.perf_counter()
            self._store.append(batch)
            took += time.perf_counter() - began
            done += 1
        return done, took

    def _tile(self, level: int, n: int, width: int) -> bytes:
        return self._tiles[level, n][: width * 32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2, help="for each floor and each size of batch")
    parser.add_argument("--dir", type=Path, default=Path.cwd(), help="on the disk to be measured")
    parser.add_argument("--url", default="", help="an empty database of a server that runs already")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix=".bench-stores-", dir=asked.dir))
    try:
        with server(asked.url) as url:
            print(json.dumps(measure(folder, url, asked.seconds), indent=2))
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def server(url: str) -> Iterator[str]:
    """The URL that was given, or that of a server of our own."""
    if url:
        yield url
        return
    path = Path(__file__).resolve().parents[1] / "tests/postgres.py"
    spec = importlib.util.spec_from_file_location("postgres", path)
    if spec is None or spec.loader is None:
        raise SystemExit("tests/postgres.py is missing: give --url")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    running = module.Postgres()
    try:
        yield running.database()
    finally:
        running.remove()


def measure(folder: Path, url: str, seconds: float) -> dict[str, object]:
    found: dict[str, object] = {
        "statement_bytes": SIZE,
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "disk_fdatasync_per_s": round(rate(disk(folder / "file"), seconds)),
    }
    stores: list[tuple[str, LogStore, Callable[[int], Callable[[], None]]]] = [
        ("sqlite", SqliteStore(folder / "log.db"), lambda size: bare_sqlite(folder / "floor.db", size)),
        ("postgres", PostgresStore(url), lambda size: bare_postgres(url, size)),
    ]
    for name, store, bare in stores:
        appending = Appending(store)
        for count in COUNTS:
            floor, commit = [], bare(SIZE * count)
            batches, took = 0, 0.0
            for _ in range(ROUNDS):
                floor.append(rate(commit, seconds / ROUNDS))
                done, more = appending.run(count, seconds / ROUNDS)
                batches, took = batches + done, took + more
            commits, appended = sum(floor) / ROUNDS, batches / took
            found[f"{name}_{count}"] = {
                "floor_commits_per_s": round(commits),
                "batches_per_s": round(appended),
                "statements_per_s": round(appended * count),
                "ms_each": round(1000 / appended, 2),
                "of_floor": round(appended / commits, 2),
            }
        store.close()
    found["load_after"] = round(os.getloadavg()[0], 2)
    return found


def rate(work: Callable[[], object], seconds: float) -> float:
    """How often a second."""
    began, done = time.perf_counter(), 0
    while (took := time.perf_counter() - began) < seconds:
        work()
        done += 1
    return done / took


def disk(path: Path) -> Callable[[], None]:
    file, page, places = os.open(path, os.O_CREAT | os.O_WRONLY), os.urandom(4096), itertools.count()

    def write() -> None:
        os.pwrite(file, page, next(places) * len(page))
        os.fdatasync(file)

    return write


def bare_sqlite(path: Path, size: int) -> Callable[[], None]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS floor (idx INTEGER PRIMARY KEY, entry BLOB)")
    payload = os.urandom(size)

    def commit() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO floor (entry) VALUES (?)", (payload,))
        connection.execute("COMMIT")

    return commit


def bare_postgres(url: str, size: int) -> Callable[[], None]:
    connection = psycopg.connect(url, autocommit=True)
    connection.execute("CREATE SCHEMA IF NOT EXISTS bare")
    connection.execute("CREATE TABLE IF NOT EXISTS bare.floor (idx bigserial PRIMARY KEY, entry bytea)")
    connection.execute("ALTER TABLE bare.floor ALTER entry SET STORAGE EXTERNAL")
    payload = os.urandom(size)

    def commit() -> None:
        with connection.transaction():
            connection.execute("INSERT INTO bare.floor (entry) VALUES (%s)", (payload,))

    return commit


if __name__ == "__main__":
    main()
