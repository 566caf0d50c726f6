"""Programs that ask: with a token of an analyst, of the whole system unless said otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from goldenthread.web.accounts.roles import ROLES
from goldenthread.web.accounts.working import Working
from goldenthread.web.api import limits
from goldenthread.web.api.tokens import make_token
from goldenthread.web.site.data import editions
from tests.web.conftest import make_user

Ask = Callable[..., Any]


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits begin afresh for each test."""
    monkeypatch.setattr(limits, "bucket", limits.Bucket())


def token_of(
    role: str, held: str = "system", scope: str = "", purpose: str = "planning", days: int = 30
) -> str:
    """The secret of a token of somebody new."""
    user = make_user(role, held)
    working = Working(user, user.assignments.get(), ROLES[role])
    return make_token(working, "a program", scope or held, purpose, days, editions().current().tree)[1]


@pytest.fixture
def ask(site: None) -> Ask:
    """Ask the API; with a token of an analyst where none is given."""
    default = token_of("analyst")

    def asked(path: str, secret: str | None = None, **values: str) -> Any:
        headers = {"Authorization": f"Bearer {default if secret is None else secret}"} if secret != "" else {}
        return Client(headers=headers).get(f"/api/{path}" + (f"?{urlencode(values)}" if values else ""))

    return asked
