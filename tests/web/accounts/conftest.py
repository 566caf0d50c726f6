"""People who sign in, and browsers that do not hold a session yet."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from goldenthread.governance import Audit, Entry
from goldenthread.settings import Settings
from goldenthread.web.accounts.models import Barrier, User
from tests.web.conftest import PASSWORD, make_user


@pytest.fixture(scope="session")
def home() -> Path:
    """Accounts need no data: the home as it is."""
    return Path(os.environ["GOLDENTHREAD_HOME"])


@pytest.fixture(autouse=True)
def fresh(site: None) -> None:
    """No waits are left over from another test."""
    Barrier.objects.all().delete()


@pytest.fixture
def anna() -> User:
    return make_user("analyst", name="anna")


@pytest.fixture
def admin() -> User:
    return make_user("administrator", name="admin")


SignIn = Callable[..., Client]


@pytest.fixture
def sign_in() -> SignIn:
    """Sign in as a person does: through the form, with its protection on."""

    def signed_in(username: str, password: str = PASSWORD, client: Client | None = None) -> Client:
        browser = client or Client(enforce_csrf_checks=True)
        answer = post(browser, "/sign-in/", {"username": username, "password": password})
        assert answer.status_code in (302, 400)
        return browser

    return signed_in


def form_token(page: str) -> str:
    """The mark in a page's form."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def post(client: Client, path: str, fields: dict[str, str], page: str = "", **more: str):
    """Open the page, fill in its form, send it."""
    form = client.get(page or path, follow=True).content.decode()
    return client.post(path, {**fields, "csrfmiddlewaretoken": form_token(form)}, **more)


@pytest.fixture
def lines() -> Callable[..., list[Entry]]:
    """What the audit log gained during the test."""
    from django.conf import settings

    deployment: Settings = settings.DEPLOYMENT
    before = len(Audit(deployment.home).entries())

    def gained(action: str = "account.*") -> list[Entry]:
        return [e for e in Audit(deployment.home).entries(action=action) if e.number > before]

    return gained
