"""One question to the ledger: which of these counts could be subtracted from, or by, what is already known?"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from goldenthread.disclosure.atoms import atoms
from goldenthread.disclosure.linear import MOST_ANSWERS, reveals_small_group
from goldenthread.disclosure.memberships import Arranged, Ids, Memberships, Overlaps, overlaps, pack
from goldenthread.disclosure.triples import reveals_with_two_others

LARGEST_RELEASE_FOR_COMBINATIONS: Final = 40

Counts = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Answer:
    """One count about to be shown: which cell, the shown figure, and the people counted (or None)."""

    cell: str
    shown: int
    members: Ids | None = None


@dataclass
class View:
    """Sets of people already answered to one circle, loaded up to an answer id."""

    sets: Memberships
    rounding: list[int] = field(default_factory=list)
    loaded_to: int = 0


def subtractable(shared: Counts, size: int, others: Counts, threshold: int) -> Bools:
    """Whether a set of ``size`` people holds, or is held by, each other set with 1 to ``threshold`` to spare.

    ``shared`` is how many people it has in common with each of ``others`` (their sizes).

    >>> subtractable(np.array([97, 100, 90]), 100, np.array([97, 100, 300]), threshold=4).tolist()
    [True, False, False]
    """
    only_here, only_there = size - shared, others - shared
    holds = (only_there == 0) & (only_here > 0) & (only_here <= threshold)
    is_held = (only_here == 0) & (only_there > 0) & (only_there <= threshold)
    return np.asarray((holds | is_held) & (others > 0))


class Asking:
    """Check and record answers inside one transaction; made by `Ledger.asking`."""

    def __init__(
        self, db: sqlite3.Connection, *, snapshot: str, people: int, recipient: str, circle: str, view: View
    ) -> None:
        self._db = db
        self._snapshot = snapshot
        self._people = people
        self._recipient = recipient
        self._circle = circle
        self._view = view
        self._known_cells: set[str] = set()

    def refused(
        self,
        answers: Sequence[Answer],
        *,
        population: str,
        threshold: int,
        rounding: int = 0,
        tied: Callable[[int, int], bool] = lambda a, b: False,
    ) -> set[int]:
        """Return the positions of answers that must stay hidden; earlier positions have precedence.

        ``tied(a, b)`` says that two answers of this table are already protected from each other by the audit of
        its totals, which takes rounding into account; the ledger itself trusts no rounding.
        """
        refused = {
            i for i, a in enumerate(answers) if self._moved_too_little(a, population, threshold, rounding)
        }
        counted = [i for i, a in enumerate(answers) if a.members is not None and len(a.members)]
        sets = [m for i in counted if (m := answers[i].members) is not None]
        if not sets:
            return refused
        arranged = Arranged(sets, self._people)
        shared = self._view.sets.shared_with_arranged(arranged)
        sizes = np.array([len(s) for s in sets], dtype=np.int64)
        old_sizes = self._view.sets.sizes[: len(self._view.sets)]
        known = self._known(shared, sizes, old_sizes, rounding)
        self._known_cells.update(answers[i].cell for place, i in enumerate(counted) if known[place])
        if threshold < 1:
            return refused
        for place, i in enumerate(counted):
            if known[place]:
                continue
            two = subtractable(shared[place], sizes[place], old_sizes, threshold).any()
            if two or reveals_with_two_others(sets[place], shared[place], self._view.sets, threshold):
                refused.add(i)
        between = overlaps(arranged)
        self._refuse_within(refused, between, sizes, counted, threshold, tied)
        if len(sets) <= LARGEST_RELEASE_FOR_COMBINATIONS:
            self._refuse_combinations(refused, counted, sets, known, shared, sizes, between, threshold, tied)
        return refused

    def record(self, answers: Sequence[Answer], *, population: str, policy: str, rounding: int = 0) -> None:
        """Remember the answers that are now shown. A set of people already known is not stored again."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        for answer in answers:
            membership = None
            if answer.members is not None and len(answer.members) and answer.cell not in self._known_cells:
                membership = self._db.execute(
                    "insert into membership (snapshot, people, size, blob) values (?, ?, ?, ?)",
                    (self._snapshot, self._people, len(answer.members), pack(answer.members, self._people)),
                ).lastrowid
            elif self._said_before(answer, population, rounding):
                continue
            self._db.execute(
                "insert into answer (answered_at, snapshot, circle, recipient, population, cell, policy, rounding,"
                " shown, membership) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(now, self._snapshot, self._circle, self._recipient, population, answer.cell, policy),
                    *(rounding, answer.shown, membership),
                ),
            )

    def _refuse_within(
        self,
        refused: set[int],
        between: Overlaps,
        sizes: Counts,
        counted: list[int],
        threshold: int,
        tied: Callable[[int, int], bool],
    ) -> None:
        """Compare the answers of this table with each other; of a pair the later one is refused."""
        for place, i in enumerate(counted):
            if i in refused:
                continue
            others, shared = between.of(place)
            for other in others[subtractable(shared, int(sizes[place]), sizes[others], threshold)]:
                j = counted[other]
                if j < i and j not in refused and not tied(i, j):
                    refused.add(i)
                    break

    def _refuse_combinations(
        self,
        refused: set[int],
        counted: list[int],
        sets: list[Ids],
        known: Bools,
        shared: Counts,
        sizes: Counts,
        between: Overlaps,
        threshold: int,
        tied: Callable[[int, int], bool],
    ) -> None:
        """Look at each new answer together with the earlier ones, and those of this table, that overlap with it most."""
        waiting = [place for place, i in enumerate(counted) if i not in refused and not known[place]]
        if not waiting:
            return
        old_sizes = self._view.sets.sizes[: len(self._view.sets)]
        nearest = {place: self._nearest(shared[place], sizes[place], old_sizes) for place in waiting}
        earlier = sorted({p for positions in nearest.values() for p in positions})
        row = {p: len(sets) + n for n, p in enumerate(earlier)}
        within, weights = atoms([*sets, *(self._view.sets.compact(p) for p in earlier)], self._people)
        for place in waiting:
            i = counted[place]
            pool = [within[row[p]] for p in nearest[place]]
            for other in between.of(place)[0]:
                j = counted[other]
                if j < i and j not in refused and not tied(i, j) and len(pool) < MOST_ANSWERS:
                    pool.append(within[other])
            if pool and reveals_small_group([*pool, within[place]], len(weights), threshold, weights):
                refused.add(i)

    def _nearest(self, shared: Counts, size: int, old_sizes: Counts) -> list[int]:
        """Return the earlier sets that overlap most with this one, then the latest of those that do not."""
        likeness = shared / np.maximum(size + old_sizes - shared, 1)
        latest = np.arange(len(old_sizes))
        order = np.lexsort((-latest, -likeness))
        best = order[old_sizes[order] < self._people][:MOST_ANSWERS]  # everybody is always taken into account
        return [int(p) for p in best]

    def _known(self, shared: Counts, sizes: Counts, old_sizes: Counts, rounding: int) -> Bools:
        """Whether each set was already answered at least as exactly, so that saying it again tells nothing new."""
        earlier = np.array(self._view.rounding, dtype=np.int64)
        as_exact = (earlier <= 1) | (earlier == rounding)
        same = (shared == sizes[:, None]) & (old_sizes == sizes[:, None]) & as_exact
        return np.asarray(same.any(axis=1))

    def _moved_too_little(self, answer: Answer, population: str, threshold: int, rounding: int) -> bool:
        """Whether this figure differs from the one last shown on another snapshot by 1 to ``threshold``.

        Person numbers are not stable between snapshots, so only the same question can be compared. Rounded
        figures leave the difference uncertain by more than the threshold and are let through.
        """
        if rounding > 1:
            return False
        row = self._db.execute(
            "select shown, rounding from answer where circle in (?, 'public') and population = ? and cell = ?"
            " and snapshot <> ? order by id desc limit 1",
            (self._circle, population, answer.cell, self._snapshot),
        ).fetchone()
        return row is not None and row[1] <= 1 and 0 < abs(int(row[0]) - answer.shown) <= threshold

    def _said_before(self, answer: Answer, population: str, rounding: int) -> bool:
        row = self._db.execute(
            "select 1 from answer where circle = ? and population = ? and cell = ? and snapshot = ?"
            " and shown = ? and rounding = ? limit 1",
            (self._circle, population, answer.cell, self._snapshot, answer.shown, rounding),
        ).fetchone()
        return row is not None
