"""Places that start in turn: hand-computed 2x2 differences, known truths, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.regression import two_way_poisson
from goldenthread.evaluation.rollout import stepped_rollout
from goldenthread.evaluation.staggered import staggered_difference_in_differences


def rollout(
    seed: int,
    *,
    places: int = 90,
    effect: float = 0.0,
    growth: float = 0.0,
    never: bool = True,
    lean: float = 0.0,
) -> pd.DataFrame:
    """Thirds start in 2022, in 2024 and never (or 2026); the effect grows with time since the start."""
    rng = np.random.default_rng(seed)
    rows = []
    for place in range(places):
        first = (2022, 2024, 0 if never else 2026)[place % 3]
        size = rng.normal() + (0.8 if first else 0.0)
        level = rng.normal(20, 3)
        for year in range(2020, 2027):
            since = year - first
            on = bool(first) and since >= 0
            drift = 0.5 * (year - 2020) + lean * size * (year - 2020)
            outcome = level + drift + rng.normal() + (effect + growth * since if on else 0.0)
            rows.append((place, year, outcome, int(on), first, size))
    return pd.DataFrame(rows, columns=["unit", "time", "outcome", "treated", "first", "size"])


def test_each_group_and_period_is_the_two_by_two_difference() -> None:
    frame = rollout(1, effect=-2)
    found = staggered_difference_in_differences(frame, control="never treated")
    mean = frame.groupby(["first", "time"])["outcome"].mean()
    for row in found.group_time.itertuples():
        before = row.group - 1 if row.time >= row.group else row.time - 1
        by_hand = (mean[row.group, row.time] - mean[row.group, before]) - (
            mean[0, row.time] - mean[0, before]
        )
        assert row.estimate == pytest.approx(by_hand)
        assert (row.treated_places, row.control_places) == (30, 30)


def test_not_yet_treated_places_are_controls_until_they_start() -> None:
    frame = rollout(2)
    found = staggered_difference_in_differences(frame, control="not yet treated").group_time
    controls = found[found["group"] == 2022].set_index("time")["control_places"]
    assert controls.loc[[2022, 2023, 2024, 2026]].tolist() == [60, 60, 30, 30]
    wide = frame.pivot_table(index=["first", "unit"], columns="time", values="outcome")
    treated, early = wide.loc[[2022]], wide.drop(index=2022)
    by_hand = (treated[2023] - treated[2021]).mean() - (early[2023] - early[2021]).mean()
    cell = found[(found["group"] == 2022) & (found["time"] == 2023)]["estimate"].item()
    assert cell == pytest.approx(by_hand)


def test_standard_error_of_one_cell_is_that_of_two_means() -> None:
    frame = rollout(3)
    found = staggered_difference_in_differences(frame, control="never treated", base="universal").group_time
    wide = frame.pivot_table(index="unit", columns="time", values="outcome")
    first = frame.groupby("unit")["first"].first()
    change = wide[2025] - wide[2023]
    treated, never = change[first == 2024], change[first == 0]
    error = np.sqrt(treated.var(ddof=0) / len(treated) + never.var(ddof=0) / len(never))
    cell = found[(found["group"] == 2024) & (found["time"] == 2025)].iloc[0]
    # Student's t on 29 degrees of freedom: 30 never-treated places less one.
    assert (cell["upper"] - cell["lower"]) / 2 / error == pytest.approx(2.0452, abs=1e-3)


def test_averages_weigh_the_groups_as_the_paper_says() -> None:
    frame = rollout(4, effect=-1, growth=-0.5)
    frame = frame[~((frame["first"] == 2022) & (frame["unit"] > 45))]  # groups of different size
    found = staggered_difference_in_differences(frame)
    places = frame[frame["first"] > 0].groupby("first")["unit"].nunique()
    after = found.group_time[found.group_time["time"] >= found.group_time["group"]]
    by_group = after.groupby("group")["estimate"].mean()
    assert found.averages["group"].value == pytest.approx(
        np.average(by_group, weights=places[by_group.index])
    )
    assert found.averages["simple"].value == pytest.approx(
        np.average(after["estimate"], weights=places[after["group"]])
    )
    by_time = found.event_study["estimate"]
    assert found.averages["event"].value == pytest.approx(by_time[by_time.index >= 0].mean())
    assert found.by_group["places"].to_dict() == places.to_dict()


@pytest.mark.parametrize("intervals", ["influence", "jackknife"])
@pytest.mark.parametrize("control", ["never treated", "not yet treated"])
def test_finds_a_growing_effect_and_runs_level_before(intervals: str, control: str) -> None:
    found = staggered_difference_in_differences(
        rollout(5, effect=-2, growth=-1),
        intervals=intervals,
        control=control,  # type: ignore[arg-type]
    )
    study = found.event_study
    for since, truth in ((0, -2), (1, -3), (2, -4), (-1, 0)):
        assert study.loc[since, "band_lower"] < truth < study.loc[since, "band_upper"]
    assert (study["band_lower"] <= study["lower"]).all()
    assert (found.parallel_p is None) == (intervals == "jackknife")
    if found.parallel_p is not None:
        assert found.parallel_p > 0.01


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    held = [
        (
            found := staggered_difference_in_differences(
                rollout(seed, effect=-1, places=45), repetitions=10
            ).effect
        ).lower
        <= -1
        <= found.upper
        for seed in range(25)
    ]
    assert sum(held) >= 20


def test_covariates_put_right_places_that_would_have_drifted_apart() -> None:
    plain, adjusted = [], []
    for seed in range(8):
        frame = rollout(seed, effect=-1, places=180, lean=0.4)
        plain.append(staggered_difference_in_differences(frame, repetitions=10).effect.value)
        adjusted.append(
            staggered_difference_in_differences(frame, covariates=["size"], repetitions=10).effect.value
        )
    assert abs(np.mean(plain) + 1) > 0.4
    assert np.mean(adjusted) == pytest.approx(-1, abs=0.15)


def test_groups_of_one_place_take_the_jackknife() -> None:
    frame = rollout(6, places=24)
    frame["first"] = frame["unit"].map(lambda unit: 2021 + unit % 5 if unit < 5 else 0)
    found = staggered_difference_in_differences(frame, first_treated="first")
    assert "jackknife" in found.effect.method
    assert np.isinf(found.group_time.loc[found.group_time["treated_places"] == 1, "upper"]).all()
    assert np.isfinite(found.effect.upper)


def test_weights_count_large_places_more() -> None:
    frame = rollout(7, effect=0)
    heavy = frame["unit"] % 2 == 0
    frame["outcome"] += np.where(heavy & (frame["treated"] == 1), -4, 0)
    frame["list_size"] = np.where(heavy, 9_000, 1_000)
    assert staggered_difference_in_differences(frame).effect.value == pytest.approx(-2, abs=0.6)
    assert staggered_difference_in_differences(frame, weight="list_size").effect.value == pytest.approx(
        -3.6, abs=0.7
    )


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 999), shift=st.floats(-500, 500))
def test_shift_and_relabelling_change_nothing(seed: int, shift: float) -> None:
    frame = rollout(seed, places=30)
    moved = frame.assign(outcome=frame["outcome"] + shift, unit=1000 - frame["unit"]).sample(
        frac=1, random_state=1
    )
    one = staggered_difference_in_differences(frame, repetitions=10).effect
    other = staggered_difference_in_differences(moved, repetitions=10).effect
    assert other.value == pytest.approx(one.value, abs=1e-8)
    assert other.upper == pytest.approx(one.upper, abs=1e-8)


def test_treated_from_the_first_period_are_left_out_and_said_so() -> None:
    frame = rollout(8)
    frame.loc[frame["unit"] == 1, ["treated", "first"]] = 1, 2020
    found = staggered_difference_in_differences(frame)
    assert found.effect.n_treated == 59
    assert "1 places were treated from the first period" in found.effect.notes[0]


STAGGERED_BAD = {
    "one place": (lambda f: f[(f["unit"] == 1) | (f["first"] == 0)], {}, "1 places start"),
    "no never": (lambda f: f[f["first"] > 0], {"control": "never treated"}, "0 places never start"),
    "all at once": (lambda f: f[f["first"] == 2022], {"control": "not yet treated"}, "nobody to compare"),
    "two starts": (lambda f: f.assign(first=f["first"].where(f["time"] > 2021, 2023)), {"first_treated": "first"},
                   "more than one value of 'first'"),
    "gap": (lambda f: f.drop(index=f.index[10]), {}, "1 place-periods are missing"),
    "no column": (lambda f: f, {"first_treated": "begin"}, "'begin' is not in the table"),
    "bad weight": (lambda f: f.assign(w=0), {"weight": "w"}, "not above 0"),
    "control": (lambda f: f, {"control": "anyone"}, "Unknown control"),
    "confidence": (lambda f: f, {"confidence": 0}, "Confidence is 0"),
    "covariate decides": (lambda f: f.assign(c=(f["first"] > 0) * 1.0), {"covariates": ["c"]}, "apart completely"),
    "too few for covariates": (lambda f: f[f["unit"] < 6], {"covariates": ["size"]}, "too few to adjust"),
}  # fmt: skip


@pytest.mark.parametrize("name", STAGGERED_BAD)
def test_bad_rollouts_are_refused_with_a_way_out(name: str) -> None:
    change, options, message = STAGGERED_BAD[name]
    with pytest.raises(EvaluationError, match=message) as refused:
        staggered_difference_in_differences(change(rollout(1)), **options)
    assert refused.value.remedy


def stepped(seed: int, *, ratio: float = 1.0, places: int = 12, clump: float = 0.0) -> pd.DataFrame:
    """Two practices start every second month; practices differ, and so do months."""
    rng = np.random.default_rng(seed)
    rows = []
    for place in range(places):
        people, level = rng.integers(4000, 15000), rng.normal(0, 0.3)
        for month in range(15):
            on = month >= 2 + 2 * (place // 2)
            mean = people * 0.004 * np.exp(level + 0.1 * np.sin(month) + 0.01 * month + rng.normal(0, clump))
            rows.append((f"p{place}", month, rng.poisson(mean * (ratio if on else 1.0)), int(on), people))
    return pd.DataFrame(rows, columns=["unit", "time", "count", "treated", "people"])


def test_two_way_poisson_equals_the_model_with_a_dummy_for_everything() -> None:
    frame = stepped(1, ratio=0.8)
    design = pd.concat(
        [frame[["treated"]], pd.get_dummies(frame["unit"]), pd.get_dummies(frame["time"]).iloc[:, 1:]], axis=1
    ).astype(float)
    whole = sm.GLM(frame["count"], design, family=sm.families.Poisson(), offset=np.log(frame["people"])).fit()
    shape = (12, 15)
    wide = frame.assign(order=frame["unit"].str[1:].astype(int)).sort_values(["order", "time"])
    fit = two_way_poisson(
        wide["count"].to_numpy(float).reshape(shape), np.log(wide["people"].to_numpy(float)).reshape(shape),
        wide["treated"].to_numpy(float).reshape(*shape, 1),
    )  # fmt: skip
    assert fit.coefficients[0] == pytest.approx(whole.params["treated"], abs=1e-7)
    assert fit.dispersion == pytest.approx(whole.pearson_chi2 / whole.df_resid, rel=1e-6)


@pytest.mark.parametrize("clump", [0.0, 0.15])
def test_stepped_rollout_holds_the_truth_about_as_often_as_it_says(clump: float) -> None:
    held = 0
    for seed in range(14):
        effect = stepped_rollout(stepped(seed, ratio=0.85, clump=clump), population="people").effect
        held += effect.lower <= 0.85 <= effect.upper
    assert held >= 11


def test_stepped_rollout_by_time_since_start() -> None:
    frame = stepped(3, ratio=0.7)
    found = stepped_rollout(frame, population="people", shape="by time since start", steps=3)
    assert found.by_time.index.tolist() == ["0", "1", "2 or more"]
    assert ((found.by_time["lower"] < 0.7) & (found.by_time["upper"] > 0.7)).all()
    assert found.effect.value == pytest.approx(0.7, abs=0.06)
    assert "last 3 periods" in found.effect.notes[0]


def test_shuffling_the_order_of_starting() -> None:
    changed = stepped_rollout(stepped(4, ratio=0.6), population="people", permutations=60)
    unchanged = stepped_rollout(stepped(4, ratio=1.0), population="people", permutations=60)
    assert changed.permutation_p == pytest.approx(1 / 61)
    assert unchanged.permutation_p is not None
    assert unchanged.permutation_p > 0.05


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 99), factor=st.floats(0.01, 100))
def test_stepped_rollout_ignores_the_unit_of_population(seed: int, factor: float) -> None:
    frame = stepped(seed)
    one = stepped_rollout(frame, population="people").effect
    other = stepped_rollout(frame.assign(people=frame["people"] * factor), population="people").effect
    assert other.value == pytest.approx(one.value)


STEPPED_BAD = {
    "few places": (lambda f: f[f["unit"].isin(["p0", "p3", "p5"])], "3 places with events; .* at least 6"),
    "negative": (lambda f: f.assign(count=f["count"].where(f.index != 4, -1)), "'count' is -1 for p0 in 4"),
    "nobody": (lambda f: f.assign(people=0), "'people' is 0"),
    "one start": (lambda f: f.assign(treated=(f["time"] > 6).astype(int)), "All places start in the same"),
    "from the start": (
        lambda f: f.assign(treated=f["treated"].where(f["unit"] != "p3", 1)),
        "p3 is treated from",
    ),
    "never": (lambda f: f.assign(treated=0), "No place starts"),
    "gap": (lambda f: f.drop(index=[7]), "1 place-periods are missing"),
    "empty month": (
        lambda f: f.assign(count=f["count"].where(f["time"] != 4, 0)),
        "No events in any place in 4",
    ),
}


@pytest.mark.parametrize("name", STEPPED_BAD)
def test_bad_stepped_rollouts_are_refused_with_a_way_out(name: str) -> None:
    change, message = STEPPED_BAD[name]
    with pytest.raises(EvaluationError, match=message) as refused:
        stepped_rollout(change(stepped(1)), population="people")
    assert refused.value.remedy


def test_places_without_events_are_reported() -> None:
    frame = stepped(5)
    frame.loc[frame["unit"] == "p1", "count"] = 0
    found = stepped_rollout(frame, population="people").effect
    assert "1 places had no events" in found.notes[0]
    with pytest.raises(Refusal):
        stepped_rollout(frame.assign(count=0), population="people")
