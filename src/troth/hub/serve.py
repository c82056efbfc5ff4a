"""Run a hub: one process, Granian inside it, until Ctrl-C or SIGTERM.

The server is embedded, so that what goes wrong at the start (an occupied port, a refused head) reaches the caller as
the error that it is, and the injected clock needs no way into another process.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable
from typing import Any, Final

import msgspec
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server

from troth.config import HubConfig
from troth.errors import HubError
from troth.hub.app import application
from troth.hub.hub import Clock, Hub

_BACKLOG: Final = 1024
_PLAIN: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}


def serve(
    config: HubConfig,
    *,
    clock: Clock | None = None,
    operator: str | None = None,
    ready: Callable[[Hub], None] | None = None,
) -> None:
    """Serve until interrupted; then finish what is queued and close. ``ready`` is called once it answers.

    Raises:
        HubError: the address is occupied or cannot be used.
        StorageError, ForkError, KeyFileError, UsageError: as `Hub`.

    """
    check_free(config.host, config.port)
    hub = Hub(config, clock=clock, operator=operator)
    asyncio.run(_serve(hub, ready))


def check_free(host: str, port: int) -> None:
    """Return if the address can be listened on, else HubError. Leaves it free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise HubError(
                f"cannot listen: {error.strerror}",
                where=f"{host}:{port}",
                hint="Another program listens there, or the address is not this machine's: choose another with --port",
            ) from error


async def _serve(hub: Hub, ready: Callable[[Hub], None] | None) -> None:
    config = hub.config
    server = Server(
        application(hub),
        address=config.host,
        port=config.port,
        interface=Interfaces.ASGI,
        websockets=False,
        backlog=_BACKLOG,
        log_enabled=False,
        log_level=LogLevels.warning,
        http1_settings=HTTP1Settings(header_read_timeout=30_000),
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    serving = asyncio.create_task(server.serve())
    try:
        if await _answers(config.host, config.port, serving) and ready is not None:
            ready(hub)
        await serving
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _answers(host: str, port: int, serving: asyncio.Task[Any]) -> bool:
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return True
    return False


class JsonLines(logging.Formatter):
    """The hub's log: a JSON object a line, with the fields that were given. Payloads are never given."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        fields = {name: value for name, value in record.__dict__.items() if name not in _PLAIN}
        fields |= {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(fields, enc_hook=str).decode()


def log_to_stderr(level: int = logging.INFO) -> None:
    """Write the hub's log to stderr, a JSON object a line."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("troth")
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False
