"""XmR charts: the published rules point by point, and what they mean in small examples."""

import numpy as np
import pytest

from goldenthread.statistics import StatisticsError, xmr

LEVEL = [50, 52, 49, 51, 50, 48, 51, 50, 49, 52, 50, 51, 49, 50]


def chart_of(limits, points):
    settings = limits.iloc[0]
    group = points.rebase_group.to_numpy()
    return xmr(
        points.y,
        improvement=settings.improvement_direction,
        target=None if np.isnan(settings.target) else float(settings.target),
        baseline=None if np.isnan(settings.baseline) else int(settings.baseline),
        rebase=[int(i) + 1 for i in np.flatnonzero(np.diff(group))],
        screen_outliers=bool(settings.screened),
    )


def test_every_recorded_series_point_by_point(vector):
    limits, points = vector("spc_limits"), vector("spc_points")
    limits["baseline"] = limits.baseline.astype(float)
    names = list(dict.fromkeys(limits.case_id))
    assert len(names) == 60
    for number, name in enumerate(names):
        expected, own = limits[limits.case_id == name], points[points.case == number]
        chart = chart_of(expected, own)
        by_group = expected.set_index("rebase_group").loc[own.rebase_group]
        for found, column in (
            (chart.mean, "mean_col"),
            (chart.lower_limit, "lpl"),
            (chart.upper_limit, "upl"),
        ):
            np.testing.assert_allclose(found, by_group[column], rtol=1e-11, atol=1e-12, err_msg=name)
        assert chart.special_cause.tolist() == own.special_cause_type.tolist(), name
        assert chart.point_type.tolist() == own.point_type.tolist(), name
        assert chart.outside.tolist() == own.outside_limits.astype(bool).tolist(), name
        near = ~chart.outside & ((chart.value > chart.near_upper) | (chart.value < chart.near_lower))
        assert near.tolist() == own.close_to_limits.astype(bool).tolist(), name
        assert chart.segment.tolist() == own.rebase_group.tolist()
        assert chart.variation == expected.variation_type.iloc[-1], name
        assurance = expected.assurance_type.iloc[-1]
        assert chart.assurance == (assurance if isinstance(assurance, str) else None), name
        for group, row in expected.set_index("rebase_group").iterrows():
            kinds = chart.point_type[chart.segment == group]
            assert len(kinds) == row.n
            for kind in ("common_cause", "special_cause_improvement", "special_cause_concern"):
                assert (kinds == kind).sum() == row[kind], name


def test_limits_from_the_mean_moving_range():
    chart = xmr([10, 12, 11, 13, 10, 12], screen_outliers=False)
    moving = (2 + 1 + 2 + 3 + 2) / 5
    assert chart.mean[0] == pytest.approx(68 / 6)
    assert chart.upper_limit[0] == pytest.approx(68 / 6 + 2.66 * moving)
    assert chart.near_lower[0] == pytest.approx(68 / 6 - 2.66 * moving * 2 / 3)


def test_one_wild_range_is_screened_once():
    values = [*LEVEL, 90, *LEVEL]
    assert xmr(values).upper_limit[0] < xmr(values, screen_outliers=False).upper_limit[0]


def test_a_point_outside():
    chart = xmr([*LEVEL, 70])
    assert chart.outside.tolist() == [False] * 14 + [True]
    assert chart.special_cause[-1] == "Above UCL"
    assert (chart.variation, chart.variation_icon) == ("special_cause_improvement", "improvement_high")
    assert xmr([*LEVEL, 70], improvement="decrease").variation_icon == "concern_high"
    assert xmr([*LEVEL, 70], improvement=None).variation_icon == "neutral_high"
    assert xmr([*LEVEL, 30]).variation_icon == "concern_low"
    assert xmr([*LEVEL, 30], improvement="decrease").variation_icon == "improvement_low"


def test_seven_on_one_side_but_not_six():
    low, high = [40, 41] * 4, [44, 43] * 3
    assert not xmr([*low, *high, 41]).one_side[len(low) :].any()
    seven = xmr([*low, *high, 44, 41])
    assert seven.one_side[len(low) : len(low) + 7].all()
    assert not seven.one_side[-1]


def test_seven_rising_points_but_not_six():
    base = [5, 3, 6, 4, 5, 3]
    six = xmr([*base, 1, 2, 3, 4, 5, 6, 1])
    seven = xmr([*base, 1, 2, 3, 4, 5, 6, 7, 1])
    assert not six.trend.any()
    assert seven.trend.tolist() == [False] * 6 + [True] * 7 + [False]
    assert not xmr([1, 2, 3, 3, 4, 5, 6, 7]).trend.any()  # an equal step breaks the trend


def test_a_turning_point_belongs_to_the_later_trend():
    chart = xmr([*range(1, 8), *range(6, -1, -1)], screen_outliers=False)
    assert chart.trend.all()
    assert chart.point_type[5] == "special_cause_improvement"
    assert chart.point_type[7] == "special_cause_concern"


def test_two_of_three_flags_only_the_points_near_the_limit():
    values = [50, 51, 49, 50, 51, 49, 50, 51, 49, 50, 51, 49, 52.6, 50.6, 52.6, 49]
    chart = xmr(values, baseline=12)
    assert chart.upper_limit[0] > 52.6 > chart.near_upper[0]
    assert chart.two_of_three.tolist() == [False] * 12 + [True, False, True, False]


def test_new_limits_and_fixed_limits():
    step = [*LEVEL, *(x + 20 for x in LEVEL)]
    chart = xmr(step, rebase=[14])
    assert chart.mean[13] == pytest.approx(np.mean(LEVEL))
    assert chart.mean[14] == pytest.approx(np.mean(LEVEL) + 20)
    assert set(chart.point_type) == {"common_cause"}
    fixed = xmr(step, baseline=14)
    assert fixed.mean[-1] == pytest.approx(np.mean(LEVEL))
    assert fixed.outside[14:].all()


def test_assurance():
    assert xmr(LEVEL, target=80).assurance == "consistent_fail"
    assert xmr(LEVEL, target=80, improvement="decrease").assurance == "consistent_pass"
    assert xmr(LEVEL, target=20).assurance_icon == "pass"
    assert xmr(LEVEL, target=20, improvement="decrease").assurance_icon == "fail"
    assert xmr(LEVEL, target=50).assurance == "inconsistent"
    assert xmr(LEVEL).assurance is None
    assert xmr(LEVEL, target=50, improvement=None).assurance is None
    assert xmr(LEVEL, target=50, improvement=None).assurance_icon is None


def test_a_flat_series_has_limits_on_its_mean():
    chart = xmr([7] * 14)
    assert chart.lower_limit[0] == chart.upper_limit[0] == 7
    assert set(chart.point_type) == {"common_cause"}


def test_few_points_are_said_to_be_few():
    assert xmr(LEVEL).notes == ()
    assert "rest on 12 points" in xmr(LEVEL[:12]).notes[0]
    assert "rest on 10 points" in xmr(LEVEL * 2, baseline=10).notes[0]
    assert xmr(LEVEL * 2, rebase=[20]).notes == (
        "Limits from point 21 rest on 8 points; they are provisional under 13.",
    )


def test_the_frame_has_a_row_for_each_point():
    frame = xmr(LEVEL, target=51).frame
    assert len(frame) == len(LEVEL)
    assert {"value", "mean", "lower_limit", "upper_limit", "point_type", "special_cause"} <= set(frame)


@pytest.mark.parametrize(
    ("values", "options", "problem"),
    [
        ([1, 2, float("nan")], {}, "missing or not finite at position 2"),
        ([], {}, "empty"),
        ([5], {}, "one point"),
        ([[1, 2]], {}, "dimension"),
        (LEVEL, {"improvement": "up"}, "not known"),
        (LEVEL, {"baseline": 1}, "baseline of 1"),
        (LEVEL, {"rebase": [14]}, "outside the series"),
        (LEVEL, {"rebase": [13]}, "one point"),
        (LEVEL, {"rebase": [-2]}, "outside the series"),
        (LEVEL, {"target": float("nan")}, "target"),
        (["a", "b"], {}, "not a number"),
    ],
)
def test_bad_input_is_named(values, options, problem):
    with pytest.raises(StatisticsError, match=problem):
        xmr(values, **options)
