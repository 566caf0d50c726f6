"""Sets of people, kept compactly, and how many people each earlier set shares with a new one."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
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

_MOST_LOOKED_UP = 20_000_000  # people looked up one by one; beyond that a sparse product is quicker


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
        if len(sets) < 2:
            rows = [self.shared_with(ids) for ids in sets]
            return np.array(rows, dtype=np.int64).reshape(len(sets), self.count)
        return self.shared_with_arranged(Arranged(sets, self.people))

    def shared_with_arranged(self, new: Arranged) -> NDArray[np.int64]:
        """`shared_with_many`, of sets that have been arranged."""
        shared = np.zeros((new.count, self.count), dtype=np.int64)
        if self._dense_at:
            earlier = self._dense[: self._dense_count]
            shared[np.ix_(new.dense_at, self._dense_at)] = _both(new.bits, earlier)
            shared[np.ix_(new.sparse_at, self._dense_at)] = _inside(earlier, new.joined, new.starts).T
        if self._sparse:
            joined, starts = self._all_sparse()
            shared[np.ix_(new.dense_at, self._sparse_at)] = _inside(new.bits, joined, starts)
            shared[np.ix_(new.sparse_at, self._sparse_at)] = _of_lists(new.lists, self._sparse, self.people)
        return shared

    def _all_sparse(self) -> tuple[Ids, NDArray[np.int64]]:
        if self._joined is None:
            self._joined = _joined(self._sparse)
        return self._joined

    def _bits(self, ids: Ids) -> NDArray[np.uint64]:
        return _as_bits(ids, self._words)


class Arranged:
    """Sets of one release: large ones as bits, small ones as lists."""

    def __init__(self, sets: Sequence[Ids], people: int) -> None:
        self.count, self.people = len(sets), people
        large = [len(ids) > people * _DENSE_FROM for ids in sets]
        words = -(-people // 64)
        self.dense_at = [k for k, is_large in enumerate(large) if is_large]
        self.sparse_at = [k for k, is_large in enumerate(large) if not is_large]
        self.bits = np.zeros((len(self.dense_at), words), dtype=np.uint64)
        for row, k in enumerate(self.dense_at):
            self.bits[row] = _as_bits(sets[k], words)
        self.lists = [sets[k] for k in self.sparse_at]
        self.joined, self.starts = _joined(self.lists)


@dataclass(frozen=True)
class Overlaps:
    """How many people each pair of sets shares: of set ``k``, ``others[starts[k]:starts[k + 1]]`` and ``shared`` of the same places."""

    starts: NDArray[np.int64]
    others: NDArray[np.int64]
    shared: NDArray[np.int64]

    def of(self, k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The sets that share people with set ``k``, and how many."""
        span = slice(int(self.starts[k]), int(self.starts[k + 1]))
        return self.others[span], self.shared[span]


def shared_between(sets: Sequence[Ids], people: int) -> Overlaps:
    """Return how many people each pair of these sets shares; pairs that share none are left out.

    >>> found = shared_between([np.array([1, 2]), np.array([2, 3]), np.array([4])], 10)
    >>> [others.tolist() for others, _ in map(found.of, range(3))]
    [[0, 1], [0, 1], [2]]
    """
    return overlaps(Arranged(sets, people))


def overlaps(given: Arranged) -> Overlaps:
    """`shared_between`, of sets that have been arranged."""
    between = _inside(given.bits, given.joined, given.starts)
    table = np.zeros((given.count, given.count), dtype=np.int32)
    table[np.ix_(given.dense_at, given.dense_at)] = _both(given.bits, given.bits)
    table[np.ix_(given.dense_at, given.sparse_at)] = between
    table[np.ix_(given.sparse_at, given.dense_at)] = between.T
    table[np.ix_(given.sparse_at, given.sparse_at)] = _of_lists(given.lists, given.lists, given.people)
    which, others = np.nonzero(table)
    starts = np.searchsorted(which, np.arange(given.count + 1))
    return Overlaps(starts, others, table[which, others].astype(np.int64))


def _as_bits(ids: Ids, words: int) -> NDArray[np.uint64]:
    mask = np.zeros(words * 64, dtype=bool)
    mask[ids] = True
    return np.packbits(mask, bitorder="little").view(np.uint64)


def _joined(lists: Sequence[Ids]) -> tuple[Ids, NDArray[np.int64]]:
    """Return lists end to end, and where each begins (and the last ends)."""
    starts = np.concatenate([[0], np.cumsum([len(s) for s in lists], dtype=np.int64)]).astype(np.int64)
    return np.concatenate([*lists, np.empty(0, dtype=np.int32)]).astype(np.int32, copy=False), starts


def _both(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return how many people each of these sets of bits shares with each of those."""
    shared = np.zeros((len(left), len(right)), dtype=np.int64)
    for row, word in enumerate(left):
        for column, other in enumerate(right):
            shared[row, column] = int(np.bitwise_count(word & other).sum(dtype=np.int64))
    return shared


def _inside(bits: NDArray[np.uint64], joined: Ids, starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, for each set of bits and each list, how many of the list are in the set."""
    shared = np.zeros((len(bits), len(starts) - 1), dtype=np.int64)
    if not len(joined):
        return shared
    few = len(joined) * 32 < bits.shape[1] * 64  # few people: look each one up
    place, bit = joined >> 3, np.uint8(1) << (joined & 7).astype(np.uint8)
    for row, word in enumerate(bits):
        byte = word.view(np.uint8)
        if few:
            inside = (byte[place] & bit) > 0
        else:
            inside = np.unpackbits(byte, bitorder="little").view(np.bool_)[joined]
        shared[row] = _counts(inside, starts)
    return shared


def _counts(inside: NDArray[np.bool_], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many are true between one start and the next."""
    if len(starts) > 500:
        running = np.concatenate([[0], np.cumsum(inside, dtype=np.int64)])
        return np.asarray(running[starts[1:]] - running[starts[:-1]])
    return np.array([np.count_nonzero(inside[a:b]) for a, b in pairwise(starts.tolist())], dtype=np.int64)


def _of_lists(left: Sequence[Ids], right: Sequence[Ids], people: int) -> NDArray[np.int64]:
    """Return how many people each of these lists shares with each of those."""
    if not left or not right:
        return np.zeros((len(left), len(right)), dtype=np.int64)
    if len(left) > len(right):
        return _of_lists(right, left, people).T
    joined, starts = _joined(right)
    if len(left) * len(joined) > _MOST_LOOKED_UP:
        product = _incidence(left, people) @ _incidence(right, people).T
        return np.asarray(product.toarray(), dtype=np.int64)
    shared = np.zeros((len(left), len(right)), dtype=np.int64)
    for row, ids in enumerate(left):
        mask = np.zeros(people, dtype=bool)
        mask[ids] = True
        shared[row] = _counts(mask[joined], starts)
    return shared


def _incidence(sets: Sequence[Ids], people: int) -> csr_array:
    from scipy.sparse import csr_array

    joined, starts = _joined(sets)
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
