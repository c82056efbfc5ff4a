"""Faults that nobody foresaw: told as such, logged with their traceback, and never shown to the client."""

import json
import logging

import cbor2
import pytest
from litestar.testing import TestClient

from troth.hub import api
from troth.hub.app import application, create
from troth.hub.hub import Hub
from troth.hub.receipts import Receipts
from troth.hub.serve import JsonLines, log_to_stderr
from troth.statements import read


@pytest.fixture
def client(config, clock, lab, enrol):
    hub = Hub(config, clock=clock)
    with TestClient(application(hub), raise_server_exceptions=False) as opened:
        opened.hub = hub
        entry = enrol(hub.keys.operator, hub.issuer, lab)
        assert register(opened, entry).status_code == 201
        yield opened


def register(client, entry):
    return client.post("/entries", content=entry, headers={"content-type": "application/cose"})


def broken(*_args, **_kwargs):
    raise ZeroDivisionError("a secret of the code")


def test_a_page_that_breaks_says_so_without_its_reason(client, lab, monkeypatch, caplog):
    entry = lab.release()
    register(client, entry)
    monkeypatch.setitem(api.FORMS, "json", broken)
    answer = client.get(f"/statements/{read(entry).id}.json")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:troth:error:internal"
    assert "secret" not in answer.text
    assert answer.headers["content-security-policy"]
    assert any(record.exc_info for record in caplog.records)


def test_scrapi_that_breaks_says_so_in_its_own_form(client, lab, monkeypatch):
    entry = lab.release()
    register(client, entry)
    monkeypatch.setattr(Receipts, "make", broken)
    for answer in (client.get(f"/entries/{read(entry).id}"), register(client, lab.release())):
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/concise-problem-details+cbor"
        assert cbor2.loads(answer.content)[-1] == "Internal fault"
        assert b"secret" not in answer.content


def test_a_disk_that_refuses_is_503_in_each_form(client, lab):
    writer = client.hub.store._writer.connection.driver_connection
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages}")
    answers = [register(client, lab.release(f"{number} " + "x" * 3900)) for number in range(6)]
    refused = [answer for answer in answers if answer.status_code != 201]
    assert {answer.status_code for answer in refused} == {503}
    assert refused[0].headers["retry-after"] == "1"
    assert cbor2.loads(refused[0].content)[-1] == "Unavailable"
    writer.execute("PRAGMA max_page_count = 1000000")
    assert register(client, lab.release()).status_code == 201


def test_create_opens_a_hub_that_closes_with_its_server(config, clock):
    app = create(config, clock=clock)
    with TestClient(app) as client:
        assert client.get("/log.json").json()["size"] == 2
    Hub(config, clock=clock).close()


def test_the_log_is_a_json_object_a_line(capsys):
    log_to_stderr()
    logging.getLogger("troth.hub.somewhere").info("refused", extra={"status": 400, "code": "policy"})
    try:
        broken()
    except ZeroDivisionError:
        logging.getLogger("troth.hub.somewhere").exception("fault")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["event"], first["status"], first["level"]) == ("refused", 400, "info")
    assert set(first) == {"event", "status", "code", "level", "logger", "time"}
    assert "ZeroDivisionError" in second["traceback"]
    logging.getLogger("troth").handlers.clear()
    logging.getLogger("troth").propagate = True
    assert isinstance(JsonLines(), logging.Formatter)
