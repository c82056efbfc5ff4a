"""Enrolling an issuer's key: the issuer asks, signed by the key; the operator admits it, and says why."""

from __future__ import annotations

from datetime import datetime, timedelta

from troth.cose import Signer
from troth.errors import EnrolmentError
from troth.identifiers import b64url, check_issuer, format_instant
from troth.statements import Signed, read, sign
from troth.statements.payloads import KeyEnrolment, KeyRequest

DAYS = 730


def key_request(signer: Signer, *, issuer: str, name: str, contact: str = "", now: datetime) -> bytes:
    """The issuer's request for its own key."""
    check_issuer(issuer)
    record = KeyRequest(issuer=issuer, name=name, key=b64url(signer.public.cose_key()), contact=contact)
    return sign(signer, record, issuer=issuer, subject=issuer, issued_at=now).entry


def enrolment(
    operator: Signer,
    request: bytes,
    *,
    log: str,
    reason: str,
    roles: list[str],
    now: datetime,
    days: int = DAYS,
) -> Signed:
    """The operator's statement that admits a requested key. Raises EnrolmentError for what is no good request."""
    asked = read(request)
    record = asked.record
    if not isinstance(record, KeyRequest) or asked.issuer != record.issuer or asked.key is None:
        raise EnrolmentError("the file is no key request", hint="Make one with `troth key request`")
    asked.sign1.verify()
    if b64url(asked.key.cose_key()) != record.key:
        raise EnrolmentError("the request asks for another key than the one that signed it")
    made = KeyEnrolment(
        issuer=record.issuer,
        name=record.name,
        key=record.key,
        roles=roles,  # type: ignore[arg-type]  # the schema checks the words when it is signed
        not_before=format_instant(now),
        not_after=format_instant(now + timedelta(days=days)),
        request=b64url(request),
        reason=reason,
    )
    return sign(operator, made, issuer=log, subject=record.issuer, issued_at=now)
