"""Quarter by quarter: were they alike before, and different after? Kept with the evaluation, drawn wherever it is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from goldenthread.disclosure import release
from goldenthread.evaluation import Heading, Table
from goldenthread.programme.forms import read

if TYPE_CHECKING:
    from goldenthread.charts import Chart
    from goldenthread.evaluation import MatchedComparison
    from goldenthread.governance import Purpose
    from goldenthread.programme.register import Entry

CAPTION = "Difference from people like them, quarter by quarter"
"""What the table behind the drawing is called on every page: the drawing stands before it."""
_FIGURES = ["value", "lower", "upper"]


@dataclass(frozen=True)
class Quarters:
    """The difference from people like them in each quarter from first contact, in percent, as it may be shown.

    ``rows``: quarter (0 is the last before, 1 the first after), difference, and the ends of its likely range; ``None``
    where it cannot be given or is hidden. ``hidden`` names the quarters hidden to protect people.
    """

    outcome: str
    people: str
    rows: tuple[tuple[int, float | None, float | None, float | None], ...]
    hidden: tuple[int, ...]
    data_to: date

    def chart(self, *, width: int = 760) -> Chart:
        """The drawing, with its reading and its table twin."""
        from goldenthread.charts import event_study

        frame = pd.DataFrame(self.rows, columns=["quarter", *_FIGURES])
        frame[_FIGURES] = frame[_FIGURES].astype(float)
        notes = [f"{self.outcome}."]
        if self.hidden:
            notes.append("Quarters with few events are left out, to protect people.")
        # these figures passed disclosure control when they were kept
        table = release(
            frame, policy="icb", dimensions=["quarter"], kinds={"value": "value", "lower": "lower", "upper": "upper"},
            source=" ".join([*notes, "Matched comparison, by the agreed plan"]), data_date=self.data_to,
        )  # fmt: skip
        return event_study(
            table,
            people=self.people,
            difference_words=f"{self.outcome}: difference from people like them",
            width=width,
        )


def quarters_of(
    comparison: MatchedComparison, outcome: str, purpose: Purpose, data_to: date
) -> Quarters | None:
    """The quarters of one outcome after disclosure control; ``None`` where there is none that can be shown."""
    frame = comparison.event_study
    frame = frame[frame["outcome"] == outcome] if len(frame) else frame
    if frame.empty or frame["percent"].isna().all():
        return None
    quarter = frame["quarter"].astype(int)
    raw = pd.DataFrame(
        {
            # the engine counts -1, 1 and leaves 0 out; a drawing has no such gap
            "quarter": quarter.where(quarter > 0, quarter + 1),
            "helped": frame["events_treated"].astype(int),
            "others": frame["events_control"].astype(int),
            "value": frame["percent"].astype(float),
            "lower": frame["percent_lower"].astype(float),
            "upper": frame["percent_upper"].astype(float),
        }
    ).reset_index(drop=True)
    raw[_FIGURES] = raw[_FIGURES].round(1)
    shown = release(
        raw, policy=purpose.disclosure, counts=["helped", "others"], dimensions=["quarter"],
        rates=dict.fromkeys(_FIGURES, ("helped", "others")), standardised=_FIGURES, purpose=purpose.title, data_date=data_to,
    )  # fmt: skip
    rows, hidden = [], []
    for at, number in enumerate(raw["quarter"]):
        cells = [shown.frame[name].iloc[at] for name in _FIGURES]
        low, value, high = (
            None if pd.isna(c) or not math.isfinite(float(c)) else float(c)
            for c in (cells[1], cells[0], cells[2])
        )
        whole = None not in (low, value, high)
        rows.append((int(number), value, low, high) if whole else (int(number), None, None, None))
        if bool(shown.suppressed[_FIGURES].iloc[at].any()):
            hidden.append(int(number))
    if all(row[1] is None for row in rows):
        return None
    people = f"{comparison.n_treated:,} people and {comparison.n_control:,} like them"
    return Quarters(outcome, people, tuple(rows), tuple(hidden), data_to)


def kept_quarters(entry: Entry) -> Quarters | None:
    """The quarters kept with the last evaluation; ``None`` where it has none (places, too few people, an older version)."""
    if not entry.evaluations:
        return None
    held: Mapping[str, Any] | None = entry.evaluations[-1].body.get("quarters")
    return read(Quarters, held) if held else None


def pictures_of(entry: Entry, *, width: int = 760) -> dict[str, Chart]:
    """Drawings of an initiative's result page, each by the caption of the table it stands before."""
    quarters = kept_quarters(entry)
    return {CAPTION: quarters.chart(width=width)} if quarters is not None else {}


def timeline_blocks(quarters: Quarters) -> list[Heading | Table]:
    """The reading and the table, for a page in any format."""
    chart = quarters.chart()
    heads = tuple(str(c) for c in chart.table.columns)
    rows = tuple(tuple(str(cell) for cell in row) for row in chart.table.itertuples(index=False, name=None))
    return [Heading(2, chart.sentence), Table(CAPTION, heads, rows)]
