"""The people of an initiative, frozen: who they were when the list was made, by which rule, from which data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from goldenthread.cohorts import Scope, freeze
from goldenthread.programme.evidence import expression_of
from goldenthread.programme.register import Entry, Register

if TYPE_CHECKING:
    from goldenthread.cohorts import Population

FOLDER = "cohorts"


def scoped_expression(expression: str, scopes: tuple[str, ...]) -> str:
    """The cohort's expression held to where the initiative runs.

    >>> scoped_expression("age >= 65 or copd", ("pcn-UZ001", "pcn-UZ002"))
    '(age >= 65 or copd) and (pcn == "UZ001" or pcn == "UZ002")'
    """
    found = [Scope.parse(s) for s in scopes]
    if any(s.kind == "system" for s in found):
        return expression
    where = " or ".join(f'{s.kind} == "{s.code}"' for s in found)
    return f"({expression}) and ({where})"


def freeze_cohort(
    register: Register, name: str, population: Population, home: Path, *, who: str, version: int
) -> Entry:
    """Freeze the initiative's cohort into ``<home>/cohorts`` and put the version's id into its record.

    Before the lock, because the lock holds whom success was agreed for. Freezing again makes the next version.
    """
    entry = register.get(name)
    whole = population.whole
    expression = scoped_expression(
        expression_of(whole.catalogue, entry.initiative.cohort), entry.initiative.scopes
    )
    made = freeze(whole.cohort(expression), name.replace("-", "_"), home / FOLDER)
    return register.change(name, {"cohort_version": made.id}, who=who, version=version)
