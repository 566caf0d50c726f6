"""Segments, cost, work and movement, on a village whose figures are known."""

from collections.abc import Callable

import pandas as pd
import pytest

from goldenthread.charts import bubble_matrix, segment_movement
from goldenthread.cohorts import CohortError, Population, Scope
from goldenthread.insight.segments import (
    BANDS,
    concentration,
    heavy_use,
    movement,
    segment_matrix,
    shares,
    workload,
)

People = Callable[..., Population]
LTC = "Long-term conditions"


def cell(frame: pd.DataFrame, **at: str) -> pd.Series:
    keep = pd.Series(True, index=frame.index)
    for column, value in at.items():
        keep &= frame[column] == value
    assert keep.sum() == 1
    return frame[keep].iloc[0]


def test_cells_hold_the_people_their_expression_finds(people: People) -> None:
    everybody = people()
    for column in BANDS:
        matrix = segment_matrix(everybody, column)
        for row in matrix.released.frame.itertuples():
            expected = everybody.cohort(matrix.expressions[row.segment, row.band]).size
            assert pd.isna(row.people) or abs(row.people - expected) <= 2, (column, row.segment, row.band)
        assert matrix.released.frame["people"].notna().any()


def test_cost_a_head_and_its_share(people: People) -> None:
    frame = segment_matrix(people(), "need").released.frame
    whole = cell(frame, segment="All", band="All")
    # 100 attendances of 280 and 20 stays of 5000 among 240 people
    assert whole["spend_per_head"] == round((100 * 280 + 20 * 5000) / 240 / 10) * 10
    assert whole["cost_share"] == 1.0
    assert cell(frame, segment=LTC, band="All")["people"] == 120


def test_a_bubble_matrix_can_be_drawn(people: People) -> None:
    matrix = segment_matrix(people(), "need")
    inside = matrix.released.only(
        [
            (s != "All") and (b != "All")
            for s, b in matrix.released.frame[["segment", "band"]].itertuples(index=False)
        ]
    )
    chart = bubble_matrix(inside, column="band", column_words=matrix.column_title)
    assert "people" in chart.table.columns.str.lower()


def test_the_few_who_cost_most(people: People) -> None:
    found = concentration(people())
    row = cell(found.released.frame, fewest="1 in 20")
    # 12 of the 20 with 5,560 pounds each; the whole is 128,000
    assert row["people"] == 10  # 12 to the nearest 5
    assert row["cost_share"] == pytest.approx(12 * 5560 / 128000, abs=0.01)
    assert found.sentence == f"One person in 20 has {100 * row['cost_share']:.0f}% of the estimated cost."
    assert found.expression == "cost_12m >= 5500"


def test_shares_of_people_and_cost(people: People) -> None:
    found = shares(people())
    row = cell(found.released.frame, segment=LTC)
    assert row["people_share"] == 0.5
    assert found.sentence.startswith(f"{LTC}: 50% of people, ")
    assert found.expressions[LTC] == 'bridges_to_health == "Long-term conditions"'


def test_work_is_shared_out_by_segment_and_adds_up(people: People) -> None:
    found = workload(people())
    frame = found.released.frame
    # 80 attendances by people with COPD, and every fourth of 200 to 219 has the other condition
    assert cell(frame, group=LTC)["ae"] == pytest.approx(85 / 100, abs=0.011)
    assert cell(frame, group="All")["ae"] == 1.0
    assert not [c for c in frame.columns if c.startswith("users_")]
    assert "A&E attendances are for the segment Long-term conditions" in found.sentences["ae"]
    everybody = people()
    assert everybody.cohort(found.expressions["ae", LTC]).size == 45


def test_a_part_of_few_users_is_hidden_with_another_that_would_tell_it(people: People) -> None:
    part = people().within(Scope.parse("practice-Z00002"))
    frame = workload(part).released.frame
    # 5 of the 20 who came have a condition: too few, and the others' part would tell theirs
    assert frame.loc[frame["group"] != "All", "ae"].isna().all()
    assert cell(frame, group="All")["ae"] == 1.0


def test_heavy_users_are_found_by_the_same_condition(people: People) -> None:
    everybody = people()
    found = heavy_use(everybody)
    for row in found.released.frame.itertuples():
        assert (
            pd.isna(row.people)
            or abs(row.people - everybody.cohort(found.expressions[row.service]).size) <= 2
        )
    ae = cell(found.released.frame, service="ae")
    assert found.expressions["ae"] == "ed_attendances_12m >= 2"
    assert ae["work_share"] == 0.8


def test_movement_counts_everybody_once_on_each_side(people: People) -> None:
    found = movement(people(), months=12)
    frame = found.released.frame
    total = cell(frame, before="All", after="All")["people"]
    assert total == 240
    # the other condition was coded on 1 March 2026, so its people were healthy a year ago unless they had COPD
    moved = cell(frame, before="Healthy", after=LTC)["people"]
    assert moved == 40
    inside = found.released.only(
        [(b != "All") and (a != "All") for b, a in frame[["before", "after"]].itertuples(index=False)]
    )
    assert segment_movement(inside, order=found.order).sentence
    again = movement(people(), months=12)
    assert again.released.frame.equals(frame)


def test_movement_within_a_scope_is_of_its_people(people: People) -> None:
    part = people().within(Scope.parse("practice-Z00002"))
    frame = movement(part).released.frame
    assert cell(frame, before="All", after="All")["people"] == 120


def test_wrong_names_are_refused_with_what_there_is(people: People) -> None:
    with pytest.raises(CohortError, match="crossed with 'luck'"):
        segment_matrix(people(), "luck")
    with pytest.raises(CohortError, match="no segmentation called 'x'"):
        segment_matrix(people(), segmentation="x")
    with pytest.raises(CohortError, match="shared out by"):
        workload(people(), "luck")
    with pytest.raises(CohortError, match="months"):
        movement(people(), months=0)


def test_standing_figures_are_rounded_and_leave_nothing_in_the_ledger(people: People) -> None:
    everybody = people(remembered=True)
    for released in (
        segment_matrix(everybody).released,
        shares(everybody).released,
        workload(everybody).released,
        heavy_use(everybody).released,
        movement(everybody).released,
        concentration(everybody).released,
    ):
        shown = released.frame["people"].dropna()
        assert (shown % 5 == 0).all()
        assert not ((shown > 0) & (shown < 8)).any()
    assert everybody.ledger is not None
    assert everybody.ledger.answers("ann") == 0
