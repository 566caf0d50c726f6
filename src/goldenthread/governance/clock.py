"""What time it is: one place, so that a synthetic system can live on a day of its own."""

from __future__ import annotations

from datetime import UTC, date, datetime

from goldenthread.settings import Settings


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime | None = None) -> str:
    """A moment as it is written in records: UTC, to the millisecond.

    >>> stamp(datetime(2026, 11, 30, 9, 5, tzinfo=UTC))
    '2026-11-30T09:05:00.000+00:00'
    """
    return (moment or now()).astimezone(UTC).isoformat(timespec="milliseconds")


def today_of(settings: Settings) -> date:
    """The day on which agreements, opt-outs and releases are judged: a synthetic system's own day, or today."""
    return settings.today or now().date()
