"""`release`: the one door out of the room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goldenthread.disclosure.columns import Columns, Listed
from goldenthread.disclosure.costs import hide_costs
from goldenthread.disclosure.errors import DisclosureError
from goldenthread.disclosure.figures import derive, numbers, shown_rate
from goldenthread.disclosure.hiding import Question, hide_counts
from goldenthread.disclosure.ledger import Ledger
from goldenthread.disclosure.plan import make_plan
from goldenthread.disclosure.policies import Policy, named_policy
from goldenthread.disclosure.released import Column, ReleasedTable, seal_table
from goldenthread.disclosure.request import Derived, Request, check_request, read_counts
from goldenthread.disclosure.structure import Margins
from goldenthread.disclosure.suppression import round_to_base
from goldenthread.disclosure.wording import notes_for, sentence_for

if TYPE_CHECKING:
    import pandas as pd

Bools = NDArray[np.bool_]


def release(
    frame: pd.DataFrame | Listed,
    *,
    policy: str | Policy,
    counts: Sequence[str] = (),
    rates: Mapping[str, tuple[str, str]] | None = None,
    means: Mapping[str, str] | None = None,
    costs: Mapping[str, str] | None = None,
    contributors: Mapping[str, Sequence[ArrayLike]] | None = None,
    dimensions: Sequence[str] = (),
    margins: Margins | None = None,
    parts: Mapping[str, Sequence[str]] | None = None,
    not_additive: Sequence[str] = (),
    standardised: Sequence[str] = (),
    derived: Sequence[Derived] = (),
    kinds: Mapping[str, str] | None = None,
    drop: Sequence[str] = (),
    ledger: Ledger | None = None,
    recipient: str | None = None,
    population: str = "",
    members: Mapping[str, Sequence[ArrayLike]] | None = None,
    purpose: str = "",
    source: str = "",
    data_date: date | None = None,
    coverage: str = "",
    notes: Sequence[str] = (),
) -> ReleasedTable:
    """Apply a disclosure policy to a table and return the only form in which it may be shown.

    ``frame`` is a data frame, or lists of one length by the names of columns.

    What the columns are:

    - ``dimensions``: what each row is about; together they must be different in every row.
    - ``counts``: counts of people (whole numbers). They are hidden when small, rounded if the policy says so.
    - ``rates``: rate, proportion or interval column -> (numerator, denominator). Hidden with either of them.
      Say ``kinds={"share": "proportion"}`` where the numerator is part of the denominator.
    - ``means``: mean, median, minimum or maximum -> the count it rests on.
    - ``costs``: cost total -> the count of people it is for; ``contributors[cost][row]`` holds the amount of each
      contributor, for the dominance rules.
    - ``kinds``: any other column -> kind ("value", "text", "lower", "upper"). Nothing undeclared is released.
    - ``standardised``: columns of ``rates`` that are not numerator over denominator.
    - ``derived``: figures to calculate after control, from what is shown (see `Derived`).
    - ``drop``: columns used for control and then left out.

    What adds up to what:

    - ``margins``: dimension -> label of its total, or a mapping label -> larger label (practice -> PCN -> ICB).
    - ``parts``: count column -> the count columns that add up to it.
    - ``not_additive``: dimensions in which a person can be in several rows.

    Who is told: ``ledger`` with ``recipient`` and ``population`` (the canonical description of the question) keeps
    later answers from being subtracted from this one; ``members[count][row]`` are the person numbers counted.

    ``policy="direct_care"`` hides nothing and needs a ``purpose``; ``"hes_national"`` needs ``coverage`` England.

    Raises `DisclosureError` for negative or fractional counts, an unknown policy, a missing margin, a total that
    does not match its parts, an undeclared column.

    >>> table = {"sex": ["Female", "Male", "All"], "people": [130, 4, 134]}
    >>> release(table, policy="hes", counts=["people"], dimensions=["sex"], margins={"sex": "All"}).display()
          sex people
    0  Female    130
    1    Male      *
    2     All    135
    """
    request = Request(
        table=Columns(frame),
        policy=named_policy(policy),
        counts=tuple(counts),
        rates=dict(rates or {}),
        means=dict(means or {}),
        costs=dict(costs or {}),
        contributors=dict(contributors or {}),
        dimensions=tuple(dimensions),
        margins=dict(margins or {}),
        parts={total: tuple(names) for total, names in (parts or {}).items()},
        not_additive=tuple(not_additive),
        standardised=tuple(standardised),
        derived=tuple(derived),
        kinds=dict(kinds or {}),
        drop=tuple(drop),
    )
    check_request(request)
    _check_authority(request.policy, purpose, coverage)
    plan = make_plan(request)
    asked = Question(ledger, recipient or "", population, members or {})
    hidden_counts = hide_counts(request, plan, asked)
    hidden_costs, cost_notes = hide_costs(request, plan, hidden_counts)
    figures, hidden, measures, per = _compose(request, hidden_counts | hidden_costs)
    return seal_table(
        columns=figures,
        hidden=hidden,
        index=request.table.index,
        policy=request.policy.name,
        measures=measures,
        source=source,
        data_date=data_date,
        coverage=coverage,
        notes=(*notes, *notes_for(request.policy, counts=bool(request.counts)), *cost_notes),
        per=per,
        message=sentence_for(request.policy) if any(where.any() for where in hidden.values()) else "",
        whole_percent=request.policy.one_decimal_from > 0,
    )


def _check_authority(policy: Policy, purpose: str, coverage: str) -> None:
    if policy.name == "direct_care" and not purpose.strip():
        raise DisclosureError(
            "Nothing is hidden for direct care, so its purpose must be stated.",
            'Pass purpose="..." saying whose care this is for, or choose another policy.',
        )
    if policy.name == "hes_national" and "england" not in coverage.casefold():
        raise DisclosureError(
            "National figures are released unchanged only when they cover England.",
            'Pass coverage="England", or use policy="hes".',
        )


def _compose(
    request: Request, hidden_bases: Mapping[str, Bools]
) -> tuple[dict[str, Column], dict[str, Bools], dict[str, str], dict[str, float]]:
    """Return the shown columns, where they are hidden, their kinds, and the multipliers of rates."""
    n = len(request.table)
    nowhere = np.zeros(n, dtype=bool)
    figures: dict[str, Column] = {}
    hidden: dict[str, Bools] = {}
    measures: dict[str, str] = {}
    per: dict[str, float] = {}

    def resting_on(bases: Sequence[str]) -> Bools:
        found = [nowhere, *(hidden_bases.get(b, nowhere) for b in bases)]
        return np.asarray(np.logical_or.reduce(found))

    for column in request.table.names:
        if column in request.drop:
            continue
        kind = measures[column] = request.kind(column)
        where = hidden[column] = hidden_bases.get(column, nowhere) | resting_on(request.base_counts(column))
        if kind == "count":
            shown = round_to_base(read_counts(request, column), request.policy.rounding)
            figures[column] = [None if h else n for n, h in zip(shown.tolist(), where.tolist(), strict=True)]
        elif kind in ("dimension", "text"):
            figures[column] = request.table.copy(column)
        elif column in request.rates:
            rate, multiple = shown_rate(request, column)
            figures[column] = np.where(where, np.nan, rate)
            if multiple is not None:
                per[column] = multiple
        else:
            figures[column] = np.where(where, np.nan, numbers(request, column))
    for column, base in request.rates.items():
        if request.kind(column) in ("lower", "upper") and column in figures:
            whose = [c for c in request.rates if request.kind(c) == "proportion" and request.rates[c] == base]
            if whose and whose[0] in per:
                per[column] = per[whose[0]]
    for item in request.derived:
        where = resting_on((item.numerator, item.denominator))
        for name, kind, values in zip(item.columns, item.kinds, derive(request, item, where), strict=True):
            figures[name], hidden[name], measures[name] = values, where, kind
    return figures, hidden, measures, per
