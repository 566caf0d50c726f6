"""Classes of a measure for shading: round limits, few of them, and the words of their key."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, log10
from typing import Any

import numpy as np

from goldenthread.charts import words


def tone_classes(values: Any) -> list[float]:
    """Up to four round limits that part known values into classes of about equal numbers.

    >>> tone_classes([220, 300, 800, 1500, 4000, 8289])
    [300.0, 800.0, 1500.0, 4000.0]
    """
    known = np.asarray(values, dtype=float)
    known = known[~np.isnan(known)]
    if not len(known) or known.min() == known.max():
        return []
    cuts = [_round_two(float(q)) for q in np.quantile(known, (0.2, 0.4, 0.6, 0.8))]
    return [cut for cut in dict.fromkeys(cuts) if known.min() < cut <= known.max()]


def _round_two(value: float) -> float:
    """To one meaningful figure, or to two where the first is small."""
    if value == 0:
        return 0.0
    unit = 10.0 ** (ceil(log10(abs(value))) - 1)
    unit = unit / 2 if abs(value) / unit < 2.5 else unit
    return float(round(value / unit) * unit)


def change_classes(values: Any) -> list[float]:
    """Four limits either side of no change.

    >>> change_classes([-3, 12])
    [-6.0, -1.0, 1.0, 6.0]
    """
    known = np.asarray(values, dtype=float)
    known = known[~np.isnan(known)]
    most = float(np.abs(known).max()) if len(known) else 10.0
    step = max(2.0, _round_two(most / 2))
    return [-step, -1.0, 1.0, step]


def class_words(classes: Sequence[float], growth: bool = False, say: Any = None) -> list[str]:
    """The classes as words for a key.

    >>> class_words([100, 500])
    ['under £100', '£100 to £500', '£500 and over']
    """
    tell = say or ((lambda v: words.percent(abs(v))) if growth else words.money)
    if growth and len(classes) == 4:
        near, far = tell(classes[2]), tell(classes[3])
        return [
            f"down {far} or more",
            f"down {near} to {far}",
            "little change",
            f"up {near} to {far}",
            f"up {far} or more",
        ]
    if not len(classes):
        return ["all groups"]
    middle = [f"{tell(a)} to {tell(b)}" for a, b in pairwise(classes)]
    return [f"under {tell(classes[0])}", *middle, f"{tell(classes[-1])} and over"]
