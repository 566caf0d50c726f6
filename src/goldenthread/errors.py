"""Errors meant for people: what is wrong, where, and what to do next."""

from __future__ import annotations


class GoldenThreadError(Exception):
    """Something a person can put right.

    ``message`` says what is wrong and where; ``remedy`` says what to do next.

    >>> str(GoldenThreadError("No snapshot in lake/.", "Run `goldenthread refresh` first."))
    'No snapshot in lake/. Run `goldenthread refresh` first.'
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message} {remedy}".strip())
