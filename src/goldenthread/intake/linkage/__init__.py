"""Which registered person a record without a verified NHS number belongs to, how surely, and why."""

from goldenthread.intake.linkage.decisions import (
    DECISIONS_FILE,
    Decisions,
    leave_out_decided,
    read_decisions,
)
from goldenthread.intake.linkage.errors import LinkageError
from goldenthread.intake.linkage.linking import link
from goldenthread.intake.linkage.result import (
    LINK,
    NO_LINK,
    REVIEW,
    REVIEW_FILE,
    Explanation,
    LinkageResult,
    Reason,
)
from goldenthread.intake.linkage.settings import LinkageSettings

__all__ = [
    "DECISIONS_FILE",
    "LINK",
    "NO_LINK",
    "REVIEW",
    "REVIEW_FILE",
    "Decisions",
    "Explanation",
    "LinkageError",
    "LinkageResult",
    "LinkageSettings",
    "Reason",
    "leave_out_decided",
    "link",
    "read_decisions",
]
