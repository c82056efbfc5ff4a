"""A commitment to the starter pack, to change at will."""

import msgspec
import pytest

from troth.commitments import AS_IT_STANDS, Terms, draft_commitment
from troth.guidance import read_catalog
from troth.readers.packs import find_pack
from troth.statements.payloads import System

SYSTEM = System(uri="https://lab.example/models/one", name="One")
OPEN = {"threshold": "0.10", "set_by": "The lab's safety board", "reason": "What defenders told us."}


@pytest.fixture(scope="session")
def starter():
    return read_catalog(find_pack("starter"))


@pytest.fixture
def make(starter):
    """Draft a commitment; what is not taken is left out with a reason."""

    def run(take=("st-1", "st-2", "st-8"), **terms):
        taken = dict.fromkeys(take, AS_IT_STANDS) | {
            key.replace("_", "-"): Terms(**value) for key, value in terms.items()
        }
        leave = {key: "Not yet measured." for key in starter.controls if key not in taken}
        return draft_commitment(starter, SYSTEM, take=taken, leave=leave, expires="2027-06-30T00:00:00Z")

    return run


@pytest.fixture
def with_row():
    """A commitment with fields of one row changed, unchecked."""

    def run(commitment, key, **changes):
        taken = [
            msgspec.structs.replace(
                each,
                objectives=[
                    msgspec.structs.replace(row, **changes) if row.id == key else row
                    for row in each.objectives
                ],
            )
            for each in commitment.taken
        ]
        return msgspec.structs.replace(commitment, taken=taken)

    return run


@pytest.fixture
def with_taken():
    """A commitment with fields of one taken control changed, unchecked."""

    def run(commitment, control, **changes):
        return msgspec.structs.replace(
            commitment,
            taken=[
                msgspec.structs.replace(each, **changes) if each.control == control else each
                for each in commitment.taken
            ],
        )

    return run


@pytest.fixture
def own_threshold():
    return dict(OPEN)
