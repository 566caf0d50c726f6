"""Whom an evaluation may ask about at this moment: opt-outs out, and practices that do not share what it rests on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from goldenthread.governance import eligible

if TYPE_CHECKING:
    from goldenthread.cohorts import Population


def may_ask(population: Population, names: Iterable[str] = ()) -> np.ndarray:
    """Person numbers that the purpose may ask about, rising; of practices that share every feed that ``names`` (facts, measures) rest on."""
    whole = population.whole
    known = [n for n in names if n in whole.variables]
    gone = whole.without_practices_for(known)
    return np.asarray(eligible(whole.purpose, whole.snapshot, without_practices=gone).to_numpy())


def practices_sharing(population: Population, names: Iterable[str] = ()) -> tuple[str, ...]:
    """Practices with people on the data date that share for the purpose what ``names`` rest on."""
    whole = population.whole
    connection = whole.snapshot.connect(only=("registration",))
    try:
        rows = connection.execute(
            "SELECT DISTINCT practice FROM registration WHERE start_date <= ? AND (end_date IS NULL OR end_date > ?)",
            [whole.data_date, whole.data_date],
        ).fetchall()
    finally:
        connection.close()
    gone = set(whole.without_practices_for([n for n in names if n in whole.variables]))
    return tuple(sorted(str(row[0]) for row in rows if row[0] is not None and row[0] not in gone))
