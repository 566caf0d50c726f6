"""Every address tried by every role: a page opens only where its rule says so, and a page without a rule for nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from goldenthread.web.accounts.roles import ROLES
from goldenthread.web.site.rules import Rule, rule_of
from tests.web.conftest import SCOPES
from tests.web.samples import SAMPLES


@dataclass(frozen=True)
class Address:
    """One entry of the URL configuration, with sample values put in."""

    name: str
    path: str
    rule: Rule | None
    view: Any


def _patterns(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        where = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _patterns(entry, where)
        else:
            yield where, entry


def addresses() -> list[Address]:
    """Everything the site answers to."""
    found = []
    for where, entry in _patterns(get_resolver()):
        path = "/" + where
        for part in entry.pattern.converters:
            key = f"{entry.name}.{part}"
            if key not in SAMPLES and part not in SAMPLES:
                raise AssertionError(f"{where}: give {part!r} a value in tests/web/samples.py")
            value = SAMPLES.get(key, SAMPLES.get(part))
            for kind in ("str", "int", "slug", "uuid", "path"):
                path = path.replace(f"<{kind}:{part}>", str(value))
            path = path.replace(f"<{part}>", str(value))
        assert "<" not in path, f"{where}: a part of the address has no sample value"
        found.append(Address(entry.name or where, path, rule_of(entry.callback), entry.callback))
    return found


ALL = addresses()


def test_every_page_has_a_rule() -> None:
    assert [a.path for a in ALL if a.rule is None] == []


@pytest.mark.parametrize("address", ALL, ids=lambda a: a.name)
def test_nobody_gets_in_without_signing_in(site: None, address: Address) -> None:
    answer = Client().get(address.path)
    assert address.rule is not None
    if address.rule.public:
        assert answer.status_code in (200, 302, 400, 404, 405)
    elif address.path.startswith("/api/"):
        assert answer.status_code in (401, 403)
    else:
        assert answer.status_code == 302
        assert answer["location"].startswith("/sign-in/")


@pytest.mark.parametrize("role", list(ROLES))
def test_a_role_opens_what_its_rule_says_and_nothing_else(
    client_for: Callable[..., Client], role: str
) -> None:
    client = client_for(role)
    wrong = []
    for address in ALL:
        assert address.rule is not None
        if address.rule.public or address.name == "sign_out":
            continue
        may = address.rule.permission in ROLES[role].permissions
        inside = address.rule.scope is None or SCOPES.get(role, "system") in ("system", "pcn-UZ001")
        status = client.get(address.path).status_code
        refused = status in (401, 403)
        if refused != (not (may and inside)) and not (status == 403 and address.path.startswith("/api/")):
            wrong.append((address.path, status, "may" if may and inside else "may not"))
        if status >= 500:
            wrong.append((address.path, status, "failed"))
    assert wrong == []


@pytest.mark.parametrize("role", ["clinical_director", "clinician"])
def test_nobody_opens_another_scope(client_for: Callable[..., Client], role: str) -> None:
    client = client_for(role)
    for address in ALL:
        if address.rule is None or address.rule.scope is None:
            continue
        for other in ("pcn-UZ002", "system", "district-E07000136"):
            path = address.path.replace("pcn-UZ001", other)
            answer = client.get(path)
            assert answer.status_code in (403, 404), path
            if answer.status_code == 403 and not path.startswith("/api/"):
                assert "Ask your information governance lead" in answer.content.decode() or (
                    "does not open this page" in answer.content.decode()
                )


def test_a_view_without_a_rule_opens_for_nobody(client_for: Callable[..., Client]) -> None:
    from django.core.exceptions import PermissionDenied
    from django.http import HttpResponse

    from goldenthread.web.site.middleware import Gate

    gate = Gate(lambda request: HttpResponse())
    with pytest.raises(PermissionDenied, match="no rule"):
        gate.process_view(RequestFactory().get("/"), lambda request: HttpResponse(), (), {})
