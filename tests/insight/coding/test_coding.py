"""Checks of coding find what was planted in the town."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from goldenthread.cohorts import Population, Scope
from goldenthread.insight.coding import (
    CodingError,
    coding_note,
    doubtful,
    england,
    findings,
    prevalence,
    recorded,
)
from goldenthread.insight.coding.values import measurements_of
from goldenthread.insight.inequality import inequality, trend

Ask = Callable[..., Population]


def test_each_check_counts_the_people_planted(ask: Ask) -> None:
    found = {f.check.name: f for f in findings(ask()).findings}
    # 80 have COPD; of the 40 at the second practice 20 are not coded
    assert found["treated_not_coded"].people == 20
    assert found["treated_not_coded"].among == 400
    assert found["young_with_copd"].people == 0
    assert found["no_hba1c"].people == 110, (
        "112 to the nearest 5: nobody before 100, and twelve results that no living person has"
    )


def test_a_finding_is_a_cohort_that_can_be_asked_about(ask: Ask) -> None:
    population = ask()
    finding = next(f for f in findings(population).findings if f.check.name == "treated_not_coded")
    assert population.cohort(finding.expression).size == 20


def test_findings_are_of_the_scope(ask: Ask) -> None:
    population = ask()
    abbey = findings(population.within(Scope.parse("practice-Z00001")), ["treated_not_coded"])
    assert abbey.findings[0].people == 0
    assert "No check" in abbey.reading
    bailgate = findings(population.within(Scope.parse("practice-Z00002")), ["treated_not_coded"])
    assert bailgate.findings[0].people == 20
    assert "treated, not coded, 20 people" in bailgate.reading


def test_an_unknown_check_is_named(ask: Ask) -> None:
    with pytest.raises(CodingError, match="nosuch"):
        findings(ask(), ["nosuch"])


def test_recorded_beside_expected_finds_the_practice_that_codes_half(ask: Ask) -> None:
    answer = recorded(ask())
    rows = {r.place: r for r in answer.rows}
    assert rows["Z00001"].count == 40
    assert rows["Z00002"].count == 20
    assert rows["Z00001"].expected == pytest.approx(30, abs=0.5)
    assert rows["Z00002"].ratio == pytest.approx(20 / 30, abs=0.02)
    assert sum(r.expected or 0 for r in answer.rows) == pytest.approx(60, abs=0.2)
    assert rows["Z00002"].verdict in ("within", "perhaps fewer"), "20 of 30 is not beyond chance"
    # by places() of the other room the same
    same = prevalence(ask(), "town_copd").table.frame.set_index("place")
    assert same.loc["Z00002", "expected"] == pytest.approx(rows["Z00002"].expected, abs=0.1)


def test_a_note_says_what_coding_would_change(ask: Ask) -> None:
    note = coding_note(ask(), "town_copd")
    assert note is not None
    assert (note.recorded, note.missing, note.among) == (60, 20, 400)
    assert note.if_coded == pytest.approx(0.2)
    assert "20.0% instead of 15.0%" in note.sentence
    indicator = coding_note(ask(), "town_treated_share")
    assert indicator is not None
    assert indicator.condition == "town_copd"


def test_no_note_where_nothing_is_missing_or_nothing_is_known(ask: Ask) -> None:
    assert coding_note(ask().within(Scope.parse("practice-Z00001")), "town_copd") is None
    assert coding_note(ask(), "nosuch") is None
    assert coding_note(ask(), "town_inhalers") is None


def test_doubtful_results_by_kind(ask: Ask) -> None:
    frame = doubtful(ask()).table.frame.set_index("problem")
    assert frame.loc["no unit", "people"] == 10
    assert frame.loc["other unit", "people"] == 10, "twelve, to the nearest 5"
    assert frame.loc["impossible", "people"] == 10
    assert (frame["measured"] == 300).all()
    practices = doubtful(ask()).by_practice.frame
    assert int(practices["people"].iloc[-1]) == 35, "34 people"
    assert practices["people"].iloc[:-1].tolist() == [15, 15], "17 at each"


def test_doubtful_results_are_of_those_who_may_be_asked_about(ask: Ask) -> None:
    part = doubtful(ask(without_practices=["Z00002"]))
    assert int(part.by_practice.frame["people"].iloc[-1]) == 15


def test_small_numbers_are_hidden(ask: Ask) -> None:
    population = ask(remembered=True)
    scope = population.within(Scope.parse("practice-Z00001"))
    table = doubtful(scope).table
    hidden = table.suppressed["people"].to_numpy()
    assert hidden.any(), "six people with another unit at the first practice"


def test_checks_are_outcomes_for_inequality_and_trend(ask: Ask) -> None:
    answer = inequality(ask(), "treated_not_coded", "sex")
    assert answer.outcome.title == "Treated, not coded"
    assert int(answer.table.frame["count"].iloc[-1]) == 20
    assert len(trend(ask(), "treated_not_coded", quarters=2).table.frame) == 2


def test_measurements_are_those_with_unit_and_limits(ask: Ask) -> None:
    (only,) = measurements_of(ask().catalogue)
    assert (only.name, only.unit, only.least, only.greatest) == ("town_hba1c", "mmol/mol", 20, 200)


def test_published_prevalence(ask: Ask) -> None:
    found = england(ask().catalogue.conditions["town_copd"])
    assert found is not None
    assert 0.015 < found < 0.025
