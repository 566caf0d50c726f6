"""Which counts of a table stay hidden: small, needed to protect a small one, or subtractable from an earlier answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goldenthread.disclosure.asking import Answer, Asking
from goldenthread.disclosure.errors import DisclosureError
from goldenthread.disclosure.ledger import Ledger
from goldenthread.disclosure.memberships import member_ids
from goldenthread.disclosure.plan import Plan
from goldenthread.disclosure.policies import Policy
from goldenthread.disclosure.request import Request
from goldenthread.disclosure.structure import describe_row
from goldenthread.disclosure.suppression import count_problem, primary, protect, round_to_base

Bools = NDArray[np.bool_]
Tied = Callable[[int, int], bool]


@dataclass(frozen=True)
class Question:
    ledger: Ledger | None
    recipient: str
    population: str
    members: Mapping[str, Sequence[ArrayLike]]


def hide_counts(request: Request, plan: Plan, asked: Question) -> dict[str, Bools]:
    """Return which cells of each count are hidden, after totals and earlier answers are taken into account."""
    policy, n = request.policy, len(request.table)
    if asked.ledger is None or policy.name == "direct_care":
        hidden = _protect_counts(plan, policy, np.zeros(len(plan.cells), dtype=bool))
        return _by_column(request, hidden, n)
    if not asked.recipient or not asked.population:
        raise DisclosureError(
            "The ledger must know who is asking and what was asked.",
            "Pass recipient=... and population=... (the canonical description of the question).",
        )
    answers = _answers(request, plan, asked, asked.ledger.people)
    tied = _tied(plan) if policy.margins else lambda a, b: False
    withheld = np.zeros(len(plan.cells), dtype=bool)
    with asked.ledger.asking(asked.recipient) as asking:
        while True:
            hidden = _protect_counts(plan, policy, withheld)
            # large answers first: of two that cannot both be shown the smaller, of less use, gives way
            shown = [
                c for c in np.argsort(-plan.cells, kind="stable").tolist() if c in answers and not hidden[c]
            ]
            found = _refused(asking, [answers[c] for c in shown], shown, policy, asked.population, tied)
            if not found:
                break
            withheld[list(found)] = True
        asking.record(
            [answers[c] for c in shown],
            population=asked.population,
            policy=policy.name,
            rounding=policy.rounding,
        )
    return _by_column(request, hidden, n)


def _refused(
    asking: Asking, answers: list[Answer], cells: list[int], policy: Policy, population: str, tied: Tied
) -> set[int]:
    refused = asking.refused(
        answers,
        population=population,
        threshold=policy.threshold,
        rounding=policy.rounding,
        tied=lambda a, b: tied(cells[a], cells[b]),
    )
    return {cells[i] for i in refused}


def _protect_counts(plan: Plan, policy: Policy, withheld: Bools) -> Bools:
    small = primary(plan.cells, policy) | withheld
    hidden = small | plan.never_shown
    if not policy.protects or not policy.margins or not small.any():
        return hidden
    problem = count_problem(
        plan.cells,
        policy,
        plan.equations,
        never_shown=plan.never_shown,
        also_protect=withheld,
        whole_numbers=plan.whole_numbers,
    )
    may_hide = ~plan.never_shown & ((plan.cells > 0) | (not policy.zero_shown))
    return protect(problem, hidden, plan.cells.astype(float), may_hide=may_hide)


def _by_column(request: Request, hidden: Bools, n: int) -> dict[str, Bools]:
    return {column: hidden[k * n : (k + 1) * n] for k, column in enumerate(request.counts)}


def _answers(request: Request, plan: Plan, asked: Question, people: int) -> dict[int, Answer]:
    """Return, for each cell of the counts, what the ledger should know about it."""
    n = len(request.table)
    for column, rows in asked.members.items():
        if column not in request.counts or len(rows) != n:
            raise DisclosureError(
                f"members[{column!r}] does not fit the table.",
                f"Give, for a column in counts, one collection of person numbers for each of the {n} rows.",
            )
    labels = list(zip(*(request.table.texts(d) for d in request.dimensions), strict=True))
    rounded = round_to_base(plan.cells, request.policy.rounding)
    answers: dict[int, Answer] = {}
    for k, column in enumerate(request.counts):
        for row in range(n):
            cell = k * n + row
            ids = member_ids(asked.members[column][row], people) if column in asked.members else None
            if ids is not None and len(ids) != plan.cells[cell]:
                raise DisclosureError(
                    f"{describe_row(request.table, request.dimensions, row)}: {column!r} is {plan.cells[cell]} but"
                    f" {len(ids)} people are given as its members.",
                    "The members of a count are the people it counts, each once.",
                )
            name = " | ".join([column, *(labels[row] if request.dimensions else (str(row),))])
            answers[cell] = Answer(name, int(rounded[cell]), ids)
    return answers


def _tied(plan: Plan) -> Tied:
    """Return a test of whether one cell is part of another by the declared totals, which the audit covers."""
    parents: dict[int, list[int]] = {}
    for equation in plan.equations:
        for part in equation.parts:
            parents.setdefault(part, []).append(equation.total)

    def above(cell: int) -> set[int]:
        found: set[int] = set()
        waiting = [cell]
        while waiting:
            for parent in parents.get(waiting.pop(), ()):
                if parent not in found:
                    found.add(parent)
                    waiting.append(parent)
        return found

    return lambda a, b: a in above(b) or b in above(a)
