"""Questions that may not be asked, and records that may not be changed."""

from __future__ import annotations

from goldenthread.errors import GoldenThreadError


class GovernanceError(GoldenThreadError):
    """A purpose, agreement, opt-out, audit or release that does not allow what was asked, or is not complete."""


class RecordError(GovernanceError):
    """A governance database that cannot be read or written."""


class NotThereError(GovernanceError):
    """Something that was asked for by name and does not exist, or not for who asks."""
