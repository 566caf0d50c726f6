"""The profile of a place as a page and as a file."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from goldenthread.cohorts import Population, Scope
from goldenthread.web.site.caching import already_made, remembered
from goldenthread.web.site.data import Edition, editions
from goldenthread.web.site.rules import page
from goldenthread.web.site.templates import markup
from goldenthread.web.understand.links import ask_address, links_of, sections_of

PURPOSE = "planning"
SHOWN_AT_FIRST = 6
_CHART_WIDTH = 500


@page("see_figures")
def begin(request: HttpRequest) -> HttpResponse:
    """The profile of the visitor's own population."""
    return redirect(f"/understand/{request.working.assignment.scope}/")


@page("see_figures", scope="scope", tier="pseudonymised")
def profile_page(request: HttpRequest, scope: str) -> HttpResponse:
    """Who lives here, what they have, where the work comes from, and what stands out."""
    content = content_of(request.scope, request.working.recipient)
    place: Scope = request.scope
    found = content["profile"]
    return render(
        request,
        "understand/profile.jinja",
        {
            "place": place,
            "p": found,
            "key": key_figures(found),
            "acts": [(f, links_of(f, place, request.working)) for f in found.to_act_on],
            "first": SHOWN_AT_FIRST,
            "well": found.going_well,
            "charts": {n: markup(html) for n, html in content["charts"].items()},
            "pressures": [(x, ask_address(place, x.who) if x.who else "") for x in found.pressures],
            "ages_words": content["ages_words"],
            "languages": content["languages"],
            "coding": content["coding"],
            "conditions_page": f"/understand/{place.slug}/coding/condition/",
            "households": content["households"],
            "sections": sections_of(place),
            "may_ask": request.working.may("ask"),
        },
    )


@page("see_figures", scope="scope", tier="pseudonymised")
def figures_csv(request: HttpRequest, scope: str) -> HttpResponse:
    """Every figure of the profile with its denominator, comparator, interval, rule and source."""
    content = content_of(request.scope, request.working.recipient)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"profile-{request.scope.slug}-{content['profile'].data_date.isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response.write("\ufeff" + content["csv"])
    return response


def content_of(scope: Scope, recipient: str) -> dict[str, Any]:
    """A profile with its charts drawn: worked out once for each state of the data, since everybody sees the same."""
    edition = editions().current()

    def make() -> dict[str, Any]:
        return _made(edition, edition.population(PURPOSE, recipient).within(scope))

    return remembered(edition, PURPOSE, ("profile", scope.slug), make)


def known_of(scope: Scope) -> Any:
    """The profile of a scope where it has been worked out already; ``None`` otherwise."""
    content = already_made(editions().current(), PURPOSE, ("profile", scope.slug))
    return content["profile"] if content is not None else None


def _made(edition: Edition, population: Population) -> dict[str, Any]:
    from goldenthread.insight.profile import profile

    found = profile(population, tree=edition.tree)
    coding = coding_beside(population, found)
    against = replace(found.comparator, units=None) if found.comparator is not None else None  # type: ignore[arg-type]
    return {
        "profile": replace(found, tables={}, comparator=against),
        "charts": _charts(edition, population, found),
        "ages_words": found.tables["ages"].message,
        "languages": _rows(found.tables["languages"]),
        "households": _rows(found.tables["households"]),
        "coding": coding,
        "csv": _csv(found, coding),
    }


def coding_beside(population: Population, found: Any) -> dict[str, dict[str, str]]:
    """What poor coding may do to each figure of a profile, by its name: in short, in a sentence, and of which condition.

    Whoever is likely missing from a register is missing from what is said of the people on it, too.
    """
    from goldenthread.insight.coding import coding_notes

    figures = found.conditions | found.indicators
    said = {}
    for name, note in coding_notes(population, figures).items():
        figure = figures[name]
        if figure.hidden or not figure.of:
            continue
        more = f"{note.missing:,} people may be missing from the register"
        if name in found.conditions and abs(note.among - figure.of) <= 5:
            most = (figure.count + note.missing) / figure.of
            more = f"at most {most:.1%} if all {note.missing:,} who may be missing had it"
        said[name] = {
            "short": more,
            "sentence": note.sentence,
            "condition": note.condition,
            "title": figure.counted.title,
        }
    return said


def _charts(edition: Edition, population: Population, found: Any) -> dict[str, str]:
    from goldenthread import charts
    from goldenthread.cohorts import own_definitions
    from goldenthread.insight.profile import BOUNDARY_KEYS, areas_of, boundaries_of

    drawn = {"pyramid": charts.population_pyramid(found.tables["ages"], width=_CHART_WIDTH).html()}
    if "emergency_admissions_12m" in population.variables:
        level, table = areas_of(population)
        codes = table.frame["area"].tolist()
        boundaries = boundaries_of(level, codes, own_definitions(edition.settings))
        if boundaries is not None:
            drawn["map"] = charts.choropleth(
                table, boundaries, area="area", value="rate", name="name", boundary_key=BOUNDARY_KEYS[level],
                width=_CHART_WIDTH,
            ).html()  # fmt: skip
    return drawn


def _rows(table: Any) -> list[dict[str, str]]:
    return [{str(k): str(v) for k, v in row.items()} for row in table.display().to_dict("records")]


def key_figures(found: Any) -> list[tuple[str, str]]:
    """Five figures with their comparators in the same breath."""
    key = [
        (
            f"{found.people:,}" if found.people is not None else "Hidden",
            f"people registered, {found.growth.words}",
        )
    ]
    for name, words in (
        ("aged_65_plus", "aged 65 and over"),
        ("most_deprived_fifth", "live in the most deprived fifth"),
        ("rural", "live in rural areas"),
    ):
        figure = found.structure.get(name)
        if figure is None:
            continue
        england = found.england.get(name)
        beside = f" (England {england:.0f}%)" if england is not None else ""
        key.append((figure.said.capitalize(), f"{words}{beside}"))
    contacts = next((p.figure for p in found.pressures if p.figure.counted.name == "gp_appointments"), None)
    if contacts is not None and contacts.value is not None:
        beside = f" ({contacts.comparator / 1000:.1f} expected)" if contacts.comparator is not None else ""
        key.append((f"{contacts.value / 1000:.1f}", f"GP contacts a head a year{beside}"))
    return key


def _csv(found: Any, coding: dict[str, dict[str, str]]) -> str:
    """All figures as one file, each row with what it rests on; texts that a spreadsheet would run are neutralised."""
    from goldenthread.disclosure import neutralise_formula

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    heads = ("part", "name", "title", "unit", "count", "of", "value", "lower", "upper", "comparator", "expected", "ratio",
             "ratio_lower", "ratio_upper", "hidden", "rule", "source", "coding")  # fmt: skip
    scope = neutralise_formula(found.scope.words)
    writer.writerow(["Scope", scope, "", "Data date", found.data_date.isoformat(), "Covers", found.coverage])
    writer.writerow([neutralise_formula(found.compared_with)])
    writer.writerow(["Counts of 1 to 7 are hidden and others shown to the nearest 5"])
    writer.writerow(heads)
    parts = {
        "who lives here": found.structure.values(), "conditions": found.conditions.values(),
        "work": [p.figure for p in found.pressures], "indicators": found.indicators.values(),
    }  # fmt: skip
    for part, figures in parts.items():
        for f in figures:
            numbers = [getattr(f, n) for n in heads[6:14]]
            writer.writerow(
                [part, f.counted.name, neutralise_formula(f.counted.title), f.counted.unit, *("*" if f.hidden else x for x in (f.count, f.of)),
                 *("" if x is None else round(x, 3) for x in numbers), "yes" if f.hidden else "",
                 neutralise_formula(f.counted.rule), neutralise_formula(f.counted.source), coding.get(f.counted.name, {}).get("sentence", "")]
            )  # fmt: skip
    return out.getvalue()
