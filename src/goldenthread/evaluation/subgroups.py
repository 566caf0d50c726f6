"""For whom: the effect at each level of deprivation, ethnicity or the like, and whether the levels differ."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import f as f_distribution
from scipy.stats import norm

from goldenthread.evaluation.arrays import Floats
from goldenthread.evaluation.effect import Effect
from goldenthread.evaluation.effects import Arms, rate_effects
from goldenthread.evaluation.errors import Refusal
from goldenthread.evaluation.honesty import benjamini_hochberg, holm

COLUMNS = (
    "outcome",
    "subgroup",
    "level",
    "n_treated",
    "n_control",
    "rate_ratio",
    "lower",
    "upper",
    "p_value",
    "p_adjusted",
    "interaction_p",
    "interaction_p_adjusted",
    "reason",
)


def subgroup_effects(
    count: Floats,
    days: Floats,
    groups: Arms,
    levels: Mapping[str, npt.NDArray[np.object_]],
    *,
    outcome: str = "outcome",
    confidence: float = 0.95,
) -> tuple[pd.DataFrame, list[Effect], str]:
    """Rate ratios by level, a test of whether the levels differ, and what testing many does to chance.

    levels: for each subgroup a label a row; in a matched sample every row carries the *treated* person's label,
    so that sets stay whole. A level with too few events keeps its row, with a reason and no figures. The
    interaction test compares log ratios across levels (Wald, F on clusters); its p-values are adjusted
    together by Holm, those of single levels by Benjamini-Hochberg. All of it is exploratory.
    """
    rows: list[dict[str, object]] = []
    effects: list[Effect] = []
    tests: dict[str, float] = {}
    for name, labels in levels.items():
        found: list[Effect] = []
        for level in sorted(set(labels), key=str):
            row: dict[str, object] = dict.fromkeys(COLUMNS, np.nan)
            row |= {"outcome": outcome, "subgroup": name, "level": str(level), "reason": ""}
            try:
                part = groups.take(labels == level)
                row |= {"n_treated": part.n_treated, "n_control": part.n_control}
                effect = rate_effects(
                    count[labels == level],
                    days[labels == level],
                    part,
                    outcome=outcome,
                    confidence=confidence,
                )["rate ratio"]
            except Refusal as refusal:
                rows.append(row | {"reason": refusal.message})
                continue
            row |= {
                "rate_ratio": effect.value,
                "lower": effect.lower,
                "upper": effect.upper,
                "p_value": effect.p_value,
            }
            rows.append(row)
            found.append(effect)
            note = f"{name}: {level}"
            effects.append(_exploratory(effect, note))
        if len(found) > 1:
            tests[name] = interaction_p(found, confidence=confidence)
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    if tests:
        adjusted = dict(zip(tests, holm(list(tests.values())), strict=True))
        frame["interaction_p"] = frame["subgroup"].map(tests)
        frame["interaction_p_adjusted"] = frame["subgroup"].map(adjusted)
    done = frame["p_value"].notna()
    if done.any():
        frame.loc[done, "p_adjusted"] = benjamini_hochberg(frame.loc[done, "p_value"].to_numpy(float))
    return frame, effects, _sentence(frame, tests)


def _exploratory(effect: Effect, note: str) -> Effect:
    return Effect(
        effect.outcome,
        effect.measure,
        effect.value,
        effect.lower,
        effect.upper,
        effect.confidence,
        effect.p_value,
        effect.n_treated,
        effect.n_control,
        effect.method,
        (note, *effect.notes),
        exploratory=True,
    )


def interaction_p(effects: list[Effect], *, confidence: float = 0.95) -> float:
    """The chance of log ratios this far apart if the effect were the same at every level.

    Standard errors are read back from the intervals; F with levels - 1 and people - levels degrees of freedom.
    """
    logs = np.log([e.value for e in effects])
    reach = norm.ppf(0.5 + confidence / 2)
    weight = 1 / np.array([(np.log(e.upper) - np.log(e.lower)) / (2 * reach) for e in effects]) ** 2
    apart = float(weight @ (logs - weight @ logs / weight.sum()) ** 2)
    between = len(effects) - 1
    within = max(sum(e.n_treated for e in effects) - len(effects), 1)
    return float(f_distribution.sf(apart / between, between, within))


def _sentence(frame: pd.DataFrame, tests: dict[str, float]) -> str:
    count = int(frame["p_value"].notna().sum())
    words = (
        f"{count} subgroup estimates were made; with so many, about {0.05 * count:.1f} would stand out by "
        "chance alone. They are adjusted for this and are exploratory."
    )
    for name in tests:
        p = float(frame.loc[frame["subgroup"] == name, "interaction_p_adjusted"].iloc[0])
        differs = "differed" if p < 0.05 else "did not clearly differ"
        words += f" The effect {differs} by {name} (p {p:.2g} after adjustment)."
    return words
