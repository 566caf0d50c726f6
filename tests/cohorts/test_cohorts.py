"""Who is in a cohort, and what may be said about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pytest

from goldenthread.cohorts import Cohort, CohortError, Population, person_table
from goldenthread.definitions import Catalogue
from goldenthread.definitions.expressions import ExpressionError, from_json
from goldenthread.lake import Lake, Snapshot
from tests.cohorts.conftest import PEOPLE

Ask = Callable[..., Population]
EVERYBODY = set(range(PEOPLE)) - set(range(0, PEOPLE, 10))
"""Everybody but those who opted out; person 7 withdrew the opt-out."""


def expected(rule: Callable[[int], bool]) -> list[int]:
    return sorted(n for n in EVERYBODY if rule(n))


def hba1c(n: int) -> int | None:
    return None if n % 4 else 60 if n % 8 else 40


@pytest.mark.parametrize(
    ("expression", "rule"),
    [
        ("age >= 65", lambda n: n % 2 == 1),
        ("age >= 65 and town_asthma", lambda n: n % 2 == 1 and n % 3 == 0),
        ("town_asthma or town_hba1c > 58", lambda n: n % 3 == 0 or hba1c(n) == 60),
        ("practice == 'Z00001'", lambda n: n < 40),
        # a comparison with a missing value is false, so its opposite is true of people without one ...
        ("town_hba1c > 58", lambda n: hba1c(n) == 60),
        ("not (town_hba1c > 58)", lambda n: hba1c(n) != 60),
        # ... and people without one must be asked for, or left out, by name
        ("town_hba1c <= 58", lambda n: hba1c(n) == 40),
        ("missing(town_hba1c)", lambda n: hba1c(n) is None),
        ("not missing(town_hba1c) and not (town_hba1c > 58)", lambda n: hba1c(n) == 40),
        ("town_hba1c != 60", lambda n: hba1c(n) == 40),
        ("how_many(town_asthma, female) == 2", lambda n: n % 3 == 0 and n % 2 == 1),
        ("older_with_asthma", lambda n: n % 2 == 1 and n % 3 == 0),
    ],
)
def test_who_is_in_it(ask: Ask, expression: str, rule: Callable[[int], bool]) -> None:
    cohort = ask().cohort(expression)
    assert cohort.pids.tolist() == expected(rule)
    assert cohort.size == len(expected(rule))


def test_the_purpose_joins_before_anything_else(ask: Ask) -> None:
    assert ask().cohort("alive").size == len(EVERYBODY)
    assert ask(purpose="direct_care").cohort("alive").size == PEOPLE
    assert ask(without_practices=["Z00001"]).cohort("practice == 'Z00001'").size == 0


def test_facts_on_the_fly_are_those_of_the_person_table(
    ask: Ask, snapshot: Snapshot, catalogue: Catalogue
) -> None:
    """Another day has no person table: its facts are worked out for the question, one after another."""
    day = date(2026, 9, 30)
    quick = ask(index_date=day)
    found = [
        quick.cohort(e).pids.tolist() for e in ("age >= 65", "town_hba1c > 58", "age >= 65 and town_asthma")
    ]
    person_table(snapshot, catalogue, day)
    stored = ask(index_date=day)
    assert found == [
        stored.cohort(e).pids.tolist() for e in ("age >= 65", "town_hba1c > 58", "age >= 65 and town_asthma")
    ]


def test_the_index_date_moves_windows_and_ages(ask: Ask) -> None:
    assert ask(index_date=date(2025, 6, 30)).cohort("town_hba1c > 0").size == 0
    assert ask(index_date=date(2024, 12, 31)).cohort("age >= 65").size == 0


def test_the_person_table_is_a_cache_that_pruning_understands(
    tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue
) -> None:
    from tests.cohorts.conftest import town

    folder = tmp_path_factory.mktemp("twice")
    first = town(folder)
    path = person_table(first, catalogue, first.data_date)
    assert path.name.split(".")[0] == first.id
    stamp = path.stat().st_ino
    assert person_table(first, catalogue, first.data_date).stat().st_ino == stamp  # made once
    path.write_bytes(b"torn by a power cut")
    assert Population(first, catalogue).cohort("age >= 65").size == len(expected(lambda n: n % 2 == 1))
    second = town(folder)
    kept = person_table(second, catalogue, second.data_date)
    gone = Lake(folder).prune(keep=1)
    assert f"cache/{path.name}" in gone
    assert kept.exists()
    assert not path.exists()


def test_an_answer_says_of_whom_when_and_by_which_rule(ask: Ask) -> None:
    answer = ask().cohort("age >= 65 and town_asthma").count().to_json()
    assert answer["count"] == len(expected(lambda n: n % 6 == 3))
    assert answer["population"] == len(EVERYBODY)
    assert answer["registered"] == PEOPLE
    assert answer["coverage"] == pytest.approx(len(EVERYBODY) / PEOPLE)
    assert answer["data_date"] == answer["index_date"] == "2026-10-31"
    assert answer["english"] == "age is at least 65 years, and town asthma"
    assert len(answer["definition_hash"]) == 64
    assert answer["by"] == []


def test_the_definition_hash_changes_with_codes_and_not_with_words(
    ask: Ask, snapshot: Snapshot, catalogue: Catalogue
) -> None:
    from dataclasses import replace

    def hash_with(**change: object) -> str:
        changed = Catalogue(
            catalogue.definitions | change.get("definitions", {}),  # type: ignore[operator]
            catalogue.codelists | change.get("codelists", {}),  # type: ignore[operator]
        )
        return Population(snapshot, changed).cohort("town_asthma").definition_hash

    base = hash_with()
    asthma = catalogue.definitions["town_asthma"]
    reworded = replace(asthma, rule="x", raw={**asthma.raw, "rule": "x"})
    assert hash_with(definitions={"town_asthma": reworded}) == base
    longer = replace(catalogue.codelists["town_asthma"], codes={"22298006": ""})
    assert hash_with(codelists={"town_asthma": longer}) != base
    assert hash_with(codelists={"town_hba1c": longer}) == base


def test_attrition_adds_up(ask: Ask) -> None:
    attrition = ask().cohort("age >= 65 and town_asthma and practice == 'Z00002'").attrition()
    people = [s.people for s in attrition.steps]
    assert people[0] == PEOPLE
    assert people[1] == len(EVERYBODY)
    assert people[-1] == len(expected(lambda n: n % 6 == 3 and n >= 40))
    assert None not in people
    for before, step in zip(attrition.steps, attrition.steps[1:], strict=False):
        assert before.people == step.people + step.left  # type: ignore[operator]
    assert attrition.steps[2].step == "Age is at least 65 years"
    assert list(attrition.to_pandas()["people"]) == people


def test_attrition_hides_a_step_that_tells_of_few(ask: Ask) -> None:
    """Two people with an HbA1c of 40 are under the practice's first 20: hiding them hides what would give them away."""
    cohort = ask().cohort("practice == 'Z00001' and town_hba1c <= 58")
    small = len(expected(lambda n: n < 40 and hba1c(n) == 40))
    assert small < 5
    steps = cohort.attrition().steps
    assert steps[-1].people is None
    assert steps[-1].left is None


def test_groups_add_up_to_the_whole(ask: Ask) -> None:
    answer = ask().cohort("age >= 65").by("practice", "sex")
    rows, totals = answer.to_json()["by"], answer.to_json()["totals"]
    assert answer.people == sum(r["count"] for r in rows) == len(expected(lambda n: n % 2 == 1))
    assert answer.population == sum(r["population"] for r in rows)
    assert {(r["practice"], r["practice_name"]) for r in rows} == {
        ("Z00001", "Abbey"),
        ("Z00002", "Bailgate"),
    }
    assert {r["sex"] for r in totals} == {"1", "2", "All"}


def test_age_bands_are_in_their_order(ask: Ask) -> None:
    frame = ask().cohort("alive").by("age_band").to_pandas()
    assert frame["age_band"].tolist() == ["18-39", "65-74", "All"]


def test_small_counts_are_hidden_and_so_is_what_would_give_them_away(ask: Ask) -> None:
    small = "practice == 'Z00001' and town_hba1c <= 58"
    answer = ask().cohort(small).count()
    assert answer.people is None
    assert answer.share is None
    assert "fewer than 5" in answer.message
    assert str(answer).startswith("* of")
    assert ask().cohort(f"not ({small})").count().people is None  # 104 of 108 tells of four
    rows = ask().cohort(small).by("practice").to_json()["by"]
    assert all(r["count"] is None for r in rows if r["practice"] == "Z00001")


def test_answers_that_differ_by_nobody_or_by_many_are_given(ask: Ask) -> None:
    population = ask(remembered=True)
    assert population.cohort("age >= 65").count().people == len(expected(lambda n: n % 2 == 1))
    without_two = "age >= 65 and not (town_asthma and practice == 'Z00001' and sex == '2' and age >= 65 and lsoa == 'x')"
    assert population.cohort(without_two).count().people is not None  # nobody is taken away: the same people
    few = expected(lambda n: n % 2 == 1 and n < 40 and n % 3 == 0)
    assert len(few) > 5
    assert (
        population.cohort("age >= 65 and not (town_asthma and practice == 'Z00001')").count().people
        is not None
    )


def test_a_difference_of_few_people_is_blocked(ask: Ask) -> None:
    few = "practice == 'Z00001' and town_hba1c <= 58"
    population = ask(remembered=True)
    assert population.cohort("practice == 'Z00001'").count().people is not None
    assert population.cohort(f"practice == 'Z00001' and not ({few})").count().people is None
    # asked alone, the second question is harmless
    assert ask(remembered=True).cohort(f"practice == 'Z00001' and not ({few})").count().people is not None


def test_json_round_trip(ask: Ask) -> None:
    population = ask()
    cohort = population.cohort("age >= 65 and not (town_hba1c > 58 or sex in ('1', '9'))")
    from goldenthread.definitions.expressions import to_text

    again = population.cohort(to_text(from_json(cohort.json)))
    assert again.expression == cohort.expression
    assert np.array_equal(again.pids, cohort.pids)


@pytest.mark.parametrize(
    ("expression", "says", "hint"),
    [
        ("age >= 65 and town_astma", "nothing called `town_astma`", "town_asthma"),
        ("age >= '65'", "A number is compared with text", ""),
        ("birthday > 5", "nothing called `birthday`", "definitions list"),
        ("age > date('2020-01-01')", "A number is compared with a date", "ago("),
        ("sex == 'F'", 'never "F"', "It can be"),
        ("age", "This gives a number", "Compare it"),
        ("age >= 65 and (", "", ""),
        ("", "empty", "Write a condition"),
    ],
)
def test_a_mistake_is_shown_at_its_place(ask: Ask, expression: str, says: str, hint: str) -> None:
    with pytest.raises(ExpressionError) as error:
        ask().cohort(expression)
    assert says in error.value.message
    assert hint in error.value.remedy


def test_a_misspelt_cohort_gets_a_suggestion(ask: Ask) -> None:
    with pytest.raises(CohortError, match="older_with_asthma"):
        ask().cohort("older_with_asma")


@pytest.mark.parametrize(
    ("day", "says"),
    [
        (date(2026, 11, 1), "outside the data, which run to 31 October 2026"),
        (date(1999, 12, 31), "outside the data, which begin on 1 January 2000"),
    ],
)
def test_a_day_outside_the_data_is_refused(ask: Ask, day: date, says: str) -> None:
    with pytest.raises(CohortError) as error:
        ask(index_date=day)
    assert says in error.value.message
    assert "2026-10-31" in error.value.remedy


@pytest.mark.parametrize(
    ("by", "says"),
    [
        (("pnc",), "Did you mean 'pcn'"),
        (("age",), "age is a number"),
        (("sex", "sex"), "asked for twice"),
        (("sex", "pcn", "practice", "place"), "three things at most"),
    ],
)
def test_a_breakdown_that_cannot_be(ask: Ask, by: tuple[str, ...], says: str) -> None:
    with pytest.raises(CohortError) as error:
        ask().cohort("alive").by(*by)
    assert says in str(error.value)


def test_the_plan_of_a_cohort_names_what_it_rests_on(ask: Ask) -> None:
    cohort: Cohort = ask().cohort("age >= 65 and town_asthma")
    assert list(cohort.rests_on) == ["town_asthma"]
    assert list(cohort.codelist_hashes) == ["town_asthma"]
