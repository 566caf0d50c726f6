"""Signing in at the identity provider: authorisation code with PKCE, as NHS Care Identity asks."""

from __future__ import annotations

import threading
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.django_client import OAuth
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from joserfc.errors import JoseError
from requests import RequestException

from goldenthread.errors import GoldenThreadError
from goldenthread.web.accounts import oidc
from goldenthread.web.accounts.models import User
from goldenthread.web.accounts.working import ASSURANCE, PROVIDER_ROLES, SESSION_KEY

BROKEN = (AuthlibBaseError, JoseError, RequestException, ValueError, KeyError, TypeError, RuntimeError)
"""What a provider's answer can be wrong in; each becomes the same refusal, and none shows a claim."""
_clients: dict[oidc.Provider, Any] = {}
_lock = threading.Lock()


class SignInRefusedError(GoldenThreadError):
    """The provider, or what it says about the person, does not let them in. ``cause`` is one word for the audit log."""

    def __init__(self, cause: str, message: str, remedy: str) -> None:
        self.cause = cause
        super().__init__(message, remedy)


def start(request: HttpRequest) -> HttpResponse:
    """Send the visitor to the provider, with a state, a nonce and a PKCE challenge of their own."""
    client = _client(_provider())
    back = request.build_absolute_uri(reverse("provider_back"))
    try:
        return client.authorize_redirect(request, back)
    except BROKEN as error:
        raise _unreachable() from error


def finish(request: HttpRequest) -> tuple[User, dict[str, Any]]:
    """Check the provider's answer whole; the user, and what the session will hold.

    Raises ``SignInRefusedError``. Authlib checks state, PKCE, signature, issuer, audience, nonce and times.
    """
    found = _provider()
    if request.GET.get("error"):
        raise SignInRefusedError(
            "refused_there", f"{found.name.capitalize()} did not sign you in.", "Try again, or ask them why."
        )
    client = _client(found)
    try:
        token = client.authorize_access_token(
            request, claims_options={"iss": {"essential": True, "value": found.issuer}}
        )
        claims = dict(token["userinfo"])
        about = dict(client.userinfo(token=token))
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if found.client_id not in audience or not claims.get("nonce"):
            raise ValueError("audience")
        subject = str(claims["sub"])
        if not subject or subject != str(about["sub"]):
            raise ValueError("subject")
    except BROKEN as error:
        raise SignInRefusedError(
            "answer_not_valid",
            "The sign-in did not come back as it was sent.",
            "Begin again from the sign-in page. If it happens again, tell whoever runs the system.",
        ) from error
    return _admitted(found, subject, about | claims)


def _admitted(found: oidc.Provider, subject: str, claims: dict[str, Any]) -> tuple[User, dict[str, Any]]:
    if oidc.level(claims, "id_assurance_level", "idassurancelevel") < found.minimum_id_assurance:
        raise SignInRefusedError(
            "identity_assurance",
            "Your identity has not been checked to the level that this system needs.",
            "Ask your registration authority to complete the identity check.",
        )
    strength = oidc.level(claims, "authentication_assurance_level")
    if strength < found.minimum_assurance:
        raise SignInRefusedError(
            "authentication_assurance",
            "You signed in with a method that is too weak for this system.",
            "Sign in again with your smartcard, security key or passkey.",
        )
    roles = found.roles_for(claims)
    user = _user(found, subject, claims, bool(roles))
    if not user.is_active:
        raise SignInRefusedError(
            "disabled", "Your account here has been switched off.", "Ask your administrator."
        )
    if not roles and not user.assignments_now().exists():
        raise SignInRefusedError(
            "no_role",
            "The role that you chose there opens nothing here.",
            "Choose another role when you sign in, or ask your administrator.",
        )
    return user, {PROVIDER_ROLES: roles, ASSURANCE: strength, SESSION_KEY: "provider-0" if roles else ""}


def _user(found: oidc.Provider, subject: str, claims: dict[str, Any], may_make: bool) -> User:
    """The account with this subject; made at the first sign-in of somebody whom the role map knows."""
    user = User.objects.filter(subject=subject).first()
    if user is not None:
        return user
    if not may_make:
        raise SignInRefusedError(
            "no_role",
            "The role that you chose there opens nothing here.",
            "Choose another role when you sign in, or ask your administrator.",
        )
    name = str(claims.get("name") or claims.get("display_name") or subject)[:120]
    try:
        with transaction.atomic():
            return User.objects.create_user(f"id-{subject.lower()}"[:80], None, name=name, subject=subject)
    except (
        IntegrityError,
        ValidationError,
    ) as error:  # two first sign-ins at once; a name that cannot be one
        user = User.objects.filter(subject=subject).first()
        if user is None:
            raise SignInRefusedError(
                "account", "No account could be made for you.", "Ask your administrator."
            ) from error
        return user


def _provider() -> oidc.Provider:
    found = oidc.provider()
    if found is None:
        raise SignInRefusedError("none", "No identity provider is set up here.", "Sign in with a password.")
    return found


def _client(found: oidc.Provider) -> Any:
    with _lock:
        if found not in _clients:
            more = {"acr_values": found.acr_values} if found.acr_values else {}
            _clients[found] = OAuth().register(
                "provider",
                client_id=found.client_id,
                client_secret=found.secret,
                server_metadata_url=f"{found.issuer}/.well-known/openid-configuration",
                client_kwargs={
                    "scope": found.scopes,
                    "code_challenge_method": "S256",
                    "token_endpoint_auth_method": "client_secret_post",
                    "timeout": 10,
                },
                authorize_params=more,
            )
        return _clients[found]


def _unreachable() -> SignInRefusedError:
    return SignInRefusedError(
        "unreachable",
        "The identity provider does not answer.",
        "Try again in a few minutes, or use a password.",
    )
