"""Private keys as files: JSON, mode 0600, the secret locked with a passphrase or not.

    {"troth": "key@1", "alg": "Ed25519", "kid": hex, "secret": base64url}
    {"troth": "key@1", "alg": "Ed25519", "kid": hex, "salt": base64url, "locked": base64url}

``locked`` is a libsodium secretbox (XSalsa20-Poly1305) under a key that Argon2id (moderate limits) draws from the
passphrase and ``salt``. A file that others may read is refused. Leaves out hardware and agents: those come through
the entry point group ``troth.signers``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from troth.cose import PrivateKey
from troth.errors import InputError, KeyFileError, StorageError
from troth.identifiers import b64url, unb64url

if TYPE_CHECKING:
    from nacl.secret import SecretBox

_SALT = 16


class KeyFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a key file holds."""

    troth: str
    alg: str
    kid: str
    secret: str = ""
    salt: str = ""
    locked: str = ""


def write_key(path: Path, secret: bytes, *, passphrase: str = "", alg: str = "Ed25519") -> PrivateKey:
    """Write a new key file and return the key. Raises StorageError where a file is there already."""
    key = _key(alg, secret, str(path))
    fields = {"troth": "key@1", "alg": alg, "kid": key.public.thumbprint().hex()}
    if passphrase:
        salt = os.urandom(_SALT)
        fields |= {"salt": b64url(salt), "locked": b64url(_box(passphrase, salt).encrypt(secret))}
    else:
        fields["secret"] = b64url(secret)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise StorageError(
            "a file is there already", where=str(path), hint="Choose another name for the key"
        ) from error
    except OSError as error:
        raise StorageError(f"the key cannot be written: {error.strerror}", where=str(path)) from error
    _fill(handle, path, json.dumps(fields, indent=1) + "\n")
    return key


def _fill(handle: int, path: Path, text: str) -> None:
    """Write the new file; a half-written one is taken away, or it would bar the next try."""
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StorageError(f"the key cannot be written: {error.strerror}", where=str(path)) from error


def read_key(path: Path, *, passphrase: str = "") -> PrivateKey:
    """The key in a file. Raises KeyFileError: open to others, damaged, locked, or another passphrase."""
    where = str(path)
    file = _read(path)
    try:
        secret = _unlock(file, passphrase, where) if file.locked else unb64url(file.secret)
        key = _key(file.alg, secret, where)
    except KeyFileError:
        raise
    except InputError as error:
        raise KeyFileError(f"the file is damaged: {error.what}", where=where) from error
    if key.public.thumbprint().hex() != file.kid:
        raise KeyFileError("the secret is not the one that the kid names: the file is damaged", where=where)
    return key


def read_kid(path: Path) -> str:
    """The thumbprint that a key file names, in hex; empty where there is no file yet. Needs no passphrase.

    Raises KeyFileError as `read_key`. What the file names is checked only when the key is used.
    """
    return _read(path).kid if os.path.lexists(path) else ""


def _read(path: Path) -> KeyFile:
    """The file, taken apart."""
    where = str(path)
    try:
        if path.stat().st_mode & 0o077:
            raise KeyFileError("others may read this key", where=where, hint=f"Run: chmod 600 {path}")
        data = path.read_bytes()
    except OSError as error:
        hint = "Make a key with `troth key new`" if isinstance(error, FileNotFoundError) else ""
        raise KeyFileError(f"the key cannot be read: {error.strerror}", where=where, hint=hint) from error
    try:
        file = msgspec.json.decode(data, type=KeyFile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise KeyFileError(f"not a key file: {error}", where=where) from error
    if file.troth != "key@1":
        raise KeyFileError(f"a key file of another version: {file.troth[:40]!r}", where=where)
    return file


def _key(alg: str, secret: bytes, where: str) -> PrivateKey:
    if alg == "Ed25519":
        return PrivateKey.ed25519(secret)
    if alg == "ES256":
        return PrivateKey.es256(secret)
    raise KeyFileError(f"an algorithm that troth does not sign with: {alg[:40]!r}", where=where)


def _box(passphrase: str, salt: bytes) -> SecretBox:
    from nacl.pwhash import argon2id  # noqa: PLC0415 - libsodium is loaded when it is used
    from nacl.secret import SecretBox as Box  # noqa: PLC0415 - as above

    raw = passphrase.encode()
    return Box(
        argon2id.kdf(32, raw, salt, opslimit=argon2id.OPSLIMIT_MODERATE, memlimit=argon2id.MEMLIMIT_MODERATE)
    )


def _unlock(file: KeyFile, passphrase: str, where: str) -> bytes:
    from nacl.exceptions import CryptoError  # noqa: PLC0415 - as above

    if not passphrase:
        raise KeyFileError(
            "the key is locked", where=where, hint="Set TROTH_PASSPHRASE, or type it when asked"
        )
    try:
        return bytes(_box(passphrase, unb64url(file.salt)).decrypt(unb64url(file.locked)))
    except CryptoError as error:
        raise KeyFileError(
            "another passphrase locked this key, or the file is damaged", where=where
        ) from error
