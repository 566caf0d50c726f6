"""Outcomes by group: figures against a town whose inequalities were drawn by rule."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from goldenthread.cohorts import CohortError, Population, Scope
from goldenthread.definitions.expressions import ExpressionError
from goldenthread.insight.inequality import InequalityError, inequality
from goldenthread.insight.inequality.adjusting import adjusted
from goldenthread.insight.inequality.contrasts import excess, gap_of_shares, ratio_of_rates, ratio_of_shares
from goldenthread.insight.inequality.outcomes import outcome_of
from goldenthread.insight.inequality.tallies import Members, dispersion

Ask = Callable[..., Population]


def test_each_fifth_has_its_own_share(ask: Ask) -> None:
    answer = inequality(ask(), "town_asthma_prevalence")
    frame = answer.table.frame
    assert frame["group"].tolist() == ["1", "2", "3", "4", "5", "All"]
    assert frame["people"].tolist() == [200] * 5 + [1000]
    assert frame["count"].tolist() == [100, 80, 60, 40, 20, 300]
    assert frame["value"].tolist() == pytest.approx([0.5, 0.4, 0.3, 0.2, 0.1, 0.3])
    assert (frame["lower"] < frame["value"]).all()
    assert (frame["upper"] > frame["value"]).all()


def test_the_ends_are_compared_and_the_people_affected_counted(ask: Ask) -> None:
    answer = inequality(ask(), "town_asthma_prevalence", adjust=False)
    assert answer.compared is not None
    assert (answer.compared.group, answer.compared.reference) == ("1", "5")
    assert answer.compared.ratio.value == pytest.approx(5.0)
    assert answer.compared.gap.value == pytest.approx(0.4)
    assert answer.compared.clear
    # at one in ten, 100 of the 1,000 would have it instead of 300
    assert answer.compared.fewer.value == pytest.approx(200)
    assert answer.compared.fewer.lower < 200 < answer.compared.fewer.upper
    assert "5.0 times as high" in answer.reading
    assert "about 200 fewer people" in answer.reading


def test_the_slope_is_that_of_the_drawn_gradient(ask: Ask) -> None:
    answer = inequality(ask(), "town_asthma_prevalence", adjust=False)
    assert answer.slope is not None
    # each fifth of people has ten points less, so from one end to the other it is fifty
    assert answer.slope.sii.value == pytest.approx(-0.5)
    assert float(answer.slope.sii.lower) < -0.5 < float(answer.slope.sii.upper)
    assert "50.0 percentage points higher at the most deprived end" in answer.slope_reading


def test_a_rate_counts_events_and_allows_for_people_with_many(ask: Ask) -> None:
    answer = inequality(ask(), "town_attendance_rate", adjust=False)
    first = answer.table.frame.iloc[0]
    assert first["people"] == 200
    assert first["count"] == 50
    assert first["events"] == 60, "59, to the nearest 5"
    assert first["value"] == pytest.approx(60 / 200 * 1000)
    from goldenthread.statistics import rate

    plain = rate(60, 200, per=1000)
    assert first["lower"] < float(plain.lower)
    assert first["upper"] > float(plain.upper)
    assert any("several times" in n for n in answer.notes)


def test_yes_and_no_are_compared(ask: Ask) -> None:
    answer = inequality(ask(), "town_asthma_prevalence", "town_carer")
    assert answer.table.frame["group"].tolist() == ["yes", "no", "All"]
    assert answer.table.frame["label"].tolist()[1] == "Everybody else"
    assert answer.compared is not None
    assert answer.compared.group == "yes"


def test_no_clear_difference_is_said_so(ask: Ask) -> None:
    answer = inequality(ask(), "town_asthma_prevalence", "sex")
    assert answer.compared is not None
    assert not answer.compared.clear
    assert answer.reading.endswith("no clear difference.")


def test_small_groups_are_hidden_with_all_that_would_tell(ask: Ask) -> None:
    population = ask(remembered=True)
    answer = inequality(population, "town_attendances >= 10", "imd_quintile")
    assert bool(answer.table.suppressed["count"].any())
    hidden = answer.table.suppressed["count"].to_numpy()
    for column in ("value", "lower", "upper"):
        assert answer.table.suppressed[column].to_numpy()[hidden].all()
    assert answer.slope is None
    assert "None" not in answer.reading


def test_the_scope_restricts_who_is_counted(ask: Ask) -> None:
    part = ask().within(Scope.parse("practice-Z00001"))
    answer = inequality(part, "town_asthma_prevalence")
    assert answer.table.frame["people"].tolist()[-1] == 250
    assert answer.scope == "practice-Z00001"


def test_json_names_what_is_hidden(ask: Ask) -> None:
    found = inequality(ask(), "town_attendances >= 10").to_json()
    assert {"groups", "all", "reading", "policy"} <= set(found)
    assert any("count" in g.get("suppressed", []) for g in found["groups"])


def test_the_gradient_is_drawn_without_the_total(ask: Ask) -> None:
    chart = inequality(ask(), "town_asthma_prevalence", adjust=False).chart()
    assert len(chart.table) == 5
    assert "50" in chart.sentence


@pytest.mark.parametrize(
    ("outcome", "by", "error", "said"),
    [
        ("town_asthma_prevalense", "sex", InequalityError, "town_asthma_prevalence"),
        ("", "sex", InequalityError, "nothing to compare"),
        ("town_asthma and", "sex", ExpressionError, ""),
        ("town_asthma", "age", CohortError, "number"),
        ("town_asthma", "sexe", CohortError, "sex"),
        ("age", "sex", ExpressionError, ""),
    ],
)
def test_questions_that_cannot_be_asked(
    ask: Ask, outcome: str, by: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        inequality(ask(), outcome, by)
    assert said in str(caught.value)


def test_adjusting_removes_what_age_alone_makes(ask: Ask) -> None:
    """Two groups with the same share at each age, one of them older: adjusted, they are alike."""
    ages = np.array([30.0] * 300 + [70.0] * 100 + [30.0] * 100 + [70.0] * 300)
    groups = np.repeat([0, 1], 400)
    values = np.concatenate(
        [np.arange(300) % 10 == 0, np.arange(100) % 2 == 0, np.arange(100) % 10 == 0, np.arange(300) % 2 == 0]
    ).astype(float)
    members = Members(
        np.arange(800, dtype=np.int32),
        values,
        groups,
        ("young", "old"),
        ages,
        np.zeros(800, bool),
        np.ones(800, np.int64),
    )
    found = adjusted(members, ["young", "old"], outcome_of(ask(), "town_asthma"), "imd_quintile")
    assert found is not None
    assert found.value[0] == pytest.approx(found.value[1])
    assert found.value[0] == pytest.approx(0.5 * 0.1 + 0.5 * 0.5)
    assert values[:400].mean() < values[400:].mean(), "as counted they differ"
    assert (found.lower < found.value).all()
    assert (found.value < found.upper).all()


def test_a_group_with_too_few_people_at_some_age_has_no_adjusted_figure(ask: Ask) -> None:
    ages = np.array([30.0] * 50 + [70.0] * 50 + [30.0] * 50)
    groups = np.repeat([0, 1], [100, 50])
    members = Members(
        np.arange(150, dtype=np.int32),
        np.ones(150),
        groups,
        ("both", "young"),
        ages,
        np.zeros(150, bool),
        np.ones(150, np.int64),
    )
    found = adjusted(members, ["both", "young"], outcome_of(ask(), "town_asthma"), "imd_quintile")
    assert found is not None
    assert math.isnan(found.value[1])


def test_published_intervals() -> None:
    # Newcombe 1998, table II (a), method 10
    gap = gap_of_shares(56, 70, 48, 80)
    assert (round(gap.lower, 4), round(gap.upper, 4)) == (0.0524, 0.3339)
    assert ratio_of_shares(0, 10, 5, 10).available is False
    wide, plain = ratio_of_rates(50, 1000, 25, 1000, spread=2.0), ratio_of_rates(50, 1000, 25, 1000)
    assert wide.upper > plain.upper


def test_the_interval_of_people_affected_covers_the_truth() -> None:
    """Drawn again and again from two groups, the interval holds the true number about 95 times in 100."""
    generator = np.random.default_rng(3)
    people, truth = np.array([2000.0, 2000.0]), np.array([0.20, 0.10])
    wanted = people[0] * (truth[0] - truth[1])
    held = 0
    from goldenthread.statistics import wilson_limits

    for _ in range(200):
        count = generator.binomial(people.astype(int), truth).astype(float)
        low, high = wilson_limits(count, people)
        found = excess(count / people, low, high, count, 1)
        held += bool(found.lower <= wanted <= found.upper)
    assert 180 <= held <= 200


def test_dispersion_is_one_where_nobody_has_two() -> None:
    assert dispersion(np.array([0.0, 1.0, 1.0])) == 1.0
    assert dispersion(np.array([0.0, 10.0])) == 10.0
    assert dispersion(np.zeros(3)) == 1.0


def test_people_are_divided_once_however_many_groups() -> None:
    codes = np.array([2, 0, 1, 0, 2])
    ones = np.ones(5)
    members = Members(np.arange(5, dtype=np.int32), ones, codes, ("b", "c", "a"), ones, ones > 2, codes)
    assert [p.tolist() for p in members.parts(["a", "b", "c"])] == [[0, 4], [1, 3], [2]]
    nobody = Members(codes[:0].astype(np.int32), ones[:0], codes[:0], (), ones[:0], ones[:0] > 2, codes[:0])
    assert nobody.parts([]) == []
