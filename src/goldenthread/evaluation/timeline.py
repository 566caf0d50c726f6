"""Quarter by quarter before and after entry: were they alike before, and when did they part?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from goldenthread.evaluation.arrays import Floats
from goldenthread.evaluation.effects import YEAR, Arms, rate_effects
from goldenthread.evaluation.errors import Refusal
from goldenthread.evaluation.followup import Quarters
from goldenthread.evaluation.sandwich import clustered


def event_study(
    outcome: str, count: Floats, time: Quarters, groups: Arms, *, confidence: float = 0.95
) -> pd.DataFrame:
    """The difference from matched people in each quarter from entry, unadjusted.

    count is rows x quarters. Returns outcome, quarter (-1 is the last before entry, 1 the first after), events
    and rates (a person-year) of both groups, percent (100 x (rate ratio - 1)) with percent_lower and
    percent_upper, difference with difference_lower and difference_upper (a person-year), and reason, which
    says why a figure is empty. Intervals are for one quarter at a time.
    """
    rows = []
    for k, label in enumerate(time.labels):
        y, days = count[:, k], time.days[:, k]
        row: dict[str, object] = {"outcome": outcome, "quarter": label, "reason": ""}
        years = []
        rates = []
        influence = np.zeros(len(y))
        for flag, arm, sign in ((groups.treated, "treated", 1.0), (~groups.treated, "control", -1.0)):
            w = flag * groups.weights
            person_years = float(w @ days) / YEAR
            years.append(person_years)
            row[f"events_{arm}"] = int(y[flag & (groups.weights > 0)].sum())
            if person_years > 0:
                rates.append(float(w @ y) / person_years)
                influence += sign * w * (y - rates[-1] * days / YEAR) / person_years
                row[f"rate_{arm}"] = rates[-1]
        if min(years) <= 0:
            rows.append(row | {"reason": "Nobody in one of the groups was followed in this quarter."})
            continue
        gap = rates[0] - rates[1]
        low, high = clustered(influence, groups.clusters).interval(gap, confidence)
        row |= {"difference": gap, "difference_lower": low, "difference_upper": high}
        try:
            found = rate_effects(y, days, groups, outcome=outcome, confidence=confidence)["rate ratio"]
            row |= {
                "percent": 100 * (found.value - 1),
                "percent_lower": 100 * (found.lower - 1),
                "percent_upper": 100 * (found.upper - 1),
            }
        except Refusal as refusal:
            row["reason"] = refusal.message
        rows.append(row)
    columns = [
        "outcome",
        "quarter",
        "events_treated",
        "events_control",
        "rate_treated",
        "rate_control",
        "percent",
        "percent_lower",
        "percent_upper",
        "difference",
        "difference_lower",
        "difference_upper",
        "reason",
    ]
    return pd.DataFrame(rows, columns=columns)
