"""Rates, percentages, means and costs that rest on counts: hidden with them, recalculated when they are rounded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from goldenthread.disclosure.errors import DisclosureError
from goldenthread.disclosure.request import Derived, Request
from goldenthread.disclosure.structure import describe_row
from goldenthread.disclosure.suppression import round_to_base

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_MULTIPLIERS = (1.0, 100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0)


def numbers(request: Request, column: str) -> Floats:
    """Return a column as floats, missing as NaN."""
    return request.table.numbers(column)


def shown_numbers(request: Request, column: str) -> Floats:
    """Return a column as it is shown (counts rounded), whether or not cells are hidden."""
    values = numbers(request, column)
    if column not in request.counts:
        return values
    return round_to_base(values.astype(np.int64), request.policy.rounding).astype(float)


def multiplier(rate: Floats, numerator: Floats, denominator: Floats) -> float | None:
    """Return the power of ten by which a rate is its numerator over its denominator, or None if it is not.

    Tolerates rates already rounded for display.

    >>> multiplier(np.array([12.3]), np.array([123.0]), np.array([1000.0]))
    100.0
    """
    usable = np.isfinite(rate) & (denominator > 0) & (numerator > 0) & (rate > 0)
    if not usable.any():
        return 1.0 if bool((np.isnan(rate) | (rate == 0)).all()) else None
    plain = numerator[usable] / denominator[usable]
    ratios = np.sort(rate[usable] / plain)
    found = (
        float(ratios[(len(ratios) - 1) // 2] + ratios[len(ratios) // 2]) / 2
    )  # numpy's median loads much more
    per = min(_MULTIPLIERS, key=lambda m: abs(np.log(m / found)))
    close = np.abs(rate[usable] - per * plain) <= np.maximum(0.02 * rate[usable], 0.006 if per == 1 else 0.6)
    return per if abs(np.log(per / found)) < 0.05 and bool(close.all()) else None


def shown_rate(request: Request, column: str) -> tuple[Floats, float | None]:
    """Return a rate column as it may be shown, and its multiplier.

    With a policy that rounds, a plain rate is worked out again from the rounded figures: the true one times a
    published denominator would be the true count. Standardised rates are left as they are (HES methodology:
    "complex calculations").
    """
    rate = numbers(request, column)
    top, bottom = request.rates[column]
    if column in request.standardised or request.kind(column) not in ("rate", "proportion"):
        per = None
    else:
        per = multiplier(rate, numbers(request, top), numbers(request, bottom))
    if request.policy.rounding <= 1 or column in request.standardised:
        return rate, per
    if per is None:
        raise DisclosureError(
            f"{column!r} is not {top!r} over {bottom!r}, so it cannot be worked out again from rounded counts.",
            "Name it in standardised=(...) if it is a standardised rate or its interval; for an interval of a plain"
            " rate pass derived=(Derived(...),) so that it is calculated from what is shown.",
        )
    upper, lower = shown_numbers(request, top), shown_numbers(request, bottom)
    with np.errstate(divide="ignore", invalid="ignore"):
        again = per * upper / lower
    rate = np.where(np.isnan(rate) | (lower == 0), np.nan, again)
    if request.kind(column) == "proportion":
        rate = np.minimum(rate, per)  # a rounded numerator can pass its rounded denominator
        rate = keep_decimals(rate, lower, per, request.policy.one_decimal_from)
    return rate, per


def keep_decimals(percent: Floats, denominator: Floats, per: float, one_decimal_from: int) -> Floats:
    """Round percentages to one decimal, or to none where the shown denominator is too small to support it.

    HES methodology: one decimal is within 0.1 of the truth only for rounded denominators of 4,000 or more.

    >>> keep_decimals(np.array([0.12345, 0.12345]), np.array([3_995.0, 4_000.0]), 1.0, 4_000).tolist()
    [0.12, 0.123]
    """
    if one_decimal_from <= 0:
        return percent
    places = 2 - round(np.log10(per))  # decimals of a whole percent: 2 for a fraction, 0 for a percentage
    one, none = _half_up(percent, places + 1), _half_up(percent, places)
    return np.where(denominator >= one_decimal_from, one, none)


def _half_up(values: Floats, places: int) -> Floats:
    scaled = np.floor(np.round(values * 10.0**places, 9) + 0.5) / 10.0**places
    return np.asarray(np.round(scaled, max(places, 0)))


def derive(request: Request, item: Derived, hidden: Bools) -> list[Floats]:
    """Calculate derived columns from shown figures; hidden rows and empty denominators are NaN."""
    top, bottom = shown_numbers(request, item.numerator), shown_numbers(request, item.denominator)
    use = ~hidden & np.isfinite(top) & np.isfinite(bottom) & (bottom > 0)
    top = np.minimum(top, bottom) if "proportion" in item.kinds else top
    columns = [np.full(len(top), np.nan) for _ in item.columns]
    if use.any():
        answers = item.compute(top[use], bottom[use])
        if len(answers) != len(columns):
            raise DisclosureError(
                f"The function for {', '.join(item.columns)} gave {len(answers)} columns.",
                f"It must return {len(columns)} arrays, one for each column.",
            )
        for column, answer in zip(columns, answers, strict=True):
            column[use] = np.asarray(answer, dtype=float)
    return columns


def read_costs(request: Request, column: str) -> Floats:
    """Return a cost column; negative or missing costs are refused by row."""
    values = numbers(request, column)
    wrong = ~np.isfinite(values) | (values < 0)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DisclosureError(
            f"{describe_row(request.table, request.dimensions, row)}: {column!r} is {request.table.value(column, row)}.",
            "A cost total must be a number of zero or more.",
        )
    return values
