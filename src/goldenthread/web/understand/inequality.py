"""Inequality: one outcome between groups, places and quarters; and Core20PLUS5."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from goldenthread.cohorts import Population, Scope
from goldenthread.web.site.caching import remembered
from goldenthread.web.site.data import Edition, editions
from goldenthread.web.site.rules import page
from goldenthread.web.site.templates import exists, markup
from goldenthread.web.understand.figures import csv_of, rows_of
from goldenthread.web.understand.links import ask_address, sections_of

PURPOSE = "planning"
FIRST = "emergency_admission_rate"
_WIDTH = 720

VIEWS = {
    "groups": "Between groups of people",
    "places": "Between practices",
    "map": "On the map",
    "trend": "Over time",
}
DIVISIONS = {
    "imd_quintile": "Deprivation, fifths",
    "imd_decile": "Deprivation, tenths",
    "ethnic_group": "Ethnic group",
    "sex": "Sex",
    "age_band": "Age",
    "rural": "Rural or urban",
}


@page("see_figures", scope="scope", tier="pseudonymised")
def inequality_page(request: HttpRequest, scope: str) -> HttpResponse:
    """Who gets less, who fares worse, by how much, and is it changing? The address holds the whole question."""
    from goldenthread.insight.inequality import groups_of

    edition = editions().current()
    place: Scope = request.scope
    catalogue = edition.catalogue
    indicator = (request.GET.get("indicator") or FIRST).strip()[:2000]
    view = request.GET.get("view", "groups") if request.GET.get("view") in VIEWS else "groups"
    divisions = DIVISIONS | {n: g.title for n, g in groups_of(catalogue).items()}
    by = request.GET.get("by", "imd_quintile")
    by = by if by in divisions else "imd_quintile"
    content = content_of(request.scope, request.working.recipient, indicator, view, by)
    named = catalogue.definitions.get(indicator)
    return render(
        request,
        "understand/inequality.jinja",
        {
            "place": place,
            "sections": sections_of(place),
            "choices": _choices(catalogue, indicator),
            "divisions": divisions,
            "core_divisions": list(DIVISIONS),
            "views": [(v, words, _address(place, indicator, by, v)) for v, words in VIEWS.items()],
            "view": view,
            "by": by,
            "indicator": indicator,
            "c": content,
            "chart": markup(content["chart"]) if content.get("chart") else "",
            "more_chart": markup(content["more_chart"]) if content.get("more_chart") else "",
            "acts": _acts(request, place, content),
            "file": f"/understand/{place.slug}/inequality.csv?{urlencode({'indicator': indicator, 'by': by, 'view': view})}",
            "definition": named,
            "core20": f"/understand/{place.slug}/inequality/core20plus5/",
        },
    )


@page("see_figures", scope="scope", tier="pseudonymised")
def inequality_csv(request: HttpRequest, scope: str) -> HttpResponse:
    """The figures of the page as a file."""
    from goldenthread.insight.inequality import groups_of

    edition = editions().current()
    indicator = (request.GET.get("indicator") or FIRST).strip()[:2000]
    view = request.GET.get("view", "groups") if request.GET.get("view") in VIEWS else "groups"
    by = request.GET.get("by", "imd_quintile")
    by = by if by in DIVISIONS or by in groups_of(edition.catalogue) else "imd_quintile"
    content = content_of(request.scope, request.working.recipient, indicator, view, by)
    response = HttpResponse("\ufeff" + content["csv"], content_type="text/csv; charset=utf-8")
    place: Scope = request.scope
    name = f"inequality-{place.slug}-{edition.snapshot.data_date.isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@page("see_figures", scope="scope", tier="pseudonymised")
def core20_page(request: HttpRequest, scope: str) -> HttpResponse:
    """Core20PLUS5: each clinical area in the most deprived fifth, in everybody else and in the PLUS groups."""
    place: Scope = request.scope
    whom = "children" if request.GET.get("whom") == "children" else "adults"
    content = core20_of(place, request.working.recipient, whom)
    for line in content["lines"]:
        query = urlencode({"indicator": line["indicator"], "by": "imd_quintile"})
        line["href"] = f"/understand/{place.slug}/inequality/?{query}"
        line["ask"] = ask_address(place, line["worse_off"]) if exists(f"/ask/{place.slug}/") else ""
    return render(
        request,
        "understand/core20.jinja",
        {
            "place": place,
            "sections": sections_of(place),
            "whom": whom,
            "c": content,
            "may_ask": request.working.may("ask"),
            "inequality": f"/understand/{place.slug}/inequality/",
        },
    )


# -- what is shown -----------------------------------------------------------------------------------------


def content_of(
    place: Scope, recipient: str, indicator: str = FIRST, view: str = "groups", by: str = "imd_quintile"
) -> dict[str, Any]:
    """The answer as texts, worked out once for each state of the data; for a typed expression once for each reader."""
    from goldenthread.insight.inequality import outcome_of

    edition = editions().current()
    population = edition.population(PURPOSE, recipient).within(place)
    what = outcome_of(population, indicator)
    who = () if what.standing else (recipient,)
    parts = ("inequality", place.slug, indicator, view, by if view == "groups" else "", *who)

    def make() -> dict[str, Any]:
        made = {"groups": _groups, "places": _places, "map": _map, "trend": _trend}[view]
        found = made(edition, population, indicator, by)
        return found | {
            "title": what.title, "rule": what.rule, "source": what.source, "english": what.english, "each": what.each,
            "share": what.share, "better": what.better, "counted": what.expression, "missed": what.without,
            "coding": _coding_sentence(population, indicator),
        }  # fmt: skip

    return remembered(edition, PURPOSE, parts, make)


def core20_of(place: Scope, recipient: str, whom: str = "adults") -> dict[str, Any]:
    """What the page of Core20PLUS5 shows, worked out once for each state of the data."""
    edition = editions().current()

    def make() -> dict[str, Any]:
        return _core20(edition.population(PURPOSE, recipient).within(place), whom)

    return remembered(edition, PURPOSE, ("core20plus5", place.slug, whom), make)


def _groups(edition: Edition, population: Population, indicator: str, by: str) -> dict[str, Any]:
    from goldenthread.insight.inequality import inequality

    answer = inequality(population, indicator, by)
    rows = rows_of(answer.table, answer.outcome)
    compared = answer.compared
    fewer = compared.fewer if compared is not None else None
    return {
        "reading": answer.reading,
        "more": answer.slope_reading,
        "rows": rows,
        "chart": answer.chart(width=_WIDTH).html(),
        "by_title": answer.by_title,
        "adjusted": answer.adjusted_words,
        "column": answer.column,
        "figures": _key(answer),
        "affected": fewer is not None and bool(fewer.lower > 0 or fewer.upper < 0),
        "notes": list(answer.notes),
        "message": answer.table.message,
        "csv": csv_of(_heads(answer, population), answer.table),
    }


def _key(answer: Any) -> list[tuple[str, str]]:
    """The comparison in up to four figures, each with its range."""
    compared, outcome = answer.compared, answer.outcome
    if compared is None:
        return []
    found = [
        (
            outcome.said(compared.figure[0]),
            f"{compared.label}: {outcome.said(compared.figure[1])} to {outcome.said(compared.figure[2])}",
        ),
        (
            outcome.said(compared.reference_figure[0]),
            f"{compared.reference_label}: {outcome.said(compared.reference_figure[1])} to {outcome.said(compared.reference_figure[2])}",
        ),
    ]
    ratio = compared.ratio
    if ratio.available:
        found.append(
            (f"{ratio.value:.2f} times", f"as high in the first: {ratio.lower:.2f} to {ratio.upper:.2f}")
        )
    return found


def _places(edition: Edition, population: Population, indicator: str, by: str) -> dict[str, Any]:
    from goldenthread.insight.inequality import places

    answer = places(population, indicator, "practice")
    return {
        "reading": answer.reading,
        "rows": rows_of(answer.table, answer.outcome, answer.verdict),
        "chart": answer.funnel(width=_WIDTH).html(),
        "is_adjusted": answer.adjusted,
        "notes": list(answer.notes),
        "message": answer.table.message,
        "csv": csv_of(_heads(answer, population), answer.table),
    }


def _map(edition: Edition, population: Population, indicator: str, by: str) -> dict[str, Any]:
    from goldenthread.cohorts import own_definitions
    from goldenthread.insight.inequality import places
    from goldenthread.insight.profile import BOUNDARY_KEYS, boundaries_of

    level = "lsoa" if population.scope.kind in ("practice", "msoa", "lsoa") else "msoa"
    answer = places(population, indicator, level)
    codes = answer.places_only().frame["place"].tolist()
    boundaries = boundaries_of(level, codes, own_definitions(edition.settings))
    chart = answer.map(boundaries, key=BOUNDARY_KEYS[level], width=_WIDTH).html() if boundaries else ""
    return {
        "reading": answer.reading,
        "rows": rows_of(answer.table, answer.outcome, answer.verdict),
        "chart": chart,
        "level": level,
        "is_adjusted": answer.adjusted,
        "notes": [*answer.notes, "By home address, of people registered here."],
        "message": answer.table.message,
        "csv": csv_of(_heads(answer, population), answer.table),
    }


def _trend(edition: Edition, population: Population, indicator: str, by: str) -> dict[str, Any]:
    from goldenthread.insight.inequality import trend

    answer = trend(population, indicator)
    chart = answer.chart(width=_WIDTH)
    return {
        "reading": answer.reading,
        "rows": rows_of(answer.table, answer.outcome),
        "chart": chart.html() if chart is not None else "",
        "notes": list(answer.notes),
        "message": answer.table.message,
        "csv": csv_of(_heads(answer, population), answer.table),
    }


def _heads(answer: Any, population: Population) -> list[tuple[str, str]]:
    return [
        ("Outcome", answer.outcome.title),
        ("Rule", answer.outcome.rule),
        ("Source", answer.outcome.source),
        ("Population", population.scope.words),
        ("As at", answer.index_date.isoformat()),
        ("Data to", answer.data_date.isoformat()),
        ("Covers", population.coverage.words),
        ("Reading", answer.reading),
        ("Hidden", answer.table.message),
    ]


def _coding_sentence(population: Population, indicator: str) -> str:
    from goldenthread.insight.coding import coding_note

    note = coding_note(population, indicator)
    return note.sentence if note is not None else ""


def _core20(population: Population, whom: str) -> dict[str, Any]:
    from goldenthread.insight.inequality import core20plus5

    answer = core20plus5(population, whom)
    lines = []
    for line in answer.lines:
        said = line.outcome.said
        known = bool(line.verdict)
        gets_less = line.outcome.without if line.outcome.better == "higher" else line.outcome.expression
        lines.append(
            {
                "area": line.area.title,
                "indicator": line.outcome.name,
                "title": line.outcome.title,
                "rule": line.outcome.rule,
                "verdict": line.verdict,
                "core": said(line.core[0]) if known else "hidden",
                "core_range": f"{said(line.core[1])} to {said(line.core[2])}" if known else "",
                "rest": said(line.rest[0]) if known else "hidden",
                "rest_range": f"{said(line.rest[1])} to {said(line.rest[2])}" if known else "",
                "gap": _points(line) if known else "",
                "worse_off": f"({gets_less}) and imd_quintile == 1",
                "plus": [_plus(answer, line, g.name) for g in answer.plus],
            }
        )
    messages = sorted({t.message for t in answer.tables.values() if t.message})
    return {
        "reading": answer.reading,
        "lines": lines,
        "groups": [g.title for g in answer.plus],
        "source": answer.source,
        "not_recorded": answer.not_recorded,
        "message": messages[0] if messages else "",
    }


def _points(line: Any) -> str:
    gap = line.gap
    size = sorted(abs(float(x)) * 100 for x in (gap.lower, gap.upper))
    if gap.lower <= 0 <= gap.upper:
        return "no clear difference"
    return f"{abs(float(gap.value)) * 100:.1f} points {'lower' if gap.value < 0 else 'higher'} ({size[0]:.1f} to {size[1]:.1f})"


def _plus(answer: Any, line: Any, group: str) -> str:
    value = answer.figure(line.outcome.name, group)[0]
    return str(line.outcome.said(value)) if value == value else "–"


# -- choices and links -------------------------------------------------------------------------------------


def _choices(catalogue: Any, chosen: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """What can be compared, in groups for a list: care and outcomes, conditions, named cohorts."""
    from goldenthread.insight.inequality import title_of

    def listed(definitions: Any) -> list[tuple[str, str]]:
        return sorted(((d.name, title_of(d)) for d in definitions), key=lambda x: x[1].lower())

    found = [
        ("Care and outcomes", listed(catalogue.indicators.values())),
        ("Conditions", listed(catalogue.conditions.values())),
        ("People who could be helped", listed(catalogue.cohorts.values())),
    ]
    if chosen not in {n for _, pairs in found for n, _ in pairs}:
        found.insert(0, ("Your own", [(chosen, chosen if len(chosen) < 80 else f"{chosen[:77]}...")]))
    return found


def _address(place: Scope, indicator: str, by: str, view: str) -> str:
    return (
        f"/understand/{place.slug}/inequality/?{urlencode({'indicator': indicator, 'by': by, 'view': view})}"
    )


def _acts(request: HttpRequest, place: Scope, content: dict[str, Any]) -> list[dict[str, str]]:
    """What can be done about it: who they are, where to begin, whether the coding holds."""
    found = []
    if exists(f"/ask/{place.slug}/") and request.working.may("ask"):
        if content["better"] == "higher":
            found.append({"words": "See who misses out", "href": ask_address(place, content["missed"])})
            deprived = f"({content['missed']}) and imd_quintile == 1"
        else:
            found.append({"words": "See who they are", "href": ask_address(place, content["counted"])})
            deprived = f"({content['counted']}) and imd_quintile == 1"
        found.append({"words": "In the most deprived fifth only", "href": ask_address(place, deprived)})
    if content["coding"]:
        found.append({"words": "Look at the coding first", "href": f"/understand/{place.slug}/coding/"})
    if exists("/initiatives/new/") and request.working.may("run_initiatives"):
        whom = content["missed"] if content["better"] == "higher" else content["counted"]
        address = f"/initiatives/new/?{urlencode({'cohort': whom, 'scope': place.slug})}"
        found.append({"words": "Start an initiative", "href": address})
    return found
