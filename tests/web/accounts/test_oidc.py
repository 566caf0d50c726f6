"""Signing in at an identity provider, against one that runs here and is as strict as NHS Care Identity."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.test import Client, override_settings

from goldenthread.governance import Entry
from goldenthread.settings import SettingsError
from goldenthread.web.accounts import oidc
from goldenthread.web.accounts.models import Assignment, User
from goldenthread.web.accounts.sessions import SEEN
from tests.web.accounts import provider_process
from tests.web.accounts.conftest import form_token

SUB = "555012345678"


def claims(**change: Any) -> dict[str, Any]:
    """What NHS Care Identity says about a GP of one practice."""
    return {
        "name": "Dr Gwen Practitioner",
        "nhsid_useruid": SUB,
        "selected_roleid": "111",
        "id_assurance_level": "3",
        "authentication_assurance_level": 3,
        "nhsid_nrbac_roles": [
            {
                "person_roleid": "111",
                "org_code": "Z00001",
                "role_code": "S0010:G0020:R0260",
                "activity_codes": ["B0820"],
            },
            {
                "person_roleid": "222",
                "org_code": "Z00002",
                "role_code": "S0010:G0020:R0260",
                "activity_codes": [],
            },
        ],
    } | change


ROLES = [
    {"org": "*", "code": "R0260", "role": "clinician", "scope": "practice-{org}"},
    {"org": "Z00001", "code": "B0820", "role": "practice_manager", "scope": "practice-Z00001"},
    {"org": "QJM", "code": "R1987", "role": "analyst", "scope": "system"},
]  # fmt: skip


@pytest.fixture(scope="module")
def provider() -> Iterator[provider_process.Provider]:
    with provider_process.running({SUB: claims()}) as found:
        yield found


@pytest.fixture(autouse=True)
def configured(provider: provider_process.Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(oidc.SECRET, provider_process.SECRET)
    provider.set_claims(SUB, claims())
    section = {
        "issuer": provider.issuer,
        "client_id": provider_process.CLIENT,
        "name": "NHS Care Identity",
        "acr_values": "AAL3_ANY",
        "roles": ROLES,
    }
    web = {**settings.DEPLOYMENT.web, "oidc": section}
    with override_settings(DEPLOYMENT=replace(settings.DEPLOYMENT, web=web)):
        yield


def leave(client: Client, after: str = "/", **more: str) -> str:
    """Press the button on our sign-in page; the provider's address."""
    answer = client.post("/sign-in/provider/", {"next": after, **more})
    assert answer.status_code == 303, answer.content.decode()[-600:]
    return answer["location"]


def come_back(client: Client, address: str) -> Any:
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}")


def changed(address: str, **change: str | None) -> str:
    """The address with other parts."""
    parts = urlsplit(address)
    query = {k: v[0] for k, v in parse_qs(parts.query).items()} | change
    return urlunsplit(parts._replace(query=urlencode({k: v for k, v in query.items() if v is not None})))


def sign_in(client: Client, provider: provider_process.Provider, after: str = "/") -> Any:
    return come_back(client, provider.choose(leave(client, after), SUB))


def test_a_first_sign_in_makes_an_account_with_the_roles_of_the_map(
    provider: provider_process.Provider,
) -> None:
    client = Client()
    answer = sign_in(client, provider, "/account/?x=1")
    assert (answer.status_code, answer["location"]) == (302, "/account/?x=1")
    user = User.objects.get(subject=SUB)
    assert user.name == "Dr Gwen Practitioner"
    assert not user.has_usable_password()
    page = client.get("/account/").content.decode()
    assert "work as gp or nurse" in page
    assert "Practice manager" in page
    assert "Change your password" not in page


def test_it_asks_with_pkce_state_nonce_and_the_level_of_assurance(
    provider: provider_process.Provider,
) -> None:
    sign_in(Client(), provider)
    asked = provider.asked()
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert min(len(asked["state"]), len(asked["nonce"])) >= 20
    assert asked["acr_values"] == "AAL3_ANY"
    assert asked["response_type"] == "code"
    assert "nationalrbacaccess" in asked["scope"]


def test_roles_from_the_provider_end_with_the_session(provider: provider_process.Provider) -> None:
    sign_in(Client(), provider)
    assert not Assignment.objects.exists()
    client = Client()
    client.force_login(User.objects.get(subject=SUB))
    assert client.get("/account/").status_code == 403, "no role without the provider"


def test_another_role_there_is_another_role_here(provider: provider_process.Provider) -> None:
    sign_in(Client(), provider)
    provider.set_claims(SUB, claims(selected_roleid="222"))
    client = Client()
    sign_in(client, provider)
    page = client.get("/account/").content.decode()
    assert "Practice manager" not in page
    assert User.objects.filter(subject=SUB).count() == 1


def test_the_strength_of_the_sign_in_is_kept_for_approvals(provider: provider_process.Provider) -> None:
    from django.test import RequestFactory

    from goldenthread.web.accounts.working import working_as

    client = Client()
    sign_in(client, provider)
    request = RequestFactory().get("/")
    request.session, request.user = client.session, User.objects.get(subject=SUB)
    working = working_as(request)
    assert working is not None
    assert working.assurance == 3


def test_signing_in_gives_a_new_session_key(provider: provider_process.Provider) -> None:
    client = Client()
    there = leave(client)
    before = client.session.session_key
    come_back(client, provider.choose(there, SUB))
    assert client.session.session_key != before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id_assurance_level": "2"}, "identity has not been checked"),
        ({"id_assurance_level": None}, "identity has not been checked"),
        ({"id_assurance_level": "high"}, "identity has not been checked"),
        ({"authentication_assurance_level": 1}, "too weak"),
        ({"selected_roleid": "333"}, "opens nothing here"),
        ({"selected_roleid": None}, "opens nothing here"),  # two roles, and none chosen
        ({"nhsid_nrbac_roles": []}, "opens nothing here"),
        ({"nhsid_nrbac_roles": "R0260"}, "opens nothing here"),
        (
            {
                "nhsid_nrbac_roles": [
                    {"person_roleid": "111", "org_code": "Z00001", "role_code": "S0010:G0020:R8000"}
                ]
            },
            "opens nothing here",
        ),
        (
            {
                "nhsid_nrbac_roles": [
                    {"person_roleid": "111", "org_code": "'; --", "role_code": "S0010:G0020:R0260"}
                ]
            },
            "opens nothing here",
        ),
    ],
)
def test_who_is_refused(
    provider: provider_process.Provider, lines: Callable[..., list[Entry]], change: dict[str, Any], said: str
) -> None:
    provider.set_claims(SUB, claims(**change))
    client = Client()
    answer = sign_in(client, provider)
    assert answer.status_code == 403
    assert said in answer.content.decode()
    assert not User.objects.exists()
    assert client.get("/account/").status_code == 302
    found = lines("account.provider_refused")
    assert len(found) == 1
    assert SUB not in str(found[0].to_json())
    assert "Gwen" not in str(found[0].to_json())


def test_an_account_with_roles_of_its_own_gets_in_without_the_map(
    provider: provider_process.Provider,
) -> None:
    user = User.objects.create_user("gwen", None, name="Gwen", subject=SUB)
    Assignment.objects.create(user=user, role="facilitator", scope="system")
    provider.set_claims(SUB, claims(nhsid_nrbac_roles=[]))
    client = Client()
    assert sign_in(client, provider).status_code == 302
    assert "clinical facilitator" in client.get("/account/").content.decode()


def test_an_account_that_is_switched_off_stays_off(provider: provider_process.Provider) -> None:
    User.objects.create_user("gwen", None, name="Gwen", subject=SUB, is_active=False)
    answer = sign_in(Client(), provider)
    assert answer.status_code == 403
    assert "switched off" in answer.content.decode()


NOT_AS_SENT = "did not come back as it was sent"


def test_an_answer_with_another_state_is_refused(provider: provider_process.Provider) -> None:
    client = Client()
    back = provider.choose(leave(client), SUB)
    answer = come_back(client, changed(back, state="x" * 30))
    assert (answer.status_code, NOT_AS_SENT in answer.content.decode()) == (403, True)


def test_an_answer_for_another_browser_is_refused(provider: provider_process.Provider) -> None:
    back = provider.choose(leave(Client()), SUB)
    assert come_back(Client(), back).status_code == 403


def test_an_answer_is_good_once(provider: provider_process.Provider) -> None:
    client = Client()
    back = provider.choose(leave(client), SUB)
    assert come_back(client, back).status_code == 302
    client.post("/sign-out/")
    assert come_back(client, back).status_code == 403


def test_a_code_without_its_verifier_is_worth_nothing(provider: provider_process.Provider) -> None:
    client = Client()
    back = provider.choose(changed(leave(client), code_challenge="A" * 43), SUB)
    answer = come_back(client, back)
    assert (answer.status_code, NOT_AS_SENT in answer.content.decode()) == (403, True)


def test_a_token_for_another_nonce_is_refused(provider: provider_process.Provider) -> None:
    client = Client()
    back = provider.choose(changed(leave(client), nonce="another-nonce-altogether"), SUB)
    assert come_back(client, back).status_code == 403


def test_a_userinfo_about_somebody_else_is_refused(
    provider: provider_process.Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from authlib.integrations.django_client.apps import DjangoOAuth2App

    whole = DjangoOAuth2App.userinfo
    monkeypatch.setattr(DjangoOAuth2App, "userinfo", lambda self, **k: whole(self, **k) | {"sub": "1"})
    answer = sign_in(Client(), provider)
    assert (answer.status_code, NOT_AS_SENT in answer.content.decode()) == (403, True)


def test_a_token_from_another_issuer_is_refused(
    provider: provider_process.Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oidc_provider_mock import _app

    config = _app.OpenIDCode.get_jwt_config
    for wrong in ({"iss": "https://evil.example"}, {"exp": -3600}):
        monkeypatch.setattr(_app.OpenIDCode, "get_jwt_config", lambda *a, w=wrong, **k: config(*a, **k) | w)
        answer = sign_in(Client(), provider)
        assert (answer.status_code, NOT_AS_SENT in answer.content.decode()) == (403, True), wrong


def test_a_token_signed_by_somebody_else_is_refused(
    provider: provider_process.Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from authlib import jose
    from oidc_provider_mock import _app

    config = _app.OpenIDCode.get_jwt_config
    other = jose.RSAKey.generate_key(is_private=True).as_dict(is_private=True)
    monkeypatch.setattr(_app.OpenIDCode, "get_jwt_config", lambda *a, **k: config(*a, **k) | {"key": other})
    assert sign_in(Client(), provider).status_code == 403


def test_refusing_there_is_said_plainly_here(provider: provider_process.Provider) -> None:
    client = Client()
    there = leave(client)
    answer = come_back(client, provider.refuse(there))
    assert (answer.status_code, "did not sign you in" in answer.content.decode()) == (403, True)


def test_a_provider_that_does_not_answer(provider: provider_process.Provider) -> None:
    web = {
        **settings.DEPLOYMENT.web,
        "oidc": {**settings.DEPLOYMENT.web["oidc"], "issuer": "http://localhost:9"},
    }
    with override_settings(DEPLOYMENT=replace(settings.DEPLOYMENT, web=web)):
        answer = Client().post("/sign-in/provider/", {})
    assert (answer.status_code, "does not answer" in answer.content.decode()) == (403, True)


def test_what_was_being_sent_waits_through_a_visit_to_the_provider(
    provider: provider_process.Provider,
) -> None:
    client = Client(enforce_csrf_checks=True)

    def go(path: str, fields: dict[str, str]) -> Any:
        token = form_token(client.get("/sign-in/").content.decode())
        return client.post(path, {**fields, "csrfmiddlewaretoken": token})

    come_back(client, provider.choose(go("/sign-in/provider/", {})["location"], SUB))
    page = client.get("/account/").content.decode()
    session = client.session
    session[SEEN] -= 3600
    session.save()
    fields = {"role": "provider-1", "csrfmiddlewaretoken": form_token(page)}
    page = client.post("/account/role/", fields).content.decode()
    assert "Sign in with NHS Care Identity" in page
    assert 'name="password"' not in page
    import re

    kept = re.search(r'name="kept" value="([^"]+)"', page)
    assert kept is not None
    fields = {"kept": kept[1], "next": "/account/", "csrfmiddlewaretoken": form_token(page)}
    there = client.post("/sign-in/provider/", fields)["location"]
    assert come_back(client, provider.choose(there, SUB))["location"] == "/account/carry-on/"
    assert "provider-1" in client.get("/account/carry-on/").content.decode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"issuer": "http://care-identity.example"}, "is not https"),
        ({"issuer": ""}, "issuer is missing"),
        ({"client_secret": "here"}, "never stands in the settings"),
        ({"minimum_id_assurance": 9}, "is not 0 to 3"),
        ({"roles": [{"org": "*", "code": "R1"}]}, "is not a role"),
        ({"roles": [{"org": "*", "code": "R1", "role": "king", "scope": "system"}]}, "no role 'king'"),
        ({"roles": [{"org": "*", "code": "R1", "role": "clinician", "scope": "system"}]}, "is not held for"),
        ({"roles": [{"org": "*", "code": "R1", "role": "clinician", "scope": "ward-{org}"}]}, "no scope"),
        (
            {"roles": [{"org": "*", "code": "R1", "role": "administrator", "scope": "system"}]},
            "administrators",
        ),
    ],
)
def test_settings_that_would_let_the_wrong_people_in(change: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        oidc.read({**settings.DEPLOYMENT.web["oidc"], **change}, settings.DEPLOYMENT.home)


def test_the_secret_comes_from_a_file_of_the_owner_alone(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(oidc.SECRET)
    section = {**settings.DEPLOYMENT.web["oidc"]}
    with pytest.raises(SettingsError, match="not known"):
        oidc.read(section, tmp_path)
    path = tmp_path / "secret"
    path.write_text("hush\n")
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="read by others"):
        oidc.read({**section, "secret_file": "secret"}, tmp_path)
    path.chmod(0o600)
    assert oidc.read({**section, "secret_file": "secret"}, tmp_path).secret == "hush"
