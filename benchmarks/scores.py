"""How fast are the scores that read diagnoses? One command, one run: ``python benchmarks/scores.py``.

Five million diagnoses of a million people: the whole-column functions against the same work in a plain loop over rows,
timed on a fiftieth of them and scaled up; answers compared. All times are processor seconds of this process.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from goldenthread.measures.scores import charlson_conditions, hfrs_weights, hospital_frailty
from goldenthread.measures.scores.comorbidity import _prefixes

PEOPLE, ROWS, SHARE = 1_000_000, 5_000_000, 50


def seconds(task: Callable[[], object]) -> float:
    """Processor time of one run."""
    start = time.process_time()
    task()
    return time.process_time() - start


def loop_hospital_frailty(who: np.ndarray, codes: np.ndarray, people: int) -> np.ndarray:
    """The score, row by row."""
    weights = hfrs_weights()
    seen: list[set[str]] = [set() for _ in range(people)]
    for person, code in zip(who.tolist(), codes.tolist(), strict=True):
        if code[:3] in weights:
            seen[person].add(code[:3])
    return np.array([round(sum(weights[c] for c in codes), 1) for codes in seen])


def loop_charlson(who: np.ndarray, codes: np.ndarray, people: int) -> np.ndarray:
    """The conditions, row by row."""
    groups = list(_prefixes("quan").values())
    found = np.zeros((people, len(groups)), dtype=bool)
    for person, code in zip(who.tolist(), codes.tolist(), strict=True):
        for group, prefixes in enumerate(groups):
            if code.startswith(prefixes):
                found[person, group] = True
    return found


def main() -> None:
    """Print times and ratios."""
    rng = np.random.default_rng(20261122)
    letters = [chr(65 + i) for i in range(26)]
    known = np.array(
        [f"{a}{n:02d}{d}" for a in letters for n in range(100) for d in range(0, 10, 3)], dtype=object
    )
    codes, who = known[rng.integers(0, len(known), ROWS)], rng.integers(0, PEOPLE, ROWS).astype(np.int32)
    few, some = ROWS // SHARE, PEOPLE // SHARE
    for name, fast, slow in (
        ("hospital frailty", hospital_frailty, loop_hospital_frailty),
        ("charlson", charlson_conditions, loop_charlson),
    ):
        whole = seconds(lambda fast=fast: fast(who, codes, PEOPLE))
        part = (who[:few] % some, codes[:few], some)
        looped = seconds(lambda slow=slow, part=part: slow(*part)) * SHARE
        same = bool((fast(*part) == slow(*part)).all())
        print(
            f"{name}: {ROWS:,} rows in {whole:.2f} s; row by row {looped:.1f} s; {looped / whole:.0f} times; same: {same}"
        )


if __name__ == "__main__":
    main()
