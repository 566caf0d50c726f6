"""The site on a small demonstration: built once for the whole run, then copied by each process."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from goldenthread.cli import main
from goldenthread.settings import Settings, load_settings
from goldenthread.web.accounts.models import Assignment, User
from goldenthread.web.site import data

PEOPLE = 4000
PASSWORD = "correct horse battery staple"
PCN, PRACTICE = "pcn-UZ001", "practice-Z00001"
SCOPES = {
    "clinical_director": PCN,
    "facilitator": PCN,
    "clinician": PRACTICE,
    "coordinator": PRACTICE,
    "practice_manager": PRACTICE,
}
"""For whom each role is held in tests; all others for the whole system."""


@pytest.fixture(scope="session")
def home() -> Path:
    """This process's home with data in it: lake, vault and reports of a demonstration."""
    mine = Path(os.environ["GOLDENTHREAD_HOME"])
    root = Path(os.environ["GOLDENTHREAD_TEST_ROOT"])
    shared = root / "demonstration"
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "built").exists():
            try:
                main(["demo", str(shared), "--people", str(PEOPLE), "--quiet"])
            except SystemExit as stop:
                assert not stop.code, "the demonstration could not be built"
            (shared / "built").touch()
    for entry in shared.iterdir():
        if entry.name in ("goldenthread.toml", "web", "built"):
            continue
        target = mine / entry.name
        if entry.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(entry, target)
        else:
            shutil.copy2(entry, target)
    data.forget()
    return mine


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> None:
    """Argon2 as in use, but with little work: a hundred accounts are made and signed in."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    Argon2PasswordHasher.time_cost = Argon2PasswordHasher.parallelism = 1
    Argon2PasswordHasher.memory_cost = 64


@pytest.fixture(scope="session")
def deployment(home: Path) -> Settings:
    """Settings of the home."""
    return load_settings(home)


@pytest.fixture(scope="session")
def tables(home: Path) -> None:
    """The browser's own tables."""
    call_command("migrate", verbosity=0, interactive=False)


@pytest.fixture
def site(tables: None) -> Iterator[None]:
    """A test's own state of the browser's tables: whatever it writes is undone."""
    from django.db import transaction

    with transaction.atomic():
        yield
        transaction.set_rollback(True)


MakeUser = Callable[..., User]


def make_user(role: str, scope: str | None = None, name: str = "") -> User:
    """Somebody who holds one role."""
    username = name or f"{role}-{User.objects.count()}"
    user = User.objects.create_user(username, PASSWORD, name=f"Test {role}")
    Assignment.objects.create(user=user, role=role, scope=scope or SCOPES.get(role, "system"))
    return user


@pytest.fixture
def client_for(site: None) -> Callable[..., Client]:
    """A browser without a window, signed in with a role for a scope."""

    def signed_in(role: str, scope: str | None = None) -> Client:
        client = Client()
        client.force_login(make_user(role, scope))
        return client

    return signed_in
