"""Do the intervals tell the truth? Simulated studies with a planted effect, confounding and regression to the mean.

    python benchmarks/coverage.py                     # 1,000 studies with an effect, 1,000 without
    python benchmarks/coverage.py --studies 200 --treated 200

Each study draws people whose rate of admission follows their covariates, a lasting frailty nobody measures and
passing bad spells. They are chosen for help by what is known of them, above all recent admissions, so the
naive before-after looks good whatever the help does. For each estimate the share of studies whose 95% interval
covers the planted effect is printed, with the Monte Carlo error of that share, and the mean bias.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from datetime import date

import numpy as np
import pandas as pd

from goldenthread.evaluation.comparison import compare
from goldenthread.evaluation.errors import Refusal
from goldenthread.evaluation.followup import add_months
from goldenthread.evaluation.study import Outcome, Study

BEFORE, AFTER = 8, 4
FIRST = np.datetime64("2023-04-01")
COVARIATES = ["age", "sex", "deprivation", "conditions", "recent", "earlier"]


def demo_people(n: int, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """Covariates and a yearly baseline rate; any frame and rates of the same length will do instead."""
    people = pd.DataFrame(
        {
            "age": rng.normal(76, 8, n).clip(60, 100),
            "sex": rng.choice(["F", "M"], n, p=[0.57, 0.43]),
            "deprivation": rng.integers(1, 6, n),
            "conditions": rng.poisson(2.2, n),
            "practice": rng.integers(0, 40, n),
        }
    )
    log_rate = (
        -1.0 + 0.03 * (people["age"] - 76) + 0.2 * (people["conditions"] - 2) - 0.08 * people["deprivation"]
    )
    return people, np.exp(log_rate.to_numpy())


def simulate(
    people: pd.DataFrame,
    rate: np.ndarray,
    effect: float,
    rng: np.random.Generator,
    *,
    treated: int,
    frailty: float = 0.6,
    spells: float = 0.5,
    practice_spread: float = 0.0,
    months: int = 6,
) -> tuple[Study, np.ndarray]:
    """A study on these people with a planted rate ratio, and each person's true rate after entry without help.

    frailty and spells are the standard deviations of the lasting and the passing part of the log rate.
    Covariates ``recent`` and ``earlier`` (admissions in the last quarter and the three before) are added.
    """
    n = len(people)
    start = FIRST + rng.integers(0, 30 * months, n)
    true = rate * np.exp(rng.normal(-(frailty**2) / 2, frailty, n))
    if practice_spread:
        true = true * np.exp(rng.normal(0, practice_spread, people["practice"].max() + 1))[people["practice"]]
    shock = rng.normal(0, spells, n)
    yearly = np.empty((n, BEFORE + AFTER))
    for k in range(BEFORE + AFTER):
        yearly[:, k] = true * np.exp(shock - spells**2 / 2)
        shock = 0.5 * shock + np.sqrt(0.75) * rng.normal(0, spells, n)
    count = rng.poisson(yearly[:, :BEFORE] / 4)
    people = people.assign(
        recent=np.minimum(count[:, -1], 3), earlier=np.minimum(count[:, -4:-1].sum(axis=1), 6)
    )
    lean = (
        0.03 * (people["age"] - 76)
        + 0.15 * people["conditions"]
        + 0.7 * people["recent"]
        + 0.25 * people["earlier"]
        - 0.1 * people["deprivation"]
        + 0.2 * (people["sex"] == "F")
    ).to_numpy()
    chosen = np.zeros(n, dtype=bool)
    chosen[np.argsort(-(lean + rng.logistic(size=n)))[:treated]] = True
    after = rng.poisson(yearly[:, BEFORE:] / 4 * np.where(chosen, effect, 1.0)[:, None])
    everything = np.concatenate([count, after], axis=1)
    edges = np.stack([add_months(start, 3 * k) for k in range(-BEFORE, AFTER + 1)], axis=1)
    who, quarter = np.nonzero(everything)
    times = everything[who, quarter]
    who, quarter = np.repeat(who, times), np.repeat(quarter, times)
    width = (edges[who, quarter + 1] - edges[who, quarter]).astype(int)
    when = edges[who, quarter] + np.floor(rng.random(len(who)) * width).astype(int)
    exit_day = np.full(n, np.datetime64("NaT"), dtype="M8[D]")
    gone = rng.random(n) < 0.06
    exit_day[gone] = start[gone] + rng.integers(10, 360, gone.sum())
    frame = people.assign(
        pid=np.arange(n),
        exit=exit_day.astype("M8[s]"),
        exit_reason=np.where(gone, np.where(rng.random(n) < 0.4, "died", "left"), None),
    )
    day = pd.Series(start.astype("M8[s]"))
    study = Study(
        treated=frame[chosen].assign(entry=day[chosen]),
        candidates=frame[~chosen].assign(
            start=day[~chosen], eligible_from=day[~chosen], eligible_to=day[~chosen]
        ),
        covariates=COVARIATES,
        outcomes=[Outcome("admissions", pd.DataFrame({"pid": who, "date": when.astype("M8[s]")}))],
        data_from=date(2020, 1, 1),
        data_to=date(2025, 3, 31),
        quarters_before=BEFORE,
        quarters_after=AFTER,
        cluster="practice" if practice_spread else None,
    )
    return study, yearly[:, BEFORE:].mean(axis=1)


def run(studies: int, effect: float, options: argparse.Namespace, seed: int) -> None:
    """Print coverage, bias and the naive answer over many studies with one planted effect."""
    hits: dict[str, list[bool]] = defaultdict(list)
    bias: dict[str, list[float]] = defaultdict(list)
    width: dict[str, list[float]] = defaultdict(list)
    naive, own, refused, began = [], [], 0, time.perf_counter()
    for i in range(studies):
        rng = np.random.default_rng([seed, i])
        people, rate = demo_people(options.people, rng)
        study, true = simulate(
            people, rate, effect, rng, treated=options.treated, practice_spread=options.practice_spread
        )
        try:
            found = compare(study, method=options.method, ratio=options.ratio, seed=i)
        except Refusal:
            refused += 1
            continue
        helped = found.people.loc[found.people["treated"], "pid"].to_numpy()
        for estimate in found.effects:
            if estimate.outcome != "admissions" or estimate.measure == "count":
                continue
            truth = effect if estimate.measure == "rate ratio" else (effect - 1) * true[helped].mean()
            name = f"{estimate.measure}, {estimate.method}"
            hits[name].append(estimate.lower <= truth <= estimate.upper)
            gap = np.log(estimate.value / truth) if estimate.is_ratio else estimate.value - truth
            bias[name].append(float(gap))
            span = (
                np.log(estimate.upper / estimate.lower)
                if estimate.is_ratio
                else estimate.upper - estimate.lower
            )
            width[name].append(float(span))
        row = found.naive.iloc[0]
        naive.append(
            (row["treated_change"], row["treated_change_lower"] <= effect <= row["treated_change_upper"])
        )
        own.append(row["control_change"])
    took = time.perf_counter() - began
    print(f"\nPlanted rate ratio {effect}: {studies} studies, {refused} refused, {took:.0f} s")
    for name, covered in hits.items():
        share, m = np.mean(covered), len(covered)
        error = np.sqrt(share * (1 - share) / m)
        extra = f", false positives {1 - share:.1%}" if effect == 1 else ""
        ratio = np.std(bias[name]) / (np.mean(width[name]) / 3.92)
        print(
            f"  {name:<58} covers {share:.1%} (+/- {1.96 * error:.1%}){extra}; mean bias {np.mean(bias[name]):+.3f}; "
            f"spread / stated error {ratio:.2f}"
        )
    change, covers = np.array(naive).T
    print(
        f"  naive before-after says {np.mean(change):.2f} on average and covers the truth in {covers.mean():.1%}; "
        f"the matched people changed by {np.mean(own):.2f} without help"
    )


def main() -> None:
    """Run the studies with an effect and without one."""
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("--studies", type=int, default=1000)
    ask.add_argument("--people", type=int, default=6000)
    ask.add_argument("--treated", type=int, default=300)
    ask.add_argument("--ratio", type=int, default=3)
    ask.add_argument("--method", default="matching", choices=["matching", "inverse probability", "entropy"])
    ask.add_argument("--practice-spread", type=float, default=0.0)
    ask.add_argument("--effect", type=float, nargs="*", default=[0.8, 1.0])
    options = ask.parse_args()
    print(f"{options.treated} treated among {options.people} people, {options.method} 1:{options.ratio}")
    for effect in options.effect:
        run(options.studies, effect, options, seed=20)


if __name__ == "__main__":
    main()
