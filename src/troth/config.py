"""One documented record of settings. It is filled in cli/ and hub/, which alone read the environment."""

from __future__ import annotations

import msgspec


class HubConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a hub needs to know to run. Sizes in bytes, times in seconds.

    Leaves out keys (files in the data directory) and rules (the registration policy, leaf 0).
    """

    data: str  # directory with log.db, restricted.db, views.db and keys/
    heads: str  # directory of the head store; outside ``data``, or one backup restores both
    database: str = ""  # postgresql:// URL of the log's database; where empty, log.db in ``data``
    url: str = "http://127.0.0.1:8460"  # how readers reach it; receipts and pages name it
    host: str = "127.0.0.1"
    port: int = 8460
    queue: int = 4096  # statements waiting for the sequencer before 429
    batch: int = 1024  # statements in one commit at most
    retry_after: int = 1  # seconds told to a client that meets a full queue
    blob_limit: int = 16 * 1024 * 1024  # bytes of one hash-enveloped payload
    clock_offset: float = 0.0  # seconds added to the real clock; demo and tests move it
    demonstration: bool = False  # pages then say so on every page

    def __repr__(self) -> str:
        """As any record, but for the database's address, which may hold a password."""
        fields = ((name, getattr(self, name)) for name in self.__struct_fields__)
        shown = ((name, "…" if name == "database" and value else value) for name, value in fields)
        return f"HubConfig({', '.join(f'{name}={value!r}' for name, value in shown)})"
