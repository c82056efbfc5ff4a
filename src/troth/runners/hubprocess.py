"""A hub in a process of its own: started, waited for, stopped. For the demo and for tests; it knows no HTTP."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from troth.errors import HubError

START = 30.0  # seconds that a hub may take to answer
STOP = 15.0


def free_port(wanted: int, *, tries: int = 50) -> int:
    """The first free port of the loopback address from ``wanted`` on. Raises HubError."""
    for port in range(wanted, min(wanted + tries, 65536)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise HubError(
        f"no port from {wanted} to {wanted + tries - 1} is free", hint="Choose another with --port"
    )


class HubProcess:
    """`troth hub serve` as a child; what it says goes to a file."""

    def __init__(self, arguments: Sequence[str], *, port: int, log: Path) -> None:
        """Prepare; `start` starts it."""
        self.arguments = list(arguments)
        self.port = port
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it and wait until it answers. Raises HubError with its last words if it does not.

        It is ended also where the waiting is interrupted.
        """
        try:
            return self._start()
        except BaseException:
            self.kill()
            raise

    def _start(self) -> Self:
        with self.log.open("ab") as out:
            before = out.tell()
            self.process = subprocess.Popen(  # noqa: S603 - our own command with our own arguments
                [sys.executable, "-m", "troth", "hub", "serve", "--port", str(self.port), *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # Ctrl-C is the parent's to handle
            )
        end = time.monotonic() + START
        said = b""
        while time.monotonic() < end and self.process.poll() is None:
            # its own word and no open port: another program may listen there
            said = self._said(before)
            if b"\nServing " in b"\n" + said:
                return self
            time.sleep(0.02)
        self.stop()
        said = self._said(before)
        words = said.decode("utf-8", "replace").strip().splitlines()[-3:]
        raise HubError(f"the hub did not start: {' / '.join(words)}", where=str(self.log))

    def _said(self, before: int) -> bytes:
        with self.log.open("rb") as file:
            file.seek(before)
            return file.read()

    def wait(self) -> int:
        """Wait until it ends by itself; its exit code."""
        return self.process.wait() if self.process is not None else 0

    def stop(self) -> None:
        """Ask it to finish what is queued and end; end it if it does not."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP)
        except subprocess.TimeoutExpired:
            self.kill()
        except BaseException:  # a second Ctrl-C, by somebody who does not want to wait
            self.kill()
            raise

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        """Start it."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()
