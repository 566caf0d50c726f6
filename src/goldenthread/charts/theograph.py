"""One person's contacts with every service on one sheet: lanes by service and sector, marks and spells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import altair as alt
import pandas as pd

from goldenthread.charts import words
from goldenthread.charts.canvas import GRID, Pen, Sheet, check_width, rows, text_width, wrap
from goldenthread.charts.chart import Chart
from goldenthread.charts.errors import ChartError
from goldenthread.charts.figures import Figures, accept, nothing_to_draw, twin
from goldenthread.charts.lanes import Lane, in_order, lane_for

KIND = "Theograph"
HOW = (
    "Each line is one service and each mark one contact, on its own day. A bar runs from the first day of a stay or "
    "package to its last; a bar that reaches the right-hand edge has not ended. Shape and colour both tell the "
    "service. Contacts are as each service recorded them; a service that sends us no data shows nothing."
)
_NOTE_ROWS = 3
_NOTE_LEADING = 18
_MARK = 130


@dataclass(frozen=True)
class _Event:
    lane: Lane
    start: pd.Timestamp
    end: pd.Timestamp
    open: bool
    detail: str
    note: str


def theograph(
    table: Any,
    *,
    service: str = "service",
    start: str = "start",
    end: str = "end",
    detail: str = "detail",
    note_column: str = "note",
    until: date | str | None = None,
    months: int = 24,
    lanes: Sequence[str] | None = None,
    withheld: Sequence[str] = (),
    reading: str | None = None,
    width: int = 760,
) -> Chart:
    """What has this person's time been like? One lane a service, one mark a contact, one bar a spell.

    ``table`` holds one row an event: ``service`` (a key of ``lanes.LANES``, or any other word), ``start`` and, for
    spells, ``end``; ``detail`` and ``note_column`` are optional (a note is written beside its mark). The window is
    the ``months`` up to ``until`` (by default the last event). ``lanes`` keeps only the services named;
    ``withheld`` names services the reader's role may not see, so that the picture says so. ``reading`` replaces
    the counted reading with a finding made elsewhere. Raises ChartError for a table not released, dates that
    cannot be read, or an end before its start.
    """
    check_width(width)
    figures = accept(table, KIND.lower(), (service, start))
    if not 1 <= months <= 120:
        raise ChartError(f"A theograph cannot show {months} months.", "Give a number from 1 to 120.")
    events, undated = _events(figures, service, start, end, detail, note_column, lanes)
    table_twin = _twin(events, undated)
    if not events:
        return nothing_to_draw(
            figures, KIND, "contacts with services", width=width, how=HOW, table=table_twin
        )
    last = pd.Timestamp(until).normalize() if until is not None else max(e.end for e in events)
    first = last - pd.DateOffset(months=months)
    events = [replace(e, end=max(last, e.start)) if e.open else e for e in events]
    shown = [event for event in events if event.start <= last and event.end >= first]
    if not shown:
        what = f"contacts in the {months} months to {words.day(last)}"
        return nothing_to_draw(figures, KIND, what, width=width, how=HOW, table=table_twin)
    sentence = words.sentence_case(reading) if reading else _sentence(shown, first, last, months)
    spec, dropped = _draw(shown, first, last, width, withheld)
    asides = _asides(len(events) - len(shown), len(undated), dropped, withheld)
    described = (
        f"{words.sentence_case(words.counted(len({e.lane.service for e in shown}), 'line'))}, one for each service, from "
        f"{words.day(first)} to {words.day(last)}. {asides}".strip()
    )
    foot = " ".join(part for part in (asides, figures.foot()) if part)
    return Chart(KIND, spec, sentence, HOW, table_twin, described, foot)


def _events(
    figures: Figures,
    service: str,
    start: str,
    end: str,
    detail: str,
    note_column: str,
    keep: Sequence[str] | None,
) -> tuple[list[_Event], list[tuple[Lane, str, str]]]:
    starts = _dates(figures, start)
    ends = _dates(figures, end) if figures.has(end) else pd.Series([pd.NaT] * len(figures))
    details = _optional(figures, detail)
    notes = _optional(figures, note_column)
    wanted = None if keep is None else set(keep)
    events, undated = [], []
    for index, name in enumerate(figures.text(service)):
        if wanted is not None and name not in wanted:
            continue
        lane = lane_for(name)
        begun: Any = starts.iloc[index]
        ended: Any = ends.iloc[index]
        if pd.isna(begun):
            undated.append((lane, details[index], notes[index]))
            continue
        if not pd.isna(ended) and ended < begun:
            raise ChartError(
                f"Row {index + 1} of the theograph ends on {ended:%d/%m/%Y}, before it starts on {begun:%d/%m/%Y}.",
                "Correct the dates in the feed, or leave the end empty.",
            )
        is_open = lane.bar and pd.isna(ended)
        finish = begun if pd.isna(ended) else ended
        events.append(_Event(lane, begun, finish, is_open, details[index], notes[index]))
    events.sort(key=lambda e: (e.start, e.lane.service, e.detail))
    return events, undated


def _dates(figures: Figures, column: str) -> pd.Series[Any]:
    given = figures.frame[column]
    parsed = pd.to_datetime(given, errors="coerce")
    wrong = parsed.isna() & given.notna()
    if bool(wrong.any()):
        raise ChartError(
            f"Row {int(wrong.to_numpy().argmax()) + 1} of the theograph has {given[wrong].iloc[0]!r} as its {column}.",
            "Give dates, for example 2026-10-31.",
        )
    if parsed.dt.tz is not None:
        parsed = parsed.dt.tz_convert("Europe/London").dt.tz_localize(None)
    return parsed.dt.normalize()


def _optional(figures: Figures, column: str) -> list[str]:
    if not figures.has(column):
        return [""] * len(figures)
    return ["" if pd.isna(value) else " ".join(str(value).split()) for value in figures.frame[column]]


def _twin(events: Sequence[_Event], undated: Sequence[tuple[Lane, str, str]]) -> pd.DataFrame:
    dated = [(words.day(e.start), e.lane.label, _until(e), e.detail, e.note) for e in events]
    listed = dated + [("no date recorded", lane.label, "", detail, note) for lane, detail, note in undated]
    columns = list(zip(*listed, strict=True)) if listed else [()] * 5
    names = ("Date", "Service", "Until", "What happened", "Note")
    return twin(
        {
            name: [str(cell) for cell in cells]
            for name, cells in zip(names, columns, strict=True)
            if not listed or name in ("Date", "Service") or any(cells)
        }
    )


def _until(event: _Event) -> str:
    if event.open:
        return "not ended"
    return words.day(event.end) if event.end > event.start else ""


def _sentence(shown: Sequence[_Event], first: pd.Timestamp, last: pd.Timestamp, months: int) -> str:
    """Urgent contacts counted, and whether they are becoming more frequent."""
    urgent = [e for e in shown if e.lane.urgent]
    span = f"in {months} months"
    if not urgent:
        return f"No urgent contact {span}; {words.counted(len(shown), 'planned contact')}."
    counts: dict[str, int] = {}
    for event in urgent:
        counts[event.lane.service] = counts.get(event.lane.service, 0) + 1
    said = []
    for lane in in_order(list(counts)):
        words_for = words.counted(counts[lane.service], lane.one, lane.many)
        if lane.service == "emergency_admission":
            nights = sum(
                (min(e.end, last) - max(e.start, first)).days
                for e in urgent
                if e.lane.service == lane.service
            )
            words_for += f" ({words.counted(nights, 'night')})" if nights else ""
        said.append(words_for)
    middle = first + (last - first) / 2
    later = sum(e.start > middle for e in urgent)
    earlier = len(urgent) - later
    if later > earlier:
        change = "more of them in the second half than in the first"
    elif later < earlier:
        change = "fewer of them in the second half than in the first"
    else:
        change = "as many in the second half as in the first"
    return words.sentence_case(f"{words.listed(said)} {span}, {change}.")


def _asides(outside: int, undated: int, dropped: int, withheld: Sequence[str]) -> str:
    said = []
    if outside:
        said.append(
            f"{words.sentence_case(words.counted(outside, 'event'))} outside these dates in the table only."
        )
    if undated:
        said.append(
            f"{words.sentence_case(words.counted(undated, 'event'))} without a date in the table only."
        )
    if dropped:
        said.append(
            f"{words.sentence_case(words.counted(dropped, 'note'))} for lack of room in the table only."
        )
    if withheld:
        said.append(f"Not shown to your role: {words.listed(lane_for(name).label for name in withheld)}.")
    return " ".join(said)


def _draw(
    shown: Sequence[_Event], first: pd.Timestamp, last: pd.Timestamp, width: int, withheld: Sequence[str]
) -> tuple[dict[str, Any], int]:
    lanes = in_order([event.lane.service for event in shown])
    narrow = width < 520
    labels = {lane.service: wrap(lane.label, width - 40 if narrow else 170) for lane in lanes}
    widest = max(text_width(line) for lines in labels.values() for line in lines)
    left = 22 if narrow else int(widest) + 42
    plot = width - left - 22
    days = max(1, (last - first).days)

    def at(moment: pd.Timestamp) -> float:
        return (min(max(moment, first), last) - first).days / days * plot

    pen = Pen()
    centre: dict[str, float] = {}
    top, dropped, sector = 4.0, 0, ""
    for lane in lanes:
        placed, used, lost = _place([e for e in shown if e.lane.service == lane.service], at, plot)
        dropped += lost
        if lane.sector != sector:
            if sector:
                pen.line(-left + 10, top + 2, plot + 10, top + 2)
            pen.text(lane.sector, -left + 12, top + 16, bold=True)
            top += 24
        sector = lane.sector
        middle = top + (22.0 if narrow else 4.0) + used * _NOTE_LEADING + 14
        centre[lane.service] = middle
        if narrow:
            pen.text(labels[lane.service][0], -10, top + 13)
        else:
            pen.text(labels[lane.service], -22, middle, align="right")
        pen.line(0, middle, plot, middle, ink=GRID)
        for text, x, row, mark in placed:
            pen.text(text, x, middle - 20 - row * _NOTE_LEADING, halo=True)
            if row:
                pen.line(mark, middle - 10, mark, middle - 12 - row * _NOTE_LEADING)
        top = middle + 16
    sheet = Sheet(width, int(top) + 4 + 44, left=left, right=22, top=4, bottom=44)
    height = sheet.plot_height
    _calendar(pen, first, last, at, height, plot)
    data = _marks(shown, centre, first, last)
    across = (
        alt.X("from:T").scale(domain=[_instant(first), _instant(last)], type="utc", nice=False).axis(None)
    )
    y = alt.Y("y:Q").scale(domain=[0, height], range=[0, height], nice=False, zero=False).axis(None)
    layers = [_bars(across, y)]
    layers += [_points(name, across, y) for name in sorted(data) if name.startswith("points-")]
    return sheet.spec(layers, data, pen), dropped


def _place(
    events: Sequence[_Event], at: Any, plot: float
) -> tuple[list[tuple[str, float, int, float]], int, int]:
    """Notes of one lane put where they do not overlap; how many rows they need and how many found no room.

    The same words about marks that stand close together are written once.
    """
    ends = [-1e9] * _NOTE_ROWS
    placed: list[tuple[str, float, int, float]] = []
    said: dict[str, float] = {}
    lost = 0
    for event in events:
        if not event.note:
            continue
        text = wrap(event.note, min(260.0, plot - 10), lines=1)[0]
        size, x = text_width(text), at(event.start)
        if text in said and abs(said[text] - x) < size:
            continue
        side = "left" if x - 6 + size <= plot else "right"
        lo = max(0.0, x - 6) if side == "left" else max(0.0, min(x + 6, plot) - size)
        row = next((index for index, taken in enumerate(ends) if lo > taken + 10), None)
        if row is None:
            lost += 1
            continue
        ends[row] = lo + size
        said[text] = x
        placed.append((text, round(lo, 1), row, x))
    used = max((row + 1 for _, _, row, _ in placed), default=0)
    return placed, used, lost


def _instant(moment: pd.Timestamp) -> int:
    return int(moment.tz_localize("UTC").timestamp() * 1000)


def _marks(
    shown: Sequence[_Event], centre: dict[str, float], first: pd.Timestamp, last: pd.Timestamp
) -> dict[str, list[dict[str, Any]]]:
    """One data set for the bars and one for the points of each lane."""
    data: dict[str, list[dict[str, Any]]] = {"bars": []}
    for event in shown:
        lane, y = event.lane, centre[event.lane.service]
        if lane.bar or event.end > event.start:
            data["bars"].append({
                "from": f"{max(event.start, first):%Y-%m-%d}", "to": f"{min(event.end, last):%Y-%m-%d}",
                "y": y - 8, "y2": y + 8, "fill": lane.paint, "edge": lane.colour,
            })  # fmt: skip
        else:
            row = {"from": f"{event.start:%Y-%m-%d}", "y": y}
            data.setdefault(f"points-{lane.service}", []).append(row)
    return data


def _bars(x: alt.X, y: alt.Y) -> alt.Chart:
    # A stay of one day is still seen: the outline alone is four pixels wide.
    layer: alt.Chart = (
        rows("bars")
        .mark_rect(strokeWidth=4, strokeJoin="round")
        .encode(
            x=x, x2="to:T", y=y, y2="y2:Q",
            fill=alt.Fill("fill:N", scale=None), stroke=alt.Stroke("edge:N", scale=None),
        )
    )  # fmt: skip
    return layer


def _points(name: str, x: alt.X, y: alt.Y) -> alt.Chart:
    lane = lane_for(name.removeprefix("points-"))
    layer: alt.Chart = (
        rows(name)
        .mark_point(shape=lane.shape, size=_MARK, filled=True, opacity=1, color=lane.colour, stroke="#ffffff",
                    strokeWidth=1)
        .encode(x=x, y=y)
    )  # fmt: skip
    return layer


def _calendar(pen: Pen, first: pd.Timestamp, last: pd.Timestamp, at: Any, height: float, plot: float) -> None:
    """Month lines and labels at a spacing that leaves room for the words."""
    months = max(1, round((last - first).days / 30.4))
    step = next((s for s in (1, 2, 3, 6, 12, 24) if months / s * 68 <= plot), 24)
    ticks = [t for t in pd.date_range(first.replace(day=1), last, freq="MS") if t >= first]
    ticks = [t for t in ticks if (t.year * 12 + t.month - 1) % step == 0]
    pen.line(0, height, plot, height)
    half = text_width("Mmm 2026") / 2
    for tick in ticks:
        x = at(tick)
        pen.line(x, 0, x, height, ink=GRID)
        pen.line(x, height, x, height + 5)
        pen.text(f"{tick:%b %Y}", min(max(x, half - 18), plot + 20 - half), height + 20, align="center")


__all__ = ["theograph"]
