"""Checkpoints (C2SP tlog-checkpoint): a log's origin, size and root in a signed note.

    origin
    size
    base64(root)
    [extension lines]

The log's key bears the origin as its name, so that a vkey alone says which log's checkpoints to take.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from troth.cose import Signer
from troth.errors import CheckpointError, NoteError, SignatureError
from troth.log.note import Note, NoteKey, Verified, b64, parse_note, sign_note, unb64, verify_note
from troth.log.tree import MAX_SIZE

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class Checkpoint(msgspec.Struct, frozen=True):
    """What a log says of itself: its name, how many leaves, their 32-byte root, and lines that others define."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The note's text."""
        return "".join(f"{line}\n" for line in (self.origin, self.size, b64(self.root), *self.extensions))


class SignedCheckpoint(msgspec.Struct, frozen=True):
    """A checkpoint that the log's key signed, its whole note, and the witnesses' cosignatures that fit."""

    checkpoint: Checkpoint
    note: Note
    cosignatures: tuple[Verified, ...] = ()


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a note's text holds.

    Raises:
        NoteError: text of another form.

    """
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1]:
        raise NoteError("a checkpoint has an origin, a size and a root, each on its line")
    origin, size, encoded, *extensions = lines[:-1]
    if not origin:
        raise NoteError("a checkpoint names its log on the first line")
    if not _SIZE.fullmatch(size) or int(size) > MAX_SIZE:
        raise NoteError(f"not the size of a tree: {size[:80]!r}")
    root = unb64(encoded)
    if len(root) != 32:
        raise NoteError(f"a checkpoint's root has 32 bytes, and this has {len(root)}")
    if "" in extensions:
        raise NoteError("a checkpoint has no empty lines")
    return Checkpoint(origin, int(size), root, tuple(extensions))


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """The checkpoint as a note, signed by the log's Ed25519 key under the origin's name.

    Raises:
        NoteError: an origin that cannot be a key's name, or a key of another kind.

    """
    parse_checkpoint(checkpoint.text)  # what is signed here must be readable here
    return Note(checkpoint.text, (sign_note(checkpoint.text, checkpoint.origin, signer),)).encode()


def open_checkpoint(data: bytes, log: NoteKey, witnesses: Sequence[NoteKey] = ()) -> SignedCheckpoint:
    """Read a checkpoint and check that the log signed it; then its witnesses, those that are known here.

    Raises:
        NoteError: bytes that are no checkpoint.
        CheckpointError: another log's, or without a good signature by this log's key.
        SignatureError: a known witness's cosignature does not fit.

    """
    note = parse_note(data)
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != log.name:
        raise CheckpointError(f"the checkpoint is of the log {checkpoint.origin}, and the key of {log.name}")
    try:
        by_log = verify_note(note, [log])
    except SignatureError as fault:
        raise CheckpointError(f"the signature of the log {log.name} does not fit its checkpoint") from fault
    if not by_log:
        raise CheckpointError(
            f"the checkpoint bears no signature by the key {log.key_id.hex()} of the log {log.name}",
            hint="The log may have changed its key: ask its operator, and do not take a new key from the log itself",
        )
    return SignedCheckpoint(checkpoint, note, tuple(verify_note(note, witnesses)))
