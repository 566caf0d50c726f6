"""How long the demo takes to make, and how much memory: ``python benchmarks/demo.py [people]``.

Prints wall and processor seconds, peak memory of the largest process, rows a second and events a person.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from goldenthread.demo import generate


def main(people: int) -> None:
    """Generate once into a temporary folder and print what it took."""
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        summary = generate(Path(home) / "feeds", Path(home) / "truth", people=people)
        wall = time.perf_counter() - began
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    rows = sum(summary.rows.values())
    print(f"people                {people:>12,}")
    print(f"wall seconds          {wall:>12.1f}")
    print(f"processor seconds     {processor:>12.1f}")
    print(f"peak memory, one process {max(own.ru_maxrss, children.ru_maxrss) / 1024:>6.0f} MB")
    print(f"rows                  {rows:>12,}  ({rows / processor:,.0f} a processor second)")
    print(f"GP events a person    {summary.rows['gp_event'] / people:>12.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
