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
    ran = subprocess.run(
        [*coverage, "run", "-m", "pytest", "-q"], cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True
    )
    sys.stdout.write(ran.stdout)
    subprocess.run([*coverage, "combine", "-q"], cwd=ROOT, check=False)
    low = []
    for room in ROOMS:
        report = subprocess.run(
            [*coverage, "report", f"--include=src/troth/{room}/*", f"--fail-under={FLOOR}", "--precision=1"],
            cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        total = report.stdout.strip().splitlines()[-1:] or ["nothing measured"]
        sys.stdout.write(f"coverage {room:<12} {total[0]}\n")
        if report.returncode:
            low.append(room)
            sys.stdout.write(report.stdout)
    if low:
        sys.stdout.write(f"below {FLOOR} %: {', '.join(low)}\n")
    closing = ran.stdout.strip().splitlines()[-1:] or ["pytest printed nothing"]
    sys.stdout.write(closing[0] + "\n")
    return ran.returncode or bool(low)


if __name__ == "__main__":
    sys.exit(main())
