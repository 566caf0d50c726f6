"""From a locked design to two groups of people: those who entered, and people like them who had not been offered it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from goldenthread.cohorts import Scope
from goldenthread.definitions import Catalogue
from goldenthread.definitions.expressions import Both, Node, Variable, names, parse
from goldenthread.evaluation import MatchedComparison, Outcome, Study, compare
from goldenthread.measures import PERSON, chunks, compile_plan, event_sql, to_sql, variables
from goldenthread.programme.asking import CONTACTS, may_ask
from goldenthread.programme.errors import ProgrammeError, Refused
from goldenthread.programme.evidence import expression_of

if TYPE_CHECKING:
    from goldenthread.cohorts import Population
    from goldenthread.programme.plan import Design, PlannedOutcome
    from goldenthread.programme.record import Initiative

DAY = np.timedelta64(1, "D")
_SETTLED = ("registered", "alive")
_SUBGROUPS = {
    "imd_quintile": (
        "Deprivation fifth",
        {"1": "1 (most deprived)", "2": "2", "3": "3", "4": "4", "5": "5 (least deprived)"}
        | {f"{n}.0": str(n) for n in range(1, 6)},
    ),
    "sex": ("Sex", {"1": "Male", "2": "Female", "9": "Not known", "X": "Not known"}),
    "ethnic_group": ("Ethnic group", {}),
    "rural": ("Rural area", {"1.0": "yes", "0.0": "no"}),
}
"""Groups as people call them: fact -> title and words for its codes."""
_ROLES = {"primary": "primary", "secondary": "secondary", "harm": "harm"}


@dataclass(frozen=True)
class Prepared:
    """A study ready to compare, and what a reader must know about how people came into it."""

    study: Study
    entered: int
    outside: int
    last_entry: date
    notes: tuple[str, ...]


def study_of(
    population: Population,
    initiative: Initiative,
    design: Design,
    outcomes: Sequence[PlannedOutcome],
    *,
    catalogue: Catalogue | None = None,
    span: tuple[date, date] | None = None,
) -> Prepared:
    """The study that a matched design describes, on the current snapshot.

    Entered: people with the step ``design.entry`` in the contact feed for whom ``comparable`` held the day before; the
    record decides, for them and for everybody they are compared with. Candidates: everybody who may be asked about, on
    ``draws`` days drawn from the days of entering, for whom it held and who had not been offered this or another
    programme by then (somebody offered it later serves until that day: nobody is left out for what came after).
    Covariates are measured on the day before, for everybody.
    """
    used = catalogue or population.catalogue
    wanted = needed_facts(used, initiative, design)
    # where contacts are withheld nobody can tell who was offered it, so those practices' people serve on neither side
    pids = may_ask(population, [*wanted, *(o.measure for o in outcomes)], tables=CONTACTS)
    entries, offered = _entries(population, initiative, design, pids)
    if entries.empty:
        raise Refused(
            f"Nobody has {'been invited' if design.entry == 'invited' else design.entry} under the name {initiative.contacts_name!r}.",
            "Check `programme` against the names in the contact feed, or wait for its data.",
        )
    treated = _facts(population, used, design, wanted, entries)
    inside = treated["inside"] & treated["registered"] & treated["alive"]
    pool = _pool(pids, entries, offered, design)
    candidates = _facts_of_all(population, used, design, wanted, pool)
    candidates = _one_programme_each(population, initiative, design, candidates)
    ends = _ends(population)
    events = [
        Outcome(o.name, _events(population, used, o.measure), _ROLES[o.kind], _lower_is_better(o))  # type: ignore[arg-type]
        for o in outcomes
    ]
    first, last = span or _data(population, outcomes, used)
    study = Study(
        treated=_dated(treated[inside], ends).rename(columns={"day": "entry"}),
        candidates=_spans(_dated(candidates, ends)),
        covariates=list(design.covariates),
        outcomes=events,
        data_from=first,
        data_to=last,
        exact=list(design.exact),
        subgroups=[_SUBGROUPS[s][0] if s in _SUBGROUPS else s for s in design.subgroups],
        quarters_before=max(design.months_before // 3, 1),
        quarters_after=max(design.months_after // 3, 1),
        drop_constant=True,
    )
    out = int((~inside).sum())
    notes = []
    if out:
        notes.append(
            f"{out:,} of {len(treated):,} people who entered did not meet the agreed rule on the day before, by their records; "
            "they are left out, and the result does not speak for them."
        )
    if design.entry != "invited":
        words = "answered" if design.entry == "reached" else "took part to the end"
        notes.append(
            f"People count from the day they {words}, not from the day they were invited. Those who do so may differ from those "
            "who do not in ways that no record shows."
        )
    return Prepared(study, len(treated), out, _as_date(entries["day"].max()), tuple(notes))


def compared(prepared: Prepared, design: Design) -> MatchedComparison:
    """The comparison, with the settings that were agreed."""
    return compare(prepared.study, ratio=design.ratio, caliper=design.caliper, seed=design.seed)


def _entries(
    population: Population, initiative: Initiative, design: Design, may: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """First day of the entering step for each person, and everybody's first offer of any programme."""
    wanted = {
        "invited": "('invited', 'reached', 'declined', 'completed')",
        "reached": "('reached', 'completed')",
    }
    steps = wanted.get(design.entry, "('completed')")
    connection = population.snapshot.connect(only=("contact",))
    try:
        entries = connection.execute(
            f"SELECT pid, min(date) AS day FROM contact WHERE initiative = ? AND outcome IN {steps} GROUP BY pid ORDER BY pid",
            [initiative.contacts_name],
        ).df()
        offered = connection.execute(
            "SELECT pid, min(date) AS offered FROM contact GROUP BY pid ORDER BY pid"
        ).df()
    finally:
        connection.close()
    entries = entries[np.isin(entries["pid"], may)]
    days = pd.to_datetime(entries["day"])
    keep = np.ones(len(entries), bool)
    if design.recruit_from:
        keep &= (days >= pd.Timestamp(design.recruit_from)).to_numpy()
    if design.recruit_until:
        keep &= (days <= pd.Timestamp(design.recruit_until)).to_numpy()
    return entries[keep].reset_index(drop=True), offered


def needed_facts(catalogue: Catalogue, initiative: Initiative, design: Design) -> list[str]:
    """Facts that the comparison needs of everybody."""
    rule = parse(expression_of(catalogue, design.comparable))
    where = [s.kind for s in map(Scope.parse, initiative.scopes) if s.kind != "system"]
    named = [*names(rule), *design.covariates, *design.exact, *design.subgroups]
    return list(dict.fromkeys([*_SETTLED, *named, *(where if design.one_programme_each else ())]))


def _facts(
    population: Population, catalogue: Catalogue, design: Design, wanted: list[str], when: pd.DataFrame
) -> pd.DataFrame:
    """What was known of each person on the day before ``day``, and whether the agreed rule held."""
    frame = _rows_at(
        population, catalogue, wanted, when, [parse(expression_of(catalogue, design.comparable))]
    )
    frame["measured"] = pd.to_datetime(frame["measured"])
    frame["day"] = frame["measured"] + pd.Timedelta(days=1)
    for column in frame.columns:
        if frame[column].dtype == bool and column not in ("inside", *_SETTLED):
            frame[column] = frame[column].astype(float)
    for column, (title, words) in _SUBGROUPS.items():
        if column in design.subgroups:
            codes = frame[column].astype("string")
            frame[title] = codes.map(words).fillna(codes).astype(object).where(codes.notna(), "Not known")
    return frame


def _rows_at(
    population: Population, catalogue: Catalogue, wanted: list[str], when: pd.DataFrame, rules: Sequence[Node]
) -> pd.DataFrame:
    """Facts on the day before ``day``, and ``inside``: whether all rules held."""
    before = when["day"].to_numpy().astype("M8[D]") - DAY
    dates = pa.table(
        {
            "pid": pa.array(when["pid"].to_numpy(), pa.int32()),
            "index_date": pa.array(before.astype(object), pa.date32()),
        }
    )
    needs = list(dict.fromkeys([*wanted, *(n for rule in rules for n in names(rule))]))
    known = _known(population, catalogue)
    plan = compile_plan(catalogue, needs, known)
    facts = pa.concat_tables(list(chunks(population.snapshot, plan, index_date=dates)))
    sql = " AND ".join(to_sql(rule, known, index="index_date") for rule in rules)
    connection = duckdb.connect(":memory:")
    try:
        connection.register("facts", facts)
        connection.register("dates", dates)
        frame: pd.DataFrame = connection.sql(
            f"SELECT facts.*, ({sql}) AS inside, dates.index_date AS measured FROM facts JOIN dates USING (pid) ORDER BY pid"
        ).df()
    finally:
        connection.close()
    return frame


def _known(population: Population, catalogue: Catalogue) -> Mapping[str, Variable]:
    """Every fact by name: working it out takes as long as a small question, so the population's own are used."""
    return population.variables if catalogue is population.catalogue else variables(catalogue)


def _pool(
    pids: np.ndarray, entries: pd.DataFrame, offered: pd.DataFrame, design: Design
) -> list[pd.DataFrame]:
    """For every draw a day for everybody, drawn from the days of entering; only those not offered any programme by then."""
    first = offered.set_index("pid")["offered"].reindex(pids)
    first_day = pd.to_datetime(first).to_numpy().astype("M8[D]")
    days = np.sort(entries["day"].to_numpy().astype("M8[D]"))
    rng = np.random.default_rng(design.seed)
    out = []
    for _ in range(max(design.draws, 1)):
        drawn = rng.choice(days, len(pids))
        free = np.isnat(first_day) | (drawn < first_day)
        out.append(pd.DataFrame({"pid": pids[free], "day": drawn[free]}))
    return out


def _one_programme_each(
    population: Population, initiative: Initiative, design: Design, candidates: pd.DataFrame
) -> pd.DataFrame:
    """Where it ran, people offered another programme, ever, are not compared: those who entered never were."""
    if not design.one_programme_each:
        return candidates
    connection = population.snapshot.connect(only=("contact",))
    try:
        others = connection.execute(
            "SELECT DISTINCT pid FROM contact WHERE initiative <> ?", [initiative.contacts_name]
        ).df()["pid"]
    finally:
        connection.close()
    here = np.zeros(len(candidates), bool)
    for scope in map(Scope.parse, initiative.scopes):
        here |= True if scope.kind == "system" else (candidates[scope.kind] == scope.code).to_numpy()
    return candidates[~(here & candidates["pid"].isin(others).to_numpy())].reset_index(drop=True)


def _facts_of_all(
    population: Population, catalogue: Catalogue, design: Design, wanted: list[str], pool: list[pd.DataFrame]
) -> pd.DataFrame:
    """Candidates for whom the rule held, with what was known of them. What age and the like rule out is not looked up further."""
    node = parse(expression_of(catalogue, design.comparable))
    cheap = [p for p in (node.parts if isinstance(node, Both) else (node,)) if set(names(p)) <= set(PERSON)]
    parts = []
    for when in pool:
        left = when
        if cheap:
            known = _rows_at(population, catalogue, list(_SETTLED), when, cheap)
            left = when[when["pid"].isin(known.loc[known["inside"], "pid"])]
        frame = _facts(population, catalogue, design, wanted, left)
        parts.append(frame[frame["inside"] & frame["registered"] & frame["alive"]])
    whole = pd.concat(parts, ignore_index=True)
    return whole[~whole.duplicated(["pid", "day"])].reset_index(drop=True)


def _ends(population: Population) -> pd.DataFrame:
    """The last day on which each person's care would be seen here, and why there is none after it."""
    connection = population.snapshot.connect(only=("person", "registration"))
    try:
        frame = connection.execute(
            "SELECT p.pid, p.death_date, max(coalesce(r.end_date, DATE '9999-12-31')) AS end_date "
            "FROM person AS p JOIN registration AS r USING (pid) GROUP BY p.pid, p.death_date"
        ).df()
    finally:
        connection.close()
    died = frame["death_date"].to_numpy().astype("M8[D]")
    # the day after the last day registered
    left = np.array(frame["end_date"].astype(str), dtype="M8[D]") - DAY
    left[left > np.datetime64("9000-01-01")] = np.datetime64("NaT")
    ends = np.where(np.isnat(died), left, np.where(np.isnat(left), died, np.minimum(died, left)))
    # a death ends the registration too, some days after it or before it
    death = ~np.isnat(died) & (np.isnat(left) | (died <= left + np.timedelta64(60, "D")))
    why = np.where(death, "died", "left").astype(object)
    why[np.isnat(ends)] = None
    return pd.DataFrame({"exit": ends.astype("M8[s]"), "exit_reason": why}, index=frame["pid"].to_numpy())


def _dated(frame: pd.DataFrame, ends: pd.DataFrame) -> pd.DataFrame:
    found = ends.reindex(frame["pid"].to_numpy())
    out = frame.assign(exit=found["exit"].to_numpy(), exit_reason=found["exit_reason"].to_numpy())
    gone = out["exit"] < out["day"]
    out.loc[gone, "exit"] = out.loc[gone, "day"]
    return out


def _spans(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(start=frame["day"], eligible_from=frame["day"], eligible_to=frame["day"])


def _events(population: Population, catalogue: Catalogue, measure: str) -> pd.DataFrame:
    sql, tables = event_sql(catalogue, measure)
    connection = population.snapshot.connect(only=tuple(tables))
    try:
        frame: pd.DataFrame = connection.execute(f"SELECT pid, date, count FROM ({sql}) AS e").df()
    finally:
        connection.close()
    frame["date"] = pd.to_datetime(frame["date"])
    return frame


def _data(
    population: Population, outcomes: Sequence[PlannedOutcome], catalogue: Catalogue
) -> tuple[date, date]:
    """First and last day on which every outcome's feed holds data."""
    first, last = [], [population.data_date]
    for measure in {o.measure for o in outcomes}:
        sql, tables = event_sql(catalogue, measure)
        connection = population.snapshot.connect(only=tuple(tables))
        try:
            rows = connection.execute(f"SELECT min(date), max(date) FROM ({sql}) AS e").fetchall()
        finally:
            connection.close()
        if rows[0][0] is None:
            raise ProgrammeError(
                f"There is no event of {measure!r} in the data.",
                "Check its codes and its feed, or choose another measure.",
            )
        first.append(rows[0][0].replace(day=1))
        # a feed whose last events are a month behind the data date has not been delivered to the end
        if (population.data_date - rows[0][1]).days > 31:
            last.append(rows[0][1])
    return max(first), min(last)


def data_span(
    population: Population, outcomes: Sequence[PlannedOutcome], catalogue: Catalogue | None = None
) -> tuple[date, date]:
    """First and last day on which the outcomes can be seen, by the definitions given (today's if not said)."""
    return _data(population, outcomes, catalogue or population.catalogue)


def _lower_is_better(outcome: PlannedOutcome) -> bool:
    return outcome.direction == "fewer" or (
        outcome.direction == "no more than" and outcome.limit_on == "more"
    )


def _as_date(day: object) -> date:
    return pd.Timestamp(day).date()  # type: ignore[arg-type]
