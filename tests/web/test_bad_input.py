"""Hostile, broken and absurd input: a page that says what is wrong, and never a failure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from goldenthread.web.site import data

PCN = "pcn-UZ001"
ClientFor = Callable[..., Client]
ABSURD = (
    "²",
    "9" * 40,
    "-1",
    "1e9",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "\u202e\u0000x",
    "../../etc/passwd",
)


@pytest.mark.parametrize("value", ABSURD)
@pytest.mark.parametrize(
    "path",
    [
        "/governance/audit/?page={}", "/governance/audit/?until={}", "/learn/definitions/?page={}", "/scope/?q={}", "/scope/?to={}", "/initiatives/?q={}&scope={}",
        f"/ask/{PCN}/?q={{}}", f"/understand/{PCN}/inequality/?indicator={{}}&by={{}}", f"/understand/{PCN}/segments/?column={{}}", "/learn/data/?q={}",
    ],
)  # fmt: skip
def test_absurd_values_get_a_page(client_for: ClientFor, path: str, value: str) -> None:
    from urllib.parse import quote

    for role in ("analyst", "ig_lead"):
        answer = client_for(role).get(path.replace("{}", quote(value)))
        assert answer.status_code < 500, path
        assert "<script>alert" not in answer.content.decode()


def test_a_sum_that_outgrows_every_number(client_for: ClientFor) -> None:
    asked = "age * 999999999999999 * age * age > 1"
    client = client_for("analyst")
    assert client.get("/understand/system/inequality/", {"indicator": asked}).status_code < 500
    assert client.post("/people/system/", {"expression": asked, "reason": "x"}).status_code < 500


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example/system/",
        "/\\evil.example/system/",
        "/%09/evil.example/system/",
        "https://evil.example/system/",
    ],
)
def test_the_scope_page_leads_nowhere_else(client_for: ClientFor, back: str) -> None:
    page = client_for("clinical_director").get("/scope/", {"next": back}).content.decode()
    assert 'href="//' not in page
    assert 'href="/\\' not in page
    assert 'href="http' not in page


def test_before_the_first_refresh_every_page_says_so(client_for: ClientFor, home: Path) -> None:
    current = home / "lake" / "CURRENT"
    aside = current.rename(home / "lake" / "CURRENT.aside")
    data.forget()
    try:
        answer = client_for("analyst").get("/understand/system/")
        assert answer.status_code == 503
        assert "There are no data yet" in answer.content.decode()
        assert client_for("analyst").get("/help/").status_code == 200
    finally:
        aside.rename(current)
        data.forget()


def test_a_stop_that_is_misspelt_lifts_nothing(client_for: ClientFor) -> None:
    lead = client_for("ig_lead")
    assert lead.post("/lists/stop/", {"verb": "stop", "reason": "A list went astray"}).status_code == 302
    for typed in (
        {"verb": "stpo", "reason": "x"},
        {"reason": "x"},
        {"verb": "resume", "practice": "Z99999", "reason": "x"},
    ):
        assert lead.post("/lists/stop/", typed).status_code == 403
    from goldenthread.web.lists import actions

    assert "*" in actions.releases().stopped()
    assert lead.post("/lists/stop/", {"verb": "resume", "reason": "Found"}).status_code == 302


def test_other_peoples_cohorts_are_not_listed(client_for: ClientFor, home: Path) -> None:
    import goldenthread

    goldenthread.open(home).freeze("age >= 70 and copd", "somebody_elses_secret")
    director = client_for("clinical_director")
    for name in ("nothing-1", "somebody_elses_secret-1"):
        answer = director.get(f"/lists/request/{name}/")
        assert answer.status_code == 404
        assert "secret" not in answer.content.decode()
