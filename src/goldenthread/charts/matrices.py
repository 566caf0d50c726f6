"""Who is where: people by segment and risk, as bubbles and as a table of shaded cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log1p, sqrt
from typing import Any

import altair as alt
import numpy as np

from goldenthread.charts import words
from goldenthread.charts.canvas import (
    AMBERS,
    BLACK,
    BLUES,
    CHANGE,
    GRID,
    HATCH,
    RULE,
    Pen,
    Sheet,
    check_width,
    rows,
    text_width,
    wrap,
)  # fmt: skip
from goldenthread.charts.chart import Chart
from goldenthread.charts.classes import change_classes, class_words, tone_classes
from goldenthread.charts.figures import Figures, accept, addresses, nothing_to_draw, twin

HOW_BUBBLES = (
    "Each bubble is a group of people: its area, from zero, is the number of people; its colour and the second "
    "figure beside it are {colour}. A bubble too small to see is drawn at the smallest size that can be seen, so read "
    "the number. Small numbers were hidden before this was drawn: a hatched square is a group that is not shown."
)
HOW_CELLS = (
    "Each cell counts the people who are in that row and that column on the data date; a darker cell holds more "
    "people. Shares are of all the people whose cells are shown. Small numbers were hidden before this was drawn."
)


@dataclass(frozen=True)
class _Grid:
    """Cells of a matrix in drawing order, with where each row and column stands."""

    figures: Figures
    rows: list[str]
    columns: list[str]
    place: list[tuple[int, int]]
    what: str

    def level(self, column: int) -> str:
        """A column's name in a sentence: "high risk", or "two or more A&E attendances"."""
        return f"{words.lower_first(self.columns[column])} {self.what}"


def _grid(
    figures: Figures,
    row: str,
    column: str,
    row_order: Sequence[str] | None,
    column_order: Sequence[str] | None,
    column_words: str,
) -> _Grid:
    down, across = figures.order(row, row_order), figures.order(column, column_order)
    where = [
        (down.index(r), across.index(c)) for r, c in zip(figures.text(row), figures.text(column), strict=True)
    ]
    return _Grid(
        figures, down, across, where, "risk" if column == "risk" else words.lower_first(column_words)
    )


def bubble_matrix(
    table: Any,
    *,
    row: str = "segment",
    column: str = "risk",
    people: str = "people",
    colour: str = "spend_per_head",
    colour_words: str = "spend a head",
    growth: bool = False,
    row_order: Sequence[str] | None = None,
    column_order: Sequence[str] | None = None,
    column_words: str = "Risk of an emergency admission in 12 months",
    address: str | None = None,
    width: int = 760,
) -> Chart:
    """Where are the people, and where is the spend (or the growth)?

    One row of ``table`` is one cell. ``people`` is a count (area from zero); ``colour`` is pounds a head, or with
    ``growth`` a percentage change. ``address`` is a path template such as ``/ask?segment={segment}&risk={risk}``
    made from the row's and column's names. Raises ChartError for a table not released or without these columns.
    """
    check_width(width)
    figures = accept(table, "bubble matrix", (row, column, people, colour))
    count = figures.numbers(people)
    tone = figures.percents(colour) if growth else figures.numbers(colour)

    def say(value: float) -> str:
        return words.fewer_or_more(value, None, None, "less", "more") if growth else words.money(value)

    said = np.where(figures.hidden(people), words.HIDDEN, "").tolist()
    told = figures.cells(colour, say) if not growth else [
        words.cell(v, say, h) for v, h in zip(tone, figures.hidden(colour), strict=True)
    ]  # fmt: skip
    table_twin = twin({
        words.sentence_case(row.replace("_", " ")): figures.text(row),
        words.sentence_case(column.replace("_", " ")): figures.text(column),
        "People": figures.cells(people, words.number),
        words.sentence_case(colour_words): told,
    })  # fmt: skip
    how = HOW_BUBBLES.format(colour=colour_words)
    kind = "Bubble matrix"
    if not bool(np.nansum(count) > 0):
        return nothing_to_draw(
            figures,
            kind,
            "people by group and risk",
            width=width,
            how=how,
            table=table_twin,
            hidden=any(said),
        )
    grid = _grid(figures, row, column, row_order, column_order, column_words)
    links = addresses(address, _records(figures, row, column))
    spec = _bubbles(
        grid, count, tone, figures.hidden(people), growth, say, column_words, colour_words, links, width
    )
    sentence = _bubble_sentence(grid, count, tone, growth, colour_words, bool(figures.hidden(people).any()))
    described = (
        f"{len(grid.rows)} rows by {len(grid.columns)} columns; area is people, colour is {colour_words}."
    )
    return Chart(kind, spec, sentence, how, table_twin, described, figures.foot(), links)


def _records(figures: Figures, row: str, column: str) -> list[dict[str, str]]:
    return [{row: r, column: c} for r, c in zip(figures.text(row), figures.text(column), strict=True)]


def _bubble_sentence(
    grid: _Grid, count: Any, tone: Any, growth: bool, colour_words: str, some_hidden: bool
) -> str:
    known = ~np.isnan(count) & ~np.isnan(tone) & (count > 0)
    aside = ", among the groups shown" if some_hidden else ""
    if not known.any():
        return (
            f"{words.number(np.nansum(count))} people in the groups shown; {colour_words} is not available."
        )
    if growth:
        fastest = int(np.argmax(np.where(known, tone, -np.inf)))
        name = _cell_name(grid, fastest)
        if tone[fastest] <= 0:
            return f"No group has grown{aside}; the one that fell least is {name}."
        return (
            f"The fastest growth is in {name}: {words.number(count[fastest])} people, "
            f"{words.fewer_or_more(tone[fastest], None, None)} than before{aside}."
        )
    spend, share_of_people = _concentration(count[known], tone[known])
    if spend <= share_of_people * 1.5:
        return f"Spend is spread much as people are{aside}: no group takes far more than its share."
    return f"{words.sentence_case(_one_in(share_of_people))} has {_fraction(spend)} of the cost{aside}."


def _cell_name(grid: _Grid, index: int) -> str:
    r, c = grid.place[index]
    return f"{words.lower_first(grid.rows[r])}, {grid.level(c)}"


def _concentration(count: Any, tone: Any) -> tuple[float, float]:
    """The share of cost held by the dearest groups that together pass half of it, and their share of people."""
    order = np.argsort(-tone, kind="stable")
    cost = np.cumsum((count * tone)[order])
    if cost[-1] <= 0:
        return 0.0, 1.0
    stop = int(np.searchsorted(cost, cost[-1] / 2))
    return float(cost[stop] / cost[-1]), float(count[order][: stop + 1].sum() / count.sum())


def _one_in(share: float) -> str:
    if share > 0.4:
        return f"{words.percent(share * 100)} of people"
    return f"one person in {words.count_word(max(2, round(1 / share)))}"


def _fraction(share: float) -> str:
    for value, name in (
        (1 / 2, "half"),
        (2 / 3, "two-thirds"),
        (3 / 4, "three-quarters"),
        (3 / 5, "three-fifths"),
    ):
        if abs(share - value) < 0.02:
            return name
    return words.percent(share * 100)


def _bubbles(
    grid: _Grid, count: Any, tone: Any, hidden: Any, growth: bool, say: Any, column_words: str, colour_words: str,
    links: Sequence[str], width: int,
) -> dict[str, Any]:  # fmt: skip
    narrow = width < 520
    biggest = 24 if narrow else 30
    left = 10 if narrow else min(190, int(max(text_width(name) for name in grid.rows)) + 34)
    cell = (width - left - 10) / len(grid.columns)
    row_height = 2 * biggest + (66 if narrow else 14)
    head = 74 if narrow else 60
    scale = biggest**2 / float(np.nanmax(count))
    classes = change_classes(tone) if growth else tone_classes(tone)
    colours = CHANGE if growth else AMBERS
    pen, marks = Pen(), []
    pen.text(wrap(column_words, width - left - 10), left * 0.0, 16 if narrow else 12)
    for index, name in enumerate(grid.columns):
        where = cell * (index + (0.5 if narrow else 0.28))
        pen.text(wrap(name, cell - 6, lines=2), where, head - 22, align="center", bold=True)
    for index, name in enumerate(grid.rows):
        top = head + row_height * index
        pen.line(-left + 10, top, width - left - 10, top, ink=GRID)
        if narrow:
            pen.text(wrap(name, width - 20, lines=1), 0, top + 14, bold=True)
        else:
            pen.text(wrap(name, left - 24), -18, top + row_height / 2, align="right")
    for index, (r, c) in enumerate(grid.place):
        top = head + row_height * r
        x = cell * (c + (0.5 if narrow else 0.28))
        y = top + (26 + biggest if narrow else row_height / 2)
        at = (x, y + biggest + 9) if narrow else (cell * c + cell * 0.28 + biggest + 6, y - 8)
        side = "center" if narrow else "left"
        link = links[index] if links else None
        if hidden[index]:
            pen.box(x - 9, y - 9, x + 9, y + 9, HATCH)
            pen.text("hidden", at[0], y + biggest + 9 if narrow else y, align=side)
        elif words.is_known(count[index]):
            radius = max(4.0, sqrt(count[index] * scale)) if count[index] > 0 else 0.0
            level = (
                int(np.searchsorted(classes, tone[index], side="right"))
                if words.is_known(tone[index])
                else None
            )
            fill = "#ffffff" if level is None else colours[level]
            name = f"{grid.rows[r]}, {grid.columns[c]}: {words.number(count[index])} people"
            marks.append(
                {"x": x, "y": y, "area": radius**2 * np.pi, "fill": fill, "name": name, "link": link}
            )
            pen.text(words.number(count[index]), *at, align=side, bold=True)
            second = say(tone[index]) if words.is_known(tone[index]) else "no figure"
            second = second.replace(" more", " up").replace(" less", " down") if growth else second
            if count[index] > 0:
                pen.text(second, at[0], at[1] + 17, align=side)
    bottom = head + row_height * len(grid.rows)
    pen.line(-left + 10, bottom, width - left - 10, bottom, ink=GRID)
    end = _bubble_key(
        pen, -left + 12, bottom, width - 24, scale, classes, colours, growth, colour_words, hidden.any()
    )
    sheet = Sheet(width, int(end) + 8, left=left, right=10, top=0, bottom=0)
    return sheet.spec([_circles(bool(links))], {"bubbles": marks}, pen)


def _circles(linked: bool) -> alt.Chart:
    pixels = alt.Scale(domain=[0, 1000], range=[0, 1000], nice=False, zero=False)
    layer: alt.Chart = (
        rows("bubbles")
        .mark_point(shape="circle", filled=True, opacity=1, stroke=BLACK, strokeWidth=1, aria=linked)
        .encode(
            x=alt.X("x:Q", scale=pixels, axis=None),
            y=alt.Y("y:Q", scale=pixels, axis=None),
            size=alt.Size("area:Q", scale=None),
            fill=alt.Fill("fill:N", scale=None),
        )
    )
    if linked:
        layer = layer.encode(href="link:N", description="name:N")
    return layer


def _bubble_key(
    pen: Pen, x: float, top: float, width: float, scale: float, classes: Any, colours: Sequence[str], growth: bool,
    colour_words: str, any_hidden: bool,
) -> float:  # fmt: skip
    """The legend with numbers, under the matrix; returns where it ends."""
    y = top + 24
    pen.text(f"Colour: {colour_words}", x, y, bold=True)
    y += 24
    at = x
    for label, fill in zip(class_words(classes, growth), colours, strict=False):
        size = 30 + text_width(label) + 18
        if at + size > x + width:
            at, y = x, y + 24
        pen.box(at, y - 8, at + 22, y + 8, fill)
        pen.text(label, at + 30, y)
        at += size
    if any_hidden:
        y += 26
        pen.hidden_key(x, y)
    return y + 18


def segment_risk_matrix(
    table: Any,
    *,
    row: str = "segment",
    column: str = "risk",
    people: str = "people",
    second: str | None = None,
    second_words: str = "",
    row_order: Sequence[str] | None = None,
    column_order: Sequence[str] | None = None,
    column_words: str = "Risk of an emergency admission in 12 months",
    address: str | None = None,
    width: int = 760,
) -> Chart:
    """How many people are in each segment at each level of risk?

    A table with shaded cells: the number of people in bold and under it their share, or the column ``second``
    (already in the units to be said after it, for example "admissions per 1,000" as ``second_words``).
    """
    check_width(width)
    figures = accept(table, "segment by risk matrix", (row, column, people, *([second] if second else [])))
    count = figures.numbers(people)
    total = float(np.nansum(count))
    share = count / total * 100 if total else np.full(len(figures), np.nan)
    more = figures.numbers(second) if second else share
    more_words = second_words or "share of people shown"
    say: Any = words.number if second else words.percent
    hidden = figures.hidden(people)
    table_twin = twin({
        words.sentence_case(row.replace("_", " ")): figures.text(row),
        words.sentence_case(column.replace("_", " ")): figures.text(column),
        "People": figures.cells(people, words.number),
        words.sentence_case(more_words): figures.cells(second, say) if second else [
            words.cell(v, say, h) for v, h in zip(share, hidden, strict=True)
        ],
    })  # fmt: skip
    kind = "Segment by risk matrix"
    if not total > 0:
        return nothing_to_draw(
            figures, kind, "people by segment and risk", width=width, how=HOW_CELLS, table=table_twin,
            hidden=bool(hidden.any()),
        )  # fmt: skip
    grid = _grid(figures, row, column, row_order, column_order, column_words)
    links = addresses(address, _records(figures, row, column))
    top_cell = int(np.nanargmax(count))
    aside = " of the people shown" if hidden.any() else ""
    sentence = (
        f"The largest group is {_cell_name(grid, top_cell)}: {words.number(count[top_cell])} people, "
        f"{words.percent(share[top_cell])}{aside}."
    )
    last = [
        i for i, (_, c) in enumerate(grid.place) if c == len(grid.columns) - 1 and words.is_known(count[i])
    ]
    if last and len(grid.columns) > 1:
        worst = float(sum(count[i] for i in last))
        if worst:
            sentence = sentence[:-1] + (
                f"; {words.number(worst)}{' of those shown' if hidden.any() else ''} {'are at' if grid.what == 'risk' else 'have'} {grid.level(-1)} "
                f"({words.percent(worst / total * 100)})."
            )
    seconds = [f"{say(v)}" if words.is_known(v) else "" for v in more]
    spec = _cells(grid, count, seconds, hidden, column_words, links, width)
    described = f"{len(grid.rows)} rows by {len(grid.columns)} columns; under each count is its {more_words}."
    return Chart(kind, spec, sentence, HOW_CELLS, table_twin, described, figures.foot(), links)


def _cells(
    grid: _Grid,
    count: Any,
    seconds: Sequence[str],
    hidden: Any,
    column_words: str,
    links: Sequence[str],
    width: int,
) -> dict[str, Any]:
    narrow = width < 520
    left = 10 if narrow else min(190, int(max(text_width(name) for name in grid.rows)) + 30)
    cell = (width - left - 10) / len(grid.columns)
    label = 24 if narrow else 0
    height = 48 + label
    head = 62
    pen, marks = Pen(), []
    pen.text(wrap(column_words, width - left - 10), 0, 14)
    for index, name in enumerate(grid.columns):
        pen.text(wrap(name, cell - 6), cell * (index + 0.5), head - 18, align="center", bold=True)
    for index, name in enumerate(grid.rows):
        top = head + height * index
        if narrow:
            pen.text(wrap(name, width - 20, lines=1), 0, top + 14)
        else:
            pen.text(wrap(name, left - 20), -12, top + height / 2, align="right")
    top_count = float(np.nanmax(count))
    for index, (r, c) in enumerate(grid.place):
        top = head + height * r + label
        x, y = cell * c, top
        known = words.is_known(count[index])
        shade = BLUES[_shade(count[index], top_count)] if known and count[index] > 0 else "#ffffff"
        fill = HATCH if hidden[index] else shade
        name = f"{grid.rows[r]}, {grid.columns[c]}: {words.number(count[index]) if known else 'hidden'}"
        marks.append({
            "x": x + 1, "x2": x + cell - 1, "y": y + 1, "y2": y + 47, "fill": fill, "name": name,
            "link": links[index] if links and known else None,
        })  # fmt: skip
        middle = x + cell / 2
        if hidden[index]:
            pen.text("hidden", middle, y + 24, align="center", halo=True)
        elif known:
            pen.text(words.number(count[index]), middle, y + 16, align="center", bold=True)
            pen.text(seconds[index], middle, y + 34, align="center")
        else:
            pen.text("no figure", middle, y + 24, align="center")
    end = head + height * len(grid.rows) + 8
    if hidden.any():
        pen.hidden_key(0 if narrow else -left + 12, end + 16)
        end += 34
    pixels = alt.Scale(domain=[0, 1000], range=[0, 1000], nice=False, zero=False)
    layer: alt.Chart = (
        rows("cells")
        .mark_rect(stroke=RULE, strokeWidth=1, aria=bool(links))
        .encode(
            x=alt.X("x:Q", scale=pixels, axis=None), x2="x2:Q", y=alt.Y("y:Q", scale=pixels, axis=None), y2="y2:Q",
            fill=alt.Fill("fill:N", scale=None),
        )
    )  # fmt: skip
    if links:
        layer = layer.encode(href="link:N", description="name:N")
    sheet = Sheet(width, int(end), left=left, right=10, top=0, bottom=0)
    return sheet.spec([layer], {"cells": marks}, pen)


def _shade(count: float, most: float) -> int:
    """Which of the three palest blues; on a log scale, since groups differ a thousandfold.

    It stops short of the step on which black text loses contrast.
    """
    return min(2, int(3 * (log1p(count) / log1p(most)) ** 2))


__all__ = ["bubble_matrix", "segment_risk_matrix"]
