"""What can go wrong when a chart is asked for."""

from __future__ import annotations

from goldenthread.errors import GoldenThreadError


class ChartError(GoldenThreadError):
    """A chart cannot be drawn from what was given.

    >>> raise ChartError("There is no column 'rate'.", "Name the column with value=...")
    Traceback (most recent call last):
    ...
    goldenthread.charts.errors.ChartError: There is no column 'rate'. Name the column with value=...
    """
