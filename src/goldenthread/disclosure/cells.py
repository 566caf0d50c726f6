"""Text in a spreadsheet cell that must not run as a formula."""

from __future__ import annotations

import re

Cell = str | int | float | bool | None

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_PLAIN_NUMBER = re.compile(r"[+-]?(\d+(,\d{3})*(\.\d*)?|\.\d+)([eE][+-]?\d+)?%?\Z", re.ASCII)


def neutralise_formula(value: Cell) -> Cell:
    """Return ``value`` so that a spreadsheet shows it and never runs it.

    Text whose first visible character is ``= + - @`` (or their full-width forms), or that starts with a tab
    or line break, gets an apostrophe in front. Numbers, and text that is nothing but a number, are untouched.
    Source: OWASP, "CSV Injection".

    >>> neutralise_formula("=1+1")
    "'=1+1"
    >>> neutralise_formula(-3.5), neutralise_formula("-3.5"), neutralise_formula("Spalding")
    (-3.5, '-3.5', 'Spalding')
    """
    if not isinstance(value, str) or _PLAIN_NUMBER.match(value):
        return value
    if value.startswith(_STARTS_A_FORMULA) or value.lstrip().startswith(_STARTS_A_FORMULA):
        return "'" + value
    return value
