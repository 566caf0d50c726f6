"""A small made-up study with a known effect, for the tests (the large one is in benchmarks/coverage.py)."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from goldenthread.evaluation.followup import add_months
from goldenthread.evaluation.study import Outcome, Study

BEFORE, AFTER = 4, 4
COVARIATES = ["age", "sex", "need", "recent"]


def make_study(effect=1.0, *, seed=0, people=2500, treated=250, unlucky=0, **changes):
    """People chosen because of recent events; the effect multiplies events after entry.

    unlucky: this many treated people die a month after entry.
    """
    rng = np.random.default_rng(seed)
    start = np.datetime64("2023-04-01") + rng.integers(0, 90, people)
    need = rng.poisson(2, people)
    rate = np.exp(-0.6 + 0.25 * (need - 2)) * rng.gamma(3, 1 / 3, people)
    before = rng.poisson(rate[:, None] / 4, (people, BEFORE))
    recent = before[:, -2:].sum(axis=1)
    frame = pd.DataFrame(
        {
            "pid": np.arange(people),
            "age": rng.normal(75, 8, people),
            "sex": rng.choice(["F", "M"], people),
            "need": need,
            "recent": recent,
            "fifth": rng.integers(1, 6, people),
            "practice": rng.integers(0, 30, people),
            "exit": np.full(people, np.datetime64("NaT"), dtype="M8[s]"),
            "exit_reason": None,
        }
    )
    lean = 0.9 * recent + 0.3 * need + 0.02 * frame["age"].to_numpy()
    chosen = np.zeros(people, dtype=bool)
    chosen[np.argsort(-(lean + rng.logistic(size=people)))[:treated]] = True
    helped = np.where(chosen, effect, 1.0)[:, None]
    counts = np.concatenate([before, rng.poisson(rate[:, None] / 4 * helped, (people, AFTER))], axis=1)
    dead = np.flatnonzero(chosen)[:unlucky]
    frame.loc[dead, "exit"] = (start[dead] + 30).astype("M8[s]")
    frame["exit_reason"] = frame["exit_reason"].astype(object)
    frame.loc[dead, "exit_reason"] = "died"
    day = pd.Series(start.astype("M8[s]"))
    never = rng.poisson(rate[:, None] / 4, counts.shape)
    settings = {
        "treated": frame[chosen].assign(entry=day[chosen]),
        "candidates": frame[~chosen].assign(
            start=day[~chosen], eligible_from=day[~chosen], eligible_to=day[~chosen]
        ),
        "covariates": COVARIATES,
        "outcomes": [
            Outcome("admissions", events_of(counts, start, rng)),
            Outcome("fractures", events_of(never, start, rng), role="negative control"),
        ],
        "data_from": date(2021, 1, 1),
        "data_to": date(2025, 3, 31),
        "quarters_before": BEFORE,
        "quarters_after": AFTER,
    }
    return Study(**(settings | changes))


def events_of(counts, start, rng):
    """Dated events, uniform within each person's own quarters."""
    edges = np.stack([add_months(start, 3 * k) for k in range(-BEFORE, AFTER + 1)], axis=1)
    who, quarter = np.nonzero(counts)
    times = counts[who, quarter]
    who, quarter = np.repeat(who, times), np.repeat(quarter, times)
    width = (edges[who, quarter + 1] - edges[who, quarter]).astype(int)
    when = edges[who, quarter] + np.floor(rng.random(len(who)) * width).astype(int)
    return pd.DataFrame({"pid": who, "date": when.astype("M8[s]")})
