"""Kinds of statement, their schemas, signing and reading, keys, bundles, trust files, and verification."""

from __future__ import annotations

from troth.statements.canonical import canonical, parse_json, parse_record
from troth.statements.keys import Enrolment, KeyRing, check_enrolment, key_from_text, operators, receipt_keys
from troth.statements.kinds import KINDS, LOG_KINDS, kind_from_media_type, kind_of, media_type
from troth.statements.sense import check_sense
from troth.statements.statement import Signed, Statement, read, sign

__all__ = [
    "KINDS",
    "LOG_KINDS",
    "Enrolment",
    "KeyRing",
    "Signed",
    "Statement",
    "canonical",
    "check_enrolment",
    "check_sense",
    "key_from_text",
    "kind_from_media_type",
    "kind_of",
    "media_type",
    "operators",
    "parse_json",
    "parse_record",
    "read",
    "receipt_keys",
    "sign",
]
