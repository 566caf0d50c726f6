"""The demo from nothing: practice by practice, then the shared feeds period by period."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from goldenthread.demo import gp_feed, reference_feed, shared_files
from goldenthread.demo.population import DemoError, PracticePlan, plan
from goldenthread.demo.practice import make
from goldenthread.demo.truth import write_truth
from goldenthread.demo.writers import write_control

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class DemoSummary:
    """What was made: people registered, practices, PCNs, rows by feed and seconds taken."""

    people: int
    practices: int
    pcns: int
    seed: int
    rows: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)


def generate(
    feeds: Path,
    truth: Path,
    people: int = 100_000,
    seed: int = 1,
    progress: Progress | None = None,
    workers: int | None = None,
) -> DemoSummary:
    """Write raw feeds of a synthetic Lincolnshire under ``feeds``, and what is really so under ``truth``.

    ``people`` are registered at the data date (2,000 to 821,163); those who died or left in three years come on
    top. The same ``people`` and ``seed`` give the same bytes, whatever the number of ``workers`` (two from 10,000
    people, else none; a script that asks for more than one needs ``if __name__ == "__main__":``).
    ``progress(stage, done, of)`` is called as practices and files are finished.

    Raises ``DemoError`` where the number of people is out of range or a folder is already in use.
    """
    began = time.monotonic()
    feeds, truth = Path(feeds), Path(truth)
    plans = plan(people, seed)
    for folder in (feeds, truth):
        if folder.exists() and any(folder.iterdir()):
            raise DemoError(
                f"{folder} is not empty.", "Choose another folder, or remove what is in it first."
            )
    work = truth.parent / ".demo-work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    rows: dict[str, int] = {}
    try:
        for done, counts in enumerate(_make_all(plans, feeds, work, workers), start=1):
            for name, n in counts.items():
                rows[name] = rows.get(name, 0) + n
            if progress:
                progress("practices", done, len(plans))
        gp_feed.deliver_movers(feeds, work, {p.index: p.code for p in plans})
        reference_feed.write(feeds, plans)
        stages = shared_files.STAGES
        for done, stage in enumerate(stages, start=1):
            stage(work, feeds)
            if progress:
                progress("shared feeds", done, len(stages))
        folders = sorted(f for f in feeds.glob("*/*") if f.is_dir())
        for folder in folders:
            write_control(folder)
        write_truth(work, truth, plans)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return DemoSummary(
        people, len(plans), len({p.pcn for p in plans}), seed, rows, round(time.monotonic() - began, 1)
    )


def _make_all(
    plans: list[PracticePlan], feeds: Path, work: Path, workers: int | None
) -> Iterator[dict[str, int]]:
    total = sum(p.people for p in plans)
    workers = workers if workers is not None else (2 if total >= 10_000 else 1)
    if workers < 2:
        for p in plans:
            yield make(p, plans, feeds, work)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(make, p, plans, feeds, work) for p in plans]
        for one in waiting:
            yield one.result()
