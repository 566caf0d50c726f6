"""A demonstration has an account for each role; a real system has none."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.conf import settings
from django.test import Client

from goldenthread.web.accounts import demo_users
from goldenthread.web.accounts.errors import AccountError
from goldenthread.web.accounts.models import User
from goldenthread.web.accounts.roles import ROLES
from tests.web.accounts.conftest import SignIn, post


@pytest.fixture(autouse=True)
def _nobody_yet(site: None) -> Iterator[None]:
    """Other tests of this process leave accounts behind, and a server its file; both come back afterwards."""
    User.objects.all().delete()
    kept = settings.DEPLOYMENT.web_dir / demo_users.FILE
    before = kept.read_bytes() if kept.exists() else None
    yield
    kept.unlink(missing_ok=True)
    if before is not None:
        kept.write_bytes(before)
        kept.chmod(0o600)


@pytest.fixture
def made() -> list[demo_users.DemoUser]:
    (settings.DEPLOYMENT.web_dir / demo_users.FILE).unlink(missing_ok=True)
    return demo_users.make(settings.DEPLOYMENT)


def test_every_role_can_be_tried(made: list[demo_users.DemoUser]) -> None:
    assert {u.role for u in made} == {r.title for r in ROLES.values()}
    assert len({u.password for u in made}) == len(ROLES)
    for who in made:
        client = Client()
        assert (
            client.post("/sign-in/", {"username": who.username, "password": who.password}).status_code == 302
        )
        assert client.get("/account/").status_code == 200


def test_the_same_accounts_are_told_again(made: list[demo_users.DemoUser]) -> None:
    assert demo_users.make(settings.DEPLOYMENT) == made
    assert User.objects.count() == len(made)


def test_scopes_suit_the_roles(made: list[demo_users.DemoUser]) -> None:
    for user in User.objects.all():
        held = user.assignments.get()
        kind = held.scope.partition("-")[0]
        assert kind in ROLES[held.role].kinds


def test_passwords_are_for_the_owner_of_the_folder_alone(made: list[demo_users.DemoUser]) -> None:
    mode = (settings.DEPLOYMENT.web_dir / demo_users.FILE).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_password_that_was_changed_is_not_told(made: list[demo_users.DemoUser], sign_in: SignIn) -> None:
    client = sign_in("analyst", made[0].password)
    new = "one two three four five"
    sent = {"old_password": made[0].password, "new_password": new, "new_password_again": new}
    assert post(client, "/account/password/", sent).status_code == 302
    again = demo_users.make(settings.DEPLOYMENT)
    assert again[0].password == demo_users.CHANGED
    assert again[1:] == made[1:]


def test_a_real_system_has_none() -> None:
    with pytest.raises(AccountError, match="real system"):
        demo_users.make(replace(settings.DEPLOYMENT, synthetic=False))
    assert not User.objects.exists()
