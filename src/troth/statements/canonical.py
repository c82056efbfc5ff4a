"""Canonical JSON (RFC 8785) out, strict JSON in. Limits: 16 MiB; nesting as deep as the interpreter's own limit, which raises rather than crashes. Leaves out floats on the way out."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import rfc8785

from troth.errors import JsonError, SchemaError

T = TypeVar("T")
MAX_BYTES = 16 * 1024 * 1024


def canonical(record: Any) -> bytes:
    """The canonical bytes of a record or of plain JSON data; raises JsonError for what JSON cannot hold."""
    try:
        return rfc8785.dumps(msgspec.to_builtins(record))
    except (rfc8785.CanonicalizationError, TypeError, UnicodeEncodeError) as error:
        raise JsonError(f"cannot be written as canonical JSON: {error}") from error


def parse_json(data: bytes, *, where: str = "", limit: int = MAX_BYTES) -> Any:
    """Plain data from JSON text. Raises JsonError: too large, nested too deeply, not JSON, not UTF-8."""
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
        raise SchemaError(
            str(error), where=where, hint="See the kind's schema in docs/specs/schemas/"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise JsonError(f"not JSON: {error}", where=where) from error
