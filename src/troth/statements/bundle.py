"""A claim as one file: a bare transparent statement (``.cose``) or a bundle (``.troth``).

A bundle is a deterministic CBOR array of byte strings, at least one:

    [ bstr claim, bstr enrolment, bstr trust anchors, bstr clock, * bstr ]

each a transparent statement, the claim first and the rest in any order, except that an item whose SHA-256 is the
digest in the claim's hash envelope is the claim's payload (docs/specs/bundle.md). Limits: 64 items, 32 MiB.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from troth.cose import decode, encode, parse, receipts
from troth.errors import BundleError, CborError, TrothError
from troth.statements.statement import Statement, read

MAX_ITEMS = 64
MAX_BYTES = 32 * 1024 * 1024
_TAGGED_SIGN1 = b"\xd2\x84"


class Transparent(msgspec.Struct, frozen=True):
    """A statement with its receipts."""

    statement: Statement
    receipts: tuple[bytes, ...]
    number: int = 0  # its place in the bundle; the claim's is 0


class Bundle(msgspec.Struct, frozen=True):
    """A claim, and what else is needed to believe it."""

    claim: Transparent
    others: tuple[Transparent, ...] = ()


def make(claim: bytes, others: Sequence[bytes] = (), blob: bytes | None = None) -> bytes:
    """The bytes of a bundle of transparent statements, and the claim's blob if it has one. Raises BundleError."""
    items = [claim, *others]
    if blob is not None:
        items.append(blob)
    _check_count(items)
    return encode(items)


def parse_bundle(data: bytes, *, blob: bytes | None = None) -> Bundle:
    """Read a ``.troth`` bundle or a bare ``.cose``; no signature is checked.

    ``blob`` is the claim's payload where it comes from elsewhere. Raises BundleError, and what `read` raises, with
    the number of the item where it is not the claim.
    """
    items = split(data)
    digest = _payload_digest(items[0])
    others = []
    for number, item in enumerate(items[1:], 1):
        if digest == hashlib.sha256(item).digest():
            blob = item
            continue
        try:
            others.append(_transparent(item, None, number))
        except TrothError as error:
            raise type(error)(error.what, where=f"item {number} of the bundle", hint=error.hint) from error
    return Bundle(_transparent(items[0], blob), tuple(others))


def split(data: bytes) -> list[bytes]:
    """The items of a bundle, the claim first; a bare ``.cose`` is one item. Nothing in them is read. BundleError."""
    if len(data) > MAX_BYTES:
        raise BundleError(f"{len(data)} bytes where at most {MAX_BYTES} are taken")
    if data[:2] == _TAGGED_SIGN1:
        return [data]
    try:
        items = decode(data, max_size=MAX_BYTES)
    except CborError as error:
        if data[:1].isspace() or data[:1] in {b"{", b"[", b"#", b"<", b"-"}:
            raise BundleError(
                "this is text, neither a .cose nor a .troth file",
                hint="Give the file that `troth register` wrote, or that a hub serves at /statements/ID.troth",
            ) from error
        raise BundleError(f"neither a .cose nor a .troth file: {error}") from error
    if not isinstance(items, list) or not items or not all(isinstance(item, bytes) for item in items):
        raise BundleError("a bundle is a CBOR array of byte strings, the claim first")
    _check_count(items)
    return items


def _check_count(items: Sequence[bytes]) -> None:
    if len(items) > MAX_ITEMS:
        raise BundleError(f"{len(items)} items where at most {MAX_ITEMS} are taken")


def _transparent(data: bytes, blob: bytes | None, number: int = 0) -> Transparent:
    return Transparent(read(data, blob=blob), tuple(receipts(data)), number)


def _payload_digest(claim: bytes) -> bytes | None:
    """The digest that the claim's hash envelope names, if it is one."""
    sign1 = parse(claim)
    return sign1.payload if sign1.envelope is not None else None
