"""What the fold remembers: acts by issuer and system, in log order. No instants are judged here.

The design's `step(state, entry) -> state` is `State.step`, which updates the state in place: copying the state for
each entry would make the fold quadratic. Two states fed the same entries are equal in all that `rows.py` reads. Each statement is believed only if its signature holds and the log had enrolled its key at
that time: a hub that took something it should not have taken changes no reader's standing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from troth.errors import KeyMismatchError, LogInconsistentError, TrothError
from troth.identifiers import format_instant, parse_instant
from troth.standing.records import Act
from troth.statements import KeyRing, Statement, read
from troth.statements.payloads import (
    Amendment,
    Assessment,
    Clock,
    Commitment,
    Guideline,
    KeyEnrolment,
    Plan,
    RegistrationPolicy,
    Release,
    TrustAnchors,
    Withdrawal,
)

RULES: Final = 1  # the newest version of the fold's rules that this code knows
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Promise:
    """A commitment as the log has it; an amendment makes a new one that points back."""

    act: Act
    issuer: str
    record: Commitment
    replaces: Promise | None = None
    replaced_by: Promise | None = None
    withdrawn: Act | None = None


@dataclass(slots=True)
class Said:
    """A plan, assessment or release of an issuer, unless withdrawn."""

    act: Act
    issuer: str
    record: Plan | Assessment | Release
    withdrawn: Act | None = None


@dataclass(slots=True)
class Issuer:
    """All that one issuer has said, by system."""

    origin: str
    promises: dict[str, list[Promise]] = field(default_factory=dict)
    plans: dict[str, list[Said]] = field(default_factory=dict)
    assessments: dict[str, list[Said]] = field(default_factory=dict)
    releases: dict[str, list[Said]] = field(default_factory=dict)
    guidelines: list[Act] = field(default_factory=list)


@dataclass(slots=True)
class State:
    """The fold after ``size`` entries; ``time`` is the log's time there."""

    size: int = 0
    time: datetime = _EPOCH
    ring: KeyRing = field(default_factory=KeyRing)
    issuers: dict[str, Issuer] = field(default_factory=dict)
    guidelines: dict[str, tuple[Act, Guideline]] = field(default_factory=dict)  # by the catalog's digest
    by_entry: dict[str, Promise | Said] = field(default_factory=dict)
    ignored: dict[int, str] = field(default_factory=dict)  # index -> why the fold passed over it

    @property
    def rules(self) -> int:
        """The version of the rules that the log's policy asks for."""
        return self.ring.policy.standing_rules if self.ring.policy else RULES

    def step(
        self, entry: bytes, blobs: Mapping[str, bytes] | None = None, *, until: datetime | None = None
    ) -> bool:
        """Take one more entry; payloads that travel beside it are looked up in ``blobs`` by digest.

        False, and nothing taken, if the entry is the log's clock and later than ``until``. Never raises for what an
        entry holds: what cannot be believed is ignored, with a reason.
        """
        index = self.size
        try:
            statement = read(entry) if entry else None
            if statement is not None and statement.payload is None and blobs:
                statement = read(entry, blob=blobs.get(statement.payload_digest))
            if statement is not None:
                if isinstance(statement.record, Clock) and not self._clock(
                    statement, statement.record, until
                ):
                    return False
                self._take(statement, index)
            else:
                self.ignored[index] = "taken down"
        except TrothError as error:
            self.ignored[index] = str(error)
        self.size += 1
        return True

    def _clock(self, statement: Statement, record: Clock, until: datetime | None) -> bool:
        """Whether the log's time may go on: only its own key moves it, and never backwards."""
        statement.sign1.verify()
        time = parse_instant(record.time)
        if statement.key not in self.ring.clock_keys():
            raise KeyMismatchError("a clock by another key than the log's")
        if time < self.time:
            raise LogInconsistentError("a clock that goes back")
        if until is not None and time > until:
            return False
        self.time = time
        return True

    def _take(self, statement: Statement, index: int) -> None:
        record = statement.record
        if record is None:
            self.ignored[index] = (
                f"its payload is the blob {statement.payload_digest}, which is not here"
                if statement.payload is None
                else f"unknown kind {statement.kind or statement.sign1.content_type!r}"
            )
            return
        statement.sign1.verify()
        match record:
            case RegistrationPolicy():
                self.ring = self.ring.step(statement, index)
                if index == 0:
                    self.time = parse_instant(record.created)
                return
            case TrustAnchors() | KeyEnrolment():
                self.ring = self.ring.step(statement, index)
                return
            case Clock():
                return
        self.ring.admits(statement.issuer, statement.key, self.time)
        said = self.issuers.get(statement.issuer)
        if said is None:
            said = self.issuers[statement.issuer] = Issuer(statement.issuer)
        self._fold(statement, said, self._act(statement, index))

    def _act(self, statement: Statement, index: int, sentence: str = "") -> Act:
        return Act(
            kind=statement.kind,
            entry=statement.id,
            index=index,
            time=format_instant(self.time),
            sentence=sentence,
        )

    def _fold(self, statement: Statement, said: Issuer, act: Act) -> None:
        match statement.record:
            case Guideline() as record:
                self.guidelines.setdefault(record.digest, (act, record))
                said.guidelines.append(act)
            case Commitment() as record:
                self._promise(said, act, record, None)
            case Amendment() as record:
                before = self.by_entry.get(record.amends)
                if not isinstance(before, Promise) or before.issuer != said.origin:
                    self.ignored[act.index] = "it amends no commitment of this issuer"
                    return
                self._promise(said, act, record.commitment, before)
            case Plan() as record:
                self._say(said.plans, record.system.uri, Said(act, said.origin, record))
            case Release() as record:
                self._say(said.releases, record.system.uri, Said(act, said.origin, record))
            case Assessment() as record:
                uri = record.system.uri if record.system else statement.subject
                self._say(said.assessments, uri, Said(act, said.origin, record))
            case Withdrawal() as record:
                target = self.by_entry.get(record.withdraws)
                if target is None or target.issuer != said.origin:
                    self.ignored[act.index] = "it withdraws no statement of this issuer"
                elif target.withdrawn is None:
                    target.withdrawn = act
            case _:
                self.ignored[act.index] = f"the fold has no rule for {statement.kind}"

    def _promise(self, said: Issuer, act: Act, record: Commitment, before: Promise | None) -> None:
        """A second commitment to the same guideline for the same system replaces the first: no quiet edits."""
        promises = said.promises.setdefault(record.system.uri, [])
        if before is None:
            before = next(
                (
                    each
                    for each in reversed(promises)
                    if each.record.guideline.id == record.guideline.id and each.withdrawn is None
                ),
                None,
            )
        while before is not None and before.replaced_by is not None:
            before = before.replaced_by
        promise = Promise(act=act, issuer=said.origin, record=record, replaces=before)
        if before is not None:
            before.replaced_by = promise
        promises.append(promise)
        self.by_entry[act.entry] = promise

    def _say(self, where: dict[str, list[Said]], uri: str, made: Said) -> None:
        where.setdefault(uri, []).append(made)
        self.by_entry[made.act.entry] = made
