"""The declarations hold together, and the page about them is theirs."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from goldenthread.model import DUCKDB_TYPES, ModelError, matches_format, table, tables, value_set, value_sets

DOCS = Path(__file__).parents[2] / "docs"


def test_every_table_says_what_it_is_and_where_it_comes_from() -> None:
    assert {
        "person", "registration", "address", "gp_event", "medication", "appointment", "emergency_attendance", "admission",
        "outpatient", "community_contact", "mental_health_contact", "social_care", "urgent_call", "circumstance", "opt_out",
        "practice", "pcn", "place", "lsoa",
    } <= set(tables())  # fmt: skip
    for declared in tables().values():
        assert declared.meaning
        assert declared.source
        assert declared.grain
        for column in declared.columns.values():
            assert column.meaning, f"{declared.name}.{column.name}"
            assert column.type in DUCKDB_TYPES


def test_people_come_first_in_every_order() -> None:
    for declared in tables().values():
        if declared.has_person:
            assert declared.sort[0] == "pid"
            assert declared.columns["pid"].type == "int32"
            assert not declared.columns["pid"].nullable
        if declared.code:
            assert declared.sort_by_code[:2] == (declared.code, "pid")


def test_snomed_codes_are_whole_numbers_never_floats() -> None:
    for declared in tables().values():
        for column in declared.columns.values():
            if column.format == "snomed":
                assert column.type == "int64", f"{declared.name}.{column.name}"


def test_no_table_has_room_for_an_identifier() -> None:
    forbidden = {
        "nhs_number",
        "name",
        "family_name",
        "given_name",
        "birth_date",
        "postcode",
        "address_line_1",
        "uprn",
        "telephone",
    }
    for declared in tables().values():
        if declared.has_person:
            assert not forbidden & set(declared.columns), declared.name


def test_value_sets_keep_not_stated_apart_from_not_known() -> None:
    ethnicity = value_set("ethnicity_2001")
    assert {"Z", "99"} <= set(ethnicity.codes)
    assert not {"I", "O", "Q"} & set(ethnicity.codes)
    assert ethnicity.group_of("Z") != ethnicity.group_of("99")
    assert {code for codes in ethnicity.groups.values() for code in codes} == set(ethnicity.codes)
    assert all(values.codes for values in value_sets().values())


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("lsoa", "E01026007", "E02026007"),
        ("practice", "C83027", "C8302"),
        ("icd10", "J440", "440J"),
        ("snomed", "22298006", "22298"),
    ],
)
def test_formats(name: str, good: str, bad: str) -> None:
    assert matches_format(name, good)
    assert not matches_format(name, bad)
    assert not matches_format(name, good + "\n")


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match="gp_event"):
        table("gp_events")
    with pytest.raises(ModelError, match="sex"):
        value_set("gender")


def test_the_page_about_the_model_is_current() -> None:
    """`python docs/make_docs.py` writes it."""
    spec = importlib.util.spec_from_file_location("make_docs", DOCS / "make_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, make in module.PAGES.items():
        assert (DOCS / name).read_text("utf-8") == make()
