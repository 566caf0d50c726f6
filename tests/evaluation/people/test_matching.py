"""Matching: the fast search against a plain one, and what a match must keep to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenthread.evaluation.errors import EvaluationError
from goldenthread.evaluation.matching import match


def plain_match(score, treated, *, exact, caliper, ratio, replace, entry, begin, end, person):
    """What `match` promises, written the slow way: look at everybody, every time."""
    rows = [i for i in range(len(score)) if treated[i]]
    queue = sorted(rows, key=lambda i: (-score[i], i))
    used, pairs, served = set(), [], {i: set() for i in rows}
    for _ in range(ratio):
        for i in queue:
            best = None
            for j in range(len(score)):
                if treated[j] or exact[i] != exact[j] or person[i] == person[j]:
                    continue
                if person[j] in served[i] or (not replace and person[j] in used):
                    continue
                if not begin[j] <= entry[i] <= end[j]:
                    continue
                gap = abs(score[i] - score[j])
                if gap <= caliper and (best is None or gap < best[0]):
                    best = (gap, j)
            if best is not None:
                pairs.append((i, best[1]))
                used.add(person[best[1]])
                served[i].add(person[best[1]])
    return sorted(pairs)


@st.composite
def pools(draw):
    n = draw(st.integers(2, 60))
    ints = lambda low, high: draw(st.lists(st.integers(low, high), min_size=n, max_size=n))  # noqa: E731
    begin = ints(0, 5)
    return {
        "score": [s / 8 for s in ints(0, 24)],  # eighths: sums and differences are exact, ties are many
        "treated": draw(st.lists(st.booleans(), min_size=n, max_size=n)),
        "exact": ints(0, 1),
        "entry": ints(0, 9),
        "begin": begin,
        "end": [b + w for b, w in zip(begin, ints(0, 9), strict=True)],
        "person": ints(0, n),
    }


@settings(max_examples=300, deadline=None)
@given(pools(), st.sampled_from([0.125, 0.5, 9.0]), st.integers(1, 3), st.booleans())
def test_the_fast_search_finds_what_the_plain_one_does(pool, caliper, ratio, replace):
    slow = plain_match(**pool, caliper=caliper, ratio=ratio, replace=replace)
    fast = match(
        pool["score"],
        pool["treated"],
        exact=pool["exact"],
        caliper=caliper,
        ratio=ratio,
        replace=replace,
        person=pool["person"],
        entry=pool["entry"],
        eligible_from=pool["begin"],
        eligible_to=pool["end"],
    )
    assert sorted(zip(fast.treated.tolist(), fast.control.tolist(), strict=True)) == slow
    assert set(fast.unmatched) == {i for i, t in enumerate(pool["treated"]) if t} - {i for i, _ in slow}


def test_long_stretches_of_ineligible_candidates_are_stepped_over():
    """More ineligible neighbours than are looked at one by one, on both sides."""
    score = np.concatenate([[0.0], np.linspace(-1, 1, 4_001)])
    begin = np.zeros(len(score), dtype=int)
    begin[1:][np.abs(score[1:]) < 0.75] = 100
    found = match(
        score,
        np.arange(len(score)) == 0,
        ratio=2,
        entry=begin * 0 + 5,
        eligible_from=begin,
        eligible_to=begin + 50,
    )
    assert sorted(np.round(score[found.control], 6)) == [-0.75, 0.75]


def test_the_order_of_the_rows_does_not_matter_without_ties():
    rng = np.random.default_rng(4)
    score, treated = rng.normal(size=300), rng.random(300) < 0.3
    shuffle = rng.permutation(300)
    first = match(score, treated, caliper=0.3)
    second = match(score[shuffle], treated[shuffle], caliper=0.3)
    back = set(zip(shuffle[second.treated].tolist(), shuffle[second.control].tolist(), strict=True))
    assert back == set(zip(first.treated.tolist(), first.control.tolist(), strict=True))


def test_ties_are_broken_by_seed_and_repeatably():
    score, treated = np.zeros(101), np.arange(101) == 0
    chosen = {int(match(score, treated, seed=s).control[0]) for s in range(20)}
    assert len(chosen) > 5
    assert match(score, treated, seed=3).control == match(score, treated, seed=3).control
    assert match(score, treated).control.tolist() == [1]


def test_mahalanobis_takes_the_nearest_within_the_caliper():
    rng = np.random.default_rng(9)
    x, treated = rng.normal(size=(200, 3)) @ np.diag([1, 10, 0.1]), np.arange(200) < 20
    score = x[:, 0]
    found = match(score, treated, caliper=0.5, mahalanobis=x, replace=True)
    centred = np.concatenate([x[treated] - x[treated].mean(0), x[~treated] - x[~treated].mean(0)])
    inverse = np.linalg.inv(centred.T @ centred / 198)
    for i, j, d in zip(found.treated, found.control, found.distance, strict=True):
        near = [k for k in range(20, 200) if abs(score[k] - score[i]) <= 0.5]
        away = [float(np.sqrt((x[k] - x[i]) @ inverse @ (x[k] - x[i]))) for k in near]
        assert near[int(np.argmin(away))] == j
        assert d == pytest.approx(min(away))


def test_mahalanobis_does_not_depend_on_units():
    rng = np.random.default_rng(10)
    x, treated = rng.normal(size=(150, 4)), np.arange(150) < 15
    one = match(x[:, 0], treated, mahalanobis=x)
    other = match(x[:, 0], treated, mahalanobis=x * [1000, 0.01, 3, 1] + 7)
    assert one.control.tolist() == other.control.tolist()


def test_weights_add_up():
    rng = np.random.default_rng(2)
    score, treated = rng.normal(size=400), rng.random(400) < 0.2
    found = match(score, treated, ratio=3, caliper=0.2, replace=True)
    weights = found.weights
    controls = np.unique(found.control)
    assert (weights[np.unique(found.treated)] == 1).all()
    assert weights[controls].mean() == pytest.approx(1)
    assert weights[found.unmatched].sum() == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"score": [0.1, np.nan], "treated": [1, 0]}, "not a number"),
        ({"score": [0.1, 0.2, 0.3], "treated": [1, 0]}, "2 values where 3"),
        ({"score": [0.1, 0.2], "treated": [1, 0], "caliper": 0}, "caliper of 0"),
        ({"score": [0.1, 0.2], "treated": [1, 0], "ratio": 0}, "ratio of 0"),
        ({"score": [0.1, 0.2], "treated": [1, 2]}, "other than 0 and 1"),
        ({"score": [0.1, 0.2], "treated": [1, 0], "entry": [1, 1]}, "all three"),
    ],
)
def test_bad_input_is_named(arguments, words):
    with pytest.raises(EvaluationError, match=words):
        match(**arguments)
