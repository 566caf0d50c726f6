"""Sums by bits are the sums of a plain loop, whoever the people are."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenthread.definitions.expressions import parse
from goldenthread.insight.who.sums import AGE_EDGES, BANDS, Amount, _packed

FACTS, AMOUNTS = 3, 2
Person = tuple[int | None, list[bool], list[float | None]]
one = st.tuples(
    st.none() | st.integers(-2, 112),
    st.lists(st.booleans(), min_size=FACTS, max_size=FACTS),
    st.lists(st.none() | st.integers(0, 400_000).map(lambda n: n / 4), min_size=AMOUNTS, max_size=AMOUNTS),
)
towns = st.lists(st.tuples(one, st.booleans(), st.booleans()), max_size=150)


def table(pids: list[int], people: list[Person]) -> pa.Table:
    columns = {"pid": pa.array(pids, pa.int32()), "age": pa.array([p[0] for p in people], pa.int32())}
    for n in range(FACTS):
        columns[f"f{n}"] = pa.array([p[1][n] for p in people], pa.bool_())
    for n in range(AMOUNTS):
        columns[f"a{n}"] = pa.array([p[2][n] for p in people], pa.float64())
    return pa.table(columns)


@given(towns, st.sampled_from(["age >= 65", "age < 18", "age == 40", ""]))
def test_sums_are_those_of_a_loop(town: list[tuple[Person, bool, bool]], words: str) -> None:
    """Of each town some people are known here (in the table), and some of all are asked about."""
    here = [n for n, (_, known, _) in enumerate(town) if known]
    everybody = _packed(table(here, [town[n][0] for n in here]), len(town) + 1, FACTS, AMOUNTS)
    terms = [parse(words)] if words else []
    asked = everybody.marked(np.array([n for n, row in enumerate(town) if row[2]], np.int32))
    found = everybody.side(asked & everybody.there & everybody.of_ages(terms))

    people, facts = np.zeros(BANDS, int), np.zeros((FACTS, BANDS), int)
    amounts: list[list[list[float]]] = [[[] for _ in range(BANDS)] for _ in range(AMOUNTS)]
    for (age, has, numbers), known, chosen in town:
        age = age if age is None else max(age, 0)
        meets = not words or (age is not None and eval(words, {"age": age}))
        if not (known and chosen and meets):
            continue
        band = 0 if age is None else bisect_right(AGE_EDGES, age)
        people[band] += 1
        facts[:, band] += has
        for n, number in enumerate(numbers):
            if number is not None:
                amounts[n][band].append(number)
    assert found.people.tolist() == people.tolist()
    assert found.facts.tolist() == facts.tolist()
    for n, amount in enumerate(found.amounts):
        assert amount.sums.tolist() == pytest.approx([sum(x) for x in amounts[n]])
        assert amount.people.tolist() == [len(x) for x in amounts[n]]
        assert sorted(amount.largest) == sorted(v for x in amounts[n] for v in x)[-2:]


def test_a_mean_that_two_people_make_up_is_not_shown() -> None:
    of_many = Amount(np.array([90.0, 10]), np.array([9, 1]), [10.0, 10.0])
    of_two = Amount(np.array([90.0, 10]), np.array([9, 1]), [60.0, 35.0])
    assert of_many.mean() == 10
    assert np.isnan(of_two.mean())
    assert np.isnan(Amount(np.zeros(2), np.zeros(2, int), []).mean())
