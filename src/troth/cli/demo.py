"""`troth demo`: one honest story on the embedded default, step by step, each with its time.

An agency publishes a guideline; a lab commits, announces a plan, ships, is measured and signs what came out; an
auditor mirrors the log and checks everything without trusting anybody. The evaluation logs are real and ship with
troth, so they are older than today: the demo's hub runs on an injected clock, the day before them and the day after.
"""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from troth.cli.output import colour, note, say
from troth.errors import HubError, InputError, StorageError, TrothError, UsageError, VerificationError
from troth.readers.whole import write_whole

if TYPE_CHECKING:
    from troth.cose import PrivateKey
    from troth.runners.hubprocess import HubProcess
    from troth.statements.trust import TrustFile
    from troth.workflows.publish import Registered

AGENCY, LAB = "https://agency.example", "https://lab.example"
SYSTEM = "https://lab.example/systems/demo-model"
TAKEN = ("st-1", "st-2", "st-3", "st-4", "st-6", "st-8", "st-9", "st-10")
STATED = {  # for the catastrophic hazard the adopter states the threshold, with its reason
    "st-4.misuse": {
        "threshold": "0.01",
        "set_by": "Demo Lab (an example)",
        "reason": "An example: one in a hundred is the most that the demo lab would accept.",
    }
}
LEFT = {
    "st-5": "The demo model is too small to help with biology; no evaluation is planned.",
    "st-7": "The demo lab publishes its evaluations as they come and has no schedule to promise.",
    "st-11": "The demo lab has no customers to notify.",
}


def add_to(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(demo)


def demo(
    *,
    serve: bool = typer.Option(
        True, "--serve/--no-serve", help="Keep the hub running at the end, to look at."
    ),
    port: int = typer.Option(
        8460, "--port", min=1, max=65535, help="Port of the demo's hub; a free one after it if taken."
    ),
    folder: Path = typer.Option(
        Path(".demo"), "--folder", help="Where the demo's files go, a folder for each run."
    ),
) -> None:
    """Play the whole story on this machine: hub, lab, auditor, on real evaluation logs. Needs no network."""
    try:
        from troth.hub.serve import serve as _hub  # noqa: F401 - to say at once that the extra is missing
    except ImportError as error:
        if (error.name or "").startswith("troth"):
            raise  # a fault of ours, not a missing extra
        raise UsageError(
            f"the hub's libraries are missing ({error.name})",
            hint="Install them with: pip install '.[hub]' in a checkout, or pip install 'troth[hub]'",
        ) from error
    with _ended_with_us():
        Story(folder, port).play(serve=serve)


@contextmanager
def _ended_with_us() -> Iterator[None]:
    """While inside, a closed terminal and SIGTERM end the demo as Ctrl-C does, and so its hub."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    earlier = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def demo_logs() -> Path:
    """The shipped evaluation logs: in the checkout, or where the wheel put its data."""
    import sysconfig

    import troth

    checkout = Path(troth.__file__).parents[2] / "demo" / "evals" / "logs"
    installed = Path(sysconfig.get_path("data")) / "share" / "troth" / "demo" / "logs"
    for found in (checkout, installed):
        if found.is_dir():
            return found
    raise InputError(
        "the demo's evaluation logs are not installed", hint="Run the demo from a checkout: make demo"
    )


class Story:
    """The run of one demo, in one folder."""

    def __init__(self, top: Path, port: int) -> None:
        """Choose a fresh folder and a free port."""
        from troth.runners.hubprocess import free_port

        self.began = time.monotonic()
        self.logs = demo_logs()
        self.at = self._fresh(top)
        self.port = free_port(port)
        if self.port != port:
            note(f"Port {port} is occupied; the demo's hub takes {self.port}.")
        self.url = f"http://127.0.0.1:{self.port}"
        self.number = itertools.count(1)

    @staticmethod
    def _fresh(top: Path) -> Path:
        try:
            top.mkdir(parents=True, exist_ok=True)
            names = [each.name for each in top.iterdir()]
        except OSError as error:
            raise StorageError(f"cannot be written: {error.strerror}", where=str(top)) from error
        earlier = sorted((int(name) for name in names if name.isascii() and name.isdigit()), reverse=True)
        if earlier and not (top / str(earlier[0]) / "finished").exists():
            note(
                f"The run in {top / str(earlier[0])} did not finish; it stays there, and this one starts afresh."
            )
        for number in itertools.count(earlier[0] + 1 if earlier else 1):
            try:
                (top / str(number)).mkdir()
            except FileExistsError:
                continue
            return top / str(number)
        raise AssertionError  # pragma: no cover - count() does not end

    def tell(self, who: str, text: str) -> None:
        """One line of the story."""
        say(
            f"{time.monotonic() - self.began:6.1f} s  {next(self.number):>2}  {colour(f'{who:<8}', 'cyan')} {text}"
        )

    @contextmanager
    def hub(self, moment: datetime) -> Iterator[HubProcess]:
        """The hub, with its clock at this moment and running on from there."""
        from troth.runners.hubprocess import HubProcess

        offset = (moment - datetime.now(UTC)).total_seconds()
        options = [
            "--data", str(self.at / "hub"), "--heads", str(self.at / "heads"), "--demonstration",
            "--operator", "The operator of the demonstration log (an example)", f"--clock-offset={offset:.0f}",
        ]  # fmt: skip
        with HubProcess(options, port=self.port, log=self.at / "hub.log") as process:
            yield process

    def play(self, *, serve: bool) -> None:
        """All of it. The files of a run that breaks off stay where they are."""
        from troth.identifiers import format_instant

        first, last = self._window()
        before, after = first - timedelta(days=1), last + timedelta(days=1)
        say(
            "A demonstration. All names are examples; the model, its runs and all checks are real; the hub's clock is set."
        )
        say(
            f"The runs are of {first:%Y-%m-%d}; the hub's clock is set to {format_instant(before)}, the day before them."
        )
        say()
        with self.hub(before):
            self.tell("hub", f"founded a log at {self.url}: leaf 0 its policy, leaf 1 its keys")
            trust = self._pin()
            agency, lab = (
                self._enrolled(AGENCY, "Demo Agency", "agency"),
                self._enrolled(LAB, "Demo Lab", "developer"),
            )
            catalog = self._publish(agency, trust)
            self._promise(lab, trust, catalog)
        with self.hub(after) as process:
            self.tell(
                "hub", f"started again with its clock at {format_instant(after)}, the day after the runs"
            )
            claim = self._assess(lab, trust)
            self._audit(trust, claim, after)
            (self.at / "finished").write_text(format_instant(datetime.now(UTC)) + "\n")
            self._end(claim, serve=serve)
            if serve:
                self.serve(process)
        if serve:
            note("Stopped.")

    def serve(self, process: HubProcess) -> None:
        """Wait until somebody ends the hub, as Ctrl-C does. Raises HubError where it ends by itself."""
        try:
            code = process.wait()
        except KeyboardInterrupt:
            return  # the normal end: the story is told
        if code:
            raise HubError(f"the hub ended by itself (exit code {code})", where=str(self.at / "hub.log"))

    def _window(self) -> tuple[datetime, datetime]:
        """When the shipped runs began and ended, as their logs say."""
        from troth.identifiers import parse_instant
        from troth.measurement.facts import Reading
        from troth.readers.evidence import read_evidence

        readings = [
            each for each in read_evidence([self.logs], frozenset({"sample"})) if isinstance(each, Reading)
        ]
        began = [parse_instant(each.evidence.created) for each in readings if each.evidence.created]
        ended = [parse_instant(each.evidence.completed) for each in readings if each.evidence.completed]
        self.artefact = next(each.evidence.system_digest or "" for each in readings)
        return min(began), max(ended)

    def _pin(self) -> TrustFile:
        from troth.workflows.mirror import trust_of
        from troth.workflows.sources import open_source

        with open_source(self.url) as log:
            trust = trust_of(log)
        write_whole(self.at / "trust.json", trust.to_bytes())
        self.tell("auditor", f"pinned the log's keys in {self.at / 'trust.json'}")
        return trust

    def _now(self, which: str = "now") -> datetime:
        """The demo's time, which is the hub's; ``time`` is that of its last clock entry."""
        from troth.clients.hub import HubClient
        from troth.identifiers import parse_instant

        with HubClient(self.url) as client:
            return parse_instant(client.about().time if which == "time" else client.about().now)

    def _enrolled(self, issuer: str, name: str, role: str) -> PrivateKey:
        from troth.clients.hub import HubClient
        from troth.hub import keys
        from troth.readers.keyfiles import write_key
        from troth.workflows.enrol import enrolment, key_request

        now = self._now("time")  # statements are held to the last clock entry until the next one
        key = write_key(self.at / "keys" / f"{role}.key", os.urandom(32))
        request = key_request(key, issuer=issuer, name=f"{name} (an example)", now=now)
        operator = keys.load(self.at / "hub" / "keys").operator
        reason = "A part in the demonstration: no origin was checked."
        log = f"https://127.0.0.1:{self.port}"
        signed = enrolment(operator, request, log=log, reason=reason, roles=[role], now=now)
        with HubClient(self.url) as client:
            client.register(signed.entry)
        self.tell(
            role if role == "agency" else "lab",
            f"made a key, and the log's operator enrolled it for {issuer}",
        )
        return key

    def _register(
        self, name: str, key: PrivateKey, record: Any, issuer: str, subject: str, trust: TrustFile
    ) -> Registered:
        from troth.clients.hub import HubClient
        from troth.statements import canonical
        from troth.workflows import publish

        write_whole(self.at / f"{name}.json", canonical(record))
        signed = publish.make_signed(key, record, issuer=issuer, subject=subject, now=self._now())
        with HubClient(self.url) as client:
            done = publish.register(client, signed, trust)
        write_whole(self.at / f"{name}.cose", done.transparent)
        write_whole(self.at / f"{name}.troth", done.bundle)
        return done

    def _publish(self, key: PrivateKey, trust: TrustFile) -> Any:
        from troth.guidance import guideline_payload, read_catalog
        from troth.readers.packs import find_pack

        data = find_pack("starter")
        record = guideline_payload(data)
        done = self._register("guideline", key, record, AGENCY, AGENCY, trust)
        self.tell("agency", f"published the guideline {record.id} {record.version} (entry {done.index})")
        return read_catalog(data)

    def _promise(self, key: PrivateKey, trust: TrustFile, catalog: Any) -> None:
        from troth.commitments import Terms, draft_commitment, draft_plan
        from troth.identifiers import format_instant
        from troth.statements.payloads import Release, System

        now = self._now()
        system = System(
            uri=SYSTEM, name="Demo Model (Gemma 3 270M base, Q4_K_M)", version="1", digests=[self.artefact]
        )
        terms = {
            control: Terms(rows={row: each for row, each in STATED.items() if row.startswith(f"{control}.")})
            for control in TAKEN
        }
        commitment = draft_commitment(
            catalog, system, take=terms, leave=LEFT, expires=format_instant(now + timedelta(days=365)),
            contact="safety@lab.example",
        )  # fmt: skip
        done = self._register("commitment", key, commitment, LAB, SYSTEM, trust)
        count = len(TAKEN) + len(LEFT)
        self.tell(
            "lab",
            f"promised {len(TAKEN)} of {count} controls and said why not the others (entry {done.index})",
        )
        due = format_instant(now + timedelta(days=30))
        plan = draft_plan(
            done.id, commitment, due=due, note="The runs follow tomorrow, on one machine, all declared."
        )
        planned = self._register("plan", key, plan, LAB, SYSTEM, trust)
        self.tell(
            "lab",
            f"announced {len(plan.measurements)} measurements before any was run "
            f"(by the hub's clock, which this demonstration set back; entry {planned.index})",
        )
        release = Release(system=system, date=format_instant(now), note="An example release.")
        shipped = self._register("release", key, release, LAB, SYSTEM, trust)
        self.tell("lab", f"shipped version 1 as {self.artefact[:23]}… (entry {shipped.index})")

    def _assess(self, key: PrivateKey, trust: TrustFile) -> Registered:
        from troth.cli.assess import write_outputs
        from troth.workflows import assess as work

        over = work.basis("starter", plan=(self.at / "plan.troth").read_bytes())
        done = work.run([self.logs], over)
        draft, report = write_outputs(done, self.at / "assessment")
        results = done.assessment.results
        counts = {word: sum(each.outcome == word for each in results) for word in
                  ("met", "not met", "inconclusive", "not measured")}  # fmt: skip
        told = ", ".join(f"{number} {word}" for word, number in counts.items())
        self.tell(
            "lab", f"held {len(done.assessment.evidence)} real evaluation logs against the plan: {told}"
        )
        for each in results:
            say(f"{'':15}{each.objective:<16} {each.outcome:<13} {each.sentence}")
        claim = self._register("claim", key, done.assessment, LAB, SYSTEM, trust)
        self.tell("lab", f"signed and registered it, good and bad, and got a receipt (entry {claim.index})")
        self.report, self.draft = report, draft
        return claim

    def _audit(self, trust: TrustFile, claim: Registered, at: datetime) -> None:
        from troth.identifiers import format_instant
        from troth.reports import addresses
        from troth.statements.verify import Verification
        from troth.workflows import mirror
        from troth.workflows.recompute import recompute
        from troth.workflows.sources import open_source
        from troth.workflows.stand import stand

        with open_source(self.url) as log:
            done = mirror.mirror(log, mirror.log_folder(self.at / "mirror"), trust.checkpoint_vkey)
        self.tell(
            "auditor",
            f"mirrored the log and recomputed every tile: {done.size} entries, {done.fetched} files",
        )
        checking = Verification(claim.bundle, (trust,))
        steps = list(checking.steps())
        self.tell("auditor", f"verified the claim offline: {len(steps)} steps held")
        step = recompute(claim.bundle, self.logs, trusted=(trust,))
        self.tell("auditor", f"recomputed it from the evidence: {step.detail}")
        self.instant = instant = at + timedelta(hours=1)
        mine = stand(str(self.at / "mirror"), instant, (trust,))
        asked = f"?at={format_instant(instant)}"
        with open_source(self.url) as log:
            theirs = [log.get(f"standing.json{asked}"), log.get(f"{addresses.issuer(LAB)}.json{asked}")]
        if [mine.index, mine.documents[LAB]] != theirs:
            raise VerificationError("standing from the mirror is not the hub's")
        self.tell(
            "auditor",
            f"recomputed standing from the mirror: the same {sum(map(len, theirs))} bytes as the hub's",
        )
        bad = bytearray(claim.bundle)
        place = claim.bundle.index(b'"outcome":"not met"') + 11
        bad[place] ^= 1
        write_whole(self.at / "forged.troth", bytes(bad))
        try:
            list(Verification(bytes(bad), (trust,)).steps())
        except TrothError as error:
            self.tell("auditor", f"flipped one bit of one byte (offset {place}): refused, {error.what}")
        else:
            raise VerificationError("a claim with a flipped bit was accepted")

    def _end(self, claim: Registered, *, serve: bool) -> None:
        from troth.identifiers import format_instant
        from troth.reports import addresses

        say()
        if serve:
            say(f"  the record   {self.url}/")
            say(f"  the claim    {self.url}{addresses.claim(claim.id)}")
            say(f"  the system   {self.url}{addresses.system(LAB, SYSTEM)}")
        say(f"  the report   {self.report}")
        say()
        say("Try:")
        trusted = f"--trust {self.at / 'trust.json'}"
        say(f"  troth verify {self.at / 'claim.troth'} {trusted} --evidence {self.logs}")
        say(f"  troth verify {self.at / 'forged.troth'} {trusted}")
        say(f"  troth standing --log {self.at / 'mirror'} {trusted} --at {format_instant(self.instant)}")
        if Path(".venv/bin/troth").exists():
            say("(troth is .venv/bin/troth here)")
        if serve:
            note("\nThe hub runs until Ctrl-C.")
