"""NHS numbers: valid, never issued to anybody, never shared."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.demo.conftest import Demo

from goldenthread.demo.identity import mistype, nhs_numbers, slipped_birth, valid


@given(st.lists(st.integers(0, 81 * 200_000), unique=True, min_size=1, max_size=200), st.integers(0, 10_000))
def test_numbers_are_valid_distinct_and_of_the_test_range(index: list[int], seed: int) -> None:
    numbers = nhs_numbers(np.array(index), seed)
    assert all(valid(n) and n.startswith("9") for n in numbers)
    assert len(set(numbers)) == len(index)


@given(st.integers(0, 10**6), st.integers(0, 2**31))
def test_a_mistyped_number_is_never_valid(index: int, seed: int) -> None:
    number = nhs_numbers(np.array([index]), 1)[0]
    wrong = mistype(np.random.default_rng(seed), number)
    assert len(wrong) == 10
    assert wrong != number
    assert not valid(wrong)


@given(st.integers(-20_000, 20_000), st.integers(0, 2**31))
def test_a_slipped_birth_date_is_still_a_date_near_enough_to_recognise(birth: int, seed: int) -> None:
    assert abs(slipped_birth(np.random.default_rng(seed), birth) - birth) <= 3_653


def test_published_numbers_pass_and_fail_the_check() -> None:
    assert valid("9434765919")
    assert not valid("9434765910")
    assert not valid("943476591")
    assert not valid("94347659AB")


def test_every_number_sent_as_verified_is_valid_and_belongs_to_somebody(demo: Demo) -> None:
    for table in ("gp_patient", "ecds", "apc", "op", "urgent", "deaths"):
        numbers = [
            n
            for (n,) in demo.rows(
                f"select distinct NHS_NUMBER from {table} where NHS_NUMBER_STATUS_INDICATOR_CODE = '01'"
            )
        ]
        assert numbers
        assert all(valid(n) for n in numbers)
        assert (
            demo.one(
                f"select count(*) from {table} where NHS_NUMBER_STATUS_INDICATOR_CODE = '01' and NHS_NUMBER not in (select nhs_number from true_person)"
            )
            == 0
        )


def test_names_are_sent_only_where_the_number_is_not_verified(demo: Demo) -> None:
    for table in ("ecds", "apc", "op", "urgent"):
        assert (
            demo.one(
                f"select count(*) from {table} where NHS_NUMBER_STATUS_INDICATOR_CODE = '01' and PERSON_FAMILY_NAME is not null"
            )
            == 0
        )
        assert (
            demo.one(
                f"select count(*) from {table} where NHS_NUMBER_STATUS_INDICATOR_CODE <> '01' and PERSON_FAMILY_NAME is not null"
            )
            > 0
        )


def test_withheld_rows_carry_no_identity(demo: Demo) -> None:
    held = "WITHHELD_IDENTITY_REASON is not null"
    assert (
        demo.one(f"select count(*) from ecds where {held}")
        + demo.one(f"select count(*) from apc where {held}")
        > 0
    )
    for table in ("ecds", "apc"):
        for column in (
            "NHS_NUMBER",
            "PERSON_FAMILY_NAME",
            "PERSON_GIVEN_NAME",
            "PERSON_BIRTH_DATE",
            "POSTCODE_OF_USUAL_ADDRESS",
            "LOCAL_PATIENT_IDENTIFIER",
        ):
            assert demo.one(f"select count(*) from {table} where {held} and {column} is not null") == 0


def test_no_real_practice_code_or_telephone_number_can_occur(demo: Demo) -> None:
    assert (
        demo.one(
            "select count(*) from ref_practice where not regexp_full_match(PRACTICE_CODE, 'Z000[0-9]{2}')"
        )
        == 0
    )
    assert (
        demo.one(
            "select count(*) from gp_patient where TELEPHONE_NUMBER is not null and TELEPHONE_NUMBER not like '07700900%'"
        )
        == 0
    )
    assert (
        demo.one(
            "select count(*) from gp_patient where EMAIL_ADDRESS is not null and EMAIL_ADDRESS not like '%@example.org'"
        )
        == 0
    )
    assert demo.one("select count(*) from gp_address where UPRN is not null and UPRN not like '99%'") == 0
