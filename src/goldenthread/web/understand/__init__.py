"""Understand a population: its profile, inequality, segments and workload, and whether the coding can be believed."""
