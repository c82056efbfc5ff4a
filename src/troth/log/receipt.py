"""Receipts (RFC 9942): a log's signed word that a statement is in it, checked without the log.

    D2 84 bstr{1: alg, 4: kid, 15: {1: log, 2: sub, 6: time}, 395: 1, -65537: size} {396: {-1: [bstr [size, index, [+ bstr]]]}} F6 bstr(sig)

The payload is the tree's root, detached: whoever checks derives it from the entry and the path, so that
a receipt with another entry or another path signs something else. RFC 9942 leaves the tree's size out
of what is signed, and a root alone fits several sizes and indexes: whoever relays a receipt could move
its index. So ours carry the size in the protected header too (label -65537, of the private range), and
``Proven.bound`` says whether size and index can be relied on. One signature serves all entries of
a batch with the same subject, since they share the root: ``sign_root`` makes it, ``assemble`` joins an
entry's path to it. Left out: consistency proofs (-2), several proofs in one receipt, and other tree
algorithms than RFC9162_SHA256.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from troth.cose import (
    PublicKey,
    Signer,
    decode,
    encode,
    normalise,
    parse,
    parse_envelope,
    require_fit,
    sig_structure,
)
from troth.cose import assemble as assemble_sign1
from troth.errors import CoseError, ReceiptError, SignatureError, UsageError, WrongLogError
from troth.log.tree import leaf_hash, root_from_inclusion

ALG, KID, CWT, VDS, PROOFS = 1, 4, 15, 395, 396
TREE_SIZE: Final = -65537  # ours
RFC9162_SHA256: Final = 1
_INCLUSION: Final = -1
_IAT: Final = 6
_LATEST: Final = 253_402_300_800  # the end of the year 9999
_MAX_PATH: Final = 64
_MAX_RECEIPT: Final = 8192


class RootSignature(msgspec.Struct, frozen=True):
    """A root, signed for one subject: the protected bytes and the signature that a batch's receipts share."""

    protected: bytes
    signature: bytes


class Receipt(msgspec.Struct, frozen=True):
    """A receipt, parsed and not yet checked: who signs for which log and subject, and the leaf's path."""

    protected: bytes
    signature: bytes
    alg: int
    kid: bytes
    log: str
    sub: str
    size: int
    index: int
    path: tuple[bytes, ...]
    bound: bool
    time: int | None = None


class Proven(msgspec.Struct, frozen=True):
    """What a receipt that holds proves: the entry is leaf ``index`` of the tree of ``size`` and ``root``.

    ``log`` is the log's own name for itself in what it signed, ``kid`` the thumbprint of its key. Where
    ``bound`` is false the log signed the root and not the size: the entry is in the log, and its place is
    only what the receipt's bearer says. ``time`` is the log's time of the entry in Unix seconds, where it signed one.
    """

    size: int
    index: int
    root: bytes
    kid: bytes
    log: str
    bound: bool = False
    time: int | None = None


def sign_root(
    signer: Signer,
    *,
    log_issuer: str,
    sub: str,
    root: bytes,
    size: int | None = None,
    time: int | None = None,
) -> RootSignature:
    """Sign a root, its tree's size and the log's time for all entries of a batch whose statements have this subject.

    Without the size the receipts are those of RFC 9942 alone, and prove no index. ``time`` (Unix seconds, the CWT
    claim iat) is that of the nearest clock before the batch: without it, whoever relays an entry could choose an
    older clock to show beside it.
    """
    header: dict[int, Any] = {
        ALG: signer.alg,
        KID: signer.public.thumbprint(),
        VDS: RFC9162_SHA256,
        CWT: {1: log_issuer, 2: sub} if time is None else {1: log_issuer, 2: sub, _IAT: time},
    }
    if size is not None:
        header[TREE_SIZE] = size
    protected = encode(header)
    return RootSignature(protected, signer.sign(sig_structure(protected, root)))


def assemble(signed: RootSignature, *, size: int, index: int, path: Sequence[bytes]) -> bytes:
    """The receipt of the leaf ``index`` in the tree of this size, by its path from the tree.

    Raises:
        UsageError: an empty path: a tree of one leaf has no receipts.

    """
    if not path:
        raise UsageError("a tree of one leaf has no receipts: RFC 9942 cannot write an empty path")
    proof = encode([size, index, list(path)])
    return assemble_sign1(signed.protected, {PROOFS: {_INCLUSION: [proof]}}, None, signed.signature)


def make(
    signer: Signer,
    *,
    log_issuer: str,
    sub: str,
    root: bytes,
    size: int,
    index: int,
    path: Sequence[bytes],
    time: int | None = None,
) -> bytes:
    """One receipt: ``sign_root`` and ``assemble`` together."""
    signed = sign_root(signer, log_issuer=log_issuer, sub=sub, root=root, size=size, time=time)
    return assemble(signed, size=size, index=index, path=path)


def parse_receipt(data: bytes) -> Receipt:
    """Read a receipt. Nothing is checked.

    Raises:
        CborError: bytes that are not deterministic CBOR.
        CoseError: CBOR that is no receipt of the form above.
        ReceiptError: the proof says another tree size than the one that was signed.

    """
    parts = parse_envelope(data, max_size=_MAX_RECEIPT)
    header = parts.header
    if parts.kid is None:
        raise CoseError("a receipt names the log's key: kid (label 4) is missing")
    if not _is(header.get(VDS), RFC9162_SHA256):
        raise CoseError(
            "a receipt says its kind of tree (label 395), and only RFC9162_SHA256 (1) is known here"
        )
    if parts.payload is not None:
        raise CoseError("a receipt's payload is detached")
    match header.get(CWT), parts.unprotected:
        case ({1: str(log), 2: str(sub)}, {396: {-1: [bytes(proof)], **others}, **more}) if (
            not others and not more
        ):
            pass
        case _:
            raise CoseError(
                "a receipt names its log and subject (label 15) and holds one inclusion proof (label 396, -1)"
            )
    time = header[CWT].get(_IAT)
    if time is not None and (isinstance(time, bool) or not isinstance(time, int) or not 0 <= time < _LATEST):
        raise CoseError("the log's time in a receipt (15, 6) is a number of Unix seconds")
    size, index, path = _proof(proof)
    bound = TREE_SIZE in header
    if bound and not _is(header[TREE_SIZE], size):
        raise ReceiptError(
            f"the proof is of size {size}, and the log signed a tree of {header[TREE_SIZE]!r} leaves"
        )
    return Receipt(
        parts.protected, parts.signature, parts.alg, parts.kid, log, sub, size, index, path, bound, time
    )


def check(receipt: bytes, entry: bytes, keys: Iterable[PublicKey]) -> Proven:
    """Check that a log among those trusted holds this statement.

    1. The receipt is one (RFC 9942 §4). 2. Its key is among ``keys``, which the reader trusts for
    receipts. 3. Its subject is the statement's. 4. The path has the length that size and index give
    (RFC 9162 §2.1.3.2), and leads from the entry to a root. 5. The log's key signed that root.

    ``entry`` may be the signed statement or a transparent one, whose receipts are set aside.

    Raises:
        CborError, CoseError: bytes that are no statement or no receipt.
        WrongLogError: no trusted key has the receipt's kid.
        ReceiptError: the receipt is for another statement, or either was altered.
        ProofError: the path cannot be one of that size and index.
        KeyMismatchError: the receipt's algorithm is not the key's.

    """
    read = parse_receipt(receipt)
    key = next((key for key in keys if key.thumbprint() == read.kid), None)
    if key is None:
        raise WrongLogError(
            f"the receipt is signed with the key {read.kid.hex()} for the log {read.log}, which is not trusted here",
            hint="If you know this log, add it with troth trust add URL",
        )
    require_fit(key, read.alg)
    statement = normalise(entry)
    if parse(statement).sub != read.sub:
        raise ReceiptError("the receipt is for a statement about another subject")
    root = root_from_inclusion(leaf_hash(statement), read.index, read.size, read.path)
    try:
        key.verify(sig_structure(read.protected, root), read.signature)
    except SignatureError as fault:
        raise ReceiptError(
            f"the log signed another root than the one to which this statement leads as leaf {read.index}",
            hint="The receipt belongs to another statement, or one of the two was altered",
        ) from fault
    return Proven(read.size, read.index, root, read.kid, read.log, read.bound, read.time)


def _proof(data: bytes) -> tuple[int, int, tuple[bytes, ...]]:
    match decode(data, max_size=_MAX_RECEIPT):
        case [int(size), int(index), list(path)] if not isinstance(size, bool) and not isinstance(
            index, bool
        ):
            hashes = all(isinstance(step, bytes) and len(step) == 32 for step in path)
            if 0 <= index < size and 0 < len(path) <= _MAX_PATH and hashes:
                return size, index, tuple(path)
    raise CoseError("an inclusion proof is a size, a smaller index, and a path of hashes of 32 bytes")


def _is(value: Any, number: int) -> bool:
    return value == number and not isinstance(value, bool)
