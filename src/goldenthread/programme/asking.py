"""Whom an evaluation may ask about at this moment: opt-outs out, and practices that do not share what it rests on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from goldenthread.governance import eligible

if TYPE_CHECKING:
    from goldenthread.cohorts import Population

CONTACTS = ("contact",)
"""The table of contacts made by programmes. Practices may share their record and not these."""


def may_ask(population: Population, names: Iterable[str] = (), *, tables: Iterable[str] = ()) -> np.ndarray:
    """Person numbers that the purpose may ask about, rising; of practices that share every feed that ``names`` (facts, measures)
    and ``tables`` rest on. ``GovernanceError`` where the purpose may not use one of the tables at all."""
    whole = population.whole
    gone = _without(population, names, tables)
    return np.asarray(eligible(whole.purpose, whole.snapshot, without_practices=gone).to_numpy())


def withholding_contacts(population: Population) -> tuple[str, ...]:
    """Practices that share their record for the purpose, and not the contacts that programmes made with their patients."""
    return tuple(sorted({*_without(population, (), CONTACTS)} - {*_without(population, (), ())}))


def practices_sharing(
    population: Population, names: Iterable[str] = (), *, tables: Iterable[str] = ()
) -> tuple[str, ...]:
    """Practices with people on the data date that share for the purpose what ``names`` and ``tables`` rest on."""
    whole = population.whole
    connection = whole.snapshot.connect(only=("registration",))
    try:
        rows = connection.execute(
            "SELECT DISTINCT practice FROM registration WHERE start_date <= ? AND (end_date IS NULL OR end_date > ?)",
            [whole.data_date, whole.data_date],
        ).fetchall()
    finally:
        connection.close()
    gone = {*_without(population, names, tables)}
    return tuple(sorted(str(row[0]) for row in rows if row[0] is not None and row[0] not in gone))


def _without(population: Population, names: Iterable[str], tables: Iterable[str]) -> tuple[str, ...]:
    whole = population.whole.for_tables(tables)
    return whole.without_practices_for([n for n in names if n in whole.variables])
