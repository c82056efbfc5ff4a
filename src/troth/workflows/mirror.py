"""Mirror a log, check it, and read its entries: everything that a reader of the whole record does.

A mirror is a folder with the files of the log's URLs: ``checkpoint``, ``tile/…``, ``blob/sha256/…``, ``log.json``
and ``trust.json``. What is new is fetched into a folder beside those files, audited together with them, and
moved among them only then, the checkpoint last: a mirror is whole at every moment, an interrupted copy goes on where
it stopped, and a log that shows another history leaves nothing behind. A mirror of a mirror is the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import msgspec

from troth.errors import (
    CheckpointError,
    InputError,
    JsonError,
    LogInconsistentError,
    NoteError,
    TrothError,
    TrustFileError,
    VerificationError,
)
from troth.identifiers import digest
from troth.log import (
    ENTRIES,
    WIDTH,
    Audited,
    Checkpoint,
    NoteKey,
    Tile,
    audit,
    decode_entries,
    encode_entries,
    new_tiles,
    open_checkpoint,
    parse_vkey,
    tile_path,
    width_at,
)
from troth.readers.logdir import LogDir
from troth.statements import parse_json, read
from troth.statements.trust import TrustFile, parse_trust
from troth.workflows.sources import ABSENT, LogSource

Progress = Callable[[int, int], None]
NEW: Final = ".new"  # the folder of what was fetched and not yet audited


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
    return _audit(parse_vkey(vkey), [source.get("checkpoint"), *(further or [])], source, progress)


def _audit(key: NoteKey, heads: list[bytes], source: LogSource, progress: Progress | None = None) -> Audited:
    """The audit, with the file named where what failed is a checkpoint."""
    try:
        return audit(
            key,
            heads,
            lambda level, n, width: tile(source, level, n, width),
            lambda n, width: tile(source, ENTRIES, n, width),
            progress=progress,
        )
    except (CheckpointError, NoteError) as error:
        raise _of_checkpoint(error) from error
    except LogInconsistentError as error:  # that names no file: a root
        raise type(error)(error.what, where=error.where or "checkpoint", hint=error.hint) from error


def _of_checkpoint(error: TrothError) -> TrothError:
    """The same error, with the file's name."""
    where = f"checkpoint, {error.where}" if error.where else "checkpoint"
    return type(error)(error.what, where=where, hint=error.hint)


class Held:
    """A source whose files are fetched once: what was audited is then what is read."""

    def __init__(self, source: LogSource) -> None:
        """Nothing is fetched yet."""
        self.source = source
        self._held: dict[str, bytes] = {}

    def get(self, path: str) -> bytes:
        """The bytes at a path, as they were the first time."""
        if path not in self._held:
            self._held[path] = self.source.get(path)
        return self._held[path]


def trust_of(source: LogSource) -> TrustFile:
    """The trust file that a hub or mirror offers. It is believed only when a person pins it."""
    return parse_trust(source.get("trust.json"))


def entries(source: LogSource, size: int) -> Iterator[bytes]:
    """All entries of a log up to a size, in order."""
    for n in range((size + WIDTH - 1) // WIDTH):
        width = width_at(0, n, size)
        yield from decode_entries(tile(source, ENTRIES, n, width), width)


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

    Raises LogInconsistentError where the source and an earlier mirror show two histories; the mirror then stays as
    it was.
    """
    key = parse_vkey(vkey)
    raw = source.get("checkpoint")
    heads = [raw]
    new = _opened(raw, key)
    if target.has("checkpoint"):
        heads.append(target.get("checkpoint"))
        _no_way_back(_opened(heads[1], key), new)
    beside = LogDir(target.folder / NEW)
    wanted = _count(new.size)
    fetched = 0
    for done, each in enumerate(_tiles(new.size)):
        if not target.has(each.path) and not beside.has(each.path):
            beside.put(each.path, tile(source, each.level, each.n, each.width))
            fetched += 1
        if progress is not None:
            progress(done + 1, wanted)
    both = _Both(beside, target)
    try:
        _audit(key, heads, both)
        words = _words(source, new.origin, vkey)
        got, missing = _blobs(source, both, new.size)
    except (VerificationError, InputError):
        beside.clear()
        raise
    target.adopt(beside, chain((each.path for each in _tiles(new.size)), beside.files("blob")))
    beside.clear()
    for path, data in words.items():
        target.put(path, data)
    target.put("checkpoint", raw)
    return Mirrored(
        origin=new.origin,
        size=new.size,
        fetched=fetched,
        kept=wanted - fetched,
        blobs=got,
        missing_blobs=tuple(missing),
    )


class _Both:
    """What was fetched, and behind it the mirror; new files are put with what was fetched."""

    def __init__(self, new: LogDir, old: LogDir) -> None:
        self.new, self.old = new, old

    def get(self, path: str) -> bytes:
        return (self.new if self.new.has(path) else self.old).get(path)


def _opened(raw: bytes, key: NoteKey) -> Checkpoint:
    """A checkpoint by the log's key. Raises CheckpointError, NoteError with the file's name."""
    try:
        return open_checkpoint(raw, key).checkpoint
    except (CheckpointError, NoteError) as error:
        raise _of_checkpoint(error) from error


def _no_way_back(old: Checkpoint, new: Checkpoint) -> None:
    """Raises LogInconsistentError where the new head cannot come after the old one."""
    kept = "; the mirror was left as it is"
    if new.size < old.size:
        raise LogInconsistentError(
            f"the source shows {new.size} entries, and this mirror has {old.size}",
            where="checkpoint",
            hint=f"The log was rolled back, or the source is behind{kept}",
        )
    if new.size == old.size and new.root != old.root:
        raise LogInconsistentError(
            f"the source signs another root for {new.size} entries than this mirror has",
            where="checkpoint",
            hint=f"The log shows two histories: keep both checkpoints{kept}",
        )


def _tiles(size: int) -> Iterator[Tile]:
    """Every tile that a log of this size has, hashes and entries: one at a time, as a size is whatever was signed."""
    yield from new_tiles(0, size)
    for n in range((size + WIDTH - 1) // WIDTH):
        yield Tile(ENTRIES, n, width_at(0, n, size))


def _count(size: int) -> int:
    """How many those are: the tiles of level 0 twice, for their entries, and of each level above it once."""
    count = level = (size + WIDTH - 1) // WIDTH
    while size:
        count += level
        size //= WIDTH
        level = (size + WIDTH - 1) // WIDTH
    return count


def _words(source: LogSource, origin: str, vkey: str) -> dict[str, bytes]:
    """The source's trust file and its words on itself, where it has them and they are what they should be.

    Raises LogInconsistentError for a trust file that names other keys than those the mirror is held to.
    """
    words = {}
    for path, read_it in (("trust.json", parse_trust), ("log.json", parse_json)):
        try:
            data = source.get(path)
            found = read_it(data)
        except (*ABSENT, TrustFileError, JsonError):
            continue  # a log by another implementation offers no such file, or another file of this name
        if isinstance(found, TrustFile) and (found.origin, found.checkpoint_vkey) != (origin, vkey):
            raise LogInconsistentError(
                "the source's trust file names another log or key than the checkpoint's", where=path
            )
        words[path] = data
    return words


def _blobs(source: LogSource, both: _Both, size: int) -> tuple[int, list[str]]:
    got, missing = 0, []
    for named in blobs_named(entries(both, size)):
        path = f"blob/sha256/{named.removeprefix('sha256:')}"
        if both.old.has(path) or both.new.has(path):
            continue
        try:
            data = source.get(path)
        except ABSENT:
            missing.append(named)
            continue
        if digest(data) != named:
            raise LogInconsistentError(
                "the source serves other bytes than the blob's digest names", where=path
            )
        both.new.put(path, data)
        got += 1
    return got, missing


def load_blobs(source: LogSource, found: list[bytes]) -> dict[str, bytes]:
    """The payloads beside these entries that the source has, by digest; those it lacks are left out."""
    blobs: dict[str, bytes] = {}
    for named in blobs_named(iter(found)):
        try:
            data = source.get(f"blob/sha256/{named.removeprefix('sha256:')}")
        except ABSENT:
            continue
        if digest(data) == named:
            blobs[named] = data
    return blobs


def tile(source: LogSource, level: int, n: int, width: int) -> bytes:
    """A tile or bundle of a width; where only the full one is left of a log that has grown, the first part of that.

    Raises TileError, AbsentError.
    """
    try:
        return source.get(tile_path(level, n, width))
    except ABSENT:
        if width == WIDTH:
            raise
        try:
            full = source.get(tile_path(level, n))
        except ABSENT:
            full = None
        if full is None:
            raise  # the partial one is what is missing
    return encode_entries(decode_entries(full)[:width]) if level == ENTRIES else full[: 32 * width]


def log_folder(path: Path) -> LogDir:
    """A folder as a log."""
    return LogDir(path)
