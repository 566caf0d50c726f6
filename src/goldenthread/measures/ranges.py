"""Facts about one range of people: the scans, then what is worked out from what they found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from goldenthread.definitions import Condition, Definition, Measure, Score
from goldenthread.definitions.expressions import Variable
from goldenthread.lake import Snapshot
from goldenthread.measures.coded import EPOCH, CodedScan, Slot
from goldenthread.measures.engines import Engine
from goldenthread.measures.facts import PERSON
from goldenthread.measures.folding import CodeNumbers, FoldedAnswer, pieces_of
from goldenthread.measures.grouped import GroupedAnswer
from goldenthread.measures.ordered import OrderedRows
from goldenthread.measures.people import people_between, registered_between
from goldenthread.measures.person import SIMPLE, person_sql, simple_facts
from goldenthread.measures.plan import Plan
from goldenthread.measures.scoring import diagnosis_rows, work_out
from goldenthread.measures.sql import identifier, literal

Codes: TypeAlias = pa.Table | CodeNumbers | OrderedRows
"""What is asked of a table of codes: as a relation for the engine, as numbers to fold by, or as rows that are read here."""


class Chunk:
    """One range of people: the scans, then the steps."""

    def __init__(
        self,
        snapshot: Snapshot,
        plan: Plan,
        run: Engine,
        first: int,
        last: int,
        index: date | None,
        dates: pa.Table | None,
        maps: Mapping[str, Codes],
    ) -> None:
        self.snapshot, self.plan, self.run, self.maps = snapshot, plan, run, maps
        self.first, self.last, self.index = first, last, index
        self.people = last - first + 1
        self.relations: dict[str, pa.Table] = {"index_dates": dates} if dates is not None else {}
        self.columns: dict[str, pa.Array] = {}

    def answer(self, eligible: pa.Array | None) -> pa.Table:
        self._person()
        answers = {name: self._coded(scan) for name, scan in self.plan.coded.items()}
        self._conditions(answers)
        for scan in self.plan.plain.values():
            self._plain(scan)
        self._steps()
        table = pa.table({"pid": self.columns["pid"], **{n: self.columns[n] for n in self.plan.wanted}})
        keep = self.present
        if eligible is not None:
            among = pc.is_in(self.columns["pid"], value_set=eligible)
            keep = among if keep is None else pc.and_(keep, among)
        return table if keep is None else table.filter(keep)

    def _person(self) -> None:
        wanted = [n for n in PERSON if n in self.plan.person]
        if self.run.folds and self.index is not None and SIMPLE.issuperset(wanted):
            table = self._simple(wanted, self.index)
        else:
            index = literal(self.index) if self.index else None
            sql = person_sql(self.first, self.last, index, wanted)
            table = self.run.query(sql, self.relations).combine_chunks()
        at = table.column("pid").to_numpy().astype(np.int64) - self.first
        self.columns["pid"] = pa.array(np.arange(self.first, self.last + 1, dtype=np.int32))
        whole = len(at) == self.people
        self.present = None if whole else pa.array(np.isin(np.arange(self.people), at))
        for name in wanted:
            variable = PERSON[name]
            column = table.column(name).combine_chunks()
            self.columns[name] = column if whole else _spread(column, at, self.people, variable)

    def _simple(self, wanted: list[str], index: date) -> pa.Table:
        """``pid`` and these facts without a statement, which costs several times what it takes to reckon them."""
        people = people_between(self.snapshot, self.first, self.last)
        pids = people.column("pid")
        here = np.zeros(self.people, bool)
        if "registered" in wanted:
            here = registered_between(self.snapshot, self.first, self.last, index)
        facts = simple_facts(people, index, here[pids.to_numpy() - self.first], wanted)
        return pa.table({"pid": pids, **{name: facts[name] for name in wanted}})

    def _coded(self, scan: CodedScan) -> GroupedAnswer | FoldedAnswer:
        given = self.maps[scan.source.name]
        answer: GroupedAnswer | FoldedAnswer
        if isinstance(given, OrderedRows):
            pieces = given.pieces(self.first, self.last)
            answer = FoldedAnswer(given.numbers, pieces, self.people, self._window)
        elif isinstance(given, CodeNumbers):
            codes = given.codes if given.few(scan) else []
            sql = scan.rows_statement(self.first, self.last, self.index, codes)
            rows = self.run.query(sql, self.relations | {"codes": given.relation})
            answer = FoldedAnswer(given, pieces_of(scan, given, rows, self.first), self.people, self._window)
        else:
            sql = scan.statement(self.first, self.last, self.index)
            table = self.run.query(sql, self.relations | {"slots": given})
            answer = GroupedAnswer(table, self.first, self.people, len(scan.slots))
        for slot in scan.slots:
            if isinstance(slot.definition, Measure):
                self.columns[slot.definition.name] = _arrow(
                    answer.take(slot), self.plan.variables[slot.definition.name]
                )
        return answer

    def _window(self, slot: Slot) -> tuple[Any, Any]:
        """The window as days since 1900; with an index date of each person's own, one for each person."""
        if self.index is not None:
            after, up_to = slot.window(self.index)
            return (None if after is None else (after - EPOCH).days), (up_to - EPOCH).days
        days, which = self._own_dates
        windows = [slot.window(day) for day in days]
        bounded = bool(windows) and windows[0][0] is not None
        after_of = np.array([(a - EPOCH).days if a else 0 for a, _ in windows] or [0], np.int64)
        up_to_of = np.array([(u - EPOCH).days for _, u in windows] or [0], np.int64)
        return (after_of[which] if bounded else None), up_to_of[which]

    @cached_property
    def _own_dates(self) -> tuple[list[date], np.ndarray]:
        """The different index dates of this range, and which of them each person has."""
        dates = self.relations["index_dates"]
        at = dates.column("pid").to_numpy().astype(np.int64) - self.first
        here = (at >= 0) & (at < self.people)
        found = dates.column("index_date").to_numpy()[here].astype("datetime64[D]")
        different, which = np.unique(found, return_inverse=True)
        place = np.zeros(self.people, np.int64)
        place[at[here]] = which
        return [d.item() for d in different], place

    def _conditions(self, answers: Mapping[str, GroupedAnswer | FoldedAnswer]) -> None:
        for name, slot in self.plan.slots.items():
            if not isinstance(slot.definition, Condition):
                continue
            answer, resolved = answers["gp_event"], self.plan.resolved.get(name)
            ended = np.array([-1]) if resolved is None else answer.latest(resolved)
            if name not in self.plan.dated:
                latest = answer.latest(slot)
                self.columns[name] = pa.array((latest >= 0) & (latest >= ended))
                continue
            first, latest = answer.dates(slot)
            stands = (latest >= 0) & (latest >= ended)
            if resolved is not None:
                first = self._since(name, slot, first, ended, stands)
            self.columns[name] = pa.array(stands)
            self.columns[f"{name}_since"] = _date_array(np.where(stands, first, -1))

    def _since(
        self, name: str, slot: object, first: np.ndarray, ended: np.ndarray, stands: np.ndarray
    ) -> np.ndarray:
        """First code on or after the latest resolving one, for the few people whose condition began again."""
        again = np.flatnonzero(stands & (ended > first))
        if not len(again):
            return first
        ends = pa.table(
            {"pid": pa.array((again + self.first).astype(np.int32)), "ended": _date_array(ended[again])}
        )
        codes = [int(c) for one in slot.lists for c in one.codes]  # type: ignore[attr-defined]
        until = "d.index_date" if self.index is None else literal(self.index)
        join = " JOIN index_dates AS d ON d.pid = e.pid" if self.index is None else ""
        sql = (
            f"SELECT e.pid, min(e.date) AS began FROM gp_event AS e JOIN ends AS x ON x.pid = e.pid{join} "
            f"WHERE e.code IN ({', '.join(map(str, sorted(set(codes))))}) AND e.date >= x.ended AND e.date <= {until} "
            f"AND e.pid BETWEEN {self.first} AND {self.last} GROUP BY e.pid"
        )
        table = self.run.query(sql, self.relations | {"ends": ends})
        found = first.copy()
        at = table.column("pid").to_numpy().astype(np.int64) - self.first
        days = table.column("began").to_numpy().astype("datetime64[D]") - np.datetime64(EPOCH, "D")
        found[at] = days.astype(np.int64)
        return found

    def _plain(self, scan: object) -> None:
        sql = scan.statement(self.first, self.last, self.index)  # type: ignore[attr-defined]
        if sql:
            self._wide(self.run.query(sql, self.relations))
        for measure in scan.measures:  # type: ignore[attr-defined]
            if measure.take == "days covered":
                sql = scan.covered_statement(measure, self.first, self.last, self.index)  # type: ignore[attr-defined]
                table = self.run.query(sql, self.relations)
                self._wide(table.rename_columns(["pid", measure.name]))

    def _wide(self, table: pa.Table) -> None:
        at = table.column("pid").to_numpy().astype(np.int64) - self.first
        for name in table.column_names[1:]:
            self.columns[name] = _spread(
                table.column(name).combine_chunks(),
                at,
                self.people,
                self.plan.variables[name],
                self._zero(name),
            )

    def _zero(self, name: str) -> bool:
        """Whether nothing found means nought (counts) rather than missing (values)."""
        measure = self.plan.catalogue.definitions[name]
        return isinstance(measure, Measure) and measure.take in (
            "count",
            "days",
            "distinct codes",
            "sum",
            "days covered",
        )

    def _steps(self) -> None:
        """Expressions in as few statements as their order allows, scores between them."""
        waiting: list[Definition] = []
        adds: set[str] = set()
        for step in self.plan.steps:
            rests_on = set(self.plan.rests_on(step))
            if isinstance(step, Score) or rests_on & adds:
                self._expressions(waiting)
                waiting, adds = [], set()
            if isinstance(step, Score):
                self.columns.update(work_out(step, self.columns, self._diagnoses, self.people))
            elif isinstance(step, Condition) and step.codes and not step.expression:
                self._at_ages(step)
            else:
                waiting.append(step)
                adds |= {step.name, f"{step.name}_since"}
        self._expressions(waiting)

    def _at_ages(self, condition: Condition) -> None:
        """A condition that its codes decide, at some ages only."""
        holds, age = self.columns[condition.name], self.columns["age"]
        if condition.min_age is not None:
            holds = pc.and_(holds, pc.fill_null(pc.greater_equal(age, condition.min_age), False))
        if condition.max_age is not None:
            holds = pc.and_(holds, pc.fill_null(pc.less_equal(age, condition.max_age), False))
        self.columns[condition.name] = holds
        if condition.name in self.plan.dated:
            since = f"{condition.name}_since"
            self.columns[since] = pc.if_else(holds, self.columns[since], pa.scalar(None, pa.date32()))

    def _diagnoses(self, conditions: str) -> tuple[np.ndarray, np.ndarray]:
        return diagnosis_rows(
            lambda sql: self.run.query(sql, self.relations), self.first, self.last, self.index, conditions
        )

    def _expressions(self, steps: list[Definition]) -> None:
        if not steps:
            return
        index = literal(self.index) if self.index else "index_date"
        written = {name: sql for step in steps for name, sql in self.plan.expression_sql(step, index).items()}
        needed = sorted(
            {
                n
                for step in steps
                for n in ({*self.plan.rests_on(step)} | {step.name, f"{step.name}_since"})
                if n in self.columns
            }
            | {"pid"}
        )
        facts = pa.table({n: self.columns[n] for n in needed})
        if self.index is None and any("index_date" in sql for sql in written.values()):
            days = self.relations["index_dates"]
            at = days.column("pid").to_numpy().astype(np.int64) - self.first
            here = (at >= 0) & (at < self.people)
            column = days.column("index_date").combine_chunks().filter(pa.array(here))
            facts = facts.append_column(
                "index_date", _spread(column, at[here], self.people, Variable("date"))
            )
        listed = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in written.items())
        answer = in_order(self.run.query(f"SELECT pid, {listed} FROM facts", {"facts": facts}))
        for name in written:
            self.columns[name] = answer.column(name).combine_chunks()


def in_order(answer: pa.Table) -> pa.Table:
    """Rows in the order of pid, in which they mostly come: seeing that is cheaper than having them sorted."""
    pids = answer.column("pid").to_numpy()
    if not bool((pids[1:] > pids[:-1]).all()):
        answer = answer.take(pa.array(np.argsort(pids, kind="stable")))
    return answer


def _spread(
    column: pa.Array, at: np.ndarray, people: int, variable: Variable, zero: bool = False
) -> pa.Array:
    """A column of some people as one of everybody in the range."""
    places = np.full(people, -1, np.int64)
    places[at] = np.arange(len(at))
    spread = column.take(pa.array(places, mask=places < 0))
    if variable.kind == "truth":
        return pc.fill_null(spread, False)
    return pc.fill_null(spread, 0) if zero else spread


def _arrow(values: np.ndarray, variable: Variable) -> pa.Array:
    if variable.kind == "date":
        return _date_array(values)
    if values.dtype.kind == "i":
        return pa.array(values.astype(np.int32))
    if variable.kind == "number":
        return pa.array(values, mask=np.isnan(values))
    # a text that nobody has is still a text, not a column of nothing
    return pa.array(values, pa.string()) if variable.kind == "text" else pa.array(values)


def _date_array(days: np.ndarray) -> pa.Array:
    """Days since 1900 as dates; -1 is missing."""
    since_1970 = days - (date(1970, 1, 1) - EPOCH).days
    return pa.array(since_1970.astype(np.int32), mask=days < 0).cast(pa.date32())
