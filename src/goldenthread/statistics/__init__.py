"""Public-health statistics with their intervals, as pure functions over numbers."""

from goldenthread.statistics.estimate import Estimate, StatisticsError
from goldenthread.statistics.funnel import Funnel, funnel_limits
from goldenthread.statistics.inequality import (
    SlopeIndex,
    concentration_index,
    relative_ranks,
    slope_index_of_inequality,
    standard_error_from_limits,
)
from goldenthread.statistics.life_table import life_expectancy
from goldenthread.statistics.quantile_groups import Quantiles, quantiles
from goldenthread.statistics.rates import (
    byar_limits,
    exact_poisson_limits,
    mean,
    poisson_limits,
    proportion,
    rate,
    wilson_limits,
)
from goldenthread.statistics.spc import XmR, xmr
from goldenthread.statistics.standardised import (
    ESP2013,
    directly_standardised_rate,
    indirectly_standardised_rate,
    indirectly_standardised_ratio,
)

__all__ = [
    "ESP2013",
    "Estimate",
    "Funnel",
    "Quantiles",
    "SlopeIndex",
    "StatisticsError",
    "XmR",
    "byar_limits",
    "concentration_index",
    "directly_standardised_rate",
    "exact_poisson_limits",
    "funnel_limits",
    "indirectly_standardised_rate",
    "indirectly_standardised_ratio",
    "life_expectancy",
    "mean",
    "poisson_limits",
    "proportion",
    "quantiles",
    "rate",
    "relative_ranks",
    "slope_index_of_inequality",
    "standard_error_from_limits",
    "wilson_limits",
    "xmr",
]
