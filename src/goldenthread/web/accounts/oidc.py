"""Settings of the identity provider, and what its claims mean here: section [web.oidc]."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from goldenthread.cohorts import CohortError, Scope
from goldenthread.settings import SettingsError
from goldenthread.web.accounts.roles import ROLES

SECRET = "GOLDENTHREAD_OIDC_SECRET"  # noqa: S105  the name of a variable
SCOPES = "openid profile email nhsperson nationalrbacaccess associatedorgs selectedrole"
_KNOWN = {
    "issuer", "client_id", "secret_file", "name", "scopes", "acr_values", "minimum_id_assurance",
    "minimum_assurance", "roles",
}  # fmt: skip


@dataclass(frozen=True)
class RoleRule:
    """Whoever works in organisation ``org`` with this national role or activity has ``role`` for ``scope`` here."""

    org: str
    code: str
    role: str
    scope: str


@dataclass(frozen=True)
class Provider:
    """An OpenID Connect provider. ``minimum_id_assurance`` is how surely it must know who the person is (1 to 3)."""

    issuer: str
    client_id: str
    secret: str
    name: str
    scopes: str
    acr_values: str
    minimum_id_assurance: int
    minimum_assurance: int
    rules: tuple[RoleRule, ...]

    def roles_for(self, claims: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The roles here that the selected national role opens; none where nothing in the settings matches."""
        chosen = selected_role(claims)
        if chosen is None:
            return []
        org = str(chosen.get("org_code", "")).upper()
        codes = {part.strip().upper() for part in str(chosen.get("role_code", "")).split(":")}
        activities = chosen.get("activity_codes", [])
        codes |= {str(code).upper() for code in activities if isinstance(activities, list)}
        found: list[tuple[str, str]] = []
        for rule in self.rules:
            if rule.org in ("*", org) and rule.code in codes:
                pair = (rule.role, rule.scope.replace("{org}", org))
                if pair not in found and _is_scope(pair[1]):
                    found.append(pair)
        return found


def selected_role(claims: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The one national role that the person chose at the provider.

    Where a choice is named it must match exactly one of the roles; without a choice there must be only one.
    """
    roles = claims.get("nhsid_nrbac_roles")
    listed = [r for r in roles if isinstance(r, dict)] if isinstance(roles, list) else []
    chosen = claims.get("selected_roleid")
    if chosen:
        listed = [r for r in listed if str(r.get("person_roleid", "")) == str(chosen)]
    return listed[0] if len(listed) == 1 else None


def level(claims: Mapping[str, Any], *names: str) -> int:
    """A level of assurance, which providers write as a number or as text; 0 where it is not said.

    >>> level({"idassurancelevel": "3"}, "id_assurance_level", "idassurancelevel")
    3
    """
    for name in names:
        try:
            return int(str(claims[name]))
        except (KeyError, ValueError):
            continue
    return 0


def provider() -> Provider | None:
    """The deployment's provider; ``None`` where passwords are the only way in. ``SettingsError`` says what is off."""
    section = settings.DEPLOYMENT.web.get("oidc")
    if section is None:
        return None
    return read(section, settings.DEPLOYMENT.home)


def provider_name() -> str:
    """What the provider is called on the button; empty where there is none."""
    section = settings.DEPLOYMENT.web.get("oidc")
    return str(section.get("name", "your organisation")) if isinstance(section, dict) else ""


def read(section: Any, home: Path) -> Provider:
    """Check the section [web.oidc] whole: a typing error must not let the wrong people in."""
    where = f"{home / 'goldenthread.toml'}, [web.oidc]"
    if not isinstance(section, dict):
        raise SettingsError(f"{where} is not a section.", "See docs/serve.md.")
    if unknown := sorted(set(section) - _KNOWN):
        more = " The secret never stands in the settings." if "secret" in unknown[0] else ""
        raise SettingsError(
            f"{where}: unknown setting {unknown[0]!r}.{more}", f"Use one of {sorted(_KNOWN)}."
        )
    for name in ("issuer", "client_id"):
        if not isinstance(section.get(name), str) or not section[name]:
            raise SettingsError(f"{where}: {name} is missing.", "The provider tells it when you register.")
    issuer = section["issuer"].rstrip("/")
    if not issuer.startswith("https://") and not issuer.startswith(
        ("http://localhost:", "http://127.0.0.1:")
    ):
        raise SettingsError(f"{where}: issuer {issuer!r} is not https.", "Use the provider's https address.")
    levels = {}
    for name, usual in (("minimum_id_assurance", 3), ("minimum_assurance", 2)):
        levels[name] = section.get(name, usual)
        if levels[name] not in (0, 1, 2, 3) or isinstance(levels[name], bool):
            raise SettingsError(f"{where}: {name} is not 0 to 3.", "Write the level as a number.")
    return Provider(
        issuer=issuer,
        client_id=section["client_id"],
        secret=_secret(section, home, where),
        name=str(section.get("name", "your organisation")),
        scopes=str(section.get("scopes", SCOPES)),
        acr_values=str(section.get("acr_values", "")),
        rules=_rules(section.get("roles", []), where),
        **levels,
    )


def _rules(listed: Any, where: str) -> tuple[RoleRule, ...]:
    found = []
    for entry in listed if isinstance(listed, list) else [listed]:
        if not isinstance(entry, dict) or set(entry) != {"org", "code", "role", "scope"}:
            raise SettingsError(
                f"{where}: {entry!r} is not a role.", "Give org, code, role and scope each time."
            )
        rule = RoleRule(
            str(entry["org"]).upper(), str(entry["code"]).upper(), str(entry["role"]), str(entry["scope"])
        )
        if rule.role not in ROLES:
            raise SettingsError(f"{where}: there is no role {rule.role!r}.", f"Use one of {sorted(ROLES)}.")
        if not _is_scope(rule.scope.replace("{org}", "A00001")):
            raise SettingsError(
                f"{where}: there is no scope {rule.scope!r}.", "Write for example practice-{org}."
            )
        kind = Scope.parse(rule.scope.replace("{org}", "A00001")).kind
        if kind not in ROLES[rule.role].kinds:
            raise SettingsError(
                f"{where}: the role {rule.role} is not held for a {kind}.",
                f"It is held for: {', '.join(ROLES[rule.role].kinds)}.",
            )
        if rule.role == "administrator":
            raise SettingsError(
                f"{where}: administrators are not made by the provider.",
                "Use `goldenthread accounts role`, or the page for people.",
            )
        found.append(rule)
    return tuple(found)


def _secret(section: Mapping[str, Any], home: Path, where: str) -> str:
    if given := os.environ.get(SECRET, ""):
        return given
    if "secret_file" not in section:
        raise SettingsError(
            f"{where}: the client's secret is not known.", f"Set {SECRET}, or name a file with secret_file."
        )
    path = home / str(section["secret_file"])
    return _read_secret(path)


@cache
def _read_secret(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"{path} can be read by others.", f"Run: chmod 600 {path}")
        return path.read_text("utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.", "Correct secret_file.") from None


def _is_scope(text: str) -> bool:
    try:
        Scope.parse(text)
    except CohortError:
        return False
    return True
