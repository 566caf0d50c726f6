"""Whom an initiative reached: offered, reached, declined, finished; by group, by month, against the time there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from goldenthread.disclosure import ReleasedTable, release
from goldenthread.evaluation import Level
from goldenthread.measures import PERSON, chunks, compile_plan
from goldenthread.programme.asking import CONTACTS, may_ask, withholding_contacts
from goldenthread.programme.errors import ProgrammeError

if TYPE_CHECKING:
    from goldenthread.cohorts import Population
    from goldenthread.programme.plan import EquityTarget
    from goldenthread.programme.record import Initiative

STEPS = ("offered", "reached", "declined", "completed")
"""offered: invited by letter, telephone or visit. reached: answered, whatever they said. declined: said no. completed:
took part to the end. Somebody reached who neither declined nor completed has agreed or not decided: the feed does not tell."""
_ALL = "All"
_REST = "Other or not known"
_SAID = {"imd_quintile": "deprivation fifth", "ethnic_group": "ethnic group", "age_band": "age"}
_FEWEST = 20
GROUPS = ("imd_quintile", "ethnic_group", "sex", "age_band")
_BANDS = (0, 18, 40, 65, 75, 85, 200)
_BAND_NAMES = ("0-17", "18-39", "40-64", "65-74", "75-84", "85+")


@dataclass(frozen=True)
class Contacts:
    """One row a person offered the initiative: first day of each step (missing where it did not happen), and their groups
    on the day of the offer. ``left_out`` counts people contacted whom the purpose may not ask about, ``withheld`` names
    practices that do not share contacts for it. For use inside the house."""

    people: pd.DataFrame
    left_out: int
    withheld: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Who is missing from every figure made of this, in sentences."""
        out = []
        if self.left_out:
            out.append(
                "Some people contacted may not be asked about for this purpose; they are in none of these figures."
            )
        if self.withheld:
            several = len(self.withheld) > 1
            out.append(
                f"{len(self.withheld)} {'practices do' if several else 'practice does'} not share contacts made by programmes for this "
                f"purpose ({', '.join(self.withheld)}); {'their' if several else 'its'} patients are in none of these figures."
            )
        return tuple(out)

    def __len__(self) -> int:
        return len(self.people)


def first_contact(population: Population, initiative: Initiative) -> date | None:
    """The first day on which anybody who may be asked about was contacted under the initiative's name; ``None`` where nobody was."""
    may = pa.table({"pid": may_ask(population, tables=CONTACTS)})
    connection = population.snapshot.connect(only=("contact",))
    try:
        connection.register("may", may)
        rows = connection.execute(
            "SELECT min(date) FROM contact JOIN may USING (pid) WHERE initiative = ?",
            [initiative.contacts_name],
        ).fetchall()
    finally:
        connection.close()
    return rows[0][0] if rows else None


def contacts_of(
    population: Population,
    initiative: Initiative,
    *,
    groups: Sequence[str] = ("imd_quintile", "ethnic_group", "sex", "age"),
) -> Contacts:
    """Everybody contacted whom the purpose may ask about, of practices that share contacts for it.

    A person who completed was reached, whatever was recorded. ``GovernanceError`` where the purpose may use no contacts.
    """
    may = may_ask(population, groups, tables=CONTACTS)
    connection = population.snapshot.connect(only=("contact",))
    try:
        frame = connection.execute(
            "SELECT pid, min(date) AS offered, "
            "min(date) FILTER (WHERE outcome IN ('reached', 'declined', 'completed')) AS reached, "
            "min(date) FILTER (WHERE outcome = 'declined') AS declined, "
            "min(date) FILTER (WHERE outcome = 'completed') AS completed "
            "FROM contact WHERE initiative = ? GROUP BY pid ORDER BY pid",
            [initiative.contacts_name],
        ).df()
    finally:
        connection.close()
    for step in STEPS:
        frame[step] = pd.to_datetime(frame[step])
    # somebody who said no and came all the same took part
    frame.loc[frame["completed"].notna(), "declined"] = pd.NaT
    keep = np.isin(frame["pid"].to_numpy(), may)
    kept = frame[keep].reset_index(drop=True)
    if len(kept):
        kept = kept.merge(_groups(population, kept, groups), on="pid", how="left")
    return Contacts(kept, int((~keep).sum()), withholding_contacts(population))


def _groups(population: Population, frame: pd.DataFrame, wanted: Sequence[str]) -> pd.DataFrame:
    """Facts about people on the day they were offered it."""
    when = pa.table(
        {
            "pid": pa.array(frame["pid"].to_numpy(), pa.int32()),
            "index_date": pa.array(frame["offered"].dt.date, pa.date32()),
        }
    )
    plan = compile_plan(population.catalogue, list(wanted), population.variables)
    facts: pd.DataFrame = pa.concat_tables(
        list(chunks(population.snapshot, plan, index_date=when))
    ).to_pandas()
    if "age" in facts:
        cut = pd.cut(facts["age"], _BANDS, right=False, labels=_BAND_NAMES)
        facts["age_band"] = cut.astype(object)
    for column in facts.columns.difference(["pid"]):
        words = facts[column]
        if column == "imd_quintile":
            words = words.astype("Int64").astype("string")
        facts[column] = words.astype(object).where(words.notna(), "Not known")
    return facts


def reach_by(population: Population, contacts: Contacts, by: str = "") -> ReleasedTable:
    """Offered, reached and completed; by deprivation, ethnicity, sex or age where asked, with shares of those offered.

    Groups of fewer than 20 people who were offered it are put together.

    Released under the population's purpose: small counts are hidden, with whatever would give them away.
    """
    if by and not (by in contacts.people.columns if len(contacts) else known_group(by)):
        raise ProgrammeError(f"Reach is not known by {by!r}.", f"By: {', '.join(GROUPS)}.")
    people = contacts.people
    if by and len(people):
        # a group of a few would be hidden, and hide its neighbours with it
        few = people[by].map(people[by].value_counts()) < _FEWEST
        people = people.assign(**{by: people[by].where(~few, _REST)})
    labels = sorted({str(v) for v in people[by]} - {_REST}) if by and len(people) else []
    if by and len(people) and (people[by] == _REST).any():
        labels.append(_REST)
    rows = []
    for label in [*labels, _ALL]:
        here = people if label == _ALL else people[people[by].astype(str) == label]
        reached, done = (int(here[s].notna().sum()) for s in ("reached", "completed"))
        rows.append(
            {
                by or "group": label, "offered": len(here), "reached": reached, "not_reached": len(here) - reached,
                "completed": done, "not_completed": len(here) - done,
            }
        )  # fmt: skip
    frame = pd.DataFrame(rows)
    for step in ("reached", "completed"):
        frame[f"{step}_share"] = frame[step] / frame["offered"].where(frame["offered"] > 0)
    name = by or "group"
    return release(
        frame,
        policy=population.purpose.disclosure,
        counts=["offered", "reached", "not_reached", "completed", "not_completed"],
        rates={"reached_share": ("reached", "offered"), "completed_share": ("completed", "offered")},
        kinds={"reached_share": "proportion", "completed_share": "proportion"},
        dimensions=[name],
        margins={name: _ALL},
        parts={"offered": ["reached", "not_reached"]},
        purpose=population.purpose.title,
        source="Contacts under the initiative, from the programme feed",
        data_date=population.data_date,
    )


def reach_by_month(population: Population, contacts: Contacts) -> ReleasedTable:
    """People offered, reached and finished in each month, for a run chart. Months without anybody are shown as 0."""
    frame = contacts.people
    months: pd.PeriodIndex = pd.PeriodIndex([], freq="M")
    if len(frame):
        days = pd.concat([frame[s] for s in STEPS]).dropna()
        months = pd.period_range(days.min().to_period("M"), days.max().to_period("M"), freq="M")
    rows = [
        {
            "month": str(month),
            **{
                s: int((frame[s].dt.to_period("M") == month).sum())
                for s in ("offered", "reached", "completed")
            },
        }
        for month in months
    ]
    rows.append(
        {"month": _ALL, **{s: int(frame[s].notna().sum()) for s in ("offered", "reached", "completed")}}
    )
    return release(
        pd.DataFrame(rows),
        policy=population.purpose.disclosure,
        counts=["offered", "reached", "completed"],
        dimensions=["month"],
        margins={"month": _ALL},
        purpose=population.purpose.title,
        source="Contacts under the initiative, from the programme feed",
        data_date=population.data_date,
    )


def equity_level(target: EquityTarget, table: ReleasedTable) -> tuple[Level | None, str]:
    """A target's share as a ``Level``, or why it cannot be given. ``table`` is ``reach_by(..., target.by)``."""
    at = table.frame.index[table.frame[target.by].astype(str) == target.group]
    if not len(at):
        return (
            None,
            f"too few people of {_SAID.get(target.by, target.by)} {target.group} were offered it to tell",
        )
    share = table.frame.loc[at[0], f"{target.step}_share"]
    if bool(table.suppressed.loc[at[0], f"{target.step}_share"]) or pd.isna(share):
        return None, "too few people to show"
    percent = 100 * float(share) / table.per.get(f"{target.step}_share", 1.0)
    return Level(target.title, percent, percent, percent, counted_in_full=True), ""


def known_group(by: str) -> bool:
    """Whether reach can be told by it."""
    return by in GROUPS or by in PERSON
