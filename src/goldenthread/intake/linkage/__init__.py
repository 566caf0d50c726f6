"""Which registered person a record without a verified NHS number belongs to, how surely, and why."""

from goldenthread.intake.linkage.errors import LinkageError
from goldenthread.intake.linkage.linking import link
from goldenthread.intake.linkage.result import LINK, NO_LINK, REVIEW, Explanation, LinkageResult, Reason
from goldenthread.intake.linkage.settings import LinkageSettings

__all__ = [
    "LINK",
    "NO_LINK",
    "REVIEW",
    "Explanation",
    "LinkageError",
    "LinkageResult",
    "LinkageSettings",
    "Reason",
    "link",
]
