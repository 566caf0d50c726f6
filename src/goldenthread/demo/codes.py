"""Clinical codes by concept, from the small lists shipped with the definitions."""

from __future__ import annotations

import csv
import io
from functools import cache
from importlib.resources import files


@cache
def codes(concept: str) -> tuple[str, ...]:
    """Codes of one concept, in file order.

    >>> codes("hba1c")[0]
    '999791000000106'
    """
    text = (files("goldenthread.definitions") / "codelists" / f"{concept}.csv").read_text("utf-8")
    return tuple(row["code"] for row in csv.DictReader(io.StringIO(text)))


def code(concept: str, which: int = 0) -> str:
    """One code of a concept."""
    return codes(concept)[which]
