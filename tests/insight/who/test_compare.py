"""Who are they: the cohort beside the others, from figures that may be shown."""

from collections.abc import Callable

import pytest

from goldenthread.cohorts import Population, Scope
from goldenthread.insight.who import Comparison, compare, known_facts, next_questions

People = Callable[..., Population]


def row(comparison: Comparison, title: str) -> object:
    return next(r for r in comparison.rows if r.title == title)


def test_shares_ratios_and_the_others_are_as_by_hand(people: People) -> None:
    found = compare(people().cohort("copd"))
    assert (found.people, found.others_people) == (80, 160)
    seen = row(found, "A&E at least once")
    # 40 of 80 with COPD came, 20 of the 160 others
    assert (seen.them, seen.others, seen.ratio) == (0.5, 0.13, 4.0)
    assert seen.lower is not None
    assert seen.upper is not None
    assert seen.lower < 4.0 < seen.upper
    assert seen.stands_out
    assert seen.words.startswith("50% of them and 13% of the others: 4.0 times as likely")
    assert found.rows[0].stands_out
    assert "A&E at least once" in {r.title for r in found.over}


def test_what_does_not_differ_does_not_stand_out(people: People) -> None:
    found = compare(people().cohort("copd"))
    # every fourth has the other condition, with COPD or without
    same = row(found, "High blood pressure")
    assert (same.them, same.others) == (0.25, 0.25)
    assert not same.stands_out


def test_the_cohorts_own_condition_is_no_finding(people: People) -> None:
    assert "COPD" not in {r.title for r in compare(people().cohort("copd")).rows}


def test_others_are_of_the_ages_that_are_asked_about(people: People) -> None:
    found = compare(people().cohort("copd and age >= 65"))
    assert found.others_words == "everybody else aged 65 or over"
    assert (found.people, found.others_people) == (40, 80)
    assert "Aged 65 to 74" not in {r.title for r in found.rows}  # everybody on both sides


def test_a_condition_on_age_inside_an_or_is_no_age_of_the_others(people: People) -> None:
    assert compare(people().cohort("copd or age >= 65")).others_words == "everybody else"


def test_same_ages_weighs_the_others(people: People) -> None:
    everybody = people()
    # all 66 in the cohort; among the others half are 36. Of the others aged 66 (80 of 160 with even numbers from 80), 10 came
    cohort = everybody.cohort("copd and not missing(age) and age * 1 >= 65")
    plain, weighed = compare(cohort), compare(cohort, same_ages=True)
    assert row(weighed, "A&E at least once").others == pytest.approx(10 / 80)
    assert row(plain, "A&E at least once").others == pytest.approx(50 / 200, abs=0.01) or row(
        plain, "A&E at least once"
    ).others == pytest.approx(40 / 200, abs=0.01)
    ages = next(a for a in weighed.averages if a.title == "Age")
    assert ages.them == pytest.approx(66, abs=1)
    assert ages.others == pytest.approx(ages.them, abs=0.11)
    assert next(a for a in plain.averages if a.title == "Age").others < 50


def test_small_counts_are_hidden_and_large_ones_rounded(people: People) -> None:
    found = compare(people().cohort("ed_attendances_12m >= 1 and copd"))
    frame = found.released.frame
    shown = frame["them"].dropna()
    assert (shown % 5 == 0).all()
    assert found.released.policy == "hes"


def test_two_cohorts_that_differ_by_three_people_cannot_be_compared_in_turn(people: People) -> None:
    everybody = people(remembered=True)
    assert compare(everybody.cohort("copd")).rows
    # those of 66 with one practice: 79 people, one fewer than before
    nearly = compare(
        everybody.cohort(
            "copd and not (copd and age >= 65 and ed_attendances_12m == 2 and emergency_admissions_12m == 1)"
        )
    )
    assert nearly.people == 70
    tiny = compare(everybody.cohort("copd and emergency_admissions_12m > 1"))
    assert not tiny.rows
    assert tiny.message


def test_a_scope_compares_within_itself(people: People) -> None:
    part = people().within(Scope.parse("practice-Z00001"))
    found = compare(part.cohort("copd"))
    assert (found.people, found.others_people) == (80, 40)


def test_nobody_and_everybody_are_said(people: People) -> None:
    assert compare(people().cohort("age > 200")).message
    assert compare(people().cohort("registered")).message == "Nobody is left to compare them with."


def test_next_questions_can_be_asked(people: People) -> None:
    everybody = people()
    cohort = everybody.cohort("copd and age >= 65")
    asked = next_questions(compare(cohort))
    assert asked
    for one in asked:
        assert everybody.cohort(one.expression).expression == one.expression
        assert one.reason
        assert one.expression != cohort.expression
    kinds = {one.kind for one in asked}
    assert {"gap", "wider"} <= kinds
    gap = next(one for one in asked if one.kind == "gap")
    assert gap.expression == "copd and age >= 65 and copd_review_due"


def test_every_shipped_fact_is_known_to_the_shipped_definitions() -> None:
    from goldenthread.definitions import load_catalogue
    from goldenthread.definitions.expressions import check_condition
    from goldenthread.insight.who.facts import shipped
    from goldenthread.measures import variables

    known = variables(load_catalogue())
    facts, averages = shipped()
    assert known_facts(known) == (facts, averages)
    for fact in facts:
        check_condition(fact.node, known, fact.expression)
    assert len({f.title for f in facts}) == len(facts)
