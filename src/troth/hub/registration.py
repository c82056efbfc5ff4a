"""Registration: the only path by which anything enters the log. From top to bottom, the way a statement takes.

Front end (any number of threads or processes; holds no state of the log but what the sequencer published):

    1  parse, normalise: the entry is the signed statement with an empty unprotected header
    2  verify the signature with the key that the statement carries
    3  policy (`policy.py`): who may say this, with this key, at the log's time
    4  refused now, but in the log already: the answer that it had, whatever has changed since. (What is not refused
       is looked up at its turn, once for a whole batch)

Sequencer (one thread, which alone owns the tree, the store's writer and the head store):

    5  take all that queued while the last commit was under way: group commit without a timer
    6  a clock statement first, where 60 s of log time have passed
    7  the same bytes again: the answer that they had. Policy again, where keys or time have changed since step 3
    8  one transaction: entries, unique ids, tiles, head. Then compare-and-swap of the signed head. Then answer

A statement that was answered is durable: the maximum merge delay is zero. A refusal concerns one statement and is a
RegistrationError or InputError; StorageError means that nothing of a batch was acknowledged; ForkError ends the
sequencer. Left out: HTTP (`scrapi.py`), receipts (`receipts.py`), and what statements mean (the fold).
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from troth.cose import SUPPORTED_ALGORITHMS, Signer, normalise
from troth.errors import (
    CoseError,
    ForkError,
    InputError,
    OverloadedError,
    PolicyError,
    StorageError,
    TrothError,
)
from troth.hub.keys import HubKeys
from troth.hub.policy import judge
from troth.hub.receipts import Nodes
from troth.identifiers import b64url, format_instant, from_unix
from troth.log import Checkpoint, Frontier, NoteKey, grow_tiles, leaf_hash, sign_checkpoint
from troth.statements import KeyRing, Statement, check_sense, read, sign
from troth.statements.payloads import Clock, RegistrationPolicy, TrustAnchors
from troth.store import Batch, Head, HeadStore, LogStore, Row, SignedHead, Tile, reconcile

ABOUT_KEYS: Final = frozenset({"registration-policy@1", "trust-anchors@1", "key-enrolment@1"})

log = logging.getLogger("troth.hub.registration")


# ---- front end: steps 1 to 4 ----------------------------------------------------------------------------


class Candidate(msgspec.Struct, frozen=True):
    """A statement that was verified and admitted, under these keys and at this time, and waits for its place."""

    id: bytes
    statement: Statement
    ring: KeyRing
    at: int  # log time, Unix seconds


class FrontEnd:
    """What can be done before a statement's turn comes."""

    def __init__(self, store: LogStore, sequencer: Sequencer) -> None:
        """Look up in ``store``; judge by what ``sequencer`` last published."""
        self._store = store
        self._sequencer = sequencer

    def prepare(self, body: bytes) -> Row | Candidate:
        """A candidate for a statement, or the row that the log has of it already.

        Raises:
            InputError: not a signed statement, or a payload that its kind's schema refuses.
            VerificationError: the signature or an enrolment's request does not hold.
            RegistrationError: the policy refuses it.

        """
        try:
            return self._candidate(body)
        except TrothError:
            row = self._registered(body)  # 4
            if row is None:
                raise
            return row

    def _candidate(self, body: bytes) -> Candidate:
        state = self._sequencer.state
        statement = read(body)  # 1
        if statement.sign1.alg not in SUPPORTED_ALGORITHMS:
            raise CoseError(
                f"signature algorithm {statement.sign1.alg} is not supported", hint="Use Ed25519 or ES256"
            )
        if statement.key is None:
            raise PolicyError(
                "the statement does not carry its key (CWT claim cnf)", hint="Sign it with `troth sign`"
            )
        statement.sign1.verify()  # 2
        check_sense(statement)
        at = self._sequencer.moment()
        judge(state.ring, statement, from_unix(at), state.issuer)  # 3
        return Candidate(hashlib.sha256(statement.entry).digest(), statement, state.ring, at)

    def _registered(self, body: bytes) -> Row | None:
        try:
            row = self._store.find(hashlib.sha256(normalise(body)).digest())
        except InputError:
            return None
        return row if row is not None and row.size <= self._sequencer.state.head.size else None


# ---- sequencer: steps 5 to 8 ----------------------------------------------------------------------------


class Ticket(Protocol):
    """Where an answer goes: an asyncio or a concurrent future."""

    def done(self) -> bool:
        """Whether nobody waits any more."""

    def set_result(self, result: Any, /) -> None:
        """Give the row."""

    def set_exception(self, exception: BaseException, /) -> None:
        """Give the refusal."""


Outcome = tuple[Ticket, Row | TrothError]


class State(msgspec.Struct, frozen=True):
    """What the sequencer has published: durable, and signed in the head store. Read by everyone, from any thread."""

    issuer: str
    head: Head
    ring: KeyRing


class Sequencer:
    """Gives statements their place. One thread; `submit` may be called from any other.

    Made by `open_sequencer`, which recovers what is on disk first.
    """

    def __init__(
        self,
        *,
        store: LogStore,
        heads: HeadStore,
        keys: HubKeys,
        clock: Callable[[], datetime],
        state: State,
        queue: int,
        batch: int,
        retry_after: int,
    ) -> None:
        """Continue the log in ``store`` from ``state``, which its head store knows."""
        self.settle: Callable[[Sequence[Outcome]], None] = settle
        self.state = state  # written by the sequencer's thread alone
        self.nodes = Nodes(store, state.head.size)
        self._store = store
        self._heads = heads
        self._keys = keys
        self._clock = clock
        self._limit = queue
        self._batch = batch
        self._retry_after = retry_after
        self._origin = ring_policy(state.ring).origin
        self._frontier = Frontier.read(state.head.size, self.nodes)
        self._has_clock = store.latest("clock@1", state.head.size) is not None
        self._queue: deque[tuple[Candidate, Ticket]] = deque()  # guarded by _ready
        self._ready = threading.Condition()
        self._stopping = False  # guarded by _ready
        self._ended = ""  # guarded by _ready; why no statement will ever be taken again
        self._in_doubt = False  # a commit or swap failed: look at what is on disk before the next
        self._thread: threading.Thread | None = None

    @property
    def checkpoint_key(self) -> NoteKey:
        """The key that checkpoints are verified with."""
        return NoteKey.of(self._origin, self._keys.checkpoint)

    def now(self) -> int:
        """The injected clock, in whole Unix seconds."""
        return int(self._clock().timestamp())

    def moment(self) -> int:
        """The log time of what is sequenced now: the last clock's, or that of the one that is due. It never goes back."""
        last, now = self.state.head.time, self.now()
        due = not self._has_clock or now - last >= ring_policy(self.state.ring).clock_seconds
        return max(now, last) if due else last

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="sequencer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take nothing new, finish what is queued, and end."""
        with self._ready:
            self._stopping = True
            self._ready.notify()
        if self._thread is not None:
            self._thread.join()

    def submit(self, candidates: Sequence[Candidate], tickets: Sequence[Ticket]) -> None:
        """Queue candidates, all of them or none; each ticket gets its row or its refusal.

        Raises:
            OverloadedError: the queue is full.
            StorageError: the sequencer has ended.

        """
        with self._ready:
            if self._ended:
                raise StorageError(
                    f"the sequencer has ended: {self._ended}", hint="The hub's operator must look at it"
                )
            if self._stopping:
                raise StorageError("the hub is shutting down", hint="Send the same bytes again in a moment")
            if len(self._queue) + len(candidates) > self._limit:
                raise OverloadedError(
                    f"{len(self._queue)} statements are waiting already",
                    hint=f"Send the same bytes again in {self._retry_after} s",
                )
            self._queue.extend(zip(candidates, tickets, strict=True))
            self._ready.notify()

    def register(self, candidate: Candidate) -> Row:
        """Queue one candidate and wait for its row: for callers without an event loop."""
        ticket: Future[Row] = Future()
        self.submit([candidate], [ticket])
        return ticket.result()

    # ---- the thread ----

    def _run(self) -> None:
        taken: list[tuple[Candidate, Ticket]] = []
        end: TrothError = StorageError("the sequencer has ended", hint="The hub's operator must look at it")
        try:
            while True:
                with self._ready:
                    while not self._queue and not self._stopping:
                        self._ready.wait()
                    taken = [self._queue.popleft() for _ in range(min(len(self._queue), self._batch))]  # 5
                if not taken:
                    return
                try:
                    outcomes = self._sequence(taken)
                except ForkError as error:
                    log.critical("sequencer stopped", extra={"error": str(error)})
                    end = error
                    return
                except StorageError as error:
                    log.error("batch failed", extra={"error": str(error), "entries": len(taken)})  # noqa: TRY400 - the cause is in the message; a traceback says nothing more
                    outcomes = [(ticket, error) for _, ticket in taken]
                self.settle(outcomes)
                taken = []
        finally:
            self._end(end, taken)  # also after a fault that nobody foresaw: no one waits for ever

    def _end(self, error: TrothError, taken: Sequence[tuple[Candidate, Ticket]]) -> None:
        with self._ready:
            self._ended = self._ended or str(error)
            left = [*taken, *self._queue]
            self._queue.clear()
        self.settle([(ticket, error) for _, ticket in left])

    def _sequence(self, taken: Sequence[tuple[Candidate, Ticket]]) -> list[Outcome]:
        """Steps 6 to 8 for what was taken. Raises StorageError; then nothing of it may be acknowledged."""
        if self._in_doubt:
            self._catch_up()
        state = self.state
        known = self._store.known([candidate.id for candidate, _ in taken])
        fresh: list[tuple[bytes, Statement]] = []
        answers: list[tuple[Ticket, bytes | TrothError]] = []
        ring, moment = state.ring, self.moment()
        clock = self._clock_statement(moment) if self._clock_due(moment) else None  # 6
        if clock is not None:
            fresh.append((hashlib.sha256(clock.entry).digest(), clock))
        seen = set(known)
        for candidate, ticket in taken:
            if candidate.id not in seen:
                if candidate.ring is not ring or candidate.at != moment:  # 7
                    try:
                        judge(ring, candidate.statement, from_unix(moment), state.issuer)
                    except TrothError as error:
                        answers.append((ticket, error))
                        continue
                if candidate.statement.kind in ABOUT_KEYS:
                    ring = ring.step(candidate.statement, state.head.size + len(fresh))
                fresh.append((candidate.id, candidate.statement))
                seen.add(candidate.id)
            answers.append((ticket, candidate.id))
        if len(fresh) > (clock is not None):
            known |= self._commit(fresh, moment, ring)  # 8
            self._has_clock = self._has_clock or clock is not None
        return [
            (ticket, known[answer] if isinstance(answer, bytes) else answer) for ticket, answer in answers
        ]

    def _clock_due(self, moment: int) -> bool:
        return moment != self.state.head.time or not self._has_clock

    def _clock_statement(self, moment: int) -> Statement:
        issuer, at = self.state.issuer, from_unix(moment)
        record = Clock(time=format_instant(at))
        made = sign(self._keys.receipt, record, issuer=issuer, subject=log_subject(issuer), issued_at=at)
        return read(made.entry)

    def _commit(
        self, fresh: Sequence[tuple[bytes, Statement]], moment: int, ring: KeyRing
    ) -> dict[bytes, Row]:
        """Append, commit, swap the head, publish. Raises StorageError with the state as it was."""
        began = time.perf_counter()
        first = self._frontier.size
        size = first + len(fresh)
        growth = self._frontier.append([leaf_hash(statement.entry) for _, statement in fresh])
        root = growth.frontier.root()
        note = sign_checkpoint(Checkpoint(self._origin, size, root), self._keys.checkpoint).decode()
        head = Head(size, root, note, moment)
        rows = [
            Row(
                index=first + place,
                id=identity,
                entry=statement.entry,
                size=size,
                time=moment,
                kind=statement.kind,
                blob=statement.sign1.payload if statement.sign1.envelope is not None else None,
            )
            for place, (identity, statement) in enumerate(fresh)
        ]
        tiles = [
            Tile(tile.level, tile.n, hashes) for tile, hashes in grow_tiles(growth, self.nodes.read_tile)
        ]
        self._in_doubt = True
        self._store.append(Batch(rows, tiles, head))
        self._frontier = growth.frontier
        self.nodes.grow(growth)
        self._swap(head)
        self._in_doubt = False
        self.state = State(self.state.issuer, head, ring)
        log.debug(
            "batch",
            extra={"entries": len(rows), "size": size, "ms": round((time.perf_counter() - began) * 1000, 2)},
        )
        return {row.id: row for row in rows}

    def _catch_up(self) -> None:
        """After a failed commit or swap, of which nothing was answered: go on from what the database holds."""
        head, state = self._store.head(), self.state
        if head is not None and head.size != state.head.size:
            self.nodes.resize(head.size)
            self._frontier = Frontier.read(head.size, self.nodes)
            if self._frontier.root() != head.root:
                raise ForkError("the tree in the database does not lead to its head", hint="Keep the file")
            self._swap(head)
            ring = fold_ring(self._store, state.ring, state.head.size, head.size)
            self._has_clock = self._store.latest("clock@1", head.size) is not None
            self.state = State(state.issuer, head, ring)
        self._in_doubt = False

    def _swap(self, head: Head) -> None:
        self._heads.swap(self._heads.head, signed_head(self._origin, head))


def settle(outcomes: Sequence[Outcome]) -> None:
    """Give each ticket its answer, in this thread."""
    for ticket, answer in outcomes:
        if ticket.done():
            continue
        if isinstance(answer, Row):
            ticket.set_result(answer)
        else:
            ticket.set_exception(answer)


# ---- opening and founding ------------------------------------------------------------------------------


def open_sequencer(
    store: LogStore,
    heads: HeadStore,
    keys: HubKeys,
    clock: Callable[[], datetime],
    *,
    queue: int = 4096,
    batch: int = 1024,
    retry_after: int = 1,
) -> Sequencer:
    """Recover what is on disk, roll the head store forward where a crash left it behind, and continue.

    Raises:
        ForkError: the head store and the database disagree, or the keys are another log's.
        StorageError: the log was not founded yet, or cannot be read.

    """
    head = store.head()
    if head is None:
        reconcile(heads.head, None, lambda _: b"")
        raise StorageError("there is no log here yet", hint="Found one first")
    nodes = Nodes(store, head.size)
    if Frontier.read(head.size, nodes).root() != head.root:
        raise ForkError(
            f"the tiles do not lead to the head of size {head.size}",
            hint="The database is damaged: restore it from a backup or a mirror",
        )
    ring = fold_ring(store, KeyRing(), 0, head.size)
    policy = ring_policy(ring)
    signed = signed_head(policy.origin, head)
    if reconcile(heads.head, signed, lambda size: Frontier.read(size, nodes).root()):
        heads.swap(heads.head, signed)
    state = State(read(store.rows(0, 1)[0].entry).issuer, head, ring)
    _check_keys(keys, ring, NoteKey.of(policy.origin, keys.checkpoint).vkey)
    return Sequencer(
        store=store,
        heads=heads,
        keys=keys,
        clock=clock,
        state=state,
        queue=queue,
        batch=batch,
        retry_after=retry_after,
    )


def found(
    store: LogStore,
    heads: HeadStore,
    keys: HubKeys,
    policy: RegistrationPolicy,
    *,
    issuer: str,
) -> None:
    """Write leaf 0 (registration policy) and leaf 1 (trust anchors) of a new log, in one transaction.

    No tree of size 1 is ever stored or signed. A crash at any point leaves either no log or this one.

    Raises:
        ForkError: a log is here already, or was.
        StorageError: the disk refused.

    """
    if store.head() is not None or (heads.head is not None and heads.head.size):
        raise ForkError("a log was founded here already", hint="Give the new log directories of its own")
    created = int(datetime.fromisoformat(policy.created).timestamp())
    anchors = TrustAnchors(
        operator_keys=[key_text(keys.operator)],
        receipt_keys=[key_text(keys.receipt)],
        checkpoint_vkey=NoteKey.of(policy.origin, keys.checkpoint).vkey,
    )
    statements = [
        read(
            sign(
                keys.operator,
                record,
                issuer=issuer,
                subject=log_subject(issuer),
                issued_at=from_unix(created),
            ).entry
        )
        for record in (policy, anchors)
    ]
    leaves = [leaf_hash(statement.entry) for statement in statements]
    growth = Frontier().append(leaves)
    root = growth.frontier.root()
    note = sign_checkpoint(Checkpoint(policy.origin, 2, root), keys.checkpoint).decode()
    head = Head(2, root, note, created)
    rows = [
        Row(
            index=index,
            id=hashlib.sha256(statement.entry).digest(),
            entry=statement.entry,
            size=2,
            time=created,
            kind=statement.kind,
        )
        for index, statement in enumerate(statements)
    ]
    begun = SignedHead(policy.origin, 0, Frontier().root())
    heads.swap(heads.head, begun)  # first of all, so that a database without a head store is never a new log
    store.append(Batch(rows, [Tile(0, 0, b"".join(leaves))], head))
    heads.swap(begun, signed_head(policy.origin, head))


def fold_ring(store: LogStore, ring: KeyRing, start: int, stop: int) -> KeyRing:
    """The key ring after the entries from ``start`` to ``stop``."""
    for row in store.rows(start, stop, kinds=ABOUT_KEYS):
        ring = ring.step(read(row.entry), row.index)
    return ring


def ring_policy(ring: KeyRing) -> RegistrationPolicy:
    """The policy in force; a log has one from leaf 0 on."""
    if ring.policy is None:
        raise StorageError("leaf 0 is no registration policy", hint="This is not a log that troth founded")
    return ring.policy


def _check_keys(keys: HubKeys, ring: KeyRing, vkey: str) -> None:
    anchors = ring.anchors
    if (
        anchors is None
        or anchors.checkpoint_vkey != vkey
        or key_text(keys.receipt) not in anchors.receipt_keys
    ):
        raise ForkError(
            "the keys in the data directory are not those that this log's trust anchors name",
            hint="Restore the keys that belong to this log: under others it would be another log",
        )


def log_subject(issuer: str) -> str:
    """What a log's statements about itself are about."""
    return f"{issuer}/log"


def signed_head(origin: str, head: Head) -> SignedHead:
    """A head as the head store keeps it."""
    return SignedHead(origin, head.size, head.root, head.checkpoint)


def key_text(signer: Signer) -> str:
    """A key as anchors name it: base64url of its COSE_Key."""
    return b64url(signer.public.cose_key())
