"""Payloads as people write them: a record from a JSON file that may have been edited by hand."""

from __future__ import annotations

from typing import TypeVar

from troth.errors import SchemaError
from troth.statements import parse_record

T = TypeVar("T")
_OTHER_TYPE = ("got `int`", "got `float`")


def read_draft(data: bytes, kind: type[T], *, where: str) -> T:
    """As `parse_record`, but a decimal that is no text of a decimal is told in words. Raises JsonError, SchemaError."""
    try:
        return parse_record(data, kind, where=where)
    except SchemaError as error:
        what, _, path = error.what.partition(" - at ")
        unquoted = what.startswith(("Expected `str`, ", "Expected `str | null`, ")) and what.endswith(
            _OTHER_TYPE
        )
        if unquoted or "matching regex '^-?(0|" in what:
            raise SchemaError(
                f"no decimal number in quotes at {path.strip('`')}",
                where=where,
                hint='Write a number in quotes, such as "0.01"; or delete the line where it may be left out',
            ) from error
        raise
