"""What is in the pack, and the pack itself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from goldenthread.web.site.rules import page
from goldenthread.web.understand.links import address_of, ask_address, sections_of
from goldenthread.web.workshop.packing import file_of, pack_of

PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"


@page("see_figures", scope="scope", tier="pseudonymised")
def workshop(request: HttpRequest, scope: str) -> HttpResponse:
    """What the pack holds: candidate cohorts with size, gap and capacity, and questions to ask."""
    from goldenthread.insight.profile import Link

    place = request.scope
    pack = pack_of(place, request.working.recipient)
    may_start = request.working.may("run_initiatives")
    rows = [
        (
            c,
            ask_address(place, c.expression),
            address_of(Link("template", "", c.template), place) if may_start else "",
        )
        for c in pack.candidates
    ]
    return render(
        request,
        "workshop/workshop.jinja",
        {
            "place": place, "pack": pack, "rows": rows, "sections": sections_of(place),
            "may_ask": request.working.may("ask"),
        },
    )  # fmt: skip


@page("see_figures", scope="scope", tier="pseudonymised")
def slides(request: HttpRequest, scope: str) -> HttpResponse:
    """The slides, as PowerPoint opens them."""
    return _file(request, "pptx", PPTX)


@page("see_figures", scope="scope", tier="pseudonymised")
def handout(request: HttpRequest, scope: str) -> HttpResponse:
    """The hand-out, as a tagged PDF on A4."""
    return _file(request, "pdf", "application/pdf")


def _file(request: HttpRequest, kind: str, content_type: str) -> HttpResponse:
    place = request.scope
    content, day = file_of(place, request.working.recipient, kind)
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="workshop-{place.slug}-{day}.{kind}"'
    return response
