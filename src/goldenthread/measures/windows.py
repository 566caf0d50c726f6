"""Dates by the calendar: windows before the index date, and ages in completed years."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from goldenthread.definitions import Measure, Span


def before(day: date, span: Span | None) -> date:
    """``day`` less a span. A month that has no such day gives its last one.

    >>> before(date(2026, 3, 31), Span(1, "months"))
    datetime.date(2026, 2, 28)
    """
    if span is None:
        return day
    if span.unit == "days":
        return day - timedelta(days=span.amount)
    months = day.year * 12 + day.month - 1 - span.amount
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def financial_year_start(day: date) -> date:
    """The 1 April on or before ``day``.

    >>> financial_year_start(date(2026, 3, 31))
    datetime.date(2025, 4, 1)
    """
    return date(day.year if day.month >= 4 else day.year - 1, 4, 1)


def window_of(measure: Measure, index: date) -> tuple[date | None, date]:
    """The window as (after, up to): rows with after < date <= up to count; ``None`` is from the beginning."""
    up_to = before(index, measure.until)
    if measure.since == "financial year":
        return financial_year_start(index) - timedelta(days=1), up_to
    return (before(index, measure.within) if measure.within else None), up_to


def age_on(birth: date, day: date) -> int:
    """Completed years on ``day``. Somebody born on 29 February completes a year on 1 March in other years.

    >>> age_on(date(2004, 2, 29), date(2025, 2, 28)), age_on(date(2004, 2, 29), date(2025, 3, 1))
    (20, 21)
    """
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
