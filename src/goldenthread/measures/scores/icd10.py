"""Diagnosis rows to the groups that each person has: every distinct code is looked at once, however many rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goldenthread.measures.scores.method import ScoreError, Truths


def groups_of_people(
    person_index: NDArray[Any], codes: Any, people: int, prefixes: Mapping[str, Sequence[str]]
) -> Truths:
    """Which groups each person has: a matrix of people by the groups of ``prefixes``.

    ``person_index`` is the position of each row's person, ``codes`` its ICD-10 code (with or without the point,
    in any case; an array, a pandas Series or Categorical). A code belongs to a group when it begins with one of its
    prefixes. A missing code belongs to none. Uses people x groups bytes.

    >>> groups_of_people(np.array([0, 0, 2]), ["I21.4", "E119", None], 3, {"heart": ["I21"], "sugar": ["E11"]})
    array([[ True,  True],
           [False, False],
           [False, False]])
    """
    index = _checked(person_index, people)
    place, distinct = _distinct(codes)
    if len(place) != len(index):
        raise ScoreError(
            f"There are {len(index)} persons but {len(place)} codes.", "Give one of each per diagnosis."
        )
    found = np.zeros((people, len(prefixes)), dtype=bool)
    flat = found.reshape(-1)
    for of_code in _group_columns(distinct, prefixes):
        group = of_code[place]
        rows = np.flatnonzero(group >= 0)
        flat[index[rows] * len(prefixes) + group[rows]] = True
    return found


def _checked(person_index: NDArray[Any], people: int) -> NDArray[np.int64]:
    if people < 0:
        raise ScoreError(f"There cannot be {people} people.", "Give how many people the positions point at.")
    if person_index.size == 0:
        return np.zeros(0, dtype=np.int64)
    if person_index.ndim != 1 or not np.issubdtype(person_index.dtype, np.integer):
        raise ScoreError(
            "The positions of persons are not whole numbers.", "Give 0 for the first person, and so on."
        )
    least, most = int(person_index.min()), int(person_index.max())
    if least < 0 or most >= people:
        raise ScoreError(
            f"A diagnosis belongs to person {most if most >= people else least}, but there are {people} people.",
            "Positions run from 0 to one less than the number of people.",
        )
    return person_index.astype(np.int64)


def _distinct(codes: Any) -> tuple[NDArray[np.intp], list[str]]:
    """The place of each row's code among the distinct ones (the last place is that of no code), written one way."""
    import pandas as pd

    if isinstance(codes, pd.Series):
        codes = codes.array
    if isinstance(codes, pd.Categorical):
        place, levels = np.asarray(codes.codes, dtype=np.intp), np.asarray(codes.categories)
    else:
        array: Any = np.ma.asarray(codes)
        values = np.array(array.data, dtype=object)
        values[np.ma.getmaskarray(array)] = None
        place, levels = pd.factorize(values)
    # factorize and Categorical give -1 to what is missing, which is the last place of the list
    return place, [*(str(c).replace(".", "").strip().upper() for c in levels), ""]


def _group_columns(distinct: Sequence[str], prefixes: Mapping[str, Sequence[str]]) -> list[NDArray[np.int64]]:
    """For each distinct code its first group, its second group and so on; -1 for none."""
    by_prefix: dict[str, list[int]] = {}
    for group, some in enumerate(prefixes.values()):
        for prefix in some:
            by_prefix.setdefault(prefix, []).append(group)
    lengths = sorted({len(p) for p in by_prefix})
    groups = [
        sorted({g for length in lengths if length <= len(code) for g in by_prefix.get(code[:length], ())})
        for code in distinct
    ]
    depth = max((len(g) for g in groups), default=0)
    return [
        np.array([g[level] if level < len(g) else -1 for g in groups], dtype=np.int64)
        for level in range(depth)
    ]
