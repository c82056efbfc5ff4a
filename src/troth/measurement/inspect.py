"""The reader of Inspect AI evaluation logs: `.eval` (zip) in all its layouts, and `.json`.

Layouts of a `.eval`, in the order in which they are tried:

    summaries   `summaries.json`, one array
    journal     `_journal/summaries/N.json`, of a log that was not finished; a later row of a sample and epoch
                takes the place of an earlier one, as in Inspect, and a note says how often
    samples     `samples/{id}_epoch_{n}.json`, and chunked `samples/{id}_epoch_{n}/sample.json`

The first two are taken only where they list as many rows as there are samples. Everything is streamed. What
the header says is checked against the samples (`inspect_metrics.py`). Leaves out messages, events and stores.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Literal, get_args

import msgspec

from troth.errors import ArchiveError, EvidenceError
from troth.measurement.archive import PIECE, Archive
from troth.measurement.facts import Blob, Reading, Share, alone
from troth.measurement.inspect_header import Header, Results, Spec, Stats, describe
from troth.measurement.inspect_metrics import disagreements
from troth.measurement.inspect_samples import Row, RowWithMetadata, SampleTable, check_pairs, facts
from troth.measurement.json_pieces import HELD, Shape, attempt, batches, decode

Layout = Literal["summaries", "journal", "samples"]
HEADER_LIMIT = 1 << 26  # bytes; a header lists every sample's id
SHARED = 2_000  # samples from which dividing the work pays
_BATCH = 512  # samples decoded between two additions to the table

_SAMPLE = re.compile(rb"samples/.+_epoch_[0-9]+(\.json|/sample\.json)", re.DOTALL)
_SUMMARY = re.compile(rb"_journal/summaries/([0-9]{1,9})\.json")
_SHELL, _METADATA = b"/sample.json", b"/metadata.json"
_OBJECT = msgspec.json.Decoder(dict[str, Any])
_SAMPLES, _OPEN = b'"samples"', re.compile(rb"\s*+:\s*+\[")  # in a JSON log
_NEAR = 128  # bytes in which the two may lie apart
_PLACES = 64  # places at which a JSON log's samples are tried to begin
_SHAPE = Shape(
    re.compile(rb'\{\s*"id"\s*:\s*(?:"(?:[^"\\]++|\\.)*+"|-?[0-9]++)\s*,\s*"epoch"\s*:'), b'"epoch"'
)
_PLACEHOLDER = "88F74D2C"  # the scorer's name in samples that Inspect wrote before it knew it


class InspectReader:
    """The reader; stateless. Its instance `READER` is the entry point `troth.evidence: inspect`."""

    name = "inspect"

    def recognises(self, blob: Blob) -> bool:
        """Whether this is a zip with an Inspect header or journal, or a JSON log; also where it is damaged."""
        head = blob.read_at(0, 1 << 16)
        if head[:4] == b"PK\x03\x04":
            if head[30:].startswith((b"_journal/start.json", b"header.json", b"samples/")):
                return True
            try:
                archive = Archive(blob)
                return any(name in (b"header.json", b"_journal/start.json") for name in archive.names())
            except ArchiveError:
                return False
        return head.lstrip()[:1] == b"{" and b'"eval"' in head and b'"task"' in head

    def read(
        self,
        blob: Blob,
        digest: str,
        units: frozenset[str],
        *,
        layout: str | None = None,
        share: Share = alone,
    ) -> Reading:
        """Facts for each cluster unit asked for (``sample`` or ``metadata:<key>``)."""
        return _Log(blob, units, layout, share).reading(digest)


READER = InspectReader()


class _Log:
    """One log that is being read."""

    def __init__(self, blob: Blob, units: frozenset[str], layout: str | None, share: Share) -> None:
        """Opens the archive, or finds that it is a JSON log."""
        if layout not in (None, *get_args(Layout)):
            raise EvidenceError(
                f"no layout of an Inspect log: {layout!r}", hint=f"Use {', '.join(get_args(Layout))}"
            )
        self._blob = blob
        self._share = share
        self._units = units
        self._keys = sorted(unit.removeprefix("metadata:") for unit in units if unit.startswith("metadata:"))
        if unknown := units - {"sample"} - {f"metadata:{key}" for key in self._keys}:
            raise EvidenceError(
                f"no cluster unit of an Inspect log: {min(unknown)!r}", hint="Use sample or metadata:<key>"
            )
        self._notes: list[str] = []
        self._row: type[Row] = RowWithMetadata if self._keys else Row
        self._many: msgspec.json.Decoder[list[Row]] = msgspec.json.Decoder(list[self._row])  # type: ignore[name-defined]  # a type chosen at run time
        self._archive = Archive(blob) if blob.read_at(0, 2) == b"PK" else None
        self._layout = layout

    def reading(self, digest: str) -> Reading:
        """Header, rows, facts, and where the two disagree."""
        if self._archive is None:
            header, table = self._json()
            layout = "json"
        else:
            header = self._header(self._archive)
            table, layout = self._rows(self._archive)
        table.settle()
        check_pairs(table, layout)
        _name_placeholder(header, table)
        evidence, notes = describe(header, digest, self._blob.size, layout)
        notes += self._notes
        units = {unit for unit in self._units if _usable(unit, table, layout, notes)}
        notes += _notes(header, table)
        found = facts(
            table, digest, evidence.evaluation or "", evidence.dataset or evidence.evaluation or "", units
        )
        evidence = msgspec.structs.replace(
            evidence,
            samples=len(table),
            errors=len(table.errors),
            epochs=evidence.epochs or max(table.epoch, default=None),
            notes=tuple(notes),
        )
        return Reading(evidence=evidence, facts=found, disagreements=disagreements(header, table))

    # -- a zip

    def _header(self, archive: Archive) -> Header:
        for name in (b"header.json", b"_journal/start.json"):
            if entry := archive.find(name):
                return decode(msgspec.json.Decoder(Header), archive.read(entry, HEADER_LIMIT), name.decode())
        raise EvidenceError(
            "a zip without header.json or _journal/start.json", hint="It is no Inspect log, or a part of one"
        )

    def _rows(self, archive: Archive) -> tuple[SampleTable, str]:
        """(rows, layout) from the first layout that has them all, or from the one that was asked for."""
        samples, chunked = _sample_entries(archive, self._notes)
        for layout, read in (("summaries", self._summaries), ("journal", self._journal)):
            if self._layout not in (None, layout):
                continue
            table = read(archive)
            if table is None:
                if self._layout == layout:
                    raise EvidenceError(f"the log has no {layout}", hint="Leave the layout out")
                continue
            if len(table) > len(samples):
                self._notes.append(
                    f"The {layout} list {len(table)} samples; the file holds {len(samples)} in full."
                )
            if len(table) >= len(samples) or self._layout == layout:
                return table, layout
            self._notes.append(
                f"The {layout} list {len(table)} of {len(samples)} samples, so the samples were read."
            )
        share = self._share if len(samples) >= SHARED else alone
        first, *others = share(lambda part, parts: self._part(archive, samples, part, parts))
        for other in others:
            first.extend(other)
        return first, "chunked samples" if chunked else "samples"

    def _summaries(self, archive: Archive) -> SampleTable | None:
        entry = archive.find(b"summaries.json")
        if entry is None:
            return None
        table = SampleTable(self._keys)
        self._array(archive.pieces(entry), table, "summaries.json")
        return table

    def _journal(self, archive: Archive) -> SampleTable | None:
        numbered: dict[int, int] = {}
        for index, name in enumerate(archive.names()):
            if found := _SUMMARY.fullmatch(name):
                if int(found[1]) in numbered:
                    raise ArchiveError(f"the zip has two entries for part {int(found[1])} of the journal")
                numbered[int(found[1])] = index
        if not numbered:
            return None
        table = SampleTable(self._keys)
        for number, index in sorted(numbered.items()):
            self._array(archive.pieces(archive.at(index)), table, f"_journal/summaries/{number}.json")
        table.settle()
        if earlier := table.superseded():
            self._notes.append(
                f"{len(earlier)} rows of the journal, first {table.name(earlier[0])}, were replaced by a later row."
            )
            table.drop(earlier)
        return table

    def _array(self, pieces: Iterator[bytes], table: SampleTable, where: str) -> None:
        for rows in batches(pieces, _SHAPE, self._many, lambda held: decode(self._many, held, where), where):
            table.add(rows)

    def _part(self, archive: Archive, samples: Sequence[int], part: int, parts: int) -> SampleTable:
        """The rows of one of several equal parts of the samples."""
        table = SampleTable(self._keys)
        one = msgspec.json.Decoder(self._row)
        # of a chunked sample, the metadata have an entry of their own
        apart = {n: i for i, n in enumerate(archive.names()) if n.endswith(_METADATA)} if self._keys else {}
        mine = samples[len(samples) * part // parts : len(samples) * (part + 1) // parts]
        for start in range(0, len(mine), _BATCH):
            rows = []
            for index in mine[start : start + _BATCH]:
                entry = archive.at(index)
                row = decode(one, archive.read(entry, HELD), entry.name.decode("utf-8", "replace"))
                if isinstance(row, RowWithMetadata) and entry.name.endswith(_SHELL):
                    row.metadata = self._metadata(
                        archive, apart.get(entry.name.removesuffix(_SHELL) + _METADATA)
                    )
                rows.append(row)
            table.add(rows)
        table.settle()
        return table

    def _metadata(self, archive: Archive, index: int | None) -> dict[str, Any] | None:
        if index is None:
            return None
        entry = archive.at(index)
        return decode(_OBJECT, archive.read(entry, HELD), entry.name.decode("utf-8", "replace"))

    # -- a JSON log

    def _json(self) -> tuple[Header, SampleTable]:
        """The header's fields may come before the samples, after them, or both."""
        table = SampleTable(self._keys)
        pieces = self._file()
        held = b""
        looked = searched = 0
        for piece in pieces:
            held += piece
            while (at := held.find(_SAMPLES, searched)) >= 0 and looked < _PLACES:
                searched = at + 1
                start = _OPEN.match(held, at + len(_SAMPLES))
                if not start:
                    continue
                looked += 1
                head = attempt(_JSON, held[:at].rstrip().removesuffix(b",") + b"}", "log")
                if head is not None:
                    tails: list[_JsonLog] = []

                    def last(rest: bytearray, tails: list[_JsonLog] = tails) -> list[Row]:
                        tails.append(decode(_JSON, b'{"samples":' + rest, "log"))
                        return list(tails[0].samples or ())

                    rest = chain((held[start.end() - 1 :],), pieces)
                    for rows in batches(rest, _SHAPE, self._many, last, "samples"):
                        table.add(rows)
                    return _joined(head, tails[0]), table
            searched = max(searched, len(held) - _NEAR)
            if len(held) > HEADER_LIMIT:
                raise EvidenceError(f"no samples within the first {HEADER_LIMIT} bytes", where="log")
        return _joined(decode(_JSON, held, "log"), _JsonLog()), table

    def _file(self) -> Iterator[bytes]:
        offset = 0
        while piece := self._blob.read_at(offset, PIECE):
            offset += len(piece)
            yield piece


class _JsonLog(msgspec.Struct):
    """A JSON log, or what precedes or follows its samples."""

    eval: Spec | None = None
    status: str | None = None
    results: Results | None = None
    stats: Stats | None = None
    invalidated: bool | None = None
    samples: list[RowWithMetadata] | None = None


_JSON = msgspec.json.Decoder(_JsonLog)


def _joined(head: _JsonLog, tail: _JsonLog) -> Header:
    spec = head.eval or tail.eval
    if spec is None:
        raise EvidenceError(
            "a JSON log without eval", where="log", hint="It is no Inspect log, or a part of one"
        )
    return Header(
        eval=spec,
        status=head.status or tail.status or "started",
        results=head.results or tail.results,
        stats=head.stats or tail.stats,
        invalidated=bool(head.invalidated or tail.invalidated),
    )


def _sample_entries(archive: Archive, notes: list[str]) -> tuple[array[int], bool]:
    """(the places of the samples' entries in the directory, whether one of them is chunked).

    A sample that was run again after its record was written has two entries of one name; the last one is the
    log's, as in Inspect, and a note says so.
    """
    found = array("I")
    names: set[bytes] = set()
    chunked = False
    for index, name in enumerate(archive.names()):
        if match := _SAMPLE.fullmatch(name):
            found.append(index)
            names.add(name)
            chunked = chunked or match[1] == _SHELL
    if len(names) < len(found):
        last = {archive.name(i): i for i in found}
        notes.append(
            f"{len(found) - len(last)} samples have an earlier record in the file, replaced by a later one."
        )
        found = array("I", sorted(last.values()))
    return found, chunked


def _name_placeholder(header: Header, table: SampleTable) -> None:
    """Samples written before their scorer's name was known carry a placeholder; the header has the name."""
    if _PLACEHOLDER in table.scores and header.results and header.results.scores:
        table.scores.setdefault(header.results.scores[0].name, table.scores.pop(_PLACEHOLDER))


def _usable(unit: str, table: SampleTable, layout: str, notes: list[str]) -> bool:
    """Whether rows can be clustered by a unit; what a reader should know about it goes to the notes."""
    if unit == "sample":
        return True
    key = unit.removeprefix("metadata:")
    lacking = table.clusters[key].count(0)
    if table.cut[key]:
        notes.append(f"{table.cut[key]} values of metadata {key!r} are cut short in the {layout}.")
    if lacking == len(table):
        notes.append(f"No sample has metadata {key!r}: there are no facts clustered by it.")
        return False
    if lacking:
        notes.append(
            f"{lacking} of {len(table)} samples lack metadata {key!r}: they are taken as one cluster."
        )
    return True


def _notes(header: Header, table: SampleTable) -> Iterator[str]:
    planned = header.results.total_samples if header.results else None
    if planned is not None and planned != len(table):
        yield f"The header speaks of {planned} samples; {len(table)} were found."
    if table.errors:
        yield f"{len(table.errors)} samples ended in an error and hold no value here."
    if table.limited:
        yield f"{table.limited} samples were cut short by a limit, and count with the score they got."
    if table.edited:
        yield f"{table.edited} scores were edited after the run; the edited value counts."
