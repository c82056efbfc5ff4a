"""A log as a folder of files: a mirror or an export, laid out as the paths of its URLs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from troth.errors import InputError, StorageError, TileError
from troth.readers.whole import write_whole


class LogDir:
    """Reads and writes below one folder; a path or symbolic link that would leave it is refused."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it need not be there before the first write."""
        self.folder = folder

    def __enter__(self) -> Self:
        """Nothing to open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def get(self, path: str) -> bytes:
        """The bytes of a file. Raises TileError where there is none."""
        file = self._inside(path)
        try:
            return file.read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise TileError("the log has no such file", where=str(self.folder / path.lstrip("/"))) from error
        except OSError as error:
            raise InputError(
                f"cannot be read: {error.strerror}", where=str(self.folder / path.lstrip("/"))
            ) from error

    def has(self, path: str) -> bool:
        """Whether the file is there."""
        return os.path.isfile(self._inside(path))  # noqa: PTH113 - Path.is_file raises for a name that is too long

    def put(self, path: str, data: bytes) -> None:
        """Write a whole file or nothing. Raises StorageError."""
        write_whole(self._inside(path), data)

    def adopt(self, other: LogDir, paths: Iterable[str]) -> None:
        """Move those of these files that another folder on the same disk has into this one. Raises StorageError."""
        for path in paths:
            if not other.has(path):
                continue
            target = self._inside(path)
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                other._inside(path).replace(target)
            except OSError as error:
                raise StorageError(f"cannot be written: {error.strerror}", where=str(target)) from error

    def clear(self) -> None:
        """Remove the folder and all below it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def files(self, below: str) -> list[str]:
        """Paths of all files below a path, sorted."""
        top = self._inside(below)
        found = (each for each in top.rglob("*") if each.is_file() and not each.name.startswith("."))
        return sorted(str(each.relative_to(self.folder)) for each in found)

    def _inside(self, path: str) -> Path:
        parts = path.strip("/").split("/")
        if any(part in {"", ".", ".."} or "\0" in part or "\\" in part for part in parts):
            raise InputError("a path that leaves the log's folder", where=path[:200])
        found = self.folder.joinpath(*parts)
        # a link inside the folder may lead out of it; the folder itself may be reached through one
        if not os.path.realpath(found).startswith(os.path.join(os.path.realpath(self.folder), "")):  # noqa: PTH118 - with its last slash
            raise InputError("a link that leaves the log's folder", where=str(found)[:200])
        return found
