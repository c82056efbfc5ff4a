"""A hub's parts, put together: opened from a config, started on an event loop, closed. No HTTP words.

Everything that a request may touch hangs here; the routes are given this and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from troth.config import HubConfig
from troth.errors import UsageError
from troth.hub import keys as hub_keys
from troth.hub.projection import Projection
from troth.hub.receipts import Receipts
from troth.hub.registration import (
    FrontEnd,
    Outcome,
    Sequencer,
    found,
    open_sequencer,
    settle,
)
from troth.hub.views import Views
from troth.identifiers import format_instant
from troth.statements import KeyRing
from troth.statements.payloads import RegistrationPolicy
from troth.store import HeadStore, Row, open_store

Clock = Callable[[], datetime]


class Hub:
    """One hub: config, keys, store, sequencer, and what reads from them.

    Raises:
        StorageError, ForkError: what is on disk cannot be used, or must not be.
        KeyFileError: a key is missing, damaged, or open to others.
        UsageError: the head store lies inside the data directory, or the URL is none.

    """

    def __init__(self, config: HubConfig, *, clock: Clock | None = None, operator: str = "") -> None:
        """Open the log of this config, and found it where there is none yet."""
        self.config = config
        self.clock = clock or _offset_clock(config.clock_offset)
        data, heads = Path(config.data), Path(config.heads)
        _check_apart(data, heads)
        with ExitStack() as opened:
            self.heads = HeadStore(heads)  # first: its lock keeps a second hub from everything else
            opened.callback(self.heads.close)
            self.store = open_store(data, config.database)
            opened.callback(self.store.close)
            empty = self.store.head() is None and (self.heads.head is None or self.heads.head.size == 0)
            self.keys = hub_keys.create(data / "keys") if empty else hub_keys.load(data / "keys")
            if empty:
                self._found(operator)
            self.sequencer: Sequencer = open_sequencer(
                self.store,
                self.heads,
                self.keys,
                self.clock,
                queue=config.queue,
                batch=config.batch,
                retry_after=config.retry_after,
            )
            self._close = opened.pop_all()
        self.front = FrontEnd(self.store, self.sequencer)
        self.issuer = self.sequencer.state.issuer
        self.receipts = Receipts(self.sequencer.nodes, self.keys.receipt, self.issuer)
        self.ring = Projection(
            self.store, KeyRing(), lambda ring, statement, row: ring.step(statement, row.index)
        )
        self.views = Views(self.store, lambda: self.size)

    @property
    def size(self) -> int:
        """The published size: what any reader may see."""
        return self.sequencer.state.head.size

    def row(self, identity: bytes) -> Row | None:
        """The row of an entry that is published."""
        row = self.store.find(identity)
        return row if row is not None and row.index < self.size else None

    async def register(self, body: bytes) -> tuple[Row, bytes]:
        """Register a statement: its row and its receipt. Raises what `FrontEnd.prepare` and `Sequencer.submit` do."""
        prepared = self.front.prepare(body)
        if isinstance(prepared, Row):
            return prepared, self.receipts.make(prepared)
        ticket: asyncio.Future[Row] = asyncio.get_running_loop().create_future()
        self.sequencer.submit([prepared], [ticket])
        row = await ticket
        return row, self.receipts.make(row, prepared.statement.subject)

    def register_now(self, body: bytes) -> tuple[Row, bytes]:
        """As `register`, for callers without an event loop; the sequencer must have been started."""
        prepared = self.front.prepare(body)
        row = prepared if isinstance(prepared, Row) else self.sequencer.register(prepared)
        return row, self.receipts.make(row)

    def start(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Start sequencing; answers are given in ``loop``, where there is one."""
        if loop is not None:

            def deliver(outcomes: Sequence[Outcome]) -> None:
                loop.call_soon_threadsafe(settle, outcomes)  # once for a batch

            self.sequencer.settle = deliver
        self.sequencer.start()

    def close(self) -> None:
        """Finish what is queued, then let go of files and lock."""
        self.sequencer.stop()
        self._close.close()

    def _found(self, operator: str) -> None:
        parts = urlsplit(self.config.url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
            raise UsageError(
                f"not the address of a hub: {self.config.url!r}", hint="Write it like https://log.example"
            )
        policy = RegistrationPolicy(
            origin=parts.netloc,
            created=format_instant(self.clock()),
            operator=operator or f"The operator of {parts.netloc}",
            demonstration=self.config.demonstration,
        )
        found(self.store, self.heads, self.keys, policy, issuer=f"https://{parts.netloc}")


def _offset_clock(offset: float) -> Clock:
    moved = timedelta(seconds=offset)
    return lambda: datetime.now(UTC) + moved


def _check_apart(data: Path, heads: Path) -> None:
    if heads.resolve().is_relative_to(data.resolve()):
        raise UsageError(
            "the head store lies inside the data directory",
            where=str(heads),
            hint="Put it elsewhere, or one backup restores both and nothing notices an old one",
        )
