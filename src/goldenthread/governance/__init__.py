"""Purposes, who may be asked about under each, and how much of the population that leaves."""

from goldenthread.governance.eligibility import Coverage, coverage, eligible, registered_on
from goldenthread.governance.errors import GovernanceError
from goldenthread.governance.purposes import Purpose, named_purpose, purpose_names, purposes_from_toml

__all__ = [
    "Coverage",
    "GovernanceError",
    "Purpose",
    "coverage",
    "eligible",
    "named_purpose",
    "purpose_names",
    "purposes_from_toml",
    "registered_on",
]
