"""Canonical JSON (RFC 8785) out, strict JSON in.

Limits: 16 MiB, and 64 levels of nesting: a limit of our own, because the interpreter's differs between versions and
with the depth of the call, and all readers have to agree on what can be read. Leaves out repair: what does not fit is
refused.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any, Final, TypeVar

import msgspec
import rfc8785

from troth.errors import JsonError, SchemaError

T = TypeVar("T")
MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 64
_STRINGS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEP: Final = {0x5B: 1, 0x7B: 1, 0x5D: -1, 0x7D: -1}
_OWN_WAY: Final = re.compile(
    rb"(?:^|[:,\[])-?(?:[0-9]{16}|[0-9]+[.eE])|[\xf0-\xff]"
)  # numbers that RFC 8785 writes in a way of its own, and characters that it sorts by their UTF-16 halves


def canonical(record: Any) -> bytes:
    """The canonical bytes of a record or of plain JSON data; raises JsonError for what JSON cannot hold."""
    try:
        if isinstance(
            record, msgspec.Struct
        ):  # no record of ours holds a float, so NaN cannot pass as null here
            text = msgspec.json.encode(record, order="sorted")
            if not _OWN_WAY.search(text):  # then sorting is all there is to it, at a tenth of the cost
                return text
        return rfc8785.dumps(msgspec.to_builtins(record))
    except (rfc8785.CanonicalizationError, TypeError, UnicodeEncodeError, RecursionError) as error:
        raise JsonError(f"cannot be written as canonical JSON: {error}") from error


def check_depth(data: bytes, *, limit: int = MAX_DEPTH, where: str = "") -> None:
    """Return if brackets outside strings nest at most ``limit`` levels deep, else raise JsonError. Reads no further."""
    if data.count(b"[") + data.count(b"{") <= limit:
        return
    brackets = _STRINGS.sub(b"", data).translate(None, _NOT_BRACKETS)
    if max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > limit:
        raise JsonError(f"nested deeper than {limit} levels", where=where)


def parse_json(data: bytes, *, where: str = "", limit: int = MAX_BYTES) -> Any:
    """Plain data from JSON text. Raises JsonError: too large, nested too deeply, not JSON, not UTF-8."""
    if len(data) > limit:
        raise JsonError(f"{len(data)} bytes where at most {limit} are taken", where=where)
    check_depth(data, where=where)
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise JsonError(f"not JSON: {error}", where=where) from error


def require_canonical(data: bytes, *, where: str = "") -> None:
    """Return if these are the one text (RFC 8785) of what they say. Raises JsonError.

    Two fields of one name, or other white space, would let two readers see two things under one signature.
    """
    plain = parse_json(data, where=where)
    if _OWN_WAY.search(data):
        same = canonical(plain) == data
    else:
        same = msgspec.json.encode(plain, order="sorted") == data
    if not same:
        raise JsonError(
            "the payload is not canonical JSON (RFC 8785)",
            where=where,
            hint="Sort the fields, name each once, and leave out white space before signing",
        )


def parse_record(data: bytes, kind: type[T], *, where: str = "", limit: int = MAX_BYTES) -> T:
    """A record from JSON text. Raises JsonError where it is not JSON and SchemaError where it does not fit."""
    if len(data) > limit:
        raise JsonError(f"{len(data)} bytes where at most {limit} are taken", where=where)
    check_depth(data, where=where)
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise SchemaError(
            str(error), where=where, hint="See the kind's schema in docs/specs/schemas/"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise JsonError(f"not JSON: {error}", where=where) from error
