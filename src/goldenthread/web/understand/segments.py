"""Segments of a population: who needs what kind of care, where the work and the cost are, and who is moving."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from goldenthread.cohorts import Population, Scope
from goldenthread.errors import GoldenThreadError
from goldenthread.web.site.caching import remembered
from goldenthread.web.site.data import Edition, editions
from goldenthread.web.site.rules import page
from goldenthread.web.site.templates import markup
from goldenthread.web.understand.links import sections_of

PURPOSE = "planning"
COLUMNS = {
    "need": "by how ill people are",
    "use": "by cost of care",
    "gaps": "by gaps in care that can be closed",
    "conditions": "by number of conditions",
    "risk": "by predicted risk",
}
_MODEL = "emergency_admission"


@page("see_figures", scope="scope", tier="pseudonymised")
def segments_page(request: HttpRequest, scope: str) -> HttpResponse:
    """The bubble matrix, whose cells lead to their people; shares, work and movement."""
    column = request.GET.get("by", "need")
    column = column if column in COLUMNS else "need"
    place: Scope = request.scope
    content = content_of(place, request.working.recipient, column)
    may_ask = request.working.may("ask")
    return render(
        request,
        "understand/segments.jinja",
        content
        | {
            "place": place,
            "column": column,
            "columns": COLUMNS,
            "charts": {n: markup(html) for n, html in content["charts"].items()},
            "sections": sections_of(place),
            "may_ask": may_ask,
        },
    )


def content_of(place: Scope, recipient: str, column: str = "need") -> dict[str, Any]:
    """What the page shows, worked out once for each state of the data."""
    edition = editions().current()

    def make() -> dict[str, Any]:
        return _made(edition, edition.population(PURPOSE, recipient).within(place), column)

    fitted = (_model_date(edition) or "none") if column == "risk" else ""
    return remembered(edition, PURPOSE, ("segments", place.slug, column, fitted), make)


def _made(edition: Edition, population: Population, column: str) -> dict[str, Any]:
    from goldenthread import charts
    from goldenthread.insight import segments

    problem, matrix, drawn = "", None, {}
    try:
        matrix = _matrix(edition, population, column)
    except GoldenThreadError as error:
        problem = str(error)
    cells = []
    if matrix is not None:
        frame = matrix.released.frame
        inside = matrix.released.only(
            [s != "All" and b != "All" for s, b in zip(frame["segment"], frame["band"], strict=True)]
        )
        drawn["matrix"] = charts.bubble_matrix(
            inside, column="band", colour_words="estimated cost a head", row_order=matrix.segments,
            column_order=matrix.bands, column_words=matrix.column_title, width=1080,
        ).html(heading=2)  # fmt: skip
        cells = _cells(matrix, population.scope)
    parts = segments.shares(population)
    few = segments.concentration(population)
    moved = segments.movement(population)
    keep = [
        b != "All" and a != "All"
        for b, a in zip(moved.released.frame["before"], moved.released.frame["after"], strict=True)
    ]
    drawn["movement"] = charts.segment_movement(
        moved.released.only(keep),
        order=moved.order,
        before_words=f"{moved.then.day} {moved.then:%B %Y}",
        width=1080,
    ).html(heading=2)
    work = {by: segments.workload(population, by) for by in ("segment", "conditions")}
    heavy = segments.heavy_use(population)
    return {
        "charts": drawn,
        "problem": problem,
        "unfitted": column == "risk" and not _model_date(edition),
        "cells": cells,
        "bands": matrix.bands if matrix is not None else (),
        "column_title": matrix.column_title if matrix is not None else "",
        "note": matrix.note if matrix is not None else parts.note,
        "headline": few.sentence,
        "second": parts.sentence,
        "few_who": _address(population.scope, few.expression),
        "few": _rows(few.released),
        "shares": [r | {"who": _address(population.scope, parts.expressions.get(str(r["segment"]), "registered"))} for r in _rows(parts.released)],
        "services": work["segment"].services,
        "work": [
            {
                "by": by,
                "rows": _rows(found.released),
                "sentences": list(found.sentences.values()),
                "who": {f"{s}|{g}": _address(population.scope, e) for (s, g), e in found.expressions.items()},
            }
            for by, found in work.items()
        ],
        "heavy": [
            {"title": heavy.services[s], "sentence": sentence, "who": _address(population.scope, heavy.expressions[s])}
            for s, sentence in heavy.sentences.items()
        ],
    }  # fmt: skip


def _matrix(edition: Edition, population: Population, column: str) -> Any:
    from goldenthread.insight.segments import risk_matrix, segment_matrix

    if column != "risk":
        return segment_matrix(population, column)
    from goldenthread.prediction import latest, model_definition

    definition = model_definition(population.catalogue, _MODEL)
    return risk_matrix(population, latest(edition.settings.home, _MODEL), definition)


def _model_date(edition: Edition) -> str:
    from goldenthread.prediction import latest

    try:
        return str(latest(edition.settings.home, _MODEL).made)
    except GoldenThreadError:
        return ""


def _cells(matrix: Any, scope: Scope) -> list[dict[str, Any]]:
    """The matrix as a table: a row a segment, a cell a band, each with the address of its people."""
    shown = {(r["segment"], r["band"]): r for r in _rows(matrix.released)}
    rows = []
    for segment in (*matrix.segments, "All"):
        line = []
        for band in (*matrix.bands, "All"):
            cell = shown.get((segment, band), {"people": "0", "spend_per_head": "", "cost_share": ""})
            line.append(cell | {"band": band, "who": _address(scope, matrix.expressions[segment, band])})
        rows.append({"segment": segment, "cells": line})
    return rows


def _rows(released: Any) -> list[dict[str, Any]]:
    return [{str(k): str(v) for k, v in row.items()} for row in released.display().to_dict("records")]


def _address(scope: Scope, expression: str) -> str:
    return f"/ask/{scope.slug}/?{urlencode({'q': expression})}"
