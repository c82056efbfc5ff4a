"""A hub's whole log as plain files: what any web server can serve, any mirror can read, and any operator can leave.

Reads the database beside a running hub; writes the head's checkpoint last, so that a broken-off export is no log.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from troth.errors import AbsentError, LogInconsistentError, StorageError
from troth.identifiers import format_instant, from_unix
from troth.log import ENTRIES, WIDTH, encode_entries, new_tiles, tile_path, width_at
from troth.readers.logdir import LogDir
from troth.statements import canonical, read
from troth.statements.payloads import RegistrationPolicy, TrustAnchors
from troth.statements.trust import TrustFile
from troth.store import LogStore, open_store
from troth.workflows.mirror import Mirrored


def export(
    data: Path,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
    *,
    database: str = "",
) -> Mirrored:
    """Write a log into a folder: that of a data directory, or of a postgresql:// URL where one is given.

    Raises:
        AbsentError: there is no log.
        StorageError, UsageError: as `open_store`.

    """
    here = os.path.isfile(data / "log.db")  # noqa: PTH113 - Path.is_file raises for a name that is too long
    if not database and not here:
        raise AbsentError(
            "there is no log",
            where=str(data),
            hint="Name a hub's data directory with --data, or its database with --database",
        )
    store = open_store(data, database)
    try:
        return _export(store, LogDir(folder), progress)
    finally:
        store.close()


def _export(store: LogStore, target: LogDir, progress: Callable[[int, int], None] | None) -> Mirrored:
    head = store.head()
    if head is None:
        raise AbsentError("the log was not founded yet", hint="Start the hub once")
    policy, trust = _words(store, head.size)
    _check_empty(target, trust.origin)
    bundles = (head.size + WIDTH - 1) // WIDTH
    files = blobs = 0
    missing: list[str] = []
    for n in range(bundles):
        width = width_at(0, n, head.size)
        rows = store.rows(n * WIDTH, n * WIDTH + width)
        target.put(tile_path(ENTRIES, n, width), encode_entries([row.entry for row in rows]))
        files += 1
        for named in {row.blob for row in rows if row.blob is not None}:
            blob = store.blob(named)
            if blob is None:
                missing.append("sha256:" + named.hex())
            else:
                target.put(f"blob/sha256/{named.hex()}", blob.content)
                blobs += 1
        if progress is not None:
            progress(n + 1, bundles)
    for tile in new_tiles(0, head.size):
        hashes = store.tile(tile.level, tile.n)
        if hashes is None or len(hashes) < tile.width * 32:
            raise LogInconsistentError("the database lacks a tile of its own head", where=tile.path)
        target.put(tile.path, hashes[: tile.width * 32])
        files += 1
    target.put("trust.json", trust.to_bytes())
    time = format_instant(from_unix(head.time))
    about = {
        "origin": trust.origin,
        "operator": policy.operator,
        "size": head.size,
        "root": head.root.hex(),
        "time": time,
    }
    target.put("log.json", canonical(about) + b"\n")
    target.put("checkpoint", head.checkpoint.encode())
    return Mirrored(
        origin=trust.origin, size=head.size, fetched=files, kept=0, blobs=blobs, missing_blobs=tuple(missing)
    )


def _check_empty(target: LogDir, origin: str) -> None:
    """Raises StorageError where the folder holds another log: the two would be mixed."""
    if target.has("checkpoint") and target.get("checkpoint").split(b"\n", 1)[0] != origin.encode():
        raise StorageError(
            "another log is in this folder", where=str(target.folder), hint="Choose an empty folder"
        )


def _words(store: LogStore, size: int) -> tuple[RegistrationPolicy, TrustFile]:
    """The policy in force, and the trust file that the anchors in force make."""
    policy, anchors = (store.latest(kind, size) for kind in ("registration-policy@1", "trust-anchors@1"))
    if policy is None or anchors is None:
        raise LogInconsistentError("the log lacks leaf 0 or 1")
    said, keys = read(policy.entry).record, read(anchors.entry).record
    if not isinstance(said, RegistrationPolicy) or not isinstance(keys, TrustAnchors):
        raise LogInconsistentError("leaf 0 or 1 is not what it should be")
    return said, TrustFile(
        origin=said.origin, checkpoint_vkey=keys.checkpoint_vkey, receipt_keys=list(keys.receipt_keys)
    )
