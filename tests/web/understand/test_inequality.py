"""Inequality and coding quality in the browser, on a small demonstration."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client

from goldenthread.cohorts import Scope
from goldenthread.settings import Settings
from goldenthread.web.site.data import editions

ClientFor = Callable[..., Client]
BASE = "/understand/system/inequality/"


def text_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.content[:500]
    return answer.content.decode()


@pytest.mark.parametrize("view", ["groups", "places", "map", "trend"])
def test_each_way_to_look_at_an_outcome_answers_in_a_sentence(client_for: ClientFor, view: str) -> None:
    page = text_of(client_for("analyst"), f"{BASE}?indicator=bp_treated_to_target&view={view}")
    assert "Blood pressure treated to target" in page
    assert "How this is worked out" in page
    assert f'value="{view}"' in page


def test_the_page_says_what_the_notebook_says(client_for: ClientFor, deployment: Settings) -> None:
    import goldenthread

    notebook = goldenthread.open(deployment.home)
    answer = notebook.inequality("smoking_prevalence", "imd_quintile")
    notebook.close()
    page = text_of(client_for("analyst"), f"{BASE}?indicator=smoking_prevalence")
    assert answer.reading in page
    for count in answer.table.frame["count"].dropna():
        assert f"{int(count):,}" in page


def test_everybody_is_shown_the_same_figures(client_for: ClientFor) -> None:
    address = f"{BASE}?indicator=diabetes_prevalence&by=sex"
    first, second = (text_of(client_for(role), address) for role in ("analyst", "commissioner"))
    begin = "<h1>Diabetes</h1>"
    assert first.split(begin)[1].split("<form")[0] == second.split(begin)[1].split("<form")[0]


def test_the_file_holds_what_it_is_about_and_the_rows(client_for: ClientFor) -> None:
    answer = client_for("analyst").get("/understand/system/inequality.csv?indicator=smoking_prevalence")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    heads = {r[0]: r[1] for r in rows if len(r) == 2}
    assert heads["Outcome"] == "Smoking"
    assert heads["Source"] == "QOF SMOK"
    table = rows[rows.index([]) + 1 :]
    assert table[0][:2] == ["group", "label"]
    assert len(table) >= 6


@pytest.mark.parametrize(
    ("indicator", "status", "said"),
    [
        ("nosuch_indicator", 400, "nosuch_indicator"),
        ("age >=", 400, ""),
        ("<script>alert(1)</script>", 400, ""),
        ("x" * 5000, 400, ""),
        ("age >= 65 and copd", 200, "Your own"),
    ],
)
def test_what_cannot_be_asked_is_said_on_a_page(
    client_for: ClientFor, indicator: str, status: int, said: str
) -> None:
    answer = client_for("analyst").get(BASE, {"indicator": indicator})
    page = answer.content.decode()
    assert answer.status_code == status
    assert said in page
    assert "<script>alert(1)" not in page
    assert "Traceback" not in page


def test_unknown_divisions_and_views_fall_back(client_for: ClientFor) -> None:
    page = text_of(client_for("analyst"), f"{BASE}?indicator=copd_prevalence&by=shoe_size&view=upside_down")
    assert 'value="groups"' in page


def test_another_place_is_refused(client_for: ClientFor) -> None:
    assert client_for("clinical_director").get("/understand/pcn-UZ002/inequality/").status_code == 403
    assert client_for("clinical_director").get("/understand/pcn-UZ002/coding/").status_code == 403


def test_core20plus5_of_adults_and_children(client_for: ClientFor) -> None:
    client = client_for("analyst")
    adults = text_of(client, f"{BASE}core20plus5/")
    assert "Severe mental illness" in adults
    assert "Unpaid carers" in adults
    assert "no record of people seeking asylum" in adults
    children = text_of(client, f"{BASE}core20plus5/?whom=children")
    assert "Oral health" in children


def test_coding_quality_says_what_to_do(client_for: ClientFor) -> None:
    client = client_for("analyst")
    page = text_of(client, "/understand/system/coding/")
    assert "Likely missing codes" in page
    assert "Ask for them" in page
    assert "/ask/system/?q=" in page
    part = text_of(client, "/understand/pcn-UZ001/coding/condition/?name=copd")
    assert "Published for England: 1.9%" in part
    assert client.get("/understand/pcn-UZ001/coding/condition/?name=nosuch").status_code == 404


def test_who_may_not_ask_gets_no_link_to_ask(client_for: ClientFor) -> None:
    page = text_of(client_for("coordinator"), "/understand/practice-Z00001/coding/")
    assert "Ask for them" not in page


def test_findings_on_the_page_are_those_of_the_engine(client_for: ClientFor, home: object) -> None:
    from goldenthread.insight.coding import findings

    population = editions().current().population("planning", "somebody").within(Scope.parse("pcn-UZ001"))
    page = text_of(client_for("analyst"), "/understand/pcn-UZ001/coding/")
    shown = [f for f in findings(population).findings if f.people]
    assert shown
    for finding in shown:
        assert finding.check.action.replace("'", "&#39;") in page
        assert f">{finding.people:,}<" in page
