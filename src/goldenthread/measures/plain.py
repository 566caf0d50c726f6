"""Facts taken from other tables (attendances, spells, contacts, periods): one grouped scan a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from goldenthread.definitions import Catalogue, Measure
from goldenthread.definitions.expressions import ExpressionError, Variable, check_condition, parse
from goldenthread.measures.coded import EPOCH, FACTOR, HALF
from goldenthread.measures.errors import mistake
from goldenthread.measures.sources import Source
from goldenthread.measures.sql import identifier, literal, shifted, to_sql

_AGGREGATES: Mapping[str, str] = {
    "exists": "count(*) FILTER (WHERE {when}) > 0",
    "count": "CAST(count(*) FILTER (WHERE {when}) AS INTEGER)",
    "days": "CAST(count(DISTINCT e.{date}) FILTER (WHERE {when}) AS INTEGER)",
    "distinct codes": "CAST(count(DISTINCT e.{on}) FILTER (WHERE {when}) AS INTEGER)",
    "first date": "min(e.{date}) FILTER (WHERE {when})",
    "latest date": "max(e.{date}) FILTER (WHERE {when})",
    "sum": "round(coalesce(sum(CAST(e.{of} AS DOUBLE)) FILTER (WHERE {when}), 0), 6)",
    "mean": "round(avg(CAST(e.{of} AS DOUBLE)) FILTER (WHERE {when}), 6)",
    "min": "min(CAST(e.{of} AS DOUBLE)) FILTER (WHERE {when})",
    "max": "max(CAST(e.{of} AS DOUBLE)) FILTER (WHERE {when})",
    "latest value": "(max({moment}) FILTER (WHERE {when} AND e.{of} IS NOT NULL) % {factor} - {half}) / 1000.0",
    "first value": "({half} - min({early}) FILTER (WHERE {when} AND e.{of} IS NOT NULL) % {factor}) / 1000.0",
}
_OF = {"sum", "mean", "min", "max", "latest value", "first value"}


@dataclass
class PlainScan:
    """Every measure taken from one table that is not looked up by code."""

    source: Source
    catalogue: Catalogue
    measures: list[Measure] = field(default_factory=list)

    def add(self, measure: Measure) -> None:
        """Check a measure against the table and take it in; ``DefinitionError`` where it asks for what is not there."""
        source = self.source
        if measure.take == "days covered":
            if not source.end:
                raise mistake(measure, f"take = 'days covered' needs periods, and {source.name} has none.")
        elif measure.take not in _AGGREGATES:
            raise mistake(measure, f"take = {measure.take!r} cannot be had from {source.name}.")
        if measure.active and not source.end:
            raise mistake(measure, f"`active` needs periods, and {source.name} has none.")
        if measure.take in _OF:
            self._need(measure, measure.of, "number", "of")
        if measure.codes or measure.take == "distinct codes":
            self._need(measure, measure.on or self.source.code, None, "on")
            list(self.catalogue.codes_of(measure.codes, needed_by=measure))
        if measure.where:
            try:
                check_condition(parse(measure.where), source.columns, measure.where)
            except ExpressionError as error:
                raise mistake(measure, f"where: {error.message}", error.remedy) from None
        self.measures.append(measure)

    def _need(self, measure: Measure, column: str, kind: str | None, key: str) -> None:
        known: Variable | None = self.source.columns.get(column)
        if known is None or (kind and known.kind not in (kind, "truth")):
            raise mistake(
                measure,
                f"{key} = {column!r} is not a {kind or 'column'} of {self.source.name}.",
                f"It has: {', '.join(sorted(n for n, v in self.source.columns.items() if not kind or v.kind == kind))}.",
            )

    def statement(self, first: int, last: int, index: date | None) -> str:
        """One row per person that has rows: every measure but days covered."""
        columns = [
            f"{self._aggregate(m, index)} AS {identifier(m.name)}"
            for m in self.measures
            if m.take != "days covered"
        ]
        if not columns:
            return ""
        listed = ",\n       ".join(["e.pid", *columns])
        return f"SELECT {listed}\nFROM {self._rows(first, last, index)}\nGROUP BY e.pid"

    def _rows(self, first: int, last: int, index: date | None) -> str:
        source = f"({self.source.sql}) AS e" if self.source.sql else f"{self.source.name} AS e"
        join = " JOIN index_dates AS d ON d.pid = e.pid" if index is None else ""
        return f"{source}{join}\nWHERE e.pid BETWEEN {first} AND {last}"

    def _bounds(self, measure: Measure, index: date | None) -> tuple[str, str]:
        """SQL for the last day before the window, and its last day."""
        at = literal(index) if index else "d.index_date"
        up_to = shifted(at, measure.until.amount, measure.until.unit) if measure.until else at
        if measure.since == "financial year":
            return (
                f"CAST(make_date(CASE WHEN month({at}) >= 4 THEN year({at}) ELSE year({at}) - 1 END, 4, 1) "
                f"- INTERVAL '1' DAY AS DATE)",
                up_to,
            )
        return (shifted(at, measure.within.amount, measure.within.unit) if measure.within else ""), up_to

    def _when(self, measure: Measure, index: date | None) -> str:
        at = literal(index) if index else "d.index_date"
        start, end = f"e.{self.source.date}", f"e.{self.source.end}"
        after, up_to = self._bounds(measure, index)
        reaches = ">=" if self.source.end_included else ">"
        if measure.active:
            parts = [f"{start} <= {at}", f"({end} IS NULL OR {end} {reaches} {at})"]
        else:
            parts = [f"{start} <= {up_to}"]
            if after and self.source.end:
                # a period counts where any day of it falls in the window
                last_out = after if self.source.end_included else f"CAST({after} + INTERVAL '1' DAY AS DATE)"
                parts.append(f"({end} IS NULL OR {end} > {last_out})")
            elif after:
                parts.append(f"{start} > {after}")
        if measure.codes:
            parts.append(self._coded(measure))
        if measure.valid:
            parts.append(f"e.{measure.of} BETWEEN {measure.valid[0]} AND {measure.valid[1]}")
        if measure.where:
            parts.append(to_sql(parse(measure.where), self.source.columns, index=at, prefix="e."))
        return " AND ".join(parts)

    def _coded(self, measure: Measure) -> str:
        whole, beginnings = [], []
        for one in self.catalogue.codes_of(measure.codes, needed_by=measure):
            if one.system == "snomed":
                whole += sorted(one.codes, key=int)
            else:
                beginnings += sorted(one.codes)
        if whole:
            return f"e.{measure.on} IN ({', '.join(whole)})"
        return "(" + " OR ".join(f"starts_with(e.{measure.on}, {literal(b)})" for b in beginnings) + ")"

    def _aggregate(self, measure: Measure, index: date | None) -> str:
        days = f"CAST(date_diff('day', DATE '{EPOCH}', e.{self.source.date}) AS BIGINT) * {FACTOR} + {HALF}"
        thousandths = f"CAST(round(e.{measure.of} * 1000) AS BIGINT)"
        return _AGGREGATES[measure.take].format(
            when=self._when(measure, index),
            date=self.source.date,
            of=measure.of,
            on=measure.on or self.source.code,
            moment=f"{days} + {thousandths}",
            early=f"{days} - {thousandths}",
            factor=FACTOR,
            half=HALF,
        )

    def covered_statement(self, measure: Measure, first: int, last: int, index: date | None) -> str:
        """Days of the window that the person's periods cover, each day once however many cover it."""
        after, up_to = self._bounds(measure, index)
        start, end = f"e.{self.source.date}", f"e.{self.source.end}"
        last_day = end if self.source.end_included else f"CAST({end} - INTERVAL '1' DAY AS DATE)"
        first_day = f"greatest({start}, CAST({after} + INTERVAL '1' DAY AS DATE))" if after else start
        when = self._when(measure, index)
        return f"""
SELECT pid, CAST(sum(CASE WHEN reaches > day THEN date_diff('day', day, reaches) ELSE 0 END) AS INTEGER) AS days
FROM (SELECT pid, CASE WHEN before IS NULL OR before < from_day THEN from_day ELSE before END AS day, reaches
      FROM (SELECT pid, from_day, reaches,
                   max(reaches) OVER (PARTITION BY pid ORDER BY from_day, reaches
                                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
            FROM (SELECT e.pid, {first_day} AS from_day,
                         CAST(least(coalesce({last_day}, {up_to}), {up_to}) + INTERVAL '1' DAY AS DATE) AS reaches
                  FROM {self._rows(first, last, index)} AND {when}) AS clipped) AS ordered) AS joined
GROUP BY pid
"""
