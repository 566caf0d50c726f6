"""The one exception of this room."""

from __future__ import annotations

from goldenthread.errors import GoldenThreadError


class DisclosureError(GoldenThreadError):
    """A table cannot be released as asked; says which column or row, and what to do next.

    >>> raise DisclosureError("Row 3 (sex=Female): 'people' is -1.", "A count cannot be below zero.")
    Traceback (most recent call last):
    ...
    goldenthread.disclosure.errors.DisclosureError: Row 3 (sex=Female): 'people' is -1. A count cannot be below zero.
    """
