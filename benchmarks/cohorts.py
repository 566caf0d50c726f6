"""How fast is a cohort question? ``python benchmarks/cohorts.py HOME``: warm on the person table, warm on events, cold.

HOME is any home with a snapshot; the demo makes one (``goldenthread demo HOME --people 100000``). Prints what it measured there,
in one run: milliseconds at the median and the 95th percentile, the time to make the person table, and seconds of whole processes.
Nothing is released: `Cohort.size` is the count inside the house, `Cohort.count` with disclosure control and its ledger.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import numpy as np

from goldenthread.cohorts import Population, catalogue_of, person_table
from goldenthread.lake import Lake
from goldenthread.settings import load_settings

QUESTIONS = (
    "age >= 65",
    "age >= 65 and diabetes and hba1c_latest > 58 and not learning_disability",
    "how_many(ckd, copd, chd, diabetes) >= 2 and imd_quintile == 1",
    "age >= 75 and not care_home and ed_falls_12m >= 1",
    "hypertension and bp_systolic_latest > 150 and not missing(bp_systolic_latest)",
)


def timed(task: Callable[[], object], times: int) -> np.ndarray:
    """Milliseconds of each of ``times`` runs."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        task()
        found.append((time.perf_counter() - begun) * 1000)
    return np.array(found)


def at_once(population: Population, people: int = 20, questions: int = 5) -> np.ndarray:
    """Milliseconds of each question, where so many people ask one after another at the same time."""
    found: list[float] = []

    def one(who: int) -> None:
        for n in range(questions):
            begun = time.perf_counter()
            population.groups(
                "count(*) AS n", ["pcn", "age"], by="pcn", where=f"age >= {who} AND age < {who + 30 + n}"
            )
            found.append((time.perf_counter() - begun) * 1000)

    with ThreadPoolExecutor(people) as pool:
        list(pool.map(one, range(people)))
    return np.array(found)


def say(what: str, found: np.ndarray) -> None:
    print(f"{what:<66} median {np.median(found):9.1f} ms   p95 {np.percentile(found, 95):9.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--times", type=int, default=40)
    given = parser.parse_args()
    settings = load_settings(given.home)
    snapshot, catalogue = Lake(settings.lake_dir).current(), catalogue_of(settings)
    print(
        f"{snapshot.people:,} people, {snapshot.manifest.rows('gp_event'):,} GP events, snapshot {snapshot.id}"
    )

    begun = time.perf_counter()
    path = person_table(snapshot, catalogue, snapshot.data_date, threads=settings.threads)
    print(
        f"person table: {time.perf_counter() - begun:.1f} s (made now, or found), {path.stat().st_size / 1e6:.0f} MB"
    )
    warm = Population(snapshot, catalogue, threads=settings.threads)
    assert warm.cohort("alive").size > 0
    everything = []
    for text in QUESTIONS:
        # never the same question twice: one that was asked before is remembered
        numbers = iter(range(given.times))
        found = timed(
            lambda t=text, n=numbers: warm.cohort(f"({t}) and age >= {next(n) % 60}").size, given.times
        )  # type: ignore[misc]
        everything.append(found)
        say(f"person table: {text[:50]}", found)
    say("person table: all of them", np.concatenate(everything))

    # answers are remembered in a ledger: a copy of the home's own stays out of the way
    with tempfile.TemporaryDirectory() as folder:
        from goldenthread.disclosure import Ledger

        ledger = Ledger(Path(folder) / "ledger.sqlite", snapshot=snapshot.id, people=snapshot.people)
        told = Population(snapshot, catalogue, ledger=ledger, recipient="benchmark", threads=settings.threads)
        ages = iter(range(30, 100))
        for what, ask in (
            ("count", lambda c: c.count()),
            ("by pcn", lambda c: c.by("pcn")),
            ("attrition", lambda c: c.attrition()),
        ):
            found = timed(lambda a=ask: a(told.cohort(f"age >= {next(ages)} and diabetes")), 8)  # type: ignore[misc]
            say(f"released, with ledger, asked for the first time: {what}", found)
            same = told.cohort(QUESTIONS[1])
            ask(same)
            say(f"released, with ledger, asked again: {what}", timed(lambda a=ask, c=same: a(c), 8))  # type: ignore[misc]
        say("person table: 20 people at once, each asking by pcn", at_once(warm))

    events = []
    for days in range(1, 1 + max(given.times // 4, 5)):
        day = snapshot.data_date - timedelta(days=days)  # a day without a person table: read from events
        fresh = Population(snapshot, catalogue, index_date=day, threads=settings.threads)
        assert fresh.variables
        events.append(timed(lambda p=fresh: p.cohort(QUESTIONS[1]).size, 1))  # type: ignore[misc]
        fresh.close()
    say("events: " + QUESTIONS[1][:50], np.concatenate(events))

    cold = np.array([_process(settings.home) for _ in range(7)])
    say("cold process: ask, import and all, by the clock", cold[:, 0])
    say("cold process: ask, import and all, processor time", cold[:, 1])


def _process(home: Path) -> tuple[float, float]:
    """Milliseconds of one `goldenthread ask` in a process of its own, with a new ledger: by the clock, and of processors."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "home"
        copy.mkdir()
        shutil.copy(home / "goldenthread.toml", copy)
        (copy / "lake").symlink_to(home / "lake")
        if (home / "definitions").is_dir():
            (copy / "definitions").symlink_to(home / "definitions")
        words = [sys.executable, "-m", "goldenthread", "ask", QUESTIONS[1], "--json", "--home", str(copy)]
        begun, used = time.perf_counter(), _used_by_children()
        subprocess.run(words, check=True, capture_output=True)
        return (time.perf_counter() - begun) * 1000, (_used_by_children() - used) * 1000


def _used_by_children() -> float:
    """Processor seconds, user and system, of processes that have ended."""
    spent = os.times()
    return spent.children_user + spent.children_system


if __name__ == "__main__":
    main()
