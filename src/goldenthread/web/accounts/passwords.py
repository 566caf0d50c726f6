"""Passwords made by the machine."""

from __future__ import annotations

import secrets


def new_password() -> str:
    """A password that can be read out: five syllable pairs and a number, 68 bits.

    >>> len(new_password().split("-"))
    6
    """
    syllables = [c + v for c in "bdfgjklmnprstvz" for v in "aeiou"]
    words = [secrets.choice(syllables) + secrets.choice(syllables) for _ in range(5)]
    return "-".join([*words, f"{secrets.randbelow(90) + 10}"])
