"""From a frozen cohort to the patients of one practice today, and why each is on the list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from goldenthread.cohorts import Cohort, CohortError, CohortVersion, Population, members_now, open_version
from goldenthread.cohorts import pids_of as numbers_of
from goldenthread.definitions.expressions import names
from goldenthread.governance import NotThereError
from goldenthread.measures import to_sql
from goldenthread.settings import Settings
from goldenthread.web.site.data import Edition

_checked: dict[Path, tuple[object, ...]] = {}
"""How the files of a frozen cohort stood when its seal was last found whole."""


def version_of(settings: Settings, cohort: str) -> CohortVersion:
    """The frozen cohort of a release; its seal is checked, again whenever anything in its folder was written to."""
    try:
        found = open_version(settings.home / "cohorts" / cohort)
    except CohortError as error:
        if "There is no cohort version" not in error.message:
            raise
        # which others there are is nobody's business here
        raise NotThereError(
            "There is no such cohort version.", "Choose one that was saved on the Ask page."
        ) from None
    stands = tuple(
        (f.name, f.stat().st_ino, f.stat().st_size, f.stat().st_ctime_ns)
        for f in sorted(found.folder.iterdir())
    )
    if _checked.get(found.folder) != stands:
        found.verify()
        if len(_checked) > 200:
            _checked.clear()
        _checked[found.folder] = stands
    return found


def members_by_practice(edition: Edition, version: CohortVersion) -> dict[str, list[bytes]]:
    """People of a frozen cohort who are registered and alive now, by the practice they are registered with today, where it shares."""
    return members_now(edition.population("direct_care", "lists"), version)


def pids_of(edition: Edition, pseudonyms: list[bytes]) -> dict[bytes, int]:
    """Person numbers in the snapshot in force."""
    return numbers_of(edition.population("direct_care", "lists"), pseudonyms)


@dataclass(frozen=True)
class Why:
    """One reason why somebody is on a list: the condition in words, and the value behind it with its date where there is one."""

    words: str
    value: str
    holds: bool


def why(population: Population, expression: str, pids: list[int]) -> dict[int, list[Why]]:
    """For each person, each condition of the cohort: whether it holds today, and the facts behind it."""
    cohort = population.cohort(expression)
    terms = cohort.terms
    listed = ", ".join(str(int(p)) for p in pids) or "-1"
    facts = _facts(cohort)
    known, index = population.variables, population.index_sql
    selected = "".join(f", ({to_sql(node, known, index=index)}) AS t{n}" for n, (_, node) in enumerate(terms))
    selected += "".join(f', "{name}" AS f_{name}' for name in facts)
    table = population.query(
        f"pid{selected}", [*cohort.needs, *facts], where=f"pid IN ({listed})"
    ).to_pylist()
    return {row["pid"]: _reasons(cohort, facts, row) for row in table}


def _facts(cohort: Cohort) -> list[str]:
    """The facts that a cohort names, and the date of each condition that has one."""
    known = cohort.population.variables
    found = []
    for name in cohort.needs:
        found.append(name)
        if f"{name}_since" in known:
            found.append(f"{name}_since")
    return list(dict.fromkeys(found))


def _reasons(cohort: Cohort, facts: list[str], row: dict[str, Any]) -> list[Why]:
    known = cohort.population.variables
    found = []
    for n, (words, node) in enumerate(cohort.terms):
        parts = []
        for name in names(node):
            value = row.get(f"f_{name}")
            variable = known[name]
            if variable.kind == "truth":
                since = row.get(f"f_{name}_since")
                if value and since is not None:
                    parts.append(f"{variable.meaning}, since {_day(since)}")
                elif value:
                    parts.append(variable.meaning)
                continue
            if value is not None:
                unit = f" {variable.unit}" if variable.unit else ""
                parts.append(f"{variable.meaning}: {_said(value)}{unit}")
        found.append(Why(words[:1].upper() + words[1:], "; ".join(parts), bool(row.get(f"t{n}"))))
    return found


def _said(value: Any) -> str:
    if isinstance(value, date):
        return _day(value)
    if isinstance(value, float):
        return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
