"""What could be fooling us: figures and tests that belong beside every effect."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from goldenthread.evaluation.arrays import Floats
from goldenthread.evaluation.effect import Effect
from goldenthread.evaluation.effects import Arms, mean_difference, rate_effects
from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.sandwich import clustered


def e_value(ratio: float, lower: float | None = None, upper: float | None = None) -> tuple[float, float]:
    """How strong something unmeasured would have to be to explain the result away.

    The smallest risk ratio that an unmeasured cause would need with both the treatment and the outcome: for the
    estimate, and for the interval's limit nearer to no effect (1 when the interval includes no effect).
    RR + sqrt(RR (RR-1)), ratios under 1 turned over (VanderWeele & Ding 2017, Ann Intern Med 167:268).

    >>> [round(e, 2) for e in e_value(3.9, 1.8, 8.7)]
    [7.26, 3.0]
    """
    given = [v for v in (ratio, lower, upper) if v is not None]
    if any(not np.isfinite(v) or v <= 0 for v in given):
        raise EvaluationError(
            "An E-value needs ratios above 0.", "Give the rate or risk ratio, not its logarithm."
        )
    if lower is not None and upper is not None and not lower <= ratio <= upper:
        raise EvaluationError(
            f"{ratio} is not between {lower} and {upper}.", "Check the order of the limits."
        )
    nearer = lower if ratio >= 1 else upper
    if nearer is None or (nearer - 1) * (ratio - 1) <= 0:
        return _e(ratio), 1.0
    return _e(ratio), _e(nearer)


def _e(ratio: float) -> float:
    above = ratio if ratio >= 1 else 1 / ratio
    return float(above + np.sqrt(above * (above - 1)))


def holm(p_values: npt.ArrayLike) -> Floats:
    """p-values adjusted so that the chance of *any* false finding stays at the level (Holm 1979).

    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p = _p_values(p_values)
    order = np.argsort(p, kind="stable")
    grown = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    out = np.empty(len(p))
    out[order] = np.minimum(grown, 1.0)
    return out


def benjamini_hochberg(p_values: npt.ArrayLike) -> Floats:
    """p-values adjusted so that the expected share of false findings stays at the level (1995, JRSS B 57:289).

    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    p = _p_values(p_values)
    order = np.argsort(p, kind="stable")[::-1]
    shrunk = np.minimum.accumulate(p[order] * len(p) / np.arange(len(p), 0, -1))
    out = np.empty(len(p))
    out[order] = np.minimum(shrunk, 1.0)
    return out


def _p_values(values: npt.ArrayLike) -> Floats:
    p = np.asarray(values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise EvaluationError(
            "p-values must be a list of numbers between 0 and 1.", "Leave out tests not done."
        )
    return p


def before_and_after(
    before: tuple[Floats, Floats], after: tuple[Floats, Floats], groups: Arms, *, confidence: float = 0.95
) -> dict[str, float]:
    """Each group's own change, as if it had been judged alone: rates a person-year, ratio and interval.

    People enter when things are at their worst and most improve anyway (regression to the mean); the
    comparators' change shows by how much.

    >>> from goldenthread.evaluation.effects import arms
    >>> year = np.full(40, 365.25)
    >>> both = arms([1] * 20 + [0] * 20)
    >>> found = before_and_after((np.full(40, 2.0), year), (np.tile([1.0, 2, 1, 0], 10), year), both)
    >>> found["treated_change"], found["control_change"]
    (0.5, 0.5)
    """
    out: dict[str, float] = {}
    for flag, arm in ((groups.treated, "treated"), (~groups.treated, "control")):
        w = flag * groups.weights
        rates, influence = [], []
        for count, days in (before, after):
            years = float(w @ days) / 365.25
            if float(w @ count) < 1 or years <= 0:
                raise Refusal(
                    f"No events among the {arm} people in one of the periods.", "Use longer periods."
                )
            r = float(w @ count) / years
            rates.append(r)
            influence.append(w * (count - r * days / 365.25) / (years * r))
        inside = w > 0
        change = clustered((influence[1] - influence[0])[inside], [c[inside] for c in groups.clusters])
        low, high = np.exp(change.interval(float(np.log(rates[1] / rates[0])), confidence))
        out |= {
            f"{arm}_before": rates[0],
            f"{arm}_after": rates[1],
            f"{arm}_change": rates[1] / rates[0],
            f"{arm}_change_lower": float(low),
            f"{arm}_change_upper": float(high),
        }
    return out


def regression_to_the_mean(outcome: str, figures: dict[str, float], matched: Effect | None) -> str:
    """The naive figure, what the comparators did without help, and the fair one, in plain words.

    >>> regression_to_the_mean("Falls", {"treated_change": 0.56, "control_change": 0.69}, None)
    'Falls: before and after alone would have said 44% fewer. People like them had 31% fewer without any help.'
    """
    words = (
        f"{outcome}: before and after alone would have said {in_words(figures['treated_change'])}. "
        f"People like them had {in_words(figures['control_change'])} without any help."
    )
    if matched is not None:
        words += f" Compared with them, the people helped had {in_words(matched.value)}"
        words += f" ({in_words(matched.lower)} to {in_words(matched.upper)})."
    return words


def in_words(ratio: float) -> str:
    """A ratio as a percentage more or fewer.

    >>> in_words(0.81), in_words(1.02), in_words(1.001)
    ('19% fewer', '2% more', 'as many')
    """
    percent = round(100 * abs(ratio - 1))
    if percent == 0:
        return "as many"
    return f"{percent}% {'more' if ratio > 1 else 'fewer'}"


def placebo(
    count: Floats, days: Floats, groups: Arms, *, what: str, confidence: float = 0.95
) -> tuple[str, Effect | None, str]:
    """Look for an effect where there can be none: an earlier period, or an outcome nothing could change.

    Returns the result ("passed", "concern", "not done"), the effect found, and a sentence. A difference here says
    the groups were not alike in something that was not measured (Lipsitch et al 2010, Epidemiology 21:383).
    """
    try:
        found = rate_effects(count, days, groups, outcome=what, confidence=confidence)["rate ratio"]
    except Refusal as refusal:
        return "not done", None, f"{what}: {refusal.message}"
    sentence = f"{what}: {in_words(found.value)} ({in_words(found.lower)} to {in_words(found.upper)})"
    if found.excludes_no_effect:
        return (
            "concern",
            found,
            sentence + ", where there should be no difference. The groups may not be alike.",
        )
    return "passed", found, sentence + ", where none was expected: no sign that the groups differ."


def attrition(
    reason: npt.NDArray[np.object_], groups: Arms, *, limit: float = 0.05
) -> tuple[pd.DataFrame, str, str]:
    """Who was lost before their follow-up was over, by group and reason; is it uneven?

    reason: "died", "left" or "" a row. Returns a frame (arm, reason, people, share), the result and a sentence.
    Uneven means the shares differ by over ``limit``, or by more than chance would.

    >>> from goldenthread.evaluation.effects import arms
    >>> gone = np.array(["left"] * 10 + [""] * 90 + [""] * 100, dtype=object)
    >>> attrition(gone, arms([1] * 100 + [0] * 100))[1]
    'concern'
    """
    rows, sentences, result = [], [], "passed"
    used = groups.weights > 0
    for why in ("died", "left"):
        gone = (reason == why).astype(np.float64)
        gap = mean_difference(gone, groups, outcome=why)
        shares = []
        for flag, arm in ((groups.treated, "treated"), (~groups.treated, "control")):
            inside = flag & used
            share = float(np.average(gone[inside], weights=groups.weights[inside]))
            shares.append(share)
            rows.append({"arm": arm, "reason": why, "people": int(gone[inside].sum()), "share": share})
        sentences.append(f"{shares[0]:.1%} and {shares[1]:.1%} {why}")
        if abs(gap.value) > limit or gap.excludes_no_effect:
            result = "concern"
    words = f"Of the people helped and of those like them, {' and '.join(sentences)} before the end."
    words += " People are counted for as long as they were registered and alive."
    if result == "concern":
        words += " The groups lost people unevenly, which may bias the comparison."
    return pd.DataFrame(rows), result, words
