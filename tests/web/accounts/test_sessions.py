"""Quiet screens are locked, days end, and what somebody was writing is still there."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from goldenthread.web.accounts.models import User
from goldenthread.web.accounts.sessions import BEGAN, LONGEST, SEEN
from tests.web.accounts.conftest import SignIn, form_token, post
from tests.web.conftest import PASSWORD, make_user

ADD = "/account/people/add/"
WRITTEN = {
    "name": "Ósk <b>& co",
    "username": "new.person",
    "role": "analyst",
    "scope": "system",
    "email": "a\nb",
}


def age(client: Client, key: str, seconds: float) -> None:
    """As if this happened so long ago."""
    session = client.session
    session[key] -= seconds
    session.save()


def quiet(client: Client) -> None:
    client.get("/account/")
    age(client, SEEN, settings.IDLE_MINUTES * 60 + 1)


@pytest.fixture
def browser(admin: User, sign_in: SignIn) -> Client:
    return sign_in("admin")


def test_a_quiet_screen_asks_for_the_password_and_goes_back_to_the_same_place(browser: Client) -> None:
    quiet(browser)
    answer = browser.get("/account/people/?q=ann")
    assert answer.status_code == 302
    assert answer["location"] == "/account/unlock/?next=%2Faccount%2Fpeople%2F%3Fq%3Dann"
    page = browser.get(answer["location"]).content.decode()
    assert "Locked after 15 quiet minutes" in page
    answer = post(browser, "/account/unlock/", {"password": PASSWORD, "next": "/account/people/?q=ann"})
    assert answer["location"] == "/account/people/?q=ann"
    assert browser.get(answer["location"]).status_code == 200


def test_using_it_keeps_it_open(browser: Client) -> None:
    for _ in range(3):
        age(browser, SEEN, settings.IDLE_MINUTES * 60 - 10)
        assert browser.get("/account/").status_code == 200


def test_a_locked_session_shows_nobody(browser: Client) -> None:
    quiet(browser)
    page = browser.get("/help/").content.decode()
    assert "Test administrator" not in page
    assert "Sign out" not in page
    assert browser.get("/account/still-here/", headers={"Accept": "application/json"}).status_code == 401
    assert browser.get("/account/people/").status_code == 302
    assert browser.get("/account/people/").status_code == 302, "asking again does not open it"


def test_the_wrong_password_does_not_unlock(browser: Client) -> None:
    quiet(browser)
    answer = post(browser, "/account/unlock/", {"password": "not it"})
    assert answer.status_code == 400
    assert "The password is not right." in answer.content.decode()
    assert browser.get("/account/").status_code == 302


def test_unlocking_gives_a_new_session_key(browser: Client) -> None:
    quiet(browser)
    before = browser.session.session_key
    post(browser, "/account/unlock/", {"password": PASSWORD})
    assert browser.session.session_key != before


def test_a_form_sent_too_late_waits_and_can_be_sent_afterwards(browser: Client) -> None:
    form = browser.get(ADD).content.decode()
    age(browser, SEEN, settings.IDLE_MINUTES * 60 + 1)
    answer = browser.post(ADD, {**WRITTEN, "csrfmiddlewaretoken": form_token(form)})
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "What you were sending is kept." in page
    assert "new.person" not in page, "it is sealed"
    answer = browser.post(
        "/account/unlock/", {"password": PASSWORD, **hidden(page, "kept", "next", "csrfmiddlewaretoken")}
    )
    assert answer["location"] == "/account/carry-on/"
    page = browser.get("/account/carry-on/").content.decode()
    assert "Ósk &lt;b&gt;&amp; co" in page
    assert f'action="{ADD}"' in page
    assert not User.objects.filter(username="new.person").exists(), "nothing is sent without a click"
    answer = browser.post(ADD, {**WRITTEN, "email": "", "csrfmiddlewaretoken": form_token(page)})
    assert answer.status_code == 200
    assert User.objects.get(username="new.person").name == "Ósk <b>& co"
    assert "Nothing waits to be sent" in browser.get("/account/carry-on/").content.decode()


def hidden(page: str, *names: str) -> dict[str, str]:
    import html
    import re

    found = {}
    for name in names:
        value = re.search(rf'name="{name}" value="([^"]*)"', page)
        assert value is not None, name
        found[name] = html.unescape(value[1])
    return found


def test_after_a_working_day_the_session_ends_and_the_form_still_waits(browser: Client, admin: User) -> None:
    form = browser.get(ADD).content.decode()
    age(browser, BEGAN, LONGEST + 1)
    answer = browser.post(ADD, {**WRITTEN, "csrfmiddlewaretoken": form_token(form)})
    page = answer.content.decode()
    assert "<h1>Sign in</h1>" in page
    fields = {"username": "admin", "password": PASSWORD, **hidden(page, "kept", "csrfmiddlewaretoken")}
    assert browser.post("/sign-in/", fields)["location"] == "/account/carry-on/"
    assert "Ósk" in browser.get("/account/carry-on/").content.decode()


def test_a_form_from_a_session_that_is_gone_waits_for_its_sender(browser: Client) -> None:
    form = browser.get(ADD).content.decode()
    browser.session.flush()
    page = browser.post(ADD, {**WRITTEN, "csrfmiddlewaretoken": form_token(form)}).content.decode()
    assert "What you were sending is kept." in page


def test_nobody_else_sees_what_was_being_sent(browser: Client, sign_in: SignIn) -> None:
    make_user("analyst", name="other")
    form = browser.get(ADD).content.decode()
    age(browser, BEGAN, LONGEST + 1)
    page = browser.post(ADD, {**WRITTEN, "csrfmiddlewaretoken": form_token(form)}).content.decode()
    fields = {"username": "other", "password": PASSWORD, **hidden(page, "kept", "csrfmiddlewaretoken")}
    answer = browser.post("/sign-in/", fields)
    assert answer["location"] == "/"
    assert "Ósk" not in browser.get("/account/carry-on/").content.decode()


def test_a_form_that_is_not_from_our_page_is_never_kept(browser: Client) -> None:
    quiet(browser)
    answer = browser.post(ADD, {**WRITTEN, "csrfmiddlewaretoken": "x" * 64})
    assert answer.status_code == 403
    assert "This form is out of date" in answer.content.decode()
    assert 'name="kept"' not in answer.content.decode()


def test_what_was_kept_can_be_dropped(browser: Client) -> None:
    form = browser.get(ADD).content.decode()
    age(browser, SEEN, settings.IDLE_MINUTES * 60 + 1)
    page = browser.post(ADD, {**WRITTEN, "csrfmiddlewaretoken": form_token(form)}).content.decode()
    browser.post("/account/unlock/", {"password": PASSWORD, **hidden(page, "kept", "csrfmiddlewaretoken")})
    page = browser.get("/account/carry-on/").content.decode()
    assert (
        browser.post("/account/carry-on/drop/", {"csrfmiddlewaretoken": form_token(page)}).status_code == 302
    )
    assert "Nothing waits" in browser.get("/account/carry-on/").content.decode()


def test_a_part_of_a_page_sends_the_whole_page_to_ask(browser: Client) -> None:
    quiet(browser)
    htmx = {"HX-Request": "true", "HX-Current-URL": "http://testserver/account/people/?q=x"}
    answer = browser.get("/account/people/", headers=htmx)
    assert answer["HX-Redirect"] == "/account/unlock/?next=%2Faccount%2Fpeople%2F%3Fq%3Dx"
    abroad = browser.get("/account/people/", headers=htmx | {"HX-Current-URL": "https://evil.example/x"})
    assert abroad["HX-Redirect"] == "/account/unlock/?next=%2F"


def test_pages_left_open_can_ask_how_long_is_left_without_staying(browser: Client) -> None:
    json = {"Accept": "application/json"}
    browser.get("/account/")
    age(browser, SEEN, 600)
    first = browser.get("/account/still-here/", headers=json).json()
    assert first["left"] <= settings.IDLE_MINUTES * 60 - 600
    assert browser.get("/account/still-here/", headers=json).json()["left"] <= first["left"]
    said = browser.post("/account/still-here/", headers=json | {"X-CSRFToken": first["csrf"]}).json()
    assert said["left"] > 800


def test_the_screen_can_be_unlocked_in_place(browser: Client) -> None:
    form = browser.get(ADD).content.decode()
    age(browser, SEEN, settings.IDLE_MINUTES * 60 + 1)
    json = {"Accept": "application/json"}
    fields = {"csrfmiddlewaretoken": form_token(form)}
    wrong = browser.post("/account/unlock/", {**fields, "password": "no"}, headers=json)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "The password is not right.")
    right = browser.post("/account/unlock/", {**fields, "password": PASSWORD}, headers=json)
    assert right.status_code == 200
    # the form that stood on the page all along is good still
    sent = browser.post(ADD, {**WRITTEN, "email": "", "csrfmiddlewaretoken": right.json()["csrf"]})
    assert sent.status_code == 200


def test_a_locked_session_can_be_ended(browser: Client) -> None:
    quiet(browser)
    page = browser.get("/account/unlock/").content.decode()
    browser.post("/sign-out/", {"csrfmiddlewaretoken": form_token(page)})
    assert browser.get("/account/")["location"].startswith("/sign-in/")


@pytest.mark.parametrize(
    "after",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "/sign-out/"],
)
def test_signing_in_never_leads_elsewhere(admin: User, after: str) -> None:
    client = Client()
    answer = client.post("/sign-in/", {"username": "admin", "password": PASSWORD, "next": after})
    assert answer["location"] == "/"
