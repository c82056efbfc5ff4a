"""Zips and Inspect logs made by hand, also such as no program would write."""

import json
import struct
import zlib

import pytest
import zstandard


class MemoryBlob:
    """Bytes as a Blob; counts what is read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.bytes_read = 0

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        found = self.data[offset : offset + length]
        self.bytes_read += len(found)
        return found


def squeeze(method: int, data: bytes) -> bytes:
    if method == 8:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        return packer.compress(data) + packer.flush()
    if method == 93:
        return zstandard.ZstdCompressor().compress(data)
    return data


class Zip:
    """A zip written entry by entry. Keyword arguments of ``add`` are lies told in the directory."""

    def __init__(self) -> None:
        self.body = b""
        self.directory = b""
        self.count = 0

    def add(self, name, data, method=8, *, raw=None, local=None, zip64=False, descriptor=False, **lies):
        packed = squeeze(method, data) if raw is None else raw
        told = {
            "crc": zlib.crc32(data),
            "packed": len(packed),
            "size": len(data),
            "offset": len(self.body),
            "flags": 8 if descriptor else 0,
            "method": method,
        } | lies
        name = name.encode() if isinstance(name, str) else name
        own = told | (local or {})
        own_sizes = (0, 0, 0) if descriptor else (own["crc"], own["packed"], own["size"])
        own_name = own.get("name", name)
        self.body += struct.pack(
            "<4s5H3L2H", b"PK\x03\x04", 45, own["flags"], own["method"], 0, 0, *own_sizes, len(own_name), 0
        )
        self.body += own_name + packed
        if descriptor:
            self.body += struct.pack("<4s3L", b"PK\x07\x08", told["crc"], told["packed"], told["size"])
        sizes = (told["packed"], told["size"])
        offset = told["offset"]
        extra = b""
        if zip64:
            field = struct.pack("<3Q", told["size"], told["packed"], offset)
            extra = struct.pack("<2H", 0x9999, 2) + b"??" + struct.pack("<2H", 1, len(field)) + field
            sizes, offset = (0xFFFFFFFF, 0xFFFFFFFF), 0xFFFFFFFF
        self.directory += struct.pack(
            "<4s6H3L5H2L", b"PK\x01\x02", 45, 45, told["flags"], told["method"], 0, 0, told["crc"], *sizes,
            len(name), len(extra), 0, 0, 0, 0, offset,
        )  # fmt: skip
        self.directory += name + extra
        self.count += 1
        return self

    def bytes(self, *, zip64=False, comment=b"", **lies):
        told = {
            "count": self.count,
            "length": len(self.directory),
            "offset": len(self.body),
            "disk": 0,
        } | lies
        end = b""
        if zip64:
            at = len(self.body) + len(self.directory)
            end += struct.pack(
                "<4sQ2H2L4Q",
                b"PK\x06\x06",
                44,
                45,
                45,
                0,
                0,
                told["count"],
                told["count"],
                told["length"],
                told["offset"],
            )
            end += struct.pack("<4sLQL", b"PK\x06\x07", 0, lies.get("end64", at), 1)
            told |= {"count": 0xFFFF, "length": 0xFFFFFFFF, "offset": 0xFFFFFFFF}
        end += struct.pack(
            "<4s4H2LH",
            b"PK\x05\x06",
            told["disk"],
            0,
            told["count"],
            told["count"],
            told["length"],
            told["offset"],
            len(comment),
        )
        return self.body + self.directory + end + comment


HEADER = {
    "version": 2,
    "status": "success",
    "eval": {
        "eval_id": "E1",
        "run_id": "R1",
        "created": "2026-01-02T03:04:05+01:00",
        "task": "task_of_mine",
        "task_version": 3,
        "dataset": {"name": "items", "samples": 9},
        "model": "mockllm/model",
        "model_args": {},
        "config": {"epochs": 1},
        "packages": {"inspect_ai": "0.3.285"},
    },
    "stats": {"started_at": "2026-01-02T03:04:05+01:00", "completed_at": "2026-01-02T03:05:06+01:00"},
}


def text(value) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


class InspectLog:
    """A log of rows: each (id, epoch, scores, more fields). Entries not wanted are switched off."""

    header = HEADER

    def sample(self, sample_id, epoch=1, scores=None, **more):
        scored = {
            name: value if isinstance(value, dict) and "value" in value else {"value": value}
            for name, value in (scores or {}).items()
        }
        return {"id": sample_id, "epoch": epoch, "input": "?", "target": "!", "scores": scored, **more}

    def eval(self, rows, *, header=None, summaries=True, journal=(), samples=True, method=8, extra=()):
        archive = Zip()
        archive.add("_journal/start.json", text({"version": 2, "eval": HEADER["eval"], "plan": {}}), method)
        if samples:
            for row in rows if samples is True else samples:
                archive.add(f"samples/{row['id']}_epoch_{row['epoch']}.json", text(row), method)
        for number, part in enumerate(journal, 1):
            archive.add(f"_journal/summaries/{number}.json", text(part), method)
        if summaries is not False:
            archive.add("summaries.json", text(rows if summaries is True else summaries), method)
        for name, data in extra:
            archive.add(name, text(data), method)
        if header is not False:
            archive.add("header.json", text(header or HEADER), method)
        return archive.bytes()

    def headed(self, scores=None, **changes):
        """A header with other fields of eval (``config=…``), or other results."""
        header = json.loads(json.dumps(HEADER))
        for key in ("status", "invalidated", "stats"):
            if key in changes:
                header[key] = changes.pop(key)
        header["eval"] |= changes
        if scores is not None:
            header["results"] = {"total_samples": None, "completed_samples": None, "scores": scores}
        return header

    def result(self, scorer="s", *, reducer=None, scored=None, name=None, **metrics):
        return {
            "name": name or scorer,
            "scorer": scorer,
            "reducer": reducer,
            "scored_samples": scored,
            "metrics": {key: {"name": key, "value": value, "params": {}} for key, value in metrics.items()},
        }


@pytest.fixture(scope="session")
def memory():
    return MemoryBlob


@pytest.fixture(scope="session")
def new_zip():
    return Zip


@pytest.fixture(scope="session")
def inspect_log():
    return InspectLog()


@pytest.fixture(scope="session")
def our_logs(root):
    """Logs that Inspect wrote for these tests, by file name."""
    return {
        path.name: path
        for path in sorted((root / "tests/evidence/inspect").iterdir())
        if path.suffix != ".md"
    }
