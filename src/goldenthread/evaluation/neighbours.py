"""The pool of candidates, sorted so that the nearest free one is found without looking at the rest."""

from __future__ import annotations

import numpy as np

from goldenthread.evaluation.arrays import Floats, Ints

STEPS = 48
"""Candidates looked at one by one before looking at them in blocks."""


class Pool:
    """Candidates in order of (stratum, score, tie rank), with used ones skipped by linked jumps.

    ``first`` lists the candidates in tie order. ``left`` and ``right`` are union-find links: following them from a place leads to the nearest place at
    or beyond it that is still free, so removing and searching stay near constant time. ``many_rows``: a person
    may hold several rows, and all leave the pool together.
    """

    def __init__(
        self,
        score: Floats,
        stratum: Ints,
        person: Ints,
        rows: Ints,
        first: Ints,
        *,
        windows: tuple[Ints, Ints, Ints] | None,
        many_rows: bool,
        vectors: Floats | None,
        below_first: bool = False,
    ) -> None:
        self.below_first = below_first
        rank = np.empty(len(rows), dtype=np.int64)
        rank[first] = np.arange(len(rows))
        order = first[
            np.argsort(score[rows[first]], kind="stable")
        ]  # two stable sorts beat one on three keys
        if stratum.max(initial=0) > 0:
            order = order[np.argsort(stratum[rows[order]], kind="stable")]
        self.rows = rows[order]
        self.rank = rank[order]
        self.score = score[self.rows]
        self.person = person[self.rows]
        self.all_scores, self.all_strata, self.all_people = score, stratum, person
        self.vectors = vectors
        self.near = None if vectors is None else vectors[self.rows]
        self.entry = None if windows is None else windows[0]
        self.begin = None if windows is None else windows[1][self.rows]
        self.end = None if windows is None else windows[2][self.rows]
        self.free = np.ones(len(self.rows), dtype=np.bool_)
        kinds = int(stratum.max(initial=0)) + 1
        self.starts = np.searchsorted(stratum[self.rows], np.arange(kinds + 1))
        self.right: dict[int, int] = {}
        self.left: dict[int, int] = {}  # place p is held at p + 1; 0 means none
        self._by_person: Ints | None = None
        self._place = np.full(len(score), -1, dtype=np.int64)
        self._place[self.rows] = np.arange(len(self.rows))
        if many_rows:
            self._by_person = np.argsort(self.person, kind="stable")
            self._people = self.person[self._by_person]

    def remove(self, row: int) -> None:
        """Take the person in this row out of the pool, with every other row they have."""
        place = int(self._place[row])
        places = [place]
        if self._by_person is not None:
            who = self.person[place]
            low, high = (np.searchsorted(self._people, who, side=side) for side in ("left", "right"))
            places = self._by_person[low:high].tolist()
        for p in places:
            self.free[p] = False
            self.right[p] = p + 1
            self.left[p + 1] = p

    def nearest(self, row: int, width: float, served: list[int]) -> tuple[int, float] | None:
        """The nearest free, eligible candidate row to a treated row, and its distance; None if nobody."""
        kind = int(self.all_strata[row])
        low, high = int(self.starts[kind]), int(self.starts[kind + 1])
        if low == high:
            return None
        if self.near is not None:
            return self._nearest_vector(row, width, served, low, high)
        value = float(self.all_scores[row])
        if self.below_first:
            return self._below_first(row, value, width, served, low, high)
        middle = low + int(np.searchsorted(self.score[low:high], value, side="left"))
        up = self._upward(middle, high, row, served, value + width)
        gap = np.inf if up is None else float(self.score[up]) - value
        down = self._downward(middle - 1, low, row, served, value - min(width, gap))
        best: int | None = up
        if down is not None:
            down = self._first_of_run(down, low, row, served)
            drop = value - float(self.score[down])
            if drop < gap or (drop == gap and up is not None and self.rank[down] < self.rank[up]):
                best, gap = down, drop
        if best is None or gap > width:
            return None
        return int(self.rows[best]), gap

    def _below_first(
        self, row: int, value: float, width: float, served: list[int], low: int, high: int
    ) -> tuple[int, float] | None:
        top = low + int(np.searchsorted(self.score[low:high], value, side="right"))
        place = self._downward(top - 1, low, row, served, value - width)
        if place is None:
            place = self._upward(top, high, row, served, value + width)
        return None if place is None else (int(self.rows[place]), abs(float(self.score[place]) - value))

    def _allowed(self, place: int, row: int, served: list[int]) -> bool:
        who = int(self.person[place])
        if who == int(self.all_people[row]) or who in served:
            return False
        if self.entry is None or self.begin is None or self.end is None:
            return True
        return bool(self.begin[place] <= self.entry[row] <= self.end[place])

    def _allowed_many(self, low: int, high: int, row: int, served: list[int]) -> Ints:
        ok = self.free[low:high] & (self.person[low:high] != self.all_people[row])
        if served:
            ok &= ~np.isin(self.person[low:high], served)
        if self.entry is not None and self.begin is not None and self.end is not None:
            day = self.entry[row]
            ok &= (self.begin[low:high] <= day) & (day <= self.end[low:high])
        return np.flatnonzero(ok) + low

    def _upward(self, place: int, high: int, row: int, served: list[int], limit: float) -> int | None:
        for _ in range(STEPS):
            place = _follow(self.right, place)
            if place >= high or self.score[place] > limit:
                return None
            if self._allowed(place, row, served):
                return place
            place += 1
        block = 4 * STEPS
        while place < high and self.score[place] <= limit:
            found = self._allowed_many(place, min(place + block, high), row, served)
            if len(found):
                return int(found[0]) if self.score[found[0]] <= limit else None
            place, block = place + block, 2 * block
        return None

    def _downward(self, place: int, low: int, row: int, served: list[int], limit: float) -> int | None:
        for _ in range(STEPS):
            place = _follow(self.left, place + 1) - 1
            if place < low or self.score[place] < limit:
                return None
            if self._allowed(place, row, served):
                return place
            place -= 1
        block = 4 * STEPS
        while place >= low and self.score[place] >= limit:
            found = self._allowed_many(max(place - block + 1, low), place + 1, row, served)
            if len(found):
                return int(found[-1]) if self.score[found[-1]] >= limit else None
            place, block = place - block, 2 * block
        return None

    def _first_of_run(self, place: int, low: int, row: int, served: list[int]) -> int:
        """Among candidates with the very same score, the one first in tie order."""
        if place == low or self.score[place - 1] != self.score[place]:
            return place
        start = low + int(np.searchsorted(self.score[low : place + 1], self.score[place], side="left"))
        first = self._upward(start, place + 1, row, served, float(self.score[place]))
        return place if first is None else first

    def _nearest_vector(
        self, row: int, width: float, served: list[int], low: int, high: int
    ) -> tuple[int, float] | None:
        if np.isfinite(width):
            value = self.all_scores[row]
            inside = self.score[low:high]
            low, high = (
                low + int(np.searchsorted(inside, value - width, side="left")),
                low + int(np.searchsorted(inside, value + width, side="right")),
            )
        places = self._allowed_many(low, high, row, served)
        if not len(places) or self.near is None or self.vectors is None:
            return None
        away = self.near[places] - self.vectors[row]
        distance = np.einsum("ij,ij->i", away, away)
        ties = places[distance == distance.min()]
        best = int(ties[np.argmin(self.rank[ties])])
        return int(self.rows[best]), float(np.sqrt(distance.min()))


def _follow(links: dict[int, int], place: int) -> int:
    """The end of a chain of links, shortening the chain on the way. A place without a link is free."""
    end = place
    while end in links:
        end = links[end]
    while place != end:
        links[place], place = end, links[place]
    return end
