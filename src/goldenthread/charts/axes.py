"""Scales and axes: round ticks, drawn where they fit, never under 14 px."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10
from typing import Any

import altair as alt
import numpy as np

from goldenthread.charts.canvas import GRID, Pen, text_width


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values that span low to high: steps of 1, 2 or 5 times a power of ten.

    >>> ticks(0, 97), ticks(-3, 12)
    ([0.0, 20.0, 40.0, 60.0, 80.0, 100.0], [-5.0, 0.0, 5.0, 10.0, 15.0])
    """
    if not (isfinite(low) and isfinite(high)):
        return [0.0, 1.0]
    if high <= low:
        low, high = low - (abs(low) or 1) * 0.5, high + (abs(high) or 1) * 0.5
    raw = (high - low) / max(1, about)
    unit = 10.0 ** floor(log10(raw))
    step = next(unit * m for m in (1, 2, 5, 10) if unit * m >= raw * 0.999)
    first, last = floor(low / step + 1e-9), -floor(-high / step + 1e-9)
    return [round(k * step, 12) + 0.0 for k in range(int(first), int(last) + 1)]


@dataclass(frozen=True)
class Linear:
    """A straight scale from values to pixels."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value lies, in pixels.

        >>> Linear(0, 10, 0, 200).at(5)
        100.0
        """
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def scale(self) -> alt.Scale:
        """The same scale for Vega-Lite."""
        return alt.Scale(domain=[self.low, self.high], range=[self.start, self.end], nice=False, zero=False)

    def x(self, field: str = "x") -> alt.X:
        return alt.X(f"{field}:Q", scale=self.scale(), axis=None)

    def y(self, field: str = "y") -> alt.Y:
        return alt.Y(f"{field}:Q", scale=self.scale(), axis=None)


def span(values: Any, *, zero: bool = False, about: int = 5) -> tuple[list[float], float, float]:
    """Ticks that cover every known value (and zero), with the first and the last of them.

    >>> span([3.0, float("nan"), 9.0], zero=True)
    ([0.0, 2.0, 4.0, 6.0, 8.0, 10.0], 0.0, 10.0)
    """
    known = np.asarray(values, dtype=float).ravel()
    known = known[np.isfinite(known)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
        high = high if high > low else low + 1.0
    marks = ticks(low, high, about)
    return marks, marks[0], marks[-1]


def up_axis(
    pen: Pen, scale: Linear, marks: Sequence[float], width: float, say: Callable[[float], str]
) -> None:
    """Level grid lines over the plot, each with its value on the left."""
    for value in marks:
        y = scale.at(value)
        pen.line(0, y, width, y, ink=GRID)
        pen.text(say(value), -8, y, align="right")


def along_axis(
    pen: Pen, scale: Linear, marks: Sequence[float], y: float, say: Callable[[float], str], *, grid: float = 0
) -> None:
    """A level axis at ``y`` with ticks and values; upright grid lines ``grid`` pixels high."""
    pen.line(scale.start, y, scale.end, y)
    taken = -1e9
    for value in marks:
        x, label = scale.at(value), say(value)
        if grid:
            pen.line(x, y - grid, x, y, ink=GRID)
        pen.line(x, y, x, y + 5)
        half = text_width(label) / 2
        if x - half > taken + 8:
            pen.text(label, x, y + 18, align="center")
            taken = x + half


def named_axis(
    pen: Pen, places: Sequence[float], labels: Sequence[str], y: float, left: float, right: float
) -> None:
    """Labels under their places, as many as fit without touching; the last one always."""
    pen.line(left, y, right, y)
    widest = max((text_width(label) for label in labels), default=0) + 12
    gap = (places[-1] - places[0]) / max(1, len(places) - 1) if len(places) > 1 else right - left
    every = max(1, int(-(-widest // max(gap, 1e-9))))
    for index in range(len(labels)):
        if (len(labels) - 1 - index) % every:
            continue
        half = text_width(labels[index]) / 2
        x = min(max(places[index], left - 30 + half), right + 12 - half)
        pen.line(places[index], y, places[index], y + 5)
        pen.text(labels[index], x, y + 18, align="center")


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places moved apart so that labels ``gap`` high do not overlap, kept in order and between the ends.

    >>> spread([10, 12, 80], 20, 0, 100)
    [10.0, 30.0, 80.0]
    """
    order = sorted(range(len(places)), key=lambda index: places[index])
    out = [float(place) for place in places]
    before = low - gap
    for index in order:
        out[index] = max(out[index], before + gap)
        before = out[index]
    after = high + gap
    for index in reversed(order):
        out[index] = min(out[index], after - gap)
        after = out[index]
    return out
