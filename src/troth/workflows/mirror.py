"""Mirror a log, check it, and read its entries: everything that a reader of the whole record does.

A mirror is a folder with the files of the log's URLs: ``checkpoint``, ``tile/…``, ``blob/sha256/…``, ``log.json``
and ``trust.json``. It is copied in an order that leaves it whole at every moment: tiles first, then the checkpoint
that they bear out, after it was verified. A mirror of a mirror is the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from troth.errors import CheckpointError, LogInconsistentError, TileError, TrothError
from troth.identifiers import digest
from troth.log import (
    ENTRIES,
    WIDTH,
    Audited,
    Checkpoint,
    NoteKey,
    audit,
    decode_entries,
    new_tiles,
    open_checkpoint,
    parse_vkey,
    tile_path,
    width_at,
)
from troth.readers.logdir import LogDir
from troth.statements import read
from troth.statements.trust import TrustFile, parse_trust
from troth.workflows.sources import LogSource

Progress = Callable[[int, int], None]


class Mirrored(msgspec.Struct, frozen=True, kw_only=True):
    """What mirroring did."""

    origin: str
    size: int
    fetched: int  # files
    kept: int  # files that were there already
    blobs: int
    missing_blobs: tuple[str, ...] = ()  # digests that the source does not have


def check(
    source: LogSource, vkey: str, *, further: list[bytes] | None = None, progress: Progress | None = None
) -> Audited:
    """Audit a C2SP tile log, ours or another's, against its key. ``further`` are more checkpoints to hold it to.

    Raises CheckpointError, LogInconsistentError, TileError: each names the file.
    """
    key = parse_vkey(vkey)
    heads = [source.get("checkpoint"), *(further or [])]
    return audit(
        key,
        heads,
        lambda level, n, width: source.get(tile_path(level, n, width)),
        lambda n, width: source.get(tile_path(ENTRIES, n, width)),
        progress=progress,
    )


def trust_of(source: LogSource) -> TrustFile:
    """The trust file that a hub or mirror offers. It is believed only when a person pins it."""
    return parse_trust(source.get("trust.json"))


def entries(source: LogSource, size: int) -> Iterator[bytes]:
    """All entries of a log up to a size, in order."""
    for n in range((size + WIDTH - 1) // WIDTH):
        width = width_at(0, n, size)
        yield from decode_entries(_tile(source, ENTRIES, n, width, size), width)


def head(source: LogSource, key: NoteKey) -> Checkpoint:
    """The source's checkpoint, if the log's key signed it."""
    return open_checkpoint(source.get("checkpoint"), key).checkpoint


def blobs_named(found: Iterator[bytes]) -> list[str]:
    """Digests of the payloads that travel beside these entries, each once."""
    named: dict[str, None] = {}
    for entry in found:
        if not entry:
            continue
        try:
            statement = read(entry)
        except TrothError:
            continue  # another implementation's entry: it names no blob of ours
        if statement.payload is None:
            named[statement.payload_digest] = None
    return list(named)


def mirror(source: LogSource, target: LogDir, vkey: str, progress: Progress | None = None) -> Mirrored:
    """Copy a log, or what is new of it, and verify what was copied before the new checkpoint is written.

    Raises LogInconsistentError where the source and an earlier mirror show two histories.
    """
    key = parse_vkey(vkey)
    raw = source.get("checkpoint")
    new = open_checkpoint(raw, key).checkpoint
    old_raw = target.get("checkpoint") if target.has("checkpoint") else None
    old = open_checkpoint(old_raw, key).checkpoint if old_raw else None
    if old is not None and new.size < old.size:
        raise LogInconsistentError(
            f"the source shows {new.size} entries, and this mirror has {old.size}",
            where="checkpoint",
            hint="The log was rolled back, or the source is behind; the mirror was left as it is",
        )
    wanted = _paths(new.size)
    fetched = 0
    for done, path in enumerate(wanted):
        if not target.has(path):
            target.put(path, source.get(path))
            fetched += 1
        if progress is not None:
            progress(done + 1, len(wanted))
    heads = [raw, *([old_raw] if old_raw and old != new else [])]
    audit(
        key,
        heads,
        lambda level, n, width: target.get(tile_path(level, n, width)),
        lambda n, width: target.get(tile_path(ENTRIES, n, width)),
    )
    got, missing = _blobs(source, target, new.size)
    for path in ("trust.json", "log.json"):
        try:
            target.put(path, source.get(path))
        except TileError:
            continue  # a log by another implementation offers no such file
    target.put("checkpoint", raw)
    return Mirrored(
        origin=new.origin,
        size=new.size,
        fetched=fetched,
        kept=len(wanted) - fetched,
        blobs=got,
        missing_blobs=tuple(missing),
    )


def _paths(size: int) -> list[str]:
    """Every tile that a log of this size has, entries and hashes."""
    paths = [tile.path for tile in new_tiles(0, size)]
    paths += [tile_path(ENTRIES, n, width_at(0, n, size)) for n in range((size + WIDTH - 1) // WIDTH)]
    return paths


def _blobs(source: LogSource, target: LogDir, size: int) -> tuple[int, list[str]]:
    got, missing = 0, []
    for named in blobs_named(entries(target, size)):
        path = f"blob/sha256/{named.removeprefix('sha256:')}"
        if target.has(path):
            continue
        try:
            data = source.get(path)
        except TileError:
            missing.append(named)
            continue
        if digest(data) != named:
            raise LogInconsistentError(
                "the source serves other bytes than the blob's digest names", where=path
            )
        target.put(path, data)
        got += 1
    return got, missing


def load_blobs(source: LogSource, found: list[bytes]) -> dict[str, bytes]:
    """The payloads beside these entries that the source has, by digest; those it lacks are left out."""
    blobs: dict[str, bytes] = {}
    for named in blobs_named(iter(found)):
        try:
            data = source.get(f"blob/sha256/{named.removeprefix('sha256:')}")
        except TileError:
            continue
        if digest(data) == named:
            blobs[named] = data
    return blobs


def _tile(source: LogSource, level: int, n: int, width: int, size: int) -> bytes:
    """An entry tile; a mirror that has grown may have only the full tile in place of a partial one."""
    try:
        return source.get(tile_path(level, n, width))
    except TileError:
        if width == WIDTH:
            raise
        raise CheckpointError(
            f"the log of {size} entries lacks its last tile", where=tile_path(level, n, width)
        ) from None


def log_folder(path: Path) -> LogDir:
    """A folder as a log."""
    return LogDir(path)
