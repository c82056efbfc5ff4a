"""`troth sign`: the exact public words first, then the signature. Nothing leaves the machine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import typer

from troth.cli import home
from troth.cli.output import Json, emit, note, say


def add_to(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(sign)


def sign(
    file: Path = typer.Argument(
        ..., help="A payload: assessment.json, commitment.json, plan.json, release.json …"
    ),
    *,
    kind: str = typer.Option(
        "", "--kind", help="The kind of statement; by default the file's name up to a dot."
    ),
    key: str = typer.Option("", "--key", help="Name or path of the key."),
    issuer: str = typer.Option("", "--issuer", help="Who says it: an HTTPS origin or did:web."),
    subject: str = typer.Option("", "--subject", help="What it is about; by default the payload's system."),
    out: Path | None = typer.Option(
        None, "--out", "-o", help="Where to write; by default beside FILE, as .cose."
    ),
    preview: bool = typer.Option(
        False, "--preview", help="Show what would be public, for how long; sign nothing."
    ),
    json: bool = Json,
) -> None:
    """Sign a payload as a statement (COSE_Sign1). With --preview, show the page that counsel would want to read."""
    from troth.readers.keyfiles import read_key
    from troth.workflows import publish

    project = home.project()
    record = publish.read_payload(home.read_bytes(file, "payload"), kind or file.name.partition(".")[0])
    origin = home.need(issuer or project.issuer, "--issuer", "The issuer")
    about = subject or publish.subject_of(record, origin)
    path = home.key_path(key or project.key)
    signer = read_key(path, passphrase=home.passphrase(path))
    shown = publish.preview(record, issuer=origin, subject=about, key=signer.public.thumbprint().hex())
    if preview:
        if json:
            emit(shown)
        else:
            _show(shown)
        return
    signed = publish.make_signed(signer, record, issuer=origin, subject=about, now=datetime.now(UTC))
    target = out or file.with_suffix(".cose")
    home.write_bytes(target, signed.entry)
    blob = None
    if signed.blob is not None:
        blob = target.with_suffix(".blob")
        home.write_bytes(blob, signed.blob)
    if json:
        emit({"path": str(target), "blob": blob and str(blob), "id": signed.id, "kind": shown.kind})
        return
    say(f"Signed {shown.kind} as {origin}, about {about}")
    say(f"id    {signed.id}")
    say(f"file  {target}" + (f", with its payload in {blob}" if blob else ""))
    note(f"Nothing has left this machine. Next: troth register {target}")


def _show(shown) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - Preview is imported where it is used
    say("WHAT WOULD BE SAID, IN PUBLIC, WORD FOR WORD")
    say()
    say(shown.text)
    say()
    say(f"Kind       {shown.kind}")
    say(f"By         {shown.issuer}   (key {shown.key[:16]}…)")
    say(f"About      {shown.subject}")
    say(f"Digest     {shown.digest}   ({shown.bytes} bytes)")
    say(f"For        {shown.until}")
    say()
    say("WHAT BEGINS")
    for line in shown.clocks or ("Nothing runs from this statement.",):
        say(f"  · {line}")
    say()
    say("WHAT CANNOT BE UNDONE")
    for line in shown.undo:
        say(f"  · {line}")
    say()
    note("Nothing was signed. Leave out --preview to sign.")
