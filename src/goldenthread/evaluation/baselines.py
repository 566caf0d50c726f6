"""What a population's own figures say before the start: the basis of every sample size."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import ArrayLike, NDArray

from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.its import Season
from goldenthread.evaluation.panel import Panel
from goldenthread.evaluation.series import Series, Shape, serial_correlation, terms
from goldenthread.evaluation.synthetic import PanelResult

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Clustering:
    """How much people of one practice (or worker, or household) resemble each other.

    ``size`` is the mean number of people a cluster, ``variation`` the coefficient of variation of sizes,
    ``icc`` the intra-cluster correlation of the outcome.
    """

    size: float
    icc: float
    variation: float = 0.0

    def __post_init__(self) -> None:
        if self.size < 1 or not 0 <= self.icc < 1 or self.variation < 0:
            raise EvaluationError(
                f"Clusters of {self.size} people with intra-cluster correlation {self.icc} are not possible.",
                "Give a size of 1 or more, a correlation from 0 to under 1, and a variation of 0 or more.",
            )

    @property
    def design_effect(self) -> float:
        """Factor on the variance when whole clusters are helped: 1 + ((1 + cv^2) m - 1) icc (Eldridge 2006).

        >>> Clustering(size=21, icc=0.05).design_effect
        2.0
        """
        return 1 + ((1 + self.variation**2) * self.size - 1) * self.icc


@dataclass(frozen=True)
class RateBaseline:
    """Events a person-year without the programme, ``years`` of follow-up each, ``ratio`` controls a person.

    ``dispersion`` is the variance of a person's count over its mean: 1 if events were independent, usually
    well above it, because a few people have most of the events.
    """

    rate: float
    years: float = 1.0
    dispersion: float = 1.0
    ratio: float = 1.0
    clustering: Clustering | None = None

    def __post_init__(self) -> None:
        _positive(rate=self.rate, years=self.years, dispersion=self.dispersion, ratio=self.ratio)

    @classmethod
    def from_counts(
        cls,
        counts: ArrayLike,
        years: ArrayLike,
        *,
        follow_up: float = 1.0,
        ratio: float = 1.0,
        cluster: Sequence[Hashable] | None = None,
    ) -> RateBaseline:
        """From the events and person-years of eligible people in an earlier period.

        >>> quiet = RateBaseline.from_counts([0, 0, 1, 0, 3, 0, 0, 0], [1.0] * 8)
        >>> quiet.rate, round(quiet.dispersion, 2)
        (0.5, 2.29)
        """
        events, time = (
            np.asarray(counts, dtype=float),
            np.broadcast_to(np.asarray(years, dtype=float), np.shape(counts)),
        )
        if events.size < 2 or (events < 0).any() or (time <= 0).any() or not np.isfinite(events).all():
            raise EvaluationError(
                "Counts must be 0 or more and years above 0, for at least two people.", "Check the source."
            )
        if not events.any():
            raise Refusal(
                "No events at all in the earlier period, so no sample size can be worked out.",
                "Choose a more frequent outcome or a longer period.",
            )
        rate = float(events.sum() / time.sum())
        pearson = float(((events - rate * time) ** 2 / (rate * time)).sum() / (events.size - 1))
        grouped = None if cluster is None else clustering(events / time, cluster)
        return cls(rate, follow_up, pearson, ratio, grouped)


@dataclass(frozen=True)
class ProportionBaseline:
    """Share of people with the outcome without the programme, and ``ratio`` controls a person."""

    proportion: float
    ratio: float = 1.0
    clustering: Clustering | None = None

    def __post_init__(self) -> None:
        _positive(ratio=self.ratio)
        if not 0 < self.proportion < 1:
            raise EvaluationError(
                f"The baseline share is {self.proportion}.",
                "Give a share between 0 and 1, such as 0.4 for 40%.",
            )

    @classmethod
    def from_flags(
        cls, flags: ArrayLike, *, ratio: float = 1.0, cluster: Sequence[Hashable] | None = None
    ) -> ProportionBaseline:
        """From one 0 or 1 (or False, True) for each eligible person."""
        values = np.asarray(flags, dtype=float)
        if not np.isin(values, (0.0, 1.0)).all() or not values.size:
            raise EvaluationError("The outcome holds values other than 0 and 1.", "Give one 0 or 1 a person.")
        return cls(float(values.mean()), ratio, None if cluster is None else clustering(values, cluster))


@dataclass(frozen=True)
class SeriesBaseline:
    """Expected counts a period before and after the start if nothing changes, their scatter and memory.

    ``correlation`` is that of neighbouring periods (first-order). ``cycle`` periods make a year.
    """

    before: tuple[float, ...]
    after: tuple[float, ...]
    dispersion: float = 1.0
    correlation: float = 0.0
    shape: Shape = "level"
    season: Season = "harmonics"
    harmonics: int = 2
    cycle: int = 12

    def __post_init__(self) -> None:
        _positive(dispersion=self.dispersion)
        if min(self.before, default=0) <= 0 or min(self.after, default=0) <= 0:
            raise EvaluationError(
                "An expected count a period is missing, zero or negative.",
                "Use longer periods if events are rare.",
            )
        if not -1 < self.correlation < 1:
            raise EvaluationError(
                f"The correlation is {self.correlation}.", "Give a figure between -1 and 1."
            )

    @classmethod
    def from_counts(
        cls,
        counts: Sequence[float],
        *,
        after: int,
        season: Season = "harmonics",
        shape: Shape = "level",
        cycle: int = 12,
    ) -> SeriesBaseline:
        """From the place's own earlier counts, one a period without gaps; ``after`` periods are planned.

        Trend and season are fitted; scatter and memory are those of what is left. The coming periods are
        expected at the level of the last ``cycle`` fitted ones (no growth is assumed).
        """
        observed = np.asarray(counts, dtype=float)
        need = 8 if season == "none" else max(12, cycle)
        if observed.size < need:
            raise Refusal(f"{observed.size} periods; at least {need} are needed.", "Add earlier periods.")
        if not np.isfinite(observed).all() or (observed < 0).any() or not observed.any():
            raise EvaluationError("Counts must be 0 or more, and not all 0.", "Check the source.")
        position = np.arange(1, observed.size + 1)
        half = observed.size // 2
        series = Series(
            tuple(position), position, position, observed, np.ones(observed.size), position > half, half + 1
        )
        design = terms(series, shape="level", season=season, harmonics=2, cycle=cycle).drop(columns="level")
        fit = sm.GLM(observed, design, family=sm.families.Poisson()).fit()
        fitted = np.asarray(fit.fittedvalues, dtype=float)
        dispersion = float(fit.pearson_chi2 / fit.df_resid)
        memory, _ = serial_correlation(np.asarray(fit.resid_deviance, dtype=float), 1)
        last = fitted[-cycle:] if season != "none" else np.full(cycle, fitted[-cycle:].mean())
        ahead = np.resize(last, after)
        kept = float(np.clip(memory, 0.0, 0.9))
        return cls(tuple(fitted), tuple(ahead), max(dispersion, 1.0), kept, shape, season, 2, cycle)


@dataclass(frozen=True)
class RolloutBaseline:
    """Expected count a period of each place, when each starts (period number from 0), over ``periods``.

    ``dispersion`` is Pearson's within place and period; ``wobble`` the coefficient of variation of a
    place's own rate from period to period beyond it.
    """

    counts: tuple[float, ...]
    starts: tuple[int, ...]
    periods: int
    dispersion: float = 1.0
    wobble: float = 0.0

    def __post_init__(self) -> None:
        _positive(dispersion=self.dispersion)
        if len(self.counts) != len(self.starts) or min(self.counts, default=0) <= 0:
            raise EvaluationError(
                f"{len(self.counts)} counts and {len(self.starts)} starts.",
                "Give each place one expected count above 0 and one start.",
            )
        if len(self.starts) < 6 or len(set(self.starts)) < 2 or min(self.starts) < 1:
            raise Refusal(
                "A stepped roll-out needs at least 6 places, at least 2 different starts, and a period before each.",
                "Add places or steps; a start at or beyond the last period means a place that never starts.",
            )


@dataclass(frozen=True)
class PanelBaseline:
    """How far one place moves from its comparison when nothing happens: the spread of placebo starts."""

    standard_error: float
    donors: int

    @classmethod
    def from_history(
        cls, history: pd.DataFrame, *, after: int, method: Callable[..., PanelResult]
    ) -> PanelBaseline:
        """From earlier figures (a row a place, a column a period), pretending a start ``after`` periods ago.

        ``method`` is the place-level estimate to be used later, such as
        ``synthetic_difference_in_differences``.
        """
        if not 1 <= after < history.shape[1]:
            raise EvaluationError(
                f"{after} periods after the start in a history of {history.shape[1]}.",
                "Give a longer history.",
            )
        start = sorted(history.columns)[-after]
        spread = [
            method(Panel.from_wide(history, treated_units=[one], start=start), variance="none").effect.value
            for one in history.index
        ]
        if len(spread) < 5:
            raise Refusal(f"{len(spread)} places; at least 5 are needed.", "Add comparable places.")
        return cls(float(np.std(spread, ddof=1)), len(spread) - 1)


def clustering(values: Floats, cluster: Sequence[Hashable]) -> Clustering:
    """Intra-cluster correlation by analysis of variance (Donner and Koval 1980), not below 0.

    >>> found = clustering(np.array([1.0, 1.1, 5.0, 5.1, 9.0, 9.1]), ["a", "a", "b", "b", "c", "c"])
    >>> round(found.icc, 3), found.size
    (0.999, 2.0)
    """
    frame = pd.DataFrame({"value": values, "cluster": pd.Series(list(cluster), dtype=object)})
    groups = frame.groupby("cluster")["value"]
    sizes = groups.size().to_numpy(dtype=float)
    if len(frame) != len(values) or sizes.size < 2 or sizes.max() < 2:
        raise EvaluationError(
            f"{sizes.size} clusters for {len(values)} people.",
            "Give each person's cluster; there must be at least two, and one of two people or more.",
        )
    means = groups.mean().to_numpy(dtype=float)
    within = float(((frame["value"] - groups.transform("mean")) ** 2).sum()) / (len(frame) - sizes.size)
    between = float((sizes * (means - values.mean()) ** 2).sum()) / (sizes.size - 1)
    adjusted = (len(frame) - (sizes**2).sum() / len(frame)) / (sizes.size - 1)
    total = between + (adjusted - 1) * within
    icc = max((between - within) / total, 0.0) if total > 0 else 0.0
    return Clustering(float(sizes.mean()), min(icc, 0.999), float(sizes.std() / sizes.mean()))


def _positive(**figures: float) -> None:
    for name, figure in figures.items():
        if not (np.isfinite(figure) and figure > 0):
            raise EvaluationError(f"{name} is {figure}.", "Give a figure above 0.")
