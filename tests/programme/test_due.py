"""Evaluations that run by themselves: on the day, and once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

from goldenthread.cohorts import Population
from goldenthread.programme import Register, evaluate_due
from tests.programme.conftest import WALKS, Clock, agree

DAY = date(2026, 11, 30)


def test_two_who_come_at_once_evaluate_it_once(people: Callable[..., Population], tmp_path: Path) -> None:
    clock = Clock()
    register = Register(tmp_path / "register", now=lambda: clock.now)
    agree(register, people(0.5))
    clock.set(DAY.isoformat())
    done: list[str] = []

    def come() -> None:
        done.extend(
            name for name, _, _ in evaluate_due(Register(register.folder), people(0.5), on=DAY, who="helper")
        )

    both = [threading.Thread(target=come) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(120)
    assert done == [WALKS.id]
    assert len(register.get(WALKS.id).evaluations) == 1
