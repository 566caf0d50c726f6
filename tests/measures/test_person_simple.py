"""Facts reckoned from rows of the person table are those that the statement gives, to the day."""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenthread.measures.person import _FACTS, simple_facts

EDGES = (date(2024, 2, 29), date(2025, 2, 28), date(2025, 3, 1), date(2026, 10, 31), date(2026, 1, 1))
DAYS = st.one_of(st.sampled_from(EDGES), st.dates(date(1925, 1, 1), date(2027, 12, 31)))
PEOPLE = st.lists(
    st.tuples(st.none() | DAYS, st.sampled_from(["1", "2", "9"]), st.none() | DAYS), min_size=0, max_size=30
)


@settings(max_examples=60, deadline=None)
@given(PEOPLE, DAYS)
def test_reckoned_here_and_by_the_statement(
    rows: list[tuple[date | None, str, date | None]], day: date
) -> None:
    people = pa.table(
        {
            "birth_month": pa.array([r[0] for r in rows], pa.date32()),
            "sex": pa.array([r[1] for r in rows], pa.string()),
            "death_date": pa.array([r[2] for r in rows], pa.date32()),
        }
    )
    found = simple_facts(people, day, np.ones(len(rows), bool))
    p = people.append_column("index_date", pa.array([day] * len(rows), pa.date32()))
    names = ("age", "age_months", "female", "male", "alive")
    with duckdb.connect() as connection:
        connection.register("p", p)
        listed = ", ".join(f"{_FACTS[name]} AS {name}" for name in names)
        expected = connection.sql(f"SELECT {listed} FROM p").to_arrow_table()
    for name in names:
        assert found[name].to_pylist() == expected[name].to_pylist()
    assert found["registered"].to_pylist() == expected["alive"].to_pylist()


def test_a_leap_day_is_a_birthday_on_1_march() -> None:
    born = pa.table(
        {
            "birth_month": pa.array([date(1960, 2, 29)], pa.date32()),
            "sex": ["2"],
            "death_date": pa.array([None], pa.date32()),
        }
    )
    ages = [
        simple_facts(born, day, np.ones(1, bool))["age"][0].as_py()
        for day in (date(2025, 2, 28), date(2025, 3, 1), date(2024, 2, 28), date(2024, 2, 29))
    ]
    assert ages == [64, 65, 63, 64]
