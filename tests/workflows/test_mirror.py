"""Mirrors: again, grown, forked, rolled back, interrupted, of mirrors, of exports; and nothing of a bad one is kept."""

import json
import shutil
import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from troth.errors import AbsentError, InputError, LogInconsistentError, StorageError, TileError, TrothError
from troth.log import Checkpoint, sign_checkpoint
from troth.readers.logdir import LogDir
from troth.statements.payloads import Guideline
from troth.workflows import mirror as mirrors
from troth.workflows.mirror import Held, mirror, tile

pytestmark = pytest.mark.network


def files(folder):
    """Every file below a folder, hidden ones too, with its bytes."""
    return {
        str(each.relative_to(folder)): each.read_bytes()
        for each in sorted(folder.rglob("*"))
        if each.is_file()
    }


@pytest.fixture
def copy(tmp_path):
    """Mirror a folder into another; gives what `mirror` says."""
    return lambda source, target, vkey: mirror(LogDir(source), LogDir(target), vkey)


def test_twice_is_once(copy, tile_log, tmp_path):
    log = tile_log()
    source = log.write(tmp_path / "source", 300)
    first = copy(source, tmp_path / "m", log.vkey)
    assert (first.size, first.fetched, first.kept) == (300, 5, 0)
    before = files(tmp_path / "m")
    again = copy(source, tmp_path / "m", log.vkey)
    assert (again.size, again.fetched, again.kept) == (300, 0, 5)
    assert files(tmp_path / "m") == before == files(source)


def test_a_log_that_grew(copy, tile_log, tmp_path):
    log = tile_log()
    copy(log.write(tmp_path / "small", 40), tmp_path / "m", log.vkey)
    grown = log.write(tmp_path / "large", 600)
    done = copy(grown, tmp_path / "m", log.vkey)
    assert done.size == 600
    assert files(grown).items() <= files(tmp_path / "m").items()


@pytest.mark.parametrize("size", [40, 41, 300, 600])
def test_a_fork_leaves_the_mirror_as_it_was(copy, tile_log, tmp_path, size):
    honest, forked = tile_log(), tile_log("!")
    copy(honest.write(tmp_path / "honest", 40), tmp_path / "m", honest.vkey)
    before = files(tmp_path / "m")
    with pytest.raises(LogInconsistentError) as raised:
        copy(forked.write(tmp_path / "forked", size), tmp_path / "m", honest.vkey)
    assert raised.value.where
    assert files(tmp_path / "m") == before, (
        "no file of the fork is left, or the true log could not be fetched"
    )
    assert copy(honest.write(tmp_path / "later", 600), tmp_path / "m", honest.vkey).size == 600


def test_a_log_that_was_rolled_back(copy, tile_log, tmp_path):
    log = tile_log()
    copy(log.write(tmp_path / "large", 300), tmp_path / "m", log.vkey)
    before = files(tmp_path / "m")
    with pytest.raises(LogInconsistentError, match="shows 40 entries, and this mirror has 300"):
        copy(log.write(tmp_path / "small", 40), tmp_path / "m", log.vkey)
    assert files(tmp_path / "m") == before


@pytest.mark.parametrize("path", ["tile/0/000", "tile/entries/001.p/44", "tile/1/000.p/1"])
def test_a_source_that_was_tampered_with(copy, tile_log, tmp_path, path):
    log = tile_log()
    source = log.write(tmp_path / "source", 300)
    good = (source / path).read_bytes()
    (source / path).write_bytes(bytes([good[0] ^ 1]) + good[1:])
    with pytest.raises(TrothError) as raised:
        copy(source, tmp_path / "m", log.vkey)
    assert path in raised.value.where
    assert not files(tmp_path / "m")
    (source / path).write_bytes(good)
    assert copy(source, tmp_path / "m", log.vkey).size == 300


class Breaking:
    """A source that breaks off after some files."""

    def __init__(self, folder, after):
        self.folder, self.left = LogDir(folder), after

    def get(self, path):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return self.folder.get(path)


def test_an_interrupted_copy_goes_on(tile_log, tmp_path):
    log = tile_log()
    source = log.write(tmp_path / "source", 600)
    with pytest.raises(KeyboardInterrupt):
        mirror(Breaking(source, 4), LogDir(tmp_path / "m"), log.vkey)
    assert not (tmp_path / "m/checkpoint").exists()
    told = []
    done = mirror(LogDir(source), LogDir(tmp_path / "m"), log.vkey, lambda *each: told.append(each))
    assert (done.fetched, done.kept) == (4, 3)
    assert told[-1] == (7, 7)
    assert files(tmp_path / "m") == files(source)


@pytest.mark.parametrize("size", [10**9, 10**12, 2**63 - 1])
def test_a_size_that_nobody_has_costs_nothing(tile_log, tmp_path, size):
    log = tile_log()
    signed = sign_checkpoint(Checkpoint("log.example/tiles", size, b"r" * 32), log.signer)
    asked = []

    class Boasting:
        """A source with a checkpoint and no tiles."""

        def get(self, path):
            asked.append(path)
            if path == "checkpoint":
                return signed
            raise AbsentError("not there", where=path)

    tracemalloc.start()
    try:
        with pytest.raises(AbsentError):
            mirror(Boasting(), LogDir(tmp_path / "m"), log.vkey)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20
    assert asked == ["checkpoint", "tile/0/000"]
    assert not files(tmp_path / "m")


@given(st.integers(0, 2**18))
@example(0)
@example(256)
@example(257)
@example(256**2)
@example(256**2 + 1)
def test_tiles_are_counted_without_listing_them(size):
    assert mirrors._count(size) == sum(1 for _ in mirrors._tiles(size))


def test_leftovers_of_a_fork_that_was_interrupted_are_not_taken_over(tile_log, tmp_path):
    honest, forked = tile_log(), tile_log("!")
    with pytest.raises(KeyboardInterrupt):
        mirror(Breaking(forked.write(tmp_path / "forked", 90), 2), LogDir(tmp_path / "m"), honest.vkey)
    source = honest.write(tmp_path / "honest", 40)
    mirror(LogDir(source), LogDir(tmp_path / "m"), honest.vkey)
    assert files(tmp_path / "m") == files(source)


@pytest.mark.parametrize("words", [b"<html>", b"{}", b"\xff"])
def test_pages_under_the_names_of_words_are_not_kept(copy, tile_log, tmp_path, words):
    log = tile_log()
    source = log.write(tmp_path / "source", 10)
    for name in ("trust.json", "log.json"):
        (source / name).write_bytes(words)
    copy(source, tmp_path / "m", log.vkey)
    assert not (tmp_path / "m/trust.json").exists()
    assert (tmp_path / "m/log.json").exists() == (words == b"{}")


def test_a_trust_file_that_names_another_log(copy, tile_log, simulated, tmp_path):
    log = tile_log()
    source = log.write(tmp_path / "source", 10)
    (source / "trust.json").write_bytes(simulated.SimLog().trust.to_bytes())
    with pytest.raises(LogInconsistentError, match="another log or key"):
        copy(source, tmp_path / "m", log.vkey)
    assert not files(tmp_path / "m")


@pytest.fixture
def blobbed(simulated, tile_log, tmp_path):
    """A log of statements one of which travels beside its entry."""
    sim = simulated.SimLog()
    sim.clock(hours=1)
    sim.enrol("lab")
    catalog = {"catalog": {"uuid": "x", "pad": ["long text"] * 9000}}
    record = Guideline(id="g", version="1", title="G", catalog=catalog, digest="sha256:" + 64 * "0")
    sim.say("lab", record, subject="https://lab.example")
    assert sim.blobs
    log = tile_log()
    log.entry = lambda index: sim.entries[index]
    log.write(tmp_path / "source", len(sim.entries))
    name, data = next(iter(sim.blobs.items()))
    path = f"blob/sha256/{name.removeprefix('sha256:')}"
    log.put(tmp_path / "source", path, data)
    return tmp_path / "source", log.vkey, path


def test_payloads_beside_their_entries_come_along(copy, blobbed, tmp_path):
    source, vkey, path = blobbed
    done = copy(source, tmp_path / "m", vkey)
    assert (done.blobs, done.missing_blobs) == (1, ())
    assert (tmp_path / "m" / path).read_bytes() == (source / path).read_bytes()
    assert copy(source, tmp_path / "m", vkey).blobs == 0
    found = list(mirrors.entries(LogDir(tmp_path / "m"), done.size))
    assert len(mirrors.load_blobs(LogDir(tmp_path / "m"), found)) == 1


def test_a_payload_that_is_missing_is_named(copy, blobbed, tmp_path):
    source, vkey, path = blobbed
    (source / path).unlink()
    done = copy(source, tmp_path / "m", vkey)
    assert [each.removeprefix("sha256:") for each in done.missing_blobs] == [path.rpartition("/")[2]]
    found = list(mirrors.entries(LogDir(tmp_path / "m"), done.size))
    assert mirrors.load_blobs(LogDir(tmp_path / "m"), found) == {}


def test_a_payload_of_other_bytes_is_refused(copy, blobbed, tmp_path):
    source, vkey, path = blobbed
    (source / path).write_bytes(b"other")
    with pytest.raises(LogInconsistentError) as raised:
        copy(source, tmp_path / "m", vkey)
    assert raised.value.where == path
    assert not files(tmp_path / "m")
    size = mirrors.check(LogDir(source), vkey).size
    assert mirrors.load_blobs(LogDir(source), list(mirrors.entries(LogDir(source), size))) == {}


# ---- with a hub -----------------------------------------------------------------------------------------


def test_of_a_hub_of_a_mirror_and_of_an_export(troth, story, tmp_path):
    given = ["--trust", story.trust]
    assert troth("log", "mirror", story.url, tmp_path / "one", *given).code == 0
    assert troth("log", "mirror", tmp_path / "one", tmp_path / "two", *given).code == 0
    assert files(tmp_path / "one") == files(tmp_path / "two"), "a mirror of a mirror is the same bytes"
    exported = troth("log", "export", tmp_path / "export", "--data", story.file("hub"), "--json")
    assert exported.code == 0
    assert exported.json["size"] == troth("log", "check", tmp_path / "export", *given, "--json").json["size"]
    assert troth("log", "mirror", tmp_path / "export", tmp_path / "three", *given).code == 0
    words = {"log.json", "trust.json"}
    three, one = files(tmp_path / "three"), files(tmp_path / "one")
    assert {k: v for k, v in three.items() if k not in words} == {
        k: v for k, v in one.items() if k not in words
    }


def test_the_demos_mirror_is_brought_up_to_date(troth, story, tmp_path):
    """Other tests register with the story's hub; this one makes sure of one entry more."""
    shutil.copytree(story.file("mirror"), tmp_path / "m")
    release = tmp_path / "release.json"
    release.write_text(json.dumps(json.loads(story.file("release.json").read_bytes()) | {"note": "to grow"}))
    key = story.file("keys/developer.key")
    assert troth("sign", release, "--key", key, "--issuer", "https://lab.example").code == 0
    sent = ["register", tmp_path / "release.cose", "--hub", story.url, "--trust", story.trust]
    assert troth(*sent).code == 0
    done = troth("log", "mirror", story.url, tmp_path / "m", "--trust", story.trust, "--json")
    assert done.code == 0
    assert done.json["size"] > 11


def test_an_export_does_not_mix_logs(troth, story, tile_log, tmp_path):
    other = tile_log().write(tmp_path / "other", 10)
    before = files(other)
    done = troth("log", "export", other, "--data", story.file("hub"), "--json")
    assert (done.code, done.json["error"]["code"]) == (5, "storage")
    assert files(other) == before
    none = troth("log", "export", tmp_path / "x", "--data", tmp_path / "nothing", "--json")
    assert (none.code, none.json["error"]["code"]) == (4, "absent")


# ---- the folder -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["../secret", "tile/../../secret", "a/./b", "a//b", "", "/", "a\0b", "a\\b", "..", "tile/.."]
)
def test_paths_that_leave_the_folder(tmp_path, path):
    (tmp_path / "secret").write_text("s")
    log = LogDir(tmp_path / "log")
    log.put("tile/0/000", b"x")
    for call in (
        lambda: log.get(path),
        lambda: log.has(path),
        lambda: log.put(path, b"y"),
        lambda: log.files(path),
    ):
        with pytest.raises(InputError, match="leaves"):
            call()
    assert (tmp_path / "secret").read_text() == "s"


def test_an_absolute_path_is_taken_below_the_folder(tmp_path):
    log = LogDir(tmp_path / "log")
    with pytest.raises(TileError):
        log.get("/etc/passwd")
    log.put("/tile/0/000", b"x")
    assert (tmp_path / "log/tile/0/000").read_bytes() == b"x"


def test_links_that_leave_the_folder(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/checkpoint").write_text("s")
    (tmp_path / "log").mkdir()
    (tmp_path / "log/tile").symlink_to(tmp_path / "outside")
    (tmp_path / "log/checkpoint").symlink_to("../outside/checkpoint")
    (tmp_path / "log/same").symlink_to("inner")
    (tmp_path / "log/inner").write_bytes(b"x")
    log = LogDir(tmp_path / "log")
    for path in ("tile/checkpoint", "checkpoint"):
        with pytest.raises(InputError, match="leaves"):
            log.get(path)
        with pytest.raises(InputError, match="leaves"):
            log.put(path, b"y")
    assert (tmp_path / "outside/checkpoint").read_text() == "s"
    assert log.get("same") == b"x"
    (tmp_path / "linked").symlink_to(tmp_path / "log")
    assert LogDir(tmp_path / "linked").get("inner") == b"x", "the folder itself may be reached through a link"


def test_what_cannot_be_read_or_written(tmp_path):
    log = LogDir(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        log.put("file/below", b"x")
    with pytest.raises(TileError):
        log.get("file/below")
    with pytest.raises(InputError):
        log.get("n" * 300)
    assert not log.has("n" * 300)
    with pytest.raises(StorageError):
        log.put("n" * 300, b"x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(TileError):
        log.get("folder")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder"]


def test_files_and_adopting(tmp_path):
    one, two = LogDir(tmp_path / "one"), LogDir(tmp_path / "two")
    one.put("a/b", b"1")
    one.put("a/c", b"2")
    assert one.files("a") == ["a/b", "a/c"]
    two.put("a", b"in the way")
    with pytest.raises(StorageError):
        two.adopt(one, ["a/b"])
    one.clear()
    assert not one.has("a/b")


def test_a_tile_in_whatever_width_is_left(tile_log, tmp_path):
    log = tile_log()
    source = LogDir(log.write(tmp_path / "log", 300))
    assert tile(source, 0, 0, 7) == source.get("tile/0/000")[: 32 * 7]
    with pytest.raises(TileError, match="no such file") as raised:
        tile(source, 0, 1, 7)
    assert raised.value.where.endswith("tile/0/001.p/7"), "the one that was asked for is named"
    with pytest.raises(TileError):
        tile(source, 0, 5, 256)
    held = Held(source)
    assert held.get("checkpoint") is held.get("checkpoint")
