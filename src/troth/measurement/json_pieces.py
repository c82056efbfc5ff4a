"""JSON documents that are too large to hold: a top-level array decoded in batches, with bounded memory.

The array's text arrives in pieces. A batch ends before an element that begins as the format's elements begin;
that such a place is a true boundary is never assumed: the batch has to decode as a whole array, and text that
is cut inside a string or a nested value cannot. Where no boundary is found the buffer grows, up to a limit.

The constants NaN and Infinity are no JSON (RFC 8259 §6), and Inspect writes them: outside strings they are
read as the texts in `NOT_FINITE`, which no program writes.

What is decoded may nest `DEPTH` levels: a limit of our own, because the interpreter's differs between versions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import TypeVar

import msgspec

from troth.errors import EvidenceError

HELD = 1 << 28  # bytes of one element, or of a document without boundaries, at most
DEPTH = 200  # levels of brackets, with those of the document around a sample; arguments of tools nest deeply
NAN, INFINITY, MINUS_INFINITY = "\ue000nan", "\ue000inf", "\ue000-inf"
NOT_FINITE = frozenset((NAN, INFINITY, MINUS_INFINITY))

_CONSTANTS = {b"NaN": NAN, b"Infinity": INFINITY, b"-Infinity": MINUS_INFINITY}
_QUOTED = {name: b'"' + text.encode() + b'"' for name, text in _CONSTANTS.items()}
_UP_TO_CONSTANT = re.compile(rb'(?s)((?:[^"NI-]++|"(?:[^"\\]++|\\.)*+"|-(?=\d))*+)(NaN|-?Infinity)')
_OVERLAP = 1 << 16  # bytes searched again when a piece is added
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NOT_SHAPE = bytes(set(range(256)) - set(b'"[]{}'))
_NOT_ESCAPE = bytes(set(_NOT_SHAPE) - set(rb"\/bfnrtu"))  # RFC 8259 §7
_PEELED = 12  # levels that are taken off all at once, before what is left is counted through
_TRIES = 4  # places at which a batch is tried to end, per piece
_LOOKS = 1000  # places looked at for one
_HINT = "The log is damaged, or of a shape troth does not know"

T = TypeVar("T")


def decode(decoder: msgspec.json.Decoder[T], data: bytes | bytearray | memoryview, where: str) -> T:
    """Decode one document; EvidenceError where it is not JSON, too deep, or not of the decoder's type."""
    try:
        found = _tolerant(decoder, data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EvidenceError(f"{error}", where=where, hint=_HINT) from error
    except RecursionError as error:
        raise _too_deep(where) from error
    if nests(bytes(data), DEPTH):
        raise _too_deep(where)
    return found


class Shape(msgspec.Struct, frozen=True):
    """How the elements of an array begin."""

    element: re.Pattern[bytes]  # matches at the brace of an element
    key: bytes  # a literal in what it matches that is quick to find, with no brace between the two


def batches(
    pieces: Iterator[bytes],
    shape: Shape,
    many: msgspec.json.Decoder[list[T]],
    last: Callable[[bytearray], list[T]],
    where: str,
) -> Iterator[list[T]]:
    """The elements of an array, in lists of any length. ``pieces`` begin with its bracket.

    ``last`` decodes what is left when the pieces end: a bracket, the last elements, and all that follows them.
    """
    held = bytearray()
    searched = wanted = 0
    for piece in pieces:
        held += piece
        if len(held) > HELD:
            raise EvidenceError(f"no end of an element within {HELD} bytes", where=where)
        if len(held) < wanted:
            continue
        end = len(held)
        for _ in range(_TRIES):
            cut = _boundary(held, shape, searched, end)
            if cut < 0:
                break
            held[cut] = 0x5D  # the comma between two elements closes this batch, and opens the next
            with memoryview(held)[: cut + 1] as view:
                batch = attempt(many, view, where)
            if batch is not None:
                del held[:cut]
                held[0] = 0x5B
                yield batch
                wanted = 0
                break
            held[cut] = 0x2C
            end = cut
            wanted = 2 * len(held)  # a failure costs a decoding: as the text grows, let them become rare
        searched = max(0, len(held) - _OVERLAP) if not wanted else searched
    yield last(held)


def attempt(decoder: msgspec.json.Decoder[T], data: bytes | memoryview, where: str) -> T | None:
    """The document, or None where the text is no whole one; EvidenceError where it is too deep or of another type."""
    try:
        found = _tolerant(decoder, data)
    except msgspec.ValidationError as error:
        raise EvidenceError(f"{error}", where=where, hint=_HINT) from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    except RecursionError as error:
        raise _too_deep(where) from error
    if nests(bytes(data), DEPTH):
        raise _too_deep(where)
    return found


def nests(data: bytes, limit: int) -> bool:
    """Whether the brackets outside strings nest deeper than a limit, in JSON that a decoder has accepted.

    This runs over every byte of a log, so all but the last step is a few passes in C. First all goes that is no
    quote, bracket or part of an escape, then the escapes, then the strings without brackets, which are pairs of
    quotes by now; taking off all innermost pairs of brackets makes what is left one level less deep each time.
    """
    if data.count(b"[") + data.count(b"{") <= limit:
        return False
    plain = data.translate(None, _NOT_ESCAPE).replace(b"\\\\", b"").replace(b'\\"', b"")
    shape = plain.translate(_ONE_KIND, _NOT_SHAPE).replace(b'""', b"")
    brackets = b"".join(shape.split(b'"')[::2])
    for _ in range(min(_PEELED, limit)):
        brackets = brackets.replace(b"[]", b"")
        limit -= 1
    return max(accumulate(1 if each == 0x5B else -1 for each in brackets), default=-1) > limit


def _too_deep(where: str) -> EvidenceError:
    return EvidenceError(f"the JSON is nested too deeply, at more than {DEPTH} levels", where=where)


def _tolerant(decoder: msgspec.json.Decoder[T], data: bytes | bytearray | memoryview) -> T:
    try:
        return decoder.decode(data)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        finite = _without_constants(bytes(data))
        if finite is None:
            raise
    return decoder.decode(finite)


def _boundary(held: bytearray, shape: Shape, start: int, end: int) -> int:
    """Where the comma before the last element begun in this stretch is, or -1."""
    for _ in range(_LOOKS):
        at = held.rfind(shape.key, start, end)
        if at < 0:
            break
        brace = held.rfind(b"{", max(start, at - _OVERLAP), at)
        if brace > 0 and shape.element.match(held, brace):
            before = held[max(0, brace - 64) : brace].rstrip()
            if before.endswith(b","):
                return max(0, brace - 64) + len(before) - 1
        end = at
    return -1


def _without_constants(data: bytes) -> bytearray | None:
    """The text with NaN and Infinity, outside strings, as texts; None where there are none."""
    if b"NaN" not in data and b"Infinity" not in data:
        return None
    finite = bytearray()
    at = 0
    while found := _UP_TO_CONSTANT.match(data, at):
        finite += found[1]
        finite += _QUOTED[found[2]]
        at = found.end()
    if not at:
        return None
    finite += data[at:]
    return finite
