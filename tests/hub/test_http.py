"""A real hub over HTTP on the loopback address."""

import base64
import gzip
import importlib.util
import signal
from datetime import UTC, datetime

import cbor2
import msgspec
import pytest
import pytest_socket

from troth.config import HubConfig
from troth.cose import HashEnvelope, PublicKey, parse, receipts
from troth.cose import sign as cose_sign
from troth.errors import HubError
from troth.hub import keys as hub_keys
from troth.hub.serve import check_free
from troth.identifiers import b64url, digest
from troth.log import audit, check, decode_entries, parse_vkey, tile_path
from troth.statements import canonical, read, sign
from troth.statements.bundle import parse_bundle
from troth.statements.payloads import Guideline
from troth.statements.trust import TrustFile
from troth.statements.verify import Verification

pytestmark = pytest.mark.network
COSE = "application/cose"
PROBLEM = "application/concise-problem-details+cbor"


@pytest.fixture(scope="module")
def server(tmp_path_factory, request):
    spec = importlib.util.spec_from_file_location("hub_conftest", request.path.parent / "conftest.py")
    kit = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kit)
    pytest_socket.enable_socket()
    folder = tmp_path_factory.mktemp("hub")
    port = kit.free_port()
    running = kit.Server(
        HubConfig(
            data=str(folder / "data"),
            heads=str(folder / "heads"),
            url=f"http://127.0.0.1:{port}",
            port=port,
            blob_limit=100_000,
        )
    )
    running.lab = kit.Issuer()
    running.now = kit.datetime.now(kit.UTC)
    running.enrol(running.lab)
    yield running
    assert running.stop()[0] == 0


def release(server, **more):
    return server.lab.release(at=server.now, **more)


def said(answer):
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["cache-control"] == "no-store"
    problem = cbor2.loads(answer.content)
    assert set(problem) == {-1, -2}
    return problem[-1], problem[-2]


# ---- SCRAPI ---------------------------------------------------------------------------------------------


def test_registering_gives_201_a_location_and_the_receipt(server):
    entry = release(server)
    answer = server.post(entry)
    assert answer.status_code == 201
    assert answer.headers["content-type"] == COSE
    identity = read(entry).id
    assert answer.headers["location"] == f"{server.config.url}/entries/{identity}"
    (key,) = cbor2.loads(server.client.get("/.well-known/scitt-keys").content)
    proven = check(answer.content, entry, [PublicKey.from_cose(key)])
    assert proven.log == f"https://127.0.0.1:{server.config.port}"
    again = server.client.get(answer.headers["location"])
    assert (again.status_code, again.content, again.headers["content-type"]) == (200, answer.content, COSE)
    twice = server.post(entry)
    assert (twice.status_code, twice.content) == (201, answer.content)
    assert server.post(entry, kind="application/scitt-statement+cose; x=y").content == answer.content


def test_the_key_set_names_each_key_by_its_thumbprint(server):
    answer = server.client.get("/.well-known/scitt-keys", headers={"accept": "application/cbor"})
    assert answer.headers["content-type"] == "application/cbor"
    (key,) = cbor2.loads(answer.content)
    public = PublicKey.from_cose(key)
    assert key[2] == public.thumbprint()
    assert key[3] == -7
    one = server.client.get(f"/.well-known/scitt-keys/{b64url(key[2])}")
    assert (one.status_code, cbor2.loads(one.content)) == (200, key)
    missing = server.client.get("/.well-known/scitt-keys/" + "A" * 43)
    assert missing.status_code == 404
    assert said(missing) == ("No such key", "No key could be found for this kid value")


def test_a_receipt_that_is_not_there(server):
    unknown = "A" * 43
    answer = server.client.get(f"/entries/{unknown}")
    assert answer.status_code == 404
    assert said(answer)[0] == "Not Found"
    answer = server.client.get("/entries/short")
    assert answer.status_code == 400
    assert said(answer)[0] == "Invalid locator"


def test_each_refusal_has_the_drafts_title(server, make_issuer):
    entry = release(server)
    parts = cbor2.loads(entry).value

    def remade(protected=None, payload=parts[2]):
        header = parts[0] if protected is None else protected
        return cbor2.dumps(cbor2.CBORTag(18, [header, {}, payload, parts[3]]))

    header = cbor2.loads(parts[0])
    no_key = {**header, 15: {label: value for label, value in header[15].items() if label != 8}}
    cases = [
        (b"", "Malformed request"),
        (b"\xd2\x84", "Malformed request"),
        (b"\xff" * 100, "Malformed request"),
        (remade(cbor2.dumps({**header, 1: -35})), "Bad Signature Algorithm"),
        (remade(cbor2.dumps(no_key)), "Confirmation Missing"),
        (remade(payload=None), "Payload Missing"),
        (entry[:-1] + bytes([entry[-1] ^ 1]), "Rejected"),
        (make_issuer("https://stranger.example").release(at=server.now), "Rejected"),
    ]
    for body, title in cases:
        answer = server.post(body)
        assert (answer.status_code, said(answer)[0]) == (400, title), body[:40]
    assert said(server.post(cases[-1][0]))[1].startswith(
        "Signed Statement not accepted by the current Registration Policy: the log holds no enrolment"
    )


def test_a_body_of_another_type_or_size_is_refused_unread(server):
    assert server.post(b"{}", kind="application/json").status_code == 415
    large = server.post(b"x" * (1024 * 1024 + 1))
    assert large.status_code == 413
    assert said(large)[0] == "Malformed request"

    def endless():
        for _ in range(40):
            yield b"x" * 65536

    chunked = server.client.post("/entries", content=endless(), headers={"content-type": COSE})
    assert chunked.status_code == 413
    wrong = server.client.get("/entries")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    said(wrong)


def test_a_full_queue_answers_429_with_retry_after(server_config, start_server, lab):
    full = start_server(msgspec.structs.replace(server_config, queue=0, retry_after=7))
    now = datetime.now(UTC)
    operator = hub_keys.load(full.keys).operator
    origin = f"https://127.0.0.1:{server_config.port}"
    entry = sign(
        operator,
        msgspec.structs.replace(read_policy(full), entry_limit=5000),
        issuer=origin,
        subject=f"{origin}/log",
        issued_at=now,
    ).entry
    answer = full.post(entry)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert said(answer)[0] == "Too Many Requests"


def read_policy(server):
    bundle = server.client.get("/tile/entries/000.p/2").content
    return read(decode_entries(bundle, 2)[0]).record


# ---- C2SP -----------------------------------------------------------------------------------------------


def test_the_log_can_be_audited_over_http(server):
    for _ in range(270):
        assert server.post(release(server)).status_code == 201
    client = server.client
    document = client.get("/log.json").json()

    def tile(level, n, width):
        answer = client.get("/" + tile_path(level, n, width))
        assert answer.headers["content-type"] == "application/octet-stream"
        assert "immutable" in answer.headers["cache-control"]
        return answer.content

    def entries(n, width):
        answer = client.get("/" + tile_path(-1, n, width))
        assert "immutable" not in answer.headers["cache-control"]
        return answer.content

    checkpoint = client.get("/checkpoint")
    assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
    assert checkpoint.headers["cache-control"] == "public, max-age=2"
    audited = audit(parse_vkey(document["checkpoint_vkey"]), [checkpoint.content], tile, entries)
    assert audited.size == document["size"] > 256
    assert document["root"] == checkpoint_root(checkpoint.text)
    assert client.get("/tile/0/000.p/200").content == client.get("/tile/0/000").content[: 200 * 32]
    assert client.get("/tile/1/000.p/1").status_code == 200


def checkpoint_root(text):
    return base64.b64decode(text.split("\n")[2]).hex()


@pytest.mark.parametrize(
    "path",
    [
        "/tile/0/001",
        "/tile/0/000.p/0",
        "/tile/0/000.p/256",
        "/tile/2/000.p/1",
        "/tile/64/000",
        "/tile/00/000",
        "/tile/0/0",
        "/tile/0/x000/000",
        "/tile/entries/900",
        "/tile/../checkpoint/x",
    ],
)
def test_a_tile_that_is_not_there_or_written_another_way_is_404(server, path):
    answer = server.client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"


def test_entry_bundles_are_compressed_for_who_takes_it(server):
    plain = server.client.get("/tile/entries/000.p/2", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with server.client.stream("GET", "/tile/entries/000.p/2", headers={"accept-encoding": "gzip"}) as zipped:
        raw = b"".join(zipped.iter_raw())
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.headers["vary"] == "accept-encoding"
    assert gzip.decompress(raw) == plain.content


# ---- blobs ----------------------------------------------------------------------------------------------


def large(server, size=70_000, letter="y", named=""):
    catalog = {"catalog": {"x": letter * size}}
    record = Guideline(
        id="g", version="1", title="t", catalog=catalog, digest=named or digest(canonical(catalog))
    )
    return sign(
        server.lab.key, record, issuer=server.lab.name, subject="https://lab.example/g", issued_at=server.now
    )


def test_a_blob_comes_after_the_entry_that_names_it(server):
    signed = large(server)
    address = f"/blob/sha256/{read(signed.entry).payload_digest[7:]}"
    assert server.client.put(address, content=signed.blob).status_code == 404
    server.post(signed.entry)
    assert server.client.get(address).status_code == 404
    assert server.client.put(address, content=signed.blob[:-1]).status_code == 400
    assert server.client.put(address, content=signed.blob).status_code == 201
    assert server.client.put(address, content=signed.blob).status_code == 201
    found = server.client.get(address)
    assert found.content == signed.blob
    assert found.headers["content-type"] == "application/vnd.troth.guideline.v1+json"
    assert found.headers["content-disposition"] == "attachment"
    claim = parse_bundle(server.client.get(f"/statements/{signed.id}.troth").content).claim
    assert claim.statement.record is not None
    assert server.client.get(f"/statements/{signed.id}.json").json()["payload"]["id"] == "g"


def test_whoever_names_a_digest_first_does_not_bar_the_payload(server):
    """An entry of another kind over the same digest: the guideline's payload still comes in."""
    signed = large(server, letter="w")
    digest_ = read(signed.entry).sign1.payload
    squat = cose_sign(
        server.lab.key, iss=server.lab.name, sub="https://lab.example/m", iat=0, payload=digest_,
        hash_envelope=HashEnvelope("application/vnd.troth.release.v1+json"),
    )  # fmt: skip
    assert server.post(squat).status_code == 201
    assert server.post(signed.entry).status_code == 201
    address = f"/blob/sha256/{digest_.hex()}"
    assert server.client.put(address, content=signed.blob).status_code == 201
    assert server.client.get(address).content == signed.blob


def test_a_blob_over_the_limit_is_refused(server):
    signed = large(server, 120_000, "z")
    server.post(signed.entry)
    address = f"/blob/sha256/{read(signed.entry).payload_digest[7:]}"
    assert server.client.put(address, content=signed.blob).status_code == 413
    assert server.client.get(f"/statements/{signed.id}.json").json()["payload"] is None
    assert server.client.get("/blob/sha256/xyz").status_code == 404


# ---- statements and the rest ----------------------------------------------------------------------------


def test_a_statement_as_files_and_as_json(server):
    entry = release(server)
    receipt = server.post(entry).content
    identity = read(entry).id
    cose = server.client.get(f"/statements/{identity}.cose")
    assert cose.headers["content-type"] == COSE
    assert receipts(cose.content) == [receipt]
    assert parse(cose.content).payload == parse(entry).payload
    bundle = parse_bundle(server.client.get(f"/statements/{identity}.troth").content)
    assert bundle.claim.statement.kind == "release@1"
    assert {each.statement.kind for each in bundle.others} == {
        "key-enrolment@1",
        "trust-anchors@1",
        "clock@1",
    }
    assert all(each.receipts for each in bundle.others)
    decoded = server.client.get(f"/statements/{identity}.json").json()
    assert decoded["issuer"] == server.lab.name
    assert decoded["payload"]["system"]["name"] == "One"
    for path in (f"{identity}.pdf", "short.json", "A" * 43 + ".json"):
        assert server.client.get(f"/statements/{path}").status_code == 404


def test_a_bundle_proves_itself_to_a_reader_with_the_trust_file(server):
    entry = release(server)
    server.post(entry)
    document = server.client.get("/log.json").json()
    trust = TrustFile(
        origin=document["origin"],
        checkpoint_vkey=document["checkpoint_vkey"],
        receipt_keys=document["receipt_keys"],
    )
    verification = Verification(server.client.get(f"/statements/{read(entry).id}.troth").content, (trust,))
    steps = list(verification.steps())
    assert [step.number for step in steps] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert all(step.held for step in steps)


def test_every_answer_has_the_security_headers_and_no_traceback(server):
    for path in (
        "/log.json",
        "/checkpoint",
        "/tile/0/000.p/2",
        "/nothing",
        "/entries/x",
        "/entries",
        "/statements/x",
    ):
        answer = server.client.get(path)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert b"Traceback" not in answer.content
        assert b"site-packages" not in answer.content
    assert server.client.head("/checkpoint").content == b""
    assert server.client.delete("/checkpoint").status_code == 405


def test_an_occupied_port_is_told_with_the_way_out(server):
    with pytest.raises(HubError, match="choose another with --port"):
        check_free(server.config.host, server.config.port)
    with pytest.raises(HubError, match="cannot listen"):
        check_free("192.0.2.1", 80)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_cleanly_and_the_log_is_there_again(server_config, start_server, by):
    first = start_server(server_config)
    checkpoint = first.client.get("/checkpoint").content
    code, stderr = first.stop(by)
    assert code == 0
    assert "Traceback" not in stderr
    second = start_server(server_config)
    assert second.client.get("/checkpoint").content == checkpoint
