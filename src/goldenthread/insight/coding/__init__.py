"""Can this figure be believed: codes that are likely missing or wrong, and what that does to the figures."""

from goldenthread.insight.coding.errors import CodingError
from goldenthread.insight.coding.findings import FAMILIES, Finding, Findings, findings
from goldenthread.insight.coding.notes import CodingNote, coding_note, coding_notes
from goldenthread.insight.coding.recorded import Recorded, RecordedTable, england, prevalence, recorded
from goldenthread.insight.coding.values import Doubtful, doubtful

__all__ = [
    "FAMILIES",
    "CodingError",
    "CodingNote",
    "Doubtful",
    "Finding",
    "Findings",
    "Recorded",
    "RecordedTable",
    "coding_note",
    "coding_notes",
    "doubtful",
    "england",
    "findings",
    "prevalence",
    "recorded",
]
