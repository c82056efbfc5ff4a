"""Where a log is read from: a folder or a URL, behind one protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from troth.clients import hub
from troth.readers.logdir import LogDir


class LogSource(Protocol):
    """Files of a log by the path of their URL."""

    def get(self, path: str) -> bytes:
        """The bytes at a path. Raises TileError where there is nothing."""
        ...


def open_source(where: str) -> LogSource:
    """A source for ``https://…``, ``http://127.0.0.1…`` or a folder."""
    if where.startswith(("http://", "https://")):
        return hub.HubClient(where)
    return LogDir(Path(where))
