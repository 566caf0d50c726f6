"""The bridge to control charts: the same series as an XmR chart with limits from before the start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from goldenthread.evaluation.errors import Refusal
from goldenthread.evaluation.result import Check
from goldenthread.statistics import XmR, xmr

LEAST_BEFORE = 13


def control_chart(
    values: Sequence[float],
    *,
    before: int,
    improvement: Literal["increase", "decrease"] | None = "decrease",
    target: float | None = None,
) -> tuple[XmR, Check]:
    """Whether the periods after the start leave the limits set by the ``before`` periods preceding it.

    A chart shows that a process changed, not by how much against a comparison: it accompanies an evaluation
    and never stands for one (six points of an unchanged course are flagged about once in eight). Rules and limits are those of ``goldenthread.statistics.xmr``. Refuses fewer
    than 13 periods before, under which limits are provisional.

    >>> steady = [50, 52, 49, 51, 50, 53, 48, 50, 51, 49, 52, 50, 51]
    >>> chart, check = control_chart(steady + [40, 39, 41], before=13)
    >>> check.reading
    '3 of 3 periods after the start differ from the earlier course more than usual.'
    """
    if not LEAST_BEFORE <= before < len(values):
        raise Refusal(
            f"{before} of {len(values)} periods are before the start; the limits need at least {LEAST_BEFORE}, and "
            "one period after.",
            "Add earlier periods, or show the run chart without limits.",
        )
    chart = xmr(values, improvement=improvement, target=target, baseline=before)
    flagged = chart.point_type[before:] != "common_cause"
    reading = f"{int(flagged.sum())} of {flagged.size} periods after the start differ from the earlier course more than usual."
    return chart, Check("Control chart with limits from before the start", None, reading)
