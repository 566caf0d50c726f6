"""Reads the declarations of tables and value sets, and checks them before anything relies on them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

from goldenthread.errors import GoldenThreadError

Kind = Literal["person", "event", "period", "reference"]

DUCKDB_TYPES: Mapping[str, str] = {
    "int32": "INTEGER",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "text": "VARCHAR",
    "text_list": "VARCHAR[]",
    "date": "DATE",
    "bool": "BOOLEAN",
    "pseudonym": "BLOB",
}
"""Declared type -> DuckDB type. A pseudonym is 16 bytes."""

FORMATS: Mapping[str, str] = {
    "practice": r"[A-Z][0-9A-Z]\d{4}",
    "pcn": r"U[0-9A-Z]{4,5}",
    "lsoa": r"[EW]01\d{6}",
    "organisation": r"[0-9A-Z]{3,9}",
    "icd10": r"[A-Z]\d{2}[0-9X]?[0-9A-Z]?[0-9A-Z]?",
    "snomed": r"\d{6,18}",
}
"""Named text formats (NHS Data Model and Dictionary) as regular expressions for the whole value."""


class ModelError(GoldenThreadError):
    """A declaration that contradicts itself or names something that does not exist."""


@dataclass(frozen=True)
class ValueSet:
    """Codes that a column may hold, and what each means. ``groups`` gathers codes for reporting."""

    name: str
    codes: Mapping[str, str]
    source: str = ""
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def group_of(self, code: str) -> str:
        """The reporting group that holds ``code``.

        >>> value_set("ethnicity_2001").group_of("J")
        'Asian'
        """
        for name, codes in self.groups.items():
            if code in codes:
                return name
        raise ModelError(f"Code {code!r} of {self.name} is in no reporting group.")


@dataclass(frozen=True)
class Column:
    """One column: its type, meaning and limits."""

    name: str
    type: str
    meaning: str
    nullable: bool = False
    unique: bool = False
    unit: str = ""
    values: str = ""
    format: str = ""
    minimum: float | None = None
    maximum: float | None = None
    source: str = ""

    @property
    def duckdb_type(self) -> str:
        """The DuckDB type that stores this column."""
        return DUCKDB_TYPES[self.type]

    @property
    def value_set(self) -> ValueSet | None:
        """The codes this column may hold, or ``None`` where any value of its type may stand."""
        return value_set(self.values) if self.values else None


@dataclass(frozen=True)
class Table:
    """One table: what a row is (``grain``, tested unique), its columns and where it comes from."""

    name: str
    meaning: str
    kind: Kind
    grain: tuple[str, ...]
    columns: Mapping[str, Column]
    source: str
    date: str = ""
    code: str = ""
    restricted: bool = False

    @property
    def has_person(self) -> bool:
        """Whether rows belong to a person."""
        return "pid" in self.columns

    @property
    def sort(self) -> tuple[str, ...]:
        """Order in which rows are stored: by person, date and then the rest of the grain."""
        lead = [name for name in ("pid", self.date) if name and name in self.columns]
        return (*lead, *(name for name in self.grain if name not in lead))

    @property
    def sort_by_code(self) -> tuple[str, ...]:
        """Order of the second copy (by code, person, date); empty where the table has no code."""
        if not self.code:
            return ()
        return (self.code, *(name for name in self.sort if name != self.code))


def _column(table: str, name: str, raw: Mapping[str, Any]) -> Column:
    allowed = set(Column.__dataclass_fields__) - {"name"}
    if unknown := set(raw) - allowed:
        raise ModelError(
            f"{table}.{name}: unknown key {sorted(unknown)[0]!r}.", f"Use one of {sorted(allowed)}."
        )
    column = Column(name=name, **raw)
    if column.type not in DUCKDB_TYPES:
        raise ModelError(
            f"{table}.{name}: unknown type {column.type!r}.", f"Use one of {sorted(DUCKDB_TYPES)}."
        )
    if column.format and column.format not in FORMATS:
        raise ModelError(
            f"{table}.{name}: unknown format {column.format!r}.", f"Use one of {sorted(FORMATS)}."
        )
    if column.values and column.values not in value_sets():
        raise ModelError(f"{table}.{name}: unknown value set {column.values!r}.")
    return column


def _table(name: str, raw: Mapping[str, Any]) -> Table:
    columns = {c: _column(name, c, spec) for c, spec in raw["columns"].items()}
    table = Table(
        name=name,
        meaning=raw["meaning"],
        kind=raw["kind"],
        grain=tuple(raw["grain"]),
        columns=columns,
        source=raw["source"],
        date=raw.get("date", ""),
        code=raw.get("code", ""),
        restricted=raw.get("restricted", False),
    )
    for needed in (*table.grain, *filter(None, (table.date, table.code))):
        if needed not in columns:
            raise ModelError(f"{name}: {needed!r} is named as grain, date or code but is not a column.")
    return table


@cache
def value_sets() -> Mapping[str, ValueSet]:
    """Every declared value set by name."""
    raw = tomllib.loads(resources.files("goldenthread.model").joinpath("value_sets.toml").read_text("utf-8"))
    return {
        name: ValueSet(
            name=name,
            codes=spec["codes"],
            source=spec.get("source", ""),
            groups={group: tuple(codes) for group, codes in spec.get("groups", {}).items()},
        )
        for name, spec in raw.items()
    }


def value_set(name: str) -> ValueSet:
    """The value set called ``name``.

    >>> value_set("attended_or_did_not_attend").codes["3"]
    'Did not attend'
    """
    try:
        return value_sets()[name]
    except KeyError:
        raise ModelError(
            f"There is no value set called {name!r}.", f"There are {sorted(value_sets())}."
        ) from None


@cache
def tables() -> Mapping[str, Table]:
    """Every declared table by name, in the order of the declaration files.

    >>> sorted(t.name for t in tables().values() if t.restricted)
    ['mental_health_contact']
    """
    found: dict[str, Table] = {}
    for area in ("people", "primary_care", "hospital", "community", "reference"):
        text = resources.files("goldenthread.model").joinpath("tables", f"{area}.toml").read_text("utf-8")
        for name, raw in tomllib.loads(text).items():
            if name in found:
                raise ModelError(f"Table {name!r} is declared twice.")
            found[name] = _table(name, raw)
    return found


def table(name: str) -> Table:
    """The table called ``name``.

    >>> table("gp_event").sort[:2], table("gp_event").sort_by_code[:2]
    (('pid', 'date'), ('code', 'pid'))
    """
    try:
        return tables()[name]
    except KeyError:
        raise ModelError(f"There is no table called {name!r}.", f"There are {sorted(tables())}.") from None


def matches_format(name: str, value: str) -> bool:
    """Whether ``value`` has the named format.

    >>> matches_format("lsoa", "E01026007"), matches_format("lsoa", "E02000001")
    (True, False)
    """
    return re.fullmatch(FORMATS[name], value) is not None
