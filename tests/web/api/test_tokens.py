"""Tokens open what their owner may see, no more, and no longer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from goldenthread.governance import Audit
from goldenthread.web.accounts.models import Assignment, User
from goldenthread.web.api.models import Token
from tests.web.accounts.conftest import form_token
from tests.web.api.conftest import Ask, token_of
from tests.web.conftest import PASSWORD


def test_a_token_asks_for_its_own_scope_and_what_lies_inside_it(ask: Ask) -> None:
    secret = token_of("analyst", "pcn-UZ001")
    assert ask("scopes/pcn-UZ001/ask", secret, expression="copd").status_code == 200
    assert ask("scopes/practice-Z00001/ask", secret, expression="copd").status_code == 200
    for outside in ("system", "pcn-UZ002", "district-E07000136"):
        answer = ask(f"scopes/{outside}/ask", secret, expression="copd")
        assert (answer.status_code, "outside what you look after" in answer.json()["message"]) == (403, True)


def test_a_token_can_be_narrower_than_the_role(ask: Ask) -> None:
    secret = token_of("analyst", "system", "pcn-UZ001")
    assert ask("scopes/pcn-UZ001/ask", secret, expression="copd").status_code == 200
    assert ask("scopes/system/ask", secret, expression="copd").status_code == 403
    listed = {row["scope"] for row in ask("scopes", secret).json()["result"]}
    assert "pcn-UZ001" in listed
    assert not listed & {"system", "pcn-UZ002"}


def test_without_a_token_or_with_a_wrong_one(ask: Ask) -> None:
    for secret in ("", "gt_nothing", "x" * 500, "gt_" + "é" * 20):
        answer = ask("scopes", secret)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["remedy"]


def test_it_ends_with_its_last_day_with_the_role_and_with_the_account(ask: Ask) -> None:
    today = timezone.localdate()
    secret = token_of("analyst")
    token = Token.objects.get(user__username=User.objects.latest("pk").username)

    def works() -> bool:
        status = ask("scopes", secret).status_code
        assert status in (200, 401, 403)
        return bool(status == 200)

    assert works()
    Token.objects.filter(pk=token.pk).update(expires=today - timedelta(days=1))
    assert not works()
    Token.objects.filter(pk=token.pk).update(expires=today)
    assert works()
    Assignment.objects.filter(user=token.user).update(
        starts=today - timedelta(days=2), ends=today - timedelta(days=1)
    )
    assert not works()
    Assignment.objects.filter(user=token.user).update(ends=None)
    assert works()
    User.objects.filter(pk=token.user_id).update(is_active=False)
    assert not works()


def test_a_role_that_shrinks_takes_its_tokens_along(ask: Ask) -> None:
    secret = token_of("analyst", "system")
    Assignment.objects.filter(user=User.objects.latest("pk")).update(scope="pcn-UZ002")
    assert ask("scopes", secret).status_code == 403


def test_a_token_opens_the_api_and_nothing_else(ask: Ask) -> None:
    client = Client(headers={"Authorization": f"Bearer {token_of('analyst')}"})
    assert client.get("/account/")["location"].startswith("/sign-in/")
    assert client.get("/account/tokens/").status_code == 302


def test_only_a_hash_of_the_secret_is_kept(ask: Ask) -> None:
    secret = token_of("analyst")
    token = Token.objects.latest("pk")
    assert secret not in str(vars(token))
    assert len(token.secret_hash) == 64


def sign_in(user: User) -> Client:
    client = Client(enforce_csrf_checks=True)
    page = client.get("/sign-in/").content.decode()
    client.post(
        "/sign-in/",
        {"username": user.username, "password": PASSWORD, "csrfmiddlewaretoken": form_token(page)},
    )
    return client


def test_making_and_ending_one_on_the_page(ask: Ask) -> None:
    import re

    token_of("analyst")
    user = User.objects.latest("pk")
    client = sign_in(user)

    def post(path: str, fields: dict[str, str]):
        page = client.get("/account/tokens/").content.decode()
        return client.post(path, {**fields, "csrfmiddlewaretoken": form_token(page)}, follow=True)

    wanted = {"name": "R <b>script", "scope": "pcn-UZ001", "purpose": "planning", "days": "30"}
    page = post("/account/tokens/", wanted).content.decode()
    found = re.search(r"<code>(gt_[\w-]{43})</code>", page)
    assert found is not None
    assert "R &lt;b&gt;script" in page
    assert found[1] not in client.get("/account/tokens/").content.decode(), "told once"
    assert ask("scopes", found[1]).status_code == 200
    token = Token.objects.get(name="R <b>script")
    assert post(f"/account/tokens/{token.pk}/end/", {}).status_code == 200
    assert ask("scopes", found[1]).status_code == 401


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": " "}, "has no name"),
        ({"scope": "pcn-UZ002"}, "outside what you look after"),
        ({"scope": "nowhere"}, "no population"),
        ({"purpose": "direct_care"}, "not made for the purpose"),
        ({"days": "366"}, "1 to 365"),
        ({"days": "-1"}, "1 to 365"),
        ({"days": "soon"}, "1 to 365"),
    ],
)
def test_what_cannot_be_made(ask: Ask, change: dict[str, str], said: str) -> None:
    token_of("analyst", "pcn-UZ001")
    client = Client()
    client.force_login(User.objects.latest("pk"))
    before = Token.objects.count()
    fields = {"name": "x", "scope": "pcn-UZ001", "purpose": "planning", "days": "30"} | change
    answer = client.post("/account/tokens/", fields)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert Token.objects.count() == before


def test_nobody_ends_the_token_of_somebody_else(ask: Ask) -> None:
    token_of("analyst")
    theirs = Token.objects.latest("pk")
    token_of("analyst")
    client = Client()
    client.force_login(User.objects.latest("pk"))
    assert client.post(f"/account/tokens/{theirs.pk}/end/").status_code == 404
    theirs.refresh_from_db()
    assert theirs.works


def test_a_session_may_ask_too_but_only_where_its_role_may(ask: Ask) -> None:
    from tests.web.conftest import make_user

    for role, status in (
        ("analyst", 200),
        ("commissioner", 200),
        ("facilitator", 403),
        ("administrator", 403),
    ):
        client = Client()
        client.force_login(make_user(role, "system"))
        assert client.get("/api/scopes").status_code == status, role


def test_making_one_is_in_the_audit_log_without_its_secret(ask: Ask) -> None:
    from django.conf import settings

    secret = token_of("analyst")
    last = Audit(settings.DEPLOYMENT.home).entries(action="token.*", newest_first=True, limit=1)[0]
    assert last.action == "token.made"
    assert secret not in str(last.to_json())
