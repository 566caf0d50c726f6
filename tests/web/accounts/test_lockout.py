"""Guessing passwords: waits grow, and nothing tells whether an account exists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from goldenthread.governance import Entry
from goldenthread.web.accounts import lockout
from goldenthread.web.accounts.models import Barrier, User
from tests.web.accounts.conftest import SignIn
from tests.web.conftest import PASSWORD


def guess(client: Client, username: str, password: str = "not this one") -> tuple[int, str]:
    answer = client.post("/sign-in/", {"username": username, "password": password})
    return answer.status_code, answer.content.decode()


def let_time_pass(minutes: float) -> None:
    for barrier in Barrier.objects.all():
        barrier.last -= timedelta(minutes=minutes)
        barrier.until = barrier.until - timedelta(minutes=minutes) if barrier.until else None
        barrier.save()


def test_the_fifth_wrong_password_makes_even_the_right_one_wait(anna: User) -> None:
    client = Client()
    for _ in range(5):
        status, page = guess(client, "anna")
        assert status == 400
        assert "The user name or the password is not right." in page
    status, page = guess(client, "anna", PASSWORD)
    assert status == 400
    assert "Too many attempts. Try again in 1 minute." in page
    let_time_pass(1.1)
    assert guess(client, "anna", PASSWORD)[0] == 302


def test_waits_double_up_to_half_an_hour(anna: User) -> None:
    waits = []
    for _ in range(12):
        assert lockout.take_attempt("anna", "10.0.0.1") == 0
        waits.append(lockout.waits_for("anna"))
        let_time_pass(31)
    minutes = [round(w / 60) for w in waits]
    assert minutes == [0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_name_that_nobody_has_is_answered_in_the_same_words(anna: User) -> None:
    def talk(username: str) -> list[tuple[int, str]]:
        Barrier.objects.all().delete()
        answers = [guess(Client(), username) for _ in range(7)]
        return [(status, page.replace(username, "NAME")) for status, page in answers]

    def plain(pages: list[tuple[int, str]]) -> list[tuple[int, str]]:
        import re

        return [(s, re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", p)) for s, p in pages]

    assert plain(talk("anna")) == plain(talk("nobody"))


def test_an_account_that_is_switched_off_is_answered_in_the_same_words(anna: User) -> None:
    User.objects.filter(pk=anna.pk).update(is_active=False)
    status, page = guess(Client(), "anna", PASSWORD)
    assert status == 400
    assert "The user name or the password is not right." in page


def test_signing_in_makes_the_name_start_afresh(anna: User) -> None:
    client = Client()
    for _ in range(4):
        guess(client, "anna")
    assert guess(client, "anna", PASSWORD)[0] == 302
    for _ in range(4):
        assert "not right" in guess(Client(), "anna")[1]


def test_one_address_cannot_try_many_names() -> None:
    client = Client(REMOTE_ADDR="203.0.113.9")
    for n in range(30):
        assert "not right" in guess(client, f"name{n}")[1]
    assert "Too many attempts" in guess(client, "another")[1]
    assert "not right" in guess(Client(REMOTE_ADDR="203.0.113.10"), "another")[1]


def test_signing_in_with_an_account_of_ones_own_does_not_free_the_address(anna: User) -> None:
    client = Client(REMOTE_ADDR="203.0.113.9")
    for n in range(29):
        guess(client, f"name{n}")
    assert guess(Client(REMOTE_ADDR="203.0.113.9"), "anna", PASSWORD)[0] == 302
    guess(client, "name29")
    assert "Too many attempts" in guess(client, "name30")[1]


def test_what_was_typed_as_a_name_is_not_kept() -> None:
    guess(Client(), "my-secret-password")
    assert all("my-secret-password" not in b.key for b in Barrier.objects.all())
    assert {len(b.key) for b in Barrier.objects.all()} == {64}


@pytest.mark.parametrize(
    ("proxy", "header", "expected"),
    [
        (False, "198.51.100.1", "127.0.0.1"),  # without a proxy of ours the header is what a visitor claims
        (True, "6.6.6.6, 198.51.100.1", "198.51.100.1"),  # what our proxy saw stands last
        (True, "", "127.0.0.1"),
    ],
)
def test_the_address_is_the_one_that_our_own_proxy_saw(proxy: bool, header: str, expected: str) -> None:
    from dataclasses import replace

    from django.conf import settings
    from django.test import RequestFactory

    request = RequestFactory().get("/", headers={"X-Forwarded-For": header} if header else {})
    with override_settings(DEPLOYMENT=replace(settings.DEPLOYMENT, web={"proxy": proxy})):
        assert lockout.address_of(request) == expected


def test_failures_and_waits_are_in_the_audit_log(anna: User, lines: Callable[..., list[Entry]]) -> None:
    for _ in range(5):
        guess(Client(), "anna")
    guess(Client(), "somebody's password")
    found = lines()
    assert [e.action for e in found] == ["account.sign_in_failed"] * 4 + [
        "account.locked_out",
        "account.sign_in_failed",
    ]
    assert [e.actor for e in found] == ["anna"] * 5 + ["unknown"]
    assert "somebody" not in str([e.to_json() for e in found])


def test_an_administrator_lifts_the_wait(anna: User, admin: User, sign_in: SignIn) -> None:
    for _ in range(5):
        guess(Client(), "anna")
    browser = Client()
    browser.force_login(admin)
    assert "Locked out after wrong passwords" in browser.get(f"/account/people/{anna.pk}/").content.decode()
    assert browser.post(f"/account/people/{anna.pk}/unlock/").status_code == 302
    assert guess(Client(), "anna", PASSWORD)[0] == 302


def test_waits_end_in_time_without_anybody(anna: User) -> None:
    lockout.take_attempt("anna", "10.0.0.1")
    let_time_pass(25 * 60)
    lockout.take_attempt("anna", "10.0.0.1")
    assert max(b.failures for b in Barrier.objects.all()) == 1
    assert all(b.last <= timezone.now() for b in Barrier.objects.all())
