"""The template engine, and what every page knows: the navigation and the strip under the header."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, FileSystemLoader, PackageLoader
from markupsafe import Markup

from goldenthread.errors import GoldenThreadError
from goldenthread.web.site.data import editions
from goldenthread.web.site.rules import Permission

_TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


def environment(**options: Any) -> Environment:
    """Jinja2 with the house's own templates before those of the design system; everything is escaped."""
    options |= {
        "loader": ChoiceLoader([FileSystemLoader(_TEMPLATES), PackageLoader("nhsuk_frontend_jinja")]),
        "autoescape": True,
        "undefined": ChainableUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
    }
    made = Environment(**options)  # noqa: S701  autoescape is in the options
    made.globals |= {"static": asset, "url": _url, "deployment": settings.DEPLOYMENT, "url_exists": exists}
    made.filters |= {"day": day, "number": number, "percent": percent, "moment": moment}
    return made


def asset(name: str) -> str:
    """Address of a file, with a mark that changes when the file does."""
    return f"{static(name)}?v={_mark(name)}"


@cache
def _mark(name: str) -> str:
    for folder in settings.STATICFILES_DIRS:
        path = Path(folder) / name
        if path.is_file():
            return hashlib.sha256(path.read_bytes()).hexdigest()[:10]
    return "0"


def _url(name: str, *args: Any, **kwargs: Any) -> str:
    return reverse(name, args=args or None, kwargs=kwargs or None)


def day(value: date | datetime | str | None) -> str:
    """31 October 2026."""
    if isinstance(value, str):
        value = date.fromisoformat(value[:10])
    return f"{value.day} {value:%B %Y}" if value else ""


def moment(value: datetime | None) -> str:
    """31 October 2026 at 14:05, in local time."""
    if value is None:
        return ""
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    return f"{day(local)} at {local:%H:%M}"


def number(value: float | None, digits: int = 0) -> str:
    """Thousands with commas; a hidden figure is an asterisk."""
    return "*" if value is None else f"{value:,.{digits}f}"


def percent(value: float | None, digits: int = 0) -> str:
    """A fraction as a percentage; a hidden figure is an asterisk."""
    return "*" if value is None else f"{100 * value:.{digits}f}%"


@dataclass(frozen=True)
class Area:
    """One entry of the navigation."""

    title: str
    address: str
    permission: Permission
    prefix: str


AREAS: list[Area] = [
    Area("Home", "/", "signed_in", "/"),
    Area("Understand", "/understand/", "see_figures", "/understand/"),
    Area("Ask", "/ask/", "ask", "/ask/"),
    Area("Initiatives", "/initiatives/", "initiatives", "/initiatives/"),
    Area("Lists", "/lists/", "work_list", "/lists/"),
    Area("Learn", "/learn/", "signed_in", "/learn/"),
    Area("Governance", "/governance/", "govern", "/governance/"),
]
"""The main areas of work, in the order of the thread. An area shows once its pages exist."""


def page_context(request: HttpRequest) -> dict[str, Any]:
    """What the frame of every page shows."""
    working = getattr(request, "working", None)
    return {
        "working": working,
        "navigation": _navigation(request, working),
        "strip": _strip(request, working),
        "synthetic": settings.DEPLOYMENT.synthetic,
        "idle_minutes": settings.IDLE_MINUTES,
        "messages_for_page": None,
    }


def _navigation(request: HttpRequest, working: Any) -> list[dict[str, Any]]:
    if working is None:
        return []
    found = []
    for area in AREAS:
        if not working.may(area.permission) or not exists(area.address):
            continue
        here = request.path == "/" if area.prefix == "/" else request.path.startswith(area.prefix)
        found.append({"href": area.address, "text": area.title, "current": here})
    return found


@cache
def exists(address: str) -> bool:
    """Whether a page of the site has this address."""
    from django.urls import Resolver404, resolve

    try:
        resolve(address)
    except Resolver404:
        return False
    return True


def _strip(request: HttpRequest, working: Any) -> dict[str, Any] | None:
    """Whose data, which tier, up to when, covering how much: the contract with the reader."""
    rule = getattr(request, "rule", None)
    if working is None or rule is None or rule.tier == "none":
        return None
    scope = getattr(request, "scope", None)
    try:
        edition = editions().current()
        scope = scope or edition.tree.get(working.assignment.scope)
        purpose = "direct_care" if rule.tier == "identifiable" else "planning"
        coverage = covered(edition.population(purpose, working.recipient).within(scope))
    except GoldenThreadError:
        return None
    return {
        "scope": scope,
        "tier": rule.tier,
        "data_date": edition.snapshot.data_date,
        "coverage": coverage,
        "change": f"/scope/?next={quote(request.path)}",
        "why": f"/governance/sharing/{scope.slug}/",
    }


_COVERAGE: dict[tuple[str, str, str, str], str] = {}


def covered(population: Any) -> str:
    """Coverage of a population in words, worked out once for each state of the data."""
    from goldenthread.web.site.data import sharing_state

    key = (
        population.snapshot.id,
        population.scope.slug,
        population.purpose.name,
        sharing_state(settings.DEPLOYMENT, population.purpose.name),
    )
    if key not in _COVERAGE:
        if len(_COVERAGE) > 5000:
            _COVERAGE.clear()
        _COVERAGE[key] = str(population.coverage.words)
    return _COVERAGE[key]


def markup(text: str) -> Markup:
    """Text that is HTML already: a chart's drawing."""
    return Markup(text)  # noqa: S704
