"""The register: what is or was tried, found and filtered, on a map, by stage and effect, by whom it reached; and as a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

import goldenthread.programme as programme
from goldenthread.cohorts import own_definitions
from goldenthread.errors import GoldenThreadError
from goldenthread.programme import STAGES, DeprivationReached, Entry, Row, due_of, portfolio, portfolio_csv
from goldenthread.web.initiatives import actions
from goldenthread.web.initiatives.views import JUDGED, STAGE_WORDS
from goldenthread.web.site.caching import remembered
from goldenthread.web.site.data import Edition, editions
from goldenthread.web.site.rules import page
from goldenthread.web.site.templates import markup

FILTERS = ("q", "stage", "scope", "effect", "reach", "mine")
NOT_YET = "not evaluated"
EFFECTS = ("met", "not met", "cannot tell yet", NOT_YET)
REACHES = {
    "more": "At least their share of people", "less": "Less than their share of people", "unknown": "Not known",
}  # fmt: skip


@page("initiatives")
def register_page(request: HttpRequest) -> HttpResponse:
    """Everything that is or was tried, whatever came of it; counts, map and reach beside it."""
    edition, wanted = editions().current(), _wanted(request)
    everything = list(actions.register())
    reached = _reached(edition, everything)
    rows = _found(request, edition, wanted, reached)
    entries = [e for _, e in rows]
    tree = edition.tree
    names = {
        s: tree.scopes[s].words if s in tree.scopes else s for e in everything for s in e.initiative.scopes
    }
    places = {
        s.slug: s.words for s in tree
        if s.kind in ("place", "pcn") and (wanted["scope"] == s.slug or any(_runs_in(edition, e, s.slug) for e in everything))
    }  # fmt: skip
    content = {
        "rows": rows, "wanted": wanted, "stages": STAGE_WORDS, "judged": JUDGED, "effects": EFFECTS,
        "stages_list": [(n, w[0]) for n, w in STAGE_WORDS.items()], "effects_list": [(e, e.capitalize()) for e in EFFECTS], "reaches": REACHES, "names": names,
        "by_stage": Counter(e.stage for e in everything), "all": len(everything), "places": places, "reached": reached,
        "may_begin": request.working.may("run_initiatives"), "filtered": any(wanted.values()), "query": urlencode({k: v for k, v in wanted.items() if v}),
        "due": [(e, lines) for e in entries if (lines := due_of(e, timezone.localdate()))] if wanted["mine"] else [],
        "grid": _grid(portfolio(entries)), "map": markup(_map(edition, entries)) if everything else "",
    }  # fmt: skip
    return render(request, "initiatives/register.jinja", content)


@page("initiatives")
def export(request: HttpRequest) -> HttpResponse:
    """The register, or what was found in it, as CSV."""
    edition = editions().current()
    reached = _reached(edition, list(actions.register()))
    entries = [e for _, e in _found(request, edition, _wanted(request), reached)]
    shares = {n: "" if s is None else f"{s:.0%}" for n, s in reached.most_deprived.items()}
    response = HttpResponse(
        portfolio_csv(entries, most_deprived=shares), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = (
        f'attachment; filename="initiatives-{timezone.localdate().isoformat()}.csv"'
    )
    return response


def _wanted(request: HttpRequest) -> dict[str, str]:
    return {n: request.GET.get(n, "").strip()[:80] for n in FILTERS}


def _found(
    request: HttpRequest, edition: Edition, wanted: Mapping[str, str], reached: DeprivationReached
) -> list[tuple[Row, Entry]]:
    """Rows with their entries: those that answer to every filter."""
    listed = actions.register().find(
        wanted["q"], stages=[wanted["stage"]] if wanted["stage"] in STAGES else (),
        person=str(request.working.user) if wanted["mine"] else "",
    )  # fmt: skip
    rows = list(zip(portfolio(listed), listed, strict=True))
    if wanted["scope"]:
        rows = [r for r in rows if _runs_in(edition, r[1], wanted["scope"])]
    if wanted["effect"] in EFFECTS:
        rows = [r for r in rows if (r[0].judged or NOT_YET) == wanted["effect"]]
    if wanted["reach"] in REACHES:
        rows = [r for r in rows if reached.against(r[1].id) == wanted["reach"]]
    return rows


def _runs_in(edition: Edition, entry: Entry, slug: str) -> bool:
    """Whether an initiative runs in a place, or in a part of it; or in something larger that it belongs to."""
    tree = edition.tree
    scope = tree.scopes.get(slug)
    if scope is None:
        return slug in entry.initiative.scopes
    here = [tree.scopes[s] for s in entry.initiative.scopes if s in tree.scopes]
    return any(tree.inside(s, scope) or tree.inside(scope, s) for s in here)


def _grid(rows: Sequence[Row]) -> list[tuple[str, list[int]]]:
    """How many initiatives are at each stage, by what they showed."""
    counts = Counter((r.stage, r.judged or NOT_YET) for r in rows)
    return [
        (stage, [counts[stage, effect] for effect in EFFECTS])
        for stage in STAGES
        if any(counts[stage, effect] for effect in EFFECTS)
    ]


def _reached(edition: Edition, entries: Sequence[Entry]) -> DeprivationReached:
    """Remembered: contacts come with a refresh, not between two visits."""

    def make() -> DeprivationReached:
        try:
            return programme.deprivation_reached(edition.population("evaluation", "initiatives"), entries)
        except (
            GoldenThreadError
        ) as error:  # contacts may not be used, or nobody shares: the register is there all the same
            return DeprivationReached(
                (), {}, None, f"Whom initiatives reached cannot be shown. {error.message}", ()
            )

    names = (f"{e.id}:{e.initiative.contacts_name}" for e in entries)
    return remembered(edition, "evaluation", ("deprivation reached", *names), make)


def _map(edition: Edition, entries: Sequence[Entry]) -> str:
    def make() -> str:
        try:
            homes = remembered(
                edition,
                "planning",
                ("catchments",),
                lambda: programme.catchments(edition.population("planning", "initiatives")),
            )
        except GoldenThreadError:  # nobody shares, so nobody's area is known
            return ""
        chart = programme.networks_map(
            entries, edition.tree, homes, own=own_definitions(edition.settings), width=500
        )
        return chart.html() if chart is not None else ""

    return remembered(
        edition, "planning", ("where", *(f"{e.id}:{e.initiative.scope}" for e in entries)), make
    )
