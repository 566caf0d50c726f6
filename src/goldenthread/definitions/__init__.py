"""Codelists, conditions, measures, segments and reference data, as files a clinician can read."""
