"""One place over time: the published example, known truths, serial correlation, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenthread.evaluation.effect import Effect
from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.its import interrupted_time_series

VECTORS = Path(__file__).parent / "vectors"


def sicily() -> pd.DataFrame:
    frame = pd.read_csv(VECTORS / "sicily.csv")
    return frame.assign(month=pd.to_datetime(frame[["year", "month"]].assign(day=1)))


def expected(model: str, term: str = "RR_smokban") -> list[float]:
    table = pd.read_csv(VECTORS / "sicily_expected.csv").set_index(["model", "term"])
    return table.loc[(model, term), ["estimate", "lower", "upper"]].astype(float).tolist()


SICILY = {"start": "2005-01", "count": "aces", "time": "month", "population": "stdpop"}


@pytest.mark.parametrize(
    ("model", "options", "dispersion"),
    [
        ("sicily_model1_poisson", {"season": "none", "family": "poisson"}, 3.559195),
        ("sicily_model2_quasipoisson", {"season": "none"}, 3.559195),
        ("sicily_model3_quasipoisson_harmonic2", {}, 2.262186),
    ],
)
def test_the_sicilian_smoking_ban(model: str, options: dict[str, str], dispersion: float) -> None:
    found = interrupted_time_series(sicily(), **SICILY, **options)  # type: ignore[arg-type]
    effect = found.effect
    assert [effect.value, effect.lower, effect.upper] == pytest.approx(expected(model), abs=1e-5)
    assert found.dispersion == pytest.approx(dispersion, abs=1e-5)
    assert (effect.n_treated, effect.n_control) == (23, 36)


def test_the_sicilian_smoking_ban_with_a_change_of_slope() -> None:
    model = "sicily_model4_level_slope_harmonic2"
    found = interrupted_time_series(sicily(), **SICILY, shape="level and slope")
    # The ban starts in month 37; the authors count its slope from month 0.
    assert found.ratio_at(-37) == pytest.approx(expected(model), abs=1e-5)
    slope = np.exp(found.coefficients.loc["slope", ["estimate", "lower", "upper"]].astype(float))
    assert slope.tolist() == pytest.approx(expected(model, "RR_smokban:time"), abs=1e-5)
    assert found.ratio_at(0)[0] < found.effect.value < found.ratio_at(22)[0]


def test_the_course_without_the_ban_and_what_was_avoided() -> None:
    found = interrupted_time_series(sicily(), **SICILY)
    after = found.series[found.series["after"]]
    before = found.series[~found.series["after"]]
    assert before["fitted"].tolist() == pytest.approx(before["expected"].tolist())
    assert found.avoided[0] == pytest.approx(after["expected"].sum() - after["fitted"].sum())
    assert after["fitted"].sum() / after["expected"].sum() == pytest.approx(found.effect.value)
    assert found.avoided[1] < found.avoided[0] < found.avoided[2]


def simulated(
    seed: int, *, ratio: float = 1.0, periods: int = 60, start: int = 37, correlation: float = 0.0
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    month = np.arange(1, periods + 1)
    noise = np.zeros(periods)
    for at in range(1, periods):
        noise[at] = correlation * noise[at - 1] + rng.normal(0, 0.08 if correlation else 0.0)
    mean = 150 * np.exp(0.004 * month + 0.15 * np.sin(2 * np.pi * month / 12) + noise)
    return pd.DataFrame({"time": month, "count": rng.poisson(mean * np.where(month >= start, ratio, 1.0))})


@pytest.mark.parametrize("season", ["harmonics", "months"])
def test_covers_the_truth_about_as_often_as_it_says(season: str) -> None:
    held = 0
    for seed in range(60):
        effect = interrupted_time_series(simulated(seed, ratio=0.85), start=37, season=season).effect  # type: ignore[arg-type]
        held += effect.lower <= 0.85 <= effect.upper
    assert held >= 52


def width(effect: Effect) -> float:
    return float(np.log(effect.upper / effect.lower))


def test_serial_correlation_is_noticed_and_wider_intervals_are_there_for_it() -> None:
    noticed, wider, newey_west = 0, 0, 0
    for seed in range(20):
        frame = simulated(seed, periods=120, start=61, correlation=0.7)
        plain = interrupted_time_series(frame, start=61)
        own = interrupted_time_series(frame, start=61, errors="autoregressive").effect
        robust = interrupted_time_series(frame, start=61, errors="newey-west", lags=6).effect
        assert own.value == robust.value == pytest.approx(plain.effect.value)
        noticed += plain.serial_p < 0.05 and "autoregressive" in " ".join(plain.effect.notes)
        wider += width(own) > 1.3 * width(plain.effect)
        newey_west += width(robust) > width(plain.effect)
    assert noticed >= 18
    assert wider >= 18
    assert newey_west >= 15


def test_autoregressive_errors_cover_better_where_memory_outweighs_chance() -> None:
    """85 and 69 in 100 over many such series: better, and not yet what 95% promises (decision 0028)."""
    held = {"model": 0, "autoregressive": 0}
    for seed in range(60):
        frame = simulated(seed, ratio=0.85, correlation=0.6)
        for errors in held:
            effect = interrupted_time_series(frame, start=37, errors=errors).effect  # type: ignore[arg-type]
            held[errors] += effect.lower <= 0.85 <= effect.upper
    assert held["autoregressive"] >= 45
    assert held["autoregressive"] >= held["model"] + 5


def test_scatter_beyond_poisson_is_said() -> None:
    poisson = interrupted_time_series(sicily(), **SICILY, family="poisson")
    assert "scatter 2.3 times" in " ".join(poisson.effect.notes)


def test_leaving_out_a_phase_in_or_a_pandemic() -> None:
    frame = simulated(3, ratio=0.8)
    disturbed = frame.assign(count=np.where(frame["time"].between(37, 39), 900, frame["count"]))
    told = interrupted_time_series(disturbed, start=37, exclude=[37, 38, 39]).effect
    assert told.value == pytest.approx(0.8, abs=0.06)
    cut = disturbed[~disturbed["time"].between(37, 39)]
    assert interrupted_time_series(cut, start=37, exclude=[37, 38, 39]).effect.value == pytest.approx(
        told.value
    )
    assert interrupted_time_series(disturbed, start=37).effect.value > 1


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000), factor=st.floats(0.1, 1000))
def test_ratio_does_not_depend_on_the_size_of_the_population_unit(seed: int, factor: float) -> None:
    frame = simulated(seed).assign(people=1000.0, other=1000.0 * factor)
    one = interrupted_time_series(frame, start=37, population="people").effect
    other = interrupted_time_series(frame, start=37, population="other").effect
    assert other.value == pytest.approx(one.value, rel=1e-4)
    assert other.upper == pytest.approx(one.upper, rel=1e-4)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000), offset=st.integers(-500, 500))
def test_numbering_of_the_periods_does_not_matter(seed: int, offset: int) -> None:
    frame = simulated(seed)
    one = interrupted_time_series(frame, start=37, shape="level and slope", season="months").effect
    moved = frame.assign(time=frame["time"] + offset)
    other = interrupted_time_series(moved, start=37 + offset, shape="level and slope", season="months").effect
    assert other.value == pytest.approx(one.value, rel=1e-5)


def test_quarters_and_weeks_are_recognised() -> None:
    for length, cycle in (("QS", 4), ("W-MON", 52)):
        dates = pd.date_range("2019-01-01", periods=120, freq=length)
        frame = pd.DataFrame({"time": dates, "count": np.random.default_rng(1).poisson(80, 120)})
        found = interrupted_time_series(frame, start=dates[70], cycle=cycle, harmonics=1)
        assert found.effect.n_control == 70


def monthly() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "time": pd.date_range("2021-01-01", periods=48, freq="MS"),
            "count": np.arange(48) % 7 + 40,
            "people": 100,
        }
    )


BAD = {
    "missing months": (lambda f: f.drop(index=[5, 6]), {}, r"2 periods are missing .* the first is 2021-06"),
    "negative count": (
        lambda f: f.assign(count=f["count"].where(f.index != 3, -2)),
        {},
        r"negative \(-2\) in 2021-04",
    ),
    "empty count": (
        lambda f: f.assign(count=f["count"].where(f.index != 3)),
        {},
        r"missing or not finite in 2021-04",
    ),
    "start too late": (
        lambda f: f,
        {"start": "2031-01"},
        r"2031-01 is outside the series, which runs from 2021-01",
    ),
    "start at once": (lambda f: f, {"start": "2021-01"}, r"outside the series"),
    "start is no date": (lambda f: f, {"start": "soon"}, r"'soon' .* is not a date"),
    "two rows a month": (lambda f: pd.concat([f, f.iloc[[2]]]), {}, r"More than one row for 2021-03"),
    "nobody lives there": (
        lambda f: f.assign(people=0),
        {"population": "people"},
        r"'people' is 0 in 2021-01",
    ),
    "no column": (lambda f: f, {"count": "falls"}, r"Column 'falls' is not in the table"),
    "text": (lambda f: f.assign(count="x"), {}, r"not a number"),
    "no time": (lambda f: f.assign(time=f["time"].where(f.index != 3)), {}, r"A row has no time"),
    "empty": (lambda f: f.iloc[:0], {}, r"no rows"),
    "time is text": (lambda f: f.assign(time="once"), {}, r"neither a date nor a whole number"),
    "too few before": (lambda f: f.iloc[30:], {}, r"6 before and 12 after .* at least 12 before and 3 after"),
    "too few after": (lambda f: f.iloc[:38], {}, r"36 before and 2 after"),
    "too few for a slope": (lambda f: f.iloc[:40], {"shape": "slope"}, r"at least 12 before and 6 after"),
    "nothing before": (
        lambda f: f.assign(count=f["count"].where(f.index >= 36, 0)),
        {},
        r"No events at all before",
    ),
    "nothing after": (
        lambda f: f.assign(count=f["count"].where(f.index < 36, 0)),
        {},
        r"No events at all after",
    ),
    "too many terms": (lambda f: f, {"harmonics": 6}, r"6 harmonics in a cycle of 12"),
    "unknown shape": (lambda f: f, {"shape": "jump"}, r"Unknown shape"),
    "unknown season": (lambda f: f, {"season": "lunar"}, r"Unknown season"),
    "unknown errors": (lambda f: f, {"errors": "large"}, r"Unknown errors"),
    "confidence": (lambda f: f, {"confidence": 95}, r"Confidence is 95"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_series_are_refused_with_a_way_out(name: str) -> None:
    change, options, message = BAD[name]
    with pytest.raises(EvaluationError, match=message) as refused:
        interrupted_time_series(change(monthly()), **{"start": "2024-01", **options})
    assert refused.value.remedy


def test_too_short_a_series_is_a_refusal_that_says_how_many_are_needed() -> None:
    with pytest.raises(Refusal) as refused:
        interrupted_time_series(monthly().iloc[30:], start="2024-01")
    assert refused.value.remedy.startswith("Add 6 earlier and wait for 0 more periods")
