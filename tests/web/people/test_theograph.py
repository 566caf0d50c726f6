"""One person's contacts: opened for a reason that is noted, by chance, for some hours, and never another's."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from goldenthread.governance import Audit
from goldenthread.settings import Settings
from goldenthread.web.people.models import Opening
from tests.web.conftest import PCN, PRACTICE

For = Callable[..., Client]
QUESTION = "age >= 40"


def opened(client: Client, scope: str = PCN, **more: str) -> str:
    response = client.post(
        f"/people/{scope}/", {"q": QUESTION, "kind": "learning", "reason": "workshop"} | more
    )
    assert response.status_code == 302, response.content.decode()[:2000]
    return str(response.headers["Location"])


def test_a_person_is_shown_without_number_and_the_reason_is_noted(
    client_for: For, deployment: Settings
) -> None:
    client = client_for("clinical_director")
    where = opened(client)
    page = client.get(where)
    assert page.status_code == 200
    found = Opening.objects.get()
    assert str(found.pid) not in where.split("/")
    assert len(found.token) >= 40
    assert "workshop" in page.content.decode()
    entry = [e for e in Audit(deployment.home).entries() if e.action == "person.opened"][-1]
    assert entry.reason == "workshop"
    assert str(found.pid) not in re.split(r"\W+", entry.subject)


def test_the_person_is_of_the_cohort_and_chosen_by_chance(client_for: For) -> None:
    client = client_for("clinical_director")
    for _ in range(6):
        opened(client)
    assert Opening.objects.values("pid").distinct().count() > 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"kind": ""}, "No reason is chosen"),
        ({"q": ""}, "No question is asked"),
        ({"q": "agee > 3"}, "nothing called"),
        ({"reason": "patient 943 476 5919"}, "NHS number"),
        ({"reason": "x" * 400}, "too long"),
        ({"q": "age >= 130"}, "too few such people"),
    ],
)
def test_what_cannot_be_opened_is_said_and_nothing_is_opened(
    client_for: For, more: dict[str, str], said: str
) -> None:
    response = client_for("clinical_director").post(
        f"/people/{PCN}/", {"q": QUESTION, "kind": "learning", "reason": ""} | more
    )
    assert response.status_code == 400
    assert said in response.content.decode()
    assert not Opening.objects.exists()


def test_a_token_is_worth_nothing_to_another_or_elsewhere_or_later(client_for: For) -> None:
    client = client_for("clinical_director")
    where = opened(client)
    assert client_for("clinical_director").get(where).status_code == 400
    token = where.split("/")[3]
    assert client_for("analyst").get(f"/people/system/{token}/").status_code == 400
    assert client.get(f"/people/{PCN}/{'a' * 43}/").status_code == 400
    Opening.objects.update(opened=timezone.now() - timedelta(hours=9))
    assert "has closed" in client.get(where).content.decode()
    Opening.objects.update(opened=timezone.now(), snapshot="older")
    assert "has closed" in client.get(where).content.decode()


def test_services_and_months_can_be_chosen(client_for: For) -> None:
    client = client_for("clinical_director")
    where = opened(client)
    assert client.get(where, {"lane": ["gp"], "months": "6"}).status_code == 200
    assert client.get(where, {"lane": ["<x>"], "months": "nine"}).status_code == 200


def test_restricted_services_need_their_own_permission_and_reason(
    client_for: For, deployment: Settings
) -> None:
    director = client_for("clinical_director")
    where = opened(director)
    assert director.post(f"{where}restricted/", {"reason": "curious"}).status_code == 403
    assert "Show them" not in director.get(where).content.decode()
    nurse = client_for("clinician")
    where = opened(nurse, PRACTICE)
    assert "Show them" in nurse.get(where).content.decode()
    assert nurse.post(f"{where}restricted/", {"reason": ""}).status_code == 400
    assert not Opening.objects.filter(restricted=True).exists()
    assert nurse.post(f"{where}restricted/", {"reason": "planning care together"}).status_code == 302
    assert Opening.objects.filter(restricted=True).count() == 1
    assert "Show them" not in nurse.get(where).content.decode()
    assert "person.restricted_shown" in [e.action for e in Audit(deployment.home).entries()]


@pytest.mark.parametrize("role", ["facilitator", "coordinator", "commissioner", "ig_lead"])
def test_roles_that_see_no_person(client_for: For, role: str) -> None:
    assert client_for(role).get(f"/people/{PCN}/").status_code == 403
