"""The theograph: no event is lost, notes do not collide, and the reading counts right."""

from __future__ import annotations

import datetime as dt
import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldenthread.charts import ChartError, theograph
from goldenthread.charts.canvas import text_width
from goldenthread.charts.lanes import LANES
from goldenthread.disclosure import release


def person(rows: list[dict[str, Any]]) -> Any:
    frame = pd.DataFrame(rows, columns=["service", "start", "end", "detail", "note"])
    frame["start"], frame["end"] = pd.to_datetime(frame["start"]), pd.to_datetime(frame["end"])
    frame.insert(0, "event", range(len(frame)))
    return release(frame, policy="direct_care", dimensions=["event"], purpose="tests")


def test_the_reading_counts_urgent_contacts_and_nights() -> None:
    chart = theograph(
        person([
            {"service": "ae", "start": "2025-02-01"},
            {"service": "ae", "start": "2026-05-07"},
            {"service": "emergency_admission", "start": "2026-05-07", "end": "2026-05-29"},
            {"service": "gp", "start": "2026-06-01"},
        ]),
        until="2026-10-31",
    )  # fmt: skip
    assert chart.sentence == (
        "Two A&E attendances and one emergency stay (22 nights) in 24 months, "
        "more of them in the second half than in the first."
    )


def test_the_reading_says_when_there_is_no_urgent_contact() -> None:
    chart = theograph(person([{"service": "gp", "start": "2026-06-01"}]), until="2026-10-31")
    assert chart.sentence == "No urgent contact in 24 months; one planned contact."


def test_a_finding_made_elsewhere_can_be_the_reading() -> None:
    chart = theograph(
        person([{"service": "gp", "start": "2026-06-01"}]), reading="one fall is not in the GP record."
    )
    assert chart.sentence == "One fall is not in the GP record."


def test_events_without_a_date_or_outside_the_dates_are_in_the_table_and_said() -> None:
    chart = theograph(
        person([
            {"service": "gp", "start": "2019-06-01"},
            {"service": "gp", "start": None, "note": "letter"},
            {"service": "gp", "start": "2026-06-01"},
        ]),
        until="2026-10-31",
    )  # fmt: skip
    assert len(chart.table) == 3
    assert "no date recorded" in chart.table["Date"].tolist()
    assert "One event outside these dates in the table only." in chart.foot
    assert "One event without a date in the table only." in chart.foot


def test_lanes_can_be_chosen_and_withheld_ones_are_named() -> None:
    rows = [{"service": "gp", "start": "2026-06-01"}, {"service": "ae", "start": "2026-06-02"}]
    chart = theograph(person(rows), lanes=["gp"], withheld=["mental_health"])
    assert chart.table["Service"].tolist() == ["GP and nurse"]
    assert "Not shown to your role: Mental health." in chart.foot


def test_a_service_not_known_here_gets_a_lane_of_its_own() -> None:
    chart = theograph(person([{"service": "hospice_at_home", "start": "2026-06-01"}]))
    assert "Hospice at home" in chart.svg()


def test_an_open_package_runs_to_the_edge() -> None:
    chart = theograph(person([{"service": "social_care", "start": "2026-06-01"}]), until="2026-10-31")
    assert chart.spec["datasets"]["bars"][0]["to"] == "2026-10-31"
    assert chart.table["Until"].tolist() == ["not ended"]


def test_an_end_before_its_start_is_refused_with_its_row() -> None:
    with pytest.raises(ChartError, match="Row 1 .* ends on 01/05/2026, before it starts on 07/05/2026"):
        theograph(person([{"service": "emergency_admission", "start": "2026-05-07", "end": "2026-05-01"}]))


def test_a_date_that_cannot_be_read_is_refused() -> None:
    frame = pd.DataFrame({"event": [1], "service": ["gp"], "start": ["yesterday-ish"]})
    with pytest.raises(ChartError, match="'yesterday-ish'"):
        theograph(release(frame, policy="direct_care", dimensions=["event"], purpose="tests"))


def test_no_two_lanes_of_one_sector_look_alike() -> None:
    looks = [
        (lane.shape, lane.colour) for lane in LANES if lane.service != "social_prescribing" and not lane.bar
    ]
    assert len(looks) == len(set(looks))


SERVICES = st.sampled_from([lane.service for lane in LANES] + ["something_new"])
DAYS = st.dates(dt.date(2023, 1, 1), dt.date(2026, 10, 31))
EVENTS = st.lists(
    st.fixed_dictionaries({
        "service": SERVICES,
        "start": st.none() | DAYS,
        "length": st.none() | st.integers(0, 400),
        "note": st.none() | st.text(st.characters(), max_size=40),
    }),
    max_size=40,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events=EVENTS, width=st.sampled_from([340, 760]), months=st.sampled_from([12, 24, 36]))
def test_whatever_happened_it_is_drawn_and_none_is_lost(events: Any, width: int, months: int) -> None:
    rows = [
        {
            "service": e["service"], "start": e["start"], "detail": "x", "note": e["note"],
            "end": e["start"] + dt.timedelta(days=e["length"]) if e["start"] and e["length"] is not None else None,
        }
        for e in events
    ]  # fmt: skip
    chart = theograph(person(rows), until="2026-10-31", months=months, width=width)
    assert len(chart.table) == len(events)
    root = ET.fromstring(chart.svg())
    assert float(root.get("width") or 0) == width
    assert min(float(size) for size in re.findall(r'font-size="([\d.]+)', chart.svg())) >= 14
    drawn = sum(len(v) for k, v in chart.spec["datasets"].items() if k == "bars" or k.startswith("points-"))
    first, last = pd.Timestamp("2026-10-31") - pd.DateOffset(months=months), pd.Timestamp("2026-10-31")
    bars = {lane.service for lane in LANES if lane.bar}
    expected = 0
    for row in rows:
        if row["start"] is None:
            continue
        start = pd.Timestamp(row["start"])
        end = pd.Timestamp(row["end"]) if row["end"] else last if row["service"] in bars else start
        expected += start <= last and max(end, start) >= first
    assert drawn == expected


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(days=st.lists(st.integers(0, 700), min_size=1, max_size=25))
def test_notes_never_lie_on_each_other(days: list[int]) -> None:
    start = dt.date(2024, 11, 15)
    rows = [
        {"service": "gp", "start": start + dt.timedelta(days=d), "note": f"Note number {i}"}
        for i, d in enumerate(days)
    ]
    chart = theograph(person(rows), until="2026-10-31")
    placed = [row for name, rows in chart.spec["datasets"].items() if name.startswith("pen-") for row in rows
              if str(row.get("t", "")).startswith("Note number")]  # fmt: skip
    spots = sorted({(row["y"], row["x"], row["t"]) for row in placed})
    for (y, x, text), (y2, x2, _) in pairwise(spots):
        assert y != y2 or x + text_width(text) <= x2
    assert len(chart.table) == len(days)
