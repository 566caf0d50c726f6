"""Decides, row by row, what is accepted: every row comes out accepted, quarantined or an exact duplicate."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from goldenthread.intake.contract import ColumnRule, Contract
from goldenthread.intake.packing import pack, repeats
from goldenthread.intake.reading import RawFile
from goldenthread.intake.reasons import ACCEPTED, CODES
from goldenthread.intake.values import Converted, convert

NO_DATE = np.iinfo(np.int32).min
NO_PATIENT = -1


class Roster(Protocol):
    """The accepted patients of one practice, as needed to check and stage what refers to them."""

    def numbers(self, local_ids: pa.Array) -> NDArray[np.int32]:
        """The practice's own number of each patient, or -1 where there is none."""
        ...

    @property
    def births(self) -> NDArray[np.int32]:
        """First day of the birth month of each patient, in days since 1970; ``NO_DATE`` where not known."""
        ...


@dataclass
class Checked:
    """A file after every check.

    ``kept`` are the accepted rows that are not exact duplicates, in file order; ``refused`` maps a row to
    its ``(column, reason)`` pairs. ``rows_in == len(kept) + duplicates + len(refused) + unreadable``.
    """

    raw: RawFile
    columns: dict[str, Converted]
    kept: NDArray[np.int64]
    duplicates: int
    refused: dict[int, list[tuple[str, int]]]
    patients: NDArray[np.int32] | None = None
    set_aside: Counter[str] = field(default_factory=Counter)
    measured: Measured | None = None

    def values(self, name: str, rows: NDArray[np.int64] | None = None) -> pa.Array:
        """The values of a column for ``rows`` (by default the kept ones)."""
        index = self.raw.columns[name].index[self.kept if rows is None else rows]
        return self.columns[name].values.take(pa.array(index))

    def days(self, name: str) -> NDArray[np.int32]:
        """The dates of a column for every row of the file; ``NO_DATE`` where empty."""
        distinct = self.columns[name].values.fill_null(NO_DATE).to_numpy(zero_copy_only=False)
        return distinct[self.raw.columns[name].index] if len(distinct) else np.empty(0, np.int32)


class _Refusals:
    def __init__(self) -> None:
        self.by_row: dict[int, list[tuple[str, int]]] = {}

    def add(self, rows: NDArray[np.int64], column: str, reason: int) -> None:
        for row in rows.tolist():
            self.by_row.setdefault(row, []).append((column, reason))


def check(raw: RawFile, contract: Contract, today: datetime.date, rosters: Roster | None = None) -> Checked:
    """Apply a contract to a file that has been split into rows and columns.

    Exact duplicates of files that are sorted are left in ``kept``: sorting finds them at no cost.
    """
    refusals = _Refusals()
    made = Checked(raw, {}, np.empty(0, np.int64), 0, refusals.by_row)
    for name, texts in raw.columns.items():
        rule = contract.columns[name]
        converted = convert(rule, texts.distinct, today)
        made.columns[name] = converted
        _add_reasons(refusals, name, converted.reasons, texts.index)
        if converted.set_aside.any():
            made.set_aside[name] = int(converted.set_aside[texts.index].sum())
    _check_periods(made, contract, refusals)
    _check_extract(made, contract, refusals)
    if rosters is not None and contract.person == "local":
        _check_patients(made, contract, rosters, refusals)
    else:
        _check_births(made, contract, refusals)
    if contract.bounds or contract.units:
        _check_bounds(made, contract, refusals)
    if contract.person == "registered":
        _check_unique_patients(made, contract, refusals)
    good = np.ones(raw.rows, np.bool_)
    good[list(refusals.by_row)] = False
    made.kept = np.flatnonzero(good)
    if raw.columns and not contract.sort:
        twice = repeats(raw_key(raw), made.kept)
        good[twice] = False
        made.kept, made.duplicates = np.flatnonzero(good), len(twice)
    return made


def raw_key(raw: RawFile, rows: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """A number for each row, equal where rows are equal text for text."""
    chosen = slice(None) if rows is None else rows
    return pack([(texts.index[chosen], len(texts.distinct)) for texts in raw.columns.values()])


def _add_reasons(refusals: _Refusals, name: str, reasons: NDArray[np.int8], index: NDArray[np.int32]) -> None:
    for reason in np.unique(reasons):
        if reason != ACCEPTED:
            refusals.add(np.flatnonzero((reasons == reason)[index]), name, int(reason))


def _date_rules(made: Checked, contract: Contract) -> Mapping[str, ColumnRule]:
    return {n: contract.columns[n] for n in made.columns if contract.columns[n].type == "date"}


def _check_periods(made: Checked, contract: Contract, refusals: _Refusals) -> None:
    for name, rule in _date_rules(made, contract).items():
        if rule.not_before and rule.not_before in made.columns:
            begin, end = made.days(rule.not_before), made.days(name)
            wrong = (begin != NO_DATE) & (end != NO_DATE) & (end < begin)
            refusals.add(np.flatnonzero(wrong), name, CODES["dates out of order"])


def _check_extract(made: Checked, contract: Contract, refusals: _Refusals) -> None:
    """No date may lie after the day on which the row's extract was made."""
    if not contract.extract_date:
        return
    extract = made.days(contract.extract_date)
    for name, rule in _date_rules(made, contract).items():
        if not rule.future and name != contract.extract_date:
            wrong = (extract != NO_DATE) & (made.days(name) > extract)
            refusals.add(np.flatnonzero(wrong), name, CODES["date in the future"])


def _check_births(made: Checked, contract: Contract, refusals: _Refusals) -> None:
    birth = contract.identity("birth_date")
    if birth is None or birth.name not in made.columns:
        return
    born = made.days(birth.name)
    for name, rule in _date_rules(made, contract).items():
        if name != birth.name and not rule.before_birth:
            day = made.days(name)
            wrong = (born != NO_DATE) & (day != NO_DATE) & (day < born)
            refusals.add(np.flatnonzero(wrong), name, CODES["before birth"])


def _check_patients(made: Checked, contract: Contract, roster: Roster, refusals: _Refusals) -> None:
    """Rows of a GP extract must be about a patient of the same extract, and after that patient's birth.

    The birth is known to the month, so a date is refused when it lies before the first day of that month.
    """
    local = contract.identity("local_id")
    assert local is not None
    texts = made.raw.columns[local.name]
    ids = made.columns[local.name].values.cast(pa.string())
    numbers = roster.numbers(ids)
    made.patients = numbers[texts.index] if len(numbers) else np.empty(0, np.int32)
    known = ids.is_valid().to_numpy(zero_copy_only=False)
    if len(numbers) and (strays := known & (numbers == NO_PATIENT)).any():
        refusals.add(np.flatnonzero(strays[texts.index]), local.name, CODES["unknown patient"])
    births = np.append(roster.births, NO_DATE)  # index -1: unknown patient, no birth
    born = births[made.patients]
    for name, rule in _date_rules(made, contract).items():
        if rule.before_birth:
            continue
        converted = made.columns[name]
        last = _last_day(converted)
        day = last[made.raw.columns[name].index] if len(last) else np.empty(0, np.int32)
        wrong = (day < born) & (day != NO_DATE) & (born != NO_DATE)
        if wrong.any():
            refusals.add(np.flatnonzero(wrong), name, CODES["before birth"])


def _last_day(converted: Converted) -> NDArray[np.int32]:
    """The last day that a date of the stated precision may mean."""
    day: NDArray[np.int32] = converted.values.fill_null(NO_DATE).to_numpy(zero_copy_only=False)
    if converted.precision is None or not converted.precision.any():
        return day
    widen = np.array([0, 30, 365], np.int32)[converted.precision]
    return np.where(day == NO_DATE, NO_DATE, day + widen).astype(np.int32)


def _check_bounds(made: Checked, contract: Contract, refusals: _Refusals) -> None:
    names = {rule.to: name for name, rule in contract.columns.items()}
    if not {"code", "value", "unit"} <= set(names) or not {names["code"], names["value"]} <= set(
        made.columns
    ):
        return
    found = made.measured = measured(made, contract)
    index, codes = made.raw.columns[names["code"]].index, made.columns[names["code"]].values.to_pylist()
    for bounds in contract.bounds:
        if bounds.unit not in found.units:
            continue
        for at in (i for i, c in enumerate(codes) if c == bounds.code):
            chosen = np.flatnonzero(index == at)
            chosen = chosen[found.unit[chosen] == found.units.index(bounds.unit)]
            value = found.values[found.value[chosen]]
            outside = (value < bounds.minimum) | (value > bounds.maximum)
            refusals.add(chosen[outside], names["value"], CODES["out of range"])


@dataclass(frozen=True)
class Measured:
    """Values and units of every row after unit conversion, as distinct ones and an index per row.

    ``values`` holds NaN and ``units`` "" where a row has none.
    """

    values: NDArray[np.float64]
    value: NDArray[np.int32]
    units: list[str]
    unit: NDArray[np.int32]


def measured(made: Checked, contract: Contract) -> Measured:
    """Apply the contract's unit conversions."""
    names = {rule.to: name for name, rule in contract.columns.items()}
    code, texts = made.raw.columns[names["code"]].index, made.raw.columns[names["unit"]]
    distinct = made.columns[names["unit"]].values.fill_null("").to_pylist()
    units = ["", *sorted({*distinct, *(rule.to for rule in contract.units)} - {""})]
    place = {name: number for number, name in enumerate(units)}
    unit = np.array([place[text] for text in distinct] or [0], np.int32)[texts.index]
    values = made.columns[names["value"]].values.fill_null(np.nan).to_numpy(zero_copy_only=False)
    value = made.raw.columns[names["value"]].index.copy()
    codes = made.columns[names["code"]].values.to_pylist()
    for rule in contract.units:
        for at in (i for i, c in enumerate(codes) if c == rule.code and rule.unit in place):
            chosen = np.flatnonzero(code == at)
            chosen = chosen[unit[chosen] == place[rule.unit]]
            converted = np.round((values[value[chosen]] + rule.add) * rule.multiply, rule.decimals)
            fresh, index = np.unique(converted, return_inverse=True)
            value[chosen] = index + len(values)
            values = np.concatenate([values, fresh])
            unit[chosen] = place[rule.to]
    return Measured(values, value, units, unit)


def _check_unique_patients(made: Checked, contract: Contract, refusals: _Refusals) -> None:
    """Two rows of one patient number that say different things: which is true cannot be known, so neither is taken."""
    local = contract.identity("local_id")
    assert local is not None
    texts = made.raw.columns[local.name]
    # Several texts may mean one number ("0100" and "100").
    same = made.columns[local.name].values.dictionary_encode(null_encoding="encode").indices.to_numpy()
    numbers = same[texts.index] if len(same) else np.empty(0, np.int32)
    rows = np.arange(made.raw.rows)
    distinct_rows = np.setdiff1d(rows, repeats(raw_key(made.raw), rows))
    again = repeats(numbers.astype(np.int64), distinct_rows)
    if len(again):
        clash = np.isin(numbers, numbers[again])
        refusals.add(np.flatnonzero(clash), local.name, CODES["duplicate patient"])
