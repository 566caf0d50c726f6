"""The one-sentence readings: rising, falling, flat, hidden and single, in words and with a comparator."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from goldenthread import charts
from goldenthread.charts import ChartError

SYMBOLS = re.compile(r"±|\bCI\b|<|>|=|≤|≥|\d–\d|[!]")


class Estimated:
    def __init__(self, value: float, lower: float, upper: float) -> None:
        self.value, self.lower, self.upper = value, lower, upper


class Slope:
    def __init__(self, value: float, lower: float, upper: float) -> None:
        self.sii, self.rii, self.intercept = Estimated(value, lower, upper), Estimated(1, 1, 1), 130.0


def test_no_reading_uses_symbols_for_uncertainty(example: Any) -> None:
    chart = example.chart()
    assert not SYMBOLS.search(chart.sentence)
    assert chart.sentence.endswith(".")
    assert chart.sentence == chart.title


def gradient(make: Any, values: list[float], width: float = 5.0, **options: Any) -> str:
    y = np.array(values)
    table = make(
        {"group": [f"g{i}" for i in range(len(y))], "value": y, "lower": y - width, "upper": y + width},
        dimensions=("group",),
    )
    return charts.deprivation_gradient(table, **options).sentence


def test_gradient_rising_with_deprivation(make: Any) -> None:
    assert gradient(make, [130, 110, 100, 90, 70.0]) == (
        "Emergency admissions rise with deprivation: 130 per 1,000 people in the most deprived group against 70 in the "
        "least, 1.9 times as much; their likely ranges do not overlap."
    )


def test_gradient_falling_with_deprivation(make: Any) -> None:
    assert gradient(make, [40, 50, 60, 70, 80.0], measure="Health checks").startswith(
        "Health checks fall with deprivation: 40"
    )


def test_gradient_flat(make: Any) -> None:
    assert "no clear difference by deprivation" in gradient(make, [101, 100, 99, 100, 100.0])


def test_gradient_with_its_slope_and_comparator(make: Any) -> None:
    said = gradient(make, [130, 110, 100, 90, 70.0], slope=Slope(-66, -72, -60), comparator=("England", 94.0))
    assert said.endswith(
        "against 70 in the least (England 94); the gap across everyone is 66 (likely between 60 and 72)."
    )


def test_gradient_whose_slope_may_be_nothing(make: Any) -> None:
    assert "no clear difference" in gradient(make, [104, 100, 99, 100, 98.0], slope=Slope(-3, -9, 3))


def trend(make: Any, values: list[float], width: float = 3.0) -> str:
    y = np.array(values)
    table = make(
        {
            "date": pd.date_range("2025-01-01", periods=len(y), freq="MS"),
            "value": y,
            "lower": y - width,
            "upper": y + width,
        },
        dimensions=("date",),
    )
    return charts.trend(table).sentence


def test_trend_up_down_flat_and_alone(make: Any) -> None:
    assert trend(make, [100.0, 105, 120]) == (
        "Emergency admissions have risen from 100 in Jan 2025 to 120 per 1,000 people in Mar 2025, "
        "likely between 117 and 123."
    )
    assert "have fallen from 120 in Jan 2025 to 100" in trend(make, [120.0, 110, 100])
    assert "no clear change from 100 in Jan 2025 to 102" in trend(make, [100.0, 99, 102])
    assert "one period cannot show a change" in trend(make, [100.0])


def test_a_proportion_is_said_as_a_percentage(make: Any) -> None:
    table = make(
        {"date": pd.date_range("2025-01-01", periods=2, freq="MS"), "n": [1000, 1200], "d": [2000, 2000], "value": [0.5, 0.6]},
        dimensions=("date",), counts=("n", "d"), rates={"value": ("n", "d")}, kinds={"value": "proportion"},
    )  # fmt: skip
    assert "60% in Feb 2025, up from 50%" in charts.trend(table, measure="Health checks").sentence


def events(make: Any, before: float, after: float, width: float = 5.0) -> str:
    t = np.arange(-4, 5)
    y = np.where(t > 0, after, before).astype(float)
    table = make({"quarter": t, "value": y, "lower": y - width, "upper": y + width}, dimensions=("quarter",))
    return charts.event_study(table).sentence


def test_event_study_readings(make: Any) -> None:
    assert (
        events(make, 0, -20)
        == "Alike before, lower after: 20% lower (likely between 25% and 15% lower) in quarter 4."
    )
    assert events(make, 0, 20).startswith("Alike before, higher after")
    assert events(make, 0, -2).startswith(
        "Alike before, no clear difference after: 2% lower (likely between 7% lower and 3% higher)"
    )
    assert events(make, -20, -20).startswith("Not alike before (five of five quarters differ)")


def test_interrupted_series_readings(make: Any) -> None:
    table = make(
        {"date": pd.date_range("2025-01-01", periods=4, freq="MS"), "observed": [1000, 1000, 850, 850],
         "counterfactual": [1000.0] * 4}, dimensions=("date",), counts=("observed",),
    )  # fmt: skip
    options: dict[str, Any] = {"start": "2025-03-01", "started": "the service began"}
    clear = charts.interrupted_series(table, effect=Estimated(-15, -20, -9), **options)
    assert clear.sentence == (
        "Emergency admissions were 15% lower (likely between 20% and 9% lower) than expected after the service began."
    )
    assert (
        "no clear change"
        in charts.interrupted_series(table, effect=Estimated(-5, -12, 3), **options).sentence
    )
    bare = charts.interrupted_series(table, **options).sentence
    assert "15% lower than expected" in bare
    assert "how sure we can be is not known" in bare


def test_love_plot_readings(make: Any) -> None:
    def plot(after: list[float]) -> str:
        table = make(
            {"covariate": ["Age", "Frailty"], "before": [0.6, -0.3], "after": after},
            dimensions=("covariate",),
        )
        return charts.love_plot(table).sentence

    assert plot([0.02, -0.05]) == (
        "Alike on all two things after matching: the largest difference is 0.05, on frailty; before, two were not."
    )
    assert plot([0.02, -0.15]).startswith(
        "Not alike on everything: of two things, one still differs after matching (frailty)"
    )


def test_control_chart_says_change_and_target(make: Any) -> None:
    def chart(kind: str, target: float | None, improvement: str | None = "increase") -> str:
        table = make(
            {"date": pd.date_range("2025-01-01", periods=2, freq="MS"), "value": [70.0, 79.0], "mean": [72.0] * 2,
             "lower_limit": [66.0] * 2, "upper_limit": [78.0] * 2,
             "point_type": np.array(["common_cause", kind], dtype=object)}, dimensions=("date",),
        )  # fmt: skip
        return charts.control_chart(
            table, target=target, improvement=improvement, measure="Seen in time", unit="%"
        ).sentence

    assert chart("special_cause_improvement", 85) == (
        "Seen in time: a real improvement, 79% in Feb 2025 (usual variation is between 66% and 78%); "
        "it will not meet the target of 85% without a change."
    )
    assert "no sign of change" in chart("common_cause", None)
    assert "it will meet the target of 60%" in chart("common_cause", 60)
    assert "whether it meets the target of 70% is chance" in chart("common_cause", 70)
    assert "it will meet the target of 85%" in chart("special_cause_concern", 85, "decrease")
    with pytest.raises(ChartError, match="point type 'odd'"):
        chart("odd", None)
    with pytest.raises(ChartError, match="direction 'up'"):
        chart("common_cause", None, "up")


def test_the_assurance_rule_is_that_of_the_statistics_room(make: Any) -> None:
    from goldenthread.charts.control import _assurance
    from goldenthread.statistics import xmr

    values = [70.0, 72, 71, 73, 70, 72, 74, 71, 70, 73, 72, 71, 70, 72]
    for target in (50, 72, 90):
        for better in ("increase", "decrease"):
            result = xmr(values, target=target, improvement=better)  # type: ignore[arg-type]
            ours = _assurance(float(result.lower_limit[-1]), float(result.upper_limit[-1]), target, better)
            names = {"P": "pass", "F": "fail", "?": "inconsistent"}
            assert names[ours[0]] == result.assurance_icon


def test_funnel_counts_those_outside(examples: Any) -> None:
    said = examples["funnel"].chart().sentence
    assert "one of three places differs from the average of 100 per 1,000 people by more than chance" in said
    assert "one higher (Abbey at 182)" in said
    assert "One place hidden" in said


def test_attrition_says_where_most_are_left_out_and_refuses_growth(make: Any) -> None:
    table = make(
        {"step": ["Registered", "aged 65"], "people": [4000, 1000]}, dimensions=("step",), counts=("people",)
    )
    assert (
        charts.attrition(table).sentence
        == "1,000 of 4,000 people are left (25%); most are left out at “aged 65” (3,000)."
    )
    grown = make(
        {"step": ["Registered", "aged 65"], "people": [1000, 4000]}, dimensions=("step",), counts=("people",)
    )
    with pytest.raises(ChartError, match="Step 2 .* has more people"):
        charts.attrition(grown)


def test_movement_says_which_way(examples: Any) -> None:
    assert examples["segment_movement"].chart().sentence == (
        "More people moved to greater need: 800 to greater, 0 to lesser, among the moves shown; "
        "the largest move is from healthy to frailty (800)."
    )


def test_pyramid_does_not_call_a_hidden_band_a_shortage(examples: Any) -> None:
    said = examples["population_pyramid"].chart().sentence
    assert "early seventies" not in said
    assert "late sixties" in said


def test_bubble_matrix_says_how_concentrated_spend_is(make: Any) -> None:
    def said(people: list[int], spend: list[float]) -> str:
        table = make(
            {"segment": ["Healthy", "Frailty"], "risk": ["Low", "Low"], "people": people, "spend_per_head": spend},
            dimensions=("segment", "risk"), counts=("people",),
        )  # fmt: skip
        return charts.bubble_matrix(table).sentence

    assert said([9000, 1000], [100.0, 4000.0]) == "One person in ten has 82% of the cost."
    assert said([5000, 5000], [100.0, 100.0]).startswith("Spend is spread much as people are")


def test_growth_matrix_names_the_fastest(make: Any) -> None:
    def said(growth: list[float]) -> str:
        table = make(
            {"segment": ["Healthy", "Frailty"], "risk": ["Low", "High"], "people": [9000, 1000], "growth": growth},
            dimensions=("segment", "risk"), counts=("people",),
        )  # fmt: skip
        return charts.bubble_matrix(table, colour="growth", growth=True, colour_words="change").sentence

    assert (
        said([1.0, 12.0])
        == "The fastest growth is in frailty, high risk: 1,000 people, 12% more than before."
    )
    assert said([-3.0, -1.0]).startswith("No group has grown")


def test_bubble_area_is_the_number_of_people(make: Any) -> None:
    table = make(
        {"segment": ["A", "B"], "risk": ["Low", "Low"], "people": [8000, 2000], "spend_per_head": [100.0, 400.0]},
        dimensions=("segment", "risk"), counts=("people",),
    )  # fmt: skip
    big, small = (row["area"] for row in charts.bubble_matrix(table).spec["datasets"]["bubbles"])
    assert big / small == pytest.approx(4)


def test_map_names_the_highest_with_its_comparator(examples: Any) -> None:
    example = examples["choropleth"]
    said = example.chart(comparator=("England", 104.2)).sentence
    assert said == (
        "Emergency admissions: highest in Skegness at 182 per 1,000 people (likely between 164 and 200); England has 104."
    )


def test_map_ranks_hidden_areas_last_and_refuses_strangers(examples: Any) -> None:
    example = examples["choropleth"]
    table = example.chart().table
    assert table["Rank"].tolist() == ["1", "2", "3", "not ranked"]
    frame = example.frame(437).assign(code=["X1", "X2", "X3", "X4"])
    with pytest.raises(ChartError, match="None of the 4 areas"):
        example.draw(example.table(frame=frame))


class TestLinks:
    """Cells that lead to a cohort."""

    def test_cells_link_within_the_site_and_are_reachable(self, examples: Any) -> None:
        chart = examples["bubble_matrix"].chart(address="/ask?segment={segment}&risk={risk}")
        svg = chart.svg()
        assert 'href="/ask?segment=Healthy&amp;risk=Low"' in svg
        assert 'role="group"' in svg.split(">")[0]
        assert "vega-datasets" not in svg
        assert '<a href="/ask?segment=Healthy&amp;risk=Low">Healthy</a>' in chart.html()

    def test_a_hostile_segment_cannot_break_out_of_its_link(self, make: Any) -> None:
        table = make(
            {"segment": ['"><script>', "B&b"], "risk": ["Low", "Low"], "people": [900, 800], "spend_per_head": [1.0, 2.0]},
            dimensions=("segment", "risk"), counts=("people",),
        )  # fmt: skip
        chart = charts.bubble_matrix(table, address="/ask?segment={segment}")
        assert "/ask?segment=%22%3E%3Cscript%3E" in chart.svg()
        assert "<script" not in chart.html()

    @pytest.mark.parametrize(
        "bad", ["javascript:alert(1)", "https://example.org/", "//example.org", "/\\example.org"]
    )
    def test_links_never_leave_the_site(self, examples: Any, bad: str) -> None:
        with pytest.raises(ChartError, match="within this site"):
            examples["bubble_matrix"].chart(address=bad)

    def test_an_address_that_asks_for_what_is_not_there(self, examples: Any) -> None:
        with pytest.raises(ChartError, match="asks for 'nhs_number'"):
            examples["bubble_matrix"].chart(address="/ask?who={nhs_number}")


def test_text_in_a_column_of_numbers_is_refused(make: Any) -> None:
    table = make(
        {"covariate": ["Age"], "before": np.array(["lots"], dtype=object), "after": [0.1]},
        dimensions=("covariate",),
    )
    with pytest.raises(ChartError, match="'lots', which is not a number"):
        charts.love_plot(table)


def test_refuses_an_impossible_scale_or_heading(examples: Any) -> None:
    chart = examples["attrition"].chart()
    with pytest.raises(ChartError, match="100 times"):
        chart.png(100)
    with pytest.raises(ChartError, match="level 1"):
        chart.html(heading=1)


def test_a_page_can_be_one_sheet_of_a4(examples: Any) -> None:
    document = examples["theograph"].chart().pdf(a4=True)
    found = re.search(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)", document)
    assert found is not None
    assert sorted(round(float(side)) for side in found.groups()) == [595, 842]
