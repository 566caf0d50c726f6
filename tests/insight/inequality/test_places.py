"""Practices, areas, quarters and Core20PLUS5."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from goldenthread.cohorts import Population, Scope
from goldenthread.definitions import load_catalogue
from goldenthread.insight.inequality import (
    InequalityError,
    core20plus5,
    core20plus5_of,
    places,
    trend,
    trend_ready,
)
from goldenthread.insight.inequality.trend import _days
from goldenthread.lake import Snapshot

Ask = Callable[..., Population]


def test_practices_are_compared_with_the_whole_system(ask: Ask) -> None:
    answer = places(ask().within(Scope.parse("pcn-UZ001")), "town_asthma_prevalence")
    frame = answer.table.frame.set_index("place")
    assert {"Z00001", "Z00002", "All", "Whole system"} <= set(frame.index)
    assert "Z00004" not in frame.index
    assert answer.average == pytest.approx(0.3)
    assert frame.loc["Whole system", "people"] == 1000
    assert frame.loc["All", "people"] == int(frame.loc[["Z00001", "Z00002"], "people"].sum())
    assert len(answer.funnel().table) == len(answer.places_only().frame)


def test_what_is_expected_adds_up_to_what_is_counted(ask: Ask) -> None:
    frame = places(ask(), "town_asthma_prevalence").table.frame
    assert frame["expected"].iloc[:-1].sum() == pytest.approx(float(frame["count"].iloc[-1]), abs=0.05)


def test_areas_by_residence(ask: Ask) -> None:
    answer = places(ask(), "town_asthma_prevalence", "lsoa")
    verdict = dict(zip(answer.table.frame["place"], answer.verdict, strict=True))
    assert verdict["E01000001"] == "higher"
    assert verdict["E01000005"] == "lower"
    assert "Area 1 higher" in answer.reading
    square = {"type": "Polygon", "coordinates": [[[0, 52], [0.1, 52], [0.1, 52.1], [0, 52.1], [0, 52]]]}
    shapes = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {"code": f"E0100000{n}"}, "geometry": square}
            for n in range(1, 6)
        ],
    }
    assert len(answer.map(shapes, key="code").table) == 5


def test_places_that_do_not_exist(ask: Ask) -> None:
    with pytest.raises(InequalityError, match="practice, pcn"):
        places(ask(), "town_asthma_prevalence", "ward")


def test_a_trend_asks_each_day_as_it_was(ask: Ask, snapshot: Snapshot) -> None:
    population = ask()
    answer = trend(population, "town_attendance_rate", quarters=4)
    frame = answer.table.frame
    everybody = frame[frame["group"] == "Everybody"]
    assert everybody["date"].tolist() == ["2026-01-31", "2026-04-30", "2026-07-31", "2026-10-31"]
    # attendances were in May 2026: none before, all after
    assert everybody["value"].iloc[1] == 0
    assert everybody["value"].iloc[2] > 0
    assert "up" in answer.reading


def test_a_trend_is_kept_and_read_again(
    ask: Ask, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = trend(ask(), "town_asthma_prevalence", quarters=3)
    assert trend_ready(ask(), "town_asthma_prevalence", quarters=3)
    module = importlib.import_module("goldenthread.insight.inequality.trend")
    monkeypatch.setattr(module, "Population", None)  # asking again would fail
    second = trend(ask(), "town_asthma_prevalence", quarters=3)
    assert second.table.frame.equals(first.table.frame)
    part = trend(ask().within(Scope.parse("practice-Z00001")), "town_asthma_prevalence", quarters=3)
    assert int(part.table.frame["people"].iloc[0]) == 250


def test_who_may_be_asked_about_decides_what_is_kept(ask: Ask) -> None:
    trend(ask(), "town_asthma_prevalence", quarters=2)
    assert not trend_ready(ask(without_practices=["Z00002"]), "town_asthma_prevalence", quarters=2)
    without = trend(ask(without_practices=["Z00002"]), "town_asthma_prevalence", quarters=2)
    assert int(without.table.frame["people"].iloc[0]) == 750


def test_five_points_make_a_control_chart(ask: Ask) -> None:
    answer = trend(ask(), "town_asthma_prevalence", quarters=6)
    assert answer.control is not None
    assert len(answer.control.frame) == 6
    assert any("provisional" in n for n in answer.notes)
    chart = answer.chart()
    assert chart is not None
    assert "30%" in chart.sentence or "30.0%" in chart.sentence


def test_quarters_end_where_months_end() -> None:
    assert _days(date(2026, 11, 30), 3) == [date(2026, 5, 31), date(2026, 8, 31), date(2026, 11, 30)]
    assert _days(date(2026, 5, 15), 2) == [date(2026, 2, 15), date(2026, 5, 15)]


def test_too_many_quarters(ask: Ask) -> None:
    with pytest.raises(InequalityError, match="2 to 8"):
        trend(ask(), "town_asthma_prevalence", quarters=40)


def own_view(folder: Path) -> None:
    (folder / "core20plus5.toml").write_text(
        '[[area]]\nwhom = "adults"\ntitle = "Asthma"\nindicators = ["town_asthma_prevalence"]\n'
        '[group.town_carer]\ntitle = "Unpaid carers"\nplus = true\n'
    )


def test_core20_beside_the_rest_and_plus_groups(ask: Ask, catalogue: object) -> None:
    folder = catalogue.folders[-1]  # type: ignore[attr-defined]
    own_view(folder)
    try:
        answer = core20plus5(ask())
    finally:
        (folder / "core20plus5.toml").unlink()
    assert answer.counts("town_asthma_prevalence", "core20") == (100, 200)
    assert answer.counts("town_asthma_prevalence", "rest") == (200, 800)
    assert answer.counts("town_asthma_prevalence", "town_carer")[1] == 50
    (line,) = answer.lines
    assert line.verdict == "worse"
    assert line.gap.value == pytest.approx(0.25)
    assert "On 1 of 1 indicators" in answer.reading
    assert np.isfinite(line.ratio.value)
    assert answer.to_json()["lines"][0]["verdict"] == "worse"


def test_the_shipped_view_names_indicators_and_facts_that_exist() -> None:
    from goldenthread.measures import variables

    catalogue = load_catalogue()
    view = core20plus5_of(catalogue)
    known = variables(catalogue)
    assert {a.whom for a in view.areas} == {"adults", "children"}
    assert all(known[g].kind == "truth" for g in view.groups)


def test_a_view_that_names_what_is_not_there_is_refused(ask: Ask, catalogue: object) -> None:
    folder = catalogue.folders[-1]  # type: ignore[attr-defined]
    (folder / "core20plus5.toml").write_text(
        '[[area]]\nwhom = "adults"\ntitle = "A"\nindicators = ["nosuch"]\n'
    )
    try:
        with pytest.raises(InequalityError, match="nosuch"):
            core20plus5(ask())
    finally:
        (folder / "core20plus5.toml").unlink()
