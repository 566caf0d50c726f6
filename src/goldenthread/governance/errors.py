"""Questions that may not be asked, or not for the reason given."""

from __future__ import annotations

from goldenthread.errors import GoldenThreadError


class GovernanceError(GoldenThreadError):
    """A purpose that does not exist, or one that is not complete."""
