"""Readings held against objectives: which runs count, pooled how, and what that shows. The same in any order.

    1. Files are put in order of digest; the same bytes given twice are one file.
    2. A file that cannot be used for any objective is excluded, with the reason (``_unusable``, ``_same_runs``).
    3. For each objective its facts are gathered; what does not fit it is left out, with the reason.
    4. The runs that are left are pooled by cluster: the same item in two runs is one cluster.
    5. The interval of the pooled cells decides (`troth.measurement.outcome`); each run's own is shown beside it.
    6. Every file is listed, used or not.

Runs of one objective are pooled only if they are runs of one system: of one artefact digest where the files have
it, else of one model name. Leaves out staleness and any clock: that belongs to standing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Literal

import msgspec

from troth.identifiers import format_instant, parse_instant
from troth.measurement.facts import Clusters, Evidence, Fact, Reading
from troth.measurement.intervals import Interval, decimal_text, interval
from troth.measurement.outcome import RULES, judged, not_measured
from troth.statements.objectives import DATED, Binding, Objective
from troth.statements.payloads import Assessment, EvidenceRow, GuidelineRef, Result, RunFigure, System

MAX_SAMPLES = 999_999_999  # in one objective: what a decimal string of a payload can hold
_STRENGTH: dict[Binding, int] = {"digest": 3, "snapshot": 2, "endpoint": 1, "unbound": 0}


class _Use(msgspec.Struct):
    """What became of one file."""

    reading: Reading
    excluded: str = ""  # from everything, and why
    used: bool = False
    left_out: set[str] = msgspec.field(default_factory=set)  # by single objectives, and why


class _Run(msgspec.Struct, frozen=True):
    """One usable file's facts for one objective."""

    use: _Use
    facts: tuple[Fact, ...]


def assess(
    readings: Iterable[Reading],
    objectives: Sequence[Objective],
    *,
    guideline: GuidelineRef,
    system: System | None,
    commitment: str | None,
    plan: str | None,
    plan_time: datetime | None,
) -> Assessment:
    """The assessment; its signed form is ``troth.statements.canonical.canonical`` of it.

    ``commitment`` and ``plan`` are entry ids; ``plan_time`` is the log's time of the plan's entry: runs that began
    before it, or at no known time, do not count. Results come in the order of ``objectives``. Raises InputError
    where a file's instants are not of the shape that `troth.measurement.facts` asks for.
    """
    uses = _in_order(readings, system, plan_time)
    by_evaluation: dict[str, list[tuple[_Use, Fact]]] = {}
    for use in uses:
        for fact in use.reading.facts:
            by_evaluation.setdefault(fact.evaluation, []).append((use, fact))
    results = [_result(o, by_evaluation.get(o.evaluation, []), uses, system) for o in objectives]
    return Assessment(
        rules=RULES,
        guideline=guideline,
        system=system,
        commitment=commitment,
        plan=plan,
        results=results,
        evidence=[_row(use) for use in uses],
        expires=min((r.stale_after for r in results if r.stale_after), default=None),
    )


# ---- which files can be used ------------------------------------------------------------------------------


def _in_order(readings: Iterable[Reading], system: System | None, plan_time: datetime | None) -> list[_Use]:
    ordered = sorted(readings, key=lambda r: (r.evidence.digest, r.evidence.reader, -len(r.facts)))
    uses = []
    for _, same in groupby(ordered, key=lambda r: r.evidence.digest):
        reading = next(same)
        uses.append(_Use(reading, excluded=_unusable(reading.evidence, system, plan_time)))
    _same_runs(uses)
    return uses


def _unusable(evidence: Evidence, system: System | None, plan_time: datetime | None) -> str:
    """Why no objective can use this file, or nothing. Part of a run is never counted: who stopped it saw it."""
    if evidence.status in ("cancelled", "error", "started"):
        return f"the run's status is {evidence.status}: it did not run to its end"
    digests = system.digests if system else []
    if evidence.system_digest and digests and evidence.system_digest not in digests:
        return "it ran another system: its artefact digest is not among those of the system claimed for"
    if plan_time is not None:
        if evidence.created is None:
            return "when it began is not known, so it cannot be shown to follow the plan"
        if parse_instant(evidence.created) < plan_time:
            return (
                f"it began ({evidence.created}) before the plan was on the log ({format_instant(plan_time)})"
            )
    return ""


def _same_runs(uses: list[_Use]) -> None:
    """Two files that claim to be one run: one counts where their figures agree, none where they differ."""
    claims: dict[tuple[str | None, ...], list[_Use]] = {}
    for use in uses:
        e = use.reading.evidence
        if e.run and not use.excluded:
            claims.setdefault((e.reader, e.run, e.evaluation, e.model), []).append(use)
    for same in claims.values():
        if len(same) == 1:
            continue
        if len({_figures(use.reading) for use in same}) == 1:
            for use in same[1:]:
                use.excluded = f"the same run, with the same figures, as {same[0].reading.evidence.digest}"
        else:
            for use in same:
                use.excluded = (
                    f"{len(same)} files claim to be this run and differ: nothing here tells which is right"
                )


def _figures(reading: Reading) -> tuple[object, ...]:
    return tuple(
        sorted(
            (f.evaluation, f.scorer, f.cluster_unit, f.n, f.total, f.unscored, f.clusters.histogram())
            for f in reading.facts
        )
    )


# ---- one objective ------------------------------------------------------------------------------------------


def _result(
    objective: Objective, given: list[tuple[_Use, Fact]], uses: list[_Use], system: System | None
) -> Result:
    if reason := _no_number(objective):
        return not_measured(objective, [reason])
    named = {use.reading.evidence.digest for use, _ in given}
    empty = [
        use
        for use in uses
        if use.reading.evidence.evaluation == objective.evaluation
        and use.reading.evidence.digest not in named
    ]
    if not given and not empty:
        return not_measured(
            objective, [f"no log of the evaluation {_clip(objective.evaluation)!r} was given"]
        )
    if not given:
        return not_measured(objective, _counted(_why_empty(use) for use in empty))
    facts, why = _asked(objective, given)
    if why:
        return not_measured(objective, [why, *_counted(_why_empty(use) for use in empty)])
    runs, left = _usable_runs(objective, facts)
    runs, others = _of_the_system(objective, runs, system)
    left += others
    why_left = _counted([*left, *(_why_empty(use) for use in empty)])
    if not runs:
        return not_measured(objective, why_left or ["no file could be used"])
    if reason := _unpoolable(runs):
        for run in runs:
            run.use.left_out.add(f"not for {objective.id}: {reason}")
        return not_measured(objective, [reason, *why_left])
    return _measured(objective, runs, why_left, system)


def _no_number(objective: Objective) -> str:
    """Why no run could decide this row, or nothing."""
    if objective.method == "attested":
        return "attested: someone has to state it, and no number decides"
    if objective.threshold is None:
        return "the guideline leaves the threshold to the adopter, and none was stated"
    if not objective.evaluation:
        return "the objective names no evaluation"
    if not (Decimal("0.5") < Decimal(objective.confidence) < 1):
        return f"a confidence of {objective.confidence} cannot decide: it has to be above 0.5 and below 1"
    return ""


def _asked(objective: Objective, given: list[tuple[_Use, Fact]]) -> tuple[list[tuple[_Use, Fact]], str]:
    """(the facts that the objective names, why there are none)."""
    scorers = sorted({fact.scorer for _, fact in given})
    scorer = objective.scorer or (scorers[0] if len(scorers) == 1 else "")
    listed = _clip(", ".join(scorers) or "none")
    if not scorer:
        return (
            [],
            f"the objective names no scorer, and the logs of {_clip(objective.evaluation)!r} hold: {listed}",
        )
    found = [(use, fact) for use, fact in given if fact.scorer == scorer]
    if not found:
        return (
            [],
            f"no log of {_clip(objective.evaluation)!r} holds the scorer {_clip(scorer)!r}, only: {listed}",
        )
    units = [(use, fact) for use, fact in found if fact.cluster_unit == objective.cluster_unit]
    if not units:
        return [], f"no log tells which samples belong together by {_clip(objective.cluster_unit)!r}"
    return units, ""


def _usable_runs(objective: Objective, facts: list[tuple[_Use, Fact]]) -> tuple[list[_Run], list[str]]:
    """(runs that count, a reason for each file that does not), in order of digest."""
    runs: list[_Run] = []
    left: list[str] = []
    for _, same in groupby(facts, key=lambda pair: pair[0].reading.evidence.digest):
        pairs = list(same)
        use = pairs[0][0]
        version = use.reading.evidence.evaluation_version
        reason = use.excluded
        if not reason and objective.evaluation_version and version != objective.evaluation_version:
            has = "an unknown version" if version is None else f"version {_clip(version)}"
            reason = f"{has} of the evaluation where {objective.evaluation_version} is asked for"
            use.left_out.add(f"not for {objective.id}: {reason}")
        if not reason and not any(fact.n for _, fact in pairs):
            reason = f"none of its {sum(fact.unscored for _, fact in pairs)} samples has a value"
            use.left_out.add(f"not for {objective.id}: {reason}")
        if reason:
            left.append(reason)
        else:
            runs.append(_Run(use, tuple(sorted((f for _, f in pairs), key=lambda f: (f.n, f.total)))))
    return runs, left


def _of_the_system(
    objective: Objective, runs: list[_Run], system: System | None
) -> tuple[list[_Run], list[str]]:
    """Where files of several systems lie in one folder: the runs that are tied to the claimed one, and why not the rest.

    By artefact digest if any run has one of the system's, else by model name if any is the system's name. Where
    neither tells them apart, all are returned, and ``_unpoolable`` says so.
    """
    if system is None or len({_identity(run) for run in runs}) < 2:
        return runs, []
    for mine in (
        [run for run in runs if run.use.reading.evidence.system_digest in system.digests],
        [run for run in runs if run.use.reading.evidence.model == system.name],
    ):
        if mine:
            others = [run for run in runs if all(run is not kept for kept in mine)]
            reason = f"nothing ties it to {_clip(system.name)!r}, as other files are tied"
            for run in others:
                run.use.left_out.add(f"not for {objective.id}: {reason}")
            return mine, [reason] * len(others)
    return runs, []


def _identity(run: _Run) -> str:
    """Which system a run is of, as far as its file tells."""
    evidence = run.use.reading.evidence
    return evidence.system_digest or evidence.model or "a model without a name"


def _unpoolable(runs: list[_Run]) -> str:
    """Why these runs together show nothing of one system, or nothing."""
    if not all(fact.bounded for run in runs for fact in run.facts):
        return "some values lie outside the range from 0 to 1, and no rule here can judge those"
    if sum(fact.n + fact.unscored for run in runs for fact in run.facts) > MAX_SAMPLES:
        return f"more than {MAX_SAMPLES} samples"
    systems = {_identity(run) for run in runs}
    if len(systems) > 1:
        return f"the runs are of different systems, which are not pooled: {_clip(', '.join(sorted(systems)))}"
    return ""


def _measured(objective: Objective, runs: list[_Run], left: list[str], system: System | None) -> Result:
    single = [_interval(objective, run.facts) for run in runs]
    pooled = single[0] if len(runs) == 1 else _interval(objective, [f for run in runs for f in run.facts])
    binding = min((_binding(run.use.reading.evidence, system) for run in runs), key=_STRENGTH.__getitem__)
    measured_at = _oldest(run.use.reading.evidence for run in runs)
    short: list[str] = []
    if _STRENGTH[binding] < _STRENGTH[objective.binding]:
        short.append(
            f"the tie between result and system is {_TIES[binding]}, where {_TIES[objective.binding]} is asked for"
        )
    stale_after = None
    if objective.maximum_age_days is not None:
        if measured_at is None:
            short.append("when it was measured is not known, and the objective limits the age")
        else:
            stale_after = _later(measured_at, objective.maximum_age_days)
    for run in runs:
        run.use.used = True
    digests = [run.use.reading.evidence.digest for run in runs]
    return judged(
        objective,
        pooled,
        short=short,
        asides=_asides(runs, left, binding, system),
        binding=binding,
        runs=[_figure(digest, found) for digest, found in zip(digests, single, strict=True)],
        runs_disagree=_disagreement(digests, single, objective),
        measured_at=measured_at,
        stale_after=stale_after,
    )


def _interval(objective: Objective, facts: Sequence[Fact]) -> Interval:
    found = interval(
        _pooled([fact.clusters for fact in facts]).histogram(),
        binary=all(fact.binary for fact in facts),
        unscored=sum(fact.unscored for fact in facts),
        confidence=Decimal(objective.confidence),
    )
    assert found is not None, "runs without a scored sample were left out before"  # noqa: S101 - an invariant
    return found


def _pooled(tables: list[Clusters]) -> Clusters:
    """All tables as one, joined in pairs so that each row is moved only log₂ times."""
    while len(tables) > 1:
        pairs = [a.merge(b) for a, b in zip(tables[::2], tables[1::2], strict=False)]
        tables = pairs + ([tables[-1]] if len(tables) % 2 else [])
    return tables[0]


# ---- what else is said ---------------------------------------------------------------------------------------

_TIES: dict[Binding, str] = {
    "digest": "the artefact's digest",
    "snapshot": "a dated snapshot of the model",
    "endpoint": "an endpoint's name at a time",
    "unbound": "none that the file shows",
}


def _binding(evidence: Evidence, system: System | None) -> Binding:
    """How firmly the file ties its result to the system. A model's name is its runner's word."""
    if evidence.system_digest and (system is None or evidence.system_digest in system.digests):
        return "digest"
    if evidence.model and DATED.search(evidence.model):
        return "snapshot"
    if evidence.model and (evidence.completed or evidence.created):
        return "endpoint"
    return "unbound"


def _oldest(evidence: Iterable[Evidence]) -> str | None:
    """The earliest completion (or beginning, where that is all the file has); None if one run has neither."""
    times = [e.completed or e.created for e in evidence]
    known = [time for time in times if time]
    return min(known, key=parse_instant) if len(known) == len(times) else None


def _later(instant: str, days: int) -> str | None:
    try:
        return format_instant(parse_instant(instant) + timedelta(days=days))
    except OverflowError:
        return None  # past the year 9999: never


def _figure(digest: str, found: Interval) -> RunFigure:
    return RunFigure(
        evidence=digest,
        n=found.n,
        clusters=found.clusters,
        estimate=decimal_text(found.estimate),
        lower=decimal_text(found.lower),
        upper=decimal_text(found.upper),
    )


def _disagreement(digests: list[str], single: list[Interval], objective: Objective) -> str:
    """A sentence where two runs' intervals exclude each other: also whenever one alone is met and one not met."""
    high = max(range(len(single)), key=lambda i: single[i].lower)
    low = min(range(len(single)), key=lambda i: single[i].upper)
    if single[high].lower <= single[low].upper:
        return ""
    text = (
        f"The runs disagree: {digests[high][:19]}… alone shows at least {decimal_text(single[high].lower)}, "
        f"and {digests[low][:19]}… alone at most {decimal_text(single[low].upper)}"
    )
    threshold = Decimal(objective.threshold or "")
    if Decimal(single[low].upper).scaleb(-6) <= threshold < Decimal(single[high].lower).scaleb(-6):
        text += ", on opposite sides of the threshold"
    return text + "."


def _asides(runs: list[_Run], left: list[str], binding: Binding, system: System | None) -> list[str]:
    """Sentences that belong beside any outcome."""
    asides = []
    models = {run.use.reading.evidence.model or "" for run in runs} - {system.name if system else ""}
    if system and binding != "digest" and models:
        named = _clip(", ".join(sorted(models)) or "none")
        asides.append(
            f"The files name the model {named!r}; that this is {_clip(system.name)!r} is the claimant's word."
        )
    if left:
        asides.append(f"Left out: {'; '.join(left)}.")
    scorers = {fact.scorer for run in runs for fact in run.facts}
    disagreeing = [run for run in runs if any(d.scorer in scorers for d in run.use.reading.disagreements)]
    if disagreeing:
        files = "1 file" if len(disagreeing) == 1 else f"{len(disagreeing)} files"
        asides.append(
            f"The header of {files} states figures that the samples do not bear out; the samples are used."
        )
    return asides


def _why_empty(use: _Use) -> str:
    return use.excluded or "it holds no facts"


def _counted(reasons: Iterable[str]) -> list[str]:
    """Each reason once, with the number of files, in order of text."""
    return [
        f"{count} {'file' if count == 1 else 'files'} ({reason})"
        for reason, count in sorted(Counter(reasons).items())
    ]


def _row(use: _Use) -> EvidenceRow:
    e = use.reading.evidence
    state: Literal["used", "not used", "excluded"]
    if use.used:
        state, reasons = "used", sorted(use.left_out)
    elif use.excluded:
        state, reasons = "excluded", [use.excluded]
    else:
        state, reasons = "not used", sorted(use.left_out) or ["no objective asks for what it holds"]
    return EvidenceRow(
        digest=e.digest,
        size=e.size,
        reader=e.reader,
        layout=e.layout,
        tool=e.tool,
        run=e.run,
        evaluation=e.evaluation,
        evaluation_version=e.evaluation_version,
        dataset=e.dataset,
        model=e.model,
        system_digest=e.system_digest,
        created=e.created,
        completed=e.completed,
        status=e.status,
        samples=e.samples,
        errors=e.errors,
        use=state,
        reason="; ".join(reasons),
        notes=list(e.notes)[:1000],
        disagreements=[
            f"{d.scorer} {d.metric}: the header says {d.header}, the samples {d.recomputed} ({d.reason})"
            for d in use.reading.disagreements
        ][:1000],
    )


def _clip(text: str) -> str:
    """Text from a file, short enough to be quoted."""
    return text if len(text) <= 200 else text[:199] + "…"
