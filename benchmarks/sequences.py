"""Ten thousand random sequences of acts: does any of them show somebody to who must not see them, or break the audit log?

    python benchmarks/sequences.py [--examples 10000] [--minutes 0] [--only pages releases keys]

Runs the state machines of the tests (Hypothesis) over and over with new random seeds, a hundred or more sequences at a time, until each has had so many
or the minutes are over, and prints how many were run. ``keys`` asks the key service alone, ``releases`` the register of releases, ``pages`` every page of
lists as people of eleven roles, with clocks, stops, withdrawals and the key service going on and off. What fails is printed with what reproduces it.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MACHINES = {
    "keys": ("tests/vault/service/test_anything_goes.py", 250),
    "releases": ("tests/governance/test_releases.py::TestAnythingGoes", 250),
    "pages": ("tests/web/lists/test_anything_goes.py", 100),
}


def main() -> None:
    """Run in rounds; count what passed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument(
        "--minutes", type=float, default=0, help="Stop after so long, whatever was reached; 0 for no end."
    )
    parser.add_argument("--only", nargs="*", choices=list(MACHINES), default=list(MACHINES))
    options = parser.parse_args()
    end = time.monotonic() + options.minutes * 60 if options.minutes else float("inf")
    # files that are written and thrown away by the thousand are kept in memory where the machine can
    fast = Path("/dev/shm")
    done = dict.fromkeys(options.only, 0)
    spent = dict.fromkeys(options.only, 0.0)
    with tempfile.TemporaryDirectory(dir=fast if fast.is_dir() else None) as folder:
        while time.monotonic() < end and (left := [n for n in options.only if done[n] < options.examples]):
            name = min(left, key=lambda n: done[n])
            many = min(MACHINES[name][1], options.examples - done[name])
            began = time.monotonic()
            passed = once(name, many, Path(folder))
            spent[name] += time.monotonic() - began
            done[name] += passed
            each = 1000 * spent[name] / max(1, done[name])
            print(
                f"{name:<9} {done[name]:>7,} sequences, {each:6.0f} ms each, {time.strftime('%H:%M:%S')}",
                flush=True,
            )
    print(
        "none of them showed anybody, and every audit log was whole: "
        + ", ".join(f"{n} {k:,}" for n, k in done.items())
    )


def once(name: str, many: int, folder: Path) -> int:
    """One round with a new seed; how many sequences passed. Exits with what failed."""
    (folder / "tmp").mkdir(exist_ok=True)
    environment = {
        **os.environ, "GOLDENTHREAD_SEQUENCES": str(many), "TMPDIR": str(folder / "tmp"), "GOLDENTHREAD_TEST_ROOT": str(folder / "root"),
    }  # fmt: skip
    (folder / "root").mkdir(exist_ok=True)
    command = [
        sys.executable, "-m", "pytest", MACHINES[name][0], "-q", "-p", "no:cacheprovider", "--hypothesis-show-statistics",
        f"--hypothesis-seed={random.randrange(2**31)}",
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if run.returncode != 0:
        print(run.stdout[-8000:], run.stderr[-2000:])
        raise SystemExit(f"{name}: a sequence failed")
    return sum(int(n) for n in re.findall(r"(\d+) passing", run.stdout.split("during generate phase")[-1]))


if __name__ == "__main__":
    main()
