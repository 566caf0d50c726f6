"""Where findings lead: each address in one place, shown only where its page exists."""

from __future__ import annotations

from urllib.parse import urlencode

from goldenthread.cohorts import Scope
from goldenthread.insight.profile import Finding, Link
from goldenthread.web.accounts.working import Working
from goldenthread.web.site.rules import Permission
from goldenthread.web.site.templates import exists


def ask_address(scope: Scope, expression: str) -> str:
    """The Ask page with an expression filled in, for a scope."""
    return f"/ask/{scope.slug}/?{urlencode({'q': expression})}"


def address_of(link: Link, scope: Scope) -> str:
    """Where a link of a finding leads; nothing where there is no such page."""
    address = {
        "ask": ask_address(scope, link.target),
        "indicator": f"/understand/{scope.slug}/inequality/?{urlencode({'indicator': link.target})}",
        "coding": f"/understand/{scope.slug}/coding/",
        "template": f"/initiatives/new/?{urlencode({'template': link.target, 'scope': scope.slug})}",
    }[link.kind]
    return address if exists(address.partition("?")[0]) else ""


_NEEDS: dict[str, Permission] = {"ask": "ask", "template": "run_initiatives"}


def links_of(finding: Finding, scope: Scope, working: Working) -> list[dict[str, str]]:
    """What this person can do about a finding, for the part that it is about."""
    place = finding.place or scope
    found = [
        {"words": x.words, "href": address_of(x, place), "kind": x.kind}
        for x in finding.links
        if x.kind not in _NEEDS or working.may(_NEEDS[x.kind])
    ]
    return [x for x in found if x["href"]]


def sections_of(scope: Scope) -> list[dict[str, str]]:
    """The pages about one population."""
    pages = (
        ("Profile", f"/understand/{scope.slug}/"),
        ("Inequality", f"/understand/{scope.slug}/inequality/"),
        ("Segments and workload", f"/understand/{scope.slug}/segments/"),
        ("Coding quality", f"/understand/{scope.slug}/coding/"),
        ("Workshop pack", f"/understand/{scope.slug}/workshop/"),
    )
    return [{"text": text, "href": href} for text, href in pages if exists(href)]
