"""What a purpose says, and who may be asked about under it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from goldenthread.governance import (
    Coverage,
    GovernanceError,
    coverage,
    eligible,
    named_purpose,
    purpose_names,
    purposes_from_toml,
    registered_on,
)
from goldenthread.lake import Snapshot
from tests.measures.tiny import build

DAY = date(2026, 10, 31)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Nine people, of whom some have opted out, and two are not registered."""
    return build(
        tmp_path_factory.mktemp("opt_out"),
        person="""
            | pid | death_date |
            | 0   |  |
            | 1   |  |
            | 2   |  |
            | 3   |  |
            | 4   |  |
            | 5   |  |
            | 6   |  |
            | 7   |  |
            | 8   | 2026-01-01 |
        """,
        registration="""
            | pid | practice | start_date | end_date |
            | 0   | Z00001   | 2000-01-01 |  |
            | 1   | Z00001   | 2000-01-01 |  |
            | 2   | Z00001   | 2000-01-01 |  |
            | 3   | Z00001   | 2000-01-01 |  |
            | 4   | Z00002   | 2000-01-01 |  |
            | 5   | Z00002   | 2000-01-01 |  |
            | 6   | Z00001   | 2000-01-01 | 2020-01-01 |
            | 8   | Z00001   | 2000-01-01 |  |
        """,
        opt_out="""
            | pid | date       | status |
            | 1   | 2020-05-01 | dissent |
            | 2   | 2020-05-01 | dissent |
            | 2   | 2021-05-01 | withdrawn |
            | 3   | 2020-05-01 | withdrawn |
            | 3   | 2020-05-01 | dissent |
            | 4   | 2020-05-01 | dissent |
            | 4   | 2021-05-01 | withdrawn |
            | 4   | 2022-05-01 | dissent |
        """,
    )


def test_a_dissent_takes_a_person_out_and_its_withdrawal_brings_them_back(snapshot: Snapshot) -> None:
    """1 dissented. 2 withdrew it. 3 has both on one day, and dissent wins. 4 dissented again."""
    assert eligible("planning", snapshot).to_pylist() == [0, 2, 5, 6, 7, 8]


def test_direct_care_asks_about_everybody(snapshot: Snapshot) -> None:
    assert eligible("direct_care", snapshot).to_pylist() == list(range(9))


def test_decisions_after_the_day_asked_about_can_be_left_out(snapshot: Snapshot) -> None:
    assert eligible("planning", snapshot, date(2019, 1, 1)).to_pylist() == list(range(9))
    assert eligible("planning", snapshot, date(2020, 12, 31)).to_pylist() == [0, 5, 6, 7, 8]
    assert eligible("planning", snapshot, date(2021, 12, 31)).to_pylist() == [0, 2, 4, 5, 6, 7, 8]


def test_a_practice_that_withdraws_takes_its_patients_out(snapshot: Snapshot) -> None:
    assert eligible("planning", snapshot, DAY, without_practices=["Z00002"]).to_pylist() == [0, 2, 6, 7, 8]
    assert eligible("direct_care", snapshot, without_practices=["Z00002"]).to_pylist() == [
        0,
        1,
        2,
        3,
        6,
        7,
        8,
    ]


def test_registered_means_on_the_list_and_alive(snapshot: Snapshot) -> None:
    assert registered_on(snapshot, DAY).to_pylist() == [0, 1, 2, 3, 4, 5]
    assert registered_on(snapshot, date(2019, 6, 1)).to_pylist() == [0, 1, 2, 3, 4, 5, 6, 8]


def test_coverage_is_of_those_registered(snapshot: Snapshot) -> None:
    found = coverage("planning", snapshot, DAY)
    assert found == Coverage("planning", registered=6, eligible=3)
    assert found.share == 0.5
    assert coverage("direct_care", snapshot, DAY).words == "everybody registered"
    assert Coverage("planning", 0, 0).words == "nobody is registered"
    assert Coverage("planning", 10_000, 9_999).words.startswith("more than 99%")


@pytest.mark.parametrize("name", purpose_names())
def test_every_purpose_says_why_it_is_lawful(name: str) -> None:
    purpose = named_purpose(name)
    assert purpose.article_6.startswith("6(1)")
    assert purpose.article_9.startswith("9(2)")
    assert purpose.common_law
    assert purpose.type_1 == (name != "direct_care")
    assert purpose.national_opt_out == (name != "direct_care")


def test_nothing_shipped_shows_small_counts() -> None:
    """Not even direct care: a count for a whole system is not the care of one's own patients."""
    assert {named_purpose(n).disclosure for n in purpose_names()} <= {"icb", "opensafely", "hes"}


def test_a_purpose_with_fewer_safeguards_cannot_borrow_a_name() -> None:
    loose = replace(named_purpose("research"), type_1=False)
    with pytest.raises(GovernanceError, match="not the one of that name"):
        named_purpose(loose)
    assert named_purpose(replace(loose, name="own")).name == "own"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("type_1", "maybe"), "type_1 = 'maybe'"),
        (("tier", "secret"), "unknown tier 'secret'"),
        (("article_6", None), "lacks 'article_6'"),
        (("colour", "blue"), "unknown field 'colour'"),
    ],
)
def test_an_incomplete_purpose_is_refused(change: tuple[str, str | None], says: str) -> None:
    raw = {
        "title": "t", "meaning": "m", "article_6": "6(1)(e)", "article_9": "9(2)(h)", "common_law": "c",
        "tier": "pseudonymised", "type_1": True, "national_opt_out": True, "disclosure": "icb",
    }  # fmt: skip
    key, value = change
    raw = {k: v for k, v in (raw | {key: value}).items() if v is not None}
    text = "[audit]\n" + "\n".join(
        f"{k} = {str(v).lower() if isinstance(v, bool) else repr(v)}" for k, v in raw.items()
    )
    with pytest.raises(GovernanceError) as error:
        purposes_from_toml(text)
    assert says in str(error.value)


def test_an_unknown_purpose_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(GovernanceError, match="Did you mean 'evaluation'"):
        named_purpose("evalution")
