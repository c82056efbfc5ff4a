"""Where a log is read from: a folder or a URL, behind one protocol."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from troth.clients import hub
from troth.errors import AbsentError, TileError
from troth.readers.logdir import LogDir


class LogSource(Protocol):
    """Files of a log by the path of their URL."""

    def get(self, path: str) -> bytes:
        """The bytes at a path. Raises one of `ABSENT` where there is nothing."""
        ...


ABSENT: Final = (TileError, AbsentError)  # of a folder, of a hub


class OpenSource(LogSource, Protocol):
    """A source that is closed after use."""

    def __enter__(self) -> Self:
        """Itself."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what is open."""
        ...


def open_source(where: str) -> OpenSource:
    """A source, to be used in a ``with`` statement, for ``https://…``, ``http://127.0.0.1…`` or a folder. Raises UsageError for other addresses."""
    if "://" in where:
        return hub.HubClient(where)
    return LogDir(Path(where))
