"""Who is linked, who is not, and who is laid before a person."""

from __future__ import annotations

import pyarrow as pa
import pytest
from tests.intake.linkage.conftest import (
    PSEUDONYMS,
    RECORDS,
    REGISTERED,
    Street,
    records_table,
    registered_table,
)

from goldenthread.intake.linkage import LINK, NO_LINK, REVIEW, LinkageSettings, link

SURE = [name for name, (owner, _) in RECORDS.items() if owner]
NOBODY = [name for name, (owner, _) in RECORDS.items() if owner is None]


@pytest.mark.parametrize("scenario", SURE)
def test_people_who_are_registered_are_linked(street: Street, scenario: str) -> None:
    assert (street.band(scenario), street.linked(scenario)) == (LINK, RECORDS[scenario][0])
    assert street.probability(scenario) >= 0.99


@pytest.mark.parametrize("scenario", NOBODY)
def test_nobody_else_is(street: Street, scenario: str) -> None:
    assert street.band(scenario) != LINK


@pytest.mark.parametrize(
    ("scenario", "band"),
    [
        ("a twin who is not registered", REVIEW),
        ("George without a birth date", REVIEW),
        ("two people fit equally", REVIEW),
        ("a stranger's whole family, same address", NO_LINK),
        ("a stranger", NO_LINK),
        ("nothing but a family name", NO_LINK),
        ("nothing at all", NO_LINK),
    ],
)
def test_doubt_is_laid_before_a_person(street: Street, scenario: str, band: str) -> None:
    assert street.band(scenario) == band


def test_two_who_fit_equally_share_the_probability(street: Street) -> None:
    assert street.probability("two people fit equally") <= 0.5
    assert street.explanation("two people fit equally").rivals == pytest.approx(
        street.probability("two people fit equally"), abs=1e-6
    )


def test_no_link_names_nobody(street: Street) -> None:
    for scenario in RECORDS:
        assert (street.linked(scenario) is None) == (street.band(scenario) == NO_LINK)


def test_links_keep_the_order_and_count_of_records(street: Street) -> None:
    assert street.result.links["record_id"].to_pylist() == list(range(100, 100 + len(RECORDS)))
    assert street.result.links.schema.field("pseudonym").type == pa.binary(16)
    assert street.result.links.column_names == ["record_id", "pseudonym", "probability", "band"]


def test_the_answer_does_not_depend_on_the_order_of_rows_or_threads(street: Street) -> None:
    records = records_table([record for _, record in RECORDS.values()])
    turned, people_turned = (
        list(reversed(range(size))) for size in (records.num_rows, registered_table().num_rows)
    )
    people = registered_table()
    again = link(people.take(people_turned), records.take(turned), LinkageSettings(threads=1))
    assert again.links.sort_by("record_id").equals(street.result.links)


def test_records_that_repeat_get_one_answer_and_cost_nothing() -> None:
    once = RECORDS["short form of the name, no UPRN"][1]
    result = link(registered_table(), records_table([once] * 500))
    assert set(result.links["pseudonym"].to_pylist()) == {PSEUDONYMS["margaret"]}
    assert result.links.num_rows == 500


def test_a_former_name_and_address_are_another_row_of_the_same_person() -> None:
    former = {"given_name": ["Ruth"], "family_name": ["Harewood"], "birth_date": ["2009-06-30"], "sex": ["2"],
              "postcode": ["S10 9ZX"], "address_line_1": ["70 Old Street"], "uprn": [None],
              "pseudonym": [PSEUDONYMS["ruth"]]}  # fmt: skip
    both = pa.concat_tables(
        [
            registered_table(),
            pa.table(former)
            .cast(pa.schema([registered_table().schema.field(n) for n in former]))
            .select(registered_table().column_names),
        ]
    )
    asked = records_table(
        [("Ruth", "Harewood", "2009-06-30", "2", "S10 9ZX", None, None), RECORDS["one twin"][1]]
    )
    result = link(both, asked)
    assert result.links["pseudonym"].to_pylist() == [PSEUDONYMS["ruth"], PSEUDONYMS["ella"]]


def test_registered_rows_that_repeat_do_not_compete() -> None:
    people = registered_table()
    result = link(pa.concat_tables([people, people, people]), records_table([REGISTERED["piotr"]]))
    assert result.links["band"].to_pylist() == [LINK]
    assert result.links["probability"].to_pylist()[0] > 0.999


def test_thresholds_come_from_the_settings(street: Street) -> None:
    """What the shipped thresholds link, stricter ones lay before a person, and the other way round."""
    asked = records_table([RECORDS["two people fit equally"][1]])
    assert street.band("two people fit equally") == REVIEW
    assert link(registered_table(), asked, LinkageSettings(link=0.4, review=0.4)).links[
        "band"
    ].to_pylist() == [LINK]


def test_both_who_fit_equally_are_shown_for_review(street: Street) -> None:
    rows = [row for row in street.result.review.to_pylist() if row["record_family_name"] == "Kirk"]
    assert {row["pseudonym"] for row in rows} == {PSEUDONYMS["jordan_a"], PSEUDONYMS["jordan_b"]}
    assert [row["place"] for row in rows] == [1, 2]


def test_the_answer_does_not_depend_on_the_parts_in_which_pairs_are_scored(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goldenthread.intake.linkage.scoring.IDENTITIES_AT_ONCE", 4)
    again = link(registered_table(), records_table([row for _, row in RECORDS.values()]))
    assert again.links.equals(street.result.links)
    assert again.review.equals(street.result.review)
