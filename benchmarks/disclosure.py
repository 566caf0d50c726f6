"""How fast are disclosure control and the ledger? One command, one run: ``python benchmarks/disclosure.py``.

1. A table of 100 practices by 20 groups with all totals: suppression with the audit, against primary suppression alone.
2. The ledger: 1,000 earlier answers over 1,000,000 people, one new answer, against comparing Python sets one by one.
3. A whole table put to the same ledger.

All times are processor seconds of this process.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from goldenthread.disclosure import Ledger, release
from goldenthread.disclosure.asking import Answer

PEOPLE = 1_000_000
EARLIER = 1_000


def seconds(task: Callable[[], object], repeats: int = 3) -> float:
    """Return the median processor time of a task (all threads), so that other work on the machine does not count."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        task()
        times.append(time.process_time() - start)
    return statistics.median(times)


def grid(rng: np.random.Generator, practices: int = 100, groups: int = 20) -> pd.DataFrame:
    """Return a table of counts with totals in both directions."""
    counts = rng.poisson(rng.gamma(1.0, 15.0, size=(practices, groups)))
    full = np.zeros((practices + 1, groups + 1), dtype=int)
    full[:-1, :-1], full[-1, :-1], full[:-1, -1], full[-1, -1] = (
        counts,
        counts.sum(0),
        counts.sum(1),
        counts.sum(),
    )
    rows = [
        (f"P{i}" if i < practices else "All", f"G{j}" if j < groups else "All", int(full[i, j]))
        for i in range(practices + 1)
        for j in range(groups + 1)
    ]
    return pd.DataFrame(rows, columns=["practice", "group", "people"])


def benchmark_table() -> None:
    """Suppression of one large table under three policies."""
    frame = grid(np.random.default_rng(1))
    options = {"counts": ["people"], "dimensions": ["practice", "group"]}
    plain = seconds(lambda: release(frame, policy="icb", not_additive=["practice", "group"], **options))  # type: ignore[arg-type]
    margins = {"practice": "All", "group": "All"}
    print(f"table of {len(frame):,} cells; small cells hidden and nothing else: {plain:.2f} s")
    for policy in ("icb", "hes", "opensafely"):
        table = release(frame, policy=policy, margins=margins, **options)  # type: ignore[arg-type]
        taken = seconds(lambda p=policy: release(frame, policy=p, margins=margins, **options))  # type: ignore[misc,arg-type]
        small = int(
            (
                frame["people"].between(1, 4 if policy == "icb" else 7)
                | ((policy == "opensafely") & (frame["people"] == 0))
            ).sum()
        )
        print(
            f"  {policy:<11} {taken:6.2f} s   small {small}, hidden {int(table.suppressed['people'].sum())}"
            f"   {taken / plain:.1f} x small cells alone"
        )


def fill(ledger: Ledger, rng: np.random.Generator) -> list[np.ndarray]:
    """Put 1,000 random answers of 10 to 600,000 people into the ledger, as earlier releases would have."""
    sets = []
    for k in range(EARLIER):
        size = int(10 ** rng.uniform(1, 5.8))
        sets.append(np.sort(rng.choice(PEOPLE, size, replace=False)).astype(np.int32))
        with ledger.asking("analyst") as asking:
            asking.record([Answer(f"cell {k}", size, sets[-1])], population=f"earlier {k}", policy="icb")
    return sets


def ledger_table(ledger: Ledger, rng: np.random.Generator) -> int:
    """Put a table of 100 practices by sex and nine age bands to the ledger."""
    practice, sex, band = rng.integers(0, 100, PEOPLE), rng.integers(0, 2, PEOPLE), rng.integers(0, 9, PEOPLE)
    cell = practice * 18 + sex * 9 + band
    order = np.argsort(cell, kind="stable").astype(np.int32)
    members = np.split(order, np.cumsum(np.bincount(cell, minlength=1800))[:-1])
    frame = pd.DataFrame({"cell": [f"c{k}" for k in range(1800)], "people": [len(m) for m in members]})
    release(frame, policy="icb", counts=["people"], dimensions=["cell"], ledger=ledger, recipient="analyst",
            population="1,800 cells", members={"people": members})  # fmt: skip
    return len(frame)


def benchmark_ledger() -> None:
    """One new answer, and one new table, against 1,000 earlier answers."""
    rng = np.random.default_rng(2)
    ledger = Ledger(snapshot="benchmark", people=PEOPLE)
    start = time.process_time()
    earlier = fill(ledger, rng)
    print(
        f"ledger: {EARLIER:,} answers over {PEOPLE:,} people recorded in {time.process_time() - start:.1f} s"
    )
    for number, size in enumerate((20, 1_000, 50_000, 400_000)):
        ids = np.sort(rng.choice(PEOPLE, size, replace=False)).astype(np.int32)

        def ask(ids: np.ndarray = ids, number: int = number) -> object:
            with ledger.asking("analyst") as asking:
                return asking.refused([Answer(f"new {number}", len(ids), ids)], population="new", threshold=4)

        ask()  # the first question loads the sets
        fast = seconds(ask, 5)
        mine = set(ids.tolist())
        sample = [set(s.tolist()) for s in earlier[:50]]
        slow = (
            seconds(lambda m=mine, s=sample: [(len(m - x), len(x - m)) for x in s], 1) * EARLIER / len(sample)
        )  # type: ignore[misc]
        print(
            f"  one new answer of {size:>7,} people: {fast * 1000:6.0f} ms   Python sets, pairs only: {slow / fast:5.1f} x as long"
        )
    start = time.process_time()
    cells = ledger_table(ledger, rng)
    print(f"  a table of {cells:,} cells checked and recorded: {time.process_time() - start:.1f} s")


if __name__ == "__main__":
    benchmark_table()
    benchmark_ledger()
