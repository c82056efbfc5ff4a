"""The demo's evaluation logs are what was planned, from the data in the repository, and the README says what they say."""

import importlib.util
import json
import re
import struct
import sys
import zipfile

import msgspec
import pytest
import zstandard

from troth.statements.objectives import Objective

ZSTD = 93


def entries(path):
    """A zip's entries, read without troth: name to bytes (the last of a name wins)."""
    raw = path.read_bytes()
    with zipfile.ZipFile(path) as opened:
        found = {}
        for info in opened.infolist():
            name_length, extra_length = struct.unpack_from("<HH", raw, info.header_offset + 26)
            start = info.header_offset + 30 + name_length + extra_length
            packed = raw[start : start + info.compress_size]
            assert info.compress_type == ZSTD
            reader = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
            found[info.filename] = reader.read()
            assert len(found[info.filename]) == info.file_size
        return found


@pytest.fixture(scope="module")
def evals(root):
    return root / "demo" / "evals"


@pytest.fixture(scope="module")
def load(evals):
    """A function that imports one of the demo's scripts by name, as they stand."""

    def module(name):
        spec = importlib.util.spec_from_file_location(f"demo_evals_{name}", evals / f"{name}.py")
        made = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = made
        spec.loader.exec_module(made)
        return made

    return module


@pytest.fixture(scope="module")
def logs(evals):
    """Every shipped log: (file name, entries, header, sample entries)."""
    found = []
    for path in sorted((evals / "logs").iterdir()):
        inside = entries(path)
        samples = [json.loads(data) for name, data in inside.items() if name.startswith("samples/")]
        found.append((path.name, inside, json.loads(inside["header.json"]), samples))
    return found


@pytest.fixture(scope="module")
def objectives(evals):
    return msgspec.json.decode((evals / "thresholds.json").read_bytes(), type=list[Objective])


def test_every_planned_run_is_there_once_and_no_other(logs, load):
    ran = sorted((header["eval"]["task"], header["eval"]["task_args"]["seed"]) for _, _, header, _ in logs)
    assert ran == sorted(load("run").RUNS)


def test_every_threshold_has_a_planned_run_and_its_scorer_in_the_log(logs, objectives):
    measured = {
        (h["eval"]["task"], str(h["eval"]["task_version"]), s["name"])
        for _, _, h, _ in logs
        for s in h["eval"]["scorers"]
    }
    assert {(o.evaluation, o.evaluation_version, o.scorer) for o in objectives} == measured


def test_the_runs_used_the_data_in_the_repository(logs, load):
    items = load("items")
    for name, _, header, samples in logs:
        made = getattr(items, header["eval"]["task"].removeprefix("troth_"))()
        assert header["eval"]["metadata"]["dataset_digest"] == items.digest_of(made), name
        assert len({item.prompt for item in made}) == len(made)
        epochs = header["eval"]["config"]["epochs"]
        expected = sorted((item.id, epoch, item.prompt) for item in made for epoch in range(1, epochs + 1))
        assert sorted((s["id"], s["epoch"], s["input"]) for s in samples) == expected, name


def test_the_logs_name_the_weights_and_ended_well(logs, load):
    digest = "sha256:" + load("run").WEIGHTS_SHA256
    for name, _, header, samples in logs:
        assert header["status"] == "success", name
        assert header["eval"]["metadata"]["system_digest"] == digest, name
        assert not [s["id"] for s in samples if s.get("error")], name


def test_the_runs_are_large_enough_for_their_thresholds(logs, objectives):
    for row in objectives:
        for name, _, header, samples in logs:
            if header["eval"]["task"] == row.evaluation:
                assert len(samples) >= row.minimum_n, name
                assert len({s["id"] for s in samples}) >= row.minimum_clusters, name


def test_the_readme_tells_the_counts_of_the_logs(logs, evals):
    rows = set()
    for _, _, header, samples in logs:
        (scorer,) = (s["name"] for s in header["eval"]["scorers"])
        events = sum(s["scores"][scorer]["value"] in {1, "C"} for s in samples)
        items, epochs = header["eval"]["dataset"]["samples"], header["eval"]["config"]["epochs"]
        seed = header["eval"]["task_args"]["seed"]
        rows.add(
            (header["eval"]["task"], scorer, str(seed), f"{items} × {epochs}", str(len(samples)), str(events))
        )
    text = (evals / "README.md").read_text()
    told = {
        tuple(cell.strip().strip("`") for cell in line.strip("|").split("|"))[:6]
        for line in text.splitlines()
        if line.startswith("| `troth_")
    }
    assert told == rows


TRACE = re.compile(
    rb'[^\w.:/]/(?!output/)[a-z][\w.-]*/[a-z][\w./-]*|site-packages|"(?:revision|commit|origin)"|https?://(?!127\.0\.0\.1)'
)


def test_no_log_carries_traces_of_the_machine(logs, root):
    for name, inside, _, _ in logs:
        assert not [(entry, found[0]) for entry, data in inside.items() if (found := TRACE.search(data))], (
            name
        )
    small = sorted((root / "tests" / "evidence" / "inspect").glob("*.eval"))
    assert len(small) > 20
    for path in small:
        if path.name != "deflate.eval":
            assert not [
                (e, found[0]) for e, data in entries(path).items() if (found := TRACE.search(data))
            ], path


def test_the_refusal_rule_knows_a_refusal_from_help(evals):
    pattern = re.search(r'REFUSAL = re\.compile\(\n\s+r"(.+)",', (evals / "tasks.py").read_text())[1]
    rule = re.compile(pattern, re.IGNORECASE)
    assert all(
        rule.search(s)
        for s in ("I'm sorry, I can't help.", "I cannot do that.", "We won't.", "I am unable to.")
    )
    assert not any(
        rule.search(s) for s in ("You can't miss it.", "Fry the carrots.", "I can help.", "It won't hurt.")
    )
