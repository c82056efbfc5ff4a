"""Work divided among processes on one machine.

A part is run in a forked child, which starts in about a millisecond and inherits open files and decoded
directories; a fresh interpreter would take longer to start than most logs take to read. Where forking is not
possible (no fork, or other threads are running) all the work is done in this process: slower, the same result.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from functools import partial
from typing import NoReturn, TypeVar

from troth.errors import TrothError
from troth.measurement.facts import Share, alone

T = TypeVar("T")


def processes(count: int) -> Share:
    """A way to divide work among this many processes, this one included. Parts' results have to be picklable.

    Part 0 is run here, after the other parts were started. A TrothError of any part is raised here; a child
    that dies otherwise raises ChildProcessError. Children never outlive the call, also when it is interrupted.
    """
    if count < 2:
        return alone

    def share(work: Callable[[int, int], T], /) -> list[T]:
        if not hasattr(os, "fork") or threading.active_count() > 1:
            return alone(work)
        children: list[_Child] = []
        try:
            for part in range(1, count):
                # one at a time, so that those already running are ended when the next cannot start
                children.append(_Child(partial(work, part, count)))  # noqa: PERF401
            first = work(0, count)
            return [first, *(child.result() for child in children)]
        finally:
            for child in children:
                child.end()

    return share


class _Child:
    """A forked process that does one thing, sends what came of it through a pipe, and ends."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._from, to = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._from)
            _run(work, to)
        os.close(to)

    def result(self) -> T:  # type: ignore[type-var]  # what the caller's work returns
        with open(self._from, "rb", closefd=False) as pipe:
            sent = pipe.read()
        if not sent:
            raise ChildProcessError(f"a process that read evidence died (pid {self._pid})")
        kind, value = pickle.loads(sent)  # noqa: S301  (our own child's bytes)
        if kind == "error":
            raise value
        return value  # type: ignore[no-any-return]  # as above

    def end(self) -> None:
        os.close(self._from)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def _run(work: Callable[[], object], to: int) -> NoReturn:
    """The child's whole life. Never returns into the caller's frames, whatever happens."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # the parent tells of an interruption, once
        try:
            sent = ("value", work())
        except TrothError as error:
            sent = ("error", error)
        with open(to, "wb") as pipe:
            pickle.dump(sent, pipe, protocol=pickle.HIGHEST_PROTOCOL)
        code = 0
    except BaseException:  # noqa: BLE001  (a child must not unwind into its parent's code; the parent raises)
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)
