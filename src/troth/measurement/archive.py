"""Zip archives over a Blob: the central directory, and entries unpacked in pieces with their CRC checked.

Reads stored (0), deflate (8) and Zstandard (93) entries, zip64 included (APPNOTE 6.3.10). Leaves out
encryption, split archives, data before the first entry, and writing. The central directory is the authority:
bytes that no entry names (left by programs that append) are allowed, entries that overlap are not.

Hostile archives end in ArchiveError and cost bounded memory. Limits, all in `Limits`: the directory's size, the
bytes of one entry and of all entries unpacked, and the ratio of an entry's claimed size to its packed size
above a free allowance. No entry ever yields more bytes than the directory claims for it.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from typing import IO, TYPE_CHECKING, cast

import msgspec

from troth.errors import ArchiveError

if TYPE_CHECKING:
    import zstandard

    from troth.measurement.facts import Blob

STORED, DEFLATE, ZSTD = 0, 8, 93
PIECE = 1 << 20  # bytes of one unpacked piece, at most
_READ = 1 << 18  # packed bytes read at a time
_WINDOW = 1 << 27  # largest zstd window, the format's own recommendation for decoders
_MASK16, _MASK32 = 0xFFFF, 0xFFFFFFFF

_END = struct.Struct("<4s4H2LH")  # APPNOTE 4.3.16
_END64 = struct.Struct("<4sQ2H2L4Q")  # 4.3.14
_LOCATOR64 = struct.Struct("<4sLQL")  # 4.3.15
_CENTRAL = struct.Struct("<4s4xHH4x3L3H8xL")  # 4.3.12: signature, flags, method, crc, sizes, lengths, offset
_SPAN = struct.Struct("<4s16xL4x3H8xL")  # the same record: signature, packed size, three lengths, offset
_LOCAL = struct.Struct("<4s2xHH4x3L2H")  # 4.3.7


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive may ask for. Bytes, but for ``ratio``."""

    directory: int = 1 << 28
    entry: int = 1 << 36
    total: int = 1 << 38
    ratio: int = 10_000  # of claimed size to packed size, beyond ``free``
    free: int = 1 << 26


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One entry as the central directory has it. Sizes and offset in bytes."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int


class Archive:
    """The entries of one zip. Opening reads the central directory and nothing else."""

    def __init__(self, blob: Blob, limits: Limits | None = None) -> None:
        """Raises ArchiveError where the directory is missing, truncated or too large."""
        self._blob = blob
        self._limits = limits or Limits()
        self._unpacked = 0
        self._zstd: zstandard.ZstdDecompressor | None = None
        count, length, self._start = self._end()
        if length > self._limits.directory:
            raise ArchiveError(
                f"the zip's directory is {length} bytes long; the limit is {self._limits.directory}"
            )
        self._directory = blob.read_at(self._start, length)
        if len(self._directory) != length:
            raise ArchiveError("the zip is truncated: its directory is cut short")
        self._positions = self._walk(count)

    def __len__(self) -> int:
        """How many entries the directory lists, repeated names included."""
        return len(self._positions)

    def names(self) -> Iterator[bytes]:
        """Every entry's name in order of the directory, repeated names included."""
        directory = self._directory
        for at in self._positions:
            yield directory[at + 46 : at + 46 + directory[at + 28] + 256 * directory[at + 29]]

    def name(self, index: int) -> bytes:
        """The name at a place in the directory."""
        at = self._positions[index]
        return self._directory[at + 46 : at + 46 + self._directory[at + 28] + 256 * self._directory[at + 29]]

    def find(self, name: bytes) -> Entry | None:
        """The entry of this name, or None; ArchiveError where the directory has the name twice."""
        found = self._search(name)
        if len(found) > 1:
            raise ArchiveError(
                f"the zip has {len(found)} entries named {_show(name)}", hint="Only one can be meant"
            )
        return self.at(found[0]) if found else None

    def at(self, index: int) -> Entry:
        """The entry at a place in the directory."""
        return self._entry(self._positions[index])

    def _entry(self, at: int) -> Entry:
        directory = self._directory
        _, flags, method, crc, packed, size, names, extras, _, offset = _CENTRAL.unpack_from(directory, at)
        name = directory[at + 46 : at + 46 + names]
        if _MASK32 in (packed, size, offset):
            extra = directory[at + 46 + names : at + 46 + names + extras]
            size, packed, offset = _zip64(extra, name, size, packed, offset)
        return Entry(name, flags, method, crc, packed, size, offset)

    def read(self, entry: Entry, limit: int) -> bytes:
        """The whole entry, unpacked and checked; ArchiveError above ``limit`` bytes."""
        if entry.size > limit:
            raise ArchiveError(
                f"{_show(entry.name)} is {entry.size} bytes unpacked; the limit here is {limit}"
            )
        if entry.size > PIECE or entry.packed > PIECE:
            return b"".join(self.pieces(entry))
        start, head = self._begin(entry)
        packed = head[start : start + entry.packed]
        if len(packed) < entry.packed:
            packed = self._blob.read_at(entry.offset + start, entry.packed)
        data = self._unpack_small(entry, packed)
        _check(entry, len(data), zlib.crc32(data))
        return data

    def pieces(self, entry: Entry) -> Iterator[bytes]:
        """The entry's bytes in pieces of at most ``PIECE``; size and CRC are checked at the end."""
        start, _ = self._begin(entry)
        packed = self._packed(entry, entry.offset + start)
        if entry.method == STORED:
            unpacked = packed
        elif entry.method == DEFLATE:
            unpacked = _inflate(entry, packed)
        else:
            unpacked = self._unzstd(entry, packed)
        size = crc = 0
        for piece in unpacked:
            size += len(piece)
            crc = zlib.crc32(piece, crc)
            if size > entry.size:
                break
            yield piece
        _check(entry, size, crc)

    def _end(self) -> tuple[int, int, int]:
        """(entries, directory's length, directory's offset) from the end record, zip64 or not."""
        size = self._blob.size
        base = max(0, size - _END.size - _MASK16)
        tail = self._blob.read_at(base, size - base)
        at = tail.rfind(b"PK\x05\x06")
        while at >= 0:
            if len(tail) - at >= _END.size:
                _, disk, first, here, count, length, offset, comment = _END.unpack_from(tail, at)
                if at + _END.size + comment == len(tail):
                    break
            at = tail.rfind(b"PK\x05\x06", 0, at)
        else:
            raise ArchiveError("no end of a zip found", hint="The file is truncated or not a zip")
        end = base + at
        if _MASK16 in (count, here) or _MASK32 in (length, offset):
            record = (
                self._blob.read_at(end - _LOCATOR64.size, _LOCATOR64.size) if end >= _LOCATOR64.size else b""
            )
            if record[:4] == b"PK\x06\x07":
                end = _LOCATOR64.unpack(record)[2]
                record = self._blob.read_at(end, _END64.size)
                if len(record) < _END64.size or record[:4] != b"PK\x06\x06":
                    raise ArchiveError(
                        "the zip64 end record is not where the zip says", where=f"offset {end}"
                    )
                _, _, _, _, disk, first, here, count, length, offset = _END64.unpack(record)
        if disk or first or here != count:
            raise ArchiveError("the zip is split over several files", hint="Join it first")
        if offset + length > end:
            raise ArchiveError(
                "the zip's directory lies outside the file", hint="The file is truncated or altered"
            )
        return count, length, offset

    def _walk(self, count: int) -> array[int]:
        """Where each directory record begins. The records must fill the directory, and no two entries overlap."""
        directory, unpack = self._directory, _SPAN.unpack_from
        positions = array("I")
        append = positions.append
        at, last, free, ordered = 0, len(directory) - 46, 0, True
        while at <= last:
            signature, packed, name, extra, comment, offset = unpack(directory, at)
            if signature != b"PK\x01\x02":
                break
            append(at)
            if offset < free or _MASK32 in (packed, offset):
                ordered = False
            free = offset + 30 + name + packed
            at += 46 + name + extra + comment
        if at != len(directory) or len(positions) != count:
            raise ArchiveError(
                f"the zip's directory is damaged: {len(positions)} of {count} entries can be read",
                where=f"offset {self._start + at}",
            )
        if not ordered:
            self._check_overlaps(positions)
        return positions

    def _check_overlaps(self, positions: array[int]) -> None:
        """ArchiveError where two entries share bytes; for a directory that is not in order of offset."""
        spans = sorted((entry.offset, entry.packed, entry.name) for entry in map(self._entry, positions))
        for (offset, packed, name), (following, _, other) in pairwise(spans):
            if offset + 30 + len(name) + packed > following:
                raise ArchiveError(f"{_show(name)} and {_show(other)} overlap in the zip")

    def _search(self, name: bytes) -> list[int]:
        """The places in the directory that have this name, in order."""
        directory, positions, found = self._directory, self._positions, []
        at = directory.find(name)
        while at >= 0:
            index = bisect_left(positions, at - 46)
            if index < len(positions) and positions[index] == at - 46:
                length = int.from_bytes(directory[at - 18 : at - 16], "little")
                if length == len(name):
                    found.append(index)
            at = directory.find(name, at + 1)
        return found

    def _begin(self, entry: Entry) -> tuple[int, bytes]:
        """(where the packed bytes begin, from the entry's offset; the first bytes read from there)."""
        limits = self._limits
        self._unpacked += entry.size
        if entry.size > limits.entry or self._unpacked > limits.total:
            raise ArchiveError(
                f"{_show(entry.name)} would unpack to {entry.size} bytes, which is over the limit"
            )
        if entry.size > limits.free and entry.size > limits.ratio * entry.packed:
            raise ArchiveError(f"{_show(entry.name)} claims to unpack {entry.packed} bytes to {entry.size}")
        if entry.flags & 1:
            raise ArchiveError(f"{_show(entry.name)} is encrypted", hint="Save the log without a password")
        if entry.method not in (STORED, DEFLATE, ZSTD):
            raise ArchiveError(
                f"{_show(entry.name)} is packed with method {entry.method}, which troth does not read"
            )
        # the local name and extra field repeat the directory's in practice: guess their length, so that a
        # small entry takes one read
        head = self._blob.read_at(entry.offset, 30 + len(entry.name) + 64 + min(entry.packed, PIECE))
        if len(head) < 30 or head[:4] != b"PK\x03\x04":
            raise ArchiveError(
                f"{_show(entry.name)} does not begin where the directory says", where=f"offset {entry.offset}"
            )
        _, flags, method, crc, packed, size, names, extras = _LOCAL.unpack_from(head)
        start = 30 + names + extras
        if head[30 : 30 + names] != entry.name or method != entry.method:
            raise ArchiveError(
                f"{_show(entry.name)} has another name or method in its own header than in the directory"
            )
        told = not flags & 8 and _MASK32 not in (packed, size)  # bit 3: the sizes follow the data
        if told and (crc, packed, size) != (entry.crc, entry.packed, entry.size):
            raise ArchiveError(f"{_show(entry.name)} has other sizes in its own header than in the directory")
        if entry.offset + start + entry.packed > self._start:
            raise ArchiveError(
                f"{_show(entry.name)} runs into the zip's directory", hint="The file was altered"
            )
        return start, head

    def _packed(self, entry: Entry, offset: int) -> Iterator[bytes]:
        left = entry.packed
        while left:
            piece = self._blob.read_at(offset, min(left, _READ))
            if not piece:
                raise ArchiveError(f"the zip is truncated inside {_show(entry.name)}")
            offset += len(piece)
            left -= len(piece)
            yield piece

    def _unpack_small(self, entry: Entry, packed: bytes) -> bytes:
        """All of an entry whose packed and claimed sizes are small; never more than its size and one byte."""
        if entry.method == STORED:
            return packed
        if entry.method == DEFLATE:
            inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                return inflate.decompress(packed, entry.size + 1)
            except zlib.error as error:
                raise ArchiveError(f"{_show(entry.name)} is damaged: {error}") from error
        import zstandard  # noqa: PLC0415  (its import is dear, and most older logs are deflate)

        if self._zstd is None:
            self._zstd = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
        try:
            if zstandard.frame_content_size(packed) in (-1, entry.size):
                data = self._zstd.decompress(packed, max_output_size=entry.size + 1)
                if len(data) == entry.size:
                    return data
            return b"".join(self._unzstd(entry, iter((packed,))))  # several frames
        except zstandard.ZstdError as error:
            raise ArchiveError(f"{_show(entry.name)} is damaged: {error}") from error

    def _unzstd(self, entry: Entry, packed: Iterator[bytes]) -> Iterator[bytes]:
        import zstandard  # noqa: PLC0415  (as above)

        decoder = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
        left = entry.size + 1
        try:
            source = cast("IO[bytes]", _Source(packed))  # of a file it needs no more than read()
            with decoder.stream_reader(source, read_size=_READ, read_across_frames=True) as reader:
                while left > 0:
                    piece = reader.read(min(PIECE, left))
                    if not piece:
                        return
                    left -= len(piece)
                    yield piece
        except zstandard.ZstdError as error:
            raise ArchiveError(f"{_show(entry.name)} is damaged: {error}") from error


class _Source:
    """What zstandard reads packed bytes from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, _size: int) -> bytes:
        return next(self._pieces, b"")


def _inflate(entry: Entry, packed: Iterator[bytes]) -> Iterator[bytes]:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    left = entry.size + 1
    try:
        for piece in packed:
            waiting = piece
            while waiting and left > 0 and not inflate.eof:
                data = inflate.decompress(waiting, min(PIECE, left))
                waiting = inflate.unconsumed_tail
                left -= len(data)
                yield data
        while left > 0 and not inflate.eof:
            data = inflate.decompress(b"", min(PIECE, left))
            if not data:
                return
            left -= len(data)
            yield data
    except zlib.error as error:
        raise ArchiveError(f"{_show(entry.name)} is damaged: {error}") from error


def _check(entry: Entry, size: int, crc: int) -> None:
    if size != entry.size:
        more = "more" if size > entry.size else "less"
        raise ArchiveError(
            f"{_show(entry.name)} holds {more} than the {entry.size} bytes that the zip claims"
        )
    if crc != entry.crc:
        raise ArchiveError(
            f"{_show(entry.name)} does not fit its checksum", hint="The file was damaged: get it again"
        )


def _zip64(extra: bytes, name: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Sizes and offset from the zip64 extra field (APPNOTE 4.5.3), which holds only those that did not fit."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        field = extra[at + 4 : at + 4 + length]
        if tag == 1 and len(field) == length:
            values = [int.from_bytes(field[i : i + 8], "little") for i in range(0, len(field) - 7, 8)]
            wanted = [size, packed, offset]
            for i, value in enumerate(wanted):
                if value == _MASK32:
                    if not values:
                        break
                    wanted[i] = values.pop(0)
            else:
                return wanted[0], wanted[1], wanted[2]
        at += 4 + length
    raise ArchiveError(f"{_show(name)} lacks the zip64 sizes that it announces")


def _show(name: bytes) -> str:
    return ascii(name.decode("utf-8", "replace")[:120])
