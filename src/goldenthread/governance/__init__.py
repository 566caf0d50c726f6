"""Purposes, agreements, opt-outs, audit and releases: who may be asked about, who may see whom, and the proof of both."""

from goldenthread.governance.audit import Audit, Entry, Verdict
from goldenthread.governance.eligibility import Coverage, coverage, eligible, registered_on
from goldenthread.governance.errors import GovernanceError, RecordError
from goldenthread.governance.purposes import Purpose, named_purpose, purpose_names, purposes_from_toml
from goldenthread.governance.views import (
    EXPORTED,
    IDENTITIES_SHOWN,
    PATIENT_OPENED,
    Alert,
    Sighting,
    alerts,
    matches,
    re_identifications,
    seen_by,
)

__all__ = [
    "EXPORTED",
    "IDENTITIES_SHOWN",
    "PATIENT_OPENED",
    "Alert",
    "Audit",
    "Coverage",
    "Entry",
    "GovernanceError",
    "Purpose",
    "RecordError",
    "Sighting",
    "Verdict",
    "alerts",
    "coverage",
    "eligible",
    "matches",
    "named_purpose",
    "purpose_names",
    "purposes_from_toml",
    "re_identifications",
    "registered_on",
    "seen_by",
]
