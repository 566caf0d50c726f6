"""Errors of this room."""

from goldenthread.errors import GoldenThreadError


class CodingError(GoldenThreadError):
    """The question cannot be answered as it was put."""
