"""Hubs on a temporary directory, in this process and as a server, with issuers to speak to them."""

import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import pytest

from troth.config import HubConfig
from troth.cose import PrivateKey
from troth.hub import keys as hub_keys
from troth.hub.hub import Hub
from troth.identifiers import b64url, format_instant
from troth.statements import sign
from troth.statements.payloads import KeyEnrolment, KeyRequest, Release, System

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LAB = "https://lab.example"


class MovableClock:
    """The injected clock: it stands until it is moved."""

    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now

    def move(self, **by):
        self.now += timedelta(**by)


class Issuer:
    """Someone with a key."""

    def __init__(self, name=LAB, seed=1):
        self.name = name
        self.key = PrivateKey.ed25519(bytes([seed]) * 32)
        self.count = 0

    def release(self, note=None, at=START, subject="/models/one", issuer=None):
        """A small statement, another each time."""
        self.count += 1
        name = issuer or self.name
        record = Release(
            system=System(uri=self.name + subject, name="One"),
            date=format_instant(at),
            note=note or f"number {self.count}",
        )
        return sign(self.key, record, issuer=name, subject=self.name + subject, issued_at=at).entry

    def request(self, at=START, key=None):
        """What the issuer signs to have a key enrolled."""
        key = key or self.key
        record = KeyRequest(issuer=self.name, name="Lab", key=text(key))
        return sign(key, record, issuer=self.name, subject=f"{self.name}/key", issued_at=at).entry


def text(key):
    return b64url(key.public.cose_key())


def enrolment(signer, stated_by, who, at=START, days=365, key=None, **changes):
    """An enrolment of an issuer's key, signed by whoever is given."""
    key = key or who.key
    parts = {
        "issuer": who.name,
        "name": "Lab",
        "key": text(key),
        "roles": ["developer"],
        "not_before": format_instant(at - timedelta(days=1)),
        "not_after": format_instant(at + timedelta(days=days)),
        "request": b64url(who.request(at, key)),
        "reason": "for this test",
        **changes,
    }
    record = KeyEnrolment(**parts)
    return sign(signer, record, issuer=stated_by, subject=f"{who.name}/key", issued_at=at).entry


@pytest.fixture
def clock():
    return MovableClock()


@pytest.fixture
def database():
    """Where the log is kept: SQLite in the data directory. A file of tests that is for both has `either_database`."""
    return ""


@pytest.fixture(params=["sqlite", "postgres"])
def either_database(request):
    return "" if request.param == "sqlite" else request.getfixturevalue("new_database")


@pytest.fixture
def config(tmp_path, database):
    return HubConfig(
        data=str(tmp_path / "data"),
        heads=str(tmp_path / "heads"),
        database=database,
        url="https://log.example",
        queue=64,
    )


@pytest.fixture
def open_hub(config, clock):
    """Open and start the hub; a second call closes the first. All are closed at the end."""
    opened = []

    def opener(*, start=True, **changes):
        while opened:
            opened.pop().close()
        hub = Hub(msgspec.structs.replace(config, **changes), clock=clock)
        opened.append(hub)
        if start:
            hub.start()
        return hub

    yield opener
    while opened:
        opened.pop().close()


@pytest.fixture
def lab():
    return Issuer()


@pytest.fixture
def make_issuer():
    return Issuer


@pytest.fixture
def enrol():
    return enrolment


@pytest.fixture
def hub(open_hub, lab):
    """A hub that knows the lab."""
    opened = open_hub()
    opened.register_now(enrolment(opened.keys.operator, opened.issuer, lab))
    return opened


_RUN = """
import sys, msgspec
from troth.config import HubConfig
from troth.hub.serve import log_to_stderr, serve
log_to_stderr()
serve(msgspec.json.decode(sys.argv[1], type=HubConfig), ready=lambda hub: print("ready", flush=True))
"""


class Server:
    """A hub in a process of its own."""

    def __init__(self, config):
        self.config = config
        self.process = subprocess.Popen(
            [sys.executable, "-c", _RUN, msgspec.json.encode(config).decode()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        if self.process.stdout.readline() != b"ready\n":
            raise RuntimeError(self.process.communicate()[1].decode())
        self.client = httpx.Client(base_url=config.url, timeout=20)

    def enrol(self, who):
        """Enrol an issuer with the operator's key, as an operator at the same machine would."""
        now = datetime.now(UTC).replace(microsecond=0)
        keys = hub_keys.load(self.keys)
        answer = self.post(
            enrolment(keys.operator, f"https://{httpx.URL(self.config.url).netloc.decode()}", who, at=now)
        )
        assert answer.status_code == 201, answer.content

    def post(self, body, kind="application/cose"):
        return self.client.post("/entries", content=body, headers={"content-type": kind})

    @property
    def keys(self):
        return Path(self.config.data) / "keys"

    def kill(self):
        """As a loss of power does to a process."""
        self.client.close()
        self.process.kill()
        self.process.communicate()

    def stop(self, by=signal.SIGINT):
        """Ctrl-C; gives the exit code and what was written to stderr."""
        self.client.close()
        self.process.send_signal(by)
        _, said = self.process.communicate(timeout=20)
        return self.process.returncode, said.decode()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def server_config(tmp_path, database):
    port = free_port()
    return HubConfig(
        data=str(tmp_path / "data"),
        heads=str(tmp_path / "heads"),
        database=database,
        url=f"http://127.0.0.1:{port}",
        port=port,
    )


@pytest.fixture
def start_server():
    """Start hubs as processes; what still runs at the end is killed."""
    started = []

    def starter(config):
        server = Server(config)
        started.append(server)
        return server

    yield starter
    for server in started:
        if server.process.poll() is None:
            server.kill()
