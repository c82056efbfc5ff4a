"""Make the small Inspect logs in ``inspect/``: every layout and oddity a reader must survive.

Run by hand, in an environment of its own that holds ``demo/evals/requirements-evals.txt``::

    python tests/evidence/make_logs.py

Inspect itself writes every log, with its scripted model (``mockllm``): no network, no weights. Nothing is
edited afterwards except what a log's entry in ``inspect/README.md`` says. Two things are replaced before
the run, so that no log carries traces of the machine that made it: tracebacks and the words of a
cancellation (both name files), and the place of this script, which runs from a temporary copy outside any
git tree (Inspect records the task's file and commit). Identifiers and times differ at
each run; counts, values and layouts do not.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import inspect_ai.log._log as log_module
from inspect_ai import Epochs, Task, task
from inspect_ai import eval as run_eval
from inspect_ai._util import zipfile as zip_module
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import (
    EvalLog,
    ProvenanceData,
    edit_score,
    invalidate_samples,
    read_eval_log,
    write_eval_log,
)
from inspect_ai.log._recorders.chunked import convert_eval_logs_to_chunked
from inspect_ai.model import Model, ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import (
    Score,
    ScoreEdit,
    Scorer,
    Target,
    accuracy,
    grouped,
    includes,
    mean,
    scorer,
    stderr,
)
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver

OUT = Path(os.environ.get("MAKE_LOGS_OUT") or Path(__file__).resolve().parent / "inspect")
DIGEST = "sha256:" + "5a" * 32  # a made-up artefact: binding is tested, nothing is claimed about it

QUIET: dict[str, Any] = {
    "display": "none",
    "log_level": "error",
    "log_realtime": False,
    "log_model_api": False,
    "score_display": False,
    "ctl_server": False,
    "acp_server": False,
    "metadata": {"system_digest": DIGEST},
}


def no_traceback(*_: object) -> tuple[str, str]:
    """Stand in for Inspect's traceback, which names files of the machine."""
    return ("traceback left out", "traceback left out")


def short_message(error: BaseException) -> str:
    """Stand in for Inspect's message, which for a cancellation names files of the machine."""
    return "cancelled" if type(error).__name__ == "CancelledError" else str(error)


log_module.format_traceback = no_traceback  # type: ignore[attr-defined]  # Inspect's own import of it
log_module.exception_message = short_message  # type: ignore[attr-defined]  # likewise


def answer(messages: Any, *_: Any) -> ModelOutput:
    """Say yes, except where the question ends in ``no``; usage is set, or mockllm fetches a tokenizer."""
    said = "no" if messages[-1].text.endswith("no") else "yes"
    made = ModelOutput.from_content(model="mockllm", content=said)
    made.usage = ModelUsage(input_tokens=8, output_tokens=1, total_tokens=9)
    return made


def model() -> Model:
    """Return the scripted model."""
    return get_model("mockllm/model", custom_outputs=answer, memoize=False)


def scripted_value(state: TaskState, key: str) -> Any:
    """Read what sample metadata says this scorer gives in this epoch; strings stand for NaN and infinity."""
    values = state.metadata[key]
    value = values[(state.epoch - 1) % len(values)] if isinstance(values, list) else values
    return (
        {"NaN": float("nan"), "Infinity": float("inf")}.get(value, value) if isinstance(value, str) else value
    )


@scorer(metrics=[accuracy(), stderr()])
def passed() -> Scorer:
    """Give the label written in sample metadata ``passed``: C, I, P or N."""

    async def score(state: TaskState, _target: Target) -> Score:
        return Score(value=scripted_value(state, "passed"), answer=state.output.completion)

    return score


@scorer(metrics=[mean(), stderr()])
def points() -> Scorer:
    """Give the number written in sample metadata ``points``."""

    async def score(state: TaskState, _target: Target) -> Score:
        return Score(value=scripted_value(state, "points"))

    return score


@scorer(metrics={"polite": [mean(), stderr()], "brief": [mean()]})
def manners() -> Scorer:
    """Give the dict written in sample metadata ``manners``."""

    async def score(state: TaskState, _target: Target) -> Score:
        return Score(value=dict(scripted_value(state, "manners")))

    return score


@scorer(metrics=[grouped(mean(), "topic")])
def by_topic() -> Scorer:
    """Give ``points`` again, with a metric per topic."""

    async def score(state: TaskState, _target: Target) -> Score:
        return Score(value=scripted_value(state, "points"))

    return score


@scorer(metrics=[])
def label() -> Scorer:
    """Give a free label that no metric can average."""

    async def score(state: TaskState, _target: Target) -> Score:
        return Score(value=scripted_value(state, "label"), explanation="a label, not a number")

    return score


@scorer(metrics=[mean()])
def sometimes() -> Scorer:
    """Score every second sample only; the others are declared unscored."""

    async def score(state: TaskState, _target: Target) -> Score:
        if state.metadata["points"] == 0:
            return Score.unscored(reason="scripted")
        return Score(value=1)

    return score


@solver
def stumble() -> Solver:
    """Fail where sample metadata says so, before the model is asked."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if state.metadata.get("fails"):
            raise RuntimeError("scripted failure")
        return await generate(state)

    return solve


@solver
def stall(after: int) -> Solver:
    """Answer the first ``after`` samples, then wait to be killed."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if int(str(state.sample_id).removeprefix("s")) >= after:
            await anyio.sleep(600)
        return await generate(state)

    return solve


def samples(n: int, **columns: Callable[[int], Any]) -> list[Sample]:
    """Make ``n`` samples ``s0…`` whose metadata is computed from their number."""
    return [
        Sample(
            id=f"s{i}",
            input=f"Question {i}, answer yes",
            target="yes",
            metadata={name: column(i) for name, column in columns.items()},
        )
        for i in range(n)
    ]


def pass_fail(i: int) -> str:
    """Fail every fourth."""
    return "I" if i % 4 == 3 else "C"


@task
def layout(parts: int = 12) -> Task:
    """Twelve samples, nine C and three I, and one includes() scorer beside."""
    return Task(
        dataset=MemoryDataset(samples(parts, passed=pass_fail)),
        solver=generate(),
        scorer=[passed(), includes()],
        version=1,
    )


@task
def many_scorers() -> Task:
    """Several scorers: labels, numbers, a dict, groups, free labels, unscored ones."""
    return Task(
        dataset=MemoryDataset(
            samples(
                8,
                passed=lambda i: "CIPN"[i % 4],
                points=lambda i: i / 2,
                manners=lambda i: {"polite": 1 if i < 6 else 0, "brief": i / 8},
                topic=lambda i: "ab"[i % 2],
                label=lambda i: ["red", "green", "blue"][i % 3],
            )
        ),
        solver=generate(),
        scorer=[passed(), points(), manners(), by_topic(), label()],
    )


@task
def epochs(reducers: str) -> Task:
    """Six samples by four epochs: of sample i, the first i epochs fail (so 0, 1, 2, 3, 4, 4 failures)."""
    return Task(
        dataset=MemoryDataset(
            samples(
                6,
                passed=lambda i: ["I" if e < i else "C" for e in range(4)],
                points=lambda i: [float(e < i) for e in range(4)],
            )
        ),
        solver=generate(),
        scorer=[passed(), points()],
        epochs=Epochs(4, reducers.split("+")),
    )


@task
def not_a_number() -> Task:
    """Six samples, two of them NaN, and a scorer that declares two unscored."""
    return Task(
        dataset=MemoryDataset(samples(6, points=lambda i: ["NaN", 1, 0][i % 3])),
        solver=generate(),
        scorer=[points(), sometimes()],
    )


@task
def infinite() -> Task:
    """Four samples, one of them infinite."""
    return Task(
        dataset=MemoryDataset(samples(4, points=lambda i: "Infinity" if i == 2 else i)),
        solver=generate(),
        scorer=points(),
    )


@task
def odd_ids() -> Task:
    """Integer and string identifiers, and those that make awkward entry names."""
    ids: list[int | str] = [1, 2, "10", "a/b", "x_epoch_2", "späte Frage", "../up", "dot.json", "7 %", "q?*:"]
    rows = [
        Sample(id=i, input="Question, answer yes", target="yes", metadata={"passed": pass_fail(n)})
        for n, i in enumerate(ids)
    ]
    return Task(dataset=MemoryDataset(rows), solver=generate(), scorer=passed(), epochs=2)


@task
def long_values() -> Task:
    """String values beyond the thousand characters that summaries keep."""
    return Task(
        dataset=MemoryDataset(samples(3, passed=pass_fail, label=lambda i: f"label {i} " + "x" * 1500)),
        solver=generate(),
        scorer=[passed(), label()],
    )


@task
def failures() -> Task:
    """Eight samples of which two fail before the model is asked."""
    return Task(
        dataset=MemoryDataset(samples(8, passed=pass_fail, fails=lambda i: i in {2, 5})),
        solver=stumble(),
        scorer=passed(),
    )


@task
def stalled(after: int) -> Task:
    """Twelve samples of which all from number ``after`` on wait for ever."""
    return Task(
        dataset=MemoryDataset(samples(12, passed=pass_fail)),
        solver=stall(after),
        scorer=passed(),
        version="2.1",
    )


def run(what: Task, name: str, **options: Any) -> EvalLog:
    """Run one task into a folder of its own and keep its only log as ``inspect/<name>``."""
    folder = Path(tempfile.mkdtemp(dir="."))
    log = run_eval(what, model=model(), log_dir=str(folder), **{**QUIET, **options})[0]
    keep(folder, name)
    return log


def keep(folder: Path, name: str) -> None:
    """Move the only log of a folder to its place."""
    (made,) = [f for f in folder.iterdir() if f.suffix in {".eval", ".json"}]
    shutil.move(made, OUT / name)


@contextmanager
def deflating() -> Iterator[None]:
    """Make Inspect write deflate instead of zstd, as its releases of 2024 and 2025 did."""
    before = dict(zip_module.zipfile_compress_kwargs)
    zip_module.zipfile_compress_kwargs.update(compression=zipfile.ZIP_DEFLATED, compresslevel=5)
    try:
        yield
    finally:
        zip_module.zipfile_compress_kwargs.update(before)


def interrupted(name: str, with_signal: signal.Signals) -> None:
    """Run ``stalled`` in a child process and stop it once seven samples are on the disk."""
    folder = Path(tempfile.mkdtemp(dir="."))
    child = subprocess.Popen([sys.executable, "make_logs.py", "--child", str(folder)])
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = list(folder.glob("*.eval"))
        if found and count(found[0], "samples/") >= 6:
            break
        time.sleep(0.2)
    else:
        raise SystemExit("the child wrote no samples within a minute")
    child.send_signal(with_signal)
    child.wait(60)
    keep(folder, name)


def count(path: Path, prefix: str) -> int:
    """Count a zip's entries under a prefix; 0 while it is being rewritten."""
    try:
        with zipfile.ZipFile(path) as opened:
            return sum(entry.startswith(prefix) for entry in opened.namelist())
    except (zipfile.BadZipFile, FileNotFoundError):
        return 0


def chunked(source: str, name: str, chunk_size: int) -> None:
    """Let Inspect convert a log to chunked samples (it has no other way to write them yet)."""
    folder = Path(tempfile.mkdtemp(dir="."))
    convert_eval_logs_to_chunked(str(OUT / source), str(folder), chunk_size=chunk_size)
    keep(folder, name)


def mixed(monolith: str, converted: str, name: str) -> None:
    """Put half the samples of one log as chunks beside the other half as single entries: a legal mixture."""
    with (
        zipfile.ZipFile(OUT / monolith) as single,
        zipfile.ZipFile(OUT / converted) as chunks,
        zipfile.ZipFile(OUT / name, "w", **zip_module.zipfile_compress_kwargs) as out,
    ):
        for entry in single.namelist():
            number = entry.removeprefix("samples/s").partition("_epoch_")[0]
            if not entry.startswith("samples/") or int(number) % 2:
                out.writestr(entry, single.read(entry))
            else:
                prefix = entry.removesuffix(".json") + "/"
                for part in chunks.namelist():
                    if part.startswith(prefix):
                        out.writestr(part, chunks.read(part))


def rewritten(source: str, name: str, change: Callable[[EvalLog], EvalLog | None]) -> None:
    """Read a log with Inspect, change it by Inspect's own functions and write it."""
    log = read_eval_log(str(OUT / source))
    changed = change(log) or log
    write_eval_log(changed, str(OUT / name))


def one_edit(log: EvalLog) -> None:
    """Turn sample s3 from I to C, as a person would who corrects a score."""
    provenance = ProvenanceData(author="someone", reason="scripted correction")
    edit_score(log, "s3", "passed", ScoreEdit(value="C", provenance=provenance))


def two_invalid(log: EvalLog) -> EvalLog:
    """Declare two samples invalid; Inspect keeps their scores and the header's metrics."""
    doomed = [s.uuid for s in (log.samples or [])[:2] if s.uuid]
    return invalidate_samples(log, doomed, ProvenanceData(author="someone", reason="scripted invalidation"))


def one_lost(log: EvalLog) -> None:
    """Drop two samples but keep the header's metrics of the full run, as trimmed logs in the wild do."""
    log.samples = (log.samples or [])[2:]


def main() -> None:
    """Write all logs, afresh."""
    OUT.mkdir(exist_ok=True)
    for old in [*OUT.glob("*.eval"), *OUT.glob("*.json")]:
        old.unlink()
    run(layout(), "zstd.eval")
    with deflating():
        run(layout(), "deflate.eval")
    run(layout(), "plain.json", log_format="json", limit=4)
    run(layout(), "no_samples.eval", log_samples=False)
    run(layout(), "not_scored.eval", score=False)
    run(layout(), "limited.eval", limit=5)
    chunked("limited.eval", "chunked.eval", 3)
    mixed("limited.eval", "chunked.eval", "mixed_shapes.eval")
    interrupted("journal_only.eval", signal.SIGKILL)
    interrupted("cancelled.eval", signal.SIGINT)
    run(failures(), "sample_errors.eval", fail_on_error=False)
    run(failures(), "error_status.eval", fail_on_error=True, max_samples=1)
    run(failures(), "continued_after_error.eval", fail_on_error=True, continue_on_fail=True)
    run(many_scorers(), "many_scorers.eval")
    for reducers in ("mean", "mode", "at_least_2", "mean+at_least_2+max"):
        run(epochs(reducers), f"epochs_{reducers.replace('+', '_and_')}.eval")
    run(epochs("mean"), "epochs_limited.eval", limit=2)
    chunked("epochs_limited.eval", "chunked_epochs.eval", 1000)
    run(not_a_number(), "nan.eval")
    run(infinite(), "infinity.eval")
    run(odd_ids(), "odd_ids.eval")
    run(long_values(), "long_values.eval")
    rewritten("zstd.eval", "edited_score.eval", one_edit)
    rewritten("zstd.eval", "invalidated.eval", two_invalid)
    rewritten("zstd.eval", "trimmed.eval", one_lost)
    for path in sorted(OUT.iterdir()):
        sys.stdout.write(f"{path.stat().st_size:8} {path.name}\n")


def child(folder: str) -> None:
    """Be the process that gets stopped: one sample at a time, written every second one."""
    run_eval(stalled(7), model=model(), log_dir=folder, log_buffer=2, max_samples=1, **QUIET)


def elsewhere() -> None:
    """Run a copy of this script in a temporary directory, so that logs name ``make_logs.py`` and no more."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(__file__, Path(folder) / "make_logs.py")
        settings = {**os.environ, "MAKE_LOGS_OUT": str(OUT)}
        subprocess.run([sys.executable, "make_logs.py", "--here"], cwd=folder, env=settings, check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2])
    elif sys.argv[1:2] == ["--here"]:
        main()
    else:
        elsewhere()
