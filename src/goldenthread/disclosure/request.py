"""What a caller asks to release, checked before anything is calculated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goldenthread.disclosure.columns import Columns
from goldenthread.disclosure.errors import DisclosureError
from goldenthread.disclosure.policies import Policy
from goldenthread.disclosure.released import KINDS
from goldenthread.disclosure.structure import Margins, describe_row

_NEEDS_A_COUNT = ("rate", "proportion", "mean", "cost")


@dataclass(frozen=True)
class Derived:
    """Figures to calculate *after* disclosure control, from the counts as they are shown.

    With a policy that rounds, an interval calculated from the true count would give the true count away; so pass
    the function, and it is called with the shown numerators and denominators (float arrays, hidden rows left out).
    It returns one array for each of ``columns``.

    - ``kinds``: the kind of each column, such as ``("rate", "lower", "upper")``.
    """

    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    numerator: str
    denominator: str
    compute: Callable[[NDArray[np.float64], NDArray[np.float64]], Sequence[ArrayLike]]


@dataclass(frozen=True)
class Request:
    """Everything about a table that `release` was told."""

    table: Columns
    policy: Policy
    counts: tuple[str, ...] = ()
    rates: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    means: Mapping[str, str] = field(default_factory=dict)
    costs: Mapping[str, str] = field(default_factory=dict)
    contributors: Mapping[str, Sequence[ArrayLike]] = field(default_factory=dict)
    dimensions: tuple[str, ...] = ()
    margins: Margins = field(default_factory=dict)
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    not_additive: tuple[str, ...] = ()
    standardised: tuple[str, ...] = ()
    derived: tuple[Derived, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()

    def kind(self, column: str) -> str:
        """Return the declared kind of a column."""
        if column in self.dimensions:
            return "dimension"
        if column in self.counts:
            return "count"
        default = {**dict.fromkeys(self.rates, "rate"), **dict.fromkeys(self.means, "mean")}
        default |= dict.fromkeys(self.costs, "cost")
        found = self.kinds.get(column, default.get(column, ""))
        if not found and not self.policy.protects:
            return "value" if self.table.is_numeric(column) else "text"
        return found

    def base_counts(self, column: str) -> tuple[str, ...]:
        """Return the columns that a figure rests on."""
        if column in self.rates:
            return tuple(self.rates[column])
        if column in self.means:
            return (self.means[column],)
        return (self.costs[column],) if column in self.costs else ()

    def complements(self) -> list[tuple[str, str]]:
        """Return (numerator, denominator) of the proportions whose uncounted people are protected as well."""
        if not self.policy.complement:
            return []
        pairs = [
            (n, d)
            for column, (n, d) in self.rates.items()
            if self.kind(column) == "proportion" and n in self.counts and d in self.counts
        ]
        pairs += [
            (x.numerator, x.denominator)
            for x in self.derived
            if "proportion" in x.kinds and x.numerator in self.counts and x.denominator in self.counts
        ]
        return list(dict.fromkeys(pairs))


def check_request(request: Request) -> None:
    """Raise `DisclosureError` for anything undeclared, missing or contradictory."""
    columns = request.table.names
    named = [
        *request.dimensions, *request.counts, *request.rates, *request.means, *request.costs, *request.kinds,
        *request.drop, *request.standardised, *request.contributors,
        *(c for column in columns for c in request.base_counts(column)),
        *(c for total, parts in request.parts.items() for c in (total, *parts)),
        *(c for x in request.derived for c in (x.numerator, x.denominator)),
    ]  # fmt: skip
    for name in named:
        if name not in columns:
            raise DisclosureError(
                f"There is no column {name!r} in the table.", f"Columns: {', '.join(columns) or 'none'}."
            )
    for name in columns:
        _check_kind(request, name)
    _check_numbers(request, columns)
    for total, parts in request.parts.items():
        for name in (total, *parts):
            if name not in request.counts:
                raise DisclosureError(f"parts names {name!r}, which is not a count.", "Name it in counts.")
    for item in request.derived:
        wrong = [k for k in item.kinds if k not in KINDS]
        clash = [c for c in item.columns if c in columns]
        if wrong or clash or len(item.kinds) != len(item.columns):
            raise DisclosureError(
                f"The derived columns {', '.join(item.columns)} cannot be added.",
                f"Give one kind each, of {', '.join(KINDS)}, and names that are not in the table yet.",
            )
        _check_base(request, item.columns[0], (item.numerator, item.denominator))


def _check_kind(request: Request, name: str) -> None:
    kind = request.kind(name)
    if not kind:
        raise DisclosureError(
            f"Column {name!r} is not declared.",
            "Name it in dimensions, counts, rates, means or costs, or say what it is in kinds={...}.",
        )
    if kind not in KINDS:
        raise DisclosureError(f"Column {name!r} has kind {kind!r}.", f"Kinds: {', '.join(KINDS)}.")
    if name in request.kinds and (name in request.counts or name in request.dimensions):
        if request.kinds[name] != kind:
            raise DisclosureError(
                f"Column {name!r} is declared twice, as {kind} and {request.kinds[name]}.", "Keep one."
            )
        return
    if not request.policy.protects:
        return
    if kind == "count" and name not in request.counts:
        raise DisclosureError(f"Column {name!r} is a count.", "Name it in counts, so that it is controlled.")
    base = request.base_counts(name)
    if kind in _NEEDS_A_COUNT and not base:
        raise DisclosureError(
            f"Column {name!r} is a {kind}, but it is not said which count it rests on.",
            "Declare it in rates={column: (numerator, denominator)}, means or costs, and hide that count with drop"
            " if it is not for showing.",
        )
    if base:
        _check_base(request, name, base)


def _check_numbers(request: Request, columns: list[str]) -> None:
    """Words in a column of figures, and more people counted than there are, would otherwise pass in silence."""
    for name in columns:
        if request.kind(name) in ("dimension", "text", "count"):
            continue
        row = _first(request.table.words(name))
        if row is not None:
            raise DisclosureError(
                f"{describe_row(request.table, request.dimensions, row)}: {name!r} is {request.table.value(name, row)!r}, which is"
                f" not a number, and the column is declared as {request.kind(name)}.",
                f'Say kinds={{"{name}": "text"}} if it holds words, or correct the figure.',
            )
    for top, bottom in {b for c, b in request.rates.items() if request.kind(c) == "proportion"}:
        if top in request.counts and bottom in request.counts:
            row = _first(request.table.numbers(top) > request.table.numbers(bottom))
            if row is not None:
                raise DisclosureError(
                    f"{describe_row(request.table, request.dimensions, row)}: {top!r} is larger than {bottom!r}: "
                    f"{request.table.value(top, row)} of {request.table.value(bottom, row)}.",
                    'A proportion counts people once each; declare it as "rate" where events can repeat.',
                )


def _first(wrong: NDArray[np.bool_]) -> int | None:
    """Return the position of the first row that is wrong."""
    at = np.flatnonzero(wrong)
    return int(at[0]) if len(at) else None


def _check_base(request: Request, name: str, base: tuple[str, ...]) -> None:
    if request.policy.protects and not any(b in request.counts for b in base):
        raise DisclosureError(
            f"{name!r} rests on {' and '.join(base)}, and none of them is a count of people.",
            "Name the count of people in counts.",
        )


def read_counts(request: Request, column: str) -> NDArray[np.int64]:
    """Return a count column as integers; negative, missing and fractional counts are refused by row."""
    numbers = request.table.numbers(column)
    wrong = ~np.isfinite(numbers) | (numbers < 0) | (numbers != np.floor(numbers))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        value = request.table.value(column, row)
        fault = (
            "is below zero"
            if numbers[row] < 0
            else "is not a whole number"
            if np.isfinite(numbers[row])
            else "is not a number"
        )
        raise DisclosureError(
            f"{describe_row(request.table, request.dimensions, row)}: {column!r} is {value}, which {fault}.",
            "Counts of people are whole numbers of zero or more.",
        )
    return numbers.astype(np.int64)
