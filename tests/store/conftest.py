"""Stores of every engine, and batches to put in."""

import hashlib

import pytest

from troth.store import Batch, Head, Row, SqliteStore, Tile
from troth.store.postgres import PostgresStore


def digest(text):
    return hashlib.sha256(text.encode()).digest()


def row(index, size, kind="release@1", blob=None, text=None):
    entry = (text or f"entry {index}").encode()
    return Row(
        index=index,
        id=hashlib.sha256(entry).digest(),
        entry=entry,
        size=size,
        time=1000 + index,
        kind=kind,
        blob=blob,
    )


def batch(first, count, **more):
    size = first + count
    rows = [row(index, size, **more) for index in range(first, size)]
    return Batch(rows, [Tile(0, 0, b"h" * 32 * size)], Head(size, b"r" * 32, f"note {size}", 1000))


class Make:
    """What tests put into a store."""

    digest = staticmethod(digest)
    row = staticmethod(row)
    batch = staticmethod(batch)


@pytest.fixture
def make():
    return Make


@pytest.fixture(params=["sqlite", "postgres"])
def open_store(request, tmp_path):
    """Open the same log again and again, in each engine; all are closed at the end."""
    if request.param == "sqlite":
        place, engine = tmp_path / "log.db", SqliteStore
    else:
        place, engine = request.getfixturevalue("new_database"), PostgresStore
    opened = []

    def opener():
        opened.append(engine(place))
        return opened[-1]

    yield opener
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store):
    return open_store()
