"""Making, ending and recognising tokens."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from goldenthread.cohorts import CohortError, ScopeTree
from goldenthread.errors import GoldenThreadError
from goldenthread.web.accounts.models import Assignment, User
from goldenthread.web.accounts.records import note
from goldenthread.web.accounts.roles import ROLES
from goldenthread.web.accounts.working import Working
from goldenthread.web.api.models import Token
from goldenthread.web.api.problems import problem

PREFIX = "gt_"
PURPOSES = ("planning", "evaluation")
LONGEST_DAYS = 365
MOST = 20
_NOTED_EVERY = timedelta(minutes=5)


class TokenError(GoldenThreadError):
    """A token that cannot be made as asked."""


def make_token(
    working: Working, name: str, scope: str, purpose: str, days: int, tree: ScopeTree
) -> tuple[Token, str]:
    """A token for part of what a role may see; its secret is told this once."""
    name = " ".join(name.split())
    if not name or len(name) > 80:
        raise TokenError(
            "The token has no name, or one of more than 80 characters.", "Say which program uses it."
        )
    if not working.may("use_api"):
        raise TokenError("Your role does not use the API.", "Ask an administrator.")
    if working.assignment.pk is None:
        raise TokenError(
            "Your role here lasts only while you are signed in.",
            "Ask an administrator to give your account the role, then make the token.",
        )
    if purpose not in PURPOSES:
        raise TokenError(
            f"Tokens are not made for the purpose {purpose[:40]!r}.", f"Use one of: {', '.join(PURPOSES)}."
        )
    if not 1 <= days <= LONGEST_DAYS:
        raise TokenError("A token lasts for 1 to 365 days.", "Choose a number between.")
    try:
        wanted = tree.get(scope)
    except CohortError as error:
        raise TokenError(error.message, "Choose one from the list.") from None
    if not working.covers(wanted, tree):
        raise TokenError(f"{wanted.words} is outside what you look after.", "Choose one from the list.")
    if sum(t.works for t in Token.objects.filter(user=working.user)) >= MOST:
        raise TokenError(f"You have {MOST} tokens already.", "End one that is no longer used.")
    secret = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        made = Token.objects.create(
            user=working.user,
            name=name,
            secret_hash=_hash(secret),
            role=working.role.name,
            scope=wanted.slug,
            purpose=purpose,
            expires=timezone.localdate() + timedelta(days=days),
        )
        note(
            "token.made",
            working,
            subject=f"token:{made.pk}",
            token_scope=wanted.slug,
            purpose=purpose,
            days=days,
        )
    return made, secret


def end_token(working: Working, token: Token) -> None:
    """End a token now."""
    with transaction.atomic():
        token.ended = timezone.now()
        token.save(update_fields=["ended"])
        note("token.ended", working, subject=f"token:{token.pk}")


def token_for(secret: str) -> Token | None:
    """The token of a secret, where it still works and its owner's account does."""
    if not secret.startswith(PREFIX) or len(secret) > 100:
        return None
    found = Token.objects.select_related("user").filter(secret_hash=_hash(secret)).first()
    if found is None or not found.works or not found.user.is_active:
        return None
    now = timezone.now()
    if found.last_used is None or now - found.last_used > _NOTED_EVERY:
        Token.objects.filter(pk=found.pk).update(last_used=now)
    return found


def working_with(token: Token, tree: ScopeTree) -> Working | None:
    """The role and scope of a token, where its owner still holds that role for a scope around it."""
    user: User = token.user
    role = ROLES.get(token.role)
    if role is None:
        return None
    for held in user.assignments_now().filter(role=token.role):
        try:
            if tree.inside(tree.get(token.scope), tree.get(held.scope)):
                made = Assignment(
                    user=user, role=token.role, scope=token.scope, starts=held.starts, ends=held.ends
                )
                return Working(user, made, role)
        except CohortError:
            continue
    return None


class TokenCare:
    """Recognises a token at the addresses of the API. Elsewhere a token opens nothing."""

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.token = None
        sent = request.headers.get("Authorization", "")
        if request.path.startswith("/api/") and sent:
            kind, _, secret = sent.partition(" ")
            found = token_for(secret.strip()) if kind.lower() == "bearer" else None
            if found is None:
                answer = problem(
                    401, "The token does not work", "It is not known here, has expired, or was ended.",
                    "Make another under Account, Tokens.",
                )  # fmt: skip
                answer["WWW-Authenticate"] = 'Bearer realm="Golden Thread", error="invalid_token"'
                return answer
            request.token, request.user = found, found.user
        return self.respond(request)


def _hash(secret: str) -> str:
    """A plain hash is enough: the secret is 256 random bits, not a word that could be guessed."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
