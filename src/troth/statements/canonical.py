"""Canonical JSON (RFC 8785) out, strict JSON in.

Limits: 16 MiB; nesting as deep as the interpreter's own limit, which raises rather than crashes. Leaves out repair:
what does not fit is refused.
"""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

import msgspec
import rfc8785

from troth.errors import JsonError, SchemaError

T = TypeVar("T")
MAX_BYTES = 16 * 1024 * 1024
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


def parse_json(data: bytes, *, where: str = "", limit: int = MAX_BYTES) -> Any:
    """Plain data from JSON text. Raises JsonError: too large, nested too deeply, not JSON, not UTF-8."""
    if len(data) > limit:
        raise JsonError(f"{len(data)} bytes where at most {limit} are taken", where=where)
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
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise SchemaError(
            str(error), where=where, hint="See the kind's schema in docs/specs/schemas/"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise JsonError(f"not JSON: {error}", where=where) from error
