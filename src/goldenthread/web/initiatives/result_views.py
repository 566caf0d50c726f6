"""What happened: the page of an evaluation with its drawing, and the same as a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

import goldenthread.programme as programme
from goldenthread.errors import GoldenThreadError
from goldenthread.evaluation.page import Bullets, Heading, Page, Paragraph, Table
from goldenthread.programme import Entry, ProgrammeError
from goldenthread.web.initiatives import actions
from goldenthread.web.initiatives.views import JUDGED, found
from goldenthread.web.site.data import editions
from goldenthread.web.site.rules import page
from goldenthread.web.site.templates import markup

FILES = {
    "pdf": "application/pdf", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "html": "text/html; charset=utf-8",
}  # fmt: skip
_WIDTH = 600
_CANNOT, _ANNEX, _NAIVE = "What this cannot show", "Technical annex", "Before and after alone"


@page("initiatives", tier="pseudonymised")
def result(request: HttpRequest, name: str) -> HttpResponse:
    """What happened: the last evaluation as it was, or the means to run it on the agreed day."""
    entry, edition = found(name), editions().current()
    error: GoldenThreadError | None = None
    if request.method == "POST":
        try:
            actions.evaluate(request.working, edition, entry)
        except GoldenThreadError as refused:
            error = refused
        else:
            messages.success(request, "Evaluated by the agreed plan.")
            return redirect("initiative_result", name=name)
    last = entry.evaluations[-1] if entry.evaluations else None
    content = {
        "entry": entry, "one": entry.initiative, "error": error, "may": actions.may_write(request.working, edition, entry), "judged": JUDGED,
        "parts": parts_of(programme.last_page(entry)) if last else None, "ran": last,
        "chart": markup(_drawing(entry)), "decided": entry.decisions[-1] if entry.decisions else None,
    }  # fmt: skip
    return render(request, "initiatives/result.jinja", content, status=400 if error else 200)


def _drawing(entry: Entry) -> str:
    pictures = programme.pictures_of(entry, width=_WIDTH)
    return next((chart.html() for chart in pictures.values()), "")


@dataclass
class Parts:
    """A result page taken apart for a screen: the answer and the criteria first, the annex folded away."""

    lead: list[str] = field(default_factory=list)
    criteria: dict[str, Any] | None = None
    naive: list[dict[str, Any]] = field(default_factory=list)
    cannot: list[dict[str, Any]] = field(default_factory=list)
    rest: list[dict[str, Any]] = field(default_factory=list)
    annex: list[dict[str, Any]] = field(default_factory=list)


def parts_of(page_: Page) -> Parts:
    """The parts of a page, each block in one of them; what is drawn (the quarters) is left to the drawing."""
    out = Parts()
    drawn = {
        n - 1 for n, b in enumerate(page_.blocks) if isinstance(b, Table) and b.caption == programme.DRAWN
    }
    drawn |= {n + 1 for n in drawn}
    where = out.rest
    for n, (block, plain) in enumerate(zip(page_.blocks, blocks_of(page_), strict=True)):
        if n in drawn:
            continue
        if isinstance(block, Heading) and block.level == 1:
            continue
        if isinstance(block, Heading) and block.level == 2:
            where = (
                out.cannot if block.text == _CANNOT else out.annex if block.text == _ANNEX
                else out.naive if block.text.startswith(_NAIVE) else out.rest
            )  # fmt: skip
        if isinstance(block, Paragraph) and block.lead and not out.lead:
            out.lead.append(block.text)
        elif isinstance(block, Table) and block.verdicts and out.criteria is None:
            out.criteria = plain
        elif n == 0 and isinstance(block, Paragraph):
            continue  # title and dates stand above the heading
        else:
            where.append(plain)
    return out


def blocks_of(page_: Page) -> list[dict[str, Any]]:
    """A page's blocks as a template reads them; its own main heading is the page's."""
    out: list[dict[str, Any]] = []
    for block in page_.blocks:
        if isinstance(block, Heading):
            out.append({"kind": "heading", "level": max(block.level, 1), "text": block.text})
        elif isinstance(block, Paragraph):
            out.append({"kind": "paragraph", "text": block.text, "lead": block.lead})
        elif isinstance(block, Bullets):
            out.append({"kind": "bullets", "items": list(block.items)})
        else:
            out.append(
                {
                    "kind": "table", "caption": block.caption, "header": list(block.header), "rows": [list(r) for r in block.rows],
                    "verdicts": block.verdicts,
                }
            )  # fmt: skip
    return out


@page("initiatives", tier="none")
def result_file(request: HttpRequest, name: str, kind: str) -> HttpResponse:
    """The result page as a file."""
    entry = found(name)
    if not entry.evaluations:
        raise ProgrammeError("It has not been evaluated yet.", "Run the evaluation on the agreed day.")
    return file_of(
        programme.last_page(entry), kind, f"{entry.id}-result", entry, programme.pictures_of(entry)
    )


def file_of(page_: Page, kind: str, stem: str, entry: Entry, pictures: Any = None) -> HttpResponse:
    """A page as an answer that a browser keeps as a file."""
    if kind not in FILES:
        raise Http404
    edition = editions().current()
    foot = f"{entry.initiative.title}, cycle {entry.initiative.cycle}" + (
        f"; agreed plan {entry.lock.hash[:16]}" if entry.lock else ""
    )
    chosen: Any = kind  # one of FILES
    content = programme.document(
        page_, chosen, synthetic=edition.settings.synthetic, foot=foot, pictures=pictures or {}
    )
    response = HttpResponse(content, content_type=FILES[kind])
    response["Content-Disposition"] = f'attachment; filename="{stem}.{kind}"'
    return response
