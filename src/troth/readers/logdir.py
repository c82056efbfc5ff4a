"""A log as a folder of files: a mirror or an export, laid out as the paths of its URLs."""

from __future__ import annotations

import os
from pathlib import Path

from troth.errors import InputError, StorageError, TileError


class LogDir:
    """Reads and writes below one folder; a path that would leave it is refused."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it need not be there before the first write."""
        self.folder = folder

    def get(self, path: str) -> bytes:
        """The bytes of a file. Raises TileError where there is none."""
        try:
            return self._inside(path).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise TileError("the log has no such file", where=str(self.folder / path.lstrip("/"))) from error
        except OSError as error:
            raise InputError(
                f"cannot be read: {error.strerror}", where=str(self.folder / path.lstrip("/"))
            ) from error

    def has(self, path: str) -> bool:
        """Whether the file is there."""
        return self._inside(path).is_file()

    def put(self, path: str, data: bytes) -> None:
        """Write a whole file or nothing. Raises StorageError."""
        target = self._inside(path)
        beside = target.with_name(f".{target.name}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(target)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise StorageError(f"cannot be written: {error.strerror}", where=str(target)) from error

    def files(self, below: str) -> list[str]:
        """Paths of all files below a path, sorted."""
        top = self._inside(below)
        found = (each for each in top.rglob("*") if each.is_file() and not each.name.startswith("."))
        return sorted(str(each.relative_to(self.folder)) for each in found)

    def _inside(self, path: str) -> Path:
        parts = path.strip("/").split("/")
        if any(part in {"", ".", ".."} or "\0" in part or "\\" in part for part in parts):
            raise InputError("a path that leaves the log's folder", where=path[:200])
        return self.folder.joinpath(*parts)
