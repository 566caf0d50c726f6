"""Who is reached by what is tried: deprivation of the people reached, initiative by initiative, beside the population's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from goldenthread.disclosure import ReleasedTable, release
from goldenthread.programme.reach import contacts_of

if TYPE_CHECKING:
    from goldenthread.cohorts import Population
    from goldenthread.programme.register import Entry

FIFTHS = {
    "1": "1 (most deprived)",
    "2": "2",
    "3": "3",
    "4": "4",
    "5": "5 (least deprived)",
    "Not known": "Not known",
}
_ALL = "All"
_EVERY = "All initiatives"


@dataclass(frozen=True)
class Fifth:
    """One fifth of deprivation: its share of the people reached, and of everybody registered; ``None`` where hidden."""

    label: str
    reached: float | None
    people: float | None


@dataclass(frozen=True)
class DeprivationReached:
    """Whom all initiatives together reached, by fifths, and each initiative's share in the most deprived fifth.

    ``most_deprived``: initiative -> share, ``None`` where it cannot be told; an initiative that reached nobody is not in it.
    ``words`` is the reading, ``notes`` what a reader must know.
    """

    fifths: tuple[Fifth, ...]
    most_deprived: Mapping[str, float | None]
    population: float | None
    words: str
    notes: tuple[str, ...]

    def against(self, name: str) -> str:
        """Whether an initiative reaches the most deprived fifth ``more`` than its share of people, ``less``, or ``unknown``."""
        share = self.most_deprived.get(name)
        if share is None or self.population is None:
            return "unknown"
        return "more" if share >= self.population else "less"


def deprivation_reached(population: Population, entries: Sequence[Entry]) -> DeprivationReached:
    """People reached by each initiative by fifth of deprivation on the day of the offer, beside everybody registered here.

    Somebody reached by two initiatives counts in both. Shares are worked out from counts after disclosure control.
    """
    whole, counts, notes = population.whole, [], []
    for entry in entries:
        contacts = contacts_of(whole, entry.initiative, groups=("imd_quintile",))
        notes += [w for w in contacts.words if w not in notes]
        people = contacts.people[contacts.people["reached"].notna()] if len(contacts) else contacts.people
        if len(people):
            counts.append(
                (
                    entry.id,
                    {str(f): int(n) for f, n in people["imd_quintile"].astype(str).value_counts().items()},
                )
            )
    everybody = _everybody(whole)
    shown_people = _shares(everybody, "who", "Everybody")
    if not counts:
        fifths = tuple(
            Fifth(words, None, shown_people.get(f)) for f, words in FIFTHS.items() if f in shown_people
        )
        return DeprivationReached(
            fifths, {}, shown_people.get("1"), "Nobody has been reached yet.", tuple(notes)
        )
    table = _released(counts, whole)
    reached = _shares(table, "initiative", _EVERY)
    fifths = tuple(
        Fifth(words, reached.get(f), shown_people.get(f))
        for f, words in FIFTHS.items()
        if f in reached or f in shown_people
    )
    each = {name: _shares(table, "initiative", name).get("1") for name, _ in counts}
    return DeprivationReached(
        fifths,
        each,
        shown_people.get("1"),
        _words(reached.get("1"), shown_people.get("1")),
        (*notes, *filter(None, [table.message])),
    )


def _released(counts: Sequence[tuple[str, Mapping[str, int]]], population: Population) -> ReleasedTable:
    rows = []
    total = dict.fromkeys(FIFTHS, 0)
    for name, found in counts:
        for fifth in FIFTHS:
            rows.append({"initiative": name, "fifth": fifth, "reached": int(found.get(fifth, 0))})
            total[fifth] += int(found.get(fifth, 0))
        rows.append({"initiative": name, "fifth": _ALL, "reached": int(sum(found.values()))})
    rows += [{"initiative": _EVERY, "fifth": fifth, "reached": n} for fifth, n in total.items()]
    rows.append({"initiative": _EVERY, "fifth": _ALL, "reached": sum(total.values())})
    return release(
        pd.DataFrame(rows), policy=population.purpose.disclosure, counts=["reached"], dimensions=["initiative", "fifth"],
        margins={"initiative": _EVERY, "fifth": _ALL}, purpose=population.purpose.title,
        source="Contacts under initiatives, from the programme feed", data_date=population.data_date,
    )  # fmt: skip


def _everybody(population: Population) -> ReleasedTable:
    rows = population.groups("count(*) AS people", ("imd_quintile",), by="imd_quintile").to_pylist()
    found = dict.fromkeys(FIFTHS, 0)
    for row in rows:
        label = str(int(row["imd_quintile"])) if row["imd_quintile"] is not None else "Not known"
        found[label] += int(row["people"])
    frame = pd.DataFrame(
        [{"who": "Everybody", "fifth": f, "reached": n} for f, n in found.items()]
        + [{"who": "Everybody", "fifth": _ALL, "reached": sum(found.values())}]
    )
    return release(
        frame, policy=population.purpose.disclosure, counts=["reached"], dimensions=["who", "fifth"], margins={"fifth": _ALL},
        purpose=population.purpose.title, data_date=population.data_date, source="People registered here",
    )  # fmt: skip


def _shares(table: ReleasedTable, by: str, of: str) -> dict[str, float | None]:
    """Shares of a row's total by fifth, from what is shown; fifths that nobody is in are left out."""
    here = table.frame[by].astype(str) == of
    shown = {
        str(f): None if hidden else int(n)
        for f, n, hidden in zip(
            table.frame.loc[here, "fifth"],
            table.frame.loc[here, "reached"],
            table.suppressed.loc[here, "reached"],
            strict=True,
        )
    }
    total = shown.get(_ALL)
    out: dict[str, float | None] = {}
    for fifth in FIFTHS:
        n = shown.get(fifth)
        if fifth == "Not known" and n == 0:
            continue
        out[fifth] = n / total if n is not None and total else None
    return out


def _words(reached: float | None, people: float | None) -> str:
    if reached is None or people is None:
        return "Too few people were reached to say how deprived the areas are that they live in."
    gap = (
        "as many as there are"
        if abs(reached - people) < 0.01
        else "fewer than there are"
        if reached < people
        else "more than there are"
    )
    return f"{reached:.0%} of those reached live in the most deprived fifth of England's areas, where {people:.0%} of everybody registered live: {gap}."
