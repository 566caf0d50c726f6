"""Who is left, and who moved: attrition of a cohort, and people moving between segments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np

from goldenthread.charts import words
from goldenthread.charts.axes import Linear
from goldenthread.charts.canvas import (
    AQUA,
    BLUE,
    BLUES,
    HATCH,
    MUTED,
    ORANGE,
    RULE,
    Pen,
    Sheet,
    check_width,
    rows,
    text_width,
    wrap,
)  # fmt: skip
from goldenthread.charts.chart import Chart
from goldenthread.charts.errors import ChartError
from goldenthread.charts.figures import accept, nothing_to_draw, twin

HOW_ATTRITION = (
    "Each line adds one condition to those above it and counts the people who still meet all of them on the data date. "
    "The bar is the number left; the words under it say how many left at that step."
)
HOW_MOVES = (
    "On the left, the group each person was in at the first date; on the right, at the second. The width of a band is "
    "the number of people. People who joined, left or died between the dates are shown only if they have a group of "
    "their own. A band too thin to see is drawn at the smallest width that can be seen; a hatched band is hidden to "
    "protect people and its width means nothing."
)


def attrition(
    table: Any,
    *,
    step: str = "step",
    people: str = "people",
    measure: str = "People",
    width: int = 760,
) -> Chart:
    """How did we get from everybody to these people?

    One row a step in order, each with the number of people left. Raises ChartError where a later step has more
    people than an earlier one.
    """
    check_width(width)
    figures = accept(table, "attrition chart", (step, people))
    names, left = figures.text(step), figures.numbers(people)
    hidden = figures.hidden(people)
    before = float("nan")
    lost: list[float] = []
    for index, count in enumerate(left):
        if words.is_known(count) and words.is_known(before) and count > before:
            raise ChartError(
                f"Step {index + 1} of the attrition chart, '{names[index]}', has more people than the step before.",
                "Give the steps in order, each counting those who also met all steps before it.",
            )
        # the loss at a step next to a hidden one would give the hidden number away
        known = index > 0 and words.is_known(count) and words.is_known(left[index - 1])
        lost.append(float(left[index - 1] - count) if known else float("nan"))
        before = count if words.is_known(count) else before
    table_twin = twin({
        "Step": names,
        f"{measure} left": figures.cells(people, words.number),
        "Left out at this step": [
            "" if i == 0 else words.number(v) if words.is_known(v) else words.HIDDEN
            if hidden[i] or hidden[i - 1] else words.MISSING for i, v in enumerate(lost)
        ],
    })  # fmt: skip
    kind = "Attrition chart"
    if not bool(np.nansum(left) > 0):
        return nothing_to_draw(
            figures, kind, "people at each step", width=width, how=HOW_ATTRITION, table=table_twin,
            hidden=bool(hidden.any()),
        )  # fmt: skip
    sentence = _attrition_sentence(names, left, lost, measure)
    spec = _attrition(names, left, lost, hidden, width)
    described = (
        f"{words.sentence_case(words.counted(len(names), 'bar'))}, one for each step, from everybody down."
    )
    return Chart(kind, spec, sentence, HOW_ATTRITION, table_twin, described, figures.foot())


def _attrition_sentence(names: list[str], left: Any, lost: list[float], measure: str) -> str:
    first, last = left[0], left[-1]
    if not words.is_known(first):
        return f"{measure} at each step; the number at the start is hidden."
    if not words.is_known(last):
        return f"Too few of {words.number(first)} {words.lower_first(measure)} are left to show: the number is hidden."
    if len(left) == 1:
        return f"{words.number(first)} {words.lower_first(measure)}; no step leaves anybody out."
    share = words.percent(last / first * 100) if first else "none"
    sentence = (
        f"{words.number(last)} of {words.number(first)} {words.lower_first(measure)} are left ({share})"
    )
    steps = [i for i, v in enumerate(lost) if words.is_known(v) and v > 0]
    if not steps:
        return sentence + "; no step leaves anybody out."
    most = max(steps, key=lambda i: lost[i])
    return f"{sentence}; most are left out at “{names[most]}” ({words.number(lost[most])})."


def _attrition(names: list[str], left: Any, lost: list[float], hidden: Any, width: int) -> dict[str, Any]:
    inner = width - 24
    narrow = width < 520
    step = 74 if narrow else 58
    room = text_width(words.number(float(np.nanmax(left))), bold=True) + 20
    label = 0.0 if narrow else inner * 0.42
    along = Linear(0, float(np.nanmax(left)), label, inner - room)
    pen, bars = Pen(), []
    for index, name in enumerate(names):
        top = step * index
        middle = top + (40 if narrow else 20)
        lines = wrap(name, inner if narrow else label - 16, lines=1 if narrow else 2)
        pen.text(lines, 0, top + 18 if narrow else middle)
        if hidden[index]:
            pen.box(label, middle - 11, label + 44, middle + 11, HATCH)
            pen.text(words.HIDDEN, label + 52, middle)
        elif words.is_known(left[index]):
            end = along.at(left[index])
            bars.append({"zero": 0, "x": left[index], "y": middle - 11, "y2": middle + 11})
            pen.text(words.number(left[index]), max(end, label + 2) + 8, middle, bold=True)
        else:
            pen.text("no figure", label, middle)
        if words.is_known(lost[index]) and lost[index] > 0:
            pen.text(f"{words.number(lost[index])} left out", label, middle + 22)
        if index:
            pen.line(0, top + 1, inner, top + 1, ink="#e8edee")
    sheet = Sheet(width, step * len(names) + 12, top=4, bottom=4)
    pixels = Linear(0, 1000, 0, 1000)
    layer = rows("bars").mark_rect(color=BLUE).encode(
        x=along.x("zero"), x2="x:Q", y=pixels.y(), y2="y2:Q"
    )  # fmt: skip
    return sheet.spec([layer], {"bars": bars}, pen)


def segment_movement(
    table: Any,
    *,
    source: str = "before",
    target: str = "after",
    people: str = "people",
    order: Sequence[str] | None = None,
    before_words: str = "A year ago",
    after_words: str = "Now",
    width: int = 760,
) -> Chart:
    """Who is moving between segments, and is need growing?

    One row a pair of segments with the number of people. ``order`` lists segments from least to most need; with it
    the reading says how many moved each way.
    """
    check_width(width)
    figures = accept(table, "movement chart", (source, target, people))
    start, end, count = figures.text(source), figures.text(target), figures.numbers(people)
    hidden = figures.hidden(people)
    table_twin = twin({before_words: start, after_words: end, "People": figures.cells(people, words.number)})
    kind = "Movement between segments"
    if not bool(np.nansum(count) > 0):
        return nothing_to_draw(
            figures, kind, "movement between segments", width=width, how=HOW_MOVES, table=table_twin,
            hidden=bool(hidden.any()),
        )  # fmt: skip
    seen = list(dict.fromkeys([*start, *end]))
    groups = [g for g in (order or ()) if g in seen] + [g for g in seen if g not in (order or ())]
    sentence = _move_sentence(start, end, count, groups if order else None, bool(hidden.any()))
    ways = ("to greater need", "to lesser need") if order else ("to a later group", "to an earlier group")
    spec = _moves(start, end, count, hidden, groups, (before_words, after_words, *ways), width)
    described = (
        f"Bands from {words.counted(len(groups), 'group')} on the left to the same groups on the right."
    )
    return Chart(kind, spec, sentence, HOW_MOVES, table_twin, described, figures.foot())


def _move_sentence(
    start: list[str], end: list[str], count: Any, groups: list[str] | None, some_hidden: bool
) -> str:
    aside = ", among the moves shown" if some_hidden else ""
    moved = [i for i in range(len(start)) if start[i] != end[i] and words.is_known(count[i]) and count[i] > 0]
    total = float(np.nansum(count))
    if not moved:
        return f"Nobody moved between groups{aside}; {words.number(total)} people stayed."
    people = float(sum(count[i] for i in moved))
    most = max(moved, key=lambda i: count[i])
    largest = (
        f"the largest move is from {words.lower_first(start[most])} to {words.lower_first(end[most])} "
        f"({words.number(count[most])})"
    )
    if groups is None:
        return (
            f"{words.number(people)} of {words.number(total)} people moved ({words.percent(people / total * 100)})"
            f"{aside}; {largest}."
        )
    place = {name: index for index, name in enumerate(groups)}
    more = float(sum(count[i] for i in moved if place[end[i]] > place[start[i]]))
    less = people - more
    way = (
        "More people moved to greater need"
        if more > less
        else (
            "More people moved to lesser need"
            if less > more
            else "As many moved to greater need as to lesser"
        )
    )
    return f"{way}: {words.number(more)} to greater, {words.number(less)} to lesser{aside}; {largest}."


_NODE = 14


def _moves(
    start: list[str], end: list[str], count: Any, hidden: Any, groups: list[str], said: tuple[str, str, str, str],
    width: int,
) -> dict[str, Any]:  # fmt: skip
    room = 104.0 if width < 520 else 190.0
    inner, gap, lines_of = width - 24, (58.0 if width < 520 else 40.0), (2 if width < 520 else 1)
    x0, x1 = room, inner - room
    thick = _thickness(count, hidden)
    tops: dict[tuple[int, str], float] = {}
    heights: dict[tuple[int, str], float] = {}
    foot = 0.0
    for side, ends in ((0, start), (1, end)):
        y = 34.0
        for group in groups:
            height = sum(t for t, name in zip(thick, ends, strict=True) if name == group)
            if not height:
                continue
            tops[side, group], heights[side, group] = y + max(0.0, (gap - 6 - height) / 2), height
            y += max(gap, height + 10)
        foot = max(foot, y)
    pen, bands = Pen(), []
    pen.text(wrap(said[0], room + 40, lines=1), x0 + _NODE, 12, align="right", bold=True)
    pen.text(wrap(said[1], room + 40, lines=1), x1 - _NODE, 12, bold=True)
    used = dict(tops)
    place = {name: index for index, name in enumerate(groups)}
    order = sorted(range(len(start)), key=lambda i: (place[start[i]], place[end[i]]))
    left_at, right_at = {}, {}
    for i in order:
        left_at[i] = used[0, start[i]] if thick[i] else 0.0
        used[0, start[i]] = left_at[i] + thick[i] if thick[i] else used.get((0, start[i]), 0.0)
    for i in sorted(order, key=lambda i: (place[end[i]], place[start[i]])):
        right_at[i] = used[1, end[i]] if thick[i] else 0.0
        used[1, end[i]] = right_at[i] + thick[i] if thick[i] else used.get((1, end[i]), 0.0)
    for i in order:
        if not thick[i]:
            continue
        rise = place[end[i]] - place[start[i]]
        fill = HATCH if hidden[i] else BLUES[1] if rise == 0 else ORANGE if rise > 0 else AQUA
        bands.append(_band(x0 + _NODE, left_at[i], x1 - _NODE, right_at[i], thick[i], fill))
    # people who stayed lie under those who moved
    bands.sort(key=lambda band: {BLUES[1]: 0, HATCH: 2}.get(str(band["fill"]), 1))
    for (side, group), top in tops.items():
        x = x0 if side == 0 else x1 - _NODE
        pen.box(x, top, x + _NODE, top + heights[side, group], MUTED, edge=MUTED)
        ends = start if side == 0 else end
        lines = [*wrap(group, room - 14, lines=lines_of), _size(group, ends, count, hidden)]
        edge, align = (x0 - 8, "right") if side == 0 else (x1 + 8, "left")
        pen.text(lines, edge, top + heights[side, group] / 2, align=align)
    x, y = 0.0, foot + 14
    for fill, label in ((BLUES[1], "stayed"), (ORANGE, said[2]), (AQUA, said[3])):
        if any(band["fill"] == fill for band in bands):
            pen.box(x, y - 8, x + 22, y + 8, fill)
            pen.text(label, x + 30, y)
            x += 30 + text_width(label) + 20
            if x > inner - 150:
                x, y = 0.0, y + 24
    if hidden.any():
        y += 24 if x else 0
        pen.hidden_key(0.0, y)
    sheet = Sheet(width, int(y) + 20, top=0, bottom=0)
    layer = (
        rows("bands").mark_geoshape(stroke=RULE, strokeWidth=0.5)
        .encode(fill=alt.Fill("fill:N", scale=None), opacity=alt.Opacity("opacity:Q", scale=None))
        .project(type="identity", scale=1, translate=[0, 0])
    )  # fmt: skip
    return sheet.spec([layer], {"bands": bands}, pen)


def _thickness(count: Any, hidden: Any) -> list[float]:
    """How wide each band is: 320 pixels for everybody, two at least, four for a hidden one."""
    total = float(np.nansum(count))
    return [
        4.0 if hide else max(2.0, 320.0 * c / total) if words.is_known(c) and c > 0 else 0.0
        for c, hide in zip(count, hidden, strict=True)
    ]


def _size(group: str, ends: list[str], count: Any, hidden: Any) -> str:
    """How many people a group holds, or how many of them are shown where some are hidden."""
    inside = [i for i, name in enumerate(ends) if name == group]
    shown = words.number(float(np.nansum(count[inside])))
    if not hidden[inside].any():
        return shown
    return f"{shown} shown" if np.nansum(count[inside]) else "hidden"


def _band(x0: float, y0: float, x1: float, y1: float, thick: float, fill: str) -> dict[str, Any]:
    """A band that leaves and arrives level, as a polygon."""
    t = np.linspace(0, 1, 24)
    ease = 3 * t**2 - 2 * t**3
    x, upper = x0 + (x1 - x0) * t, y0 + (y1 - y0) * ease
    over = np.column_stack([x, upper])
    under = np.column_stack([x, upper + thick])[::-1]
    ring = np.round(np.concatenate([over, under, over[:1]]), 1).tolist()
    return {
        "type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "fill": fill,
        "opacity": 1.0 if fill == HATCH else 0.8,
    }  # fmt: skip


__all__ = ["attrition", "segment_movement"]
