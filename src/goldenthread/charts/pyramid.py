"""Who lives here? Ages of women and men against England, as shares so that places of any size compare."""

from __future__ import annotations

import re
from typing import Any

import altair as alt
import numpy as np

from goldenthread.charts import words
from goldenthread.charts.axes import Linear, ticks
from goldenthread.charts.canvas import AQUA, BLUE, GRID, HATCH, INK, Pen, Sheet, check_width, rows, text_width
from goldenthread.charts.chart import Chart
from goldenthread.charts.errors import ChartError
from goldenthread.charts.figures import Figures, accept, nothing_to_draw, twin

KIND = "Population pyramid"
HOW = (
    "Bars are the share of all people here who are of that sex and age; women to the left, men to the right. The "
    "black steps are {comparator}. Shares are used because places differ in size. Where a number is hidden to "
    "protect people its bar is a hatched square and it is left out of the total."
)
_FEMALE = {"f", "female", "females", "women", "2"}
_MALE = {"m", "male", "males", "men", "1"}


def population_pyramid(
    table: Any,
    *,
    age: str = "age",
    sex: str = "sex",
    people: str = "people",
    comparator: str | None = "england",
    comparator_words: str = "England",
    width: int = 760,
) -> Chart:
    """How do the ages of the people here differ from England's?

    One row of ``table`` is one age band of one sex, youngest first (labels such as "65-69" or "90+"); ``people``
    and ``comparator`` are counts (each is made into shares of its own total). Persons of other or unknown sex are
    in the table, not in the bars. Raises ChartError for a table not released or a band given twice.
    """
    check_width(width)
    figures = accept(table, "population pyramid", (age, sex, people))
    has_other = figures.has(comparator)
    share = _shares(figures.numbers(people))
    other = _shares(figures.numbers(comparator)) if has_other else np.full(len(figures), np.nan)
    ages = figures.text(age)
    sexes = ["F" if s.lower() in _FEMALE else "M" if s.lower() in _MALE else s for s in figures.text(sex)]
    hidden = figures.hidden(people)
    columns = {
        "Age": ages,
        "Sex": [{"F": "Female", "M": "Male"}.get(s, s) for s in sexes],
        "People": figures.cells(people, words.number),
        "Share of people here": [_share_cell(v, h) for v, h in zip(share, hidden, strict=True)],
    }
    if has_other:
        columns[f"Share in {comparator_words}"] = [_share_cell(v, False) for v in other]
    table_twin = twin(columns)
    how = HOW.format(comparator=comparator_words)
    if not np.isfinite(share).any():
        return nothing_to_draw(
            figures,
            KIND,
            "people by age and sex",
            width=width,
            how=how,
            table=table_twin,
            hidden=bool(hidden.any()),
        )
    bands = list(dict.fromkeys(ages))
    cells = {}
    for index, key in enumerate(zip(ages, sexes, strict=True)):
        if key in cells:
            raise ChartError(f"The age band {key[0]} is given twice for one sex.", "Give one row for each.")
        cells[key] = index
    sentence = _sentence(figures, bands, ages, share, other, has_other, comparator_words)
    spec = _draw(bands, cells, share, other, hidden, has_other, comparator_words, width)
    described = "Women to the left and men to the right, oldest at the top" + (
        f"; black steps show {comparator_words}." if has_other else "."
    )
    return Chart(KIND, spec, sentence, how, table_twin, described, figures.foot())


def _shares(counts: Any) -> Any:
    total = float(np.nansum(counts))
    return counts / total * 100 if total > 0 else np.full(len(counts), np.nan)


def _share_cell(value: float, hide: bool) -> str:
    if hide:
        return words.HIDDEN
    return f"{value:.1f}%" if words.is_known(value) else words.MISSING


def _sentence(
    figures: Figures, bands: list[str], ages: list[str], share: Any, other: Any, has_other: bool, name: str
) -> str:
    """The stretches of ages that differ most, both sexes together."""

    def by_band(values: Any) -> Any:
        # a band with a hidden half is left out: it would look like a shortage
        return np.array([sum(v for v, a in zip(values, ages, strict=True) if a == band) for band in bands])

    here = by_band(share)
    aside = " Some bands are hidden." if figures.suppressed.to_numpy(dtype=bool).any() else ""
    if not has_other or not np.isfinite(other).any():
        old = _old(bands)
        if not old or np.isnan(here[old]).any():
            if np.isnan(here).all():
                return f"Ages of people here.{aside}"
            return (
                f"The largest age band shown is people {_age_words(bands[int(np.nanargmax(here))])}.{aside}"
            )
        return f"{words.percent(float(here[old].sum()))} of people here are aged 65 and over.{aside}"
    there = by_band(other)
    difference = here - there
    if np.isnan(difference).all():
        return f"The ages of people here cannot be compared with {name}'s.{aside}"
    if np.nanmax(np.abs(difference)) < 0.3:
        return f"The ages of people here are much like {name}'s.{aside}"
    most, least = int(np.nanargmax(difference)), int(np.nanargmin(difference))
    parts = [f"more people {_age_words(bands[most])}", f"fewer {_age_words(bands[least])}"]
    sentence = f"{words.sentence_case(parts[0])}, {parts[1]} than {name}"
    old = _old(bands)
    if old and not np.isnan(difference[old]).any():
        sentence += f"; {words.percent(float(here[old].sum()))} are 65 and over ({name} {words.percent(float(there[old].sum()))})"
    return f"{sentence}.{aside}"


def _start(band: str) -> int | None:
    found = re.match(r"\D*(\d+)", band)
    return int(found.group(1)) if found else None


def _old(bands: list[str]) -> list[int]:
    starts = [_start(band) for band in bands]
    return [i for i, s in enumerate(starts) if s is not None and s >= 65] if 65 in starts else []


_DECADES = ("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties")


def _age_words(band: str) -> str:
    """A five-year band as one says it.

    >>> _age_words("65-69"), _age_words("20-24"), _age_words("90+"), _age_words("5-9")
    ('in their late sixties', 'in their early twenties', 'aged 90 and over', 'aged 5 to 9')
    """
    found = re.fullmatch(r"\D*(\d+)\s*(?:-|to|–)\s*(\d+)", band)
    if found:
        low, high = int(found.group(1)), int(found.group(2))
        if high - low == 4 and 20 <= low < 90 and low % 5 == 0:
            return f"in their {'late' if low % 10 else 'early'} {_DECADES[low // 10 - 2]}"
        return f"aged {low} to {high}"
    start = _start(band)
    return f"aged {start} and over" if start is not None and "+" in band else f"aged {band}"


def _draw(
    bands: list[str], cells: dict[tuple[str, str], int], share: Any, other: Any, hidden: Any, has_other: bool,
    comparator_words: str, width: int,
) -> dict[str, Any]:  # fmt: skip
    label = max(text_width(band) for band in bands) + 24
    half = (width - 24 - label) / 2
    step = 18.0
    top, height = 34.0, step * len(bands)
    known = [v for v in (*share, *other) if words.is_known(v)]
    marks = ticks(0, max(known), 3 if width < 520 else 5)
    right = Linear(0, marks[-1], half + label, width - 24)
    left = Linear(0, marks[-1], half, 0)
    pen = Pen()
    pen.text("Female", half, 12, align="right", bold=True)
    pen.text("Male", half + label, 12, bold=True)
    for value in marks:
        for side in (left, right):
            x = side.at(value)
            pen.line(x, top, x, top + height, ink=GRID)
            if width >= 520 or value in (0, marks[-1]):
                edge = "center"
                if value == marks[-1]:
                    edge = "left" if side is left else "right"
                pen.text(f"{value:g}%", x, top + height + 14, align=edge)
    bars: list[dict[str, Any]] = []
    for place, band in enumerate(reversed(bands)):
        y = top + place * step
        pen.text(band, half + label / 2, y + step / 2, align="center")
        for sex, side, fill in (("F", left, AQUA), ("M", right, BLUE)):
            index = cells.get((band, sex))
            if index is None:
                continue
            if hidden[index]:
                inner, outer = sorted((side.at(0), side.at(0) + (14 if side is right else -14)))
                pen.box(inner, y + 2, outer, y + step - 2, HATCH)
            elif words.is_known(share[index]):
                bars.append({"from": side.at(0), "to": side.at(share[index]), "y": y + 1.5, "y2": y + step - 1.5,
                             "fill": fill, "share": round(float(share[index]), 3)})  # fmt: skip
    if has_other:
        y = top + height + 40
        pen.line(0, y, 26, y, ink=INK, weight=2.5)
        pen.text(comparator_words, 34, y)
    sheet = Sheet(width, int(top + height + (56 if has_other else 30)), top=0, bottom=0)
    pixels = Linear(0, 1000, 0, 1000)
    bar_layer = (
        rows("bars").mark_rect()
        .encode(x=pixels.x("from"), x2="to:Q", y=pixels.y(), y2="y2:Q", fill=alt.Fill("fill:N", scale=None))
    )  # fmt: skip
    outline = (
        rows("steps").mark_rule(strokeWidth=2, color=INK)
        .encode(x=pixels.x(), x2="x2:Q", y=pixels.y(), y2="y2:Q")
    )  # fmt: skip
    lines = _steps(bands, cells, other, top, step, (("F", left), ("M", right)))
    return sheet.spec([bar_layer, outline], {"bars": bars, "steps": lines}, pen)


def _steps(
    bands: list[str], cells: dict[tuple[str, str], int], other: Any, top: float, step: float,
    sides: tuple[tuple[str, Linear], ...],
) -> list[dict[str, float]]:  # fmt: skip
    """The comparator as one stepped line on each side, broken where it is not known."""
    lines: list[dict[str, float]] = []
    for sex, side in sides:
        before: float | None = None
        for place, band in enumerate(reversed(bands)):
            index = cells.get((band, sex))
            if index is None or not words.is_known(other[index]):
                before = None
                continue
            x, y = side.at(other[index]), top + place * step
            if before is not None:
                lines.append({"x": before, "y": y, "x2": x, "y2": y})
            lines.append({"x": x, "y": y, "x2": x, "y2": y + step})
            before = x
    return lines
