"""Files as Blobs, their digests, and what a walk finds."""

import hashlib
import os

import pytest

from troth.errors import EvidenceError, InputError
from troth.readers.files import FileBlob, Hashing, Skipped, find


def test_a_file_is_its_bytes(tmp_path):
    (tmp_path / "a").write_bytes(bytes(range(200)))
    with FileBlob(tmp_path / "a") as blob:
        assert blob.size == 200
        assert blob.read_at(0, 10) == bytes(range(10))
        assert blob.read_at(190, 100) == bytes(range(190, 200))
        assert blob.read_at(500, 10) == b""
        with pytest.raises(InputError, match="cannot be read"):
            blob.read_at(1 << 70, 10)
        with pytest.raises(InputError, match="cannot be read"):
            blob.read_at(-1, 10)


def test_short_reads_are_made_whole(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(bytes(range(200)))
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, length, offset: pread(fd, min(length, 7), offset))
    with FileBlob(tmp_path / "a") as blob:
        assert blob.read_at(3, 100) == bytes(range(3, 103))
        assert blob.read_at(190, 100) == bytes(range(190, 200))


def test_what_cannot_be_opened_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        FileBlob(tmp_path / "none")
    with pytest.raises(InputError, match="not a regular file"):
        FileBlob(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a regular file"):
        FileBlob(tmp_path / "pipe")


def test_a_file_that_is_written_to_is_noticed(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    with FileBlob(path) as blob:
        blob.check_unchanged()
        path.write_bytes(b"three")
        with pytest.raises(EvidenceError, match="changed while it was read"):
            blob.check_unchanged()


@pytest.mark.parametrize("size", [0, 5, (1 << 20) * 2 + 1])
@pytest.mark.parametrize("started", [True, False])
def test_the_digest_is_of_the_whole_file(tmp_path, size, started):
    data = os.urandom(size)
    (tmp_path / "a").write_bytes(data)
    with FileBlob(tmp_path / "a") as blob:
        hashing = Hashing(blob)
        if started:
            hashing.start()
            hashing.start()
        assert hashing.digest() == hashing.digest() == "sha256:" + hashlib.sha256(data).hexdigest()
        hashing.stop()


def test_a_failure_while_hashing_is_told_by_the_digest(tmp_path):
    (tmp_path / "a").write_bytes(b"data")
    with FileBlob(tmp_path / "a") as blob:
        hashing = Hashing(blob)
        blob.read_at = None  # replaced below: a disk that fails

        def failing(offset, length):
            raise InputError("cannot be read: Input/output error", where="a")

        blob.read_at = failing
        hashing.start()
        with pytest.raises(InputError, match="Input/output error"):
            hashing.digest()


def test_a_walk_is_sorted_and_leaves_nothing_out_silently(tmp_path):
    outside = tmp_path / "outside.eval"
    outside.write_bytes(b"")
    logs = tmp_path / "logs"
    for name in ("b/2.eval", "b/1.eval", "a.eval", ".git/x", "c/.hidden"):
        (logs / name).parent.mkdir(parents=True, exist_ok=True)
        (logs / name).write_bytes(b"")
    (logs / "link.eval").symlink_to(outside)
    (logs / "loop").symlink_to(logs)
    found = list(find([logs]))
    assert [item.relative_to(logs).as_posix() for item in found if not isinstance(item, Skipped)] == [
        "a.eval",
        "b/1.eval",
        "b/2.eval",
        "c/.hidden",
    ]
    skipped = {os.path.relpath(item.path, logs): item for item in found if isinstance(item, Skipped)}
    assert {name: item.kind for name, item in skipped.items()} == {
        ".git": "foreign",
        "link.eval": "unreadable",
        "loop": "unreadable",
    }
    assert "symbolic link" in skipped["loop"].reason


def test_a_path_that_is_named_is_taken_once_also_through_a_link(tmp_path):
    real = tmp_path / "real.eval"
    real.write_bytes(b"")
    link = tmp_path / "link.eval"
    link.symlink_to(real)
    assert list(find([link])) == [link]
    assert list(find([str(real), link, tmp_path])) == [
        real,
        Skipped(path=str(link), kind="unreadable", reason="a symbolic link; name it to have it read"),
    ]
    with pytest.raises(InputError, match="no such file or folder"):
        list(find([tmp_path / "none"]))


def test_the_working_folder_and_its_parts_are_walked_once(tmp_path, monkeypatch):
    for name in ("x", ".x", "sub/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    names = [str(path) for path in find([".", "sub", tmp_path, "x"])]
    assert names == [".x", "sub/x", "x"]


def test_a_folder_that_cannot_be_listed_is_skipped(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    (skipped,) = find([tmp_path])
    assert (skipped.kind, skipped.reason) == ("unreadable", "cannot be listed: Permission denied")
