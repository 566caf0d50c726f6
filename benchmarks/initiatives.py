"""The planted initiatives of a demonstration: what their agreed evaluations found, beside what was planted.

``goldenthread demo HOME``, ``goldenthread initiative evaluate --due --home HOME``, then ``python benchmarks/initiatives.py HOME [TRUTH]``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from goldenthread.programme import Register


def main(home: Path, truth: Path) -> int:
    """Print a row an initiative; the number of intervals that do not hold what was planted is the exit code."""
    rows = duckdb.sql(f"SELECT initiative, rate_ratio FROM '{truth / 'initiative.parquet'}'").fetchall()
    planted = dict(rows)
    missed = 0
    print(f"{'initiative':14} {'planted':>8} {'found':>24} {'holds it':>9}  {'judged':16} before and after")
    for entry in Register.of(home):
        if entry.initiative.programme not in planted or not entry.evaluations or entry.plan.primary is None:
            continue
        body = entry.evaluations[-1].body
        name, ratio = entry.plan.primary.name, planted[entry.initiative.programme]
        found = next(
            (e for e in body["effects"] if e["outcome"] == name and e["measure"] == "rate ratio"), None
        )
        naive = body["naive"]["change"] if body["naive"] else float("nan")
        if found is None:
            print(f"{entry.id:14} {ratio:8.2f} {'no fair comparison':>24}")
            continue
        holds = found["lower"] <= ratio <= found["upper"]
        missed += not holds
        words = f"{found['value']:.2f} ({found['lower']:.2f} to {found['upper']:.2f})"
        print(
            f"{entry.id:14} {ratio:8.2f} {words:>24} {'yes' if holds else 'NO':>9}  {entry.verdicts[0][3]:16} {naive:+.0%}"
        )
    return missed


if __name__ == "__main__":
    here = Path(sys.argv[1])
    sys.exit(main(here, Path(sys.argv[2]) if len(sys.argv) > 2 else here / "truth"))
