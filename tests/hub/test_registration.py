"""The one append path: order, time, sameness, policy, and what a batch that fails leaves behind."""

import hashlib
import os
import threading
from concurrent.futures import Future
from contextlib import suppress

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from troth.cose import PrivateKey, assemble, attach, encode, receipts, sig_structure
from troth.cose import sign as cose_sign
from troth.errors import (
    EnrolmentError,
    InputError,
    KeyMismatchError,
    NotEnrolledError,
    OverloadedError,
    PolicyError,
    SignatureError,
    StorageError,
    TrothError,
    UsageError,
)
from troth.hub.hub import Hub
from troth.hub.registration import Candidate
from troth.identifiers import format_instant
from troth.log import MemoryTree, check, leaf_hash, open_checkpoint
from troth.statements import read, sign
from troth.statements.payloads import Clock, Guideline, RegistrationPolicy, TrustAnchors
from troth.store import HeadStore
from troth.store.relational import RelationalStore


@pytest.fixture
def database(either_database):
    """Everything here holds for both engines."""
    return either_database


def kinds(hub):
    return [row.kind for row in hub.store.rows(0, hub.size)]


def clocks(hub):
    return [read(row.entry).record.time for row in hub.store.rows(0, hub.size) if row.kind == "clock@1"]


def sound(hub):
    """The whole log, recomputed from its entries: root, signed checkpoint, ids, receipts, times."""
    rows = hub.store.rows(0, 1 << 40)
    assert [row.index for row in rows] == list(range(len(rows)))
    head = hub.store.head()
    assert MemoryTree(leaf_hash(row.entry) for row in rows).frontier.root() == head.root
    signed = open_checkpoint(head.checkpoint.encode(), hub.sequencer.checkpoint_key).checkpoint
    assert (signed.size, signed.root) == (head.size, head.root) == (len(rows), hub.heads.head.root)
    assert [row.time for row in rows] == sorted(row.time for row in rows)
    for row in rows:
        proven = check(hub.receipts.make(row), row.entry, [hub.keys.receipt.public])
        assert (proven.index, proven.size) == (row.index, row.size)
    return rows


# ---- genesis --------------------------------------------------------------------------------------------


def test_leaves_0_and_1_found_the_log(open_hub):
    hub = open_hub()
    assert kinds(hub) == ["registration-policy@1", "trust-anchors@1"]
    assert hub.size == 2
    assert hub.issuer == "https://log.example"
    first, second = (read(row.entry) for row in sound(hub))
    assert first.record.origin == "log.example"
    assert first.key == second.key == hub.keys.operator.public
    assert second.record.checkpoint_vkey == hub.sequencer.checkpoint_key.vkey


@pytest.mark.parametrize("step", ["begun", "committed"])
def test_a_founding_that_was_interrupted_is_finished(open_hub, monkeypatch, step):
    class PowerLostError(RuntimeError):
        pass

    def lost(self, *args):
        raise PowerLostError

    with monkeypatch.context() as patched:
        if step == "begun":
            patched.setattr(RelationalStore, "append", lost)
        else:
            real = HeadStore.swap
            patched.setattr(
                HeadStore, "swap", lambda self, old, new: lost(self) if new.size else real(self, old, new)
            )
        with pytest.raises(PowerLostError):
            open_hub()
    hub = open_hub()
    assert hub.size == hub.heads.head.size == 2
    sound(hub)


def test_a_tree_of_one_leaf_is_never_signed(hub):
    assert all(row.size >= 2 for row in sound(hub))


def test_the_head_store_lies_outside_the_data_directory(config, tmp_path):
    with pytest.raises(UsageError, match="inside the data directory"):
        Hub(msgspec.structs.replace(config, heads=str(tmp_path / "data" / "heads")))


def test_a_url_that_names_no_hub_is_refused(open_hub):
    with pytest.raises(UsageError, match="not the address of a hub"):
        open_hub(url="log.example")


# ---- same bytes, same answer ----------------------------------------------------------------------------


def test_a_statement_is_registered_and_its_receipt_proves_it(hub, lab):
    entry = lab.release()
    row, receipt = hub.register_now(entry)
    assert (row.entry, row.kind, row.index) == (entry, "release@1", 4)
    assert check(receipt, entry, [hub.keys.receipt.public]).index == 4
    sound(hub)


def test_the_same_bytes_get_the_same_answer_for_ever(hub, lab, open_hub, clock):
    entry = lab.release()
    first = hub.register_now(entry)
    for _ in range(5):  # past a full tile
        tickets = [Future() for _ in range(60)]
        hub.sequencer.submit([hub.front.prepare(lab.release()) for _ in tickets], tickets)
        assert all(ticket.result(10) for ticket in tickets)
    assert hub.register_now(entry) == first
    clock.move(days=900)  # the key has expired long ago: the answer stands
    again = open_hub()
    assert again.register_now(entry) == first
    with pytest.raises(NotEnrolledError, match="expired"):
        again.register_now(lab.release())
    sound(again)


def test_a_transparent_statement_is_the_same_entry(hub, lab):
    entry = lab.release()
    row, receipt = hub.register_now(entry)
    transparent = attach(entry, [receipt])
    assert receipts(transparent) == [receipt]
    assert hub.register_now(transparent) == (row, receipt)


def test_the_same_bytes_from_many_at_once_enter_once(hub, lab):
    entry, before = lab.release(), hub.size
    gate, answers = threading.Barrier(16), []

    def bring():
        gate.wait()
        answers.append(hub.register_now(entry))

    threads = [threading.Thread(target=bring) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 16
    assert len({(row.index, receipt) for row, receipt in answers}) == 1
    assert hub.size == before + 1
    sound(hub)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=5), twice=st.booleans())
def test_every_batch_gives_receipts_that_hold(hub, lab, sizes, twice):
    for size in sizes:
        entries = [lab.release(subject=f"/models/{number % 3}") for number in range(size)]
        candidates = [hub.front.prepare(entry) for entry in entries] * (1 + twice)
        tickets = [Future() for _ in candidates]
        if len(candidates) > 64:
            continue
        hub.sequencer.submit(candidates, tickets)
        rows = [ticket.result(10) for ticket in tickets]
        assert rows[:size] == rows[size:] or not twice
        for entry, row in zip(entries, rows, strict=False):
            assert check(hub.receipts.make(row), entry, [hub.keys.receipt.public]).index == row.index
            assert hub.store.find(row.id) == row
    assert hub.store.head().root == hub.heads.head.root


def test_what_queues_during_a_commit_shares_the_next_one_and_its_signature(open_hub, lab, enrol):
    hub = open_hub(start=False)
    hub.front.prepare(enrol(hub.keys.operator, hub.issuer, lab))
    entries = [enrol(hub.keys.operator, hub.issuer, lab, days=days) for days in range(10, 30)]
    tickets = [Future() for _ in entries]
    hub.sequencer.submit([hub.front.prepare(entry) for entry in entries], tickets)
    hub.start()
    rows = [ticket.result(10) for ticket in tickets]
    assert {row.size for row in rows} == {23}  # 2 leaves, a clock, 20 enrolments: one commit
    signatures = {hub.receipts.make(row)[-64:] for row in rows}
    assert len(signatures) == 1


# ---- time -----------------------------------------------------------------------------------------------


def test_a_clock_comes_first_and_again_after_sixty_seconds(hub, lab, clock):
    assert kinds(hub)[2:] == ["clock@1", "key-enrolment@1"]
    for seconds in (0, 30, 29):
        clock.move(seconds=seconds)
        hub.register_now(lab.release())
    assert clocks(hub) == ["2026-03-01T12:00:00Z"]
    clock.move(seconds=1)
    hub.register_now(lab.release())
    assert clocks(hub) == ["2026-03-01T12:00:00Z", "2026-03-01T12:01:00Z"]
    assert kinds(hub)[-2:] == ["clock@1", "release@1"]
    last = hub.store.rows(hub.size - 1, hub.size)[0]
    assert last.time == hub.store.rows(hub.size - 2, hub.size)[0].time
    statement = read(hub.store.latest("clock@1", hub.size).entry)
    statement.sign1.verify(hub.keys.receipt.public)
    assert statement.issuer == hub.issuer
    sound(hub)


def test_a_clock_that_goes_back_does_not_take_the_log_with_it(hub, lab, clock, open_hub):
    clock.move(minutes=5)
    hub.register_now(lab.release())
    clock.move(days=-1)
    hub.register_now(lab.release())
    again = open_hub()
    again.register_now(lab.release())
    clock.move(days=1, minutes=2)
    again.register_now(lab.release())
    assert clocks(again) == ["2026-03-01T12:00:00Z", "2026-03-01T12:05:00Z", "2026-03-01T12:07:00Z"]
    sound(again)


def test_a_first_clock_before_the_founding_says_the_time_of_the_founding(open_hub, lab, clock, enrol):
    hub = open_hub()
    clock.move(days=-1)
    hub.register_now(enrol(hub.keys.operator, hub.issuer, lab))
    assert clocks(hub) == ["2026-03-01T12:00:00Z"]


def test_a_batch_in_which_all_is_refused_leaves_no_clock(hub, lab, clock):
    candidate = hub.front.prepare(lab.release())
    clock.move(days=900)  # expired while it waited: judged again at its turn
    before = hub.size
    with pytest.raises(NotEnrolledError, match="expired"):
        hub.sequencer.register(candidate)
    assert hub.size == before


# ---- policy ---------------------------------------------------------------------------------------------


def refused(hub, entry, error, match):
    before = hub.store.head()
    with pytest.raises(error, match=match):
        hub.register_now(entry)
    assert hub.store.head() == before


def test_only_enrolled_keys_speak_for_an_issuer(hub, lab, make_issuer):
    other = make_issuer(seed=2)
    refused(hub, other.release(), NotEnrolledError, "no enrolment of this key for https://lab.example")
    refused(hub, make_issuer("https://other.example").release(), NotEnrolledError, "other.example")


def test_an_enrolment_not_yet_valid_is_no_enrolment(hub, make_issuer, enrol):
    later = make_issuer("https://later.example", seed=3)
    entry = enrol(
        hub.keys.operator,
        hub.issuer,
        later,
        not_before="2026-04-01T00:00:00Z",
        not_after="2027-01-01T00:00:00Z",
    )
    hub.register_now(entry)
    refused(hub, later.release(), NotEnrolledError, "not yet valid")


def test_an_altered_statement_is_refused(hub, lab):
    entry = bytearray(lab.release())
    entry[-1] ^= 1
    refused(hub, bytes(entry), SignatureError, "does not fit")


def test_the_same_content_signed_twice_by_ecdsa_is_two_entries_and_both_hold(hub, make_issuer, enrol):
    lab = make_issuer("https://curve.example")
    lab.key = PrivateKey.es256(b"\x07" * 32)
    hub.register_now(enrol(hub.keys.operator, hub.issuer, lab))
    row, receipt = hub.register_now(lab.release())
    check(receipt, row.entry, [hub.keys.receipt.public])


def test_the_logs_own_words_are_nobody_elses(hub, lab):
    stamp = {"subject": "https://log.example/log", "issued_at": hub.clock()}
    now = format_instant(hub.clock())
    for signer, issuer in (
        (lab.key, lab.name),
        (hub.keys.operator, hub.issuer),
        (hub.keys.receipt, hub.issuer),
    ):
        entry = sign(signer, Clock(time="2026-03-01T12:00:07Z"), issuer=issuer, **stamp).entry
        refused(hub, entry, PolicyError, "only the log itself")
    policy = RegistrationPolicy(origin="log.example", created=now, operator="me")
    anchors = TrustAnchors(operator_keys=["AA"], receipt_keys=["AA"], checkpoint_vkey="x")
    for record in (policy, anchors):
        refused(
            hub, sign(lab.key, record, issuer=lab.name, **stamp).entry, PolicyError, "operator's to state"
        )
        refused(
            hub, sign(lab.key, record, issuer=hub.issuer, **stamp).entry, PolicyError, "operator's to state"
        )
        refused(
            hub,
            sign(hub.keys.operator, record, issuer=lab.name, **stamp).entry,
            PolicyError,
            "operator's to state",
        )


def test_the_operator_changes_the_policy_but_not_the_logs_name(hub, lab, open_hub):
    stamp = {"issuer": hub.issuer, "subject": "https://log.example/log", "issued_at": hub.clock()}
    now = hub.sequencer.state.ring.policy
    smaller = msgspec.structs.replace(now, entry_limit=600)
    hub.register_now(sign(hub.keys.operator, smaller, **stamp).entry)
    hub.register_now(lab.release())
    refused(hub, lab.release("x" * 500), PolicyError, "this log takes 600")
    renamed = msgspec.structs.replace(now, origin="other.example")
    refused(hub, sign(hub.keys.operator, renamed, **stamp).entry, PolicyError, "for ever")
    again = open_hub()
    refused(again, lab.release("x" * 500), PolicyError, "this log takes 600")


def test_enrolments_are_the_operators(hub, lab, make_issuer, enrol):
    other = make_issuer("https://other.example", seed=4)
    refused(hub, enrol(lab.key, lab.name, other), EnrolmentError, "may not enrol")
    refused(hub, enrol(hub.keys.operator, other.name, other), PolicyError, "stated by the log's operator")
    over = {"not_before": "2020-01-01T00:00:00Z", "not_after": "2021-01-01T00:00:00Z"}
    refused(hub, enrol(hub.keys.operator, hub.issuer, other, **over), EnrolmentError, "over before")
    foreign = enrol(hub.keys.operator, hub.issuer, other, issuer="https://third.example")
    refused(hub, foreign, KeyMismatchError, "asked for another key or another name")


def test_a_rotation_is_signed_by_the_previous_key(hub, lab, make_issuer, enrol, clock):
    ring = hub.sequencer.state.ring
    (first,) = ring.by_id
    fresh = PrivateKey.ed25519(b"\x09" * 32)
    rotation = enrol(lab.key, lab.name, lab, key=fresh, rotates=first, days=2000)
    other = make_issuer("https://other.example", seed=4)
    refused(hub, enrol(other.key, lab.name, lab, key=fresh, rotates=first), EnrolmentError, "may not enrol")
    refused(hub, enrol(lab.key, lab.name, lab, key=fresh, rotates="A" * 43), NotEnrolledError, "to rotate")
    refused(hub, enrol(other.key, other.name, other, rotates=first), NotEnrolledError, "to rotate")
    hub.register_now(rotation)
    lab.key = fresh
    hub.register_now(lab.release())
    clock.move(days=500)
    late = PrivateKey.ed25519(b"\x0a" * 32)
    old = make_issuer()
    refused(
        hub,
        enrol(old.key, lab.name, lab, key=late, rotates=first, at=hub.clock()),
        NotEnrolledError,
        "cannot rotate",
    )


def test_an_enrolment_counts_within_its_own_batch_and_only_after_it(open_hub, lab, enrol, monkeypatch):
    hub = open_hub(start=False)
    known = hub.front.prepare(enrol(hub.keys.operator, hub.issuer, lab))
    entries = [lab.release(), lab.release()]
    ring = known.ring.step(known.statement, 3)
    early, late = (
        Candidate(hashlib.sha256(entry).digest(), read(entry), ring, known.at) for entry in entries
    )
    tickets = [Future(), Future(), Future()]
    hub.sequencer.submit([early, known, late], tickets)
    hub.start()
    with pytest.raises(NotEnrolledError):
        tickets[0].result(10)
    assert tickets[1].result(10).index == 3
    assert tickets[2].result(10).index == 4
    sound(hub)


def test_a_demonstration_takes_reserved_names_alone(open_hub, make_issuer, enrol):
    hub = open_hub(demonstration=True)
    real = make_issuer("https://lab.com")
    refused(hub, enrol(hub.keys.operator, hub.issuer, real), PolicyError, "demonstration")
    made_up = make_issuer("https://lab.example")
    hub.register_now(enrol(hub.keys.operator, hub.issuer, made_up))
    hub.register_now(made_up.release())


def test_an_unknown_kind_of_an_enrolled_issuer_is_kept(hub, lab):
    entry = cose_sign(
        lab.key,
        iss=lab.name,
        sub="https://lab.example/x",
        iat=1,
        payload=b"anything",
        content_type="text/plain",
    )
    row, _ = hub.register_now(entry)
    assert row.kind == ""


def test_a_payload_that_its_schema_refuses_is_refused(hub, lab):
    entry = cose_sign(
        lab.key,
        iss=lab.name,
        sub="https://lab.example/x",
        iat=1,
        payload=b'{"date":3}',
        content_type="application/vnd.troth.release.v1+json",
    )
    refused(hub, entry, InputError, r"date|system")


def test_a_large_payload_goes_by_digest(hub, lab):
    record = Guideline(
        id="g", version="1", title="t", catalog={"catalog": {"x": "y" * 70000}}, digest="sha256:" + "0" * 64
    )
    signed = sign(lab.key, record, issuer=lab.name, subject="https://lab.example/g", issued_at=hub.clock())
    row, _ = hub.register_now(signed.entry)
    assert hub.store.names_blob(row.blob) == row
    assert row.kind == "guideline@1"


def test_a_statement_without_its_key_is_refused(hub, lab):
    header = encode(
        {1: -8, 3: "text/plain", 4: lab.key.public.thumbprint(), 15: {1: lab.name, 2: "https://x.example/"}}
    )
    entry = assemble(header, {}, b"x", lab.key.sign(sig_structure(header, b"x")))
    refused(hub, entry, PolicyError, "does not carry its key")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(data=st.data())
def test_hostile_bytes_raise_only_what_was_foreseen(hub, lab, data):
    if data.draw(st.booleans()):
        body = data.draw(st.binary(max_size=300))
    else:
        body = bytearray(lab.release("fixed"))
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(body) - 1))
            body[at] = data.draw(st.integers(0, 255))
        body = bytes(body)
    before = hub.size
    with suppress(TrothError):
        hub.front.prepare(body)
    assert hub.size == before


# ---- overload and faults --------------------------------------------------------------------------------


def test_a_full_queue_refuses_all_of_a_submission(open_hub, lab, enrol):
    hub = open_hub(start=False, queue=3)
    made = [hub.front.prepare(enrol(hub.keys.operator, hub.issuer, lab, days=days)) for days in range(1, 5)]
    tickets = [Future() for _ in made]
    with pytest.raises(OverloadedError, match="Send the same bytes again in 1 s"):
        hub.sequencer.submit(made, tickets)
    hub.sequencer.submit(made[:3], tickets[:3])
    with pytest.raises(OverloadedError, match="3 statements are waiting"):
        hub.sequencer.submit(made[3:], tickets[3:])
    hub.start()
    assert [ticket.result(10).index for ticket in tickets[:3]] == [3, 4, 5]
    assert not tickets[3].done()


def test_stopping_finishes_what_is_queued_and_takes_no_more(open_hub, lab, enrol):
    hub = open_hub(start=False)
    candidate = hub.front.prepare(enrol(hub.keys.operator, hub.issuer, lab))
    ticket = Future()
    hub.sequencer.submit([candidate], [ticket])
    hub.start()
    hub.sequencer.stop()
    assert ticket.result(0).index == 3
    with pytest.raises(StorageError, match=r"shutting down|has ended"):
        hub.sequencer.submit([candidate], [Future()])


@pytest.mark.parametrize("either_database", ["sqlite"], indirect=True)  # whose file can be held to a length
def test_a_full_disk_acknowledges_nothing_and_the_log_goes_on_after(hub, lab):
    kept = hub.register_now(lab.release())
    writer = hub.store._writer.connection.driver_connection
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages}")
    large = [lab.release(f"{number} " + "x" * 3900) for number in range(12)]
    failed = []
    while large:
        entry = large.pop()
        try:
            hub.register_now(entry)
        except StorageError:
            failed.append(entry)
    with pytest.raises(StorageError, match="full"):
        hub.register_now(failed[0])
    size = hub.size
    assert hub.size == hub.store.head().size == hub.heads.head.size
    writer.execute("PRAGMA max_page_count = 1000000")
    for entry in failed:
        hub.register_now(entry)
    assert hub.size == size + len(failed)
    assert hub.register_now(kept[0].entry) == kept
    sound(hub)


def test_a_head_store_that_fails_after_the_commit_is_caught_up(hub, lab):
    entry, size = lab.release(), hub.size
    kept, full = os.dup(hub.heads._file), os.open("/dev/full", os.O_RDWR)
    os.dup2(full, hub.heads._file)
    os.close(full)
    for _ in range(2):
        with pytest.raises(StorageError, match="No space left"):
            hub.register_now(entry)
    assert hub.size == size, "published without being in the head store"
    assert hub.row(read(entry).sign1.payload) is None
    assert hub.store.head().size == size + 1
    os.dup2(kept, hub.heads._file)
    os.close(kept)
    row, _ = hub.register_now(entry)
    assert row.index == size
    hub.register_now(lab.release())
    assert hub.size == hub.heads.head.size == size + 2
    sound(hub)


def test_an_enrolment_whose_swap_failed_counts_after_the_catching_up(open_hub, lab, enrol):
    hub = open_hub()
    entry = enrol(hub.keys.operator, hub.issuer, lab)
    kept, full = os.dup(hub.heads._file), os.open("/dev/full", os.O_RDWR)
    os.dup2(full, hub.heads._file)
    os.close(full)
    with pytest.raises(StorageError):
        hub.register_now(entry)
    with pytest.raises(NotEnrolledError):
        hub.register_now(lab.release())
    os.dup2(kept, hub.heads._file)
    os.close(kept)
    hub.register_now(entry)
    hub.register_now(lab.release())
    assert kinds(hub)[2:] == ["clock@1", "key-enrolment@1", "release@1"]
    sound(hub)


def test_a_commit_that_was_told_as_failed_but_happened_is_found(hub, lab, monkeypatch):
    real = type(hub.store).append

    def append(self, batch):
        real(self, batch)
        raise StorageError("the cable was pulled after the commit")

    entry, size = lab.release(), hub.size
    with monkeypatch.context() as patched:
        patched.setattr(type(hub.store), "append", append)
        with pytest.raises(StorageError, match="cable"):
            hub.register_now(entry)
    assert hub.size == size
    assert hub.register_now(entry)[0].index == size
    hub.register_now(lab.release())
    sound(hub)


def test_a_second_signer_ends_the_sequencer(hub, lab):
    hub.heads._head = msgspec.structs.replace(hub.heads.head, size=hub.size + 5)
    with pytest.raises(StorageError, match="does not follow"):
        hub.register_now(lab.release())
    with pytest.raises(StorageError, match="has ended"):
        hub.register_now(lab.release())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_after_a_fault_that_nobody_foresaw_no_one_waits_for_ever(hub, lab, monkeypatch):
    def broken(self, batch):
        raise ZeroDivisionError

    monkeypatch.setattr(RelationalStore, "append", broken)
    for _ in range(2):
        with pytest.raises(StorageError, match="has ended"):
            hub.register_now(lab.release())
