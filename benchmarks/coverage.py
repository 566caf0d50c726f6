"""Do the intervals tell the truth? Simulated studies with a planted effect, confounding and regression to the mean.

    python benchmarks/coverage.py                     # 1,000 studies with an effect, 1,000 without
    python benchmarks/coverage.py --studies 200 --treated 200
    python benchmarks/coverage.py --home HOME --studies 400   # on the people and histories of a demo (demo_studies.py)

Each study draws people whose rate of admission follows their covariates, a lasting frailty nobody measures and
passing bad spells. They are chosen for help by what is known of them, above all recent admissions, so the
naive before-after looks good whatever the help does. For each estimate the share of studies whose 95% interval
covers the planted effect is printed, with the Monte Carlo error of that share, and the mean bias.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from demo_studies import plant, read_demo, summary
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


Draw = Callable[[float, np.random.Generator], tuple[Study, np.ndarray]]


def run(draw: Draw, outcomes: list[str], studies: int, effect: float, options: argparse.Namespace) -> None:
    """Print coverage, bias and the naive answer over many studies with one planted effect.

    The true rate difference is what the effect takes from the rate of people helped, on average over the studies.
    """
    found: dict[str, list[tuple[float, float, float, bool]]] = defaultdict(list)
    naive: dict[str, list[tuple[float, bool, float]]] = defaultdict(list)
    without, unlike, refused, began = [], [], 0, time.perf_counter()
    for i in range(studies):
        study, rate = draw(effect, np.random.default_rng([options.seed, i]))
        try:
            answer = compare(study, method=options.method, ratio=options.ratio, seed=i)
        except Refusal:
            refused += 1
            continue
        helped = answer.people.loc[answer.people["treated"], "pid"].to_numpy()
        without.append(rate[helped].mean())
        unlike.append(answer.balance.loc[answer.balance["matched_on"], "smd_after"].abs().max())
        for e in answer.effects:
            if e.outcome in outcomes and e.measure != "count" and (e.is_ratio or e.outcome == outcomes[0]):
                name = f"{e.outcome}: {e.measure}, {e.method}"
                found[name].append((e.value, e.lower, e.upper, e.is_ratio))
        for row in answer.naive.to_dict("records"):
            covered = row["treated_change_lower"] <= effect <= row["treated_change_upper"]
            naive[row["outcome"]].append((row["treated_change"], covered, row["control_change"]))
    took = time.perf_counter() - began
    print(f"\nPlanted rate ratio {effect}: {studies} studies, {refused} refused, {took:.0f} s")
    print(f"  largest standardised difference after matching: median {np.median(unlike):.2f}")
    for name, rows in found.items():
        _say(name, np.array(rows), effect, (effect - 1) * float(np.mean(without)))
    for outcome, seen in naive.items():
        change, covers, own = np.array(seen, dtype=float).T
        print(
            f"  {outcome}: naive before-after says {change.mean():.2f} on average and covers the truth in "
            f"{covers.mean():.1%}; the matched people changed by {own.mean():.2f} without help"
        )


def _say(name: str, rows: np.ndarray, effect: float, difference: float) -> None:
    value, low, high, ratio = rows.T
    truth = effect if ratio[0] else difference
    covered = (low <= truth) & (truth <= high)
    share = covered.mean()
    error = 1.96 * np.sqrt(share * (1 - share) / len(rows))
    if ratio[0]:
        value, low, high, truth = np.log(value), np.log(low), np.log(high), np.log(truth)
    extra = f", false positives {1 - share:.1%}" if effect == 1 else ""
    spread = value.std() / ((high - low).mean() / 3.92)
    print(
        f"  {name:<70} covers {share:.1%} (+/- {error:.1%}){extra}; mean bias {(value - truth).mean():+.3f}; "
        f"spread / stated error {spread:.2f}"
    )


def main() -> None:
    """Run the studies with an effect and without one."""
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("--studies", type=int, default=1000)
    ask.add_argument("--people", type=int, default=6000)
    ask.add_argument("--treated", type=int, default=300)
    ask.add_argument("--ratio", type=int, default=3)
    ask.add_argument("--method", default="matching", choices=["matching", "inverse probability", "entropy"])
    ask.add_argument("--seed", type=int, default=20)
    ask.add_argument("--practice-spread", type=float, default=0.0)
    ask.add_argument("--effect", type=float, nargs="*", default=[0.8, 1.0])
    ask.add_argument("--home", type=Path, help="a demo home: its people and their histories are used")
    options = ask.parse_args()
    outcomes = ["admissions"]
    if options.home:
        demo = read_demo(options.home)
        outcomes, among = ["attendances", "emergency admissions"], summary(demo)

        def draw(effect: float, rng: np.random.Generator) -> tuple[Study, np.ndarray]:
            return plant(demo, effect, rng, treated=options.treated)

    else:
        among = f"{options.people} people"

        def draw(effect: float, rng: np.random.Generator) -> tuple[Study, np.ndarray]:
            people, rate = demo_people(options.people, rng)
            return simulate(
                people, rate, effect, rng, treated=options.treated, practice_spread=options.practice_spread
            )

    print(f"{options.treated} treated among {among}, {options.method} 1:{options.ratio}")
    for effect in options.effect:
        run(draw, outcomes, options.studies, effect, options)


if __name__ == "__main__":
    main()
