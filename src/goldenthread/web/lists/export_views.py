"""What leaves a list: files for other systems, and letters. Who has died, moved or opted out is looked at just before."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from goldenthread.disclosure import neutralise_formula
from goldenthread.governance import GovernanceError, Part, Release
from goldenthread.web.lists import actions, opening
from goldenthread.web.lists.choices import OPEN, STATUSES
from goldenthread.web.lists.identities import Person
from goldenthread.web.lists.letters import LETTER, as_docx, as_pdf, filled
from goldenthread.web.lists.views import Opened
from goldenthread.web.site.data import editions
from goldenthread.web.site.rules import page

LETTERS = {"letters_docx": "Letters (Word)", "letters_pdf": "Letters (PDF)"}
_MOBILE = re.compile(r"(?:\+?44|0)7\d{9}")


@cache
def profiles() -> dict[str, dict[str, Any]]:
    """The files that can be made, by name."""
    return tomllib.loads(
        resources.files("goldenthread.web.lists").joinpath("profiles.toml").read_text("utf-8")
    )


@page("work_list", scope="scope", tier="identifiable")
def choose(request: HttpRequest, scope: str, release: str) -> HttpResponse:
    """Which file, for whom; letters are read before they are made."""
    book = actions.releases()
    part = book.part(release, request.scope.code)
    content = {
        "part": part, "release": book.get(release), "profiles": profiles(), "letters": LETTERS, "statuses": STATUSES, "letter": LETTER, "base": request.path,
    }  # fmt: skip
    return render(request, "lists/out.jinja", content)


@page("work_list", scope="scope", tier="identifiable")
def export(request: HttpRequest, scope: str, release: str, kind: str) -> HttpResponse:
    """Make the file. Sent by a form, so that no address in a history makes it again."""
    if kind not in profiles() and kind not in LETTERS:
        raise Http404
    if request.method != "POST":
        return choose(request, scope, release)
    opened = Opened(request, editions().current(), release, fresh=True)
    if opened.down:
        raise GovernanceError(
            f"Nobody can be named now. {opened.down}", "Try again when the key service answers."
        )
    status = request.POST.get("status", "accepted")
    wanted = OPEN if status == "open" else (status,)
    chosen = [
        (n.token, p) for n in opened.lines if n.status in wanted and (p := opened.person(n.token)) is not None
    ]
    if profiles().get(kind, {}).get("needs") == "telephone":
        chosen = [(t, p) for t, p in chosen if _MOBILE.fullmatch(p.telephone.replace(" ", ""))]
    if not chosen:
        raise GovernanceError(
            "Nobody on this list fits, so there is nothing to send.",
            "Choose another status, or review people first.",
        )
    stem = f"{re.sub('[^a-z0-9]+', '-', opened.release.title.lower()).strip('-') or 'list'}-{timezone.localdate().isoformat()}"
    if kind in profiles():
        text = _csv(request, opened.part, opened.release, kind, chosen)
        made = _file(text.encode("utf-8"), "text/csv; charset=utf-8", f"{stem}.csv")
    else:
        made = _letters(request, kind, stem, [p for _, p in chosen])
    # written once the file stands, and before it leaves
    opening.note_exported(request.working, opened.part, kind, opened.release.reason, [t for t, _ in chosen])
    return made


def _letters(request: HttpRequest, kind: str, stem: str, people: list[Person]) -> HttpResponse:
    letter = (request.POST.get("letter") or LETTER)[:6000]
    easy = request.POST.get("easy") == "1"
    texts = [filled(letter, p, request.scope.words, timezone.localdate()) for p in people]
    if kind == "letters_docx":
        kind_of = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        return _file(as_docx(texts, people, easy=easy), kind_of, f"{stem}.docx")
    return _file(as_pdf(texts, people, easy=easy), "application/pdf", f"{stem}.pdf")


def _csv(
    request: HttpRequest, part: Part, release: Release, kind: str, chosen: list[tuple[str, Person]]
) -> str:
    profile = profiles()[kind]
    today = timezone.localdate()
    same = {
        "list": release.title, "cohort": release.cohort, "expires": f"{part.until:%d/%m/%Y}", "practice": request.scope.words,
        "watermark": f"{request.working.user} {today:%d/%m/%Y}",
    }  # fmt: skip
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow([heading for heading, _ in profile["columns"]])
    for token, who in chosen[: int(profile["rows"])]:
        own = {
            "nhs_number": who.nhs_number, "family_name": who.family_name, "given_name": who.given_name, "telephone": who.telephone.replace(" ", ""),
            "birth_date": f"{who.birth_date:%d/%m/%Y}" if who.birth_date else "", "postcode": who.postcode, "token": token,
        }  # fmt: skip
        cells = {**same, **own}
        writer.writerow([neutralise_formula(str(cells[name])) for _, name in profile["columns"]])
    return out.getvalue()


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
