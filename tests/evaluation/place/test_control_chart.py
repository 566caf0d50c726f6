"""The control chart beside an evaluation: limits from before the start only."""

from __future__ import annotations

import numpy as np
import pytest

from goldenthread.evaluation.control_chart import control_chart
from goldenthread.evaluation.errors import Refusal
from goldenthread.statistics import xmr


def test_limits_rest_on_the_periods_before_the_start() -> None:
    values = [50, 52, 49, 51, 50, 53, 48, 50, 51, 49, 52, 50, 51, 30, 31, 29, 30]
    chart, check = control_chart(values, before=13)
    alone = xmr(values[:13], improvement="decrease")
    assert chart.mean[-1] == pytest.approx(alone.mean[0])
    assert chart.lower_limit[-1] == pytest.approx(alone.lower_limit[0])
    assert check.passed is None
    assert check.reading.startswith("4 of 4 periods")


def test_an_unchanged_course_is_flagged_about_once_in_eight() -> None:
    """Six new points under all the rules: a chart alone is weak evidence, and the page says so."""
    flagged = 0
    for seed in range(400):
        values = np.random.default_rng(seed).normal(100, 5, 30)
        flagged += not control_chart(list(values), before=24)[1].reading.startswith("0 of 6")
    assert 0.05 < flagged / 400 < 0.2


def test_too_short_a_course_is_refused() -> None:
    with pytest.raises(Refusal, match="12 of 20 periods are before the start; the limits need at least 13"):
        control_chart([1.0] * 20, before=12)
    with pytest.raises(Refusal, match="one period after"):
        control_chart([1.0] * 20, before=20)
