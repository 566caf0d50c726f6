"""Nobody is led to a page that is closed to them: every link on every page of understanding and asking, for every role."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import Resolver404, resolve
from lxml import html

from goldenthread.cohorts import Scope
from goldenthread.web.accounts.roles import ROLES
from goldenthread.web.site.data import editions
from goldenthread.web.site.rules import rule_of
from tests.web.conftest import SCOPES

PAGES = (
    "/", "/scope/", "/help/", "/help/glossary/", "/learn/", "/learn/data/", "/learn/definitions/copd/",
    "/understand/{}/", "/understand/{}/inequality/", "/understand/{}/inequality/?indicator=copd&view=places",
    "/understand/{}/inequality/core20plus5/", "/understand/{}/coding/", "/understand/{}/coding/condition/?name=copd",
    "/understand/{}/segments/", "/understand/{}/workshop/", "/ask/{}/", "/ask/{}/?q=age+%3E%3D+65+and+copd", "/ask/{}/saved/",
)  # fmt: skip


@pytest.mark.parametrize("role", list(ROLES))
def test_every_link_opens_for_whoever_sees_it(client_for: Callable[..., Client], role: str) -> None:
    client, own = client_for(role), SCOPES.get(role, "system")
    closed, seen = [], 0
    for page in (p.format(own) for p in PAGES):
        answer = client.get(page)
        assert answer.status_code in (200, 403), (page, answer.status_code)
        if answer.status_code == 403:  # the matrix tests whom a page is closed to
            continue
        for link in html.fromstring(answer.content.decode()).xpath("//@href"):
            path = urlsplit(str(link)).path
            if not str(link).startswith("/") or path.startswith("/static/"):
                continue
            seen += 1
            if (why := refused(role, own, path)) is not None:
                closed.append((page, str(link), why))
    assert seen > 5
    assert closed == []


def refused(role: str, own: str, path: str) -> str | None:
    """Why an address is closed to a role that is held for a scope; ``None`` where it opens."""
    try:
        found = resolve(path)
    except Resolver404:
        return "no such page"
    rule = rule_of(found.func)
    if rule is None:
        return "no rule"
    if rule.public:
        return None
    if rule.permission not in ROLES[role].permissions:
        return f"needs {rule.permission}"
    tree = editions().current().tree
    if rule.scope is not None and not tree.inside(Scope.parse(found.kwargs[rule.scope]), Scope.parse(own)):
        return "another population"
    return None
