"""Two answers cannot be subtracted to reveal a small group: attackers who ask thousands of questions.

The attackers know everything: every definition, exactly who is in every set they were answered about. They look for
sums and differences of shown answers that count a group of 1 to the threshold.
"""

from __future__ import annotations

import itertools
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldenthread.disclosure import PUBLIC, DisclosureError, Ledger, named_policy, release
from goldenthread.disclosure.linear import reveals_small_group
from goldenthread.disclosure.memberships import Memberships, member_ids, pack, shared_between, unpack

QUIET = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
THRESHOLD = 4


def ask(ledger: Ledger, mask: np.ndarray, who: str = "ann", what: str = "q", policy: str = "icb") -> bool:
    """Ask how many people are in the mask; return whether the count was shown."""
    table = release(
        pd.DataFrame({"people": [int(mask.sum())]}), policy=policy, counts=["people"],
        ledger=ledger, recipient=who, population=what, members={"people": [np.flatnonzero(mask)]},
    )  # fmt: skip
    return not bool(table.suppressed.loc[0, "people"])


def questions(rng: np.random.Generator, people: int, number: int) -> list[np.ndarray]:
    """Return questions an analyst could build: nested conditions, unions, exclusions, and near repeats."""
    traits = [rng.random(people) < p for p in (0.5, 0.3, 0.1, 0.03, 0.97, 0.6)]
    asked: list[np.ndarray] = []
    for _ in range(number):
        mask = traits[rng.integers(len(traits))].copy()
        for _ in range(rng.integers(0, 3)):
            other = (
                traits[rng.integers(len(traits))]
                if rng.random() < 0.6 or not asked
                else asked[rng.integers(len(asked))]
            )
            mask = [mask & other, mask | other, mask & ~other][rng.integers(3)]
        if rng.random() < 0.3:  # the classic: everybody but a few
            mask = mask.copy()
            mask[rng.integers(0, people, size=rng.integers(1, 6))] ^= True
        asked.append(mask)
    return asked


def small(difference: np.ndarray) -> bool:
    """Whether a sum of answers is plus or minus the count of a small group."""
    values = set(np.unique(difference).tolist())
    return values in ({0, 1}, {0, -1}) and 1 <= int(np.abs(difference).sum()) <= THRESHOLD


@QUIET
@given(st.integers(0, 2**32 - 1))
def test_an_attacker_with_thousands_of_pairs_learns_of_no_small_group(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people = int(rng.integers(80, 400))
    ledger = Ledger(snapshot="2026-09", people=people)
    everyone = np.ones(people, dtype=bool)
    shown = [everyone] + [q for q in questions(rng, people, 90) if ask(ledger, q)]
    vectors = [q.astype(np.int8) for q in shown]
    assert len(shown) > 5
    for a in vectors[1:]:
        assert int(a.sum()) == 0 or int(a.sum()) > THRESHOLD
    for a, b in itertools.combinations(vectors, 2):
        assert not small(a - b)


@QUIET
@given(st.integers(0, 2**32 - 1))
def test_nor_does_one_who_combines_three(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people = int(rng.integers(60, 150))
    ledger = Ledger(snapshot="2026-09", people=people)
    shown = [np.ones(people, dtype=bool)] + [q for q in questions(rng, people, 30) if ask(ledger, q)]
    stack = np.array(shown, dtype=np.int8)
    for i, j in itertools.combinations(range(len(stack)), 2):
        for sign in (1, -1):
            left = stack[i] + sign * stack[j]
            for k in range(len(stack)):
                if k not in (i, j):
                    assert not small(left - stack[k]), (i, j, sign, k)
                    assert not small(left + stack[k]) or sign > 0, (i, j, sign, k)


def determined_groups(shown: list[np.ndarray], people: int, most: int) -> bool:
    """Whether any linear combination of the answers counts a group of 1 to ``most``: tries every group there is.

    A group's indicator lies in the row space exactly when projecting it there does not shorten it.
    """
    rows = np.array(shown, dtype=float)
    projection = np.linalg.pinv(rows) @ rows
    for size in range(1, most + 1):
        groups = np.array(list(itertools.combinations(range(people), size)))
        kept = sum(projection[groups[:, i], groups[:, j]] for i in range(size) for j in range(size))
        if bool((np.abs(kept - size) < 1e-8).any()):
            return True
    return False


@QUIET
@given(st.integers(0, 2**32 - 1))
def test_nor_does_one_who_solves_equations_in_up_to_nineteen_answers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people = 32
    ledger = Ledger(snapshot="2026-09", people=people)
    shown = [np.ones(people, dtype=bool)]
    for q in questions(rng, people, 40):
        if len(shown) < 19 and q.any() and ask(ledger, q):
            shown.append(q)
    assert len(shown) > 3
    assert not determined_groups(shown, people, THRESHOLD)


def test_the_equations_attack_works_without_the_ledger() -> None:
    rng = np.random.default_rng(2)
    asked = [q for q in questions(rng, 32, 40) if q.sum() > THRESHOLD][:18]
    assert determined_groups([np.ones(32, dtype=bool), *asked], 32, THRESHOLD)


def test_the_attack_works_without_the_ledger() -> None:
    """The simulation can fail: with the ledger off the same questions reveal small groups."""
    rng = np.random.default_rng(1)
    asked = [q.astype(np.int8) for q in questions(rng, 200, 90) if q.sum() > THRESHOLD]
    assert any(small(a - b) for a, b in itertools.combinations(asked, 2))


@QUIET
@given(st.integers(0, 2**32 - 1), st.integers(2, 7))
def test_combinations_agree_with_a_search_over_every_group(seed: int, number: int) -> None:
    """The row-space audit against least squares for every possible small group of a tiny population."""
    rng = np.random.default_rng(seed)
    people, threshold = 9, 2
    answers = rng.random((number, people)) < 0.6
    rows = np.vstack([answers, np.ones((1, people))]).astype(float)
    revealed = False
    for size in range(1, threshold + 1):
        for group in itertools.combinations(range(people), size):
            target = np.zeros(people)
            target[list(group)] = 1.0
            solution = np.linalg.lstsq(rows.T, target, rcond=None)[0]
            revealed |= bool(np.allclose(rows.T @ solution, target, atol=1e-8))
    sets = [np.flatnonzero(a).astype(np.int32) for a in answers]
    assert reveals_small_group(sets, people, threshold) == revealed


def span(start: int, stop: int, people: int = 1000) -> np.ndarray:
    mask = np.zeros(people, dtype=bool)
    mask[start:stop] = True
    return mask


@pytest.mark.parametrize(
    ("earlier", "then", "shown"),
    [
        ([(0, 100)], (0, 97), False),  # nested, three fewer
        ([(0, 97)], (0, 100), False),  # nested, three more
        ([(0, 100)], (0, 95), True),  # five fewer is a group that may be known
        ([(0, 100)], (0, 100), True),  # the same again
        ([(0, 100)], (200, 300), True),  # apart
        ([(0, 100)], (3, 110), True),  # overlapping: neither difference can be worked out
        ([(0, 100), (98, 200)], (0, 200), False),  # A + B less their union is the two in both
        ([(0, 100), (100, 200)], (0, 203), False),  # C less A less B
        ([(0, 300), (200, 300)], (0, 202), False),  # A less B, and two more
        ([], (0, 998), False),  # all but two
        ([(0, 400), (400, 700)], (700, 997), False),  # three parts leave three people over
        ([(0, 3)], (0, 2), False),  # never shown anyway
    ],
)
def test_by_hand(earlier: list[tuple[int, int]], then: tuple[int, int], shown: bool) -> None:
    ledger = Ledger(snapshot="s", people=1000)
    for k, (start, stop) in enumerate(earlier):
        assert ask(ledger, span(start, stop), what=f"q{k}") == (stop - start > THRESHOLD)
    assert ask(ledger, span(*then), what="then") is shown


def test_colleagues_pool_what_they_know_and_strangers_do_not() -> None:
    circles = {"ann": "icb", "bob": "icb", "cat": "trust"}
    ledger = Ledger(snapshot="s", people=1000, circles=circles)
    assert ask(ledger, span(0, 100), who="ann")
    assert not ask(ledger, span(0, 98), who="bob")
    assert ask(ledger, span(0, 98), who="cat")
    assert ledger.answers("bob") == 1
    assert ask(ledger, span(0, 100), who="dan"), "not listed: a circle of his own"


def test_what_is_public_is_known_to_all() -> None:
    ledger = Ledger(snapshot="s", people=1000)
    assert ask(ledger, span(0, 100), who=PUBLIC)
    assert not ask(ledger, span(0, 98), who="ann")
    assert ask(ledger, span(500, 600), who="ann")
    assert not ask(ledger, span(500, 602), who=PUBLIC), "ann could subtract it"


def test_a_table_is_checked_against_earlier_answers_and_stays_protected() -> None:
    ledger = Ledger(snapshot="s", people=1000)
    assert ask(ledger, span(0, 103))
    frame = pd.DataFrame({"sex": ["F", "M", "All"], "people": [100, 200, 300]})
    members = {
        "people": [
            np.arange(0, 100),
            np.arange(103, 303),
            np.concatenate([np.arange(100), np.arange(103, 303)]),
        ]
    }
    table = release(frame, policy="icb", counts=["people"], dimensions=["sex"], margins={"sex": "All"},
                    ledger=ledger, recipient="ann", population="table", members=members)  # fmt: skip
    assert table.display()["people"].tolist() == ["*", "*", "300"], "hiding F alone would leave All less M"


def test_a_table_asked_twice_is_answered_twice() -> None:
    ledger = Ledger(snapshot="s", people=1000)
    frame = pd.DataFrame({"sex": ["F", "M", "All"], "people": [3, 200, 203]})
    members = {"people": [np.arange(0, 3), np.arange(3, 203), np.arange(0, 203)]}
    for policy, expected in (("hes", ["*", "200", "205"]), ("icb", ["*", "*", "203"])):
        for _ in range(2):
            table = release(frame, policy=policy, counts=["people"], dimensions=["sex"], margins={"sex": "All"},
                            ledger=ledger, recipient=policy, population="table", members=members)  # fmt: skip
            assert table.display()["people"].tolist() == expected
    assert ledger.answers("hes") == 2
    assert ledger.answers("icb") == 1


def test_a_rounded_answer_does_not_license_the_exact_one() -> None:
    ledger = Ledger(snapshot="s", people=1000)
    frame = pd.DataFrame({"sex": ["F", "M", "All"], "people": [3, 200, 203]})
    members = {"people": [np.arange(0, 3), np.arange(3, 203), np.arange(0, 203)]}
    release(frame, policy="hes", counts=["people"], dimensions=["sex"], margins={"sex": "All"},
            ledger=ledger, recipient="ann", population="table", members=members)  # fmt: skip
    assert not ask(ledger, span(3, 203), what="men, exactly")


def test_between_snapshots_the_same_question_may_not_move_by_a_few(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    first = Ledger(path, snapshot="2026-08", people=1000)
    assert ask(first, span(0, 100), what="diabetes")
    assert ask(first, span(0, 100), what="asthma", policy="hes")
    first.close()
    second = Ledger(path, snapshot="2026-09", people=1010)
    assert not ask(second, span(0, 102, 1010), what="diabetes"), "two more than last month"
    assert ask(second, span(0, 112, 1010), what="diabetes")
    assert ask(second, span(0, 103, 1010), what="asthma", policy="hes"), "rounded figures blur the difference"
    assert second.forget_members("2026-08") == 1  # both questions counted the same people
    with pytest.raises(DisclosureError, match="is in use"):
        second.forget_members("2026-09")
    assert second.answers("ann") == 4


def test_the_file_remembers_and_cannot_be_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path, snapshot="s", people=1000)
    other = Ledger(path, snapshot="s", people=1000)
    assert ask(ledger, span(0, 100))
    assert not ask(other, span(0, 98)), "a second process sees it at once"
    ledger.close()
    assert not ask(Ledger(path, snapshot="s", people=1000), span(0, 98))
    assert path.stat().st_mode & 0o077 == 0
    with sqlite3.connect(path) as db:
        for statement in ("delete from answer", "update answer set shown = 0"):
            with pytest.raises(sqlite3.IntegrityError, match="never"):
                db.execute(statement)
    with pytest.raises(DisclosureError, match="with 1000 people, not 999"):
        Ledger(path, snapshot="s", people=999)


def test_two_questions_at_once_cannot_both_pass(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    results: list[bool] = []
    start = threading.Barrier(6)

    def attacker(k: int) -> None:
        ledger = Ledger(path, snapshot="s", people=1000)
        start.wait()
        results.append(ask(ledger, span(0, 100 - k), what=f"q{k}"))

    Ledger(path, snapshot="s", people=1000).close()
    threads = [threading.Thread(target=attacker, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    assert sum(results) <= 2, "100 and 95 may both be known; nothing in between"


def test_a_failure_while_answering_records_nothing() -> None:
    ledger = Ledger(snapshot="s", people=1000)
    with pytest.raises(RuntimeError), ledger.asking("ann") as asking:
        asking.record([], population="q", policy="icb")
        raise RuntimeError
    assert ledger.answers("ann") == 0
    assert ask(ledger, span(0, 50))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"recipient": None}, "who is asking"),
        ({"population": ""}, "what was asked"),
        ({"members": {"people": [np.arange(9)]}}, "is 10 but 9 people"),
        ({"members": {"people": [np.arange(991, 1001)]}}, "outside 0 to 999"),
        ({"members": {"people": [np.arange(10) / 2]}}, "whole person numbers"),
        ({"members": {"people": [np.ones(10, dtype=bool)]}}, "has 10 places but the snapshot has 1000"),
        ({"members": {"people": []}}, "does not fit the table"),
        ({"members": {"persons": [np.arange(10)]}}, "does not fit the table"),
    ],
)
def test_bad_questions_are_refused(options: dict[str, object], message: str) -> None:
    ledger = Ledger(snapshot="s", people=1000)
    full = {"recipient": "ann", "population": "q", "members": {"people": [np.arange(10)]}} | options
    with pytest.raises(DisclosureError, match=message):
        release(pd.DataFrame({"people": [10]}), policy="icb", counts=["people"], ledger=ledger, **full)  # type: ignore[arg-type]


def test_direct_care_is_not_recorded() -> None:
    ledger = Ledger(snapshot="s", people=1000)
    release(pd.DataFrame({"people": [3]}), policy="direct_care", purpose="own patients", counts=["people"],
            ledger=ledger, recipient="gp", population="q")  # fmt: skip
    assert ledger.answers("gp") == 0


@QUIET
@given(st.integers(0, 2**32 - 1), st.integers(1, 3000))
def test_sets_survive_storage_and_overlaps_are_right(seed: int, people: int) -> None:
    rng = np.random.default_rng(seed)
    masks = [rng.random(people) < rng.choice([0.0, 0.01, 0.02, 0.5, 1.0]) for _ in range(20)]
    sets = [member_ids(m, people) for m in masks]
    store = Memberships(people)
    for s in sets:
        assert unpack(pack(s, people), people).tolist() == s.tolist()
        store.add(s)
    truth = np.array([[int((a & b).sum()) for b in masks] for a in masks])
    assert [store.shared_with(s).tolist() for s in sets] == truth.tolist()
    assert store.shared_with_many(sets).tolist() == truth.tolist()
    found = np.zeros_like(truth)
    for k in range(len(sets)):
        others, shared = shared_between(sets, people).of(k)
        found[k, others] = shared
    assert found.tolist() == truth.tolist()
    assert all(store.ids(k).tolist() == s.tolist() for k, s in enumerate(sets))


def test_a_changed_threshold_reaches_the_ledger() -> None:
    stricter = replace(named_policy("icb"), name="under 20", threshold=19)
    ledger = Ledger(snapshot="s", people=1000)
    assert ask(ledger, span(0, 100), policy=stricter)  # type: ignore[arg-type]
    assert not ask(ledger, span(0, 85), policy=stricter)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("earlier", "row"),
    [
        ([(0, 100)], (0, 97)),
        ([(0, 97)], (0, 100)),
        ([(0, 100), (98, 200)], (0, 200)),
        ([(0, 200), (0, 60)], (62, 200)),
    ],
)
def test_large_tables_are_checked_in_pairs_and_threes(
    earlier: list[tuple[int, int]], row: tuple[int, int]
) -> None:
    """Tables of more than forty cells skip the row-space audit; pairs and threes are never skipped."""
    people = 2000
    ledger = Ledger(snapshot="s", people=people)
    for k, (start, stop) in enumerate(earlier):
        assert ask(ledger, span(start, stop, people), what=f"q{k}")
    rows = [row, *((300 + 30 * k, 330 + 30 * k) for k in range(50))]
    frame = pd.DataFrame(
        {"practice": [f"P{k}" for k in range(51)], "people": [stop - start for start, stop in rows]}
    )
    table = release(frame, policy="icb", counts=["people"], dimensions=["practice"], ledger=ledger, recipient="ann",
                    population="big", members={"people": [np.arange(*r) for r in rows]})  # fmt: skip
    assert table.suppressed["people"].tolist() == [True, *[False] * 50]


def test_columns_of_one_table_are_compared_with_each_other() -> None:
    frame = pd.DataFrame({"practice": ["A"], "register": [100], "reviewed": [98]})
    table = release(frame, policy="icb", counts=["register", "reviewed"], dimensions=["practice"],
                    ledger=Ledger(snapshot="s", people=1000), recipient="ann", population="q",
                    members={"register": [np.arange(100)], "reviewed": [np.arange(98)]})  # fmt: skip
    assert table.display().loc[0, ["register", "reviewed"]].tolist() == ["100", "*"]
