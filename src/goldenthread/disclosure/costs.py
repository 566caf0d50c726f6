"""Which cost totals stay hidden: those of few people, those one contributor dominates, and those that give them away."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from goldenthread.disclosure.audit import Problem
from goldenthread.disclosure.dominance import dominated
from goldenthread.disclosure.errors import DisclosureError
from goldenthread.disclosure.figures import read_costs
from goldenthread.disclosure.plan import Plan
from goldenthread.disclosure.policies import Policy
from goldenthread.disclosure.request import Request, read_counts
from goldenthread.disclosure.structure import check_totals, describe_row
from goldenthread.disclosure.suppression import primary, protect

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def hide_costs(
    request: Request, plan: Plan, hidden_counts: Mapping[str, Bools]
) -> tuple[dict[str, Bools], tuple[str, ...]]:
    """Return which costs are hidden: with their count, by dominance, or to keep another cost from subtraction."""
    policy, n = request.policy, len(request.table)
    if not policy.protects:
        return {}, ()
    notes: list[str] = []
    hidden_costs: dict[str, Bools] = {}
    for column, count in request.costs.items():
        cost = read_costs(request, column)
        check_totals(request.table, request.dimensions, column, cost, plan.rows, tolerance=1e-6)
        counted = read_counts(request, count) if count in request.counts else np.zeros(n, dtype=np.int64)
        at_risk = (primary(counted, policy) & (cost > 0)) | _dominated(request, column, cost)
        if column not in request.contributors and policy.dominance_n:
            notes.append(
                f"No contributors were given for {column}, so the dominance rule was not applied to it."
            )
        hidden = at_risk | hidden_counts.get(count, np.zeros(n, dtype=bool))
        if at_risk.any() and policy.margins:
            hidden = protect(_cost_problem(cost, at_risk, plan, policy), hidden, cost, may_hide=cost > 0)
        hidden_costs[column] = hidden
    return hidden_costs, tuple(notes)


def _cost_problem(cost: Floats, at_risk: Bools, plan: Plan, policy: Policy) -> Problem:
    # costs are published to the penny; the half-penny also absorbs floating-point sums
    penny, share = 0.005, max(policy.p_percent, 0.10)
    return Problem(
        low=np.where(cost > 0, np.maximum(cost - penny, 0.0), 0.0),
        high=np.where(cost > 0, cost + penny, 0.0),
        floor=np.zeros(len(cost)),
        need_low=np.where(at_risk, cost * (1 - share), np.nan),
        need_high=np.where(at_risk, cost * (1 + share), np.nan),
        equations=plan.rows,
    )


def _dominated(request: Request, column: str, cost: Floats) -> Bools:
    given = request.contributors.get(column)
    if given is None:
        return np.zeros(len(cost), dtype=bool)
    if len(given) != len(cost):
        raise DisclosureError(
            f"contributors[{column!r}] has {len(given)} entries for {len(cost)} rows.",
            "Give one collection of amounts for each row.",
        )
    for row, amounts in enumerate(given):
        added = float(np.sum(np.asarray(amounts, dtype=float)))
        if abs(added - cost[row]) > 0.01 + 1e-6 * cost[row]:
            raise DisclosureError(
                f"{describe_row(request.table, request.dimensions, row)}: {column!r} is {cost[row]:g} but its"
                f" contributors add up to {added:g}.",
                "Give every contributor of the cost, each once.",
            )
    return dominated(given, request.policy)
