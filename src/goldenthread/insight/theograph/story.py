"""One pseudonymous person's contact with all services over time, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd

from goldenthread.charts import Chart
from goldenthread.charts import theograph as drawn
from goldenthread.cohorts import CohortError, Population
from goldenthread.disclosure import ReleasedTable, release
from goldenthread.governance import GovernanceError
from goldenthread.insight.theograph.events import RESTRICTED, TABLES, Event, Reader
from goldenthread.insight.theograph.reading import findings, noted

LANES = (
    "gp", "medication", "urgent_call", "ambulance", "ae", "emergency_admission", "elective_admission", "outpatient",
    "community", "mental_health", "sexual_health", "social_care", "programme",
)  # fmt: skip
"""Services that may have a line, in no order: the picture has its own."""


@dataclass(frozen=True)
class Story:
    """A person's contacts in the ``months`` up to ``until``.

    ``findings`` are what the contacts say, most important first; ``sentence`` the first of them. ``lanes`` are the services with
    contacts in that time, ``withheld`` those that the reader may not see (named whether or not there is anything in them, so
    that their being named tells nothing), ``unshared`` feeds that the practice does not share for this purpose. ``released`` has service, start, end, detail and note, one row a contact.
    """

    months: int
    until: date
    events: tuple[Event, ...]
    findings: tuple[str, ...]
    lanes: tuple[str, ...]
    withheld: tuple[str, ...]
    unshared: tuple[str, ...]
    released: ReleasedTable = field(repr=False)

    @property
    def sentence(self) -> str:
        """What stands over the picture."""
        return " ".join(self.findings[:2])

    def chart(self, *, width: int = 760, name_withheld: bool = True) -> Chart:
        """The picture, with its table twin; under it what the reader's role may not see, unless the page says that itself."""
        return drawn(
            self.released, until=self.until, months=self.months, withheld=self.withheld if name_withheld else (),
            reading=self.sentence or None, width=width,
        )  # fmt: skip


def story_of(
    population: Population,
    pid: int,
    *,
    months: int = 24,
    lanes: Sequence[str] = (),
    restricted: bool = False,
    until: date | None = None,
) -> Story:
    """What has this person's time been like, across all services?

    ``pid`` must be of somebody whom the population's purpose may ask about, in its scope: ``CohortError`` otherwise. ``lanes`` keeps
    only these services. ``restricted`` shows mental and sexual health, and reasons of care that tell of them; ask for it only where
    the reader's role allows. Falls are pieced together from 999, A&E, hospital and the GP record (at most 3 days apart are one fall).
    """
    if not 1 <= months <= 120:
        raise CohortError(f"{months} months cannot be shown.", "Give a number from 1 to 120.")
    wrong = [one for one in lanes if one not in LANES]
    if wrong:
        raise CohortError(
            f"There is no service called {wrong[0][:40]!r}.", f"Choose from {', '.join(LANES)}."
        )
    _check_person(population, pid)
    end = until or population.index_date
    first = (pd.Timestamp(end) - pd.DateOffset(months=months)).date()
    read = Reader(population.snapshot, population.catalogue, int(pid), private=restricted)
    found: list[Event] = []
    unshared = _unshared(population, pid)
    for table, events in TABLES.items():
        if table not in unshared and (restricted or table != "mental_health_contact"):
            found += events(read)
    hidden = () if restricted else tuple(RESTRICTED)
    known = [e for e in found if e.start <= end and (e.end or e.start) >= first and e.service not in hidden]
    # people who are still in hospital, or get social care still, are in the window whenever it began
    known += [e for e in found if e.open and e.start < first and e.service not in hidden]
    known = sorted({*known}, key=lambda e: (e.start, e.service, e.detail))
    gp_falls = tuple(e.start for e in found if e.service == "gp_fall")
    said = findings([e for e in known if e.service != "gp_fall"], gp_falls, first, end)
    shown = [replace(e, service="gp") if e.service == "gp_fall" else e for e in known]
    there = tuple(dict.fromkeys(e.service for e in shown))
    kept = [e for e in shown if not lanes or e.service in lanes]
    released = _released(population, kept, gp_falls)
    return Story(months, end, tuple(kept), said, there, hidden, unshared, released)


def _check_person(population: Population, pid: int) -> None:
    pids = population.pids
    place = int(np.searchsorted(pids, pid)) if len(pids) else 0
    if place >= len(pids) or int(pids[place]) != int(pid):
        raise CohortError(
            "This person is not among those you may ask about.",
            "They may have left the practice, or opted out; or choose the population they belong to.",
        )


def _unshared(population: Population, pid: int) -> tuple[str, ...]:
    """Tables that the person's practice does not share for this purpose, or that the purpose may not use."""
    sharing = population.sharing
    if sharing is None or sharing.plain:
        return ()
    rows = population.query("practice", ["practice"], where=f"pid = {int(pid)}").to_pylist()
    practice = rows[0]["practice"] if rows else None
    found = []
    for table in TABLES:
        try:
            if practice in sharing.leaving((table,)):
                found.append(table)
        except GovernanceError:
            found.append(table)
    return tuple(found)


def _released(population: Population, events: Sequence[Event], gp_falls: Sequence[date]) -> ReleasedTable:
    """One person's rows: counts of nobody, so nothing is hidden; who may look is decided before."""
    frame = pd.DataFrame(
        {
            "service": [e.service for e in events],
            "start": pd.Series([e.start for e in events], dtype="object"),
            "end": pd.Series([_end(e) for e in events], dtype="object"),
            "detail": [e.detail for e in events],
            "note": [noted(e, gp_falls) for e in events],
        }
    )
    return release(
        frame,
        policy="direct_care",
        kinds=dict.fromkeys(("service", "start", "end", "detail", "note"), "text"),
        purpose=population.purpose.title,
        source="One person's contacts as each service recorded them",
        data_date=population.data_date,
    )


def _end(event: Event) -> date | None:
    """The last day, for stays and packages; a stay that ended the day it began lasts that day."""
    if event.open:
        return None
    return event.end or (event.start if event.service.endswith("admission") else None)
