"""Do the place-level methods keep their promises? Simulated programmes with known effects, one run.

``python benchmarks/evaluation_place.py [studies]`` prints, for each method, how often the 95% interval holds the
planted effect, how often no effect is called one, and what a plain before-and-after comparison would have said.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from goldenthread.evaluation import (
    Effect,
    Panel,
    RolloutBaseline,
    SeriesBaseline,
    interrupted_time_series,
    minimum_detectable_effect,
    place_difference_in_differences,
    staggered_difference_in_differences,
    stepped_rollout,
    synthetic_control,
    synthetic_difference_in_differences,
)

Study = tuple[Effect, float]


def series(seed: int, effect: float, memory: float = 0.0, errors: str = "model") -> Study:
    """Sixty months of one place, growing 0.3% a month, with seasons and scatter; the start is in month 37."""
    rng = np.random.default_rng(seed)
    month = np.arange(1, 61)
    noise = np.zeros(60)
    for at in range(1, 60):
        noise[at] = memory * noise[at - 1] + rng.normal(0, 0.05 if memory else 0)
    mean = 150 * np.exp(0.003 * month + 0.12 * np.sin(2 * np.pi * month / 12) + noise)
    counts = rng.negative_binomial(mean * np.where(month >= 37, effect, 1.0), 0.5)
    found = interrupted_time_series(
        pd.DataFrame({"time": month, "count": counts}),
        start=37,
        errors=errors,  # type: ignore[arg-type]
    )
    return found.effect, counts[36:].mean() / counts[:36].mean()


def places(method: Callable[..., object], seed: int, effect: float) -> Study:
    """Sixteen PCNs over 30 months that follow a common course each to its own degree; one starts in month 22."""
    rng = np.random.default_rng(seed)
    loading = rng.uniform(0.7, 1.3, (16, 1))
    common = np.cumsum(rng.normal(-0.1, 0.5, 30))
    rates = 50 + 8 * loading + loading * common + rng.normal(0, 0.8, (16, 30))
    rates[0, 22:] += effect
    found = method(Panel.from_wide(pd.DataFrame(rates), treated_units=[0], start=22))
    return found.effect, rates[0, 22:].mean() - rates[0, :22].mean()  # type: ignore[attr-defined]


def staggered(seed: int, effect: float, small: bool) -> Study:
    """Practices that start in one of three years or never, while everything drifts by 0.5 a year."""
    rng = np.random.default_rng(seed)
    number = 16 if small else 60
    first = np.array([2021 + place if place < 6 else 0 for place in range(16)]) if small else None
    rows = []
    for place in range(number):
        start = int(first[place]) if first is not None else (2022, 2023, 2024, 0)[place % 4]
        level = rng.normal(20, 3)
        for year in range(2019, 2028):
            on = bool(start) and year >= start
            rows.append((place, year, level + 0.5 * (year - 2019) + rng.normal() + effect * on, int(on)))
    frame = pd.DataFrame(rows, columns=["unit", "time", "outcome", "treated"])
    ever = frame[frame.groupby("unit")["treated"].transform("max") == 1]
    naive = (
        ever.loc[ever["treated"] == 1, "outcome"].mean() - ever.loc[ever["treated"] == 0, "outcome"].mean()
    )
    return staggered_difference_in_differences(frame, repetitions=10).effect, naive


def stepped(seed: int, effect: float, wobble: float) -> Study:
    """Twelve practices over 15 months, two starting every second month, while rates rise 1% a month."""
    rng = np.random.default_rng(seed)
    rows = []
    for place in range(12):
        people, level = rng.integers(4000, 15000), rng.normal(0, 0.3)
        for month in range(15):
            on = month >= 2 + 2 * (place // 2)
            rate = 0.004 * np.exp(level + 0.1 * np.sin(month) + 0.01 * month + rng.normal(0, wobble))
            rows.append((place, month, rng.poisson(people * rate * (effect if on else 1.0)), int(on), people))
    frame = pd.DataFrame(rows, columns=["unit", "time", "count", "treated", "people"])
    sums = frame.groupby("treated")[["count", "people"]].sum()
    rates = sums["count"] / sums["people"]
    return stepped_rollout(frame, population="people").effect, float(rates[1] / rates[0])


METHODS: dict[str, tuple[Callable[[int, float], Study], float, float]] = {
    "interrupted time series": (series, 0.88, 1.0),
    **{
        f"  memory {memory}, {errors} errors": (
            lambda s, e, memory=memory, errors=errors: series(s, e, memory, errors),
            0.88,
            1.0,
        )
        for memory in (0.0, 0.3, 0.5, 0.7)
        for errors in ("model", "autoregressive", "newey-west")
    },
    "synthetic difference-in-differences": (
        lambda s, e: places(synthetic_difference_in_differences, s, e),
        -3,
        0,
    ),
    "synthetic control": (lambda s, e: places(synthetic_control, s, e), -3, 0),
    "difference-in-differences": (lambda s, e: places(place_difference_in_differences, s, e), -3, 0),
    "staggered, groups of 15": (lambda s, e: staggered(s, e, False), -1, 0),
    "staggered, groups of one": (lambda s, e: staggered(s, e, True), -1, 0),
    "stepped roll-out": (lambda s, e: stepped(s, e, 0.0), 0.88, 1.0),
    "stepped roll-out, wobbling rates": (lambda s, e: stepped(s, e, 0.1), 0.88, 1.0),
}


def main(studies: int) -> None:
    print(f"{studies} simulated studies with an effect and {studies} without, each")
    print(
        f"{'method':38} {'holds truth':>11} {'false alarms':>12} {'mean':>7} {'truth':>6} {'naive':>7} {'s/study':>8}"
    )
    for name, (study, truth, none) in METHODS.items():
        began = time.perf_counter()
        real = [study(seed, truth) for seed in range(studies)]
        idle = [study(10_000 + seed, none)[0] for seed in range(studies)]
        spent = (time.perf_counter() - began) / (2 * studies)
        holds = np.mean([effect.lower <= truth <= effect.upper for effect, _ in real])
        alarms = np.mean([effect.excludes_no_effect for effect in idle])
        mean, naive = np.mean([effect.value for effect, _ in real]), np.mean([one for _, one in real])
        print(
            f"{name:38} {holds:11.1%} {alarms:12.1%} {mean:7.2f} {truth:6.2f} {naive:7.2f} {spent:8.3f}",
            flush=True,
        )
    month = np.arange(60)
    mean_ = 150 * np.exp(0.12 * np.sin(2 * np.pi * month / 12))
    plan = SeriesBaseline(tuple(mean_[:36]), tuple(mean_[36:]), dispersion=2.0)
    ratio = minimum_detectable_effect(plan).value
    seen = np.mean([series(20_000 + seed, ratio)[0].excludes_no_effect for seed in range(studies)])
    print(f"planned power 80% for a series (ratio {ratio:.3f}): kept {seen:.1%}")
    steps = RolloutBaseline((38.0,) * 12, tuple(2 + 2 * (place // 2) for place in range(12)), 15)
    ratio = minimum_detectable_effect(steps).value
    seen = np.mean([stepped(30_000 + seed, ratio, 0.0)[0].excludes_no_effect for seed in range(studies)])
    print(f"planned power 80% for a roll-out (ratio {ratio:.3f}): kept {seen:.1%}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
