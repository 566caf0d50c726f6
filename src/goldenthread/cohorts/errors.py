"""Questions about people that cannot be answered as they were put."""

from __future__ import annotations

from goldenthread.errors import GoldenThreadError


class CohortError(GoldenThreadError):
    """A cohort, breakdown, date or version that a person can put right."""
