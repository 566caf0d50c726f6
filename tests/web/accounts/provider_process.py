"""An identity provider on this machine, made as strict as a real one: it checks PKCE and the client's secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from authlib.oauth2.rfc7636 import CodeChallenge
from oidc_provider_mock import User, _app, _storage, run_server_in_thread

CLIENT, SECRET = "golden-thread", "a secret of the client"


def _strict() -> None:
    """The provider's library ignores the challenge: keep it with the code, and have it checked."""
    if getattr(_app.AuthorizationCodeGrant, "strict", False):
        return
    challenges: dict[str, tuple[str | None, str | None]] = {}
    save = _app.AuthorizationCodeGrant.save_authorization_code

    def save_authorization_code(self: Any, code: str, request: Any) -> None:
        sent = request.payload.data
        challenges[code] = (sent.get("code_challenge"), sent.get("code_challenge_method"))
        save(self, code, request)

    call = _app.OpenIDCode.__call__

    def also_challenge(self: Any, grant: Any) -> Any:
        CodeChallenge(required=True)(grant)
        return call(self, grant)

    _app.AuthorizationCodeGrant.save_authorization_code = save_authorization_code
    _app.AuthorizationCodeGrant.strict = True
    _app.OpenIDCode.__call__ = also_challenge
    _storage.AuthorizationCode.code_challenge = property(lambda self: challenges[self.code][0])
    _storage.AuthorizationCode.code_challenge_method = property(lambda self: challenges[self.code][1])
    supported = (
        *_storage.Client.SCOPES_SUPPORTED,
        "nationalrbacaccess",
        "associatedorgs",
        "selectedrole",
        "nhsperson",
    )
    _storage.Client.SCOPES_SUPPORTED = supported


@dataclass
class Provider:
    """A running provider, and how a person uses its page."""

    issuer: str
    seen: list[str] = field(default_factory=list)

    def choose(self, address: str, sub: str) -> str:
        """Press the button of one person; the address that the browser is sent back to."""
        self.seen.append(address)
        answer = requests.post(address, data={"sub": sub}, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text[:300]
        return answer.headers["Location"]

    def refuse(self, address: str) -> str:
        """Press the other button."""
        answer = requests.post(address, data={"action": "deny"}, allow_redirects=False, timeout=10)
        return answer.headers["Location"]

    def asked(self) -> dict[str, str]:
        """What the last visit asked for."""
        return {k: v[0] for k, v in parse_qs(urlsplit(self.seen[-1]).query).items()}

    def set_claims(self, sub: str, claims: dict[str, Any]) -> None:
        """Change what the provider says about somebody."""
        requests.put(f"{self.issuer}/users/{sub}", json=claims, timeout=10).raise_for_status()


@contextmanager
def running(users: dict[str, dict[str, Any]]) -> Iterator[Provider]:
    """A provider that knows these people, until the end."""
    _strict()
    people = [User(sub=sub, claims=claims) for sub, claims in users.items()]
    with run_server_in_thread(user_claims=people, require_nonce=True) as server:
        yield Provider(f"http://localhost:{server.server_port}")
