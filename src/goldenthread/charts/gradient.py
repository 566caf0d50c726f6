"""Who fares worse? A measure by deprivation, with the slope index of inequality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from goldenthread.charts import words
from goldenthread.charts.axes import Linear, span, up_axis
from goldenthread.charts.canvas import BLUES, HATCH, INK, Pen, Sheet, check_width, rows, text_width, wrap
from goldenthread.charts.chart import Chart
from goldenthread.charts.figures import Figures, accept, nothing_to_draw, twin
from goldenthread.charts.words import Interval

KIND = "Deprivation gradient"
HOW = (
    "People are put in equal groups by the deprivation of the area where they live, most deprived first. The line on "
    "each bar is its likely range: the range within which the true figure lies 19 times in 20. The dashed line is the "
    "slope index of inequality: the difference between the two ends of the whole population, using every group and "
    "not only the first and the last. Hatched groups are hidden to protect people, and are not zero."
)


class Slope(Protocol):
    """What ``statistics.slope_index_of_inequality`` returns, most deprived first."""

    @property
    def sii(self) -> Interval: ...
    @property
    def rii(self) -> Interval: ...
    @property
    def intercept(self) -> Any: ...


def deprivation_gradient(
    table: Any,
    *,
    group: str = "group",
    value: str = "value",
    lower: str = "lower",
    upper: str = "upper",
    measure: str = "Emergency admissions",
    unit: str = "per 1,000 people",
    slope: Any = None,
    comparator: tuple[str, float] | None = None,
    reading: str | None = None,
    width: int = 760,
) -> Chart:
    """Does ``measure`` rise or fall with deprivation, and by how much?

    One row a group, **most deprived first** (tenths or fifths). ``slope`` is the result of
    ``statistics.slope_index_of_inequality`` on the same figures; without it, the two end groups are compared.
    A proportion is said as a percentage. ``comparator`` is, for example, ("England", 98.1). ``reading`` is the sentence where
    the groups are not of deprivation, or where it is said better by whoever worked the figures out.
    """
    check_width(width)
    figures = accept(table, KIND.lower(), (group, value))
    say, unit = figures.unit(value, unit)
    y, low, high = figures.percents(value), figures.percents(lower, value), figures.percents(upper, value)
    columns = {"Group": figures.text(group), f"{measure} {unit}".strip(): figures.value_cells(value, say)}
    if figures.has(lower) and figures.has(upper):
        columns["Likely range"] = figures.limit_cells(lower, upper, say, value)
    table_twin = twin(columns)
    hidden = figures.hidden(value)
    if not np.isfinite(y).any():
        return nothing_to_draw(
            figures,
            KIND,
            measure if reading else f"{measure} by deprivation",
            width=width,
            how=HOW,
            table=table_twin,
            hidden=bool(hidden.any()),
        )
    scaled = 100.0 / float(figures.table.per.get(value, 1.0)) if figures.is_proportion(value) else 1.0
    sentence = reading or _sentence(figures, y, low, high, measure, unit, say, slope, scaled, comparator)
    spec = _draw(
        figures.text(group), y, low, high, hidden, slope, scaled, measure, unit, say, comparator, width
    )
    order = "each" if reading else "the most deprived group first, each"
    described = f"{words.sentence_case(words.counted(len(figures), 'bar'))}, {order} with its likely range."
    return Chart(KIND, spec, sentence, HOW, table_twin, described, figures.foot())


def _sentence(
    figures: Figures, y: Any, low: Any, high: Any, measure: str, unit: str, say: Any, slope: Any, scaled: float,
    comparator: tuple[str, float] | None,
) -> str:  # fmt: skip
    beside = f" ({comparator[0]} {say(comparator[1])})" if comparator else ""
    most, least = y[0], y[-1]
    ends = words.is_known(most) and words.is_known(least) and len(y) > 1
    against = (
        f"{say(most)} {unit}".strip() + f" in the most deprived group against {say(least)} in the least{beside}"
        if ends else "one of the two end groups is not shown"
    )  # fmt: skip
    if slope is not None and words.is_known(slope.sii.value):
        # measured from most to least deprived, so a measure that rises with deprivation has a slope below zero
        gap, lo, hi = (-float(v) * scaled for v in (slope.sii.value, slope.sii.upper, slope.sii.lower))
        clear = words.is_known(lo) and words.is_known(hi) and lo * hi > 0
        if not clear:
            return f"{measure}: no clear difference by deprivation; {against}."
        way = "rise" if gap > 0 else "fall"
        size = f"{say(abs(gap))} {'points' if scaled != 1 else ''}".replace(
            "% points", " percentage points"
        ).strip()
        span_words = words.between(abs(lo), abs(hi), lambda v: say(v).rstrip("%"))
        return f"{measure} {way} with deprivation: {against}; the gap across everyone is {size} (likely {span_words})."
    if not ends:
        return f"{measure} by deprivation: {against}."
    known = all(words.is_known(v) for v in (low[0], high[0], low[-1], high[-1]))
    if not known:
        return f"{measure} by deprivation: {against}; how sure we can be is not known."
    if low[0] > high[-1] or high[0] < low[-1]:
        way = "rise" if most > least else "fall"
        ratio = most / least if least else float("nan")
        times = (
            f", {words.number(round(ratio, 1))} times as much"
            if words.is_known(ratio) and ratio >= 1.15
            else ""
        )
        return f"{measure} {way} with deprivation: {against}{times}; their likely ranges do not overlap."
    return f"{measure}: no clear difference by deprivation; {against}, and their likely ranges overlap."


def _draw(
    groups: Sequence[str], y: Any, low: Any, high: Any, hidden: Any, slope: Any, scaled: float, measure: str, unit: str,
    say: Any, comparator: tuple[str, float] | None, width: int,
) -> dict[str, Any]:  # fmt: skip
    extra = [comparator[1]] if comparator else []
    marks, bottom, top = span([*y, *low, *high, *extra], zero=True)
    left = int(max(text_width(say(v)) for v in marks)) + 24
    plot = width - left - 14
    head, height = 38, 240
    scale = Linear(bottom, top, head + height, head)
    pen = Pen()
    pen.text(wrap(f"{measure} {unit}".strip(), width - 24, lines=1), -left + 12, 12)
    up_axis(pen, scale, marks, plot, say)
    step = plot / len(groups)
    base = scale.at(max(0.0, bottom))
    bars, whiskers = [], []
    labelled = all(step > text_width(say(v)) + 2 and scale.at(v) < base - 30 for v in y if words.is_known(v))
    for index in range(len(groups)):
        x = step * (index + 0.5)
        reach = min(26.0, step * 0.36)
        if hidden[index]:
            pen.box(x - reach, base - 26, x + reach, base, HATCH)
        elif words.is_known(y[index]):
            bars.append({"x": x - reach, "x2": x + reach, "value": y[index], "zero": max(0.0, bottom)})
            if words.is_known(low[index]) and words.is_known(high[index]):
                whiskers.append({"x": x, "low": low[index], "high": high[index]})
            if labelled:
                pen.text(say(y[index]), x, base - 13, align="center")
    pen.line(0, base, plot, base)
    foot = head + height + 16
    tall = max(len(wrap(name, step - 4, lines=3)) for name in groups)
    short = all(text_width(word) <= step - 4 for name in groups for word in name.split())
    if short:
        for index, name in enumerate(groups):
            lines = wrap(name, step - 4, lines=3)
            pen.text(lines, step * (index + 0.5), foot + 8.5 * (len(lines) - 1), align="center")
        foot += 17 * tall
    else:
        pen.text("Most deprived", 0, foot)
        pen.text("Least deprived", plot, foot, align="right")
        foot += 17
    _fitted(pen, slope, scaled, scale, plot, head, head + height)
    if comparator:
        level = scale.at(comparator[1])
        pen.line(0, level, plot, level, ink=INK, weight=2, over=True)
        pen.text(f"{comparator[0]} {say(comparator[1])}", plot, level - 10, align="right", halo=True)
    if slope is not None and words.is_known(slope.sii.value):
        pen.line(0, foot + 12, 26, foot + 12, ink=INK, weight=2, dashed=True)
        pen.text("slope index of inequality", 34, foot + 12)
        foot += 26
    if hidden.any():
        pen.hidden_key(0, foot + 12)
        foot += 26
    sheet = Sheet(width, int(foot) + 10, left=left, right=14, top=0, bottom=0)
    pixels = Linear(0, 1000, 0, 1000)
    bar = (
        rows("bars").mark_rect(color=BLUES[2])
        .encode(x=pixels.x(), x2="x2:Q", y=scale.y("value"), y2="zero:Q")
    )  # fmt: skip
    whisker = (
        rows("whiskers").mark_rule(color=INK, strokeWidth=2)
        .encode(x=pixels.x(), y=scale.y("low"), y2="high:Q")
    )  # fmt: skip
    return sheet.spec([bar, whisker], {"bars": bars, "whiskers": whiskers}, pen)


def _fitted(
    pen: Pen, slope: Any, scaled: float, scale: Linear, plot: float, top: float, bottom: float
) -> None:
    """The fitted line, where its two ends are known and on the chart."""
    if slope is None or not (words.is_known(slope.sii.value) and words.is_known(slope.intercept)):
        return
    start = float(slope.intercept) * scaled
    ends = [scale.at(start), scale.at(start + float(slope.sii.value) * scaled)]
    if all(top - 1 <= y <= bottom + 1 for y in ends):
        pen.line(0, ends[0], plot, ends[1], ink=INK, weight=2, dashed=True, over=True)


__all__ = ["deprivation_gradient"]
