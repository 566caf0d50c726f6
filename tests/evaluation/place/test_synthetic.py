"""One place among others: known truths, hand calculations, an independent solver, invariances, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.panel import Panel
from goldenthread.evaluation.simplex import simplex_weights
from goldenthread.evaluation.synthetic import (
    difference_in_differences,
    placebo_in_time,
    synthetic_control,
    synthetic_difference_in_differences,
)

METHODS = [synthetic_difference_in_differences, synthetic_control, difference_in_differences]


def factor_panel(seed: int, *, places: int = 16, effect: float = 0.0, shift: float = 0.0) -> pd.DataFrame:
    """Places that follow a common trend each to its own degree: plain differences mislead here."""
    rng = np.random.default_rng(seed)
    loading = np.linspace(0.5, 1.5, places)
    common = np.cumsum(rng.normal(0.5, 1, 30))
    outcome = 60 + 10 * loading[:, None] + loading[:, None] * common + rng.normal(0, 0.3, (places, 30))
    outcome[places - 5, 22:] += effect
    return pd.DataFrame(outcome + shift, index=[f"pcn {i}" for i in range(places)], columns=range(1, 31))


def as_panel(wide: pd.DataFrame, who: str = "pcn 11", start: int = 23) -> Panel:
    return Panel.from_wide(wide, treated_units=[who], start=start)


def as_long(wide: pd.DataFrame, who: str = "pcn 11", start: int = 23) -> pd.DataFrame:
    long = (
        wide.rename_axis("pcn").reset_index().melt(id_vars="pcn", var_name="month", value_name="admissions")
    )
    return long.assign(started=((long["pcn"] == who) & (long["month"] >= start)).astype(int))


def test_long_and_wide_give_the_same_answer_in_any_row_order() -> None:
    wide = factor_panel(1, effect=-5)
    long = as_long(wide).sample(frac=1, random_state=3)
    from_long = synthetic_control(
        long, unit="pcn", time="month", outcome="admissions", treated="started", variance="none"
    )
    from_wide = synthetic_control(as_panel(wide), variance="none")
    assert from_long.effect.value == pytest.approx(from_wide.effect.value, abs=1e-6)
    assert from_long.effect.outcome == "admissions"


@pytest.mark.parametrize("method", [synthetic_difference_in_differences, synthetic_control])
def test_planted_effect_is_found_where_plain_differences_miss_it(method) -> None:  # type: ignore[no-untyped-def]
    found, plain = [], []
    for seed in range(6):
        panel = as_panel(factor_panel(seed, effect=-5))
        found.append(abs(method(panel, variance="none").effect.value + 5))
        plain.append(abs(difference_in_differences(panel, variance="none").effect.value + 5))
    assert np.mean(found) < np.mean(plain) / 2


def test_interval_holds_the_planted_effect() -> None:
    effects = [
        synthetic_difference_in_differences(as_panel(factor_panel(seed, effect=-5))).effect
        for seed in range(4)
    ]
    assert sum(found.lower < -5 < found.upper < 0 for found in effects) >= 3


def test_difference_in_differences_is_the_hand_calculation() -> None:
    #            before      after
    # invited    10, 12      7, 5       11 -> 6     (-5)
    # others      8, 10     10, 10       9 -> 10    (+1)
    #             6,  6      7, 5        6 -> 6     ( 0)
    wide = pd.DataFrame([[10, 12, 7, 5], [8, 10, 10, 10], [6, 6, 7, 5]], index=list("abc"), columns=range(4))
    found = difference_in_differences(Panel.from_wide(wide, treated_units=["a"], start=2), variance="none")
    assert found.effect.value == pytest.approx(-5 - 0.5)
    assert found.series["gap"].tolist() == pytest.approx([-0.5, 0.5, -5.0, -6.0])


def test_difference_in_differences_placebo_interval_by_hand() -> None:
    rng = np.random.default_rng(8)
    wide = pd.DataFrame(rng.normal(size=(7, 6)), index=list("abcdefg"))
    found = difference_in_differences(Panel.from_wide(wide, treated_units=["a"], start=4))
    change = wide.iloc[:, 4:].mean(axis=1) - wide.iloc[:, :4].mean(axis=1)
    placebos = [change[one] - change.drop(["a", one]).mean() for one in "bcdefg"]
    assert found.standard_error == pytest.approx(np.std(placebos, ddof=1))


def test_weights_equal_an_independent_quadratic_solver() -> None:
    rng = np.random.default_rng(5)
    candidates, zeta = rng.normal(size=(25, 6)), 0.4
    target = candidates @ np.array([0.5, 0.3, 0.2, 0, 0, 0]) + 3 + rng.normal(0, 0.2, 25)

    def objective(values: np.ndarray) -> float:
        gap = candidates @ values[:-1] + values[-1] - target
        return float(np.mean(gap**2) + zeta**2 * np.sum(values[:-1] ** 2))

    oracle = optimize.minimize(
        objective, np.r_[np.full(6, 1 / 6), 0.0], method="SLSQP", tol=1e-14, options={"maxiter": 1000},
        bounds=[(0, 1)] * 6 + [(None, None)],
        constraints={"type": "eq", "fun": lambda values: values[:-1].sum() - 1},
    )  # fmt: skip
    ours = simplex_weights(candidates, target, zeta=zeta, intercept=True, least_decrease=1e-8)
    np.testing.assert_allclose(ours, oracle.x[:-1], atol=2e-3)


def test_a_place_that_is_a_mix_of_two_others_gets_exactly_that_mix() -> None:
    rng = np.random.default_rng(6)
    wide = pd.DataFrame(rng.normal(50, 5, (8, 24)), index=list("abcdefgh"))
    wide.loc["a"] = 0.7 * wide.loc["b"] + 0.3 * wide.loc["c"]
    wide.loc["a", 18:] += 4
    found = synthetic_control(Panel.from_wide(wide, treated_units=["a"], start=18))
    assert found.donor_weights.head(2).to_dict() == pytest.approx({"b": 0.7, "c": 0.3}, abs=0.01)
    assert found.effect.value == pytest.approx(4, abs=0.05)
    assert found.rank_p == pytest.approx(1 / 8)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-1000, 1000), order=st.permutations(range(16)))
def test_invariant_to_shift_and_order_of_places(method, seed: int, shift: float, order: list[int]) -> None:  # type: ignore[no-untyped-def]
    plain = method(as_panel(factor_panel(seed, effect=2)), variance="none")
    moved = method(as_panel(factor_panel(seed, effect=2, shift=shift).iloc[order]), variance="none")
    assert moved.effect.value == pytest.approx(plain.effect.value, abs=0.02)
    for weights in (plain.weights.units, moved.weights.units):
        assert weights.min() >= 0
        assert weights.sum() == pytest.approx(1)


@settings(max_examples=8, deadline=None)
@given(scale=st.floats(0.01, 100), seed=st.integers(0, 1000))
def test_effect_scales_with_the_unit(scale: float, seed: int) -> None:
    wide = factor_panel(seed, effect=3)
    one = synthetic_difference_in_differences(as_panel(wide), variance="none").effect.value
    other = synthetic_difference_in_differences(as_panel(wide * scale), variance="none").effect.value
    assert other == pytest.approx(one * scale, abs=0.01 * scale)


def test_no_effect_is_seldom_called_one() -> None:
    called = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        wide = pd.DataFrame(rng.normal(50, 2, (15, 1)) + rng.normal(size=(15, 16)))
        called += difference_in_differences(
            Panel.from_wide(wide, treated_units=[0], start=10)
        ).effect.excludes_no_effect
    assert called <= 6


def test_jackknife_and_bootstrap_agree_with_placebos_for_many_places() -> None:
    rng = np.random.default_rng(11)
    wide = pd.DataFrame(rng.normal(size=(60, 12)) + rng.normal(size=(60, 1)))
    panel = Panel.from_wide(wide, treated_units=list(range(20)), start=8)
    errors = [
        difference_in_differences(panel, variance=how).standard_error  # type: ignore[arg-type]
        for how in ("placebo", "jackknife", "bootstrap")
    ]
    assert max(errors) < 1.35 * min(errors)  # type: ignore[type-var, operator]


def test_change_as_a_percentage_of_what_was_expected() -> None:
    found = synthetic_control(as_panel(factor_panel(2, effect=-9)))
    ratio = found.as_rate_ratio()
    happened = found.series.loc[found.series["after"], "treated"].mean()
    assert ratio.value == pytest.approx(happened / (happened - found.effect.value))
    assert ratio.lower < ratio.value < ratio.upper < 1


def test_a_start_that_never_was_shows_no_effect() -> None:
    panel = as_panel(factor_panel(3, effect=-8))
    placebo = placebo_in_time(panel, method="synthetic difference-in-differences", periods=6)
    assert placebo.start == 17
    assert max(placebo.series.index) == 22
    assert abs(placebo.effect.value) < 1.2
    with pytest.raises(EvaluationError, match="outside the 22 periods"):
        placebo_in_time(panel, method="synthetic control", periods=22)


def long_example() -> pd.DataFrame:
    return as_long(factor_panel(1)).rename(
        columns={"pcn": "unit", "month": "time", "admissions": "outcome", "started": "treated"}
    )


def drop_one(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(index=frame.index[(frame["unit"] == "pcn 4") & (frame["time"] == 7)])


def blank_one(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(outcome=frame["outcome"].mask((frame["unit"] == "pcn 4") & (frame["time"] == 7)))


BAD = {
    "a missing period": (drop_one, r"1 place-periods are missing, the first is pcn 4 in 7"),
    "a missing value": (blank_one, r"'outcome' is missing .* the first is pcn 4 in 7"),
    "a repeated row": (lambda f: pd.concat([f, f.iloc[[5]]]), r"more than one row"),
    "treated from the start": (
        lambda f: f.assign(treated=(f["unit"] == "pcn 11").astype(int)), r"treated from the first period"),
    "nobody treated": (lambda f: f.assign(treated=0), r"No place is treated"),
    "no donors": (lambda f: f[f["unit"] == "pcn 11"], r"0 places were never treated; .* at least 4"),
    "three donors": (lambda f: f[f["unit"].isin(["pcn 11", "pcn 1", "pcn 2", "pcn 3"])], r"3 places were never"),
    "too short before": (lambda f: f[f["time"] > 19], r"Only 3 periods before the start; .* at least 5"),
    "two starts": (
        lambda f: f.assign(treated=f["treated"] | ((f["unit"] == "pcn 2") & (f["time"] > 25))),
        r"started at different times"),
    "stopped": (
        lambda f: f.assign(treated=f["treated"].where(f["time"] < 28, 0)), r"pcn 11 went back"),
    "treated is not 0 or 1": (lambda f: f.assign(treated=2), r"other than 0 and 1"),
    "no such column": (lambda f: f.drop(columns="outcome"), r"Column 'outcome' is not in the table"),
    "text": (lambda f: f.assign(outcome="many"), r"not a number"),
    "empty": (lambda f: f.iloc[:0], r"no rows"),
    "nameless place": (lambda f: f.assign(unit=f["unit"].mask(f["unit"] == "pcn 2")), r"no unit or no time"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_panels_are_refused_with_a_way_out(name: str) -> None:
    change, message = BAD[name]
    with pytest.raises(EvaluationError, match=message) as refused:
        synthetic_difference_in_differences(change(long_example()))
    assert refused.value.remedy


def test_start_outside_the_series_and_unknown_place() -> None:
    wide = factor_panel(1)
    with pytest.raises(EvaluationError, match="outside the series, which runs from 1 to 30"):
        Panel.from_wide(wide, treated_units=["pcn 3"], start=40)
    with pytest.raises(EvaluationError, match="pcn 99 is not among"):
        Panel.from_wide(wide, treated_units=["pcn 99"], start=20)


def test_intervals_that_the_number_of_places_does_not_allow_are_refused() -> None:
    panel = as_panel(factor_panel(1))
    with pytest.raises(Refusal, match="at least two treated places"):
        difference_in_differences(panel, variance="jackknife")
    with pytest.raises(EvaluationError, match="Unknown variance"):
        difference_in_differences(panel, variance="guess")  # type: ignore[arg-type]
    with pytest.raises(EvaluationError, match="Confidence"):
        difference_in_differences(panel, confidence=95)
    two = Panel.from_wide(factor_panel(1).iloc[:2], treated_units=["pcn 0"], start=20)
    with pytest.raises(Refusal, match="Placebo intervals need at least 3 donors"):
        difference_in_differences(two)
