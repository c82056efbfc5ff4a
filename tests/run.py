"""Run the tests with branch coverage, and hold every domain room to 95 %.

    python tests/run.py [pytest arguments]

With arguments only those tests run, and coverage is not judged. Not a test itself.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ["cose", "log", "statements", "guidance", "commitments", "measurement", "standing"]
FLOOR = 95


def main() -> int:
    """Pytest, then one coverage line per room; pytest's own closing line comes last."""
    chosen = sys.argv[1:]
    if chosen:
        return subprocess.call([sys.executable, "-m", "pytest", *chosen], cwd=ROOT)
    coverage = [sys.executable, "-m", "coverage"]
    subprocess.run([*coverage, "erase"], cwd=ROOT, check=True)
    code, closing = shown([*coverage, "run", "-m", "pytest", "-q"])
    subprocess.run([*coverage, "combine", "-q"], cwd=ROOT, check=False)
    low = []
    for room in ROOMS:
        report = [
            *coverage,
            "report",
            f"--include=src/troth/{room}/*",
            f"--fail-under={FLOOR}",
            "--precision=1",
        ]
        total = subprocess.run(
            [*report, "--format=total"], cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True
        )
        sys.stdout.write(f"coverage of {room:<12} {total.stdout.strip():>5} %\n")
        if total.returncode:
            low.append(room)
            subprocess.run(report, cwd=ROOT, check=False)
    if low:
        sys.stdout.write(f"below {FLOOR} %: {', '.join(low)}\n")
    sys.stdout.write(closing + "\n")
    return code or bool(low)


def shown(command: list[str]) -> tuple[int, str]:
    """Run a command, show what it says as it says it, and keep its last line."""
    last = ""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            last = line.strip() or last
    return process.returncode, last


if __name__ == "__main__":
    sys.exit(main())
