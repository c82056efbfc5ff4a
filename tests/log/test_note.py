"""Signed notes and checkpoints: published examples, what must be refused, and attacks."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.cose import PrivateKey
from troth.errors import CheckpointError, NoteError, SignatureError
from troth.log import (
    ED25519_COSIGNATURE,
    Checkpoint,
    Note,
    NoteKey,
    NoteSignature,
    cosign_note,
    open_checkpoint,
    parse_checkpoint,
    parse_note,
    parse_vkey,
    sign_checkpoint,
    sign_note,
    verify_note,
)

# the example of the signed-note format that all its implementations share
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
SUMDB = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

LOG = PrivateKey.ed25519(b"L" * 32)
LOG_KEY = NoteKey.of("log.example", LOG)
WITNESS = PrivateKey.ed25519(b"W" * 32)
WITNESS_KEY = NoteKey.of("witness.example/w1", WITNESS, ED25519_COSIGNATURE)
CHECKPOINT = Checkpoint("log.example", 7, bytes(range(32)))
SIGNED = sign_checkpoint(CHECKPOINT, LOG)


def test_the_shared_example():
    key = parse_vkey(NEUMANN)
    assert key.vkey == NEUMANN
    note = parse_note((TEXT + "\n" + LINE).encode())
    assert note.text == TEXT
    assert note.signatures[0].line == LINE
    assert note.encode() == (TEXT + "\n" + LINE).encode()
    assert [found.key for found in verify_note(note, [key])] == [key]


def test_a_vkey_whose_base64_holds_a_plus_sign():
    key = parse_vkey(SUMDB)
    assert key.name == "sum.golang.org"
    assert len(key.public) == 32
    assert key.vkey == SUMDB


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+c74f20a3",
        NEUMANN.replace("c74f20a3", "c74f20a4"),
        NEUMANN.replace("c74f20a3", "C74F20A3"),
        NEUMANN.replace("c74f20a3", "c74f20a"),
        NEUMANN.replace("PeterNeumann", "Peter Neumann"),
        NEUMANN.replace("PeterNeumann", ""),
        NEUMANN.replace("PeterNeumann", "PeterNeumannn"),
        NEUMANN[:-1],
        NEUMANN + "=",
        NEUMANN[:-4] + "10TX",
        "PeterNeumann+c74f20a3+AQ==",
        "PeterNeumann+c74f20a3+",
        "PeterNeumann+c74f20a3+!!!!",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q=",
    ],
)
def test_vkeys_that_are_none(text):
    with pytest.raises(NoteError):
        parse_vkey(text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"text\n",
        b"text\n\n",
        b"text\n\nno signature\n",
        ("text\n\n" + LINE[:-1]).encode(),
        ("text\n" + LINE).encode(),
        ("text\n\n" + LINE + "\n").encode(),
        ("text\n\n" + LINE + "more\n").encode(),
        ("te\0xt\n\n" + LINE).encode(),
        ("te\rxt\n\n" + LINE).encode(),
        ("te\txt\n\n" + LINE).encode(),
        b"te\xffxt\n\n" + LINE.encode(),
        ("text\n\n" + LINE.replace("— ", "- ")).encode(),
        ("text\n\n" + LINE.replace("— ", "—")).encode(),
        ("text\n\n" + LINE.replace(" x08", "  x08")).encode(),
        "text\n\n— name AAAAAA==\n".encode(),
        "text\n\n— name AAAAAAB=\n".encode(),
        "text\n\n— na+me AAAAAAAA\n".encode(),
        ("text\n\n" + LINE * 101).encode(),
        b"x" * 1_000_001,
    ],
)
def test_notes_that_are_none(data):
    with pytest.raises(NoteError):
        parse_note(data)


def test_a_note_may_hold_blank_lines_and_is_split_at_the_last():
    text = "one\n\ntwo\n\n"
    signed = Note(text, (sign_note(text, "log.example", LOG),)).encode()
    note = parse_note(signed)
    assert note.text == text
    assert len(verify_note(note, [LOG_KEY])) == 1


def test_unknown_keys_are_passed_over_and_known_ones_must_fit():
    good = sign_note(TEXT, "log.example", LOG)
    strangers = tuple(NoteSignature("stranger", bytes([n] * 4), bytes(64)) for n in range(16))
    note = Note(TEXT, (*strangers, good))
    assert [found.key for found in verify_note(note, [LOG_KEY])] == [LOG_KEY]
    assert verify_note(note, []) == []
    for bad in (
        NoteSignature("log.example", LOG_KEY.key_id, bytes(64)),
        NoteSignature("log.example", LOG_KEY.key_id, b"x"),
    ):
        with pytest.raises(SignatureError, match=r"log\.example"):
            verify_note(Note(TEXT, (good, bad)), [LOG_KEY])


def test_a_key_of_an_unknown_type_is_read_and_passed_over():
    key = NoteKey("witness.example", 6, bytes(1312))
    assert parse_vkey(key.vkey) == key
    assert not key.supported
    note = Note(TEXT, (NoteSignature("witness.example", key.key_id, bytes(2428)),))
    assert verify_note(note, [key]) == []
    with pytest.raises(SignatureError, match="not of a type"):
        key.verify(TEXT, bytes(72))


def test_a_cosignature_has_a_time():
    note = Note(CHECKPOINT.text, (cosign_note(CHECKPOINT.text, WITNESS_KEY.name, WITNESS, 1_795_000_000),))
    (found,) = verify_note(parse_note(note.encode()), [WITNESS_KEY])
    assert (found.key, found.time) == (WITNESS_KEY, 1_795_000_000)


def test_a_cosignature_with_its_time_moved():
    made = cosign_note(CHECKPOINT.text, WITNESS_KEY.name, WITNESS, 1_795_000_000)
    moved = NoteSignature(made.name, made.key_id, (1_795_000_001).to_bytes(8, "big") + made.signature[8:])
    for bad in (moved, NoteSignature(made.name, made.key_id, made.signature[8:])):
        with pytest.raises(SignatureError):
            verify_note(Note(CHECKPOINT.text, (bad,)), [WITNESS_KEY])


def test_what_cannot_be_signed():
    for text in ("no newline", "", "tab\t\n"):
        with pytest.raises(NoteError):
            sign_note(text, "log.example", LOG)
        with pytest.raises(NoteError):
            Note(text, ()).encode()
    with pytest.raises(NoteError, match="Ed25519"):
        sign_note(TEXT, "log.example", PrivateKey.es256(b"\1" * 32))
    for name in ("", "a b", "a+b", "a\nb", "a\x01b"):
        with pytest.raises(NoteError):
            sign_note(TEXT, name, LOG)
    with pytest.raises(NoteError, match="32 bytes"):
        NoteKey("name", 1, bytes(31))


# --- checkpoints -----------------------------------------------------------------------------------


def test_a_checkpoint_reads_back():
    assert CHECKPOINT.text == "log.example\n7\n" + base64.b64encode(CHECKPOINT.root).decode() + "\n"
    opened = open_checkpoint(SIGNED, LOG_KEY)
    assert opened.checkpoint == CHECKPOINT
    assert opened.cosignatures == ()
    extended = Checkpoint("log.example", 0, bytes(32), ("ext one", "ext two"))
    assert open_checkpoint(sign_checkpoint(extended, LOG), LOG_KEY).checkpoint == extended


def test_a_witnessed_checkpoint():
    note = parse_note(SIGNED)
    line = cosign_note(note.text, WITNESS_KEY.name, WITNESS, 5)
    data = Note(note.text, (*note.signatures, line)).encode()
    assert [found.time for found in open_checkpoint(data, LOG_KEY, [WITNESS_KEY]).cosignatures] == [5]
    assert open_checkpoint(data, LOG_KEY).cosignatures == ()
    bad = Note(note.text, (*note.signatures, NoteSignature(line.name, line.key_id, bytes(72)))).encode()
    with pytest.raises(SignatureError, match=r"witness\.example"):
        open_checkpoint(bad, LOG_KEY, [WITNESS_KEY])


def test_a_checkpoint_of_another_log():
    other = NoteKey.of("other.example", LOG)
    with pytest.raises(CheckpointError, match="of the log log"):
        open_checkpoint(SIGNED, other)


def test_a_checkpoint_signed_by_another_key():
    with pytest.raises(CheckpointError, match="bears no signature"):
        open_checkpoint(sign_checkpoint(CHECKPOINT, WITNESS), LOG_KEY)


def test_a_checkpoint_with_its_size_moved():
    with pytest.raises(CheckpointError, match="does not fit"):
        open_checkpoint(SIGNED.replace(b"\n7\n", b"\n8\n"), LOG_KEY)


def test_a_checkpoint_signed_only_by_a_witness():
    line = cosign_note(CHECKPOINT.text, "log.example", LOG, 5)
    with pytest.raises(CheckpointError, match="bears no signature"):
        open_checkpoint(Note(CHECKPOINT.text, (line,)).encode(), LOG_KEY)


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n7\n",
        f"origin\n7\n{ROOT}",
        f"\n7\n{ROOT}\n",
        f"origin\n07\n{ROOT}\n",
        f"origin\n-7\n{ROOT}\n",
        f"origin\n+7\n{ROOT}\n",
        f"origin\n 7\n{ROOT}\n",
        f"origin\n٧\n{ROOT}\n",
        f"origin\n\n{ROOT}\n",
        f"origin\n9223372036854775809\n{ROOT}\n",
        f"origin\n{'9' * 5000}\n{ROOT}\n",
        f"origin\n7\n{ROOT[:-1]}\n",
        f"origin\n7\n{base64.b64encode(bytes(31)).decode()}\n",
        "origin\n7\n\n",
        f"origin\n7\n{ROOT}\n\nextension\n",
    ],
)
def test_checkpoints_that_are_none(text):
    with pytest.raises(NoteError):
        parse_checkpoint(text)


def test_no_checkpoint_is_signed_that_cannot_be_read():
    for changed in ({"origin": ""}, {"origin": "a\nb"}, {"size": -1}, {"root": b""}, {"extensions": ("",)}):
        parts = {"origin": "log.example", "size": 1, "root": bytes(32)} | changed
        with pytest.raises(NoteError):
            sign_checkpoint(Checkpoint(**parts), LOG)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="replace")))
def test_fuzz_any_bytes(data):
    with pytest.raises((NoteError, CheckpointError)):
        open_checkpoint(data, LOG_KEY)
    with pytest.raises(NoteError):
        parse_vkey(data.decode("latin-1"))


@given(st.data())
def test_fuzz_damaged_checkpoints(data):
    damaged = bytearray(SIGNED)
    place = data.draw(st.integers(0, len(damaged) - 1))
    damaged[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    try:
        opened = open_checkpoint(bytes(damaged), LOG_KEY)
    except (NoteError, CheckpointError):
        return
    assert opened.checkpoint == CHECKPOINT
