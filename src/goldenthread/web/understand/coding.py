"""Coding quality: can this figure be believed, and who puts it right?"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from goldenthread.cohorts import Population, Scope
from goldenthread.web.site.caching import remembered
from goldenthread.web.site.data import Edition, editions
from goldenthread.web.site.rules import page
from goldenthread.web.site.templates import exists, markup
from goldenthread.web.understand.figures import csv_of, rows_of
from goldenthread.web.understand.links import ask_address, sections_of

PURPOSE = "planning"
_WIDTH = 720


@page("see_figures", scope="scope", tier="pseudonymised")
def coding_page(request: HttpRequest, scope: str) -> HttpResponse:
    """Codes likely missing or wrong, registers beside what is expected, and results that cannot be read."""
    place: Scope = request.scope
    content = content_of(place, request.working.recipient)
    return render(
        request,
        "understand/coding.jinja",
        {
            "place": place,
            "sections": sections_of(place),
            "c": content,
            "families": [(title, _linked(request, place, rows)) for title, rows in content["families"]],
            "conditions": f"/understand/{place.slug}/coding/condition/",
            "file": f"/understand/{place.slug}/coding.csv",
            "may_ask": request.working.may("ask"),
        },
    )


@page("see_figures", scope="scope", tier="pseudonymised")
def coding_csv(request: HttpRequest, scope: str) -> HttpResponse:
    """What the checks found, as a file."""
    place: Scope = request.scope
    response = HttpResponse(
        "\ufeff" + content_of(place, request.working.recipient)["csv"], content_type="text/csv; charset=utf-8"
    )
    name = f"coding-{place.slug}-{editions().current().snapshot.data_date.isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@page("see_figures", scope="scope", tier="pseudonymised")
def condition_page(request: HttpRequest, scope: str) -> HttpResponse:
    """The condition chosen from the list, by practice."""
    from goldenthread.insight.inequality import title_of

    place: Scope = request.scope
    edition = editions().current()
    conditions = edition.catalogue.conditions
    name = request.GET.get("name", "copd")
    if name not in conditions:
        raise Http404
    recipient = request.working.recipient

    def make() -> dict[str, Any]:
        return _condition(edition, edition.population(PURPOSE, recipient).within(place), name)

    def codes() -> list[dict[str, str]]:
        return _codes(edition.population(PURPOSE, recipient).within(place), conditions[name])

    content = remembered(edition, PURPOSE, ("coding condition", place.slug, name), make)
    # how often each code is used is remembered for each reader, as every question is that is not rounded
    used = remembered(edition, PURPOSE, ("coding codes", place.slug, name, recipient), codes)
    registers = sorted(((c.name, title_of(c)) for c in conditions.values()), key=lambda x: x[1].lower())
    return render(
        request,
        "understand/coding_condition.jinja",
        {
            "place": place,
            "sections": sections_of(place),
            "c": content,
            "name": name,
            "conditions": registers,
            "chart": markup(content["chart"]),
            "codes": used,
            "checks": _linked(request, place, content["checks"]),
            "trend": f"/understand/{place.slug}/inequality/?{urlencode({'indicator': name, 'view': 'trend'})}",
            "coding": f"/understand/{place.slug}/coding/",
            "may_ask": request.working.may("ask"),
        },
    )


def content_of(place: Scope, recipient: str) -> dict[str, Any]:
    """What the page shows, worked out once for each state of the data."""
    edition = editions().current()

    def make() -> dict[str, Any]:
        return _made(edition.population(PURPOSE, recipient).within(place))

    return remembered(edition, PURPOSE, ("coding", place.slug), make)


def _made(population: Population) -> dict[str, Any]:
    from goldenthread.insight.coding import FAMILIES, doubtful, findings, recorded

    level = "practice" if population.scope.kind in ("pcn", "practice", "lsoa", "msoa") else "pcn"
    found, registers, results = findings(population), recorded(population, level), doubtful(population)
    heads = [
        ("Population", population.scope.words),
        ("As at", found.index_date.isoformat()),
        ("Data to", found.data_date.isoformat()),
        ("Covers", population.coverage.words),
        ("Hidden", found.table.message),
    ]
    return {
        "reading": found.reading,
        "families": [(title, [_finding(f) for f in found.of(family)]) for family, title in FAMILIES.items()],
        "checks": len(found.findings),
        "level": {"practice": "practice", "pcn": "primary care network"}[level],
        "registers_reading": registers.reading,
        "low": [_register(r) for r in registers.low],
        "high": [_register(r) for r in registers.high],
        "perhaps": sum(1 for r in registers.rows if r.verdict.startswith("perhaps")),
        "perhaps_low": [
            _register(r)
            for r in sorted(registers.rows, key=lambda r: (r.ratio is None, r.ratio))
            if r.verdict == "perhaps fewer"
        ],
        "compared": len(registers.rows),
        "results_reading": results.reading,
        "results": _doubts(results.table)[:20],
        "practices": _practices(results),
        "message": found.table.message,
        "csv": csv_of(heads, found.table),
    }


def _finding(finding: Any) -> dict[str, str]:
    from goldenthread.insight.inequality import within

    check = finding.check
    return {
        "name": check.name,
        "title": check.title,
        "within": within(check.title),
        "rule": check.rule,
        "action": check.action,
        "source": check.source,
        "people": "fewer than 8" if finding.people is None else f"{finding.people:,}",
        "among": "hidden" if finding.among is None else f"{finding.among:,}",
        "share": "" if finding.share is None else f"{finding.share:.1%}",
        "expression": finding.expression,
        "none": "yes" if finding.people == 0 else "",
    }


def _register(row: Any) -> dict[str, str]:
    return {
        "condition": row.condition,
        "title": row.title,
        "place": row.place,
        "place_name": row.place_name,
        "count": "hidden" if row.count is None else f"{row.count:,}",
        "expected": "hidden" if row.expected is None else f"{row.expected:,.0f}",
        "ratio": "" if row.ratio is None else f"{row.ratio:.2f} ({row.lower:.2f} to {row.upper:.2f})",
        "verdict": row.verdict,
    }


def _doubts(table: Any) -> list[dict[str, str]]:
    """Doubtful results by measurement, most people first."""
    from goldenthread.insight.inequality import spoken

    found = []
    for n in range(len(table.frame)):
        row, hidden = table.frame.iloc[n], table.suppressed.iloc[n]
        people = -1 if bool(hidden["people"]) else int(row["people"])
        found.append(
            {
                "measurement": spoken(str(row["measurement"])),
                "words": str(row["words"]),
                "people": "fewer than 8" if people < 0 else f"{people:,}",
                "measured": "hidden" if bool(hidden["measured"]) else f"{int(row['measured']):,}",
                "sort": f"{people:09d}",
            }
        )
    return sorted(found, key=lambda r: r["sort"], reverse=True)


def _practices(results: Any) -> list[dict[str, str]]:
    table = results.by_practice
    found = []
    for n in range(len(table.frame)):
        row, hidden = table.frame.iloc[n], table.suppressed.iloc[n]
        known = not bool(hidden["share"]) and row["share"] == row["share"]
        found.append(
            {
                "name": str(row["practice_name"]),
                "people": "hidden" if bool(hidden["people"]) else f"{int(row['people']):,}",
                "measured": "hidden" if bool(hidden["measured"]) else f"{int(row['measured']):,}",
                "share": f"{row['share']:.1%}" if known else "",
                "sort": f"{row['share']:.6f}" if known else "",
            }
        )
    return [*sorted(found[:-1], key=lambda r: r["sort"], reverse=True), *found[-1:]]


def _condition(edition: Edition, population: Population, name: str) -> dict[str, Any]:
    from goldenthread.insight.coding import coding_note, england, findings, prevalence

    answer, note = prevalence(population, name), coding_note(population, name)
    condition = edition.catalogue.conditions[name]
    concerned = [c.name for c in edition.catalogue.coding_checks.values() if name in c.concerns]
    checks = findings(population, concerned).findings if concerned else ()
    published = england(condition)
    return {
        "title": answer.outcome.title,
        "reading": answer.reading,
        "note": note.sentence if note is not None else "",
        "england": f"{published:.1%}" if published is not None else "",
        "rule": condition.rule,
        "source": condition.source,
        "rows": rows_of(answer.table, answer.outcome, answer.verdict),
        "chart": answer.funnel(width=_WIDTH).html(),
        "checks": [_finding(f) for f in checks],
        "notes": list(answer.notes),
        "message": answer.table.message,
    }


def _codes(population: Population, condition: Any) -> list[dict[str, str]]:
    """Which codes of the condition are in use here, and which nobody uses."""
    from goldenthread.cohorts import code_use

    found = []
    for listed in condition.codes[:3]:
        codelist = population.catalogue.codelists.get(listed)
        if codelist is None or len(codelist.codes) > 400:
            continue
        table, _ = code_use(population, codelist)
        for n in range(len(table.frame)):
            row = table.frame.iloc[n]
            hidden = bool(table.suppressed["people"].iloc[n])
            people = -1 if hidden else int(row["people"])
            if people != 0:
                shown = "too few to show" if hidden else f"{people:,}"
                found.append(
                    {
                        "code": str(row["code"]),
                        "term": str(row["term"]),
                        "people": shown,
                        "sort": f"{people:09d}",
                    }
                )
    return sorted(found, key=lambda r: r["sort"], reverse=True)[:12]


def _linked(request: HttpRequest, place: Scope, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Each finding with where it leads: its practices, and the question from which a list can be released to them."""
    ask = exists(f"/ask/{place.slug}/") and request.working.may("ask")
    found = []
    for row in rows:
        more = {
            "by": f"/understand/{place.slug}/inequality/?{urlencode({'indicator': row['name'], 'view': 'places'})}"
        }
        if ask:
            more["ask"] = ask_address(place, row["expression"])
        found.append(row | more)
    return found
