"""Make the log in this folder with aics-tlog 0.2.1, an implementation of the C2SP formats that is not ours.

    python -m venv /tmp/v && /tmp/v/bin/pip install aics-tlog==0.2.1    # Python 3.12 or later
    /tmp/v/bin/python make.py

300 entries that are no COSE, appended in two steps, so that a partial tile of the first step is left; a head signed by
the log and cosigned by a witness whose key troth does not know. Keys are fixed, the witness's time too. Not a test.
"""

import shutil
from pathlib import Path

import aics_tlog as tlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN, WITNESS = "foreign.example/log", "witness.example/w1"
HERE = Path(__file__).parent
log, witness = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (7, 8))
entries = [b"", *(b"entry %d \xff\x00" % n * (n % 5) for n in range(1, 300))]

shutil.rmtree(HERE / "tile", ignore_errors=True)
store = tlog.DirectoryTileStore(HERE)
writer = tlog.IncrementalTileWriter(store, size=0)
for part in (entries[:100], entries[100:]):
    writer.append(part)
    head = tlog.Checkpoint(ORIGIN, writer.size, writer.root())
    note = tlog.sign_checkpoint(head, log, ORIGIN)
    _, line = tlog.sign_cosignature(witness, WITNESS, 1767000000, ORIGIN, head.size, writer.root())
    signed = tlog.Note(text=note.text, signatures=(*note.signatures, line)).to_bytes()
    (HERE / f"checkpoint-{writer.size}").write_bytes(signed)
    store.write_checkpoint(signed)
key = tlog.vkey_from_ed25519(ORIGIN, log.public_key())
(HERE / "vkey").write_text(tlog.format_vkey(key) if isinstance(key, tlog.VKey) else str(key))
