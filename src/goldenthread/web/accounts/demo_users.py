"""Accounts to try a demonstration with: one for each role, with passwords of their own. Never in a real system."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from django.db import transaction

from goldenthread.cohorts import Scope, ScopeTree
from goldenthread.errors import GoldenThreadError
from goldenthread.settings import Settings
from goldenthread.web.accounts.errors import AccountError
from goldenthread.web.accounts.models import Assignment, User
from goldenthread.web.accounts.passwords import new_password
from goldenthread.web.accounts.roles import ROLES
from goldenthread.web.site.data import editions

FILE = "demo-users.json"
CHANGED = "(changed)"
_PEOPLE = {
    "analyst": ("Asha Analyst", "system"),
    "clinical_director": ("Clare Director", "pcn"),
    "facilitator": ("Finn Facilitator", "pcn"),
    "clinician": ("Gwen Practitioner", "practice"),
    "coordinator": ("Cora Coordinator", "practice"),
    "practice_manager": ("Max Manager", "practice"),
    "ig_lead": ("Ines Governance", "system"),
    "caldicott_guardian": ("Cal Guardian", "system"),
    "commissioner": ("Colm Commissioner", "system"),
    "academy_lead": ("Ada Academy", "system"),
    "administrator": ("Adam Administrator", "system"),
}
"""Role to invented name and the kind of scope it is shown for. The user name is the role's."""


class DemoUser(NamedTuple):
    """What a visitor needs to know to try a role."""

    username: str
    password: str
    role: str
    scope: str


def make(settings: Settings) -> list[DemoUser]:
    """Make the accounts that are not there yet; all of them, with the passwords they were made with.

    Passwords are random, and kept in ``web/demo-users.json`` for its owner alone. Raises ``AccountError``
    for a system that is not synthetic.
    """
    if not settings.synthetic:
        raise AccountError(
            f"{settings.home} is a real system; it has no demonstration accounts.",
            "Use `goldenthread accounts add`.",
        )
    path = settings.web_dir / FILE
    passwords = _read(path)
    scopes = _scopes()
    found = []
    for role, (name, kind) in _PEOPLE.items():
        username, scope = role.replace("_", "-"), scopes[kind]
        user = User.objects.filter(username=username).first()
        if user is None:
            passwords[username] = passwords.get(username) or new_password(words=3)
            _write(path, passwords)
            with transaction.atomic():
                user = User.objects.create_user(username, passwords[username], name=name)
                Assignment.objects.create(user=user, role=role, scope=scope.slug, granted_by="demonstration")
        found.append(DemoUser(username, passwords.get(username, CHANGED), ROLES[role].title, scope.words))
    return found


def forget_password(settings: Settings, username: str) -> None:
    """Somebody chose another password: the file does not go on showing the old one."""
    path = settings.web_dir / FILE
    if settings.synthetic and path.exists():
        passwords = _read(path)
        if passwords.pop(username, None) is not None:
            _write(path, passwords)


def _scopes() -> dict[str, Scope]:
    """The system, the first network that has practices, and its first practice."""
    try:
        tree: ScopeTree | None = editions().current().tree
    except GoldenThreadError:
        tree = None
    if tree is None:
        return {
            "system": Scope(),
            "pcn": Scope.parse("pcn-UZ001"),
            "practice": Scope.parse("practice-Z00001"),
        }
    by_code = sorted((s for s in tree if s.kind == "pcn"), key=lambda s: s.code)
    for pcn in by_code:
        practices = sorted(_of(tree.children(pcn), "practice"), key=lambda s: s.code)
        if practices:
            return {"system": tree.get("system"), "pcn": pcn, "practice": practices[0]}
    return {kind: tree.get("system") for kind in ("system", "pcn", "practice")}


def _of(scopes: Iterable[Scope], kind: str) -> list[Scope]:
    return [s for s in scopes if s.kind == kind]


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _write(path: Path, passwords: dict[str, str]) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(f".{path.name}")
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as stream:
        json.dump(passwords, stream, indent=1)
    os.replace(draft, path)
