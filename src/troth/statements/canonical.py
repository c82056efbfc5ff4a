"""Canonical JSON (RFC 8785) out, strict JSON in. Limits: 16 MiB, 64 levels. Leaves out floats on the way out."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import rfc8785

from troth.errors import JsonError, SchemaError

T = TypeVar("T")
MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 64


def canonical(record: Any) -> bytes:
    """The canonical bytes of a record or of plain JSON data; raises JsonError for what JSON cannot hold."""
    try:
        return rfc8785.dumps(msgspec.to_builtins(record))
    except (rfc8785.CanonicalizationError, TypeError, UnicodeEncodeError) as error:
        raise JsonError(f"cannot be written as canonical JSON: {error}") from error


def check_depth(data: bytes, limit: int = MAX_DEPTH, where: str = "") -> None:
    """Raise JsonError where brackets nest deeper than ``limit``, before a parser recurses. Strings are skipped."""
    depth = 0
    inside = escaped = False
    for byte in data:
        if inside:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                inside = False
        elif byte == 0x22:
            inside = True
        elif byte in (0x5B, 0x7B):
            depth += 1
            if depth > limit:
                raise JsonError(f"nested deeper than {limit} levels", where=where)
        elif byte in (0x5D, 0x7D):
            depth -= 1


def parse_json(data: bytes, *, where: str = "", limit: int = MAX_BYTES) -> Any:
    """Plain data from JSON text. Raises JsonError: too large, too deep, not JSON, not UTF-8."""
    if len(data) > limit:
        raise JsonError(f"{len(data)} bytes where at most {limit} are taken", where=where)
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise JsonError(f"not JSON: {error}", where=where) from error


def parse_record(data: bytes, kind: type[T], *, where: str = "", limit: int = MAX_BYTES) -> T:
    """A record from JSON text. Raises JsonError where it is not JSON and SchemaError where it does not fit."""
    if len(data) > limit:
        raise JsonError(f"{len(data)} bytes where at most {limit} are taken", where=where)
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise SchemaError(str(error), where=where, hint="See the kind's schema in docs/specs/schemas/") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise JsonError(f"not JSON: {error}", where=where) from error
