"""Zips: what we read agrees with the standard library; what lies, is cut or swells is refused."""

import contextlib
import io
import zipfile
import zlib

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from troth.errors import ArchiveError
from troth.measurement import archive as module
from troth.measurement.archive import Archive, Limits

BIG = b"".join(b"%d," % i for i in range(400_000))  # 2.7 MB: read in pieces


def everything(archive, limit=1 << 30):
    return {archive.at(i).name: archive.read(archive.at(i), limit) for i in range(len(archive))}


@pytest.mark.parametrize("method", [0, 8, 93])
@pytest.mark.parametrize("descriptor", [False, True])
@pytest.mark.parametrize("zip64", [False, True])
def test_every_method_small_and_large_gives_its_bytes(new_zip, memory, method, descriptor, zip64):
    made = new_zip()
    made.add("empty", b"", method, zip64=zip64, descriptor=descriptor)
    made.add("small", b"some bytes", method, zip64=zip64, descriptor=descriptor)
    made.add("large", BIG, method, zip64=zip64, descriptor=descriptor)
    archive = Archive(memory(made.bytes(zip64=zip64, comment=b"PK\x05\x06 is no end here")))
    assert everything(archive) == {b"empty": b"", b"small": b"some bytes", b"large": BIG}
    assert list(archive.names()) == [b"empty", b"small", b"large"] == [archive.name(i) for i in range(3)]
    pieces = list(archive.pieces(archive.find(b"large")))
    assert b"".join(pieces) == BIG
    assert max(map(len, pieces)) <= module.PIECE


# no NUL (zipfile ends a name there), and no comment that looks like an end record (it gets lost in one)
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=20)


@given(
    st.dictionaries(NAMES, st.binary(max_size=3000), max_size=12),
    st.booleans(),
    st.binary(max_size=50).filter(lambda comment: b"PK" not in comment),
)
@settings(max_examples=60)
def test_agrees_with_the_standard_library(memory, contents, deflate, comment):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED) as made:
        for name, data in contents.items():
            made.writestr(name, data)
        made.comment = comment
    with zipfile.ZipFile(buffer) as made:
        expected = {name.encode(): made.read(name) for name in made.namelist()}
    archive = Archive(memory(buffer.getvalue()))
    assert len(archive) == len(expected)
    assert everything(archive) == expected
    for name, data in expected.items():
        assert archive.read(archive.find(name), 1 << 20) == data
    assert archive.find(b"no such name, and longer than any") is None


def test_a_name_that_is_part_of_another_is_not_found(new_zip, memory):
    archive = Archive(memory(new_zip().add("a/header.json", b"1").add("header.json.bak", b"2").bytes()))
    assert archive.find(b"header.json") is None
    assert archive.find(b"header.json.bak").size == 1


def test_deflated_bytes_that_end_at_the_edge_of_a_piece(new_zip, memory):
    for more in range(0, 300, 7):
        data = bytes(module.PIECE + more)
        archive = Archive(memory(new_zip().add("a", data).bytes()))
        assert archive.read(archive.at(0), 1 << 30) == data


def test_an_entry_whose_own_header_is_long(new_zip, memory):
    made = new_zip().add("a", b"some bytes", 0)
    at = made.body.index(b"some bytes")
    made.body = made.body[:28] + (500).to_bytes(2, "little") + made.body[30:at] + bytes(500) + made.body[at:]
    assert everything(Archive(memory(made.bytes()))) == {b"a": b"some bytes"}


def test_bytes_that_no_entry_names_are_allowed(new_zip, memory):
    made = new_zip().add("a", b"first")
    made.body += b"left over by a program that appends"
    assert everything(Archive(memory(made.add("b", b"second").bytes()))) == {b"a": b"first", b"b": b"second"}


def test_zstd_in_several_frames_and_without_a_content_size(new_zip, memory):
    frames = zstandard.ZstdCompressor().compress(b"one ") + zstandard.ZstdCompressor().compress(b"two")
    streamed = zstandard.ZstdCompressor(write_content_size=False).compress(b"three")
    made = new_zip().add("frames", b"one two", 93, raw=frames).add("streamed", b"three", 93, raw=streamed)
    assert everything(Archive(memory(made.bytes()))) == {b"frames": b"one two", b"streamed": b"three"}


def test_a_directory_out_of_order_is_read(new_zip, memory):
    made = new_zip().add("a", b"first").add("b", b"second")
    half = len(made.directory) // 2
    made.directory = made.directory[half:] + made.directory[:half]
    assert everything(Archive(memory(made.bytes()))) == {b"a": b"first", b"b": b"second"}


def test_a_truncated_zip_is_refused_wherever_it_ends(new_zip, memory):
    whole = new_zip().add("a", b"some bytes" * 20).add("b", b"more", 0).bytes()
    for end in range(len(whole)):
        with pytest.raises(ArchiveError):
            Archive(memory(whole[:end]))


def test_a_directory_that_cannot_be_read_whole_is_noticed(new_zip, memory):
    class Short(memory):
        def read_at(self, offset, length):
            return super().read_at(offset, length)[: 20 if length == 94 else None]

    with pytest.raises(ArchiveError, match="directory is cut short"):
        Archive(Short(new_zip().add("a", b"1").add("b", b"2").bytes()))


def test_a_file_that_shrinks_while_it_is_read_is_noticed(new_zip, memory):
    blob = memory(new_zip().add("a", BIG, 0).add("b", b"small", 0).bytes())
    archive = Archive(blob)
    blob.data = blob.data[:2_000_000]
    with pytest.raises(ArchiveError, match="truncated inside 'a'"):
        archive.read(archive.at(0), 1 << 30)
    with pytest.raises(ArchiveError, match="does not begin"):
        archive.read(archive.at(1), 1 << 30)


LIES = {
    "smaller than it is": (lambda data: {"size": len(data) - 3}, "holds more"),
    "larger than it is": (lambda data: {"size": len(data) + 3}, "holds less"),
    "another checksum": (lambda _: {"crc": 1}, "checksum"),
    "a method nobody knows": (lambda _: {"method": 12}, "method 12"),
    "encrypted": (lambda _: {"flags": 1}, "encrypted"),
    "another name in place": (lambda _: {"local": {"name": b"A"}}, "another name"),
    "another method in place": (lambda _: {"local": {"method": 12}}, "another name or method"),
    "another size in place": (lambda _: {"local": {"size": 7}}, "other sizes"),
    "inside another entry": (lambda _: {"offset": 3}, "does not begin"),
    "beyond the file": (lambda _: {"offset": 1 << 30}, "does not begin"),
    "longer than the file": (lambda data: {"packed": len(data) + 1000}, "runs into"),
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("data", [b"ten bytes!" * 2, BIG], ids=["small", "large"])
@pytest.mark.parametrize("method", [0, 8, 93])
def test_a_zip_that_lies_about_an_entry_is_refused(new_zip, memory, lie, data, method):
    lies, says = LIES[lie]
    archive = Archive(memory(new_zip().add("a", data, **{"method": method} | lies(data)).bytes()))
    entry = archive.at(0)
    with pytest.raises(ArchiveError, match=says):
        archive.read(entry, 1 << 30)
    with pytest.raises(ArchiveError, match=says):
        list(archive.pieces(entry))


@pytest.mark.parametrize("method", [8, 93])
@pytest.mark.parametrize("data", [b"ten bytes!" * 20, BIG], ids=["small", "large"])
def test_damaged_packed_bytes_are_refused(new_zip, memory, method, data):
    made = new_zip().add("a", data, method, raw=b"\xff" * 60)
    archive = Archive(memory(made.bytes()))
    with pytest.raises(ArchiveError, match=r"damaged|holds less"):
        archive.read(archive.at(0), 1 << 30)


@pytest.mark.parametrize("method", [0, 8, 93])
def test_no_entry_yields_more_than_it_claims(new_zip, memory, method):
    archive = Archive(memory(new_zip().add("a", BIG, method, size=1_500_000).bytes()))
    given = []
    with pytest.raises(ArchiveError, match="holds more"):
        given.extend(archive.pieces(archive.at(0)))
    assert sum(map(len, given)) <= 1_500_000


def test_overlapping_entries_are_refused(new_zip, memory):
    made = new_zip().add("a", b"first bytes", 0).add("b", b"second", 0, offset=0)
    with pytest.raises(ArchiveError, match="overlap"):
        Archive(memory(made.bytes()))
    made = new_zip().add("a", b"first bytes", 0, zip64=True).add("b", b"second", 0, zip64=True, offset=12)
    with pytest.raises(ArchiveError, match="'a' and 'b' overlap"):
        Archive(memory(made.bytes()))


def test_a_name_there_twice_is_refused_when_it_is_asked_for(new_zip, memory):
    archive = Archive(memory(new_zip().add("a", b"1").add("b", b"2").add("a", b"3").bytes()))
    with pytest.raises(ArchiveError, match="2 entries named 'a'"):
        archive.find(b"a")
    assert archive.find(b"b").size == 1


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"count": 1}, "directory is damaged"),
        ({"count": 3}, "directory is damaged"),
        ({"length": 20}, "directory is damaged"),
        ({"offset": 1 << 31}, "outside the file"),
        ({"disk": 1}, "split over several"),
        ({"zip64": True, "end64": 0}, "zip64 end record"),
        ({"zip64": True, "end64": 1 << 62}, "zip64 end record"),
        ({"zip64": True, "length": 1 << 63}, "outside the file"),
    ],
    ids=str,
)
def test_an_end_record_that_lies_is_refused(new_zip, memory, told, says):
    with pytest.raises(ArchiveError, match=says):
        Archive(memory(new_zip().add("a", b"1").add("b", b"2").bytes(**told)))


def test_sizes_announced_for_zip64_and_not_given_are_refused(new_zip, memory):
    made = new_zip().add("a", b"1")
    made.directory = made.directory[:20] + b"\xff" * 8 + made.directory[28:]
    with pytest.raises(ArchiveError, match="zip64 sizes"):
        Archive(memory(made.bytes()))
    made = new_zip().add("a", b"1", zip64=True)
    made.directory = made.directory.replace(b"\x01\x00\x18\x00", b"\x01\x00\x08\x00")
    with pytest.raises(ArchiveError, match="zip64 sizes"):
        Archive(memory(made.bytes()))


def test_a_bomb_meets_the_limits(new_zip, memory):
    nothing = bytes(1 << 22)
    made = new_zip().add("a", nothing, 93).add("b", nothing, 93)
    swelling = Archive(memory(made.bytes()), Limits(ratio=100, free=1 << 20))
    with pytest.raises(ArchiveError, match="claims to unpack"):
        swelling.read(swelling.at(0), 1 << 30)
    large = Archive(memory(made.bytes()), Limits(entry=1 << 20))
    with pytest.raises(ArchiveError, match="over the limit"):
        large.read(large.at(0), 1 << 30)
    archive = Archive(memory(made.bytes()), Limits(total=6 << 20))
    archive.read(archive.at(0), 1 << 30)
    with pytest.raises(ArchiveError, match="over the limit"):
        archive.read(archive.at(1), 1 << 30)
    with pytest.raises(ArchiveError, match="the limit here is 1000"):
        Archive(memory(made.bytes())).read(archive.at(0), 1000)
    with pytest.raises(ArchiveError, match=r"directory is \d+ bytes long; the limit"):
        Archive(memory(made.bytes()), Limits(directory=10))


def test_a_zstd_window_beyond_the_recommended_is_refused(new_zip, memory):
    frame = (
        bytes.fromhex("28b52ffd") + bytes([0x00, (40 - 10) << 3]) + bytes.fromhex("010000")
    )  # a window of 2^40
    archive = Archive(memory(new_zip().add("a", b"", 93, raw=frame, size=3, local={"size": 3}).bytes()))
    with pytest.raises(ArchiveError, match="damaged"):
        archive.read(archive.at(0), 1000)


@given(st.data())
@settings(max_examples=300)
def test_altered_zips_give_checked_bytes_or_an_archive_error(new_zip, memory, data):
    contents = {b"one": b"some bytes" * 30, b"two": bytes(range(256)), b"three": b"x" * 5000}
    made = new_zip()
    for (name, value), method in zip(contents.items(), (0, 8, 93), strict=True):
        made.add(name, value, method)
    whole = bytearray(made.bytes(zip64=data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        archive = Archive(memory(bytes(whole)))
        for entry in map(archive.at, range(len(archive))):
            value = archive.read(entry, 1 << 30)
            assert (len(value), zlib.crc32(value)) == (entry.size, entry.crc)
    except ArchiveError:
        pass


@given(st.binary(max_size=300))
def test_noise_is_an_archive_error(memory, noise):
    with contextlib.suppress(ArchiveError):
        everything(Archive(memory(noise)))
