"""The attacker: what range of values could each hidden cell have, given everything that is shown?

Every cell is a variable. A shown cell lies in the range its rounding leaves; a hidden cell is only known to be at
least the lowest hidden value; totals equal the sum of their parts. The smallest and largest value of each hidden
cell are found by linear programming (HiGHS). Source: Fischetti and Salazar (2001), "Solving the cell suppression
problem on tabular data with linear constraints", Management Science 47(7).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goldenthread.disclosure.errors import DisclosureError
from goldenthread.disclosure.structure import Equation

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]

_SLACK = 1e-6


@dataclass(frozen=True)
class Problem:
    """A table as the attacker sees it, and what each protected cell must keep.

    - ``low``, ``high``: range of each cell if it is shown (equal when it is not rounded).
    - ``floor``: lowest value of each cell if it is hidden.
    - ``need_low``, ``need_high``: the range that must stay possible for each protected cell; NaN for others.
    - ``whole_numbers``: search whole numbers only. Needed where fractions could make a range look wider than it is;
      in tables of two dimensions, one of them with a hierarchy, the ends are whole numbers anyway.
    """

    low: Floats
    high: Floats
    floor: Floats
    need_low: Floats
    need_high: Floats
    equations: tuple[Equation, ...]
    whole_numbers: bool = False

    @property
    def protected(self) -> Ints:
        """Positions of the cells with a range to keep."""
        return np.flatnonzero(~np.isnan(self.need_low))


@dataclass(frozen=True)
class Leak:
    """A protected cell whose range is too narrow, and the shown cells that make it so."""

    cell: int
    lowest: float
    highest: float
    limiting: tuple[int, ...]


def feasible_range(problem: Problem, hidden: Bools, cell: int) -> tuple[float, float]:
    """Return the lowest and highest value an attacker can give to one cell; the highest may be infinite."""
    part = next(p for p in _components(problem, hidden, np.array([cell])) if cell in p.where)
    return part.extreme(cell, -1.0)[0], part.extreme(cell, 1.0)[0]


def find_leaks(problem: Problem, hidden: Bools) -> list[Leak]:
    """Return every protected cell whose feasible range does not hold the range it must keep."""
    leaks: list[Leak] = []
    for part in _components(problem, hidden, problem.protected):
        leaks.extend(part.leaks())
    return leaks


class _Component:
    """Cells tied together by equations; those elsewhere cannot help the attacker."""

    def __init__(self, problem: Problem, hidden: Bools, cells: Ints, equations: Sequence[Equation]) -> None:
        self.problem = problem
        self.cells = cells
        self.where = {int(c): i for i, c in enumerate(cells)}
        self.hidden = hidden[cells]
        self.lower = np.where(self.hidden, problem.floor[cells], problem.low[cells])
        self.upper = np.where(self.hidden, np.inf, problem.high[cells])
        rows: list[int] = []
        columns: list[int] = []
        signs: list[float] = []
        for r, equation in enumerate(equations):
            for c, sign in ((equation.total, -1.0), *((p, 1.0) for p in equation.parts)):
                rows.append(r)
                columns.append(self.where[c])
                signs.append(sign)
        # imported where it is needed: most answers hide nothing, and scipy takes long to come
        from scipy.sparse import csr_array

        self.matrix = csr_array((signs, (rows, columns)), shape=(len(equations), len(cells)))
        known = np.concatenate([problem.high[cells], problem.need_high[cells]])
        self.ceiling = 4.0 * float(np.nansum(known)) + 1.0
        self.need = np.array([c for c in cells if not np.isnan(problem.need_low[c])], dtype=np.intp)

    def solve(
        self, objective: Floats, upper: Floats | None = None, *, whole: bool = False
    ) -> tuple[Floats | None, Floats]:
        """Minimise; return the point (None if unbounded) and the reduced cost of every cell's bounds."""
        bounds = np.column_stack([self.lower, self.upper if upper is None else upper])
        if whole:  # integer search wants finite bounds; nothing that matters is larger than this
            bounds[np.isinf(bounds[:, 1]), 1] = self.ceiling
        from scipy.optimize import linprog

        answer = linprog(  # type: ignore[call-overload]  # the stubs do not know that HiGHS takes sparse matrices
            objective,
            A_eq=self.matrix if self.matrix.shape[0] else None,
            b_eq=np.zeros(self.matrix.shape[0]) if self.matrix.shape[0] else None,
            bounds=bounds,
            method="highs",
            integrality=1 if whole else 0,
        )
        if answer.status == 3:
            return None, np.zeros(len(self.cells))
        if answer.status != 0:
            raise DisclosureError(
                "The totals of this table contradict each other, so it cannot be checked.",
                "Check that every total is the sum of its parts.",
            )
        if whole:
            return answer.x, np.zeros(len(self.cells))
        return answer.x, np.abs(answer.lower.marginals) + np.abs(answer.upper.marginals)

    def extreme(self, cell: int, direction: float) -> tuple[float, tuple[int, ...]]:
        """Return the extreme of one cell (+1 highest, -1 lowest) and the shown cells that limit it."""
        objective = np.zeros(len(self.cells))
        objective[self.where[cell]] = -direction
        point, reduced = self.solve(objective)
        if point is None:
            return direction * np.inf, ()
        limiting = self.cells[(reduced > _SLACK) & ~self.hidden]
        if self.problem.whole_numbers:
            point, _ = self.solve(objective, whole=True)
            if point is None:
                return direction * np.inf, ()
            if len(limiting) == 0:  # only the wholeness of people limits it; any shown neighbour may help
                limiting = self.cells[~self.hidden]
        return float(point[self.where[cell]]), tuple(int(c) for c in limiting)

    def leaks(self) -> list[Leak]:
        """Return the protected cells of this component that are too narrow."""
        if self.matrix.shape[0] == 0:  # in no total: nothing to subtract from
            return []
        low_open, high_open = self._not_reached(-1.0), self._not_reached(1.0)
        found: list[Leak] = []
        for cell in sorted(low_open | high_open):
            lowest, below = self.extreme(cell, -1.0) if cell in low_open else (-np.inf, ())
            highest, above = self.extreme(cell, 1.0) if cell in high_open else (np.inf, ())
            too_high = lowest > self.problem.need_low[cell] + _SLACK
            too_low = highest < self.problem.need_high[cell] - _SLACK
            if too_high or too_low:
                limits = (below if too_high else ()) + (above if too_low else ())
                found.append(Leak(cell, lowest, highest, tuple(dict.fromkeys(limits))))
        return found

    def _not_reached(self, direction: float) -> set[int]:
        """Return the protected cells that no common solution takes to the end of the range they must keep.

        One solution can serve many cells at once, so most need no programme of their own: push all open cells
        together towards their ends, strike off those that arrive, repeat until nobody arrives.
        """
        goal = self.problem.need_high if direction > 0 else self.problem.need_low
        open_cells = {int(c) for c in self.need}
        while open_cells:
            places = np.array([self.where[c] for c in open_cells])
            aims = np.array([goal[c] for c in open_cells])
            objective = np.zeros(len(self.cells))
            objective[places] = -direction
            upper = self.upper.copy()
            if direction > 0:  # going beyond the goal earns nothing and would starve the others
                upper[places] = np.minimum(upper[places], np.maximum(aims, self.lower[places]))
            point, _ = self.solve(objective, upper, whole=self.problem.whole_numbers)
            if point is None:  # cannot happen: pushed up they are capped, pushed down they have floors
                break
            arrived = {
                c
                for c, place, aim in zip(list(open_cells), places, aims, strict=True)
                if direction * (point[place] - aim) >= -_SLACK
            }
            if not arrived:
                break
            open_cells -= arrived
        return open_cells


def _components(problem: Problem, hidden: Bools, wanted: Ints) -> list[_Component]:
    """Split into parts joined by equations through cells whose value the attacker does not know exactly."""
    if len(wanted) == 0:
        return []
    size, count = len(problem.low), len(problem.equations)
    loose = hidden | (problem.high > problem.low)
    asked = set(wanted.tolist())
    links: list[tuple[int, int]] = []
    for e, equation in enumerate(problem.equations):
        links.extend((size + e, c) for c in (equation.total, *equation.parts) if loose[c] or c in asked)
    if links:
        ends = np.array(links)
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        graph = csr_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(size + count, size + count))
        labels = np.asarray(connected_components(graph, directed=False)[1], dtype=np.intp)
    else:
        labels = np.arange(size + count, dtype=np.intp)
    equations_of: dict[int, list[Equation]] = {}
    for e, equation in enumerate(problem.equations):
        equations_of.setdefault(int(labels[size + e]), []).append(equation)
    parts = []
    for label in np.unique(labels[wanted]):
        equations = equations_of.get(int(label), [])
        members = {int(c) for c in wanted if labels[c] == label}
        for equation in equations:
            members.update((equation.total, *equation.parts))
        parts.append(_Component(problem, hidden, np.array(sorted(members), dtype=np.intp), equations))
    return parts
