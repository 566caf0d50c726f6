"""What the answer to a question holds, ready for a template: counts, steps, comparison, breakdown and next questions."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

from goldenthread.cohorts import Cohort, Population
from goldenthread.definitions.expressions import ExpressionError
from goldenthread.errors import GoldenThreadError

BREAKDOWNS = {
    "age_band": "age",
    "sex": "sex",
    "imd_quintile": "deprivation",
    "ethnic_group": "ethnic group",
    "pcn": "primary care network",
    "practice": "practice",
    "district": "district",
    "bridges_to_health": "segment",
}
"""What a cohort is offered to be broken down by."""
SHOWN = 10
_ENDS = {("imd_quintile", "1"): "1, most deprived", ("imd_quintile", "5"): "5, least deprived"}


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a question: in words, and the text before, in and after the place."""

    problem: str
    remedy: str
    before: str = ""
    wrong: str = ""
    after: str = ""


@dataclass(frozen=True)
class Answered:
    """The answer to a question. Every figure in it has passed disclosure control."""

    cohort: Cohort = field(repr=False)
    people: int | None
    share: float | None
    population: int | None
    message: str
    seconds: float
    steps: list[dict[str, Any]]
    comparison: Any
    over: list[dict[str, Any]]
    under: list[dict[str, Any]]
    averages: list[dict[str, Any]]
    suggestions: Any
    by: str = ""
    by_rows: list[dict[str, Any]] = field(default_factory=list)


def read(population: Population, text: str) -> tuple[Cohort | None, Mistake | None]:
    """The cohort of a text, or what is wrong with it."""
    try:
        return population.cohort(text), None
    except ExpressionError as error:
        start, end = error.start, max(error.end, error.start + 1)
        problem, remedy = _quoted(error.problem), _quoted(error.remedy)
        if len(error.text) < len(text.strip()) and len(text) > 2_000:
            return None, Mistake(problem, remedy)
        return None, Mistake(
            problem, remedy, text[max(0, start - 200) : start], text[start:end], text[end : end + 200]
        )  # fmt: skip
    except GoldenThreadError as error:
        return None, Mistake(_quoted(error.message), _quoted(error.remedy))


def _quoted(text: str) -> str:
    """Names in quotation marks, as people write them."""
    return re.sub(r"`([^`]*)`", r"“\1”", text)


def try_to_answer(
    cohort: Cohort, *, by: str = "", same_ages: bool = False
) -> tuple[Answered | None, Mistake | None]:
    """The answer, or in words why there is none: what may not be asked, and sums that outgrow every number."""
    import duckdb

    try:
        return answered(cohort, by=by, same_ages=same_ages), None
    except GoldenThreadError as error:
        return None, Mistake(_quoted(error.message), _quoted(error.remedy))
    except (duckdb.OutOfRangeException, duckdb.ConversionException):
        return None, Mistake("A sum in this question becomes too large to work out.", "Use smaller numbers.")


def answered(cohort: Cohort, *, by: str = "", same_ages: bool = False) -> Answered:
    """Ask everything that the page shows. Raises ``GoldenThreadError`` for what cannot be asked."""
    from goldenthread.insight.who import compare, next_questions

    began = time.perf_counter()
    count = cohort.count()
    steps = cohort.attrition().steps
    everybody = steps[0].people
    seconds = time.perf_counter() - began
    comparison = compare(cohort, same_ages=same_ages)
    most = max((r.ratio or 0.0 for r in comparison.over), default=1.0)
    return Answered(
        cohort, count.people, count.share, count.population, count.message, seconds,
        [
            {"step": s.step, "people": s.people, "width": _width(s.people, everybody)} for s in steps
        ],
        comparison,
        [_row(r, most) for r in comparison.over],
        [_row(r, 1.0) for r in comparison.under],
        [{"title": a.title, "them": mean_said(a.them, a.unit), "others": mean_said(a.others, a.unit)} for a in comparison.averages],
        next_questions(comparison),
        by,
        broken_down(cohort, by) if by else [],
    )  # fmt: skip


def broken_down(cohort: Cohort, by: str) -> list[dict[str, Any]]:
    """Groups with their counts and shares; the total last."""
    answer = cohort.by(by)
    if answer.by is None:
        return []
    frame, hidden = answer.by.frame, answer.by.suppressed
    name = f"{by}_name" if f"{by}_name" in frame.columns else by
    rows = []
    for n in range(len(frame)):
        count = None if bool(hidden["count"].iloc[n]) else int(frame["count"].iloc[n])
        population = None if bool(hidden["population"].iloc[n]) else int(frame["population"].iloc[n])
        share = None if bool(hidden["share"].iloc[n]) else _known(frame["share"].iloc[n])
        label = str(frame[name].iloc[n])
        label = _ENDS.get((by, label), label)
        rows.append(
            {
                "label": label,
                "count": count,
                "population": population,
                "share": share,
                "total": label == "All",
            }
        )
    most = max((r["share"] or 0.0 for r in rows if not r["total"]), default=0.0)
    for row in rows:
        row["width"] = _width(row["share"], most)
    return rows


def _known(value: Any) -> float | None:
    number = float(value)
    return None if number != number else number


def _row(row: Any, most: float) -> dict[str, Any]:
    return {
        "title": row.title,
        "them": row.them,
        "others": row.others,
        "ratio": row.ratio,
        "said": _short(row.ratio),
        "range": f"{_short(row.lower)} and {_short(row.upper)}",
        "gap": row.gap,
        "width": max(2, round(100 * row.ratio / most)) if most else 0,
        "expression": row.expression,
    }


def _short(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:.0f}"


def _width(value: Any, most: Any) -> int:
    """Percent of the widest bar, as a class may name it."""
    return min(100, round(100 * value / most)) if value and most else 0


def mean_said(value: float | None, unit: str) -> str:
    """A mean with its unit; an asterisk where hidden."""
    if value is None:
        return "*"
    if unit == "£":
        return f"£{value:,.0f}"
    return f"{value:,.1f}"
