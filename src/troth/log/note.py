"""Signed notes (C2SP signed-note) and the keys that sign them, cosignatures (C2SP tlog-cosignature) among them.

A note is text that ends in a newline, a blank line, and signature lines ``— name base64(id ‖ sig)``.
Ed25519 signatures (type 01) and Ed25519 cosignatures (type 04) are checked; keys of other types, such
as ML-DSA-44 cosignatures (06), are read and count as unknown. Left out: quorum policies.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import msgspec

from troth.cose import EDDSA, PublicKey, Signer
from troth.errors import NoteError, SignatureError

ED25519_NOTE: Final = 0x01
ED25519_COSIGNATURE: Final = 0x04
MAX_NOTE: Final = 1_000_000  # bytes
MAX_SIGNATURES: Final = 100
_SUPPORTED: Final = (ED25519_NOTE, ED25519_COSIGNATURE)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_NAME = re.compile(r"[^\s+]+")
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_HEX = re.compile(r"[0-9a-f]{8}")


class NoteKey(msgspec.Struct, frozen=True):
    """A verifier key: who signs (``name``), how (``kind``, one byte), and the public key's bytes.

    Raises:
        NoteError: a name with spaces or a plus sign, or an Ed25519 key that has not 32 bytes.

    """

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        """Refuse what cannot be written as a vkey."""
        if not _NAME.fullmatch(self.name) or _CONTROL.search(self.name):
            raise NoteError(f"not the name of a note key: {self.name[:80]!r}")
        if self.kind in _SUPPORTED and len(self.public) != 32:
            raise NoteError(f"an Ed25519 public key has 32 bytes, and this has {len(self.public)}")

    @classmethod
    def of(cls, name: str, signer: Signer, kind: int = ED25519_NOTE) -> NoteKey:
        """The verifier key of an Ed25519 signer.

        Raises:
            NoteError: a signer of another kind.

        """
        if signer.public.alg != EDDSA:
            raise NoteError("notes are signed with Ed25519 keys")
        return cls(name, kind, signer.public.x)

    @property
    def supported(self) -> bool:
        """Whether its signatures can be checked here."""
        return self.kind in _SUPPORTED

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature line names the key."""
        return sha256(self.name.encode() + b"\n" + self._typed()).digest()[:4]

    @property
    def vkey(self) -> str:
        """The key in a line: ``name+id+base64(type ‖ key)``."""
        return f"{self.name}+{self.key_id.hex()}+{b64(self._typed())}"

    def _typed(self) -> bytes:
        return bytes((self.kind,)) + self.public

    def verify(self, text: str, signature: bytes) -> int | None:
        """Return if the signature is this key's for the text: a cosignature's time in seconds, else None.

        Raises:
            SignatureError: it is not, or the key's type is not supported.

        """
        time, message = None, text
        if self.kind == ED25519_COSIGNATURE and len(signature) == 72:
            time = int.from_bytes(signature[:8], "big")
            message, signature = cosigned(text, time), signature[8:]
        elif self.kind != ED25519_NOTE:
            raise SignatureError(
                f"the note's signature by {self.name} is not of a type and length known here"
            )
        try:
            PublicKey(EDDSA, self.public).verify(message.encode(), signature)
        except SignatureError as fault:
            raise SignatureError(
                f"the note's signature by {self.name} does not fit its text",
                hint="The text was altered after it was signed, or another key signed it",
            ) from fault
        return time


class NoteSignature(msgspec.Struct, frozen=True):
    """A signature line: the signer's name, the key's four bytes, and the signature."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line, with its newline."""
        return f"— {self.name} {b64(self.key_id + self.signature)}\n"


class Note(msgspec.Struct, frozen=True):
    """A signed note: its text, which ends in a newline, and its signatures in order, none of them checked."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """The note as it travels.

        Raises:
            NoteError: a text that a note cannot have.

        """
        _check_text(self.text)
        return (self.text + "\n" + "".join(signature.line for signature in self.signatures)).encode()


class Verified(msgspec.Struct, frozen=True):
    """A signature that fits: by which key, and when, in seconds, if it is a cosignature."""

    key: NoteKey
    time: int | None = None


def parse_vkey(text: str) -> NoteKey:
    """The key that a vkey line holds, of any type.

    Raises:
        NoteError: no vkey, or one whose id is not that of its name and key.

    """
    parts = text.split("+", 2)  # the base64 may hold a plus sign itself
    if len(parts) != 3 or not _HEX.fullmatch(parts[1]):
        raise NoteError(f"not a vkey: {text[:80]!r}", hint="A vkey is name+id+base64")
    typed = unb64(parts[2])
    if len(typed) < 2:
        raise NoteError("a vkey without a key")
    key = NoteKey(parts[0], typed[0], typed[1:])
    if key.key_id.hex() != parts[1]:
        raise NoteError(f"the vkey's id is {parts[1]}, and that of its name and key {key.key_id.hex()}")
    return key


def parse_note(data: bytes) -> Note:
    """Read a note. Nothing is verified.

    Raises:
        NoteError: bytes that are no signed note.

    """
    if len(data) > MAX_NOTE:
        raise NoteError(f"{len(data)} bytes are more than the {MAX_NOTE} of the longest note read here")
    try:
        whole = bytes(data).decode()
    except UnicodeDecodeError as fault:
        raise NoteError("a note is UTF-8", where=f"byte offset {fault.start}") from fault
    split = whole.rfind("\n\n")
    if split < 0 or not whole.endswith("\n") or split + 2 == len(whole):
        raise NoteError("a note ends in a blank line and signature lines")
    text, lines = whole[: split + 1], whole[split + 2 : -1].split("\n")
    _check_text(text)
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"a note with {len(lines)} signatures: at most {MAX_SIGNATURES} are read here")
    return Note(text, tuple(_signature(line) for line in lines))


def verify_note(note: Note, keys: Sequence[NoteKey]) -> list[Verified]:
    """Check every signature by a known key; those of unknown keys and types are passed over.

    The answer may be empty: what a note needs is its reader's to say.

    Raises:
        SignatureError: a known key's signature does not fit.

    """
    known = {(key.name, key.key_id): key for key in keys if key.supported}
    found = []
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is not None:
            found.append(Verified(key, key.verify(note.text, signature.signature)))
    return found


def sign_note(text: str, name: str, signer: Signer) -> NoteSignature:
    """An Ed25519 signature (type 01) of a note's text.

    Raises:
        NoteError: a text or name that a note cannot have, or a key of another kind.

    """
    _check_text(text)
    return NoteSignature(name, NoteKey.of(name, signer).key_id, signer.sign(text.encode()))


def cosign_note(text: str, name: str, signer: Signer, time: int) -> NoteSignature:
    """A witness's Ed25519 cosignature (type 04) of a checkpoint's text, at a time in seconds.

    Raises:
        NoteError: as ``sign_note``.

    """
    _check_text(text)
    key_id = NoteKey.of(name, signer, ED25519_COSIGNATURE).key_id
    return NoteSignature(name, key_id, time.to_bytes(8, "big") + signer.sign(cosigned(text, time).encode()))


def cosigned(text: str, time: int) -> str:
    """What a cosignature signs: a header, the time in seconds, and the note's text."""
    return f"cosignature/v1\ntime {time}\n{text}"


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise NoteError("the text of a note ends in a newline")
    if _CONTROL.search(text):
        raise NoteError("the text of a note has no control characters but newlines")


def _signature(line: str) -> NoteSignature:
    match = _LINE.fullmatch(line)
    decoded = unb64(match[2]) if match else b""
    if match is None or len(decoded) < 5 or _CONTROL.search(match[1]):
        raise NoteError(f"not a signature line: {line[:80]!r}")
    return NoteSignature(match[1], decoded[:4], decoded[4:])


def b64(data: bytes) -> str:
    """Base64 with padding (RFC 4648 §4)."""
    return base64.b64encode(data).decode("ascii")


def unb64(text: str) -> bytes:
    """Undo ``b64``.

    Raises:
        NoteError: any other text, unused bits that are set among them.

    """
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as fault:
        raise NoteError(f"not base64: {text[:80]!r}") from fault
    if b64(data) != text:
        raise NoteError(f"base64 that is not in its one standard form: {text[:80]!r}")
    return data
