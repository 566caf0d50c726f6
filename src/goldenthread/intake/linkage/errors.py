"""What can go wrong in linkage, said without an identifier in the message."""

from __future__ import annotations

from goldenthread.errors import GoldenThreadError


class LinkageError(GoldenThreadError):
    """Tables or settings that linkage cannot work with."""


class OutOfMemoryError(LinkageError):
    """Linkage needs more memory than it may use."""
