"""Reading a released table: columns checked, numbers as numbers, hidden figures kept apart from missing ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from goldenthread.charts import words
from goldenthread.charts.canvas import Pen, Sheet, paragraphs
from goldenthread.charts.chart import Chart
from goldenthread.charts.errors import ChartError
from goldenthread.disclosure import ReleasedTable

Say = Callable[[Any], str]


@dataclass(frozen=True)
class Figures:
    """The columns of a released table that a chart will draw."""

    chart: str
    table: ReleasedTable
    frame: pd.DataFrame
    suppressed: pd.DataFrame

    def __len__(self) -> int:
        return len(self.frame)

    def has(self, column: str | None) -> bool:
        return column is not None and column in self.frame.columns

    def numbers(self, column: str | None) -> np.ndarray[Any, np.dtype[np.float64]]:
        """A column as floats; hidden and missing figures are NaN, and so is a column that is not there."""
        if not self.has(column):
            return np.full(len(self.frame), np.nan)
        values = self.frame[column]
        coerced = pd.to_numeric(values, errors="coerce")
        wrong = coerced.isna() & values.notna() & ~self.hidden(column)
        if bool(wrong.any()):
            example = values[wrong].iloc[0]
            raise ChartError(
                f"Column '{column}' of the {self.chart} holds {example!r}, which is not a number.",
                "Give a column of numbers, with hidden figures left to disclosure.release.",
            )
        out = coerced.to_numpy(dtype=float, na_value=np.nan, copy=True)
        out[np.isinf(out) | self.hidden(column)] = np.nan
        return out

    def hidden(self, column: str | None) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Where disclosure control has hidden the figure."""
        if column is None or column not in self.suppressed.columns:
            return np.zeros(len(self.frame), dtype=bool)
        return self.suppressed[column].fillna(False).to_numpy(dtype=bool)

    def text(self, column: str) -> list[str]:
        """A column as labels; a missing label says so."""
        hidden = self.hidden(column)
        return [
            words.HIDDEN if hide else "Not known" if pd.isna(value) else str(value)
            for value, hide in zip(self.frame[column], hidden, strict=True)
        ]

    def cells(self, column: str, say: Say) -> list[str]:
        """A column as the table twin says it."""
        pairs = zip(self.numbers(column), self.hidden(column), strict=True)
        return [words.cell(value, say, hide) for value, hide in pairs]

    def order(self, column: str, wanted: Sequence[str] | None = None) -> list[str]:
        """The distinct labels in the order asked for, then any others in order of appearance."""
        seen = list(dict.fromkeys(self.text(column)))
        if isinstance(self.frame[column].dtype, pd.CategoricalDtype) and wanted is None:
            wanted = [str(value) for value in self.frame[column].cat.categories]
        first = [label for label in (wanted or ()) if label in seen]
        return first + [label for label in seen if label not in first]

    def percents(self, column: str | None, like: str | None = None) -> np.ndarray[Any, np.dtype[np.float64]]:
        """A proportion as a percentage from 0 to 100, whatever it was released per; other columns as they are.

        ``like`` names the proportion whose limits these are.
        """
        values, base = self.numbers(column), like or column
        if base is not None and self.is_proportion(base):
            values = values * (100.0 / float(self.table.per.get(base, 1.0)))
        return values

    def is_proportion(self, column: str) -> bool:
        """Whether a column is said as a percentage."""
        return self.table.measures.get(column) == "proportion"

    def unit(self, value: str, unit: str) -> tuple[Say, str]:
        """How to say a column, and the unit to say after it: a percentage carries its own."""
        if self.is_proportion(value) or unit.strip() == "%":
            return words.percent, ""
        if unit.strip() == "£":
            return words.money, ""
        return words.number, unit.strip()

    def limit_cells(self, lower: str, upper: str, say: Say, like: str | None = None) -> list[str]:
        """An interval as the table twin says it."""
        hidden = self.hidden(lower) | self.hidden(upper)
        pairs = zip(self.percents(lower, like), self.percents(upper, like), hidden, strict=True)
        return [words.HIDDEN if hide else words.between(a, b, say) or words.MISSING for a, b, hide in pairs]

    def value_cells(self, column: str, say: Say) -> list[str]:
        """A value as the table twin says it, proportions as percentages."""
        pairs = zip(self.percents(column), self.hidden(column), strict=True)
        return [words.cell(value, say, hide) for value, hide in pairs]

    def days(self, column: str) -> pd.Series[Any]:
        """A column as calendar days; raises ChartError for one that cannot be read or is missing."""
        given = self.frame[column]
        parsed = pd.to_datetime(given, errors="coerce")
        if bool(parsed.isna().any()):
            wrong = int(parsed.isna().to_numpy().argmax())
            raise ChartError(
                f"Row {wrong + 1} of the {self.chart} has {given.iloc[wrong]!r} as its {column}.",
                "Give every row a date, for example 2026-10-31.",
            )
        return parsed

    def in_time(self, column: str, period: str) -> tuple[pd.Series[Any], NDArray[np.intp], list[str]]:
        """The days of a column in order, the row that each stands in, and how each is written."""
        when = self.days(column)
        order = np.argsort(when.to_numpy(), kind="stable")
        sorted_days = when.iloc[order]
        return sorted_days, order, [f"{pd.Timestamp(day):{period}}" for day in sorted_days]

    def foot(self) -> str:
        """Source, data date and coverage in one line."""
        table = self.table
        parts = []
        if getattr(table, "source", None):
            parts.append(f"Source: {table.source}.")
        if getattr(table, "data_date", None):
            parts.append(f"Data to {_date(table.data_date)}.")
        if getattr(table, "coverage", None):
            parts.append(f"Covers {table.coverage}.")
        if bool(self.suppressed.to_numpy(dtype=bool).any()):
            parts.append("Small numbers are hidden to protect people.")
        return " ".join(part.replace("..", ".") for part in parts)


def _date(value: Any) -> str:
    try:
        return words.day(value)
    except (TypeError, ValueError):
        return str(value)


def accept(table: Any, chart: str, needs: Sequence[str]) -> Figures:
    """The figures of a released table; anything else is refused.

    Raises ChartError for a table that has not passed disclosure control, or that lacks a column.
    """
    if not isinstance(table, ReleasedTable):
        raise ChartError(
            f"The {chart} was given {_a_thing(table)} that has not passed disclosure control.",
            "Pass the figures through disclosure.release first and give the chart what it returns.",
        )
    missing = [name for name in needs if name not in table.frame.columns]
    if missing:
        have = ", ".join(str(name) for name in table.frame.columns) or "none"
        raise ChartError(
            f"The {chart} needs the column {words.listed(repr(name) for name in missing)}; the table has {have}.",
            "Name the columns to use in the call, or add them before disclosure.release.",
        )
    return Figures(chart, table, table.frame.reset_index(drop=True), table.suppressed.reset_index(drop=True))


def _a_thing(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"


def twin(columns: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The table twin: text under headings in words."""
    return pd.DataFrame(
        {words.clean(heading): [words.clean(cell) for cell in cells] for heading, cells in columns.items()},
        dtype=object,
    )


def addresses(template: str | None, records: Sequence[Mapping[str, Any]]) -> list[str]:
    """An address for each record, its values escaped; an empty list without a template.

    The template is a path of this site, such as ``/ask?segment={segment}&risk={risk}``.

    >>> addresses("/ask?segment={segment}", [{"segment": "Frailty & falls"}])
    ['/ask?segment=Frailty%20%26%20falls']
    """
    if not template:
        return []
    if not template.startswith(("/", "?", "#")) or template.startswith("//") or "\\" in template:
        raise ChartError(
            f"The address '{template}' does not lie within this site.",
            "Start it with a single '/', '?' or '#': charts never link to other hosts.",
        )
    names = {name for _, name, _, _ in Formatter().parse(template) if name}
    for name in names:
        if records and name not in records[0]:
            raise ChartError(
                f"The address asks for '{name}', which the chart does not have.",
                f"Use {words.listed(sorted(records[0]))}.",
            )
    return [
        template.format(**{name: quote(str(record[name]), safe="") for name in names}) for record in records
    ]


def nothing_to_draw(
    figures: Figures, kind: str, what: str, *, width: int, how: str, table: pd.DataFrame, hidden: bool = False
) -> Chart:
    """The designed empty state: a framed sentence saying what is not there and what to do next."""
    if hidden:
        sentence = f"{words.sentence_case(what)}: every figure is hidden to protect people."
        advice = "Ask for a larger area, a longer period or fewer groups."
    else:
        sentence = f"There is nothing to show for {words.lower_first(what)}."
        advice = "Widen the dates, choose another place, or check that the feed has arrived."
    lines = [*paragraphs(sentence, width - 72, size=16), *paragraphs(advice, width - 72, size=14)]
    sheet = Sheet(width, 24 * len(lines) + 48)
    w, h = sheet.plot_width, sheet.plot_height
    pen = Pen()
    for edge in ((0, 0, w, 0), (w, 0, w, h), (w, h, 0, h), (0, h, 0, 0)):
        pen.line(*edge, dashed=True)
    for index, line in enumerate(lines):
        pen.text(line, 24, 24 + 24 * index)
    return Chart(kind, sheet.spec([], {}, pen), sentence, how, table, advice, figures.foot())
