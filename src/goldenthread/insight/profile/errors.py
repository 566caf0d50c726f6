"""What can be wrong with a question about a place."""

from goldenthread.errors import GoldenThreadError


class ProfileError(GoldenThreadError):
    """The profile cannot be drawn, and why."""
