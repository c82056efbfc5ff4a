"""Ten forgeries of the demo's claim given to `troth verify`: each is refused at its step, for its reason."""

import hashlib
import json
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib

import pytest
import zstandard

from troth.cose import PrivateKey, assemble, attach, decode, encode, parse_envelope, receipts, sig_structure
from troth.errors import TrothError
from troth.statements.bundle import make, parse_bundle
from troth.statements.trust import parse_trust
from troth.statements.verify import Verification

pytestmark = pytest.mark.network  # the story's hub


@pytest.fixture
def claim(story):
    return story.file("claim.troth").read_bytes()


@pytest.fixture
def refused(troth, story, tmp_path):
    """Verify some bytes; gives the code of the error, its step, and the exit code."""

    def refuse(data, *more, trust=None):
        file = tmp_path / "forged.troth"
        file.write_bytes(data)
        given = ["--trust", trust or story.trust, *more]
        done = troth("verify", file, "--json", *given)
        document = done.json
        assert not document["verified"]
        people = troth("verify", file, *given)
        assert people.code == done.code
        last = people.out.splitlines()[-2]
        assert last.startswith(f"{document['failure']['step']} "), people.out
        assert document["failure"]["what"].split(":")[0].split("\n")[0] in " ".join(last.split())
        return document["failure"]["code"], document["failure"]["step"], done.code

    return refuse


def parts(data):
    """The bundle's claim taken apart, its entry without receipts, its receipts, and the other items."""
    items = decode(data)
    entry = parse_bundle(data).claim.statement.entry
    return parse_envelope(entry), entry, receipts(items[0]), list(items[1:])


def flipped(data, needle, offset=0):
    at = data.index(needle) + offset
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_the_claim_itself_holds(troth, story):
    done = troth(
        "verify", story.file("claim.troth"), "--trust", story.trust, "--evidence", story.logs, "--json"
    )
    assert done.code == 0, done.out
    assert [step["number"] for step in done.json["steps"]] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert done.json["verified"] is True
    assert done.json["claim"]["issuer"] == "https://lab.example"
    assert done.json["failure"] is None


def test_1_a_payload_byte_is_flipped(refused, claim):
    assert refused(flipped(claim, b'"outcome":"met"', 11)) == ("signature", 2, 1)


def test_2_a_signature_byte_is_flipped(refused, claim):
    _, entry, given, others = parts(claim)
    bad = entry[:-1] + bytes([entry[-1] ^ 1])
    assert refused(make(attach(bad, given), others)) == ("signature", 2, 1)


def test_3_another_key_signed_it(refused, claim):
    found, _, given, others = parts(claim)
    signature = PrivateKey.ed25519(bytes(32)).sign(sig_structure(found.protected, found.payload))
    assert refused(make(attach(assemble(found.protected, {}, found.payload, signature), given), others)) == (
        "signature", 2, 1,
    )  # fmt: skip


def test_4_the_key_in_the_claim_is_swapped_for_the_forgers(refused, claim):
    found, _, given, others = parts(claim)
    mallory = PrivateKey.ed25519(bytes(32))
    header = dict(found.header)
    header[15] = {**header[15], 8: {1: mallory.public.members()}}
    protected = encode(header)
    forged = assemble(protected, {}, found.payload, mallory.sign(sig_structure(protected, found.payload)))
    assert refused(make(attach(forged, given), others)) == ("key-mismatch", 2, 1)
    header[4] = mallory.public.thumbprint()  # and the name of the key with it
    protected = encode(header)
    forged = assemble(protected, {}, found.payload, mallory.sign(sig_structure(protected, found.payload)))
    code, step, exit_code = refused(make(attach(forged, given), others))
    assert (code in {"receipt", "proof"}, step, exit_code) == (True, 4, 1)


def test_5_the_receipt_belongs_to_another_statement(refused, claim, story):
    _, entry, _, others = parts(claim)
    foreign = parts(story.file("plan.troth").read_bytes())[2]
    code, step, exit_code = refused(make(attach(entry, foreign), others))
    assert (code, step, exit_code) == ("receipt", 4, 1)


def test_6_a_hash_in_the_proof_is_altered(refused, claim):
    _, entry, given, others = parts(claim)
    receipt = parse_envelope(given[0])
    size, index, path = decode(receipt.unprotected[396][-1][0])
    path[0] = bytes([path[0][0] ^ 1]) + path[0][1:]
    forged = assemble(receipt.protected, {396: {-1: [encode([size, index, path])]}}, None, receipt.signature)
    code, step, exit_code = refused(make(attach(entry, [forged]), others))
    assert (code in {"receipt", "proof"}, step, exit_code) == (True, 4, 1)


def test_7_the_reader_trusts_another_log(refused, claim, simulated, tmp_path):
    other = tmp_path / "other.json"
    other.write_bytes(simulated.SimLog("other").trust.to_bytes())
    assert refused(claim, trust=other) == ("wrong-log", 4, 1)


def copied(story, tmp_path):
    folder = tmp_path / "evidence"
    shutil.copytree(story.logs, folder)
    return folder, sorted(folder.glob("*.eval"))


def test_8_a_file_of_evidence_is_altered(troth, refused, claim, story, tmp_path):
    """One sample's score is changed, and the log packed again: the same run, well formed, with another digest."""
    folder, logs = copied(story, tmp_path)
    edit_score(logs[0])
    logs[0].rename(folder / "another name.eval")
    assert refused(claim, "--evidence", folder) == ("evidence-mismatch", 9, 1)
    failure = verified(troth, story, folder).json["failure"]
    was = digest(min(story.logs.glob("*.eval")))
    assert failure["where"] == str(folder / "another name.eval")
    assert "it was altered" in failure["what"]
    assert was in failure["what"]
    assert digest(folder / "another name.eval") in failure["what"]


@pytest.mark.parametrize("at", [0, 2])  # where no reader knows it any more, and where one fails at it
def test_8_a_byte_of_evidence_is_flipped(refused, claim, story, tmp_path, at):
    folder, logs = copied(story, tmp_path)
    data = bytearray(logs[0].read_bytes())
    data[len(data) * at // 4] ^= 1
    logs[0].write_bytes(bytes(data))
    logs[1].unlink()  # what was altered says more than what is not there
    assert refused(claim, "--evidence", folder) == ("evidence-mismatch", 9, 1)


def test_9_a_file_of_evidence_is_not_there(troth, refused, claim, story, tmp_path):
    """Nothing failed: whoever has the file can still decide it."""
    folder, logs = copied(story, tmp_path)
    gone = digest(logs[0])
    logs[0].unlink()
    assert refused(claim, "--evidence", folder) == ("undecided", 9, 3)
    what = verified(troth, story, folder).json["failure"]["what"]
    assert what == (
        f"figures not recomputed: 1 of {len(logs)} files are not in this folder: {gone} (troth_planted_secret)"
    )


def test_9_a_file_that_is_like_none_is_no_evidence_of_anything(refused, claim, story, tmp_path):
    """Damaged, and neither of the size nor of the name: nobody can say that it is one of them."""
    folder, logs = copied(story, tmp_path)
    data = logs[0].read_bytes()
    logs[0].write_bytes(data[:-100])
    assert refused(claim, "--evidence", folder) == ("undecided", 9, 3)
    logs[0].rename(folder / "x.eval")
    (folder / "x.eval").write_bytes(b"x" + data[1:])
    assert refused(claim, "--evidence", folder) == ("undecided", 9, 3)


def test_evidence_that_is_nowhere_is_said_before_anything_else(troth, story, tmp_path):
    done = verified(troth, story, tmp_path / "nowhere")
    assert (done.code, "no such folder" in done.err + done.out, '"steps"' in done.out) == (5, True, False)


def test_without_a_pinned_log_the_figures_are_recomputed_all_the_same(troth, story, tmp_path, monkeypatch):
    monkeypatch.setenv("TROTH_HOME", str(tmp_path / "home"))
    folder, logs = copied(story, tmp_path)
    given = ["verify", story.file("claim.troth"), "--evidence", folder]
    done = troth(*given)
    assert done.code == 3
    assert [line[:3] for line in done.out.splitlines()[:-1]] == ["1 ✓", "2 ✓", "3 ✓", "4 ?", "9 ✓"]
    assert done.out.splitlines()[-1] == (
        "Its figures follow from this evidence; who said it, in which log, is undecided."
    )
    document = troth(*given, "--json").json
    assert [step["number"] for step in document["steps"]] == [1, 2, 3, 9]
    assert (document["verified"], document["failure"]["step"], document["failure"]["code"]) == (
        False, 4, "undecided",
    )  # fmt: skip
    edit_score(logs[0])
    done = troth(*given)
    assert (done.code, done.out.splitlines()[-2][:3]) == (1, "9 ✗")
    document = troth(*given, "--json").json
    assert (document["failure"]["step"], document["failure"]["code"]) == (9, "evidence-mismatch")
    logs[0].unlink()
    done = troth(*given)
    assert (done.code, done.out.splitlines()[-1]) == (3, "Nothing failed, and not all could be shown.")


def test_an_enclosed_plan_with_another_threshold(refused, claim):
    """The plan beside the claim is what a reader holds its figures against: nobody signed these words."""
    items = list(decode(claim))
    at = next(each.number for each in parse_bundle(claim).others if each.statement.kind == "plan@1")
    assert b'"threshold":"0.05"' in items[at]
    items[at] = items[at].replace(b'"threshold":"0.05"', b'"threshold":"0.95"', 1)
    assert refused(encode(items)) == ("signature", 8, 1)


def test_no_byte_of_the_file_can_be_changed(claim, story):
    """One bit at offsets over the whole of the demo's bundle."""
    trust = parse_trust(story.trust.read_bytes())
    for at in range(0, len(claim), 29):
        forged = claim[:at] + bytes([claim[at] ^ (1 << at % 8)]) + claim[at + 1 :]
        with pytest.raises(TrothError):
            list(Verification(forged, (trust,)).steps())


def verified(troth, story, folder):
    return troth("verify", story.file("claim.troth"), "--trust", story.trust, "--evidence", folder, "--json")


def digest(file):
    return f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"


def test_10_edited_figures_signed_again_and_not_registered(troth, refused, story, tmp_path):
    """The issuer itself betters its figures and signs them, beside the evidence that bears them out."""
    better = json.loads(story.file("claim.json").read_bytes())
    result = next(each for each in better["results"] if each["outcome"] == "inconclusive")
    result["outcome"] = "met"
    file = tmp_path / "assessment.json"
    file.write_text(json.dumps(better))
    signed = troth("sign", file, "--key", story.file("keys/developer.key"), "--issuer", "https://lab.example")
    assert signed.code == 0, signed.err
    entry = (tmp_path / "assessment.cose").read_bytes()
    others = parts(story.file("claim.troth").read_bytes())[3]
    assert refused(make(entry, others)) == ("receipt", 4, 1)


def unpacked(log):
    """Files of a zip by name; zipfile of these Pythons knows no zstd (method 93)."""
    data = log.read_bytes()
    with zipfile.ZipFile(log) as archive:
        for info in archive.infolist():
            name, extra = struct.unpack_from("<HH", data, info.header_offset + 26)
            start = info.header_offset + 30 + name + extra
            packed = data[start : start + info.compress_size]
            method = {0: bytes, 8: lambda raw: zlib.decompress(raw, -15), 93: zstd}[info.compress_type]
            yield info.filename, method(packed)


def zstd(packed):
    return zstandard.ZstdDecompressor().decompressobj().decompress(packed)


def edit_score(log):
    """Turn one score round in an Inspect log, in the summaries that troth reads, and pack it again."""
    files = dict(unpacked(log))
    summaries = json.loads(files["summaries.json"])
    score = next(iter(summaries[0]["scores"].values()))
    assert score["value"] in {0, 1}
    score["value"] = 1 - score["value"]
    files["summaries.json"] = json.dumps(summaries).encode()
    with zipfile.ZipFile(log, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in files.items():
            new.writestr(name, data)


def test_registered_figures_that_do_not_follow(troth, story, tmp_path):
    """The log takes what its issuers say; the evidence refutes it, and the first difference is shown."""
    wrong = json.loads(story.file("claim.json").read_bytes())
    at = next(i for i, each in enumerate(wrong["results"]) if each.get("upper"))
    was, wrong["results"][at]["upper"] = wrong["results"][at]["upper"], "0.04"
    file = tmp_path / "assessment.json"
    file.write_text(json.dumps(wrong))
    assert (
        troth("sign", file, "--key", story.file("keys/developer.key"), "--issuer", "https://lab.example").code
        == 0
    )
    sent = troth("register", tmp_path / "assessment.cose", "--hub", story.url, "--trust", story.trust)
    assert sent.code == 0, sent.err
    given = [tmp_path / "assessment.troth", "--trust", story.trust]
    assert troth("verify", *given).code == 0, "the signature and the log hold"
    done = troth("verify", *given, "--evidence", story.logs, "--json")
    assert (done.code, done.json["failure"]["code"], done.json["failure"]["step"]) == (
        1,
        "assessment-mismatch",
        9,
    )
    assert (
        f'at /results/{at}/upper the claim says "0.04", the evidence gives "{was}"'
        in done.json["failure"]["what"]
    )


def test_a_receipt_of_the_plan_that_is_another_statements(troth, story, claim, tmp_path):
    """Only the log's receipt dates a plan: one that was never registered must not count as announced."""
    items = decode(claim)
    plan = next(i for i, each in enumerate(parse_bundle(claim).others) if each.statement.kind == "plan@1") + 1
    entry = parse_bundle(claim).others[plan - 1].statement.entry
    foreign = receipts(items[1])
    file = tmp_path / "claim.troth"
    file.write_bytes(encode([*items[:plan], attach(entry, foreign), *items[plan + 1 :]]))
    for more in ([], ["--evidence", story.logs]):
        done = troth("verify", file, "--trust", story.trust, *more, "--json")
        failure = done.json["failure"]
        assert (done.code, failure["code"], failure["step"]) == (1, "receipt", 8)
        assert f"item {plan} of the bundle (plan@1 by https://lab.example)" in failure["where"]


def test_verify_needs_no_network(story, root):
    """In a process that has no sockets at all."""
    code = (
        "import socket, sys\n"
        "def shut(*_, **__):\n    raise AssertionError('a socket was asked for')\n"
        "socket.socket = socket.create_connection = socket.getaddrinfo = socket.socketpair = shut\n"
        f"sys.argv = ['troth', 'verify', {str(story.file('claim.troth'))!r}, '--trust', {str(story.trust)!r}, "
        f"'--evidence', {str(story.logs)!r}]\n"
        "from troth.cli.main import run\nrun()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "9 ✓ Evidence" in done.stdout


def test_two_copies_under_other_names_give_the_same_bytes(troth, story, tmp_path):
    drafts = []
    for place in ("one", "two"):
        folder = tmp_path / place
        folder.mkdir()
        logs = sorted(story.logs.glob("*.eval"), reverse=place == "two")
        for number, log in enumerate(logs):
            shutil.copy(log, folder / (log.name if place == "one" else f"run {number} – copy.eval"))
        out = tmp_path / f"{place}-out"
        done = troth("assess", folder, "--plan", story.file("plan.troth"), "-o", out, "--json")
        assert done.code == 0, done.err
        drafts.append((out / "assessment.json").read_bytes())
    assert drafts[0] == drafts[1] == story.file("claim.json").read_bytes()
