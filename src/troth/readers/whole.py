"""Writing a whole file or nothing: to a neighbour, then renamed over."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from troth.errors import StorageError


def write_whole(path: Path, data: bytes) -> None:
    """Write and flush to disk; folders are made where they are missing. Raises StorageError, and leaves no half file."""
    beside = path.with_name(f".{path.name[:200]}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise StorageError(f"cannot be written: {error.strerror}", where=str(path)) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()  # there only where something went wrong, Ctrl-C among it
