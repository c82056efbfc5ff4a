"""Guideline packs: the ones that ship with troth, the ones that others install, and files, published ones among them.

A pack is a folder with a ``catalog.json``. Ours lie in ``troth/guidance/library/<id>/``. Another distribution adds
one through the entry point group ``troth.guidance``: the entry's name is the pack's id, its value the dotted name of
the package whose folder it is (``acme = "acme_guidance.packs.acme"``); only that package's ``__init__`` is run.

Leaves out: judging what is in a pack (``troth.guidance``), YAML, the network.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from pathlib import Path
from typing import Protocol

from troth.errors import GuidelineError, JsonError
from troth.guidance import read_payload
from troth.statements import canonical, parse_record
from troth.statements.bundle import parse_bundle
from troth.statements.canonical import MAX_BYTES, parse_json
from troth.statements.payloads import Guideline

GROUP = "troth.guidance"
FILE = "catalog.json"


class _Readable(Protocol):
    def read_bytes(self) -> bytes: ...


def find_pack(id_or_path: str) -> bytes:
    """The bytes of a guideline: a pack's id first, then a file, or a folder that holds ``catalog.json``.

    A file may be a catalog or a published guideline: its payload, or the statement (.cose, .troth), whose signature is
    checked and whose issuer is not judged. Raises GuidelineError where there is none, where two packs claim the id, or
    where it cannot be read; InputError and VerificationError for a statement that does not hold. A file that has a
    pack's name is reached with ``./name``.
    """
    installed = [entry for entry in entry_points(group=GROUP) if entry.name == id_or_path]
    built_in = id_or_path in _built_in()
    if built_in + len(installed) > 1:
        others = ", ".join(entry.value for entry in installed)
        raise GuidelineError(
            f"more than one pack is named {id_or_path!r}: {'troth itself, ' if built_in else ''}{others}",
            hint="Uninstall one, or give the path of the catalog that you mean",
        )
    if built_in:
        return _read(files("troth.guidance") / "library" / id_or_path / FILE, id_or_path)
    if installed:
        return _installed(installed[0])
    return _read_path(Path(id_or_path))


def pack_ids() -> list[str]:
    """The ids of all packs that can be found by id, sorted."""
    return sorted({*_built_in(), *(entry.name for entry in entry_points(group=GROUP))})


def _built_in() -> set[str]:
    library = files("troth.guidance") / "library"
    return {folder.name for folder in library.iterdir() if (folder / FILE).is_file()}


def _installed(entry: EntryPoint) -> bytes:
    try:
        folder = files(entry.value)
    except (ImportError, TypeError) as error:
        raise GuidelineError(
            f"the pack {entry.name!r} names the package {entry.value!r}, which cannot be imported: {error}",
            hint="Install the pack again, or tell its author",
        ) from error
    return _read(folder / FILE, entry.name)


def _read_path(path: Path) -> bytes:
    try:
        if path.is_dir():
            path /= FILE
        if not path.is_file():
            raise GuidelineError(
                f"no pack and no file named {str(path)[:200]!r}",
                hint=f"Packs here are {', '.join(pack_ids())}; or give the path of an OSCAL catalog in JSON",
            )
        if (size := path.stat().st_size) > MAX_BYTES:
            raise GuidelineError(
                f"{size} bytes where at most {MAX_BYTES} are taken", where=str(path), hint="Split the catalog"
            )
    except OSError as error:
        raise _unreadable(error, str(path)[:200]) from error
    return _catalog_in(_read(path, str(path)), str(path))


def _catalog_in(data: bytes, where: str) -> bytes:
    """The catalog in a published guideline; what is none is given as it is, for its reader to judge."""
    if (
        data and 0x80 <= data[0] <= 0xDB
    ):  # a CBOR array, map or tag: a statement or a bundle; no JSON begins so
        claim = parse_bundle(data).claim.statement
        claim.sign1.verify()
        if not isinstance(claim.record, Guideline):
            raise GuidelineError(
                f"the statement is no guideline that can be read but {claim.kind or 'a foreign statement'}",
                where=where,
                hint="Give the .troth file of a published guideline, or its payload in JSON",
            )
        read_payload(claim.record)
        return canonical(claim.record.catalog)
    try:
        document = parse_json(data)
    except JsonError:
        return data
    if isinstance(document, dict) and "catalog" in document and "digest" in document:
        payload = parse_record(data, Guideline, where=where)
        read_payload(payload)
        return canonical(payload.catalog)
    return data


def _read(source: _Readable, name: str) -> bytes:
    try:
        return source.read_bytes()
    except OSError as error:
        raise _unreadable(error, name) from error


def _unreadable(error: OSError, name: str) -> GuidelineError:
    return GuidelineError(
        f"cannot be read: {error.strerror}", where=name, hint="Check the path and its permissions"
    )
