"""Is it changing? A measure over time with its likely range and, beside it, a comparator."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from goldenthread.charts import words
from goldenthread.charts.axes import Linear, named_axis, span, spread, up_axis
from goldenthread.charts.canvas import (
    BLUE,
    BLUES,
    HATCH,
    INK,
    Pen,
    Sheet,
    check_width,
    rows,
    text_width,
    wrap,
)
from goldenthread.charts.chart import Chart
from goldenthread.charts.figures import accept, nothing_to_draw, twin

KIND = "Trend"
HOW = (
    "Each point is the figure for its period. The band is the likely range: the range within which the true figure "
    "lies 19 times in 20. A change is called clear only when the likely ranges of the first and the last period do not "
    "overlap. A gap is a period without a figure; a hatched square is one hidden to protect people, and is not zero."
)


def trend(
    table: Any,
    *,
    date: str = "date",
    value: str = "value",
    lower: str = "lower",
    upper: str = "upper",
    comparator: str | None = None,
    comparator_words: str = "England",
    measure: str = "Emergency admissions",
    unit: str = "per 1,000 people",
    here: str = "Here",
    period: str = "%b %Y",
    from_zero: bool = False,
    width: int = 760,
) -> Chart:
    """Is ``measure`` rising or falling, and is that more than chance?

    One row a period, in any order. ``period`` is how a date is written on the axis. A proportion is said as a
    percentage. ``comparator`` is a column of the same measure elsewhere.
    """
    check_width(width)
    figures = accept(table, "trend", (date, value))
    say, unit = figures.unit(value, unit)
    when, order, labels = figures.in_time(date, period)
    y, low, high = (
        values[order] for values in (
            figures.percents(value), figures.percents(lower, value), figures.percents(upper, value)
        )
    )  # fmt: skip
    other = figures.percents(comparator, value)[order]
    hidden = figures.hidden(value)[order]
    columns = {
        "Period": labels,
        f"{measure} {unit}".strip(): [figures.value_cells(value, say)[i] for i in order],
    }
    if figures.has(lower) and figures.has(upper):
        columns["Likely range"] = [figures.limit_cells(lower, upper, say, value)[i] for i in order]
    if figures.has(comparator):
        columns[comparator_words] = [words.cell(v, say) for v in other]
    table_twin = twin(columns)
    if not np.isfinite(y).any():
        return nothing_to_draw(
            figures,
            KIND,
            f"{measure} over time",
            width=width,
            how=HOW,
            table=table_twin,
            hidden=bool(hidden.any()),
        )
    sentence = _sentence(labels, y, low, high, other, hidden, measure, unit, say, comparator_words)
    spec = _draw(when, labels, y, low, high, other, hidden, (measure, unit, here, comparator_words), say,
                 from_zero, width)  # fmt: skip
    described = f"A line of {words.counted(len(figures), 'period')} with its likely range" + (
        f" and {comparator_words} beside it." if figures.has(comparator) else "."
    )
    return Chart(KIND, spec, sentence, HOW, table_twin, described, figures.foot())


def _sentence(
    labels: list[str],
    y: Any,
    low: Any,
    high: Any,
    other: Any,
    hidden: Any,
    measure: str,
    unit: str,
    say: Any,
    name: str,
) -> str:
    known = np.flatnonzero(np.isfinite(y))
    first, last = int(known[0]), int(known[-1])
    aside = f"; {words.counted(int(hidden.sum()), 'period')} hidden" if hidden.any() else ""
    beside = f" ({name} {say(other[last])})" if words.is_known(other[last]) else ""
    now = f"{say(y[last])} {unit}".strip() + f" in {labels[last]}"
    likely = words.between(low[last], high[last], say)
    now += (f", likely {likely}" if likely else "") + beside
    if first == last:
        return f"{measure}: {now}; one period cannot show a change{aside}."
    limits = [low[first], high[first], low[last], high[last]]
    before = f"from {say(y[first])} in {labels[first]}"
    if not all(words.is_known(v) for v in limits):
        way = "up" if y[last] > y[first] else "down" if y[last] < y[first] else "the same as"
        if way == "the same as":
            return f"{measure}: {now}, the same as in {labels[first]}{aside}."
        return f"{measure}: {now}, {way} {before}; whether that is more than chance is not known{aside}."
    if low[last] > high[first]:
        return f"{measure} have risen {before} to {now}{aside}."
    if high[last] < low[first]:
        return f"{measure} have fallen {before} to {now}{aside}."
    return f"{measure}: no clear change {before} to {now}{aside}."


def _draw(
    when: Any, labels: list[str], y: Any, low: Any, high: Any, other: Any, hidden: Any, names: tuple[str, str, str, str],
    say: Any, from_zero: bool, width: int,
) -> dict[str, Any]:  # fmt: skip
    measure, unit, here, there = names
    marks, bottom, top = span([*y, *low, *high, *other], zero=from_zero)
    left = int(max(text_width(say(v)) for v in marks)) + 24
    last = max(np.flatnonzero(np.isfinite(y)))
    ends = [(y[last], here, True)]
    if np.isfinite(other).any():
        ends.append((other[max(np.flatnonzero(np.isfinite(other)))], there, False))
    right = (
        int(max(max(text_width(name, bold=True), text_width(say(v), bold=True)) for v, name, _ in ends)) + 26
    )
    plot, head, height = width - left - right, 38, 230
    scale = Linear(bottom, top, head + height, head)
    moments = np.array([pd.Timestamp(day).timestamp() for day in when])
    start, end = float(moments.min()), float(moments.max())
    along = Linear(start, end if end > start else start + 1, 8, plot - 8)
    pen = Pen()
    pen.text(wrap(f"{measure} {unit}".strip(), width - 24, lines=1), -left + 12, 12)
    up_axis(pen, scale, marks, plot, say)
    named_axis(pen, [along.at(m) for m in moments], labels, head + height, 0, plot)
    piece = np.cumsum(~np.isfinite(y))
    line = [
        {"x": m, "y": v, "low": a, "high": b, "piece": int(p)}
        for m, v, a, b, p in zip(moments, y, low, high, piece, strict=True) if np.isfinite(v)
    ]  # fmt: skip
    beside = [{"x": m, "y": v} for m, v in zip(moments, other, strict=True) if np.isfinite(v)]
    for m, hide in zip(moments, hidden, strict=True):
        if hide:
            x = along.at(m)
            pen.box(x - 6, head + height - 24, x + 6, head + height - 1, HATCH)
    places = spread([scale.at(v) for v, _, _ in ends], 38, head + 10, head + height - 10)
    for (v, name, bold), place in zip(ends, places, strict=True):
        pen.text([name, say(v)], plot + 8, place, bold=bold)
    foot = head + height + 34
    if hidden.any():
        pen.hidden_key(0, foot + 8)
        foot += 26
    across, up = along.x(), scale.y()
    layers = [
        rows("line")
        .mark_area(color=BLUES[1], opacity=0.6)
        .encode(x=across, y=scale.y("low"), y2="high:Q", detail=alt.Detail("piece:N")),
        rows("beside").mark_line(color=INK, strokeWidth=2, strokeDash=[6, 4]).encode(x=across, y=up),
        rows("line")
        .mark_line(color=BLUE, strokeWidth=3)
        .encode(x=across, y=up, detail=alt.Detail("piece:N")),
        rows("line")
        .mark_point(shape="circle", filled=True, opacity=1, size=46, color=BLUE, stroke="#ffffff")
        .encode(x=across, y=up),
    ]
    sheet = Sheet(width, int(foot) + 6, left=left, right=right, top=0, bottom=0)
    return sheet.spec(layers, {"line": line, "beside": beside}, pen)


__all__ = ["trend"]
