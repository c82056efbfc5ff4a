"""The log's time of an entry is what its receipt signs, whatever clocks somebody put beside it."""

from datetime import UTC, datetime

import pytest

from troth.cose import PrivateKey, attach
from troth.log import MemoryTree, inclusion_proof, leaf_hash, make, root
from troth.statements import sign
from troth.statements.bundle import make as make_bundle
from troth.statements.bundle import parse_bundle
from troth.statements.payloads import Clock, Release, System
from troth.workflows.assess import entry_time

LOG, LAB = PrivateKey.es256(b"l" * 32), PrivateKey.ed25519(b"i" * 32)
EARLY, LATE = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)


def clock(at):
    record = Clock(time=at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    return sign(
        LOG, record, issuer="https://log.example", subject="https://log.example/log", issued_at=at
    ).entry


@pytest.fixture(scope="module")
def entries():
    system = System(uri="https://lab.example/one", name="One")
    release = Release(system=system, date="2026-11-25T00:00:00Z")
    said = sign(LAB, release, issuer="https://lab.example", subject=system.uri, issued_at=EARLY).entry
    return [clock(EARLY), clock(LATE), said]


def receipt(entries, index, *, time):
    tree = MemoryTree(map(leaf_hash, entries))
    sub = "https://lab.example/one" if index == 2 else "https://log.example/log"
    return make(
        LOG, log_issuer="https://log.example", sub=sub, root=root(3, tree), size=3, index=index,
        path=inclusion_proof(index, 3, tree), time=time,
    )  # fmt: skip


@pytest.mark.parametrize("keys", [(), (LOG.public,)])
def test_an_older_clock_beside_an_entry_does_not_date_it(entries, keys):
    claim = attach(entries[2], [receipt(entries, 2, time=int(LATE.timestamp()))])
    older = attach(entries[0], [receipt(entries, 0, time=int(EARLY.timestamp()))])
    bundle = parse_bundle(make_bundle(claim, [older]))
    assert entry_time(bundle, bundle.claim.statement.id, keys) == LATE


def test_without_a_signed_time_the_clocks_in_the_file_are_all_there_is(entries):
    claim = attach(entries[2], [receipt(entries, 2, time=None)])
    others = [attach(entries[n], [receipt(entries, n, time=None)]) for n in (0, 1)]
    assert (
        entry_time(parse_bundle(make_bundle(claim, others)), parse_bundle(claim).claim.statement.id) == LATE
    )
    assert entry_time(parse_bundle(claim), parse_bundle(claim).claim.statement.id) is None
