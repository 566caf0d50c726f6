"""Who: expressions over facts about people, with attrition, breakdowns and versions that never change."""

from goldenthread.cohorts.answers import Answer, Attrition, AttritionStep
from goldenthread.cohorts.breakdown import told
from goldenthread.cohorts.code_use import code_use
from goldenthread.cohorts.cohort import Cohort
from goldenthread.cohorts.dimensions import DIMENSIONS_MADE_HERE, NOT_KNOWN, Dimension, dimension
from goldenthread.cohorts.distribution import distribution
from goldenthread.cohorts.errors import CohortError
from goldenthread.cohorts.opening import catalogue_of, own_definitions, population_of
from goldenthread.cohorts.person_table import person_table
from goldenthread.cohorts.population import Population
from goldenthread.cohorts.scope import Scope, ScopeTree, scope_tree
from goldenthread.cohorts.versions import (
    CohortVersion,
    check_name,
    freeze,
    members_now,
    open_version,
    pids_of,
    versions,
)

__all__ = [
    "DIMENSIONS_MADE_HERE",
    "NOT_KNOWN",
    "Answer",
    "Attrition",
    "AttritionStep",
    "Cohort",
    "CohortError",
    "CohortVersion",
    "Dimension",
    "Population",
    "Scope",
    "ScopeTree",
    "catalogue_of",
    "check_name",
    "code_use",
    "dimension",
    "distribution",
    "freeze",
    "members_now",
    "open_version",
    "own_definitions",
    "person_table",
    "pids_of",
    "population_of",
    "scope_tree",
    "told",
    "versions",
]
