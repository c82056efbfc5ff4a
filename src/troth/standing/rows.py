"""From the fold's state and an instant to rungs and marks. Pure: no clock but the instant.

A control's rung, for one issuer and system:

    no promise      nobody promised it, or the promise was withdrawn or has expired
    promised        a commitment in force names it
    evidenced       besides, an assessment after the plan covers every planned objective of the control, against the
                    thresholds that were planned, is not older than the objectives allow, and is of what ships now
    independently checked   an endorsement; no kind says that yet, so no row is shown so

*Met*, *not met* and *inconclusive* all stand at the rung *evidenced*, each shown as such. Marks and the reasons
beside them come from dates (overdue, stale, expired) and from events (amended, weakened, withdrawn).
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from troth.commitments import compare
from troth.identifiers import parse_instant
from troth.standing.records import Act, Mark, Measured, Row, Rung
from troth.standing.state import Issuer, Promise, Said, State
from troth.statements.objectives import Objective
from troth.statements.payloads import Assessment, Plan, Release, Result, Taken


class _Marks:
    """Marks in the order in which they were made, each with its sentence."""

    def __init__(self) -> None:
        self.marks: list[Mark] = []
        self.reasons: list[str] = []

    def add(self, mark: Mark, reason: str) -> None:
        if mark not in self.marks:
            self.marks.append(mark)
        self.reasons.append(reason)


def system_rows(state: State, issuer: Issuer, system: str, at: datetime) -> list[Row]:
    """Every control of every guideline that the issuer has spoken about for this system, in order."""
    rows: list[Row] = []
    for promise in issuer.promises.get(system, []):
        if promise.replaced_by is None:
            rows += _promise_rows(state, issuer, system, promise, at)
    return sorted(rows, key=lambda row: (row.guideline, row.guideline_digest, _natural(row.control)))


def _natural(control: str) -> tuple[tuple[int, str], ...]:
    """st-2 before st-10."""
    parts = control.replace(".", "-").split("-")
    return tuple((int(part), "") if part.isascii() and part.isdigit() else (-1, part) for part in parts)


def _promise_rows(state: State, issuer: Issuer, system: str, promise: Promise, at: datetime) -> list[Row]:
    record = promise.record
    reference = record.guideline
    base = Row(
        issuer=issuer.origin,
        system=system,
        control="",
        title="",
        guideline=f"{reference.id} {reference.version}",
        guideline_digest=reference.digest,
        rung="no promise",
        expires=record.expires,
        promise=promise.act,
    )
    rows = [_taken_row(issuer, system, promise, taken, base, at) for taken in record.taken]
    for left in record.left_out:
        marks = _Marks()
        _text_marks(promise, left.control, marks)
        marks.reasons.insert(0, f"Left out: {left.reason}")
        rows.append(
            _with(base, control=left.control, title=left.title, marks=marks, history=_history(promise))
        )
    named = {row.control for row in rows}
    published = state.guidelines.get(reference.digest)
    if published is not None:
        for control, title in _controls(published[1].catalog):
            if control not in named:
                marks = _Marks()
                marks.reasons.append("The commitment does not say whether this control is promised")
                rows.append(_with(base, control=control, title=title, marks=marks, history=_history(promise)))
    return rows


def _with(base: Row, *, control: str, title: str, marks: _Marks, history: tuple[Act, ...]) -> Row:
    return msgspec.structs.replace(
        base,
        control=control,
        title=title,
        marks=tuple(marks.marks),
        reasons=tuple(marks.reasons),
        history=history,
        expires=None,
    )


def _taken_row(issuer: Issuer, system: str, promise: Promise, taken: Taken, base: Row, at: datetime) -> Row:
    marks = _Marks()
    _text_marks(promise, taken.control, marks)
    rung: Rung = "promised"
    if promise.withdrawn is not None:
        rung = "no promise"
        marks.add("withdrawn", f"The promise was withdrawn on {promise.withdrawn.time[:10]}")
    elif parse_instant(promise.record.expires) <= at:
        rung = "no promise"
        marks.add("expired", f"The promise ran until {promise.record.expires[:10]}")
    plan = _plan(issuer, system, promise)
    planned = _planned(plan, taken)
    evidence, results = _evidence(issuer, system, promise, plan, planned)
    covered = bool(planned) and all(each.outcome != "not measured" for each in results.values())
    covered = covered and len(results) == len(planned)
    fresh = _fresh(issuer, system, evidence, results, marks, at)
    if rung == "promised":
        if evidence is not None and covered and fresh:
            rung = "evidenced"
        _overdue(plan, taken, results, marks, at)
    return msgspec.structs.replace(
        base,
        control=taken.control,
        title=taken.title,
        rung=rung,
        marks=tuple(marks.marks),
        reasons=tuple(marks.reasons),
        conditions=taken.conditions,
        alternative=taken.alternative,
        evidence=evidence.act if evidence else None,
        measured=tuple(_measured(each, results.get(each.id)) for each in taken.objectives),
        history=_history(promise, plan, evidence),
    )


def _text_marks(promise: Promise, control: str, marks: _Marks) -> None:
    """What an amendment did to this control: every change of text in the chain counts, not only the last."""
    newer = promise
    while newer.replaces is not None:
        older = newer.replaces
        changes = [each for each in compare(older.record, newer.record) if each.control in (control, "")]
        for change in reversed(changes):
            if change.effect == "weakened":
                marks.add("weakened", f"{newer.act.time[:10]}: {change.sentence}")
            else:
                marks.add("amended", f"{newer.act.time[:10]}: {change.sentence}")
        newer = older


def _chain(promise: Promise) -> set[str]:
    """The entries of a commitment and of those that it replaced: a plan for any of them is its plan."""
    found = set()
    each: Promise | None = promise
    while each is not None:
        found.add(each.act.entry)
        each = each.replaces
    return found


def _plan(issuer: Issuer, system: str, promise: Promise) -> Said | None:
    chain = _chain(promise)
    for said in reversed(issuer.plans.get(system, [])):
        if isinstance(said.record, Plan) and said.record.commitment in chain and said.withdrawn is None:
            return said
    return None


def _planned(plan: Said | None, taken: Taken) -> dict[str, Objective]:
    if plan is None or not isinstance(plan.record, Plan):
        return {}
    rows = (each.objective for each in plan.record.measurements)
    return {each.id: each for each in rows if each.control == taken.control}


def _evidence(
    issuer: Issuer, system: str, promise: Promise, plan: Said | None, planned: dict[str, Objective]
) -> tuple[Said | None, dict[str, Result]]:
    """The latest assessment after the plan that speaks of this control, and its results against planned rows."""
    if plan is None or not planned:
        return None, {}
    chain = _chain(promise)
    for said in reversed(issuer.assessments.get(system, [])):
        record = said.record
        if (
            not isinstance(record, Assessment)
            or said.withdrawn is not None
            or said.act.index < plan.act.index
        ):
            continue
        if record.plan != plan.act.entry or record.commitment not in chain:
            continue
        results = {
            each.objective: each
            for each in record.results
            if each.objective in planned and _as_planned(each, planned[each.objective])
        }
        if any(each.outcome != "not measured" for each in results.values()):
            return said, results
    return None, {}


def _as_planned(result: Result, objective: Objective) -> bool:
    """A result counts only against the threshold, direction and confidence that were announced."""
    if result.outcome == "not measured":
        return True
    return (result.threshold, result.direction, result.confidence) == (
        objective.threshold,
        objective.direction,
        objective.confidence,
    )


def _fresh(
    issuer: Issuer,
    system: str,
    evidence: Said | None,
    results: dict[str, Result],
    marks: _Marks,
    at: datetime,
) -> bool:
    """Whether no result is too old, and the release that ships is the one that was measured."""
    if evidence is None or not isinstance(evidence.record, Assessment):
        return True
    fresh = True
    for each in results.values():
        if each.stale_after is not None and parse_instant(each.stale_after) < at:
            marks.add(
                "stale", f"{each.objective} was measured on {(each.measured_at or '')[:10]}, too long ago"
            )
            fresh = False
    release = latest_release(issuer, system)
    digests = set(evidence.record.system.digests) if evidence.record.system else set()
    if release is not None and isinstance(release.record, Release) and release.record.system.digests:
        shipped = set(release.record.system.digests)
        if not shipped & digests:
            version = release.record.system.version or "unnamed"
            marks.add(
                "stale", f"Version {version}, released {release.record.date[:10]}, has not been measured"
            )
            fresh = False
    return fresh


def latest_release(issuer: Issuer, system: str) -> Said | None:
    """The last release of a system that was not withdrawn."""
    return next((each for each in reversed(issuer.releases.get(system, [])) if each.withdrawn is None), None)


def _overdue(
    plan: Said | None, taken: Taken, results: dict[str, Result], marks: _Marks, at: datetime
) -> None:
    """A planned measurement whose due date has passed without a result."""
    if plan is None or not isinstance(plan.record, Plan):
        return
    for each in plan.record.measurements:
        result = results.get(each.objective.id)
        missing = result is None or result.outcome == "not measured"
        if each.objective.control == taken.control and each.due and missing and parse_instant(each.due) < at:
            marks.add("overdue", f"{each.objective.id} was due on {each.due[:10]} and has no result")


def _measured(objective: Objective, result: Result | None) -> Measured:
    if result is None:
        return Measured(objective=objective.id, statement=objective.statement, outcome="not measured")
    return Measured(
        objective=objective.id,
        statement=objective.statement,
        outcome=result.outcome,
        sentence=result.sentence,
        direction=result.direction,
        threshold=result.threshold,
        confidence=result.confidence,
        n=result.n,
        clusters=result.clusters,
        estimate=result.estimate,
        lower=result.lower,
        upper=result.upper,
        binding=result.binding,
        measured_at=result.measured_at,
        stale_after=result.stale_after,
    )


def _history(promise: Promise, plan: Said | None = None, evidence: Said | None = None) -> tuple[Act, ...]:
    acts: list[Act] = []
    each: Promise | None = promise
    while each is not None:
        acts.append(each.act)
        if each.withdrawn is not None:
            acts.append(each.withdrawn)
        each = each.replaces
    acts += [said.act for said in (plan, evidence) if said is not None]
    return tuple(sorted(acts, key=lambda act: act.index))


def _controls(catalog: object) -> list[tuple[str, str]]:
    """Ids and titles of all controls in an OSCAL catalog, however they nest; other shapes give none."""
    found: list[tuple[str, str]] = []
    stack = [catalog.get("catalog")] if isinstance(catalog, dict) else []
    while stack:
        node = stack.pop()
        if not isinstance(node, dict):
            continue
        for key in ("controls", "groups"):
            children = node.get(key)
            if isinstance(children, list):
                stack += reversed(children)
                if key == "controls":
                    found += [
                        (str(c.get("id")), str(c.get("title"))) for c in children if isinstance(c, dict)
                    ]
    return found
