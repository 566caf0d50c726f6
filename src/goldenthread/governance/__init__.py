"""Purposes, agreements, opt-outs, audit and releases: who may be asked about, who may see whom, and the proof of both."""

from typing import TYPE_CHECKING

from goldenthread.fetching import fetched
from goldenthread.governance.clock import today_of
from goldenthread.governance.eligibility import Coverage, coverage, eligible, registered_on
from goldenthread.governance.errors import GovernanceError, NotThereError, RecordError
from goldenthread.governance.feeds import ALL_FEEDS, Feed, feed_name, feeds, feeds_of
from goldenthread.governance.identifiers import holds_nhs_number
from goldenthread.governance.purposes import Purpose, named_purpose, purpose_names, purposes_from_toml
from goldenthread.governance.register import Decision, Document, Register, Shares, Terms
from goldenthread.governance.sharing import Sharing, practices_in, sharing_of, sharing_state

if TYPE_CHECKING:
    from goldenthread.governance.audit import Audit, Entry, Verdict
    from goldenthread.governance.opt_out_exchange import OptOutExchange
    from goldenthread.governance.opt_outs import Cleared, OptOutRequest, OptOuts
    from goldenthread.governance.releases import EVERYWHERE, Event, Part, Release, Releases, require_open
    from goldenthread.governance.retention import (
        Outcome,
        RetentionRun,
        Rule,
        retention_runs,
        rules_of,
        run_retention,
    )
    from goldenthread.governance.safety.hazards import Hazard, hazards
    from goldenthread.governance.safety.pack import write_safety_pack
    from goldenthread.governance.signing import signer_of
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
else:
    __getattr__ = fetched(
        __name__,
        {
            "audit": ("Audit", "Entry", "Verdict"),
            "opt_out_exchange": ("OptOutExchange",),
            "opt_outs": ("Cleared", "OptOutRequest", "OptOuts"),
            "releases": ("EVERYWHERE", "Event", "Part", "Release", "Releases", "require_open"),
            "retention": ("Outcome", "RetentionRun", "Rule", "retention_runs", "rules_of", "run_retention"),
            "safety": ("Hazard", "hazards", "write_safety_pack"),
            "signing": ("signer_of",),
            "views": (
                "EXPORTED", "IDENTITIES_SHOWN", "PATIENT_OPENED", "Alert", "Sighting", "alerts", "matches",
                "re_identifications", "seen_by",
            ),
        },
    )  # fmt: skip

__all__ = [
    "ALL_FEEDS",
    "EVERYWHERE",
    "EXPORTED",
    "IDENTITIES_SHOWN",
    "PATIENT_OPENED",
    "Alert",
    "Audit",
    "Cleared",
    "Coverage",
    "Decision",
    "Document",
    "Entry",
    "Event",
    "Feed",
    "GovernanceError",
    "Hazard",
    "NotThereError",
    "OptOutExchange",
    "OptOutRequest",
    "OptOuts",
    "Outcome",
    "Part",
    "Purpose",
    "RecordError",
    "Register",
    "Release",
    "Releases",
    "RetentionRun",
    "Rule",
    "Shares",
    "Sharing",
    "Sighting",
    "Terms",
    "Verdict",
    "alerts",
    "coverage",
    "eligible",
    "feed_name",
    "feeds",
    "feeds_of",
    "hazards",
    "holds_nhs_number",
    "matches",
    "named_purpose",
    "practices_in",
    "purpose_names",
    "purposes_from_toml",
    "re_identifications",
    "registered_on",
    "require_open",
    "retention_runs",
    "rules_of",
    "run_retention",
    "seen_by",
    "sharing_of",
    "sharing_state",
    "signer_of",
    "today_of",
    "write_safety_pack",
]
