"""In which role, and for whose population, a signed-in person works now."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from goldenthread.cohorts import CohortError, Scope, ScopeTree
from goldenthread.errors import GoldenThreadError
from goldenthread.web.accounts.models import Assignment, User
from goldenthread.web.accounts.roles import ROLES, Role
from goldenthread.web.site.data import editions
from goldenthread.web.site.rules import Permission

SESSION_KEY = "assignment"
PROVIDER_ROLES = "provider_roles"
"""Roles that the identity provider gave at this sign-in: (role, scope) pairs that end with the session."""
ASSURANCE = "assurance"
"""How strongly the provider says the person was authenticated, 1 to 3; passwords have none."""


@dataclass(frozen=True)
class Working:
    """A person in one of their roles."""

    user: User
    assignment: Assignment
    role: Role
    assurance: int | None = None

    @property
    def scope(self) -> Scope:
        """Whose population the role is held for."""
        return Scope.parse(self.assignment.scope)

    @property
    def recipient(self) -> str:
        """Under what name the ledger of answers remembers what this person was told."""
        return f"user:{self.user.username}"

    @property
    def scope_name(self) -> str:
        """The name of the scope, for the header; its code before the first refresh."""
        try:
            return self.scope_words(editions().current().tree)
        except GoldenThreadError:
            return self.scope.words

    def may(self, permission: Permission) -> bool:
        """Whether the role has a permission."""
        return permission in self.role.permissions

    def covers(self, scope: Scope, tree: ScopeTree) -> bool:
        """Whether a scope lies inside the one that the role is held for."""
        try:
            return tree.inside(scope, self.scope)
        except CohortError:
            return False

    def scope_words(self, tree: ScopeTree) -> str:
        """The name of the scope; its code where the data no longer hold it."""
        try:
            return tree.get(self.assignment.scope).words
        except CohortError:
            return self.scope.words


def held_in(request: HttpRequest, user: User) -> dict[str, Assignment]:
    """The roles that a person holds today, by the key that the session chooses one with.

    Roles from the identity provider are not kept in the database: they hold for this session only.
    """
    held = {str(a.pk): a for a in user.assignments_now() if a.role in ROLES}
    for number, (role, scope) in enumerate(request.session.get(PROVIDER_ROLES, [])):
        if role in ROLES:
            held[f"provider-{number}"] = Assignment(
                user=user, role=role, scope=scope, granted_by="identity provider"
            )
    return held


def working_as(request: HttpRequest) -> Working | None:
    """The role chosen in this session, or the first that the person holds; ``None`` where they hold none today."""
    user = request.user
    if not isinstance(user, User):
        return None
    token = getattr(request, "token", None)
    if token is not None:
        from goldenthread.web.api.tokens import working_with

        return working_with(token, editions().current().tree)
    held = held_in(request, user)
    if not held:
        return None
    found = held.get(str(request.session.get(SESSION_KEY, "")))
    if found is None:
        found = next(iter(held.values()))
    return Working(user, found, ROLES[found.role], request.session.get(ASSURANCE))
