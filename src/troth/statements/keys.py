"""Whose key is it? The log's anchors and enrolments, folded entry by entry. Pure; time comes from the log.

A key speaks for an issuer from its enrolment's ``not_before`` until its ``not_after``, and only in entries after
the enrolment. Enrolments are signed by an operator key that the trust anchors name, or, on rotation, by the
issuer's previous key while that one is valid, under the same name and with no further role; each carries the issuer's
own request, signed by the key that it asks to enrol. Leaves out revocation: an enrolment ends by its term.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from troth.cose import PublicKey
from troth.errors import EnrolmentError, KeyMismatchError, NotEnrolledError, TrothError
from troth.identifiers import check_issuer, parse_instant, unb64url
from troth.statements.payloads import KeyEnrolment, KeyRequest, RegistrationPolicy, TrustAnchors
from troth.statements.statement import Statement, read


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """A key that the log admitted for an issuer."""

    id: str  # entry
    index: int
    issuer: str
    name: str
    roles: tuple[str, ...]
    key: PublicKey
    not_before: datetime
    not_after: datetime

    def covers(self, at: datetime) -> bool:
        """Whether the key speaks for its issuer at this time."""
        return self.not_before <= at <= self.not_after


def key_from_text(text: str) -> PublicKey:
    """A public key from base64url of its COSE_Key."""
    return PublicKey.from_cose(unb64url(text))


def operators(anchors: TrustAnchors) -> tuple[PublicKey, ...]:
    """The keys that may enrol and may change the policy."""
    return tuple(key_from_text(text) for text in anchors.operator_keys)


def receipt_keys(anchors: TrustAnchors) -> tuple[PublicKey, ...]:
    """The keys that sign receipts and clocks."""
    return tuple(key_from_text(text) for text in anchors.receipt_keys)


def check_enrolment(
    statement: Statement,
    anchors: TrustAnchors,
    previous: Enrolment | None = None,
    *,
    at: datetime | None = None,
) -> Enrolment:
    """The enrolment that a key-enrolment statement makes. Raises EnrolmentError, SignatureError, KeyMismatchError.

    ``previous`` is the enrolment that a rotation names; without one only an operator's key will do. ``at`` is the
    log's time of the enrolment, at which a previous key must be valid; None where the caller has judged that. The
    index is left at −1: the caller knows it.
    """
    record = statement.record
    if not isinstance(record, KeyEnrolment):
        raise EnrolmentError(f"a {statement.kind or 'foreign'} statement is no enrolment")
    signer = statement.key
    if signer is None:
        raise EnrolmentError("the enrolment carries no key")
    if signer not in operators(anchors):
        _check_rotation(record, signer, previous, at)
    statement.sign1.verify(signer)
    key = key_from_text(record.key)
    request = read(unb64url(record.request))
    if not isinstance(request.record, KeyRequest):
        raise EnrolmentError("the enrolment holds no key request")
    if (
        request.record.key != record.key
        or request.record.issuer != record.issuer
        or request.issuer != record.issuer
    ):
        raise KeyMismatchError("the issuer asked for another key or another name than was enrolled")
    request.sign1.verify(key)
    not_before, not_after = parse_instant(record.not_before), parse_instant(record.not_after)
    if not_after <= not_before:
        raise EnrolmentError("the enrolment ends before it begins")
    return Enrolment(
        id=statement.id,
        index=-1,
        issuer=check_issuer(record.issuer),
        name=record.name,
        roles=tuple(record.roles),
        key=key,
        not_before=not_before,
        not_after=not_after,
    )


def _check_rotation(
    record: KeyEnrolment, signer: PublicKey, previous: Enrolment | None, at: datetime | None
) -> None:
    """What the issuer's previous key may do without the operator: pass on what it has, and no more."""
    if (
        record.rotates is None
        or previous is None
        or previous.id != record.rotates
        or previous.issuer != record.issuer
        or previous.key != signer
    ):
        raise EnrolmentError(
            "the enrolment is signed by a key that may not enrol",
            hint="An operator's key signs enrolments, or the issuer's previous key a rotation",
        )
    if record.name != previous.name or not set(record.roles) <= set(previous.roles):
        raise EnrolmentError(
            "a rotation changes the key, and this one changes the issuer's name or adds a role",
            hint="Names and roles are the operator's to give",
        )
    if at is not None and not previous.covers(at):
        raise EnrolmentError(
            f"the previous key was not valid any more when it was rotated ({previous.not_after:%Y-%m-%d})",
            hint="Ask the log's operator to enrol the new key",
        )


class KeyRing(msgspec.Struct, frozen=True):
    """Anchors, policy and enrolments after some entries of a log."""

    anchors: TrustAnchors | None = None
    policy: RegistrationPolicy | None = None
    enrolments: dict[str, tuple[Enrolment, ...]] = {}  # by issuer
    by_id: dict[str, Enrolment] = {}

    def step(self, statement: Statement, index: int, at: datetime | None = None) -> KeyRing:
        """The ring after one more entry. Statements that are not about keys, or not allowed to be, change nothing.

        ``at`` is the log's time of the entry; without it a rotation is taken whenever it was made.
        """
        try:
            return self.take(statement, index, at)
        except TrothError:
            return self  # an entry that a log should not have taken enrols nobody

    def take(self, statement: Statement, index: int, at: datetime | None = None) -> KeyRing:
        """As `step`, and says what is wrong: EnrolmentError, SignatureError, KeyMismatchError, InputError."""
        record = statement.record
        match record:
            case RegistrationPolicy():
                return self._with_policy(statement, record, index)
            case TrustAnchors():
                return self._with_anchors(statement, record, index)
            case KeyEnrolment():
                return self._with_enrolment(statement, record, index, at)
        return self

    def _with_policy(self, statement: Statement, record: RegistrationPolicy, index: int) -> KeyRing:
        """Leaf 0 founds the log; a later policy is an operator's, and keeps the log's name and beginning."""
        statement.sign1.verify()
        if index != 0:
            self._require_operator(statement, self.anchors)
            if self.policy and (record.origin, record.created) != (self.policy.origin, self.policy.created):
                raise EnrolmentError("a log's origin and time of creation are for ever")
        return msgspec.structs.replace(self, policy=record)

    def _with_anchors(self, statement: Statement, record: TrustAnchors, index: int) -> KeyRing:
        """Leaf 1 is signed by a key that it names itself; later anchors by a key of those in force."""
        self._require_operator(statement, record if index == 1 else self.anchors)
        operators(record)
        receipt_keys(record)  # anchors with a key that cannot be read would stop the log's clock
        statement.sign1.verify()
        return msgspec.structs.replace(self, anchors=record)

    def _with_enrolment(
        self, statement: Statement, record: KeyEnrolment, index: int, at: datetime | None
    ) -> KeyRing:
        if self.anchors is None:
            raise EnrolmentError("an enrolment before the log's trust anchors")
        made = check_enrolment(statement, self.anchors, self.by_id.get(record.rotates or ""), at=at)
        made = msgspec.structs.replace(made, index=index)
        earlier = self.enrolments.get(made.issuer, ())
        return msgspec.structs.replace(
            self,
            enrolments={**self.enrolments, made.issuer: (*earlier, made)},
            by_id={**self.by_id, made.id: made},
        )

    def admits(self, issuer: str, key: PublicKey | None, at: datetime) -> Enrolment:
        """The enrolment under which a key speaks for an issuer at a time, else NotEnrolledError."""
        if key is None:
            raise NotEnrolledError("the statement carries no key", hint="Sign it with `troth sign`")
        found = [each for each in self.enrolments.get(issuer, ()) if each.key == key]
        if not found:
            raise NotEnrolledError(
                f"the log holds no enrolment of this key for {issuer}",
                hint="Ask the log's operator to enrol the key",
            )
        for each in reversed(found):
            if each.covers(at):
                return each
        last = found[-1]
        state = "is not yet valid" if at < last.not_before else "has expired"
        raise NotEnrolledError(
            f"the enrolment of this key for {issuer} {state} "
            f"({last.not_before:%Y-%m-%d} to {last.not_after:%Y-%m-%d})",
            hint="Ask the log's operator to enrol a key that is valid now",
        )

    def clock_keys(self) -> tuple[PublicKey, ...]:
        """The keys that may sign a clock: those that sign receipts."""
        return receipt_keys(self.anchors) if self.anchors else ()

    def is_operator(self, statement: Statement) -> bool:
        """Whether the statement names and carries an operator's key. The signature is the caller's to check."""
        if self.anchors is None or statement.key is None:
            return False
        return statement.key in operators(self.anchors)

    def _require_operator(self, statement: Statement, anchors: TrustAnchors | None) -> None:
        if anchors is None or statement.key not in operators(anchors):
            raise EnrolmentError(
                f"a {statement.kind} by a key that is not an operator's",
                hint="The operator keys are those that the trust anchors in force name",
            )
