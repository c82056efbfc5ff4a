"""Views that follow the log: a pure fold over its entries, its state kept at a size and advanced when asked.

Deleting a projection and folding again gives the same state. It reads entries only, never blobs, which may come
later than their entries.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from troth.errors import UsageError
from troth.statements import Statement, read
from troth.store import LogStore, Row

S = TypeVar("S")
_PAGE: Final = 1024  # entries read at once


class Projection(Generic[S]):
    """The state of one fold.

    ``step`` takes a state, a statement and its row (index, log time, id), and gives the next state; it must not
    change the state that it was given. Any thread may ask; one at a time advances.
    """

    def __init__(self, store: LogStore, start: S, step: Callable[[S, Statement, Row], S]) -> None:
        """Begin before the first entry."""
        self._store = store
        self._step = step
        self._lock = threading.Lock()  # guards _state and _size
        self._state = start
        self._size = 0

    def at(self, size: int) -> S:
        """The state after ``size`` entries, which is never less than at the last call.

        Raises:
            UsageError: the state has gone further already.
            StorageError: entries cannot be read.

        """
        with self._lock:
            if size < self._size:
                raise UsageError(f"the projection is at {self._size}, past {size}")
            while self._size < size:
                rows = self._store.rows(self._size, min(size, self._size + _PAGE))
                state = self._state
                for row in rows:
                    state = self._step(state, read(row.entry), row)
                if not rows:
                    raise UsageError(f"the log ends at {self._size}, before {size}")
                self._state, self._size = state, rows[-1].index + 1
            return self._state

    def latest(self, size: int) -> S:
        """The state after at least ``size`` entries: for readers that another one may have overtaken."""
        try:
            return self.at(size)
        except UsageError:
            return self._state
