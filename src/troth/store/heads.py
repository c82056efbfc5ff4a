"""The head store: the newest signed head, kept apart from the database, and changed by compare-and-swap alone.

It lies outside the data directory, so that no backup brings both back: an older database then meets a newer head
and is refused, instead of signing a second history (design: no forks).

The file has two slots of 8 KiB, written in turn and in place, each a line of JSON padded with spaces and preceded
by its SHA-256: a torn write leaves the other slot whole, and one ``fdatasync`` makes a head durable. A lock on the
file is held while the store is open, so that a second process cannot.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from troth.errors import ForkError, StorageError

_SLOT: Final = 8192
_NAME: Final = "head"
_EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


class SignedHead(msgspec.Struct, frozen=True):
    """A head that this log has signed, or is about to show. Size 0 marks a log that is being founded."""

    origin: str
    size: int
    root: bytes
    checkpoint: str = ""


class HeadStore:
    """The newest head of one log, in a directory of its own.

    Raises:
        StorageError: the directory or file cannot be used, or another process holds it.

    """

    def __init__(self, directory: Path) -> None:
        """Open or make the store, and lock it until `close`."""
        self._path = directory / _NAME
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._failed("opening", error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise StorageError(
                "another process runs this log",
                where=str(self._path),
                hint="Stop it first: two at once would sign two histories",
            ) from error
        try:
            self._turn = 0  # the slot that is written next
            self._head = self._load()
        except BaseException:
            os.close(self._file)
            raise

    @property
    def head(self) -> SignedHead | None:
        """The newest head, or None where no log was founded yet."""
        return self._head

    def swap(self, expected: SignedHead | None, new: SignedHead) -> None:
        """Replace ``expected`` by ``new``, durably.

        Raises:
            ForkError: the store holds another head than ``expected``, or ``new`` does not follow it: it is of
                another log or smaller, or has another root at the same size.
            StorageError: the disk refused; the old head is still there.

        """
        if self._head != expected:
            raise ForkError(
                f"the head store is at {_said(self._head)}, not at {_said(expected)}",
                where=str(self._path),
                hint="Something else has signed for this log: stop, and compare the two heads",
            )
        if expected is not None and (
            new.origin != expected.origin
            or new.size < expected.size
            or (new.size == expected.size and new.root != expected.root)
        ):
            raise ForkError(
                f"{_said(new)} does not follow {_said(expected)}",
                where=str(self._path),
                hint="Nothing was changed",
            )
        line = msgspec.json.encode(new)
        if len(line) > _SLOT - 66:
            raise StorageError(f"a head of {len(line)} bytes does not fit its slot", where=str(self._path))
        slot = hashlib.sha256(line).hexdigest().encode() + b" " + line
        try:
            os.pwrite(self._file, slot.ljust(_SLOT - 1) + b"\n", self._turn * _SLOT)
            os.fdatasync(self._file)
        except OSError as error:
            raise self._failed("writing", error) from error
        self._turn = 1 - self._turn
        self._head = new

    def close(self) -> None:
        """Unlock and close."""
        os.close(self._file)

    def _load(self) -> SignedHead | None:
        try:
            data = os.pread(self._file, 2 * _SLOT, 0)
            if not data:  # a new file: give it its length now, so that later writes change no metadata
                os.pwrite(self._file, b" " * (2 * _SLOT - 1) + b"\n", 0)
                os.fsync(self._file)
                _sync_directory(self._path.parent)
                return None
        except OSError as error:
            raise self._failed("reading", error) from error
        slots = [_slot(data[:_SLOT]), _slot(data[_SLOT:])]
        found = [(head.size, turn, head) for turn, head in enumerate(slots) if head is not None]
        if not found:
            if data.strip():
                raise StorageError(
                    "neither head in it is whole",
                    where=str(self._path),
                    hint="Find the newest head that a witness, a mirror or a receipt shows before going on",
                )
            return None
        _, turn, newest = max(found, key=lambda each: each[:2])
        self._turn = 1 - turn
        return newest

    def _failed(self, doing: str, error: OSError) -> StorageError:
        return StorageError(
            f"{doing} the head failed: {error.strerror}",
            where=str(self._path),
            hint="Look at the disk and its permissions; nothing was acknowledged",
        )


def reconcile(
    stored: SignedHead | None, database: SignedHead | None, root_at: Callable[[int], bytes]
) -> bool:
    """Compare the head store with the database at start. True if the store is to be rolled forward.

    ``root_at`` gives the database's root at a smaller size. A database that is ahead and consistent is a commit
    whose swap was interrupted: it is durable, and was perhaps not yet answered. All else is refused.

    Raises:
        ForkError: the database is behind, holds another history, or the store has lost its head.

    """
    if stored is None and database is None:
        return False
    if stored is None:
        raise ForkError(
            f"the database holds a log ({_said(database)}), and the head store has no head",
            hint="Point the hub at the head store that belongs to this log. If that is lost, hold the database's "
            "checkpoint against a mirror's, a witness's or the newest receipts, and only if none is newer write it "
            "into a new head store (troth.store.HeadStore.swap)",
        )
    if database is None:
        if stored.size == 0:
            return False  # founding was interrupted before its commit: it starts again
        raise ForkError(
            f"the head store is at {_said(stored)}, and the database is empty",
            hint="Restore the newest backup of the data directory, or give a new log a head store of its own",
        )
    if stored.origin != database.origin:
        raise ForkError(
            f"the head store belongs to the log {stored.origin}, and the database to {database.origin}",
            hint="Each log has its own head store",
        )
    if database.size < stored.size:
        raise ForkError(
            f"the database ends at {_said(database)}, but this log has signed {_said(stored)}",
            hint="It is an older backup, and going on would fork the log: "
            f"{stored.size - database.size} entries that were answered are missing. Restore a newer one; if there is "
            "none, close this log, keep both files, and found a new log with directories of its own",
        )
    if (root_at(stored.size) if stored.size else _EMPTY_ROOT) != stored.root:
        raise ForkError(
            f"the database holds another history than the one signed at {_said(stored)}",
            hint="Keep both files: they are evidence. Restore the database that belongs to this head store",
        )
    return database.size > stored.size


def _said(head: SignedHead | None) -> str:
    return f"size {head.size} with root {head.root.hex()[:16]}…" if head else "no head"


def _slot(data: bytes) -> SignedHead | None:
    digest, _, line = data.rstrip().partition(b" ")
    if not line or hashlib.sha256(line).hexdigest().encode() != digest:
        return None
    try:
        return msgspec.json.decode(line, type=SignedHead)
    except msgspec.DecodeError:
        return None


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
