"""Passwords made by the machine."""

from __future__ import annotations

import secrets


def new_password(words: int = 5) -> str:
    """A password that can be read out: pairs of syllables and a number; 68 bits with five pairs, 43 with three.

    >>> len(new_password().split("-"))
    6
    """
    syllables = [c + v for c in "bdfgjklmnprstvz" for v in "aeiou"]
    pairs = [secrets.choice(syllables) + secrets.choice(syllables) for _ in range(words)]
    return "-".join([*pairs, f"{secrets.randbelow(90) + 10}"])
