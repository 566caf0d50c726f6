"""What people see of linkage: reasons, the review list, match rates."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pyarrow as pa
import pytest
from tests.intake.linkage.conftest import RECORDS, REGISTERED, Street, records_table, registered_table

from goldenthread.intake.linkage import LINK, NO_LINK, REVIEW, LinkageError, link
from goldenthread.intake.linkage.model import COMPARISONS


def test_reasons_say_how_each_thing_agreed(street: Street) -> None:
    said = {
        each.compared: each.agreement
        for each in street.explanation("short form of the name, no UPRN").reasons
    }
    assert said["Given name"] == "a known short or other form"
    assert said["Family name"].startswith("the same")
    assert said["Birth date"] == "the same"
    assert said["Address"].startswith("the same postcode")


@pytest.mark.parametrize(
    ("scenario", "compared", "agreement"),
    [
        ("day and month the other way round", "Birth date", "day and month the other way round"),
        ("names the other way round", "Family name", "given and family name the other way round"),
        ("names the other way round", "Given name", "not compared"),
        ("half of a double-barrelled name", "Family name", "a part of it the same"),
        ("moved to another town", "Address", "elsewhere"),
        ("accents and apostrophe lost", "Family name", "the same"),
        ("mistyped family name and postcode", "Family name", "spelt nearly the same"),
        ("mistyped family name and postcode", "Address", "the same first line, postcode the same or one keystroke away"),
        ("a twin who is not registered", "Given name", "different"),
    ],
)  # fmt: skip
def test_each_error_is_named(street: Street, scenario: str, compared: str, agreement: str) -> None:
    (said,) = (each.agreement for each in street.explanation(scenario).reasons if each.compared == compared)
    assert said.removesuffix(" (a rare one)").removesuffix(" (a common one)") == agreement


def test_weights_add_up_to_the_probability(street: Street) -> None:
    """The start and the reasons are bits: their sum is the odds of this pair alone, before rivals share."""
    for scenario in RECORDS:
        told = street.explanation(scenario)
        if not told.reasons or told.rivals > 1e-4:
            continue
        bits = told.start + sum(each.weight for each in told.reasons)
        assert told.probability == pytest.approx(1 / (1 + 2**-bits), abs=0.01), scenario


def test_an_explanation_holds_no_identifier(street: Street) -> None:
    for scenario, (_, record) in RECORDS.items():
        text = str(street.explanation(scenario))
        assert not any(value in text for value in record if value and len(value) > 2)
    assert "Record 100: link" in str(street.explanation("exactly the same"))


def test_a_record_that_was_not_given(street: Street) -> None:
    with pytest.raises(LinkageError, match="was not given"):
        street.result.explanation(1)


def test_the_report_counts_every_record_by_feed(street: Street) -> None:
    rows = {row["feed"]: row for row in street.result.report.to_pylist()}
    assert set(rows) == {"council", "cld"}
    for row in rows.values():
        assert row["records"] == row["linked"] + row["review"] + row["unlinked"]
        assert row["low"] <= row["rate"] == row["linked"] / row["records"] <= row["high"]
    assert sum(row["records"] for row in rows.values()) == len(RECORDS)


def test_rates_by_any_attribute_keep_those_not_known(street: Street) -> None:
    ids = street.result.links["record_id"].to_pylist()
    attributes = pa.table(
        {
            "record_id": ids[:10],
            "deprivation_quintile": [1, 2] * 5,
            "ethnicity_group": [*["Asian"] * 5, *[None] * 5],
        }
    )
    rates = street.result.rates(attributes, by=["deprivation_quintile", "ethnicity_group"]).to_pylist()
    assert sum(row["records"] for row in rates) == len(RECORDS)
    assert {row["ethnicity_group"] for row in rates} == {"Asian", "not known"}
    assert {row["deprivation_quintile"] for row in rates} == {"1", "2", "not known"}
    with pytest.raises(LinkageError, match="no column 'imd'"):
        street.result.rates(attributes, by="imd")


def test_the_review_list_is_private_and_safe_to_open(tmp_path: Path) -> None:
    twin = list(RECORDS["a twin who is not registered"][1])
    twin[0] = "=HYPERLINK(1)"
    result = link(registered_table(), records_table([tuple(twin)] * 3))
    assert result.links["band"].to_pylist() == [REVIEW] * 3
    path = result.write_review(tmp_path / "quarantine")
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open(encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert row["record_given_name"] == "'=HYPERLINK(1)"
    assert (row["records"], row["registered_family_name"], row["same_person"]) == ("3", "O'Hare", "")


def test_the_result_does_not_show_identifiers(street: Street) -> None:
    assert "Thistlewood" not in repr(street.result)
    assert "'link': 12" in repr(street.result)


def test_bands_are_words_for_people() -> None:
    assert (LINK, REVIEW, NO_LINK) == ("link", "review", "no link")


def test_shipped_figures_are_probabilities() -> None:
    for comparison in COMPARISONS:
        assert math.isclose(sum(level.m for level in comparison.levels), 1, abs_tol=0.002), comparison.name
        assert math.isclose(sum(level.u for level in comparison.levels), 1, abs_tol=0.002), comparison.name
        assert comparison.levels[0].m > comparison.levels[0].u
        assert comparison.levels[-1].m < comparison.levels[-1].u


def test_nobody_is_linked_to_nobody() -> None:
    result = link(registered_table().slice(0, 0), records_table([REGISTERED["ella"]]))
    assert result.report.to_pylist()[0]["unlinked"] == 1
