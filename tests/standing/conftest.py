"""Stories for the fold: an agency's guideline, a lab's promises, plans, runs; each act an entry of a simulated log."""

from datetime import timedelta

import msgspec
import pytest

from troth.guidance import guideline_payload, write_part
from troth.identifiers import format_instant, parse_instant
from troth.standing import issuer_standing
from troth.statements import canonical, read
from troth.statements.objectives import Objective
from troth.statements.payloads import (
    Amendment,
    Assessment,
    Commitment,
    EvidenceRow,
    GuidelineRef,
    LeftOut,
    Plan,
    PlannedMeasurement,
    Release,
    Result,
    RunFigure,
    System,
    Taken,
    Withdrawal,
)

URI = "https://lab.example/models/one"
DIGEST = "sha256:" + 64 * "a"
OTHER_DIGEST = "sha256:" + 64 * "b"
LAB = "https://lab.example"

ROWS = {
    row.id: row
    for row in (
        Objective(
            id="c-1.a",
            control="c-1",
            statement="It leaks rarely",
            evaluation="leak",
            threshold="0.05",
            minimum_n=100,
            minimum_clusters=50,
        ),
        Objective(
            id="c-1.b",
            control="c-1",
            statement="It refuses",
            evaluation="refuse",
            direction="at-least",
            threshold="0.9",
        ),
        Objective(
            id="c-2.a",
            control="c-2",
            statement="It follows rarely",
            evaluation="follow",
            threshold="0.1",
            maximum_age_days=30,
            binding="digest",
        ),
        Objective(id="c-10.a", control="c-10", statement="A contact is published", method="attested"),
    )
}
TITLES = {"c-1": "Secrets", "c-2": "Instructions", "c-3": "Refusal", "c-10": "Contact"}


def catalog():
    controls = [
        {
            "id": name,
            "title": title,
            "parts": [write_part(row) for row in ROWS.values() if row.control == name],
        }
        for name, title in TITLES.items()
    ]
    metadata = {
        "title": "Small",
        "version": "1.0",
        "last-modified": "2026-01-01T00:00:00Z",
        "oscal-version": "1.1.3",
        "props": [{"name": "guideline-id", "ns": "urn:troth:oscal:1", "value": "small"}],
    }
    return canonical(
        {
            "catalog": {
                "uuid": "74c8ba1e-5cd4-4ad1-bbfd-d888e2f6c724",
                "metadata": metadata,
                "groups": [{"id": "g", "title": "All", "controls": controls}],
            }
        }
    )


GUIDELINE = guideline_payload(catalog())
REFERENCE = GuidelineRef(id=GUIDELINE.id, version=GUIDELINE.version, digest=GUIDELINE.digest)


def replace(record, **changes):
    return msgspec.structs.replace(record, **changes)


class Story:
    """A lab on a log. Days pass only by `days`."""

    URI, DIGEST, OTHER_DIGEST, LAB = URI, DIGEST, OTHER_DIGEST, LAB
    ROWS, REFERENCE, GUIDELINE = ROWS, REFERENCE, GUIDELINE
    system = System(uri=URI, name="Model One", version="1", digests=[DIGEST])

    def __init__(self, simulated, *, publish=True, **options):
        self.sim = simulated
        self.log = simulated.SimLog(**options)
        self.log.clock(hours=1)
        self.log.enrol("agency", roles=("agency",), days=3000)
        self.log.enrol("lab", days=3000)
        self.log.enrol("rival", days=3000)
        if publish:
            self.log.say("agency", GUIDELINE, subject="https://agency.example/small")

    # ---- acts

    def days(self, count=1):
        self.log.clock(days=count)
        return self

    def time(self, **ago):
        return format_instant(self.log.now - timedelta(**ago))

    def say(self, record, *, who="lab", subject=URI):
        return self.log.say(who, record, subject=subject)

    def taken(self, control="c-1", **changes):
        rows = changes.pop("objectives", [row for row in ROWS.values() if row.control == control])
        return Taken(control=control, title=changes.pop("title", TITLES[control]), objectives=rows, **changes)

    def commitment(self, *taken, **changes):
        return Commitment(
            guideline=changes.pop("guideline", REFERENCE),
            system=changes.pop("system", self.system),
            taken=list(taken or [self.taken("c-1")]),
            left_out=changes.pop("left_out", [LeftOut(control="c-3", title="Refusal", reason="Not ready")]),
            expires=changes.pop("expires", "2028-01-01T00:00:00Z"),
            **changes,
        )

    def promise(self, *taken, who="lab", **changes):
        return self.say(self.commitment(*taken, **changes), who=who)

    def amend(self, entry, *taken, who="lab", **changes):
        return self.say(
            Amendment(amends=entry, commitment=self.commitment(*taken, **changes), reason="better"), who=who
        )

    def plan(self, commitment, *rows, who="lab", due=None, system=None):
        measurements = [PlannedMeasurement(objective=row, due=due) for row in rows or self.c1()]
        return self.say(
            Plan(commitment=commitment, system=system or self.system, measurements=measurements), who=who
        )

    def c1(self):
        return [ROWS["c-1.a"], ROWS["c-1.b"]]

    def run(self, number, **changes):
        """A row of evidence: a run that began an hour ago and has ended."""
        changes = {
            "digest": "sha256:" + f"{number:064x}",
            "size": 1,
            "samples": 200,
            "status": "success",
            "reader": "inspect",
            "system_digest": DIGEST,
            "created": self.time(hours=1),
            "completed": self.time(minutes=30),
            "use": "used",
        } | changes
        return EvidenceRow(**changes)

    def result(self, row, outcome="met", runs=(1,), **changes):
        good = row.direction == "at-most"
        lower, upper = ("0.000000", "0.020000") if good else ("0.950000", "1.000000")
        if outcome == "not met":
            lower, upper = ("0.500000", "0.600000")
        if outcome == "inconclusive":
            lower, upper = ("0.000000", "1.000000")
        changes = {
            "sentence": f"It is {outcome}.",
            "direction": row.direction,
            "threshold": row.threshold,
            "confidence": row.confidence,
            "n": 200,
            "clusters": 100,
            "lower": lower,
            "upper": upper,
            "estimate": lower,
            "binding": "digest",
            "measured_at": self.time(minutes=30),
            "runs": [
                RunFigure(
                    evidence="sha256:" + f"{each:064x}",
                    n=200,
                    clusters=100,
                    estimate=lower,
                    lower=lower,
                    upper=upper,
                )
                for each in runs
            ],
        } | changes
        return Result(
            control=changes.pop("control", row.control), objective=row.id, outcome=outcome, **changes
        )

    def assessment(self, commitment, plan, results=None, evidence=None, **changes):
        if results is None:
            results = [self.result(ROWS["c-1.a"], runs=(1,)), self.result(ROWS["c-1.b"], runs=(2,))]
        if evidence is None:
            named = {int(run.evidence[7:], 16): each for each in results for run in each.runs}
            evidence = [
                self.run(
                    number, evaluation=ROWS[each.objective].evaluation if each.objective in ROWS else "leak"
                )
                for number, each in named.items()
            ]
        changes = {"rules": "troth-outcome/1", "guideline": REFERENCE, "system": self.system} | changes
        return Assessment(commitment=commitment, plan=plan, results=results, evidence=evidence, **changes)

    def assess(self, *arguments, who="lab", **changes):
        return self.say(self.assessment(*arguments, **changes), who=who)

    def release(self, version="1", digests=(DIGEST,), **changes):
        system = replace(self.system, version=version, digests=list(digests))
        return self.say(Release(system=system, date=self.time(), **changes))

    def withdraw(self, entry, who="lab"):
        return self.say(Withdrawal(withdraws=entry, reason="a slip"), who=who)

    def evidenced(self, **results):
        """Promise, plan, a day, an assessment that covers it."""
        commitment = self.promise()
        plan = self.plan(commitment)
        self.days()
        return commitment, plan, self.assess(commitment, plan, **results)

    # ---- standing

    def state(self, at=None):
        return self.log.fold(until=parse_instant(at) if at else None)

    def rows(self, at=None, issuer=LAB, system=URI):
        instant = parse_instant(at) if at else self.log.now
        standing = issuer_standing(self.state(at), issuer, instant)
        found = [each for each in standing.systems if each.uri == system]
        return {row.control: row for row in found[0].rows} if found else {}

    def row(self, control="c-1", **where):
        return self.rows(**where)[control]

    def ignored(self, entry):
        return self.state().ignored.get(self.log.index_of(entry), "")

    def record(self, entry):
        return read(self.log.entries[self.log.index_of(entry)]).record


@pytest.fixture
def story(simulated):
    return Story(simulated)


@pytest.fixture
def new_story(simulated):
    return lambda **options: Story(simulated, **options)
