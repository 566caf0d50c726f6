"""Atoms of sets of people, beside the plain way: everybody's own row of yes and no."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from goldenthread.disclosure.atoms import atoms

PEOPLE = 500


@pytest.mark.parametrize("many", [1, 8, 9, 16, 17, 33, 63, 64, 65, 130])
@pytest.mark.parametrize("share", [0.005, 0.1, 0.6])
def test_atoms_are_people_whom_no_set_tells_apart(many: int, share: float) -> None:
    rng = np.random.default_rng([many, int(1000 * share)])
    masks = [rng.random(PEOPLE) < share for _ in range(many)]
    given = [m if rng.random() < 0.5 else np.flatnonzero(m).astype(np.int32) for m in masks]
    within, sizes = atoms(given, PEOPLE)
    plain = Counter(tuple(row) for row in np.array(masks).T.tolist())
    assert {tuple(a): int(n) for a, n in zip(within.T.tolist(), sizes, strict=True)} == plain


def test_of_no_sets_there_is_one_atom() -> None:
    within, sizes = atoms([], PEOPLE)
    assert within.shape == (0, 1)
    assert sizes.tolist() == [PEOPLE]
