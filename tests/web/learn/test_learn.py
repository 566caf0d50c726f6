"""The catalogue and the data page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

ClientFor = Callable[..., Client]


def test_words_in_any_order_find_names_rules_and_codes(client_for: ClientFor) -> None:
    client = client_for("analyst")
    page = client.get("/learn/definitions/", {"q": "pressure blood target"}).content.decode()
    assert "/learn/definitions/bp_treated_to_target/" in page
    code = client.get("/learn/definitions/", {"q": "999791000000106"}).content.decode()
    assert "/learn/codes/hba1c/" in code
    nothing = client.get("/learn/definitions/", {"q": "zebra"}).content.decode()
    assert "Nothing found for “zebra”" in nothing


def test_a_definition_says_what_it_rests_on_and_what_rests_on_it(client_for: ClientFor) -> None:
    page = client_for("analyst").get("/learn/definitions/diabetes_prevalence/").content.decode()
    assert "Of whom" in page
    assert 'href="/learn/definitions/diabetes/"' in page
    assert "Who gets less" in page
    condition = client_for("analyst").get("/learn/definitions/diabetes/").content.decode()
    assert "DM" in condition
    assert 'href="/learn/definitions/diabetes_prevalence/"' in condition


@pytest.mark.parametrize(
    "name", ["copd_treated_not_coded", "bridges_to_health", "efi", "ld_due", "hba1c_latest"]
)
def test_every_kind_of_definition_has_a_page(client_for: ClientFor, name: str) -> None:
    assert client_for("clinician").get(f"/learn/definitions/{name}/").status_code == 200


def test_a_list_of_codes_stands_beside_a_definition_of_the_same_name(client_for: ClientFor) -> None:
    client = client_for("analyst")
    condition = client.get("/learn/definitions/diabetes/").content.decode()
    assert 'href="/learn/codes/diabetes/"' in condition
    codes = client.get("/learn/codes/diabetes/").content.decode()
    assert "73211009" in codes
    assert 'href="/learn/definitions/diabetes/"' in codes
    assert client.get("/learn/codes/nosuch/").status_code == 404


def test_an_unknown_definition_is_not_found(client_for: ClientFor) -> None:
    assert client_for("analyst").get("/learn/definitions/nosuch/").status_code == 404


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "'; DROP TABLE x;--", "\u0000", "x" * 9000])
def test_hostile_searches_find_nothing_and_break_nothing(client_for: ClientFor, hostile: str) -> None:
    client = client_for("analyst")
    for address in ("/learn/definitions/", "/learn/data/"):
        answer = client.get(address, {"q": hostile, "page": hostile, "kind": hostile})
        assert answer.status_code == 200
        assert b"<script>alert(1)" not in answer.content


def test_pages_of_a_long_list(client_for: ClientFor) -> None:
    client = client_for("analyst")
    first = client.get("/learn/definitions/?kind=measure").content.decode()
    assert "page 1 of" in first
    assert client.get("/learn/definitions/?kind=measure&page=9999").status_code == 200


def test_the_data_page_counts_what_was_set_aside(client_for: ClientFor) -> None:
    page = client_for("ig_lead").get("/learn/data/").content.decode()
    assert "Coded entries of the GP record" in page
    assert (
        "The code&#39;s check digit is wrong" in page
        or "The code does not have the agreed form" in page
        or "agreed form" in page
    )
    assert "Linkage" in page
    found = client_for("ig_lead").get("/learn/data/?q=emergency").content.decode()
    assert "Emergency care attendances" in found
    assert "Coded entries" not in found


def test_nothing_that_identifies_is_on_the_data_page(client_for: ClientFor) -> None:
    page = client_for("analyst").get("/learn/data/").content.decode()
    import re

    assert not re.search(r"\b\d{10}\b", page)
