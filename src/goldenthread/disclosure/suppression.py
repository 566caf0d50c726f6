"""Which cells to hide: the small ones, then as few others as keep them from being worked out.

Complementary cells are chosen greedily by smallest loss (their value) among those that the linear programme shows
to be limiting a protected cell; the result is then audited again until nothing leaks. Hiding every cell that is
not a shown zero always passes, so the search ends.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from goldenthread.disclosure.audit import Bools, Floats, Leak, Problem, find_leaks
from goldenthread.disclosure.policies import Policy
from goldenthread.disclosure.structure import Equation


def round_to_base(values: NDArray[np.int64], base: int) -> NDArray[np.int64]:
    """Round counts to the nearest multiple of an odd base, so that half-way never arises.

    >>> round_to_base(np.array([8, 12, 13, 0]), 5).tolist()
    [10, 10, 15, 0]
    """
    if base <= 1:
        return values.copy()
    return (values + base // 2) // base * base


def primary(values: NDArray[np.int64], policy: Policy) -> Bools:
    """Return True where a count is small enough to hide by itself.

    >>> from goldenthread.disclosure.policies import named_policy
    >>> primary(np.array([0, 1, 7, 8]), named_policy("hes")).tolist()
    [False, True, True, False]
    """
    lowest, highest = policy.hidden_range
    if not policy.protects:
        return np.zeros(len(values), dtype=bool)
    return (values >= lowest) & (values <= highest)


def count_problem(
    values: NDArray[np.int64],
    policy: Policy,
    equations: Sequence[Equation],
    *,
    never_shown: Bools | None = None,
    also_protect: Bools | None = None,
    whole_numbers: bool = False,
) -> Problem:
    """Return the attacker's problem for a table of counts.

    ``never_shown`` marks cells that exist only to be protected (the people not counted in a proportion);
    ``also_protect`` marks larger cells hidden because an earlier answer would be subtracted from them: they must
    stay uncertain by the threshold on both sides.
    """
    low, high = shown_range(values, policy)
    lowest, highest = policy.hidden_range
    floor = np.full(len(values), float(lowest))
    if never_shown is not None:
        floor[never_shown] = 0.0
    least = _structural_minimum(values, floor, equations, zero_shown=policy.zero_shown)
    small = primary(values, policy)
    need_low = np.where(small, np.maximum(lowest, least), np.nan)
    need_high = np.where(small, float(highest), np.nan)
    if also_protect is not None:
        wide = also_protect & ~small
        need_low = np.where(wide, np.maximum(values - highest, least), need_low)
        need_high = np.where(wide, values + float(highest), need_high)
    return Problem(low, high, floor, need_low, need_high, tuple(equations), whole_numbers)


def shown_range(values: NDArray[np.int64], policy: Policy) -> tuple[Floats, Floats]:
    """Return the lowest and highest true count behind each shown count.

    >>> from goldenthread.disclosure.policies import named_policy
    >>> [r.tolist() for r in shown_range(np.array([9, 21, 0]), named_policy("hes"))]
    [[8.0, 18.0, 0.0], [12.0, 22.0, 0.0]]
    """
    half = policy.rounding // 2 if policy.rounding > 1 else 0
    rounded = round_to_base(values, policy.rounding)
    low = np.maximum(rounded - half, policy.threshold + 1).astype(float)
    high = (rounded + half).astype(float)
    zero = values == 0
    low[zero] = high[zero] = 0.0
    return low, high


def _structural_minimum(
    values: NDArray[np.int64], floor: Floats, equations: Sequence[Equation], *, zero_shown: bool
) -> Floats:
    """Return what is plain from the shown zeros alone: a total of three hidden cells is at least three."""
    least = np.where((values == 0) & zero_shown, 0.0, floor)
    for _ in range(len(equations) + 1):
        before = least.copy()
        for equation in equations:
            least[equation.total] = max(least[equation.total], least[list(equation.parts)].sum())
        if np.array_equal(before, least):
            break
    return np.asarray(least)


def protect(problem: Problem, hidden: Bools, loss: Floats, *, may_hide: Bools) -> Bools:
    """Return ``hidden`` with further cells hidden until no protected cell can be narrowed.

    ``loss`` is the cost of hiding each cell; only cells in ``may_hide`` are taken.
    """
    hidden = hidden.copy()
    exact = bool((problem.low == problem.high).all())
    if exact:
        _pair_up(problem, hidden, loss, may_hide)
    while leaks := find_leaks(problem, hidden):
        chosen = {c for leak in leaks if (c := _cheapest(leak, problem, hidden, loss, may_hide)) is not None}
        if not chosen:  # only shown zeros narrow what is left, and those are public under the policy
            if bool((hidden | ~may_hide).all()):
                break
            chosen = set(np.flatnonzero(may_hide & ~hidden).tolist())
        hidden[list(chosen)] = True
    return hidden


def _cheapest(leak: Leak, problem: Problem, hidden: Bools, loss: Floats, may_hide: Bools) -> int | None:
    candidates = [c for c in leak.limiting if may_hide[c] and not hidden[c]]
    return min(candidates, key=lambda c: (loss[c], c), default=None)


def _pair_up(problem: Problem, hidden: Bools, loss: Floats, may_hide: Bools) -> None:
    """Hide a second cell wherever a total and its parts have exactly one hidden: that one is plain subtraction.

    Of the cells that would do, prefer one that lies in another line that also needs a second cell, then the
    smallest. This settles most of a table before any linear programme is run.
    """
    lines = [np.array((e.total, *e.parts), dtype=np.intp) for e in problem.equations]
    lines_of: dict[int, list[int]] = {}
    for number, line in enumerate(lines):
        for c in line:
            lines_of.setdefault(int(c), []).append(number)
    hidden_in = np.array([int(hidden[line].sum()) for line in lines], dtype=np.intp)
    waiting = [number for number, n in enumerate(hidden_in) if n == 1]
    while waiting:
        number = waiting.pop(0)
        if hidden_in[number] != 1:
            continue
        candidates = [int(c) for c in lines[number] if may_hide[c] and not hidden[c]]
        if not candidates:
            continue

        def rank(c: int) -> tuple[float, int]:
            # a cell that leaves a line of its own with one hidden costs another cell there
            spoils = sum(hidden_in[n] == 0 for n in lines_of[c])
            helps = sum(hidden_in[n] == 1 for n in lines_of[c])
            return (loss[c] * (1 + spoils) / helps, c)

        best = min(candidates, key=rank)
        hidden[best] = True
        for n in lines_of[best]:
            hidden_in[n] += 1
            if hidden_in[n] == 1:
                waiting.append(n)
