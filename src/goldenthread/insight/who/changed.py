"""What changed: a frozen cohort asked again on newer data. Who stayed, who joined, who left and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from goldenthread.cohorts import Cohort, CohortError, CohortVersion, Population, told
from goldenthread.definitions.expressions import to_english
from goldenthread.disclosure import ReleasedTable, release

THEN, NOW, STAYED, JOINED, LEFT = "Then", "Now", "Stayed", "Joined", "Left"
JOINED_NEW = "Joined: registered here since"
JOINED_MEETS = "Joined: meets the conditions now"
LEFT_DIED = "Left: died"
LEFT_GONE = "Left: no longer registered here"
LEFT_ASKED = "Left: may no longer be asked about"


@dataclass(frozen=True)
class Changes:
    """A cohort then and now. ``released`` has change and people, and ``rows`` the same, ``None`` where hidden.

    ``definitions`` names what the cohort rests on and has changed meanwhile: then people may have joined or left without anything
    having happened to them.
    """

    cohort: Cohort
    then: date
    now: date
    released: ReleasedTable
    rows: tuple[tuple[str, int | None], ...]
    definitions: tuple[str, ...]
    sentence: str
    note: str = ""


def what_changed(version: CohortVersion, population: Population) -> Changes:
    """Ask a frozen cohort's question again of today's people, and compare.

    ``population`` should have the scope in which it was frozen. People are matched by pseudonym. Raises ``CohortError`` where the
    population's day is before the version's, or the version has been tampered with.
    """
    then = date.fromisoformat(str(version.record["index_date"]))
    if population.index_date < then:
        raise CohortError(
            f"{version.id} was frozen as at {then.isoformat()}, after {population.index_date.isoformat()}.",
            "Compare it with newer data.",
        )
    population = population.for_facts(population.cohort(str(version.record["expression"])).needs)
    cohort = population.cohort(str(version.record["expression"]))
    old, missing = _people(population, version.members())
    new = cohort.pids
    stayed, joined, left = np.intersect1d(old, new), np.setdiff1d(new, old), np.setdiff1d(old, new)
    since = _registered_after(population, date.fromisoformat(str(version.record["data_date"])))
    groups: dict[str, np.ndarray] = {
        JOINED_NEW: np.intersect1d(joined, since),
        JOINED_MEETS: np.setdiff1d(joined, since),
        **_why_left(population, cohort, left),
    }
    groups = {name: members for name, members in groups.items() if len(members)}
    above = {name: name.split(":")[0] for name in groups}
    groups = {THEN: old, NOW: new, STAYED: stayed, JOINED: joined, LEFT: left, **groups}
    for total in {JOINED, LEFT} - set(above.values()):
        groups.pop(total)
    released = release(
        pd.DataFrame({"change": list(groups), "people": [len(m) for m in groups.values()]}),
        policy=population.purpose.disclosure,
        counts=["people"],
        dimensions=["change"],
        margins={"change": above} if above else {},
        not_additive=[] if above else ["change"],
        members={"people": list(groups.values())} if population.ledger is not None else None,
        purpose=population.purpose.title,
        source=f"{cohort.english}; frozen as {version.id}",
        data_date=population.data_date,
        coverage=population.coverage.words,
        **told(population, cohort.question(f"changes since {version.id}")),
    )
    rows = tuple(
        (str(name), None if pd.isna(people) else int(people))
        for name, people in zip(released.frame["change"], released.frame["people"], strict=True)
    )
    return Changes(
        cohort, then, population.index_date, released, rows, _definitions(version, cohort),
        _sentence(dict(rows)), _missing_words(missing),
    )  # fmt: skip


def _people(population: Population, pseudonyms: list[bytes]) -> tuple[np.ndarray, int]:
    """Numbers in this snapshot of people frozen by pseudonym, rising, and how many have none any more."""
    connection = population.snapshot.connect(only=("person",))
    try:
        connection.register("frozen", pa.table({"pseudonym": pa.array(pseudonyms, pa.binary())}))
        found = connection.sql(
            "SELECT p.pid FROM frozen JOIN person AS p ON p.pseudonym = frozen.pseudonym ORDER BY p.pid"
        ).to_arrow_table()
    finally:
        connection.close()
    pids = np.asarray(found.column("pid").to_numpy())
    return pids, len(pseudonyms) - len(pids)


def _registered_after(population: Population, day: date) -> np.ndarray:
    """People whose first registration here began after a day."""
    connection = population.snapshot.connect(only=("registration",))
    try:
        found = connection.sql(
            f"SELECT pid FROM registration GROUP BY pid HAVING min(start_date) > DATE '{day.isoformat()}' ORDER BY pid"
        ).to_arrow_table()
    finally:
        connection.close()
    return np.asarray(found.column("pid").to_numpy())


def _why_left(population: Population, cohort: Cohort, left: np.ndarray) -> dict[str, np.ndarray]:
    """Each of those who left under the first reason that holds: died, not here, not to be asked, the first condition not met."""
    connection = population.snapshot.connect(only=("person",))
    try:
        dead = connection.sql(
            f"SELECT pid FROM person WHERE death_date <= {population.index_sql} ORDER BY pid"
        ).to_arrow_table()
    finally:
        connection.close()
    died = np.intersect1d(left, np.asarray(dead.column("pid").to_numpy()))
    rest = np.setdiff1d(left, died)
    here = np.intersect1d(rest, population.registered)
    groups = {LEFT_DIED: died, LEFT_GONE: np.setdiff1d(rest, here)}
    asked = np.intersect1d(here, population.pids)
    groups[LEFT_ASKED] = np.setdiff1d(here, asked)
    table = cohort.terms_table()
    table = table.filter(pa.array(np.isin(table.column("pid").to_numpy(), asked)))
    pids, still = table.column("pid").to_numpy(), np.ones(table.num_rows, bool)
    for number, (_, node) in enumerate(cohort.terms):
        holds = table.column(f"t{number}").to_pandas().fillna(value=False).to_numpy(bool)
        words = to_english(node, population.variables)
        name = f"Left: no longer meets “{words}”"
        groups[name] = np.union1d(groups.get(name, np.array([], pids.dtype)), pids[still & ~holds])
        still &= holds
    return groups


def _definitions(version: CohortVersion, cohort: Cohort) -> tuple[str, ...]:
    """Definitions that say something else than when the version was frozen."""
    import json

    def plain(raw: Any) -> Any:
        return json.loads(json.dumps({k: v for k, v in raw.items() if k != "rule"}, default=str))

    before = version.record.get("definitions", {})
    changed = [
        n
        for n, d in cohort.rests_on.items()
        if n in before and plain(d.raw) != plain(before[n]["definition"])
    ]
    changed += [n for n in cohort.rests_on if n not in before]
    old_codes = version.record.get("codelist_hashes", {})
    changed += [f"codes {n}" for n, h in cohort.codelist_hashes.items() if old_codes.get(n, h) != h]
    return tuple(changed)


def _sentence(rows: dict[str, int | None]) -> str:
    def said(name: str) -> str:
        value = rows.get(name, 0)
        return "a few" if value is None else f"{value:,}"

    if not rows.get(JOINED, 0) and not rows.get(LEFT, 0) and JOINED not in rows and LEFT not in rows:
        return f"Nobody joined and nobody left: {said(NOW)} people then and now."
    return f"{said(THEN)} people then, {said(NOW)} now: {said(JOINED)} joined, {said(LEFT)} left, {said(STAYED)} stayed."


def _missing_words(missing: int) -> str:
    """People frozen then of whom the data hold nothing any more; few are not counted out."""
    if not missing:
        return ""
    number = f"About {round(missing, -1):,}" if missing >= 10 else "A few"
    return f"{number} of the people frozen then are in no record any more and are not counted here."
