"""Statistical process control: the XmR chart with NHS England's Making Data Count rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goldenthread.statistics import checks
from goldenthread.statistics.estimate import FloatArray, StatisticsError

if TYPE_CHECKING:
    import pandas as pd

Improvement = Literal["increase", "decrease", "neutral"]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

LIMIT: Final = 2.66  # 3 / d2 with d2 = 1.128: mean moving range to three standard deviations
SCREEN: Final = 3.267  # D4: a moving range from here on is itself an outlier
RUN: Final = 7
FEW_POINTS: Final = 13


@dataclass(frozen=True, slots=True, eq=False)
class XmR:
    """An XmR chart, point by point, with its two icons.

    Arrays have one entry for each point. ``special_cause`` gives the first rule met, in the order
    outside the limits, trend, two of three, one side; ``point_type`` what it means:
    ``common_cause``, ``special_cause_improvement``, ``special_cause_concern``,
    ``special_cause_neutral_high`` or ``special_cause_neutral_low``.

    ``variation`` is the type of the last point; ``assurance`` says whether the process will meet its
    target: ``consistent_pass``, ``consistent_fail``, ``inconsistent``, or None without target or direction.
    ``notes`` states in words what weakens the chart, such as limits that rest on few points.
    """

    value: FloatArray
    mean: FloatArray
    lower_limit: FloatArray
    upper_limit: FloatArray
    near_lower: FloatArray
    near_upper: FloatArray
    segment: IntArray
    outside: BoolArray
    trend: BoolArray
    two_of_three: BoolArray
    one_side: BoolArray
    special_cause: NDArray[np.str_]
    point_type: NDArray[np.str_]
    improvement: Improvement
    target: float | None
    notes: tuple[str, ...]

    @property
    def variation(self) -> str:
        """The type of the last point."""
        return str(self.point_type[-1])

    @property
    def assurance(self) -> str | None:
        """Where the last limits lie against the target."""
        if self.target is None or self.improvement == "neutral":
            return None
        if self.lower_limit[-1] <= self.target <= self.upper_limit[-1]:
            return "inconsistent"
        above = self.target < self.lower_limit[-1]
        return "consistent_pass" if above == (self.improvement == "increase") else "consistent_fail"

    @property
    def variation_icon(self) -> str:
        """The icon's name: ``common_cause``, ``improvement_high``, ``concern_low``, ``neutral_high``, ..."""
        kind = self.variation.removeprefix("special_cause_")
        if kind in ("improvement", "concern"):
            high = (kind == "improvement") == (self.improvement == "increase")
            return f"{kind}_{'high' if high else 'low'}"
        return kind

    @property
    def assurance_icon(self) -> str | None:
        """The icon's name: ``pass``, ``fail``, ``inconsistent`` or None."""
        return None if self.assurance is None else self.assurance.removeprefix("consistent_")

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each point."""
        import pandas as pd

        names = [name for name in self.__slots__ if name not in ("improvement", "target", "notes")]
        return pd.DataFrame({name: getattr(self, name) for name in names})


def xmr(
    values: ArrayLike,
    *,
    improvement: Improvement | None = "increase",
    target: float | None = None,
    baseline: int | None = None,
    rebase: Sequence[int] = (),
    screen_outliers: bool = True,
) -> XmR:
    """Is this series in control, is it changing, and will it meet its target?

    ``values`` in order of time. Limits: mean +/- 2.66 x mean moving range; moving ranges of 3.267 times
    their mean or more are left out once when ``screen_outliers``. Special cause, flagged on every point
    that takes part: outside a limit; seven or more rising or falling in a row; two of three consecutive
    points on one side of the mean in the outer third of the way to a limit; seven or more in a row on one
    side.

    ``improvement``: "increase", "decrease", or None ("neutral") where neither is better. ``baseline``:
    limits rest on the first so many points of each segment. ``rebase``: positions (0 = first point) where
    new limits start.
    A segment needs two points; under 13 ``notes`` says that its limits are provisional.
    Refused: missing values, positions outside the series.
    Source: NHS England, Making Data Count; Wheeler, Understanding Variation, 1993.

    >>> chart = xmr([52, 48, 55, 50, 47, 53, 51, 49, 54, 50, 46, 52, 70], target=60)
    >>> round(float(chart.mean[0]), 2), round(float(chart.upper_limit[0]), 2)
    (52.08, 63.68)
    >>> chart.variation, chart.assurance, chart.special_cause[-1]
    ('special_cause_improvement', 'inconsistent', np.str_('Above UCL'))
    """
    y = checks.numbers("values", values)
    if y.ndim != 1:
        raise StatisticsError("values has more than one dimension.", "Give one series in order of time.")
    direction: Improvement = improvement or "neutral"
    if direction not in ("increase", "decrease", "neutral"):
        raise StatisticsError(f"improvement {improvement!r} is not known.", "Use increase, decrease or None.")
    if target is not None and not np.isfinite(target):
        raise StatisticsError(f"The target {target!r} is not a number.", "Leave it out if there is none.")
    if baseline is not None and baseline < 2:
        raise StatisticsError(f"A baseline of {baseline} cannot give limits.", "Use 2 or more, better 13.")
    starts = _segment_starts(len(y), rebase)
    ends = [*starts[1:], len(y)]
    pieces = [
        _segment(y[first:last], baseline, screen_outliers, direction)
        for first, last in zip(starts, ends, strict=True)
    ]
    notes = tuple(
        f"Limits from point {first + 1} rest on {used} points; they are provisional under {FEW_POINTS}."
        for first, last in zip(starts, ends, strict=True)
        if (used := min(last - first, baseline or last)) < FEW_POINTS
    )
    segment = np.repeat(np.arange(len(starts)), np.diff([*starts, len(y)]))
    columns = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    return XmR(
        value=y,
        segment=segment,
        improvement=direction,
        target=target,
        notes=notes,
        **columns,
    )


def _segment_starts(length: int, rebase: Sequence[int]) -> list[int]:
    positions = sorted({int(i) for i in rebase} - {0})
    if positions and (positions[0] < 0 or positions[-1] >= length):
        raise StatisticsError(
            f"A rebase position lies outside the series of {length} points.", "Count positions from 0."
        )
    starts = [0, *positions]
    short = [a for a, b in zip(starts, [*positions, length], strict=True) if b - a < 2]
    if short:
        raise StatisticsError(
            f"The segment that starts at position {short[0]} has one point.", "A chart needs at least two."
        )
    return starts


def _segment(
    y: FloatArray, baseline: int | None, screen: bool, improvement: Improvement
) -> dict[str, NDArray[np.generic]]:
    """All columns of one run of points that share limits."""
    basis = y[:baseline]
    ranges = np.abs(np.diff(basis))
    average = ranges.mean()
    if screen and average > 0:
        average = ranges[ranges < SCREEN * average].mean()
    centre = basis.mean()
    reach, near_reach = LIMIT * average, LIMIT * 2 / 3 * average
    outside = (y > centre + reach) | (y < centre - reach)
    near = ~outside & ((y > centre + near_reach) | (y < centre - near_reach))
    side = np.sign(y - centre).astype(np.int64)
    trend_direction = _trend(y)
    two_of_three = _two_of_three(near, side)
    one_side = _part_of_run(side, RUN)

    above = np.where(side > 0, "Above", "Below")
    rising = np.where(trend_direction > 0, "In", "De")
    cause = np.select(
        [outside, trend_direction != 0, two_of_three, one_side],
        [
            np.where(side > 0, "Above UCL", "Below LCL"),
            np.char.add(np.char.add("7 Point Trend (", rising), "creasing)"),
            np.char.add(np.char.add("2 in 3 ", above), " CL"),
            np.char.add(np.char.add("7 Points ", above), " CL"),
        ],
        "Common Cause",
    )
    high = np.select([outside, trend_direction != 0], [side > 0, trend_direction > 0], side > 0)
    if improvement == "neutral":
        meaning = np.where(high, "special_cause_neutral_high", "special_cause_neutral_low")
    else:
        better = high == (improvement == "increase")
        meaning = np.where(better, "special_cause_improvement", "special_cause_concern")
    point_type = np.where(cause == "Common Cause", "common_cause", meaning)

    def level(x: float) -> FloatArray:
        return np.full(len(y), x)

    return {
        "mean": level(centre),
        "lower_limit": level(centre - reach),
        "upper_limit": level(centre + reach),
        "near_lower": level(centre - near_reach),
        "near_upper": level(centre + near_reach),
        "outside": outside,
        "trend": trend_direction != 0,
        "two_of_three": two_of_three,
        "one_side": one_side,
        "special_cause": cause,
        "point_type": point_type,
    }


def _part_of_run(sign: IntArray, length: int) -> BoolArray:
    """True on every entry of a run of ``length`` or more equal signs that are not zero."""
    edges = np.flatnonzero(np.diff(sign) != 0) + 1
    bounds = np.concatenate([[0], edges, [len(sign)]])
    long = np.diff(bounds) >= length
    return np.asarray(np.repeat(long, np.diff(bounds)) & (sign != 0))


def _trend(y: FloatArray) -> IntArray:
    """+1 or -1 on points of seven or more in a row that rise or fall; a turning point takes the later."""
    step = np.sign(np.diff(y)).astype(np.int64)
    step = np.where(_part_of_run(step, RUN - 1), step, 0) if len(step) else step
    into = np.concatenate([[0], step])
    out_of = np.concatenate([step, [0]])
    return np.asarray(np.where(out_of != 0, out_of, into))


def _two_of_three(near: BoolArray, side: IntArray) -> BoolArray:
    """True on near-limit points of any three in a row, all on one side, of which two or more are near."""
    flagged = np.zeros(len(near), dtype=bool)
    if len(near) >= 3:
        windows = np.lib.stride_tricks.sliding_window_view
        met = (windows(near, 3).sum(axis=1) >= 2) & (np.abs(windows(side, 3).sum(axis=1)) == 3)
        for shift in range(3):
            flagged[shift : shift + len(met)] |= met
    return flagged & near
