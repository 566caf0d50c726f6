"""Numbers that arrive in addresses and forms."""

from __future__ import annotations


def whole(text: str | None, otherwise: int = 0) -> int:
    """The whole number typed, or ``otherwise``.

    >>> whole("12"), whole("\u00b2", 1), whole("9" * 30, 1), whole(None)
    (12, 1, 1, 0)
    """
    found = (text or "").strip()
    return int(found) if found.isascii() and found.isdigit() and len(found) < 10 else otherwise
