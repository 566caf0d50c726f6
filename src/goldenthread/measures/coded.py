"""Facts taken from tables of codes: all of them in one scan, through one map of codes to facts.

Each fact gets a *slot*. The map says of each code which slots it feeds, in which window, and under which
limits. One statement joins the events to the map and groups by person and slot.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa

from goldenthread.definitions import Catalogue, Codelist, Condition, Measure, Span
from goldenthread.definitions.expressions import parse
from goldenthread.measures.errors import mistake
from goldenthread.measures.sources import Source
from goldenthread.measures.sql import literal, shifted, to_sql
from goldenthread.measures.windows import window_of

EPOCH = date(1900, 1, 1)
FACTOR = 1 << 36
"""A date and a value as one number: days since 1900 x FACTOR + value in thousandths + HALF."""
HALF = 1 << 35

_SUB = {"days": 1, "distinct codes": 2, "distinct groups": 3, "weights": 3}
_VALUED = {"sum", "min", "max", "mean", "first value", "latest value"}


@dataclass(frozen=True)
class Slot:
    """One thing to find out per person: from which codes, when, and what to take."""

    number: int
    definition: Measure | Condition
    take: str
    lists: tuple[Codelist, ...]
    within: Span | None = None
    until: Span | None = None
    since: str = ""
    where: str = ""
    of: str = ""
    valid: tuple[float, float] | None = None
    order: tuple[str, ...] = ()

    @property
    def groups(self) -> dict[str, int]:
        """Groups of the codelists and their rank: the order given, else the alphabet."""
        named = dict.fromkeys(self.order)
        for one in self.lists:
            for group in sorted(set(one.groups.values())):
                named.setdefault(group)
        return {group: rank for rank, group in enumerate(named)}

    @property
    def limits(self) -> tuple[float, float] | tuple[None, None]:
        """The least and the greatest value that counts; nothing where no value is taken."""
        return self.valid or ((-HALF / 1000, HALF / 1000) if self.of else (None, None))

    @property
    def weight_of_rank(self) -> list[float]:
        """The greatest weight of each group, by rank."""
        ranks = self.groups
        found = [0.0] * (len(ranks) + 1)
        for one in self.lists:
            for code, weight in one.weights.items():
                rank = ranks[one.groups[code]]
                found[rank] = max(found[rank], weight)
        return found

    def window(self, index: date) -> tuple[date | None, date]:
        """The window for one index date."""
        shape = Measure("", "", "", within=self.within, until=self.until, since=self.since)
        return window_of(shape, index)


@dataclass
class CodedScan:
    """Everything taken from one table of codes."""

    source: Source
    catalogue: Catalogue
    slots: list[Slot] = field(default_factory=list)

    def add_measure(self, measure: Measure) -> Slot:
        """A slot for a measure; ``DefinitionError`` where it asks for what the table has not."""
        if not measure.codes:
            raise mistake(measure, f"takes from {self.source.name}, so it needs `codes`.")
        if measure.on and measure.on != self.source.code:
            raise mistake(measure, f"`on` can only be {self.source.code!r} here.")
        value_column = measure.of or ("value" if "value" in self.source.columns else "")
        valued = measure.take in _VALUED or measure.valid is not None
        if valued:
            _need_number(self.source, measure, value_column)
        lists = tuple(self.catalogue.codes_of(measure.codes, needed_by=measure))
        if measure.take in ("distinct groups", "weights", "latest group") and not all(
            one.groups for one in lists
        ):
            raise mistake(measure, f"take = {measure.take!r} needs a codelist with a `group` column.")
        if measure.take == "weights" and not all(one.weights for one in lists):
            raise mistake(measure, "take = 'weights' needs a codelist with a `weight` column.")
        slot = Slot(
            len(self.slots), measure, measure.take, lists, measure.within, measure.until, measure.since,
            measure.where, value_column if valued else "", measure.valid, measure.values,
        )  # fmt: skip
        self.slots.append(slot)
        return slot

    def add_codes(self, condition: Condition, lists: Sequence[str], *, within: Span | None) -> Slot:
        """A slot for first and latest date of a condition's codes."""
        found = tuple(self.catalogue.codes_of(lists, needed_by=condition))
        slot = Slot(len(self.slots), condition, "dates", found, within)
        self.slots.append(slot)
        return slot

    # -- the statement -------------------------------------------------------------------------------

    @property
    def _wheres(self) -> list[str]:
        return list(dict.fromkeys(s.where for s in self.slots))

    @property
    def _values(self) -> list[str]:
        return [v for v in dict.fromkeys(s.of for s in self.slots) if v]

    @property
    def _windows(self) -> list[tuple[Span | None, Span | None, str]]:
        return list(dict.fromkeys((s.within, s.until, s.since) for s in self.slots))

    def statement(self, first: int, last: int, index: date | None) -> str:
        """The one scan: rows of people first to last, joined to the map ``slots``, by person and slot.

        With an index date of each person's own (``index=None``) the windows are worked out per row from
        ``index_dates``; otherwise they stand in the map.
        """
        inner = ",\n       ".join(["e.pid", "m.slot", *self._row_columns()])
        return (
            f"SELECT pid, slot, {'sub, ' if self._sub else ''}{', '.join(self._aggregates())}\n"
            f"FROM (SELECT {inner}\n{self._matched(first, last, index)}) AS matched\n"
            f"GROUP BY pid, slot{', sub' if self._sub else ''}"
        )

    def rows_statement(
        self, first: int, last: int, index: date | None, codes: Sequence[int | str] = ()
    ) -> str:
        """Rows with a code that some slot asks for, for those who fold them themselves: ``pid``, ``number`` of the code (from
        ``codes``), ``date``, and the columns that slots take values from or that their conditions make.

        With ``codes`` (those in the map, written out) the rows are read in the order of codes, of which only few pieces are
        then read: quicker where codes are few.
        """
        columns = ["e.pid", "c.number", f"e.{self.source.date} AS date"]
        # no value is no number: what has no gaps is passed on without being copied
        columns += [
            f"coalesce(CAST(e.{of} AS DOUBLE), CAST('NaN' AS DOUBLE)) AS {name}"
            for of, name in self.value_columns.items()
        ]
        sql = literal(index) if index else "d.index_date"
        columns += [
            f"{to_sql(parse(where), self.source.columns, index=sql, prefix='e.')} AS {name}"
            for where, name in self.rule_columns.items()
        ]
        join = "" if index else " JOIN index_dates AS d ON d.pid = e.pid"
        return (
            f"SELECT {', '.join(columns)}\n"
            f"FROM {f'{self.source.name}_by_code AS e' if codes else self._rows} "
            f"JOIN codes AS c ON e.{self.source.code} = c.code{join}\n"
            f"WHERE e.pid BETWEEN {first} AND {last}\n  AND e.{self.source.date} <= {sql}"
            + (f"\n  AND e.{self.source.code} IN ({', '.join(map(literal, codes))})" if codes else "")
        )

    @property
    def value_columns(self) -> dict[str, str]:
        """What columns that slots take values from are called in ``rows_statement``."""
        return {of: f"value_{n}" for n, of in enumerate(self._values)}

    @property
    def rule_columns(self) -> dict[str, str]:
        """What conditions of slots are called in ``rows_statement``."""
        return {where: f"rule_{n}" for n, where in enumerate(w for w in self._wheres if w)}

    @property
    def _rows(self) -> str:
        return f"({self.source.sql}) AS e" if self.source.sql else f"{self.source.name} AS e"

    def _matched(self, first: int, last: int, index: date | None) -> str:
        join, conditions = "", [f"e.pid BETWEEN {first} AND {last}"]
        if index is None:
            join = " JOIN index_dates AS d ON d.pid = e.pid"
            conditions += self._own_windows()
        else:
            conditions += [f"e.{self.source.date} > m.after", f"e.{self.source.date} <= m.up_to"]
        if any(s.valid for s in self.slots) or self._values:
            conditions.append(f"(m.least IS NULL OR {self._value()} BETWEEN m.least AND m.greatest)")
        if any(s.where for s in self.slots):
            conditions.append(f"CASE m.rule {self._rules(index)} ELSE TRUE END")
        where = "\n  AND ".join(conditions)
        return f"FROM {self._rows} JOIN slots AS m ON e.{self.source.code} = m.code{join}\nWHERE {where}"

    @property
    def _sub(self) -> bool:
        return any(s.take in _SUB for s in self.slots)

    def _days(self) -> str:
        return f"date_diff('day', DATE '{EPOCH}', e.{self.source.date})"

    def _value(self) -> str:
        if not self._values:
            return "CAST(NULL AS DOUBLE)"
        cases = " ".join(f"WHEN {n} THEN CAST(e.{c} AS DOUBLE)" for n, c in enumerate(self._values, 1))
        return f"CASE m.of {cases} END" if len(self._values) > 1 else f"CAST(e.{self._values[0]} AS DOUBLE)"

    def _code_number(self) -> str:
        """The code as a number; codes that are text are numbered in the map."""
        number = self.source.columns[self.source.code].kind == "number"
        return f"e.{self.source.code}" if number else "m.code_number"

    def _row_columns(self) -> Iterator[str]:
        yield f"e.{self.source.date} AS date"
        if self._sub:
            # one row of the answer per different day, code or group, which are then counted
            yield (
                f"CASE m.sub WHEN 1 THEN {self._days()} WHEN 2 THEN {self._code_number()} "
                "WHEN 3 THEN m.grp ELSE 0 END AS sub"
            )
        if self._values:
            yield f"CASE WHEN m.of > 0 THEN {self._value()} END AS value"
        if self._keyed:
            thousandths = (
                f"CAST(round({self._value()} * 1000) AS BIGINT)" if self._values else "CAST(NULL AS BIGINT)"
            )
            yield (
                f"CAST({self._days()} AS BIGINT) * {FACTOR} + {HALF} + "
                f"CASE m.keyed WHEN 1 THEN {thousandths} WHEN 2 THEN -{thousandths} WHEN 3 THEN -m.grp END AS moment"
            )

    @property
    def _keyed(self) -> bool:
        return any(s.take in ("latest value", "first value", "latest group") for s in self.slots)

    def _aggregates(self) -> Iterator[str]:
        yield "CAST(count(*) AS INTEGER) AS n"
        yield "min(date) AS first_date"
        yield "max(date) AS latest_date"
        takes = {s.take for s in self.slots}
        if takes & {"latest value", "latest group"}:
            yield "max(moment) AS latest_moment"
        if "first value" in takes:
            yield "min(moment) AS first_moment"
        if "min" in takes:
            yield "min(value) AS least_value"
        if "max" in takes:
            yield "max(value) AS greatest_value"
        if takes & {"sum", "mean"}:
            yield "sum(value) AS total"

    def _rules(self, index: date | None) -> str:
        sql = "d.index_date" if index is None else literal(index)
        parts = []
        for number, where in enumerate(self._wheres):
            if where:
                parts.append(
                    f"WHEN {number} THEN {to_sql(parse(where), self.source.columns, index=sql, prefix='e.')}"
                )
        return " ".join(parts)

    def _own_windows(self) -> list[str]:
        after, up_to = [], []
        for number, (within, until, since) in enumerate(self._windows):
            start = "DATE '0001-01-01'"
            if since:
                start = "CAST(make_date(CASE WHEN month(d.index_date) >= 4 THEN year(d.index_date) ELSE year(d.index_date) - 1 END, 4, 1) - INTERVAL '1' DAY AS DATE)"
            elif within:
                start = shifted("d.index_date", within.amount, within.unit)
            after.append(f"WHEN {number} THEN {start}")
            up_to.append(
                f"WHEN {number} THEN {shifted('d.index_date', until.amount, until.unit) if until else 'd.index_date'}"
            )
        column = f"e.{self.source.date}"
        return [
            f"{column} <= d.index_date",
            f"{column} > CASE m.span {' '.join(after)} END",
            f"{column} <= CASE m.span {' '.join(up_to)} END",
        ]

    # -- the map ---------------------------------------------------------------------------------------

    def code_map(self, index: date | None, known_codes: Sequence[str] = ()) -> pa.Table:
        """The relation ``slots``: one row per code and slot. ICD-10 codes stand for those of ``known_codes`` that begin with them."""
        rows = []
        for slot in self.slots:
            after, up_to = slot.window(index) if index else (None, None)
            ranks = slot.groups
            fixed = (
                slot.number,
                after or date(1, 1, 1),
                up_to,
                self._windows.index((slot.within, slot.until, slot.since)),
                self._wheres.index(slot.where),
                self._values.index(slot.of) + 1 if slot.of else 0,
                _SUB.get(slot.take, 0),
                {"latest value": 1, "first value": 2, "latest group": 3}.get(slot.take, 0),
                *slot.limits,
            )
            for code, group in self.codes_of(slot, known_codes):
                rows.append((code, *fixed, ranks.get(group, 0)))
        text = self.source.columns[self.source.code].kind == "text"
        names = [
            "code",
            "slot",
            "after",
            "up_to",
            "span",
            "rule",
            "of",
            "sub",
            "keyed",
            "least",
            "greatest",
            "grp",
        ]
        kinds = [
            pa.string() if text else pa.int64(),
            pa.int32(),
            pa.date32(),
            pa.date32(),
            *[pa.int32()] * 5,
            pa.float64(),
            pa.float64(),
            pa.int64(),
        ]
        columns: list[Any] = list(zip(*rows, strict=True)) if rows else [[] for _ in names]
        arrays = [pa.array(c, k) for c, k in zip(columns, kinds, strict=True)]
        table = pa.table(dict(zip(names, arrays, strict=True)))
        if text:
            numbers = {c: n for n, c in enumerate(sorted(set(columns[0])))}
            table = table.append_column("code_number", pa.array([numbers[c] for c in columns[0]], pa.int64()))
        return table

    def codes_of(self, slot: Slot, known: Sequence[str]) -> Iterator[tuple[int | str, str]]:
        """Codes of a slot as they stand in the data, each once, with their group."""
        seen = set()
        for one in slot.lists:
            for code in one.codes:
                if one.system == "snomed":
                    found: list[int | str] = [int(code)]
                else:
                    found = [k for k in known if k.startswith(code)]
                for each in found:
                    if each not in seen:
                        seen.add(each)
                        yield each, one.groups.get(code, "")


def _need_number(source: Source, measure: Measure, column: str) -> None:
    known = source.columns.get(column)
    if known is None or known.kind not in ("number", "truth"):
        raise mistake(
            measure, f"take = {measure.take!r} needs a number, and {source.name} has no number {column!r}."
        )
