"""Who may say what on this log: the registration policy, as a pure function of keys, statement and log time.

Leaf 0 states it in words (`RegistrationPolicy`); here it decides. Left out: whether the signature holds, and whether
the statement makes sense by itself (`troth.statements.check_sense`): both were checked before.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from troth.errors import EnrolmentError, NotEnrolledError, PolicyError
from troth.statements import KeyRing, Statement, check_enrolment
from troth.statements.payloads import KeyEnrolment, RegistrationPolicy, TrustAnchors

_OPERATORS_OWN: Final = frozenset({"registration-policy", "trust-anchors"})
_RESERVED: Final = frozenset({"example", "test", "invalid", "localhost"})  # top labels, RFC 2606 and RFC 6761


def judge(ring: KeyRing, statement: Statement, at: datetime, log_issuer: str) -> None:
    """Return if the policy lets this statement in at this time. Its signature was checked before.

    Raises:
        NotEnrolledError: the key does not speak for the issuer now.
        PolicyError: the rule that it breaks.
        VerificationError: an enrolment whose parts do not hold together.

    """
    policy = ring.policy
    if policy is not None and len(statement.entry) > policy.entry_limit:
        raise PolicyError(
            f"the entry has {len(statement.entry)} bytes, and this log takes {policy.entry_limit}"
        )
    name = statement.kind.partition("@")[0]
    if name == "clock":
        raise PolicyError("only the log itself writes clock statements")
    if name in _OPERATORS_OWN:
        _judge_operator(ring, statement, log_issuer)
    elif name == "key-enrolment":
        _judge_enrolment(ring, statement, at, log_issuer)
    else:
        ring.admits(statement.issuer, statement.key, at)
    if policy is not None and policy.demonstration and name not in _OPERATORS_OWN:
        _judge_demonstration(statement, log_issuer)


def _judge_operator(ring: KeyRing, statement: Statement, log_issuer: str) -> None:
    if not ring.is_operator(statement) or statement.issuer != log_issuer:
        raise PolicyError(f"a {statement.kind} is the log's operator's to state")
    if statement.record is None:
        raise PolicyError(f"a {statement.kind} of another version, or whose payload is not in the entry")
    if isinstance(statement.record, TrustAnchors) and ring.anchors is not None:
        raise PolicyError("new keys for the log are not taken yet: a bundle could not prove what they sign")
    if isinstance(statement.record, RegistrationPolicy) and ring.policy is not None:
        kept = ("origin", "created")
        if any(getattr(statement.record, name) != getattr(ring.policy, name) for name in kept):
            raise PolicyError("a log's origin and time of creation are for ever")


def _judge_enrolment(ring: KeyRing, statement: Statement, at: datetime, log_issuer: str) -> None:
    record = statement.record
    if not isinstance(record, KeyEnrolment) or ring.anchors is None:
        raise PolicyError("an enrolment of another version, or whose payload is not in the entry")
    previous = ring.by_id.get(record.rotates) if record.rotates else None
    if record.rotates and (previous is None or previous.issuer != record.issuer):
        raise NotEnrolledError(f"the log holds no enrolment {record.rotates} of {record.issuer} to rotate")
    made = check_enrolment(statement, ring.anchors, previous)
    by_operator = ring.is_operator(statement)
    if statement.issuer != (log_issuer if by_operator else made.issuer):
        raise PolicyError("an enrolment is stated by the log's operator, or on rotation by the issuer itself")
    if not by_operator and previous is not None and not previous.covers(at):
        raise NotEnrolledError(
            f"the previous key of {made.issuer} is no longer valid, so it cannot rotate",
            hint="Ask the log's operator to enrol the new key",
        )
    if made.not_after < at:
        raise EnrolmentError("the enrolment is over before it is in the log")


def _judge_demonstration(statement: Statement, log_issuer: str) -> None:
    record = statement.record
    issuer = record.issuer if isinstance(record, KeyEnrolment) else statement.issuer
    host = issuer.removeprefix("https://").removeprefix("did:web:").partition(":")[0]
    if issuer != log_issuer and host != "127.0.0.1" and host.rpartition(".")[2] not in _RESERVED:
        raise PolicyError(
            f"this log is a demonstration and takes no statement in the name of {issuer}",
            hint="Use a reserved name, such as https://lab.example",
        )
