"""One example of every chart: a small frame, how it is released and how it is drawn.

The policy hides counts from 1 to 499, so that a hidden number is a recognisable one (437) and not a digit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest

from goldenthread import charts
from goldenthread.disclosure import Policy, ReleasedTable, release

_DRAWN: dict[Any, charts.Chart] = {}

HIDING = Policy(
    name="hides up to 499", title="For tests", threshold=499, rounding=0, zero="shown", margins=False, complement=False,
    one_decimal_from=0, dominance_n=0, dominance_k=1.0, p_percent=0.0, source="tests",
)  # fmt: skip

SQUARES = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature", "properties": {"code": f"E{i}"},
            "geometry": {"type": "Polygon", "coordinates": [[[i, 53], [i + 1, 53], [i + 1, 54], [i, 54], [i, 53]]]},
        }
        for i in range(4)
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Estimated:
    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Slope:
    sii: Estimated
    rii: Estimated
    intercept: float


def rated(frame: pd.DataFrame, people: int = 10_000) -> pd.DataFrame:
    """Add a rate per 1,000 with an interval, resting on ``count``."""
    rate = frame["count"] / people * 1000
    return frame.assign(population=people, value=rate, lower=rate * 0.9, upper=rate * 1.1)


RATES = dict.fromkeys(("value", "lower", "upper"), ("count", "population"))
RATED = {
    "counts": ["count", "population"], "rates": RATES, "kinds": {"lower": "lower", "upper": "upper"},
    "standardised": ["value", "lower", "upper"],
}  # fmt: skip


@dataclass(frozen=True)
class Example:
    """``frame(437)`` has one count of 437 people, which the policy hides."""

    name: str
    frame: Callable[[int], pd.DataFrame]
    draw: Callable[..., charts.Chart]
    released: Mapping[str, Any] = field(default_factory=dict)
    policy: Any = HIDING
    hides: bool = True
    labels: str = ""

    def table(self, hidden: int = 437, frame: pd.DataFrame | None = None, **how: Any) -> ReleasedTable:
        given = self.frame(hidden) if frame is None else frame
        return release(given, policy=self.policy, source="tests", **{**self.released, **how})

    def chart(self, hidden: int = 437, **options: Any) -> charts.Chart:
        """The example drawn; kept, because drawing is what costs time here."""
        key = (self.name, hidden, *options.items())
        if key not in _DRAWN:
            _DRAWN[key] = self.draw(self.table(hidden), **options)
        return _DRAWN[key]


def _matrix(hidden: int) -> pd.DataFrame:
    people = [5200, 1310, 900, hidden]
    return pd.DataFrame({
        "segment": ["Healthy", "Healthy", "Frailty", "Frailty"], "risk": ["Low", "High", "Low", "High"],
        "people": people, "spend": [p * s for p, s in zip(people, (200.0, 900.0, 1500.0, 7000.0), strict=True)],
        "spend_per_head": [200.0, 900.0, 1500.0, 7000.0 + hidden],
    }).drop(columns="spend")  # fmt: skip


MATRIX = {"dimensions": ["segment", "risk"], "counts": ["people"], "means": {"spend_per_head": "people"}}


def _events(_: int) -> pd.DataFrame:
    return pd.DataFrame({
        "event": [1, 2, 3, 4],
        "service": ["gp", "ambulance", "emergency_admission", "social_care"],
        "start": pd.to_datetime(["2026-01-05", "2026-03-01", "2026-03-01", "2026-04-01"]),
        "end": pd.to_datetime([None, None, "2026-03-09", None]),
        "detail": ["Review", "999", "Hip fracture", "Care package"],
        "note": [None, "Fall, not in GP record", None, None],
    })  # fmt: skip


def _series(hidden: int) -> pd.DataFrame:
    counts = [980, 1000, hidden, 1100, 1180]
    return rated(pd.DataFrame({"date": pd.date_range("2025-01-01", periods=5, freq="QS"), "count": counts}))


def _xmr(hidden: int) -> pd.DataFrame:
    n = 14
    count = [hidden if i == 4 else 900 + (i % 3) * 20 for i in range(n)]
    return pd.DataFrame({
        "date": pd.date_range("2025-09-01", periods=n, freq="MS"), "count": count, "population": 10_000,
        "value": np.array(count) / 100, "mean": 9.2, "lower_limit": 8.6, "upper_limit": 9.8,
        "point_type": ["common_cause"] * (n - 1) + ["special_cause_improvement"], "segment": 0,
    })  # fmt: skip


def _its(hidden: int) -> pd.DataFrame:
    n = 24
    return pd.DataFrame({
        "date": pd.date_range("2024-01-01", periods=n, freq="MS"),
        "observed": [hidden if i == 3 else 1000 - (150 if i >= 12 else 0) for i in range(n)],
        "fitted": 1000.0, "counterfactual": 1000.0, "lower": 930.0, "upper": 1070.0,
    })  # fmt: skip


EXAMPLES = [
    Example("theograph", _events, charts.theograph, {"dimensions": ["event"], "purpose": "a GP's own patient"},
            policy="direct_care", hides=False, labels="detail"),
    Example("bubble_matrix", _matrix, charts.bubble_matrix, MATRIX, labels="segment"),
    Example("segment_risk_matrix", _matrix, charts.segment_risk_matrix, MATRIX, labels="segment"),
    Example("choropleth",
            lambda hidden: rated(pd.DataFrame({"code": ["E0", "E1", "E2", "E3"], "name": ["Skegness", "Boston", "Lincoln", "Louth"],
                                               "count": [1820, 1500, hidden, 610]})),
            lambda table, **kw: charts.choropleth(table, SQUARES, area="code", name="name", **kw),
            {**RATED, "dimensions": ["code", "name"]}, labels="name"),
    Example("population_pyramid",
            lambda hidden: pd.DataFrame({"age": ["60-64", "60-64", "65-69", "65-69", "70-74", "70-74"],
                                         "sex": ["Female", "Male"] * 3, "people": [900, 880, 1400, 1300, hidden, 800],
                                         "england": [1000, 990, 900, 850, 800, 700]}),
            charts.population_pyramid, {"dimensions": ["age", "sex"], "counts": ["people"], "kinds": {"england": "value"}},
            labels="age"),
    Example("control_chart", _xmr, lambda table, **kw: charts.control_chart(table, target=12.0, unit="per 100", **kw),
            {"dimensions": ["date"], "counts": ["count", "population"], "rates": {"value": ("count", "population")},
             "standardised": ["value"],
             "kinds": {"mean": "value", "lower_limit": "lower", "upper_limit": "upper", "point_type": "text", "segment": "value"}}),
    Example("funnel",
            lambda hidden: rated(pd.DataFrame({"area": ["Abbey", "Bourne", "Caistor", "Deeping"], "count": [1820, 1000, hidden, 990]}))
            .assign(denominator=[9000, 12000, 8000, 15000]),
            lambda table, **kw: charts.funnel(table, average=100.0, limits={
                "denominator": [1000.0, 10000.0, 40000.0], "lower_998": [60.0, 85.0, 95.0], "upper_998": [140.0, 115.0, 105.0],
                "lower_95": [75.0, 90.0, 97.0], "upper_95": [125.0, 110.0, 103.0]}, **kw),
            {**RATED, "dimensions": ["area"], "kinds": {"lower": "lower", "upper": "upper", "denominator": "value"}},
            labels="area"),
    Example("deprivation_gradient",
            lambda hidden: rated(pd.DataFrame({"group": ["Most deprived", "Second", "Third", "Fourth", "Least deprived"],
                                               "count": [1320, 1110, hidden, 900, 700]})),
            lambda table, **kw: charts.deprivation_gradient(
                table, slope=Slope(Estimated(-66.0, -72.0, -60.0), Estimated(0.5, 0.4, 0.6), 131.0), **kw),
            {**RATED, "dimensions": ["group"]}, labels="group"),
    Example("trend", _series, charts.trend, {**RATED, "dimensions": ["date"]}),
    Example("love_plot",
            lambda _: pd.DataFrame({"covariate": ["Age", "Frailty", "Lives alone"], "before": [0.62, -0.3, 0.05],
                                    "after": [0.03, 0.02, -0.01]}),
            charts.love_plot, {"dimensions": ["covariate"], "kinds": {"before": "value", "after": "value"}}, hides=False,
            labels="covariate"),
    Example("event_study",
            lambda _: pd.DataFrame({"quarter": [-2, -1, 0, 1, 2, 3], "value": [0.5, -1.0, 0.2, -9.0, -19.0, -20.5],
                                    "lower": [-5.0, -6.0, -5.0, -14.0, -25.0, -26.0], "upper": [6.0, 4.0, 5.0, -4.0, -13.0, -15.0]}),
            charts.event_study,
            {"dimensions": ["quarter"], "kinds": {"value": "value", "lower": "lower", "upper": "upper"}}, hides=False),
    Example("interrupted_series", _its,
            lambda table, **kw: charts.interrupted_series(table, start="2025-01-01", effect=Estimated(-15.0, -18.0, -12.0), **kw),
            {"dimensions": ["date"], "counts": ["observed"],
             "kinds": {"fitted": "value", "counterfactual": "value", "lower": "lower", "upper": "upper"}}),
    Example("attrition",
            lambda hidden: pd.DataFrame({"step": ["Registered", "aged 65 or over", "fell"], "people": [36115, 10470, hidden]}),
            charts.attrition, {"dimensions": ["step"], "counts": ["people"]}, labels="step"),
    Example("segment_movement",
            lambda hidden: pd.DataFrame({"before": ["Healthy", "Healthy", "Frailty", "Frailty"],
                                         "after": ["Healthy", "Frailty", "Healthy", "Frailty"], "people": [9000, 800, hidden, 2000]}),
            lambda table, **kw: charts.segment_movement(table, order=["Healthy", "Frailty"], **kw),
            {"dimensions": ["before", "after"], "counts": ["people"]}, labels="before"),
]  # fmt: skip


@pytest.fixture(params=EXAMPLES, ids=lambda example: example.name)
def example(request: pytest.FixtureRequest) -> Example:
    """Every chart in turn."""
    found: Example = request.param
    return found


@pytest.fixture
def examples() -> dict[str, Example]:
    """Every chart by name."""
    return {each.name: each for each in EXAMPLES}


@pytest.fixture
def make() -> Callable[..., ReleasedTable]:
    """Release a small frame of declared values, for tests of one sentence."""

    def made(
        columns: Mapping[str, Any], *, dimensions: tuple[str, ...], counts: tuple[str, ...] = (), **how: Any
    ) -> ReleasedTable:
        frame = pd.DataFrame(columns)
        kinds = {
            c: "value" if pd.api.types.is_numeric_dtype(frame[c]) else "text"
            for c in frame
            if c not in (*dimensions, *counts)
        }
        kinds = {c: k for c, k in kinds.items() if c not in how.get("rates", {})} | how.pop("kinds", {})
        return release(frame, policy=HIDING, dimensions=dimensions, counts=counts, kinds=kinds, **how)

    return made
