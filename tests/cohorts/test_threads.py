"""Twenty people ask at once: each gets their own right answer, and none waits for a lock that is not theirs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import numpy as np
import pytest

from goldenthread.cohorts import Population
from goldenthread.cohorts.breakdown import marked
from goldenthread.cohorts.facts import Facts
from goldenthread.definitions import Catalogue
from goldenthread.governance import named_purpose
from goldenthread.lake import Snapshot

Ask = Callable[..., Population]
QUESTIONS = [f"age >= {30 + n % 40} and {'town_asthma' if n % 2 else 'not town_asthma'}" for n in range(80)]


@pytest.mark.parametrize("day", [None, date(2026, 9, 30)], ids=["person table", "on the fly"])
def test_answers_of_many_threads_are_those_of_one(ask: Ask, day: date | None) -> None:
    alone = ask(index_date=day)
    expected = [alone.cohort(q).pids.tolist() for q in QUESTIONS]
    shared = ask(index_date=day)
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda q: shared.cohort(q).pids.tolist(), QUESTIONS))
    assert found == expected
    assert len({len(f) for f in expected}) > 3


def test_released_answers_of_many_threads_are_those_of_one(ask: Ask) -> None:
    questions = ["age >= 65", "town_asthma", "male", "town_hba1c > 50"] * 4
    alone = ask(remembered=True)
    expected = [alone.told_to(f"p{n}").cohort(q).by("sex").to_json() for n, q in enumerate(questions)]
    shared = ask(remembered=True)
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(
                lambda n: shared.told_to(f"p{n}").cohort(questions[n]).by("sex").to_json(),
                range(len(questions)),
            )
        )
    assert found == expected


def test_a_slow_question_keeps_nobody_waiting(snapshot: Snapshot, catalogue: Catalogue) -> None:
    facts = Facts(snapshot, catalogue, named_purpose("planning"), snapshot.data_date)
    facts.ask("count(*)", (), where="TRUE")
    begun, seconds = threading.Event(), []

    def slow() -> None:
        begun.set()
        start = time.perf_counter()
        busy = "(SELECT sum(hash(x.range + y.range) % 7) FROM range(6000) AS x, range(6000) AS y)"
        facts.ask(f"max({busy})", (), where="TRUE")
        seconds.append(time.perf_counter() - start)

    worker = threading.Thread(target=slow)
    worker.start()
    begun.wait()
    start = time.perf_counter()
    for n in range(5):
        facts.ask(f"count(*) + {n}", (), where="TRUE")
    quick = time.perf_counter() - start
    worker.join()
    assert quick < seconds[0]
    facts.close()


@pytest.mark.parametrize("day", [None, date(2026, 9, 30)], ids=["person table", "on the fly"])
def test_two_purposes_share_an_instance_and_keep_their_people_apart(ask: Ask, day: date | None) -> None:
    planning, care = ask(index_date=day), ask(purpose="direct_care", index_date=day)
    assert planning.cohort("alive").size < care.cohort("alive").size == 120
    planning.close()
    assert care.cohort("alive or age > 1").size == 120  # closing one leaves the other open
    again = ask(index_date=day)
    assert again.cohort("alive").size == len(again.pids) < 120


def test_what_is_told_once_is_told_the_same_again_and_to_each_apart(ask: Ask) -> None:
    population = ask(remembered=True)
    first = population.cohort("age >= 65").by("sex")
    assert population.cohort("age >= 65").by("sex") is first
    other = population.told_to("ben").cohort("age >= 65").by("sex")
    assert other is not first
    assert population.ledger is not None
    assert population.ledger.answers("ben") > 0


def test_marking() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        pids = np.unique(rng.integers(0, 40, 20))
        chosen = np.unique(rng.integers(0, 50, rng.integers(0, 20)))
        assert marked(pids, chosen).tolist() == np.isin(pids, chosen).tolist()
