"""What a population looks like: place profile, inequality, segments and workload, coding quality."""

from goldenthread.insight.population import population_by_pcn

__all__ = ["population_by_pcn"]
