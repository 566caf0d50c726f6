"""Administrators keep accounts and roles; nobody gives themselves a role."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from goldenthread.governance import Entry
from goldenthread.web.accounts.models import User
from tests.web.accounts.conftest import SignIn
from tests.web.conftest import PASSWORD, make_user


@pytest.fixture
def browser(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def test_adding_somebody_shows_their_first_password_once(browser: Client, sign_in: SignIn) -> None:
    import re

    fields = {
        "name": "Dr Jo Bloggs",
        "username": "Jo.Bloggs",
        "role": "clinician",
        "scope": "practice-Z00001",
    }
    page = browser.post("/account/people/add/", fields).content.decode()
    found = re.search(r'Password: <span class="gt-code">([a-z0-9-]+)</span>', page)
    assert found is not None
    user = User.objects.get(username="jo.bloggs")
    assert [(a.role, a.scope, a.granted_by) for a in user.assignments.all()] == [
        ("clinician", "practice-Z00001", "admin")
    ]
    assert sign_in("jo.bloggs", found[1]).get("/")["location"] == "/account/password/"
    assert found[1] not in browser.get(f"/account/people/{user.pk}/").content.decode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"username": "admin"}, "is taken"),
        ({"username": "two words"}, "Use letters, digits"),
        ({"username": "9990000018"}, "cannot hold an NHS number"),
        ({"name": " "}, "name is missing"),
        ({"email": "nowhere"}, "valid email"),
        ({"role": "king"}, "There is no role"),
        ({"scope": "system"}, "It is held for: practice"),
        ({"scope": "pcn-'; drop"}, "There is no population"),
        ({"starts": "soon"}, "is not a day"),
        ({"starts": "2026-12-01", "ends": "2026-11-01"}, "would end before it begins"),
    ],
)
def test_what_cannot_be_added_stays_in_the_form(browser: Client, change: dict[str, str], said: str) -> None:
    fields = {"name": "Jo <i>", "username": "jo", "role": "clinician", "scope": "practice-Z00001"} | change
    answer = browser.post("/account/people/add/", fields)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert said in page
    assert "There is a problem" in page
    assert not User.objects.filter(username="jo").exists()
    if "name" not in change:
        assert 'value="Jo &lt;i&gt;"' in page


def test_a_role_that_is_ended_is_gone_with_the_next_click(browser: Client, anna: User) -> None:
    theirs = Client()
    theirs.force_login(anna)
    for days_ago in (0, 30):
        anna.assignments.all().delete()
        held = anna.assignments.create(
            role="analyst", scope="system", starts=timezone.localdate() - timedelta(days=days_ago)
        )
        assert theirs.get("/account/").status_code == 200
        browser.post(f"/account/people/{anna.pk}/end/", {"assignment": held.pk})
        assert theirs.get("/account/").status_code == 403


def test_an_account_that_is_switched_off_is_out_with_the_next_click(browser: Client, anna: User) -> None:
    theirs = Client()
    theirs.force_login(anna)
    browser.post(f"/account/people/{anna.pk}/disable/")
    assert theirs.get("/account/")["location"].startswith("/sign-in/")
    browser.post(f"/account/people/{anna.pk}/enable/")
    again = Client()
    assert again.post("/sign-in/", {"username": "anna", "password": PASSWORD}).status_code == 302


def test_a_new_password_ends_every_session_of_the_account(browser: Client, anna: User) -> None:
    theirs = Client()
    theirs.force_login(anna)
    assert "shown this once" in browser.post(f"/account/people/{anna.pk}/password/").content.decode()
    assert theirs.get("/account/").status_code == 302
    assert Client().post("/sign-in/", {"username": "anna", "password": PASSWORD}).status_code == 400


@pytest.mark.parametrize("act", ["grant", "disable", "password", "end"])
def test_nobody_does_it_to_themselves(browser: Client, admin: User, act: str) -> None:
    held = admin.assignments.get()
    sent = {"role": "caldicott_guardian", "scope": "system", "assignment": held.pk}
    answer = browser.post(f"/account/people/{admin.pk}/{act}/", sent)
    assert answer.status_code == 400
    assert "yourself" in answer.content.decode()
    admin.refresh_from_db()
    assert admin.is_active
    assert [a.role for a in admin.assignments.all()] == ["administrator"]


def test_only_administrators_do_any_of_this(anna: User, admin: User) -> None:
    client = Client()
    client.force_login(anna)
    for path in ("", "add/", f"{admin.pk}/"):
        assert client.get(f"/account/people/{path}").status_code == 403
    for act in ("grant", "end", "disable", "enable", "unlock", "password"):
        assert client.post(f"/account/people/{anna.pk}/{act}/", {"role": "ig_lead"}).status_code == 403


def test_acts_and_people_that_do_not_exist(browser: Client, anna: User) -> None:
    assert browser.post(f"/account/people/{anna.pk}/promote/").status_code == 404
    assert browser.get("/account/people/999999/").status_code == 404
    assert browser.post(f"/account/people/{anna.pk}/end/", {"assignment": "x"}).status_code == 404
    assert browser.get(f"/account/people/{anna.pk}/disable/").status_code == 405


def test_finding_somebody_among_many(browser: Client) -> None:
    for n in range(60):
        make_user("facilitator", name=f"person{n:02}")
    page = browser.get("/account/people/").content.decode()
    assert "61 people" in page
    assert "from=50" in page
    assert "person59" in browser.get("/account/people/?q=person59").content.decode()
    assert "Nobody is called that" in browser.get("/account/people/?q=%3Cb%3E").content.decode()
    assert browser.get("/account/people/?from=-1&q=").status_code == 200


def test_each_act_is_in_the_audit_log(browser: Client, anna: User, lines: Callable[..., list[Entry]]) -> None:
    browser.post(f"/account/people/{anna.pk}/grant/", {"role": "ig_lead", "scope": "system"})
    browser.post(f"/account/people/{anna.pk}/disable/")
    browser.post(f"/account/people/{anna.pk}/password/")
    found = [e for e in lines() if e.actor == "admin"]
    assert [e.action for e in found] == [
        "account.role_granted", "account.disabled", "account.password_reset"
    ]  # fmt: skip
    assert {e.subject for e in found} == {"account:anna"}
    assert {e.role for e in found} == {"administrator"}
