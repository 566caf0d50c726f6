"""One's own account: passwords and roles."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from goldenthread.governance import Entry
from goldenthread.web.accounts import actions, passwords
from goldenthread.web.accounts.errors import AccountError
from goldenthread.web.accounts.models import Assignment, User
from tests.web.accounts.conftest import SignIn, form_token, post
from tests.web.conftest import PASSWORD

NEW = "four unrelated words here"


def change(client: Client, old: str, new: str, again: str = "") -> tuple[int, str]:
    fields = {"old_password": old, "new_password": new, "new_password_again": again or new}
    answer = post(client, "/account/password/", fields)
    return answer.status_code, answer.content.decode()


def test_changing_the_password_ends_every_other_session(anna: User, sign_in: SignIn) -> None:
    here, there = sign_in("anna"), sign_in("anna")
    assert change(here, PASSWORD, NEW)[0] == 302
    assert here.get("/account/").status_code == 200
    assert there.get("/account/")["location"].startswith("/sign-in/")
    assert sign_in("anna", NEW).get("/account/").status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        ("wrong", NEW, NEW, "The old password is not right."),
        (PASSWORD, NEW, NEW + "x", "The two new passwords are not the same."),
        (PASSWORD, PASSWORD, PASSWORD, "The new password is the old one."),
        (PASSWORD, "short", "short", "at least 12 characters"),
        (PASSWORD, "password1234", "password1234", "too common"),
        (PASSWORD, "x" * 501, "x" * 501, "longer than 500"),
    ],
)
def test_a_password_that_will_not_do(
    anna: User, sign_in: SignIn, old: str, new: str, again: str, said: str
) -> None:
    client = sign_in("anna")
    status, page = change(client, old, new, again)
    assert status == 400
    assert said in page
    assert sign_in("anna").get("/account/").status_code == 200, "the old one is still good"


def test_somebody_at_a_screen_left_open_cannot_guess_the_old_password(anna: User, sign_in: SignIn) -> None:
    client = sign_in("anna")
    for _ in range(5):
        change(client, "guess", NEW)
    assert "Too many attempts" in change(client, PASSWORD, NEW)[1]


def test_a_password_that_was_given_must_be_changed_first(sign_in: SignIn) -> None:
    user, given = actions.add_person("somebody", "new.person", "New Person")
    actions.grant("somebody", user, "analyst", "system")
    client = sign_in("new.person", given)
    assert client.get("/account/people/")["location"] == "/account/password/"
    assert client.get("/")["location"] == "/account/password/"
    assert "Choose a password of your own" in client.get("/account/password/").content.decode()
    assert change(client, given, NEW)[0] == 302
    assert client.get("/").status_code == 200


def test_given_passwords_differ_and_pass_the_rules() -> None:
    made = {passwords.new_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        actions.check_new_password(User(username="x", name="X"), password)


def test_working_in_another_role(anna: User, sign_in: SignIn, lines: Callable[..., list[Entry]]) -> None:
    second = Assignment.objects.create(user=anna, role="administrator", scope="system")
    client = sign_in("anna")
    assert client.get("/account/people/").status_code == 403
    page = client.get("/account/").content.decode()
    before = client.session.session_key
    answer = client.post("/account/role/", {"role": str(second.pk), "csrfmiddlewaretoken": form_token(page)})
    assert answer.status_code == 302
    assert client.session.session_key != before
    assert client.get("/account/people/").status_code == 200
    assert [e.subject for e in lines("account.role_chosen")] == ["administrator system"]


def test_a_role_of_somebody_else_cannot_be_chosen(anna: User, admin: User, sign_in: SignIn) -> None:
    client = sign_in("anna")
    theirs = admin.assignments.get()
    page = client.get("/account/").content.decode()
    answer = client.post("/account/role/", {"role": str(theirs.pk), "csrfmiddlewaretoken": form_token(page)})
    assert answer.status_code == 400
    assert "You do not hold this role today." in answer.content.decode()
    assert client.get("/account/people/").status_code == 403


def test_a_role_that_ends_or_has_not_begun_opens_nothing(anna: User, sign_in: SignIn) -> None:
    client = sign_in("anna")
    today, day = timezone.localdate(), timedelta(days=1)
    for starts, ends, status in [
        (today, today, 200),
        (today - day, today - day, 403),
        (today + day, None, 403),
        (today - day, today + day, 200),
    ]:
        anna.assignments.update(starts=starts, ends=ends)
        assert client.get("/account/").status_code == status, (starts, ends)


def test_sign_ins_and_outs_are_in_the_audit_log(
    anna: User, sign_in: SignIn, lines: Callable[..., list[Entry]]
) -> None:
    client = sign_in("anna")
    page = client.get("/account/").content.decode()
    client.post("/sign-out/", {"csrfmiddlewaretoken": form_token(page)})
    assert [(e.action, e.actor) for e in lines()] == [
        ("account.signed_in", "anna"),
        ("account.signed_out", "anna"),
    ]


def test_signing_in_gives_a_new_session_key(anna: User) -> None:
    client = Client()
    client.get("/sign-in/")
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted
    client.post("/sign-in/", {"username": "anna", "password": PASSWORD})
    assert client.session.session_key != planted


@pytest.mark.parametrize(
    "name", ["", "9990000018", "999 000 0018", "a b", "Ä", "x" * 81, "<script>", ".x", "a/b"]
)
def test_user_names_that_cannot_be(name: str) -> None:
    with pytest.raises(AccountError):
        actions.add_person("somebody", name, "Somebody")
    assert not User.objects.filter(name="Somebody").exists()
