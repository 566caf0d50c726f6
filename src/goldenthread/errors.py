"""Errors meant for people: what is wrong, where, and what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


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


def did_you_mean(
    word: str, known: Iterable[str], *, most: int = 1, otherwise: str = "", then: str = ""
) -> str:
    """A hint for a name that was mistyped. ``otherwise`` is said where no known name is near, ``then`` in any case.

    >>> did_you_mean("planing", ["planning", "research"], then="Purposes: planning, research.")
    "Did you mean 'planning'? Purposes: planning, research."
    >>> did_you_mean("copd_revew", ["copd", "copd_review", "copd_review_due"], most=2)
    "Did you mean 'copd_review' or 'copd_review_due'?"
    >>> did_you_mean("xyz", ["planning"], otherwise="`goldenthread purposes show` lists them.")
    '`goldenthread purposes show` lists them.'
    """
    *first, last = difflib.get_close_matches(word, list(known), n=most, cutoff=0.5) or [""]
    names = f"{', '.join(map(repr, first))} or {last!r}" if first else repr(last)
    hint = f"Did you mean {names}?" if last else otherwise
    return f"{hint} {then}".strip()
