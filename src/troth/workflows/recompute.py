"""Recompute a claim's assessment from the evidence and compare the bytes: the last step of `troth verify`.

The claim names its evidence by digest, its commitment and plan by entry; a bundle carries both, with the clocks that
date them, so that nothing else is needed but the files. Bytes that differ are shown by the first field that does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from troth.errors import AssessmentMismatchError, EvidenceMismatchError, UndecidedError
from troth.measurement.facts import Reading
from troth.readers.evidence import read_evidence
from troth.statements import canonical
from troth.statements.bundle import parse_bundle
from troth.statements.payloads import Assessment, Commitment, Plan
from troth.statements.verify import Step
from troth.workflows.assess import Basis, basis, entry_time, finish


def recompute(
    data: bytes,
    evidence: Path,
    *,
    guideline: str | None = None,
    blob: bytes | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Step:
    """Step 8 of verification. Raises EvidenceMismatchError, AssessmentMismatchError, UndecidedError."""
    bundle = parse_bundle(data, blob=blob)
    claim = bundle.claim.statement
    record = claim.record
    if not isinstance(record, Assessment) or claim.payload is None:
        raise UndecidedError(f"a {claim.kind or 'foreign'} statement has no figures to recompute")
    over = _basis(data, record, guideline, blob)
    units = frozenset(row.cluster_unit for row in over.objectives if row.method == "measured")
    named = {row.digest: row for row in record.evidence}
    found = read_evidence([evidence], units, progress=progress)
    readings = [each for each in found if isinstance(each, Reading) and each.evidence.digest in named]
    missing = sorted(named.keys() - {each.evidence.digest for each in readings})
    if missing:
        row = named[missing[0]]
        raise EvidenceMismatchError(
            f"{len(missing)} of {len(named)} files of evidence are not here; the first is {missing[0]} "
            f"({row.evaluation or 'unnamed'}, {row.size} bytes)",
            where=str(evidence),
            hint="A file that was altered has another digest and counts as missing",
        )
    mine = finish(over, readings).payload
    if mine != claim.payload:
        raise AssessmentMismatchError(
            f"the evidence gives other figures than the claim: {first_difference(claim.payload, mine)}",
            hint="The claim does not follow from these files by the rules it names",
        )
    return Step(
        8, "Evidence", f"{len(named)} files have the digests named, and give the same {len(mine)} bytes"
    )


def _basis(data: bytes, record: Assessment, guideline: str | None, blob: bytes | None) -> Basis:
    """What the claim was held against, from its bundle, or from the guideline where it names no commitment."""
    bundle = parse_bundle(data, blob=blob)
    by_id = {item.statement.id: item.statement.record for item in bundle.others}
    if record.commitment is None:
        found = basis(guideline or record.guideline.id, system=record.system)
        if found.guideline != record.guideline:
            raise UndecidedError(
                f"the claim rests on {record.guideline.id} {record.guideline.version} with another digest than this one",
                hint="Give the guideline's file with --guideline",
            )
        return found
    commitment = by_id.get(record.commitment)
    plan = by_id.get(record.plan) if record.plan else None
    if not isinstance(commitment, Commitment) or (record.plan is not None and not isinstance(plan, Plan)):
        raise UndecidedError(
            "the file lacks the commitment or plan that the claim rests on",
            hint="Use the .troth bundle, which carries them",
        )
    announced = {m.objective.id: m.objective for m in plan.measurements} if isinstance(plan, Plan) else {}
    rows = [announced.get(row.id, row) for taken in commitment.taken for row in taken.objectives]
    return Basis(
        guideline=commitment.guideline,
        title=commitment.guideline.id,
        objectives=tuple(rows),
        system=record.system,
        commitment=record.commitment,
        plan=record.plan,
        plan_time=entry_time(bundle, record.plan) if record.plan else None,
    )


def first_difference(claimed: bytes, mine: bytes) -> str:
    """The first field that differs, as a JSON pointer with both values."""
    pointer, left, right = _differ(msgspec.json.decode(claimed), msgspec.json.decode(mine), "")
    return f"at {pointer or '/'} the claim says {_short(left)}, the evidence gives {_short(right)}"


def _differ(left: Any, right: Any, pointer: str) -> tuple[str, Any, Any]:
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(left.keys() | right.keys()):
            if left.get(key) != right.get(key):
                return _differ(left.get(key), right.get(key), f"{pointer}/{key}")
    if isinstance(left, list) and isinstance(right, list):
        for index in range(max(len(left), len(right))):
            ours = left[index] if index < len(left) else None
            theirs = right[index] if index < len(right) else None
            if ours != theirs:
                return _differ(ours, theirs, f"{pointer}/{index}")
    return pointer, left, right


def _short(value: Any) -> str:
    text = canonical(value).decode() if value is not None else "nothing"
    return text if len(text) <= 120 else text[:117] + "…"
