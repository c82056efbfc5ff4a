"""The hub's own keys, three files of 32 secret bytes in ``<data>/keys/``.

    operator.ed25519     signs the registration policy, the trust anchors and enrolments
    receipt.es256        signs receipts and clocks
    checkpoint.ed25519   signs checkpoints

Each has its own use, so that one that leaks or is rotated leaves the others alone. Left out: passphrases and
tokens, which `troth.signers` brings to whoever keeps the operator's key elsewhere.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from troth.cose import PrivateKey
from troth.errors import KeyFileError

OPERATOR: Final = "operator.ed25519"
RECEIPT: Final = "receipt.es256"
CHECKPOINT: Final = "checkpoint.ed25519"
_KINDS: Final[dict[str, Callable[[bytes], PrivateKey]]] = {
    OPERATOR: PrivateKey.ed25519,
    RECEIPT: PrivateKey.es256,
    CHECKPOINT: PrivateKey.ed25519,
}
_OPEN_TO_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class HubKeys(msgspec.Struct, frozen=True):
    """The three keys of a hub."""

    operator: PrivateKey
    receipt: PrivateKey
    checkpoint: PrivateKey


def load(directory: Path) -> HubKeys:
    """Read the three keys.

    Raises:
        KeyFileError: a file is missing, has another length, or can be read by others than its owner.

    """
    return HubKeys(*(_read(directory / name, make) for name, make in _KINDS.items()))


def create(directory: Path) -> HubKeys:
    """Draw and keep the keys that are missing, and read those that are there.

    Raises:
        KeyFileError: as `load`, or the directory cannot be written.

    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise KeyFileError(f"the directory cannot be made: {error.strerror}", where=str(directory)) from error
    for name, make in _KINDS.items():
        if not (directory / name).exists():
            _write(directory / name, _drawn(make))
    return load(directory)


def _drawn(make: Callable[[bytes], PrivateKey]) -> bytes:
    while True:
        secret = os.urandom(32)
        try:
            make(secret)
        except KeyFileError:
            continue  # a scalar above the order of P-256: once in 2^32 draws
        return secret


def _write(path: Path, secret: bytes) -> None:
    """A new file, whole or not at all: a half-written key would sign under a name that nobody pinned."""
    draft = path.with_suffix(path.suffix + ".new")
    try:
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, secret)
            os.fsync(handle)
        finally:
            os.close(handle)
        draft.rename(path)
    except OSError as error:
        raise KeyFileError(f"the key cannot be written: {error.strerror}", where=str(path)) from error


def _read(path: Path, make: Callable[[bytes], PrivateKey]) -> PrivateKey:
    try:
        if path.stat().st_mode & _OPEN_TO_OTHERS:
            raise KeyFileError(
                "others than its owner may read this key",
                where=str(path),
                hint=f"If nobody has, chmod 600 {path}; if somebody may have, replace the key",
            )
        secret = path.read_bytes()
    except OSError as error:
        raise KeyFileError(
            f"the key cannot be read: {error.strerror}",
            where=str(path),
            hint="Restore the keys from their backup: a log cannot go on under other keys",
        ) from error
    try:
        return make(secret)
    except KeyFileError as error:
        raise KeyFileError(error.what, where=str(path), hint="Restore the file from its backup") from error
