"""Matching at the size of a county: 5,000 treated, 800,000 candidates, 25 covariates.

    python benchmarks/matching.py [--treated 5000] [--candidates 800000]

Each contender runs in a process of its own on the same data, so that its peak memory is its own: this project's
propensity fit, matching and balance; its whole comparison from frames to effects; and scikit-learn's
LogisticRegression with NearestNeighbors, pairing greedily without replacement. psmpy, if it is installed, is run at a tenth
of both sizes beside this project's match of the same people: it holds the distance of everybody to everybody (64 GB at full size).
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from datetime import date

import numpy as np
import pandas as pd

from goldenthread.evaluation.balance import balance_table, largest_difference
from goldenthread.evaluation.comparison import compare
from goldenthread.evaluation.design import design_matrix
from goldenthread.evaluation.matching import match
from goldenthread.evaluation.propensity import propensity_score
from goldenthread.evaluation.study import Outcome, Study

COVARIATES = [f"x{j:02d}" for j in range(25)]
START = np.datetime64("2024-04-01")


def county(treated: int, candidates: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Ten continuous and skewed covariates, fifteen yes/no ones of all frequencies, and who was chosen."""
    rng = np.random.default_rng(7)
    n = treated + candidates
    x = np.empty((n, 25))
    x[:, :6] = rng.normal(size=(n, 6))
    x[:, 6:10] = rng.poisson([0.3, 0.8, 1.5, 3.0], size=(n, 4))
    x[:, 10:] = rng.random((n, 15)) < np.linspace(0.02, 0.5, 15)
    lean = x @ np.concatenate([np.linspace(0.1, 0.5, 6), [0.4, 0.3, 0.2, 0.1], np.linspace(0.6, -0.3, 15)])
    chosen = np.zeros(n, dtype=bool)
    chosen[np.argsort(-(lean + rng.gumbel(size=n)))[:treated]] = True
    return pd.DataFrame(x, columns=COVARIATES), chosen


def ours(frame: pd.DataFrame, chosen: np.ndarray) -> tuple[float, float, int]:
    """Propensity, matching within 0.2 standard deviations, balance before and after."""
    design = design_matrix([frame], COVARIATES)
    fit = propensity_score(design.regressors, chosen)
    width = 0.2 * np.sqrt((fit.logit[chosen].var() + fit.logit[~chosen].var()) / 2)
    pairs = match(fit.logit, chosen, caliper=width, seed=0)
    table = balance_table(design.matrix, chosen, pairs.weights, names=design.names)
    return largest_difference(table, when="before")[1], largest_difference(table)[1], len(pairs.treated)


def whole(frame: pd.DataFrame, chosen: np.ndarray) -> tuple[float, float, int]:
    """Everything from frames with dates and events to effects, checks and the event study."""
    rng = np.random.default_rng(8)
    frame = frame.assign(pid=np.arange(len(frame), dtype=np.int32))
    entry = START + rng.integers(0, 180, int(chosen.sum()))
    events = pd.DataFrame(
        {
            "pid": rng.integers(0, len(frame), 1_000_000),
            "date": (START + rng.integers(-730, 540, 1_000_000)).astype("M8[s]"),
        }
    )
    day = np.datetime64("2024-01-01", "s")
    study = Study(
        treated=frame[chosen].assign(entry=entry.astype("M8[s]")),
        candidates=frame[~chosen].assign(eligible_from=day, eligible_to=day + 366 * 86_400),
        covariates=COVARIATES,
        outcomes=[Outcome("admissions", events)],
        data_from=date(2022, 4, 1),
        data_to=date(2025, 9, 30),
    )
    clock = time.perf_counter()
    found = compare(study, ratio=1)
    print(f"    (the call itself {time.perf_counter() - clock:.2f} s; the rest is making the data)")
    table = found.balance[found.balance["matched_on"]]
    return largest_difference(table, when="before")[1], largest_difference(table)[1], found.n_treated


def scikit(frame: pd.DataFrame, chosen: np.ndarray) -> tuple[float, float, int]:
    """LogisticRegression, then NearestNeighbors (50 each) read greedily from the largest score, no reuse."""
    from scipy.special import logit as to_logit
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import NearestNeighbors

    x = frame.to_numpy()
    model = LogisticRegression(C=1e6, max_iter=1000).fit(x, chosen)
    logit = to_logit(model.predict_proba(x)[:, 1])
    width = 0.2 * np.sqrt((logit[chosen].var() + logit[~chosen].var()) / 2)
    treated, control = np.flatnonzero(chosen), np.flatnonzero(~chosen)
    gaps, near = (
        NearestNeighbors(n_neighbors=50).fit(logit[control][:, None]).kneighbors(logit[treated][:, None])
    )
    used: set[int] = set()
    weights = np.zeros(len(x))
    pairs = 0
    for i in np.argsort(-logit[treated]):
        for gap, j in zip(gaps[i], near[i], strict=True):
            if gap <= width and j not in used:
                used.add(j)
                weights[treated[i]] = weights[control[j]] = 1
                pairs += 1
                break
    table = balance_table(x, chosen, weights, names=COVARIATES)
    return largest_difference(table, when="before")[1], largest_difference(table)[1], pairs


def psmpy(frame: pd.DataFrame, chosen: np.ndarray) -> tuple[float, float, int]:
    """psmpy's own class: logistic score, k-d tree matching without replacement."""
    from psmpy import PsmPy  # type: ignore[import-not-found]

    table = frame.assign(treated=chosen.astype(int), pid=np.arange(len(frame)))
    run = PsmPy(table, treatment="treated", indx="pid", exclude=[])
    run.logistic_ps(balance=False)
    run.kdtree_matched(matcher="propensity_logit", replacement=False, caliper=None, drop_unmatched=True)
    weights = np.zeros(len(frame))
    pairs = run.matched_ids.dropna()
    weights[pairs.to_numpy().astype(int).ravel()] = 1
    balance = balance_table(frame.to_numpy(), chosen, weights, names=COVARIATES)
    return largest_difference(balance, when="before")[1], largest_difference(balance)[1], len(pairs)


CONTENDERS = {
    "ours": ours,
    "whole": whole,
    "scikit": scikit,
    "ours at a tenth": ours,
    "psmpy at a tenth": psmpy,
}


def main() -> None:
    """Run each contender in a fresh process and print what it took."""
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("--treated", type=int, default=5_000)
    ask.add_argument("--candidates", type=int, default=800_000)
    ask.add_argument("--only", choices=list(CONTENDERS))
    options = ask.parse_args()
    if options.only:
        frame, chosen = county(options.treated, options.candidates)
        base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        clock, work = time.perf_counter(), time.process_time()
        try:
            before, after, pairs = CONTENDERS[options.only](frame, chosen)
        except ImportError:
            print(f"  {options.only}: not installed")
            return
        took, work = time.perf_counter() - clock, time.process_time() - work
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"  {options.only}: {took:.2f} s (processor {work:.2f} s), peak {peak:.2f} GB (data alone {base:.2f}), {pairs:,} pairs, "
            f"largest standardised difference {before:.2f} before, {after:.3f} after"
        )
        return
    print(f"{options.treated:,} treated, {options.candidates:,} candidates, 25 covariates")
    for name in CONTENDERS:
        part = 10 if "tenth" in name else 1
        size = ["--treated", str(options.treated // part), "--candidates", str(options.candidates // part)]
        done = subprocess.run([sys.executable, __file__, "--only", name, *size], check=False, timeout=1800)
        if done.returncode:
            print(f"  {name}: failed with exit code {done.returncode}")


if __name__ == "__main__":
    main()
