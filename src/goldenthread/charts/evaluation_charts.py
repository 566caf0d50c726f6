"""Did it work? The effect by quarter from first contact, and a place's series against what was expected."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from goldenthread.charts import words
from goldenthread.charts.axes import Linear, along_axis, named_axis, span, spread, ticks, up_axis
from goldenthread.charts.canvas import (
    BLUE,
    BLUES,
    INK,
    Pen,
    Sheet,
    check_width,
    rows,
    text_width,
    wrap,
)  # fmt: skip
from goldenthread.charts.chart import Chart
from goldenthread.charts.figures import accept, nothing_to_draw, twin
from goldenthread.charts.words import Interval

HOW_EVENT = (
    "Each point is the difference between the people who were helped and people like them, in one quarter counted "
    "from first contact; the line through it is the likely range (19 times in 20). If the groups were truly alike, "
    "the points before contact lie on zero, and they are the test of whether the comparison is fair."
)
HOW_ITS = (
    "The line before the start is what the series was doing, with its season. The dashed line carries that on as if "
    "nothing had been started, with its likely range (19 times in 20). The effect is the gap between what happened and "
    "the dashed line. Something else that began at the same time would look the same."
)


def event_study(
    table: Any,
    *,
    quarter: str = "quarter",
    value: str = "value",
    lower: str = "lower",
    upper: str = "upper",
    percentage: bool = True,
    difference_words: str = "Difference from matched people",
    step_words: str = "quarter",
    people: str = "",
    width: int = 760,
) -> Chart:
    """Were they alike before, and different after?

    One row a quarter from first contact: 0 and below is before, 1 and above is after. ``value`` is the difference
    (in percent with ``percentage``). ``people`` is a phrase such as "612 people and 1,836 matched" for the foot.
    """
    check_width(width)
    figures = accept(table, "event study", (quarter, value, lower, upper))
    say: Any = words.percent if percentage else words.number
    when = figures.numbers(quarter)
    keep = np.argsort(when, kind="stable")
    keep = keep[np.isfinite(when[keep])]
    t, y, low, high = (figures.numbers(name)[keep] for name in (quarter, value, lower, upper))
    table_twin = twin({
        f"{words.sentence_case(step_words)} from first contact": [words.number(v) for v in t],
        difference_words: [words.cell(v, say) for v in y],
        "Likely range": [words.between(a, b, say) or words.MISSING for a, b in zip(low, high, strict=True)],
    })  # fmt: skip
    good = np.isfinite(y) & np.isfinite(low) & np.isfinite(high)
    if not good.any():
        return nothing_to_draw(
            figures, "Event study", "the difference by quarter", width=width, how=HOW_EVENT, table=table_twin
        )
    sentence = _event_sentence(t[good], y[good], low[good], high[good], percentage, step_words)
    spec = _event(t, y, low, high, say, f"{difference_words}{', %' if percentage else ''}", step_words, width)
    foot = " ".join(part for part in (f"{people}." if people else "", figures.foot()) if part)
    described = f"Points with likely ranges by {step_words}; a dashed line marks first contact."
    return Chart("Event study", spec, sentence, HOW_EVENT, table_twin, described, foot)


def _event_sentence(t: Any, y: Any, low: Any, high: Any, percentage: bool, step: str) -> str:
    before, after = t <= 0, t > 0
    apart = (low > 0) | (high < 0)
    # one point in twenty lies off zero by chance alone
    allowed = max(1, round(0.05 * int(before.sum())))
    if not before.any():
        start = "Nothing is known of before"
    elif int(apart[before].sum()) <= allowed and not (apart[before].all() and before.sum() > 1):
        start = "Alike before"
    else:
        start = f"Not alike before ({words.count_word(int(apart[before].sum()))} of {words.counted(int(before.sum()), step)} differ), so the comparison is not fair"
    if not after.any():
        return f"{start}; nothing is known of after."
    last = int(np.flatnonzero(after)[-1])
    if percentage:
        size = words.fewer_or_more(y[last], low[last], high[last], "lower", "higher")
    else:
        size = words.with_interval(y[last], low[last], high[last])
    tail = f"{'' if percentage else 'a difference of '}{size} in {step} {words.number(t[last])}"
    changed = int(apart[after].sum())
    if not changed:
        return f"{start}, no clear difference after: {tail}."
    way = "lower" if np.sum(y[after & apart]) < 0 else "higher"
    if changed < after.sum() / 2:
        return f"{start}, {way} after in {words.count_word(changed)} of {words.counted(int(after.sum()), step)}: {tail}."
    return f"{start}, {way} after: {tail}."


def _event(
    t: Any, y: Any, low: Any, high: Any, say: Any, heading: str, step: str, width: int
) -> dict[str, Any]:
    marks, bottom, top = span([*y, *low, *high], zero=True, about=6)
    plain: Any = lambda v: f"{v:g}".replace("-", "−")  # noqa: E731
    left = int(max(text_width(plain(v)) for v in marks)) + 26
    plot, head, height = width - left - 22, 56, 270
    scale = Linear(bottom, top, head + height, head)
    first, last = float(t.min()), float(t.max())
    along = Linear(first - 0.5, max(last, first) + 0.5, 0, plot)
    pen = Pen()
    pen.text(wrap(heading, width - 24, lines=1), -left + 12, 12)
    up_axis(pen, scale, marks, plot, plain)
    pen.line(0, scale.at(0), plot, scale.at(0), ink=INK, weight=2)
    if first <= 0 < last:
        x = along.at(0.5)
        pen.line(x, head - 22, x, head + height, ink=INK, weight=1.5, dashed=True)
        pen.text("before", x - 8, head - 14, align="right", halo=True)
        pen.text("after first contact", x + 8, head - 14, halo=True)
    whole = [v for v in ticks(first, last, 4 if width < 520 else 8) if first <= v <= last and v == round(v)]
    along_axis(pen, along, whole, head + height, plain)
    pen.text(f"{words.sentence_case(step)}s from first contact", plot / 2, head + height + 42, align="center")
    data = [
        {"x": a, "y": b, "low": c, "high": d}
        for a, b, c, d in zip(t, y, low, high, strict=True)
        if words.is_known(b)
    ]
    across, up = along.x(), scale.y()
    layers = [
        rows("points").mark_rule(color=BLUE, strokeWidth=2).encode(x=across, y=scale.y("low"), y2="high:Q"),
        rows("points").mark_point(shape="circle", filled=True, opacity=1, size=90, color=BLUE, stroke="#ffffff")
        .encode(x=across, y=up),
    ]  # fmt: skip
    sheet = Sheet(width, head + height + 60, left=left, right=22, top=0, bottom=0)
    return sheet.spec(layers, {"points": data}, pen)


def interrupted_series(
    table: Any,
    *,
    start: Any,
    date: str = "date",
    observed: str = "observed",
    fitted: str = "fitted",
    counterfactual: str = "counterfactual",
    lower: str = "lower",
    upper: str = "upper",
    effect: Interval | None = None,
    measure: str = "Emergency admissions",
    unit: str = "a month",
    started: str = "the start",
    period: str = "%b %Y",
    width: int = 760,
) -> Chart:
    """Did the series leave the path it was on?

    One row a period: what was ``observed``, what the model ``fitted``, and after ``start`` the ``counterfactual``
    with its ``lower`` and ``upper`` limits. ``effect`` is the percentage change with its interval
    (``-12, -20, -3`` is 12% fewer); without it only the gap is told.
    """
    check_width(width)
    figures = accept(table, "interrupted time series", (date, observed, counterfactual))
    when, order, labels = figures.in_time(date, period)
    seen, model, expected, low, high = (
        figures.numbers(name)[order] for name in (observed, fitted, counterfactual, lower, upper)
    )
    hidden = figures.hidden(observed)[order]
    say = words.number
    columns = {
        "Period": labels,
        f"{measure} {unit}".strip(): [figures.cells(observed, say)[i] for i in order],
        "Expected without it": [words.cell(v, lambda x: say(round(x, 1))) for v in expected],
        "Likely range of what was expected": [
            words.between(round(a, 1), round(b, 1))
            if words.is_known(a) and words.is_known(b)
            else words.MISSING
            for a, b in zip(low, high, strict=True)
        ],
    }
    table_twin = twin(columns)
    kind = "Interrupted time series"
    if not np.isfinite(seen).any():
        return nothing_to_draw(
            figures,
            kind,
            f"{measure} over time",
            width=width,
            how=HOW_ITS,
            table=table_twin,
            hidden=bool(hidden.any()),
        )
    begin = pd.Timestamp(start)
    after = (when >= begin).to_numpy()
    sentence = _series_sentence(seen, expected, after, effect, measure, started)
    spec = _series(when, labels, (seen, model, expected, low, high), after, begin, started,
                   f"{measure} {unit}".strip(), width)  # fmt: skip
    described = f"What happened as points, what was expected as a dashed line after {started}."
    return Chart(kind, spec, sentence, HOW_ITS, table_twin, described, figures.foot())


def _series_sentence(
    seen: Any, expected: Any, after: Any, effect: Interval | None, measure: str, started: str
) -> str:
    both = after & np.isfinite(seen) & np.isfinite(expected)
    if not both.any():
        return f"{measure}: nothing is known of after {started}."
    if effect is not None and words.is_known(effect.value):
        value, low, high = float(effect.value), float(effect.lower), float(effect.upper)
        size = words.fewer_or_more(value, low, high, "lower", "higher")
        if words.is_known(low) and words.is_known(high) and low <= 0 <= high:
            return f"{measure}: no clear change after {started}; {size} than expected."
        return f"{measure} were {size} than expected after {started}."
    gap = (seen[both].sum() / expected[both].sum() - 1) * 100 if expected[both].sum() else float("nan")
    if not words.is_known(gap):
        return f"{measure}: what was expected after {started} is not known."
    way = words.fewer_or_more(gap, None, None, "lower", "higher")
    return f"{measure} were {way} than expected after {started}; how sure we can be is not known."


def _series(
    when: Any, labels: list[str], series: tuple[Any, Any, Any, Any, Any], after: Any, begin: pd.Timestamp,
    started: str, heading: str, width: int,
) -> dict[str, Any]:  # fmt: skip
    seen, model, expected, low, high = series
    low, high, expected = (np.where(after, v, np.nan) for v in (low, high, expected))
    marks, bottom, top = span([*seen, *model, *expected, *low, *high], zero=True)
    left = int(max(text_width(words.number(v)) for v in marks)) + 24
    right = 96 if width >= 520 else 84
    plot, head, height = width - left - right, 40, 250
    scale = Linear(bottom, top, head + height, head)
    moments = np.array([pd.Timestamp(day).timestamp() for day in when])
    along = Linear(float(moments.min()), float(max(moments.max(), moments.min() + 1)), 8, plot - 8)
    pen = Pen()
    pen.text(wrap(heading, width - 24, lines=1), -left + 12, 12)
    up_axis(pen, scale, marks, plot, words.number)
    named_axis(pen, [along.at(m) for m in moments], labels, head + height, 0, plot)
    x0 = min(max(along.at(begin.timestamp()), 0.0), plot)
    pen.line(x0, head, x0, head + height, ink=INK, weight=1.5, dashed=True)
    words_at = words.sentence_case(started)
    fits = x0 + 8 + text_width(words_at) <= plot
    pen.text(
        words_at, x0 + 8 if fits else x0 - 8, head + height - 12, align="left" if fits else "right", halo=True
    )
    data = {
        "seen": [{"x": m, "y": v} for m, v in zip(moments, seen, strict=True) if words.is_known(v)],
        "model": [
            {"x": m, "y": v, "side": bool(a)} for m, v, a in zip(moments, model, after, strict=True) if words.is_known(v)
        ],
        "expected": [
            {"x": m, "y": v, "low": a, "high": b}
            for m, v, a, b in zip(moments, expected, low, high, strict=True) if words.is_known(v)
        ],
    }  # fmt: skip
    ends = [
        (rows_of[-1]["y"], name)
        for rows_of, name in ((data["expected"], "expected"), (data["seen"], "happened"))
        if rows_of
    ]
    places = spread([scale.at(v) for v, _ in ends], 20, head + 8, head + height - 8)
    for (_, name), place in zip(ends, places, strict=True):
        pen.text(name, plot + 8, place, bold=name == "happened")
    across, up = along.x(), scale.y()
    layers = [
        rows("expected").mark_area(color=BLUES[0], opacity=1).encode(x=across, y=scale.y("low"), y2="high:Q"),
        rows("expected").mark_line(color=INK, strokeWidth=2, strokeDash=[6, 4]).encode(x=across, y=up),
        rows("model").mark_line(color=BLUE, strokeWidth=2.5).encode(x=across, y=up, detail=alt.Detail("side:N")),
        rows("seen").mark_point(shape="circle", filled=True, opacity=1, size=46, color=BLUE, stroke="#ffffff")
        .encode(x=across, y=up),
    ]  # fmt: skip
    sheet = Sheet(width, head + height + 40, left=left, right=right, top=0, bottom=0)
    return sheet.spec(layers, data, pen)


__all__ = ["event_study", "interrupted_series"]
