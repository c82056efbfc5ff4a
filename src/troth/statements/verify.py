"""Verification of one claim, offline: numbered steps, each of which checks one thing and says what it checked.

    1  the file is a transparent statement or a bundle, in deterministic CBOR (RFC 9052, RFC 8949 §4.2.1)
    2  the claim's signature fits the key that it carries, and that key is the one its kid names (RFC 9679)
    3  the payload fits the schema of its kind; a payload beside the statement has the digest that was signed
    4  a receipt proves that the log in the trust file holds exactly these bytes (RFC 9942, RFC 9162 §2.1.3)
    5  the trust anchors in the bundle are leaf 1 of that log, signed by an operator key that they name
    6  an enrolment, in the log before the claim, gives the claim's key to its issuer
    7  the log's clock before the claim falls within the enrolment

Steps 5 to 7 need a bundle (``.troth``): a bare ``.cose`` shows that the log took the claim under its policy, which
is the log's word for what the bundle lets the reader see. Without a trust file verification ends after step 3
with *signature good, log unknown*. What the claim says is not judged here; that its figures follow from the
evidence is `troth.workflows.recompute`.

Takes bytes and records; yields a `Step` after each check that held and raises VerificationError or InputError at
the first that did not.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from troth.cose import PublicKey
from troth.errors import (
    EnrolmentError,
    KeyMismatchError,
    ReceiptError,
    TrothError,
    UndecidedError,
    VerificationError,
    WrongLogError,
)
from troth.identifiers import format_instant, parse_instant
from troth.log import Proven
from troth.log import check as check_receipt
from troth.statements.bundle import Bundle, Transparent, parse_bundle
from troth.statements.keys import Enrolment, check_enrolment, operators, receipt_keys
from troth.statements.kinds import LOG_KINDS
from troth.statements.payloads import Clock, KeyEnrolment, TrustAnchors
from troth.statements.statement import Statement
from troth.statements.trust import TrustFile


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """A check that held, or one that this file or reader does not allow (``held`` is False then)."""

    number: int
    title: str
    detail: str
    held: bool = True


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a claim when the steps have held."""

    statement: Statement
    proven: Proven
    enrolment: Enrolment | None = None
    time: datetime | None = None  # the log's time of the claim, from the clock before it


class Verification:
    """The steps over one file. Iterate `steps`; afterwards `result` is set if everything held."""

    def __init__(self, data: bytes, trusted: tuple[TrustFile, ...], *, blob: bytes | None = None) -> None:
        """Prepare; nothing is checked before the first step is asked for."""
        self.data = data
        self.trusted = trusted
        self.blob = blob
        self.statement: Statement | None = None
        self.result: Verified | None = None

    def steps(self) -> Iterator[Step]:
        """Check one thing after another. Raises at the first that fails; UndecidedError where the log is unknown."""
        bundle = parse_bundle(self.data, blob=self.blob)
        claim = bundle.claim.statement
        self.statement = claim
        count = len(bundle.others)
        yield Step(
            1, "File", f"{_called(claim)}; {count} further statement{'' if count == 1 else 's'} in the file"
        )

        if claim.key is None:
            raise UndecidedError("the claim carries no key, so its signature cannot be checked alone")
        claim.sign1.verify()
        yield Step(2, "Signature", f"good, by key {claim.key.thumbprint().hex()[:16]}… for {claim.issuer}")

        yield _payload_step(claim)

        if not self.trusted:
            raise UndecidedError(
                "signature good, log unknown: no trust file says which log to believe",
                hint="Pin one with `troth trust add URL`, or name a file with --trust",
            )
        trust, proven = self._receipt(bundle.claim)
        yield Step(
            4,
            "Receipt",
            f"the log {trust.origin} holds these bytes at index {proven.index} of {proven.size}",
        )

        anchors = _find(bundle, TrustAnchors)
        if anchors is None:
            yield Step(5, "Anchors", "not in this file: the log's receipt stands for them", held=False)
            yield Step(6, "Enrolment", "not in this file: a .troth bundle has it", held=False)
            yield Step(7, "Time", "not in this file: a .troth bundle has the log's clock", held=False)
            self.result = Verified(statement=claim, proven=proven)
            return
        keys = trust.keys()
        record = _anchors(anchors, keys)
        yield Step(5, "Anchors", f"leaf 1 of the log, with {len(record.operator_keys)} operator key")

        enrolment = _enrolment(bundle, claim, record, proven, keys)
        yield Step(
            6, "Enrolment", f"entry {enrolment.index} gives this key to {enrolment.issuer} ({enrolment.name})"
        )

        time = _time(bundle, record, proven, keys)
        if not enrolment.covers(time):
            raise EnrolmentError(
                f"the enrolment runs from {format_instant(enrolment.not_before)} to "
                f"{format_instant(enrolment.not_after)}, and the log took the claim after {format_instant(time)}",
                hint="The key did not speak for this issuer at that time",
            )
        yield Step(
            7, "Time", f"the log's clock before the claim says {format_instant(time)}, within the enrolment"
        )
        self.result = Verified(statement=claim, proven=proven, enrolment=enrolment, time=time)

    def _receipt(self, claim: Transparent) -> tuple[TrustFile, Proven]:
        """The first receipt by a trusted log that proves the claim; the last failure if none does."""
        if not claim.receipts:
            raise ReceiptError(
                "the file carries no receipt: nothing shows that a log holds this statement",
                hint="Register it, or ask for the transparent statement (/statements/ID.troth)",
            )
        failure: TrothError | None = None
        for receipt in claim.receipts:
            for trust in self.trusted:
                try:
                    return trust, check_receipt(receipt, claim.statement.entry, trust.keys())
                except VerificationError as error:
                    if failure is None or isinstance(failure, WrongLogError):
                        failure = error
        assert failure is not None  # noqa: S101 - both loops ran at least once
        raise failure


def _called(statement: Statement) -> str:
    return f"{statement.kind or 'a foreign statement'} by {statement.issuer} about {statement.subject}"


def _payload_step(claim: Statement) -> Step:
    if claim.payload is None:
        raise UndecidedError(
            f"the payload is not in this file: it is the blob {claim.payload_digest}",
            hint="Fetch it from the hub at /blob/sha256/… and give it with --blob",
        )
    if claim.record is None:
        return Step(
            3, "Payload", f"{len(claim.payload)} bytes of a kind that this version does not know", held=False
        )
    return Step(3, "Payload", f"{len(claim.payload)} bytes that fit the schema of {claim.kind}")


def _find(bundle: Bundle, kind: type) -> Transparent | None:
    """The first statement of a kind beside the claim; the claim itself may be of that kind too."""
    return next(
        (each for each in (*bundle.others, bundle.claim) if isinstance(each.statement.record, kind)), None
    )


def _proven(item: Transparent, keys: tuple[PublicKey, ...], what: str) -> Proven:
    """That the log holds one of the further statements."""
    if not item.receipts:
        raise ReceiptError(f"the {what} in the file carries no receipt")
    try:
        return check_receipt(item.receipts[0], item.statement.entry, keys)
    except VerificationError as error:
        raise type(error)(
            f"the receipt of the {what} does not hold: {error.what}", hint=error.hint
        ) from error


def _anchors(item: Transparent, keys: tuple[PublicKey, ...]) -> TrustAnchors:
    statement, record = item.statement, item.statement.record
    assert isinstance(record, TrustAnchors)  # noqa: S101 - _find chose it by this type
    proven = _proven(item, keys, "trust anchors")
    if proven.index != 1:
        raise KeyMismatchError(f"the trust anchors in the file are leaf {proven.index} and not leaf 1")
    if statement.key not in operators(record):
        raise KeyMismatchError("the trust anchors are signed by a key that they do not name")
    statement.sign1.verify()
    return record


def _enrolment(
    bundle: Bundle, claim: Statement, anchors: TrustAnchors, proven: Proven, keys: tuple[PublicKey, ...]
) -> Enrolment:
    """The enrolment that gives the claim's key to its issuer; the log's own statements need none."""
    own = claim.key in operators(anchors) or claim.key in receipt_keys(anchors)
    if own and (claim.kind in LOG_KINDS or isinstance(claim.record, KeyEnrolment)):
        return _founding(claim)
    items = [each for each in bundle.others if isinstance(each.statement.record, KeyEnrolment)]
    indexed = sorted(
        ((_proven(each, keys, "enrolment").index, each) for each in items), key=lambda pair: pair[0]
    )
    made: dict[str, Enrolment] = {}
    for index, item in indexed:  # in the log's order, so that a rotation finds the enrolment that it follows
        record = item.statement.record
        assert isinstance(record, KeyEnrolment)  # noqa: S101 - chosen by this type above
        found = check_enrolment(item.statement, anchors, made.get(record.rotates or ""))
        made[found.id] = msgspec.structs.replace(found, index=index)
    mine = [each for each in made.values() if each.key == claim.key and each.issuer == claim.issuer]
    if not mine:
        raise EnrolmentError(
            f"no enrolment in the file gives the claim's key to {claim.issuer}",
            hint="Another key signed this claim, or the bundle lacks its enrolment",
        )
    if mine[-1].index >= proven.index:
        raise EnrolmentError(
            f"the enrolment is entry {mine[-1].index}, and the claim is entry {proven.index}, before it"
        )
    return mine[-1]


def _founding(claim: Statement) -> Enrolment:
    """The log's own keys are believed by the trust file and leaf 1, and have no term of their own."""
    assert claim.key is not None  # noqa: S101 - step 2 refused a claim without a key
    return Enrolment(
        id="",
        index=1,
        issuer=claim.issuer,
        name="the log's own key",
        roles=(),
        key=claim.key,
        not_before=parse_instant("1970-01-01T00:00:00Z"),
        not_after=parse_instant("9999-12-31T00:00:00Z"),
    )


def _time(bundle: Bundle, anchors: TrustAnchors, proven: Proven, keys: tuple[PublicKey, ...]) -> datetime:
    """The log's time of the claim: the latest clock in the file that stands before it."""
    found: datetime | None = None
    for item in bundle.others:
        statement = item.statement
        if not isinstance(statement.record, Clock):
            continue
        if statement.key not in receipt_keys(anchors):
            raise KeyMismatchError("a clock in the file is signed by a key that is not the log's")
        statement.sign1.verify()
        if _proven(item, keys, "clock").index < proven.index:
            time = parse_instant(statement.record.time)
            found = time if found is None else max(found, time)
    if found is None:
        raise UndecidedError("no clock of the log before the claim is in the file, so its time is unknown")
    return found
