"""A hub that means no good, or is no hub: what the client makes of it, and what a user of the command line sees."""

import contextlib
import gzip
import http.server
import itertools
import json
import os
import socket
import threading
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.clients import hub as client_module
from troth.clients.hub import ATTEMPTS, HubClient, check_url
from troth.cose import attach, decode, encode, receipts
from troth.errors import AbsentError, HubError, OverloadedError, RegistrationError, TrothError, UsageError
from troth.statements.bundle import parse_bundle
from troth.workflows.sources import open_source

LAB = "https://lab.example"


class Answer:
    """What to say to one request."""

    def __init__(self, status=200, body=b"", headers=(), *, endless=False, pause=0.0, cut=False):
        self.status, self.body, self.headers = status, body, dict(headers)
        self.endless, self.pause, self.cut = endless, pause, cut


class Hostile:
    """A server that answers each path as it was told, and keeps what it was asked."""

    def __init__(self):
        self.told, self.asked, self.fallback = {}, [], Answer(404)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                length = int(self.headers.get("content-length", 0))
                self.rfile.read(length)
                outer.asked.append((self.command, self.path))
                with contextlib.suppress(OSError):  # the client went away, as it should
                    self.say(outer.next(self.path))

            do_POST = do_PUT = do_GET  # noqa: N815 - names of the library

            def say(self, answer):
                time.sleep(answer.pause)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.cut or answer.endless:
                    self.send_header(
                        "Content-Length", str(1 << 40 if answer.endless else len(answer.body) + 9)
                    )
                else:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
                while answer.endless:
                    self.wfile.write(bytes(4096))
                    time.sleep(0.001)
                self.close_connection = answer.cut

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def tell(self, path, *answers):
        """What to answer at a path: one after another, the last for ever."""
        self.told[path] = itertools.chain(answers, itertools.repeat(answers[-1]))

    def next(self, path):
        return next(self.told[path]) if path in self.told else self.fallback

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def hostile():
    server = Hostile()
    yield server
    server.close()


@pytest.fixture
def client(hostile):
    with HubClient(hostile.url, timeout=5) as opened:
        yield opened


@pytest.fixture
def naps(monkeypatch):
    """The sleeps between tries, taken down and not slept."""
    slept = []
    monkeypatch.setattr(client_module, "time", SimpleNamespace(sleep=slept.append, monotonic=time.monotonic))
    return slept


# ---- addresses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://hub.example", "http://hub.example", "http://10.0.0.1:8460", "https://",
        "https://user@hub.example", "https://user:word@hub.example", "https://:word@hub.example", "https://@hub.example",
        "https://hub.example/?a=b", "https://hub.example/#a", "https://hub.example?", "https://hub.example:port",
        "https://hub.example:99999", "http://[::2]", "http://[fe80::1]", "http://127.0.0.1.example", "http://localhost.example",
        "http://127.0.0.1\\@hub.example", "http://127.0.0.1\\.hub.example", "https://hub.example\n", "https://hub\texample",
        "https://hub.example/\x00", "https://hüb.example", "http://[::1", "javascript:alert(1)", "hub.example", "", "//hub.example",
        "http://0.0.0.0:8460", "https://hub.example/a b",
    ],
)  # fmt: skip
def test_addresses_that_are_refused(url):
    with pytest.raises(UsageError):
        check_url(url)


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://hub.example/", "https://hub.example"), ("HTTPS://hub.example", "https://hub.example"),
        ("http://127.0.0.1:8460", "http://127.0.0.1:8460"), ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:8460/", "http://[::1]:8460"), ("http://localhost", "http://localhost"),
        ("https://hub.example:8443/log/one/", "https://hub.example:8443/log/one"),
    ],
)  # fmt: skip
def test_addresses_that_are_taken(url, taken):
    assert check_url(url) == taken
    with HubClient(url) as opened:
        assert opened.url == taken


@given(st.text(max_size=60) | st.text("htps:/@[]?#.0127\\%a\n ", max_size=40).map("http".__add__))
def test_no_address_raises_anything_else(text):
    with contextlib.suppress(UsageError), open_source("https://" + text if "://" not in text else text):
        pass


@pytest.mark.parametrize("where", ["file:///etc", "ftp://x", "gopher://127.0.0.1"])
def test_other_schemes_are_no_folders(where):
    with pytest.raises(UsageError):
        open_source(where)


@pytest.mark.network
def test_ipv6_loopback():
    try:
        listening = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    port = listening.getsockname()[1]
    listening.close()
    with HubClient(f"http://[::1]:{port}") as opened, pytest.raises(HubError, match="cannot be reached"):
        opened.get("checkpoint")


# ---- answers --------------------------------------------------------------------------------------------


@pytest.mark.network
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(hostile, client, status):
    hostile.fallback = Answer(status, headers={"Location": "/elsewhere"})
    for call in (
        lambda: client.get("checkpoint"),
        lambda: client.register(b"x"),
        lambda: client.put_blob("sha256:0", b""),
    ):
        with pytest.raises(HubError, match=str(status)) as raised:
            call()
        assert "not followed" in raised.value.hint
    assert all(path != "/elsewhere" for _, path in hostile.asked)


@pytest.mark.network
def test_an_endless_answer_is_cut_off(hostile, client, monkeypatch):
    monkeypatch.setattr(client_module, "LIMIT", 100_000)
    hostile.fallback = Answer(endless=True)
    with pytest.raises(HubError, match="larger than 100000 bytes"):
        client.get("checkpoint")
    with pytest.raises(HubError, match="larger"):
        client.register(b"x")
    assert len(hostile.asked) == 2, "what is too large is not asked for again"


@pytest.mark.network
def test_a_trickle_is_cut_off(hostile, client, monkeypatch):
    monkeypatch.setattr(client_module, "DEADLINE", 0.05)
    hostile.fallback = Answer(endless=True)
    with pytest.raises(HubError, match="took more than"):
        client.get("checkpoint")


@pytest.mark.network
def test_a_compressed_answer_is_not_taken(hostile, client):
    bomb = gzip.compress(bytes(1 << 24))
    hostile.fallback = Answer(body=bomb, headers={"Content-Encoding": "gzip"})
    with pytest.raises(HubError, match="compressed"):
        client.get("checkpoint")


@pytest.mark.network
def test_a_slow_answer_times_out(hostile):
    hostile.fallback = Answer(pause=0.5)
    with HubClient(hostile.url, timeout=0.05) as opened, pytest.raises(HubError, match="cannot be reached"):
        opened.get("checkpoint")


@pytest.mark.network
def test_an_answer_that_breaks_off(hostile, client):
    hostile.fallback = Answer(body=b"half", cut=True)
    with pytest.raises(HubError, match="cannot be reached"):
        client.get("checkpoint")


@pytest.mark.network
def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with HubClient(f"http://127.0.0.1:{port}") as opened, pytest.raises(HubError) as raised:
        opened.get("checkpoint")
    assert "Is it running" in raised.value.hint


@pytest.mark.network
def test_no_http_at_all():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak():
            other, _ = server.accept()
            with other:
                other.recv(4096)
                other.sendall(b"SSH-2.0-OpenSSH\r\n")

        thread = threading.Thread(target=speak)
        thread.start()
        with HubClient(f"http://127.0.0.1:{server.getsockname()[1]}") as opened, pytest.raises(HubError):
            opened.get("checkpoint")
        thread.join()


@pytest.mark.network
def test_absent_and_faulty(hostile, client):
    with pytest.raises(AbsentError):
        client.get("nothing")
    hostile.fallback = Answer(500, b"<html>oh</html>")
    with pytest.raises(HubError, match="500"):
        client.get("nothing")


@pytest.mark.network
@pytest.mark.parametrize(
    "body", [b"<html>", b"\xff", b"[]", b'{"issuer":1}', b'{"issuer":"x","time":"t"}', b"[" * 100_000]
)
def test_no_word_on_the_log(hostile, client, body):
    hostile.fallback = Answer(body=body)
    with pytest.raises(HubError):
        client.about()
    if body[:1] != b"[" or len(body) > 2:
        with contextlib.suppress(HubError):
            client.json("log.json")


# ---- patience -------------------------------------------------------------------------------------------


@pytest.mark.network
@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        ("0", 0.0), ("3", 3.0), ("999999999", 10.0), ("99999999999999999999", 0.2), ("-1", 0.2), ("soon", 0.2),
        ("nan", 0.2), ("inf", 0.2), ("1e9", 0.2), ("", 0.2), ("1.5", 0.2), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.2),
    ],
)  # fmt: skip
def test_what_a_hub_asks_for_is_waited_within_reason(hostile, client, naps, asked, waited):
    hostile.tell("/entries", Answer(429, headers={"Retry-After": asked}), Answer(201, b"receipt"))
    assert client.register(b"x") == b"receipt"
    assert naps[:1] == [waited]


@pytest.mark.network
def test_a_full_queue_for_ever(hostile, client, naps):
    hostile.fallback = Answer(429)
    with pytest.raises(OverloadedError):
        client.register(b"x")
    assert len(hostile.asked) == ATTEMPTS
    assert len(naps) == ATTEMPTS - 1
    assert sum(naps) < 60


@pytest.mark.network
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_fault_that_passes(hostile, client, naps, status):
    hostile.tell(
        "/entries", Answer(status), Answer(status, headers={"Retry-After": "2"}), Answer(200, b"receipt")
    )
    assert client.register(b"x") == b"receipt"
    assert naps == [0.2, 2.0]


@pytest.mark.network
def test_a_fault_that_stays(hostile, client, naps):
    hostile.fallback = Answer(503, json.dumps({"title": "No", "detail": "the disk is full"}).encode())
    with pytest.raises(HubError, match="No: the disk is full"):
        client.register(b"x")
    assert len(hostile.asked) == ATTEMPTS


@pytest.mark.network
def test_a_connection_that_breaks_is_tried_again(hostile, client, naps):
    hostile.tell("/entries", Answer(cut=True), Answer(201, b"receipt"))
    assert client.register(b"x") == b"receipt"
    hostile.fallback = Answer(cut=True)
    hostile.told.clear()
    with pytest.raises(HubError, match="cannot be reached"):
        client.register(b"x")


@pytest.mark.network
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"title":"Refused","detail":"no such key"}', "Refused: no such key"), (b"\xa1\x20\x63abc", "abc"),
        (b"<html>", "the hub answered 400"), (b"", "the hub answered 400"), (b"{", "the hub answered 400"),
        (b"[1]", "the hub answered 400"), (b"\xff\xff", "the hub answered 400"), (b"{" * 70_000, "the hub answered 400"),
    ],
)  # fmt: skip
def test_a_refusal_in_the_hubs_words(hostile, client, body, words):
    hostile.fallback = Answer(400, body)
    with pytest.raises(RegistrationError) as raised:
        client.register(b"x")
    assert raised.value.what == words
    with pytest.raises(RegistrationError):
        client.put_blob("sha256:" + 64 * "0", b"")
    assert ("PUT", "/blob/sha256/" + 64 * "0") in hostile.asked


# ---- seen from the command line -------------------------------------------------------------------------


@pytest.fixture
def signed(troth, story, tmp_path):
    """A release signed by the demo's lab, and what the true hub answers to it."""
    file = tmp_path / "release.json"
    record = json.loads(story.file("release.json").read_bytes()) | {"note": tmp_path.name}
    file.write_text(json.dumps(record))
    done = troth("sign", file, "--key", story.file("keys/developer.key"), "--issuer", LAB, "--json")
    assert done.code == 0, done.out
    entry = (tmp_path / "release.cose").read_bytes()
    with HubClient(story.url) as true:
        receipt = true.register(entry)
        bundle = true.get(f"statements/{done.json['id']}.troth")
        return tmp_path / "release.cose", done.json["id"], receipt, bundle, true.get("trust.json")


@pytest.mark.network
@pytest.mark.parametrize(
    ("crooked", "code", "exit_code"),
    [
        ("html for a receipt", "hub", 4), ("another's receipt", "receipt", 1), ("html for a bundle", "hub", 4),
        ("another's bundle", "receipt", 1), ("a bundle without its enrolment", "enrolment", 1),
        ("a bundle that is not there", "absent", 4), ("a statement that was refused", "registration", 1),
        ("nothing", None, 0),
    ],
)  # fmt: skip
def test_registering_with_a_crooked_hub(troth, story, hostile, signed, crooked, code, exit_code):
    file, identity, receipt, bundle, trust = signed
    before = file.read_bytes()
    other = story.file("plan.troth").read_bytes()
    foreign = receipts(decode(other)[0])[0]
    less = [item for item in decode(bundle) if b"key-enrolment" not in item]
    answers = {
        "html for a receipt": (b"<html>", bundle), "another's receipt": (foreign, bundle),
        "html for a bundle": (receipt, b"<html>"), "another's bundle": (receipt, other),
        "a bundle without its enrolment": (receipt, encode(less)),
        "a bundle that is not there": (receipt, None), "nothing": (receipt, bundle),
        "a statement that was refused": (None, bundle),
    }[crooked]  # fmt: skip
    hostile.tell("/entries", Answer(201, answers[0]) if answers[0] is not None else Answer(403))
    hostile.tell("/trust.json", Answer(200, trust))
    path = f"/statements/{identity}.troth"
    hostile.tell(path, Answer(200, answers[1]) if answers[1] is not None else Answer(404))
    done = troth("register", file, "--hub", hostile.url, "--trust", story.trust, "--json")
    assert done.code == exit_code, done.out
    assert done.json.get("error", {}).get("code") == code
    if code:
        assert file.read_bytes() == before
        assert not file.with_suffix(".troth").exists(), "what does not hold is not written"


@pytest.mark.network
@pytest.mark.parametrize("body", [b"<html>404</html>", b"", b"\xff" * 50, b"{}"])
def test_a_page_where_a_log_should_be(troth, story, hostile, tmp_path, body):
    hostile.fallback = Answer(200, body, {"Content-Type": "text/html"})
    given = ["--trust", story.trust, "--json"]
    for words in (
        ["log", "check", hostile.url, *given], ["log", "mirror", hostile.url, tmp_path / "m", *given],
        ["standing", "--log", hostile.url, *given], ["trust", "add", hostile.url, "--yes", "--json"],
    ):  # fmt: skip
        done = troth(*words)
        assert done.code in {1, 3, 4, 5}, done.out
        assert done.json["error"]["code"] != "internal"
    assert not (tmp_path / "m").exists() or not list((tmp_path / "m").rglob("*"))


@pytest.mark.network
def test_enrolling_at_what_is_no_hub(troth, story, hostile, tmp_path):
    troth("key", "new")
    assert troth("key", "request", "--issuer", "https://x.example", "-o", tmp_path / "r.cose").code == 0
    for body in (b"<html>", b"[]", b'{"time": 5}'):
        hostile.fallback = Answer(200, body)
        done = troth(
            "hub", "enrol", tmp_path / "r.cose", "--reason", "none", "--data", story.file("hub"),
            "--hub", hostile.url, "--json",
        )  # fmt: skip
        assert (done.code, done.json["error"]["code"]) == (4, "hub")


@pytest.mark.network
def test_a_hub_that_answers_otherwise_the_second_time(troth, story, hostile, tmp_path):
    """What was audited is what is folded: every file is asked for once."""
    mirror = story.file("mirror")
    for file in mirror.rglob("*"):
        if file.is_file():
            path = "/" + str(file.relative_to(mirror))
            later = file.read_bytes() if path == "/checkpoint" else b"something else"
            hostile.tell(path, Answer(200, file.read_bytes()), Answer(200, later))
    given = ["--trust", story.trust, "--at", "2027-01-01T00:00Z", "--json"]
    done = troth("standing", "--log", hostile.url, *given)
    assert done == troth("standing", "--log", mirror, *given)
    assert done.code == 0
    paths = [path for _, path in hostile.asked if path.startswith("/tile")]
    assert len(paths) == len(set(paths))


@pytest.mark.network
def test_escapes_in_a_hubs_words_move_no_cursor(troth, hostile, signed):
    file = signed[0]
    hostile.fallback = Answer(
        400, json.dumps({"title": "\x1b[2J\x1b]0;title\x07", "detail": "a\rb\x9b31m\u202e"}).encode()
    )
    done = troth("register", file, "--hub", hostile.url)
    assert done.code == 1
    assert not any(c in done.err for c in "\x1b\x07\r\x9b\u202e")
    assert "\\x1b[2J" in done.err


@given(st.binary(max_size=200))
def test_any_refusal_is_an_error_of_the_tree(body):
    for status in (302, 400, 500):
        assert isinstance(client_module._refusal(status, body), TrothError)


def test_the_environments_proxies_are_not_asked_for_loopback(monkeypatch):
    monkeypatch.setitem(os.environ, "HTTP_PROXY", "http://127.0.0.1:1")
    with HubClient("http://127.0.0.1:8460") as opened:
        assert not opened._http.trust_env


def test_the_bundle_of_a_claim_has_its_receipts(story):
    """What the crooked answers above are made from."""
    claim = parse_bundle(story.file("claim.troth").read_bytes()).claim
    assert attach(claim.statement.entry, claim.receipts) == decode(story.file("claim.troth").read_bytes())[0]
