"""Reading what people write by hand: a slip in a field's name is an error with a pointer, never ignored."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, NoReturn, TypeVar

import msgspec

from troth.errors import CommitmentError, JsonError, SchemaError
from troth.guidance.oscal import json_pointer
from troth.statements.canonical import parse_json, parse_record

T = TypeVar("T")


def read_strictly(data: bytes, kind: type[T]) -> T:
    """A payload record from JSON text; raises CommitmentError for what is not JSON, does not fit, or is not known."""
    try:
        record = parse_record(data, kind)
        plain = parse_json(data)
    except SchemaError as error:
        what, _, path = error.what.partition(" - at ")
        raise CommitmentError(
            what,
            where=json_pointer(path),
            hint="Fill in what is empty, or delete the line; see docs/specs/commitment.md",
        ) from error
    except JsonError as error:
        raise CommitmentError(error.what, where=error.where, hint="Mend the JSON at that place") from error
    _refuse_unknown(plain, record, "")
    return record


def fail(what: str, pointer: str, hint: str) -> NoReturn:
    """Raise CommitmentError at a JSON pointer of the file."""
    raise CommitmentError(what, where=pointer, hint=hint)


def _refuse_unknown(plain: Any, record: Any, at: str) -> None:
    """Compare what was written with what was taken from it."""
    if isinstance(plain, list) and isinstance(record, list):
        for i, (left, right) in enumerate(zip(plain, record, strict=True)):
            _refuse_unknown(left, right, f"{at}/{i}")
    if isinstance(plain, dict) and isinstance(record, msgspec.Struct):
        names = record.__struct_encode_fields__
        for key, value in plain.items():
            if key not in names:
                near = get_close_matches(key, names, n=1)
                hint = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(names)}"
                fail(f"the field {key[:80]!r} is not known", f"{at}/{key[:80]}", hint)
            _refuse_unknown(value, getattr(record, key), f"{at}/{key}")
