"""Reading an OSCAL catalog beside the bare decode of its JSON, in one run.

    python bench/oscal_read.py [CATALOG.json [rounds]]

Prints medians in milliseconds and their ratio; the goal is at most 3. Without a file the `starter` guideline is read,
which is small: name NIST's SP 800-53 (10 MB) for a figure that says something.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from troth.guidance import objectives, read_catalog, reference
from troth.readers.packs import find_pack


def median_ms(rounds: int, work: Callable[[], object]) -> float:
    """The median time of ``work``, in milliseconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
        del result
    return statistics.median(times) * 1000


def main() -> None:
    data = Path(sys.argv[1]).read_bytes() if len(sys.argv) > 1 else find_pack("starter")
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    catalog = read_catalog(data)
    bare = median_ms(rounds, lambda: msgspec.json.decode(data))
    read = median_ms(rounds, lambda: read_catalog(data))
    print(f"{len(data) / 1e6:.1f} MB, {len(catalog.controls)} controls, median of {rounds}")
    print(f"bare msgspec decode   {bare:8.1f} ms")
    print(f"read_catalog          {read:8.1f} ms   {read / bare:.2f} x the bare decode")
    print(f"objectives            {median_ms(rounds, lambda: objectives(catalog)):8.1f} ms")
    print(f"reference (RFC 8785)  {median_ms(1, lambda: reference(catalog)):8.1f} ms")


if __name__ == "__main__":
    main()
