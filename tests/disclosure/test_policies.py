"""The published rules, count by count."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenthread.disclosure import (
    DisclosureError,
    hidden_text,
    named_policy,
    policies_from_toml,
    policy_names,
    release,
)
from goldenthread.disclosure.suppression import round_to_base

VECTORS = list(csv.DictReader((Path(__file__).parent / "vectors" / "hes_ecds_counts.csv").open()))


def one(count: object, policy: str = "hes", **options: object) -> str:
    """Release a table of one count and read the cell back as a person would."""
    table = release(pd.DataFrame({"people": [count]}), policy=policy, counts=["people"], **options)  # type: ignore[arg-type]
    return str(table.display().loc[0, "people"]).replace(",", "")


@pytest.mark.parametrize("row", VECTORS, ids=[row["count"] for row in VECTORS])
def test_hes_rule(row: dict[str, str]) -> None:
    assert one(int(row["count"])) == row["sub_national"]
    assert one(int(row["count"]), "hes_national", coverage="England") == row["national"]


@pytest.mark.parametrize(
    ("policy", "count", "shown"),
    [
        ("icb", 0, "0"), ("icb", 1, "*"), ("icb", 4, "*"), ("icb", 5, "5"), ("icb", 1234, "1234"),
        ("opensafely", 0, "*"), ("opensafely", 7, "*"), ("opensafely", 8, "10"), ("opensafely", 12, "10"),
    ],
)  # fmt: skip
def test_other_policies(policy: str, count: int, shown: str) -> None:
    assert one(count, policy) == shown


def test_direct_care_hides_nothing_but_must_say_why() -> None:
    assert one(3, "direct_care", purpose="Falls clinic list for the patients' own practice") == "3"
    with pytest.raises(DisclosureError, match="purpose must be stated"):
        one(3, "direct_care")
    with pytest.raises(DisclosureError, match="purpose must be stated"):
        one(3, "direct_care", purpose="  ")


def test_national_figures_need_england() -> None:
    with pytest.raises(DisclosureError, match="only when they cover England"):
        one(3, "hes_national", coverage="Lincolnshire")


def test_unknown_policy_suggests_the_nearest() -> None:
    with pytest.raises(DisclosureError, match="Did you mean 'opensafely'"):
        one(3, "opensafly")


def test_a_weakened_policy_may_not_borrow_a_name() -> None:
    weaker = replace(named_policy("hes"), threshold=2)
    with pytest.raises(DisclosureError, match="differs from the published policy"):
        named_policy(weaker)
    assert named_policy(replace(weaker, name="local")).threshold == 2


def test_policy_files_are_complete_and_odd() -> None:
    assert set(policy_names()) == {"hes", "hes_national", "icb", "opensafely", "direct_care"}
    assert all(named_policy(name).source for name in policy_names())
    with pytest.raises(DisclosureError, match="missing or unknown fields"):
        policies_from_toml("[mine]\nthreshold = 3\n")
    with pytest.raises(DisclosureError, match="half-way"):
        replace(named_policy("hes"), name="ten", rounding=10)


def test_text_for_people_tells_the_rule_and_not_the_figure() -> None:
    assert hidden_text("hes") == "Hidden to protect people: fewer than 8"
    assert hidden_text("icb") == "Hidden to protect people: fewer than 5"


@given(st.lists(st.integers(0, 10**9), max_size=50), st.sampled_from([1, 3, 5, 7]))
def test_rounding_is_to_the_nearest_and_stable(counts: list[int], base: int) -> None:
    given_counts = np.array(counts, dtype=np.int64)
    rounded = round_to_base(given_counts, base)
    assert (rounded % base == 0).all()
    assert (np.abs(rounded - given_counts) <= base // 2).all()
    assert (round_to_base(rounded, base) == rounded).all()
    assert (np.diff(rounded[np.argsort(given_counts)]) >= 0).all()
