"""No hidden cell can be worked out from totals: an attacker who tries every table checks it.

The attacker shares no code with the suppression. It reads what people read (`*` or a number) and the published rule,
enumerates every table of whole numbers that fits, and collects the values each hidden cell can have. A cell of 1 to
the threshold must be able to have every value of that range.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldenthread.disclosure import DisclosureError, Policy, named_policy, release
from goldenthread.disclosure.audit import feasible_range
from goldenthread.disclosure.structure import Equation
from goldenthread.disclosure.suppression import count_problem

SLOW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
EXACT = replace(named_policy("icb"), name="under 3", threshold=2)
ROUNDED = replace(named_policy("hes"), name="1 to 2, to 3", threshold=2, rounding=3)
ZEROS_HIDDEN = replace(named_policy("opensafely"), name="0 to 2, to 3", threshold=2, rounding=3)
POLICIES = st.sampled_from([EXACT, ROUNDED, ZEROS_HIDDEN])


def choices(shown: str, policy: Policy, most: int) -> range:
    """Return the true values behind one displayed cell."""
    if shown == "*":
        return range(1 if policy.zero_shown else 0, most + 1)
    number = int(shown.replace(",", ""))
    if number == 0:
        return range(0, 1)
    half = policy.rounding // 2 if policy.rounding > 1 else 0
    return range(max(number - half, policy.threshold + 1), number + half + 1)


def release_grid(grid: np.ndarray, policy: Policy) -> np.ndarray:
    """Release a table of two dimensions with all its totals; return the displayed cells, totals last."""
    full = np.zeros((grid.shape[0] + 1, grid.shape[1] + 1), dtype=int)
    full[:-1, :-1] = grid
    full[-1, :-1], full[:-1, -1], full[-1, -1] = grid.sum(0), grid.sum(1), grid.sum()
    names = [
        [*(f"r{i}" for i in range(grid.shape[0])), "All"],
        [*(f"c{j}" for j in range(grid.shape[1])), "All"],
    ]
    rows = [(r, c, full[i, j]) for i, r in enumerate(names[0]) for j, c in enumerate(names[1])]
    table = release(
        pd.DataFrame(rows, columns=["r", "c", "people"]),
        policy=policy, counts=["people"], dimensions=["r", "c"], margins={"r": "All", "c": "All"},
    )  # fmt: skip
    return table.display()["people"].to_numpy().reshape(full.shape)


def attack(shown: np.ndarray, policy: Policy, most: int) -> list[list[set[int]]]:
    """Return every value each cell of a two-row table can have, by enumeration."""
    rows = []
    for line in shown[:-1]:
        tuples = np.array(list(product(*(choices(x, policy, most) for x in line[:-1]))))
        ends = choices(line[-1], policy, 3 * most)
        total = tuples.sum(1)
        rows.append(tuples[(total >= ends[0]) & (total <= ends[-1])])
    first, second = rows
    fits = np.ones((len(first), len(second)), dtype=bool)
    columns = np.hstack([np.arange(first.shape[1])[None]]).ravel()
    for j in columns:
        ends = choices(shown[-1, j], policy, 3 * most)
        both = first[:, j][:, None] + second[:, j][None]
        fits &= (both >= ends[0]) & (both <= ends[-1])
    ends = choices(shown[-1, -1], policy, 9 * most)
    both = first.sum(1)[:, None] + second.sum(1)[None]
    fits &= (both >= ends[0]) & (both <= ends[-1])
    found: list[list[set[int]]] = []
    for tuples, able in ((first, fits.any(1)), (second, fits.any(0))):
        with_total = np.column_stack([tuples, tuples.sum(1)])[able]
        found.append([set(with_total[:, j].tolist()) for j in range(with_total.shape[1])])
    last = []
    for j in range(len(columns)):
        last.append(set((first[:, j][:, None] + second[:, j][None])[fits].tolist()))
    found.append([*last, set(both[fits].tolist())])
    return found


def must_keep(grid: np.ndarray, i: int, j: int, policy: Policy) -> set[int]:
    """Return the values a small cell must be able to have; a total is at least its number of hidden parts."""
    parts = (
        grid
        if (i, j) == grid.shape
        else grid[:, j]
        if i == grid.shape[0]
        else grid[i]
        if j == grid.shape[1]
        else None
    )
    least = 1 if parts is None else int((parts > 0).sum())
    return set(range(least if policy.zero_shown else 0, policy.threshold + 1))


@SLOW
@given(st.lists(st.sampled_from([0, 1, 1, 2, 2, 3, 4, 5, 7, 9]), min_size=6, max_size=6), POLICIES)
def test_no_two_way_table_gives_a_small_cell_away(numbers: list[int], policy: Policy) -> None:
    grid = np.array(numbers).reshape(2, 3)
    shown = release_grid(grid, policy)
    feasible = attack(shown, policy, most=13)
    for i in range(3):
        for j in range(4):
            true = (
                int(grid[: i + 1 if i < 2 else 2, :][i if i < 2 else slice(None)].sum()) if j == 3 else None
            )
            if true is None:
                true = int(grid[:, j].sum()) if i == 2 else int(grid[i, j])
            assert true in feasible[i][j], "the attacker must at least admit the truth"
            small = (1 if policy.zero_shown else 0) <= true <= policy.threshold
            if small:
                assert shown[i, j] == "*"
                assert must_keep(grid, i, j, policy) <= feasible[i][j], (i, j, shown)
            elif shown[i, j] != "*" and policy.rounding <= 1:
                assert shown[i, j] == str(true)


def one_way(values: list[int], policy: str | Policy) -> list[str]:
    names = [*(f"g{i}" for i in range(len(values))), "All"]
    frame = pd.DataFrame({"group": names, "people": [*values, sum(values)]})
    table = release(frame, policy=policy, counts=["people"], dimensions=["group"], margins={"group": "All"})
    return table.display()["people"].tolist()


@pytest.mark.parametrize(
    ("values", "policy", "shown"),
    [
        ([3, 20, 50], "icb", ["*", "*", "50", "73"]),  # the smallest other cell keeps it company
        ([2, 3, 50], "icb", ["*", "*", "50", "55"]),  # 5 in all: each can still be 1 to 4
        ([2, 2, 50], "icb", ["*", "*", "*", "54"]),  # 4 in all would tell that neither is 4
        ([4, 4, 50], "icb", ["*", "*", "50", "58"]),  # 8 in all: each can still be 1 to 4
        ([0, 3, 50], "icb", ["0", "*", "*", "53"]),  # a shown zero is no company
        ([3], "icb", ["*", "*"]),
        ([1, 1], "icb", ["*", "*", "*"]),
        ([10, 20], "icb", ["10", "20", "30"]),
        ([], "icb", ["0"]),
        ([4, 13, 52, 90], "hes", ["*", "15", "50", "90", "160"]),  # rounding already blurs the subtraction
    ],
)
def test_one_way_tables_by_hand(values: list[int], policy: str, shown: list[str]) -> None:
    assert one_way(values, policy) == shown


def test_rounding_alone_does_not_always_protect() -> None:
    # 12 and 6: shown 10 and 20 would leave 16..22 less 8..12, that is 6 or 7 and nothing else
    assert one_way([12, 6], "hes").count("*") > 1


@SLOW
@given(st.lists(st.integers(0, 12), min_size=1, max_size=4), st.sampled_from(["icb", "hes"]))
def test_hierarchy_of_practices_and_networks(sizes: list[int], name: str) -> None:
    """Practices within two networks within one board: subtraction within a network, and of networks."""
    policy = named_policy(name)
    parents = {f"P{i}": f"N{i % 2}" for i in range(len(sizes))} | {"N0": "Board", "N1": "Board"}
    networks = [sum(sizes[i] for i in range(len(sizes)) if i % 2 == k) for k in (0, 1)]
    frame = pd.DataFrame(
        {
            "area": [*(f"P{i}" for i in range(len(sizes))), "N0", "N1", "Board"],
            "people": [*sizes, *networks, sum(sizes)],
        }
    )
    table = release(frame, policy=policy, counts=["people"], dimensions=["area"], margins={"area": parents})
    shown = dict(zip(frame["area"], table.display()["people"], strict=True))
    most = 26
    fitting: list[tuple[int, ...]] = []
    halves = []
    for k in (0, 1):
        members = [i for i in range(len(sizes)) if i % 2 == k]
        allowed = choices(shown[f"N{k}"], policy, 2 * most)
        halves.append(
            [
                t
                for t in product(*(choices(shown[f"P{i}"], policy, most) for i in members))
                if sum(t) in allowed or (not t and 0 in allowed)
            ]
        )
    board = choices(shown["Board"], policy, 4 * most)
    sums = [{sum(t) for t in half} for half in halves]
    for k in (0, 1):
        members = [i for i in range(len(sizes)) if i % 2 == k]
        fitting = [t for t in halves[k] if any(sum(t) + other in board for other in sums[1 - k])]
        for place, i in enumerate(members):
            if 1 <= sizes[i] <= policy.threshold:
                assert set(range(1, policy.threshold + 1)) <= {t[place] for t in fitting}, shown
        if 1 <= networks[k] <= policy.threshold:
            least = sum(sizes[i] > 0 for i in members)
            assert set(range(least, policy.threshold + 1)) <= {sum(t) for t in fitting}, shown


def test_programme_bounds_agree_with_enumeration() -> None:
    """The linear programme itself, on a table small enough to write out."""
    values = np.array([2, 7, 9, 18, 1, 4, 6, 11, 3, 11, 15, 29])  # 2 x 3 with totals
    index = np.arange(12).reshape(3, 4)
    equations = [Equation(int(index[i, 3]), tuple(map(int, index[i, :3]))) for i in range(3)]
    equations += [Equation(int(index[2, j]), tuple(map(int, index[:2, j]))) for j in range(4)]
    hidden = np.isin(np.arange(12), [0, 1, 4, 5])
    problem = count_problem(values, EXACT, equations)
    shown = np.array(["*" if h else str(v) for v, h in zip(values, hidden, strict=True)]).reshape(3, 4)
    feasible = attack(shown, EXACT, most=15)
    for cell in (0, 1, 4, 5):
        expected = feasible[cell // 4][cell % 4]
        assert feasible_range(problem, hidden, cell) == (min(expected), max(expected))


@SLOW
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=3))
def test_people_not_counted_in_a_proportion_are_protected_too(rows: list[tuple[int, int]]) -> None:
    """98 screened of 100 tells of 2 who were not."""
    counted, rest = [a for a, _ in rows], [b for _, b in rows]
    policy = EXACT
    frame = pd.DataFrame({"practice": [*map(str, range(len(rows))), "All"], "done": [*counted, sum(counted)]})
    frame["people"] = [*(a + b for a, b in rows), sum(counted) + sum(rest)]
    frame["share"] = frame["done"] / frame["people"].where(frame["people"] > 0)
    table = release(frame, policy=policy, counts=["done", "people"], rates={"share": ("done", "people")},
                    kinds={"share": "proportion"}, dimensions=["practice"], margins={"practice": "All"})  # fmt: skip
    shown = table.display()
    most = 12
    pairs = [
        [
            (d, p - d)
            for d in choices(line.done, policy, most)
            for p in choices(line.people, policy, 2 * most)
            if p - d >= 0
        ]
        for line in shown.iloc[:-1].itertuples()
    ]
    end_done, end_people = (choices(shown[c].iloc[-1], policy, 8 * most) for c in ("done", "people"))
    for place, (a, b) in enumerate(rows):
        others = {(0, 0)}
        for k, group in enumerate(pairs):
            if k != place:
                others = {(x + d, y + d + r) for x, y in others for d, r in group}
        fits = [
            (d, r) for d, r in pairs[place]
            if any(x + d in end_done and y + d + r in end_people for x, y in others)
        ]  # fmt: skip
        assert (a, b) in fits
        if 1 <= a <= 2:
            assert {1, 2} <= {d for d, _ in fits}, shown
        if 1 <= b <= 2:
            assert {1, 2} <= {r for _, r in fits}, shown


def test_columns_that_add_up() -> None:
    frame = pd.DataFrame({"practice": ["A", "B"], "women": [3, 40], "men": [30, 41], "people": [33, 81]})
    table = release(frame, policy="icb", counts=["women", "men", "people"], dimensions=["practice"],
                    parts={"people": ("women", "men")})  # fmt: skip
    assert table.display().to_numpy().tolist() == [["A", "*", "*", "33"], ["B", "40", "41", "81"]]


def test_three_dimensions_are_searched_in_whole_numbers() -> None:
    rng = np.random.default_rng(3)
    grid = rng.integers(0, 9, size=(3, 3, 2))
    labels = [["a", "b", "c", "All"], ["x", "y", "z", "All"], ["F", "M", "All"]]
    rows = []
    for i, j, k in product(range(4), range(4), range(3)):
        part = grid[slice(None) if i == 3 else i, slice(None) if j == 3 else j, slice(None) if k == 2 else k]
        rows.append((labels[0][i], labels[1][j], labels[2][k], int(part.sum())))
    frame = pd.DataFrame(rows, columns=["place", "age", "sex", "people"])
    table = release(frame, policy="icb", counts=["people"], dimensions=["place", "age", "sex"],
                    margins={"place": "All", "age": "All", "sex": "All"})  # fmt: skip
    small = frame["people"].between(1, 4)
    assert table.suppressed.loc[small, "people"].all()
    assert table.suppressed["people"].sum() > small.sum()


BAD = pd.DataFrame({"sex": ["F", "M", "All"], "people": [10, 20, 30]})


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"people": [10, -20, 30]}, {}, r"Row 2 \(sex=M\): 'people' is -20, which is below zero"),
        ({"people": [10, 20.5, 30]}, {}, r"Row 2 \(sex=M\): 'people' is 20.5, which is not a whole number"),
        ({"people": [10, np.nan, 30]}, {}, r"Row 2 \(sex=M\): 'people' is nan, which is not a number"),
        ({"people": [10, "many", 30]}, {}, r"Row 2 \(sex=M\): 'people' is many, which is not a number"),
        ({"people": [10, 20, 31]}, {}, r"Row 3 \(sex=All\): 'people' is 31 but its parts add up to 30"),
        ({"sex": ["F", "F", "All"]}, {}, r"Row 2 \(sex=F\) appears more than once"),
        ({}, {"margins": {}}, r"has a row 'All' that looks like a total"),
        ({}, {"margins": {"sex": "Everyone"}}, r"'Everyone' named in margins is not among the rows"),
        ({}, {"margins": {"age": "All"}}, r"names 'age', which is not a dimension"),
        ({}, {"margins": {"sex": {"F": "All", "All": "F"}}}, r"goes round in a circle"),
        ({}, {"counts": ["persons"]}, r"no column 'persons'"),
        ({}, {"counts": []}, r"Column 'people' is not declared"),
        ({}, {"counts": [], "kinds": {"people": "count"}}, r"Column 'people' is a count"),
        ({}, {"counts": [], "kinds": {"people": "number"}}, r"kind 'number'"),
        ({"x": [1.0, 2, 3]}, {"kinds": {"x": "mean"}}, r"'x' is a mean, but it is not said which count"),
        ({"x": [1.0, 2, 3]}, {"rates": {"x": ("x", "x")}}, r"none of them is a count of people"),
        ({}, {"parts": {"people": ("sex",)}}, r"names 'sex', which is not a count"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_its_row(
    change: dict[str, object], options: dict[str, object], message: str
) -> None:
    given_options = {"counts": ["people"], "dimensions": ["sex"], "margins": {"sex": "All"}} | options
    with pytest.raises(DisclosureError, match=message) as error:
        release(BAD.assign(**change), policy="icb", **given_options)  # type: ignore[arg-type]
    assert error.value.remedy
