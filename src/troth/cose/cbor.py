"""Deterministic CBOR (RFC 8949 §4.2.1): one encoding for each value, and no other is read.

A decoder of our own, because a general one resolves tags into dates and bignums, takes trailing bytes
and longer integers than needed, and answers with exceptions of its own. Here a value is an integer of
64 bits, bytes, text, a list, a map, a tag, a boolean or null. Left out on purpose: floats, undefined,
other simple values, indefinite lengths, bignums (they stay tags), and map keys other than integers,
text and bytes. What ``decode`` takes, ``encode`` gives back byte for byte,
unless the reader asks for maps in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NoReturn

import msgspec

from troth.errors import CborError

MAX_DEPTH: Final = 16
MAX_ITEMS: Final = 100_000
MAX_SIZE: Final = 16 * 1024 * 1024

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_SHORTEST: Final = {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}


class Tag(msgspec.Struct, frozen=True):
    """A CBOR tag: its number and the value it marks. No tag is given a meaning here."""

    number: int
    value: Any


def encode(value: object) -> bytes:
    """The deterministic CBOR of a value: bytes, str, int, bool, None, list, tuple, mapping or Tag.

    Raises:
        CborError: the value, or something in it, has no encoding here (a float, a large integer).

    """
    out = bytearray()
    _write(out, value, 0)
    return bytes(out)


def decode(
    data: bytes,
    *,
    ordered: bool = True,
    max_depth: int = MAX_DEPTH,
    max_items: int = MAX_ITEMS,
    max_size: int = MAX_SIZE,
) -> Any:
    """The one value that these bytes encode deterministically.

    Arrays become lists, maps dicts, tags ``Tag``. With ``ordered=False`` map keys may come in any order,
    as in headers that others signed: RFC 9052 asks for no order there, and widely used tools write none.

    Raises:
        CborError: the bytes are anything else; ``where`` names the offset of the first such byte.

    """
    if len(data) > max_size:
        raise CborError(f"{len(data)} bytes of CBOR are more than the {max_size} that are read here")
    reader = _Reader(bytes(data), max_depth, max_items, ordered=ordered)
    try:
        value = reader.item(0)
    except IndexError:
        reader.refuse("the bytes end within a value", len(data))
    if reader.at != len(data):
        reader.refuse(f"{len(data) - reader.at} bytes follow the value", reader.at)
    return value


def head(major: int, argument: int) -> bytes:
    """The shortest head (RFC 8949 §3): a major type (0 to 7) and its argument (0 to 2^64 - 1)."""
    if argument < 24:
        return bytes((major << 5 | argument,))
    for code, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << (8 * width):
            return bytes((major << 5 | code,)) + argument.to_bytes(width, "big")
    raise CborError("an integer of more than 64 bits has no encoding here")


def _write(out: bytearray, value: object, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise CborError(f"a value nested more than {MAX_DEPTH} deep has no encoding here")
    match value:
        case list() | tuple():
            out += head(_ARRAY, len(value))
            for item in value:
                _write(out, item, depth + 1)
        case Mapping():
            out += head(_MAP, len(value))
            pairs = [(_key(key), item) for key, item in value.items()]
            for key, item in sorted(pairs, key=lambda pair: pair[0]):
                out += key
                _write(out, item, depth + 1)
        case Tag(number, inner):
            out += head(_TAG, number)
            _write(out, inner, depth + 1)
        case _:
            out += _scalar(value)


def _scalar(value: object) -> bytes:
    match value:
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return head(_UNSIGNED, value) if value >= 0 else head(_NEGATIVE, -1 - value)
        case bytes():
            return head(_BYTES, len(value)) + value
        case str():
            try:
                text = value.encode()
            except UnicodeEncodeError as fault:
                raise CborError("text with a lone surrogate has no encoding") from fault
            return head(_TEXT, len(text)) + text
        case _:
            raise CborError(f"a {type(value).__name__} has no encoding here")


def _key(key: object) -> bytes:
    if isinstance(key, bool) or not isinstance(key, int | str | bytes):
        raise CborError(f"a {type(key).__name__} cannot be a map key here")
    return encode(key)


class _Reader:
    """One pass over the bytes. An IndexError from it means that they end too early."""

    __slots__ = ("at", "data", "left", "max_depth", "ordered", "size")

    def __init__(self, data: bytes, max_depth: int, max_items: int, *, ordered: bool) -> None:
        self.data = data
        self.size = len(data)
        self.at = 0
        self.left = max_items
        self.max_depth = max_depth
        self.ordered = ordered

    def refuse(self, what: str, offset: int) -> NoReturn:
        raise CborError(
            f"this is not deterministic CBOR: {what}",
            where=f"byte offset {offset}",
            hint="The bytes were damaged, or made by a program that does not follow RFC 8949 §4.2.1",
        )

    def item(self, depth: int) -> Any:
        """The value at ``at``, which moves behind it."""
        start = self.at
        if depth > self.max_depth:
            self.refuse(f"nested more than {self.max_depth} deep", start)
        self.left -= 1
        if self.left < 0:
            self.refuse("it holds more values than are read here", start)
        first = self.data[start]
        major, argument = first >> 5, first & 0x1F
        if major == _SIMPLE:
            return self.simple(first, start)
        self.at = start + 1
        if argument >= 24:
            argument = self.argument(argument, start)
        if major == _UNSIGNED:
            return argument
        if major == _NEGATIVE:
            return -1 - argument
        if major == _TAG:
            return Tag(argument, self.item(depth + 1))
        if argument > self.size - self.at:
            # every byte, character and element takes at least a byte: refuse before anything is reserved
            self.refuse(f"a length of {argument}, and {self.size - self.at} bytes are left", start)
        if major == _BYTES:
            return self.take(argument)
        if major == _TEXT:
            return self.text(argument, start)
        if major == _ARRAY:
            return [self.item(depth + 1) for _ in range(argument)]
        return self.map(argument, depth)

    def argument(self, code: int, start: int) -> int:
        if code > 27:
            self.refuse("an indefinite length or a reserved head", start)
        width = 1 << (code - 24)
        if width > self.size - self.at:
            raise IndexError
        argument = int.from_bytes(self.take(width), "big")
        if argument < _SHORTEST[width]:
            self.refuse(f"{argument} is written in {width} bytes and fits in fewer", start)
        return argument

    def simple(self, first: int, start: int) -> bool | None:
        self.at = start + 1
        if first == 0xF4:
            return False
        if first == 0xF5:
            return True
        if first != 0xF6:
            self.refuse("a float, undefined or another simple value", start)
        return None

    def take(self, count: int) -> bytes:
        taken = self.data[self.at : self.at + count]
        self.at += count
        return taken

    def text(self, count: int, start: int) -> str:
        try:
            return self.take(count).decode()
        except UnicodeDecodeError:
            self.refuse("text that is not UTF-8", start)

    def map(self, count: int, depth: int) -> dict[int | str | bytes, Any]:
        pairs: dict[int | str | bytes, Any] = {}
        before = b""
        for _ in range(count):
            start = self.at
            key = self.item(depth + 1)
            if isinstance(key, bool) or not isinstance(key, int | str | bytes):
                self.refuse("a map key that is no integer, text or byte string", start)
            written = self.data[start : self.at]
            if key in pairs:
                self.refuse("a map key twice", start)
            if self.ordered and written <= before:
                self.refuse("map keys out of order", start)
            before = written
            pairs[key] = self.item(depth + 1)
        return pairs
