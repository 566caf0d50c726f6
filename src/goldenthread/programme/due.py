"""Evaluations that run by themselves on the agreed day."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from goldenthread.errors import GoldenThreadError
from goldenthread.programme.evaluating import evaluate

if TYPE_CHECKING:
    from goldenthread.cohorts import Population
    from goldenthread.programme.register import Register

Verdicts = tuple[tuple[str, str, str, str], ...]


def evaluate_due(
    register: Register, population: Population, *, on: date, who: str
) -> Iterator[tuple[str, Verdicts, str]]:
    """Evaluate every initiative whose agreed day has come: its id, its verdicts, and why not where it was refused.

    One that is refused (the data do not reach far enough yet) keeps nobody else from being evaluated, and is due again next time.
    Whoever comes while another process does this waits, and finds done what the other has done.
    """
    with (register.folder / ".due.lock").open("a") as lock:  # the operating system frees it, however we end
        fcntl.flock(lock, fcntl.LOCK_EX)
        for entry in register.due(on):
            try:
                yield entry.id, evaluate(register, entry.id, population, who=who).verdicts, ""
            except GoldenThreadError as error:
                yield entry.id, (), f"{error.message} {error.remedy}".strip()
