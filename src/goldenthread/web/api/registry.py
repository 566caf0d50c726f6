"""Operations of the API: each is declared once, and its address, its checks and its description follow from that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from goldenthread import __version__
from goldenthread.cohorts import Population, Scope
from goldenthread.web.accounts.records import note
from goldenthread.web.accounts.working import Working
from goldenthread.web.api import files, limits
from goldenthread.web.api.parameters import Parameter, read_all
from goldenthread.web.api.problems import problem
from goldenthread.web.api.sheets import Sheet
from goldenthread.web.site.caching import remembered
from goldenthread.web.site.data import Edition, editions
from goldenthread.web.site.rules import Permission, page
from goldenthread.web.site.templates import covered

USUAL_PURPOSE = "planning"


@dataclass(frozen=True)
class Found:
    """What an operation found. ``title`` and ``definition`` go into every file; ``index_date`` where there is one."""

    result: Any
    title: str
    definition: str = ""
    sheets: Mapping[str, Sheet] = field(default_factory=dict)
    index_date: date | None = None


@dataclass(frozen=True)
class Asked:
    """Who asks about whom: everything that an operation may look at."""

    edition: Edition
    working: Working
    purpose: str
    scope: Scope | None
    values: Mapping[str, Any]

    @property
    def population(self) -> Population:
        """The people of the scope who may be asked about for the purpose. Answers go to the owner's own ledger."""
        whole = self.edition.population(self.purpose, self.working.recipient)
        return whole.within(self.scope) if self.scope is not None else whole


Answer = Callable[[Asked], Found]


@dataclass(frozen=True)
class Operation:
    """One address."""

    name: str
    path: str
    summary: str
    words: str
    parameters: tuple[Parameter, ...]
    tables: tuple[str, ...]
    result: Mapping[str, Any]
    answer: Answer
    permission: Permission
    kept: bool

    @property
    def scoped(self) -> bool:
        """Whether the address names a population."""
        return "<str:scope>" in self.path

    @property
    def all_parameters(self) -> tuple[Parameter, ...]:
        """Those of the operation, and those of every operation that gives tables."""
        if not self.tables:
            return self.parameters
        more = [
            Parameter("format", "JSON, or one table as a file.", "choice", ("json", "csv", "xlsx", "parquet"), usual="json")
        ]  # fmt: skip
        if len(self.tables) > 1:
            more.append(
                Parameter("table", "Which table a file holds.", "choice", self.tables, usual=self.tables[0])
            )
        return (*self.parameters, *more)


OPERATIONS: list[Operation] = []


def operation(
    path: str,
    summary: str,
    *parameters: Parameter,
    result: Mapping[str, Any],
    tables: tuple[str, ...] = (),
    permission: Permission = "use_api",
    kept: bool = False,
) -> Callable[[Answer], Answer]:
    """Declare an operation. ``kept`` answers are worked out once for each state of the data, as those of the pages are."""

    def declare(answer: Answer) -> Answer:
        words = " ".join((answer.__doc__ or "").replace("``", "").split())
        name = answer.__name__
        OPERATIONS.append(
            Operation(name, path, summary, words, parameters, tables, result, answer, permission, kept)
        )
        return answer

    return declare


def view_of(one: Operation) -> Callable[..., HttpResponse]:
    """The view of an operation: its rule, its limits, its parameters, its answer."""

    def view(request: HttpRequest, **parts: str) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            refused = problem(
                405, "Only GET", f"This address does not answer to {request.method}.", "Use GET."
            )
            refused["Allow"] = "GET, HEAD"
            return refused
        working: Working = request.working
        if not working.may(one.permission):
            return problem(
                403, "Your role does not open this", f"It needs the permission {one.permission!r}.", ""
            )
        values = read_all(one.all_parameters, request.GET)
        kind = values.pop("format", "json")
        limit, name = (limits.PER_MINUTE, "api") if kind == "json" else (limits.FILES_PER_MINUTE, "files")
        if wait := limits.bucket.wait(f"{name}:{working.user.pk}", limit):
            slow = problem(
                429,
                "Too many questions at once",
                f"{limit} a minute are answered.",
                f"Try again in {wait} seconds.",
            )
            slow["Retry-After"] = str(wait)
            return slow
        token = getattr(request, "token", None)
        purpose = token.purpose if token is not None else USUAL_PURPOSE
        table = values.pop("table", one.tables[0] if one.tables else "")
        scope: Scope | None = request.scope
        asked = Asked(editions().current(), working, purpose, scope, values | _parts(parts))
        found = _found(one, asked)
        about = about_of(asked, found, found.sheets.get(table))
        if kind == "json":
            return JsonResponse({"about": about, "result": found.result})
        return _file(request, one, asked, found, table, kind, about)

    view.__name__ = f"api_{one.name}"
    view.__doc__ = one.summary
    ruled = page(
        "use_api", scope="scope" if one.scoped else None, tier="pseudonymised" if one.scoped else "none"
    )
    return csrf_exempt(ruled(view))  # nothing is changed: only GET is answered


def about_of(asked: Asked, found: Found, sheet: Sheet | None) -> dict[str, Any]:
    """What stands beside every answer: of whom, for what, up to when, covering how much, by which rule."""
    snapshot = asked.edition.snapshot
    return {
        "title": found.title,
        "scope": asked.scope.slug if asked.scope is not None else None,
        "scope_name": asked.scope.words if asked.scope is not None else None,
        "purpose": asked.purpose,
        "index_date": found.index_date.isoformat() if found.index_date else None,
        "data_date": snapshot.data_date.isoformat(),
        "snapshot": snapshot.id,
        "coverage": _coverage(asked, sheet),
        "disclosure_policy": sheet.policy if sheet is not None else None,
        "hidden": sheet.message if sheet is not None else None,
        "source": (sheet.source if sheet is not None else "") or asked.edition.settings.name,
        "definition": found.definition,
        "definitions_hash": asked.edition.catalogue.hash(),
        "synthetic": asked.edition.settings.synthetic,
        "software": f"Golden Thread {__version__}",
    }


def _coverage(asked: Asked, sheet: Sheet | None) -> str | None:
    """What the table says of itself, or what the strip on the pages says of the population."""
    if sheet is not None and sheet.coverage:
        return sheet.coverage
    return covered(asked.population) if asked.scope is not None else None


def _parts(parts: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in parts.items() if k != "scope"}


def _found(one: Operation, asked: Asked) -> Found:
    if not one.kept or asked.scope is None:
        return one.answer(asked)
    # answers that passed a reader's own ledger are that reader's alone
    who = (asked.working.recipient,) if one.name in ("inequality", "places") else ()
    key = ("api", one.name, asked.scope.slug, *who, *(f"{k}={v}" for k, v in sorted(asked.values.items())))
    return remembered(asked.edition, asked.purpose, key, lambda: one.answer(asked))


_HEADINGS = {
    "title": "Title", "scope_name": "Population", "scope": "Scope", "purpose": "Purpose", "index_date": "As at",
    "data_date": "Data to", "coverage": "Coverage", "definition": "Definition", "hidden": "Hidden figures",
    "disclosure_policy": "Disclosure policy", "source": "Source", "snapshot": "Snapshot",
    "definitions_hash": "Definitions", "software": "Made by",
}  # fmt: skip


def _file(
    request: HttpRequest,
    one: Operation,
    asked: Asked,
    found: Found,
    table: str,
    kind: str,
    about: Mapping[str, Any],
) -> HttpResponse:
    sheet = found.sheets.get(table)
    if sheet is None:
        return problem(
            404, "No such table", f"There is no table {table!r} in this answer.", "Ask for another table."
        )
    words = {_HEADINGS[k]: str(v) for k, v in about.items() if k in _HEADINGS and v}
    words["Made on"] = timezone.localtime().strftime("%Y-%m-%d %H:%M")
    if about["synthetic"]:
        words["Mind"] = "Synthetic people and invented practices: not performance data."
    for number, said in enumerate(sheet.notes, start=1):
        words[f"Note {number}"] = said
    content = files.write(sheet, words, kind)
    where = asked.scope.slug if asked.scope is not None else "system"
    note(
        "figures.exported",
        asked.working,
        subject=f"{one.name} {where}",
        kind=kind,
        table=table,
        rows=len(sheet.rows),
    )
    response = HttpResponse(content, content_type=files.MEDIA_TYPES[kind])
    name = f"{one.name}-{table}-{where}-{about['data_date']}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
