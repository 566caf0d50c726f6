"""Sets of people, kept compactly, and how many people each earlier set shares with a new one."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goldenthread.disclosure.errors import DisclosureError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Ids = NDArray[np.int32]
_DENSE_FROM = (
    1 / 32
)  # above this share of the population one bit a person is smaller than four bytes a member


def member_ids(members: ArrayLike, people: int) -> Ids:
    """Return sorted, distinct person numbers; a boolean array over all people is accepted too.

    >>> member_ids([5, 2, 5], 10).tolist(), member_ids(np.array([True, False, True]), 3).tolist()
    ([2, 5], [0, 2])
    """
    given = np.asarray(members)
    if given.dtype == np.bool_:
        if len(given) != people:
            raise DisclosureError(
                f"A membership mask has {len(given)} places but the snapshot has {people} people.",
                "Give one place for each person of the snapshot.",
            )
        return np.flatnonzero(given).astype(np.int32)
    if given.size == 0:
        return np.empty(0, dtype=np.int32)
    if given.dtype.kind not in "iu":
        raise DisclosureError(
            f"Members must be whole person numbers, not {given.dtype}.", "Pass pids as an integer array."
        )
    if int(given.min()) < 0 or int(given.max()) >= people:
        raise DisclosureError(
            f"A member number is outside 0 to {people - 1}.",
            "Pass pids of the snapshot the ledger is bound to.",
        )
    if given.size > 1 and not bool((given[1:] > given[:-1]).all()):
        given = np.unique(given)
    return given.astype(np.int32)


class Memberships:
    """The sets of people behind earlier answers, in the order they were added.

    >>> sets = Memberships(1_000)
    >>> sets.add(np.arange(0, 500, dtype=np.int32)); sets.add(np.array([3, 700], dtype=np.int32))
    >>> sets.shared_with(np.array([3, 4, 700], dtype=np.int32)).tolist()
    [2, 2]
    """

    def __init__(self, people: int) -> None:
        self.people = people
        self.sizes = np.zeros(64, dtype=np.int64)
        self.count = 0
        self._words = -(-people // 64)
        self._dense = np.zeros((0, self._words), dtype=np.uint64)
        self._dense_count = 0
        self._dense_at: list[int] = []
        self._place: list[int] = []
        self._sparse: list[Ids] = []
        self._sparse_at: list[int] = []
        self._joined: tuple[Ids, NDArray[np.int64]] | None = None

    def __len__(self) -> int:
        return self.count

    def add(self, ids: Ids) -> None:
        """Add one set."""
        if self.count == len(self.sizes):
            self.sizes = np.concatenate([self.sizes, np.zeros_like(self.sizes)])
        self.sizes[self.count] = len(ids)
        if len(ids) > self.people * _DENSE_FROM:
            if self._dense_count == len(self._dense):
                bigger = np.zeros((max(8, 2 * len(self._dense)), self._words), dtype=np.uint64)
                bigger[: self._dense_count] = self._dense[: self._dense_count]
                self._dense = bigger
            self._dense[self._dense_count] = self._bits(ids)
            self._place.append(self._dense_count)
            self._dense_count += 1
            self._dense_at.append(self.count)
        else:
            self._place.append(-1 - len(self._sparse))
            self._sparse.append(ids)
            self._sparse_at.append(self.count)
            self._joined = None
        self.count += 1

    def ids(self, position: int) -> Ids:
        """Return one set as sorted person numbers."""
        place = self._place[position]
        if place < 0:
            return self._sparse[-1 - place]
        return np.flatnonzero(self.mask(position)).astype(np.int32)

    def mask(self, position: int) -> NDArray[np.bool_]:
        """Return one set as a boolean for each person."""
        place = self._place[position]
        if place < 0:
            mask = np.zeros(self.people, dtype=bool)
            mask[self._sparse[-1 - place]] = True
            return mask
        words = self._dense[place].view(np.uint8)
        return np.unpackbits(words, bitorder="little", count=self.people).view(np.bool_)

    def compact(self, position: int) -> Ids | NDArray[np.bool_]:
        """Return one set in the form nearest to how it is kept: person numbers, or a boolean for each person."""
        place = self._place[position]
        return self._sparse[-1 - place] if place < 0 else self.mask(position)

    def shared_with(self, ids: Ids) -> NDArray[np.int64]:
        """Return, for every set, how many people it shares with ``ids``."""
        shared = np.zeros(self.count, dtype=np.int64)
        if self._dense_count:
            rows = self._dense[: self._dense_count]
            if len(ids) * 128 < self.people:  # few people: look each one up
                bit = (rows[:, ids >> 6] >> (ids & 63).astype(np.uint64)) & np.uint64(1)
                found = bit.sum(axis=1, dtype=np.int64)
            else:
                word = self._bits(ids)
                found = np.array([int(np.bitwise_count(row & word).sum()) for row in rows], dtype=np.int64)
            shared[self._dense_at] = found
        if self._sparse:
            joined, starts = self._all_sparse()
            inside = np.zeros(self.people, dtype=bool)
            inside[ids] = True
            running = np.concatenate([[0], np.cumsum(inside[joined], dtype=np.int64)])
            shared[self._sparse_at] = running[starts[1:]] - running[starts[:-1]]
        return shared

    def shared_with_many(self, sets: Sequence[Ids]) -> NDArray[np.int64]:
        """Return `shared_with` for each of many sets: (new sets, earlier sets)."""
        if len(sets) < 16:
            rows = [self.shared_with(ids) for ids in sets]
            return np.array(rows, dtype=np.int64).reshape(len(sets), self.count)
        shared = np.zeros((len(sets), self.count), dtype=np.int64)
        filled = [k for k, s in enumerate(sets) if len(s)]
        if self._dense_at and filled:
            joined = np.concatenate([sets[k] for k in filled])
            starts = np.cumsum([0, *(len(sets[k]) for k in filled[:-1])])
            for position in self._dense_at:
                inside = self.mask(position).view(np.uint8)[joined]
                shared[filled, position] = np.add.reduceat(inside, starts, dtype=np.int64)
        if self._sparse:
            product = _incidence(sets, self.people) @ _incidence(self._sparse, self.people).T
            shared[:, self._sparse_at] = product.toarray()
        return shared

    def _all_sparse(self) -> tuple[Ids, NDArray[np.int64]]:
        if self._joined is None:
            starts = np.concatenate([[0], np.cumsum([len(s) for s in self._sparse], dtype=np.int64)])
            self._joined = (np.concatenate(self._sparse), starts)
        return self._joined

    def _bits(self, ids: Ids) -> NDArray[np.uint64]:
        mask = np.zeros(self._words * 64, dtype=bool)
        mask[ids] = True
        return np.packbits(mask, bitorder="little").view(np.uint64)


def shared_between(sets: Sequence[Ids], people: int) -> csr_array:
    """Return the sparse matrix of how many people each pair of these sets shares."""
    matrix = _incidence(sets, people)
    from scipy.sparse import csr_array

    return csr_array(matrix @ matrix.T)


def _incidence(sets: Sequence[Ids], people: int) -> csr_array:
    starts = np.concatenate([[0], np.cumsum([len(s) for s in sets], dtype=np.int64)])
    joined = np.concatenate(sets) if len(sets) else np.empty(0, dtype=np.int32)
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(joined), dtype=np.int64), joined, starts), shape=(len(sets), people))


def pack(ids: Ids, people: int) -> bytes:
    """Return a set as compressed bytes: bits when large, gaps between person numbers when small.

    >>> unpack(pack(np.array([3, 9, 70], dtype=np.int32), 100), 100).tolist()
    [3, 9, 70]
    """
    if len(ids) > people * _DENSE_FROM:
        mask = np.zeros(people, dtype=bool)
        mask[ids] = True
        return b"B" + zlib.compress(np.packbits(mask).tobytes(), 1)
    return b"G" + zlib.compress(np.diff(ids, prepend=np.int32(0)).astype("<i4").tobytes(), 1)


def unpack(blob: bytes, people: int) -> Ids:
    """Return the set that `pack` stored."""
    raw = zlib.decompress(blob[1:])
    if blob[:1] == b"B":
        bits = np.unpackbits(np.frombuffer(raw, dtype=np.uint8), count=people)
        return np.flatnonzero(bits).astype(np.int32)
    return np.cumsum(np.frombuffer(raw, dtype="<i4"), dtype=np.int64).astype(np.int32)
