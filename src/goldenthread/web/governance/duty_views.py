"""What an information governance lead does again and again: opt-outs, retention, and the safety pack. No identity is on these pages."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from goldenthread.cohorts import versions
from goldenthread.disclosure import release as disclosed
from goldenthread.errors import GoldenThreadError
from goldenthread.governance import OptOuts, named_purpose, retention_runs, run_retention, write_safety_pack
from goldenthread.web.governance import actions
from goldenthread.web.lists import opt_outs as opt_out_actions
from goldenthread.web.lists.opt_outs import KeyServiceError
from goldenthread.web.site.rules import page

STATES = {
    "sent": ("Waiting for the reply", "warn"),
    "answered": ("Answered", "good"),
    "refused": ("Reply not believed", "bad"),
}


@page("govern")
def opt_outs(request: HttpRequest) -> HttpResponse:
    """National data opt-outs: who must be asked about, what was asked, and how long answers are kept."""
    return _opt_outs(request)


def _opt_outs(
    request: HttpRequest, error: GoldenThreadError | None = None, status: int = 200
) -> HttpResponse:
    cache = opt_out_actions.opt_outs()
    cache.forget_expired()
    kept, until = cache.kept()
    down, replies = "", list[str]()
    try:
        replies = opt_out_actions.opt_out_replies(request.working)
    except KeyServiceError as trouble:
        down = f"{trouble.message} {trouble.remedy}".strip()
    requests = cache.requests()
    every = "all" in request.GET
    cohorts, earlier = _cohorts(cache, every)
    content = {
        "cohorts": cohorts, "earlier": earlier, "every": every, "requests": requests, "replies": replies, "states": STATES, "down": down, "error": error,
        "kept": kept, "until": until, "days": cache.days, "typed": request.POST,
        "mailbox": request.POST.get("mailbox") or (requests[0].name.rsplit("-", 2)[0] if requests else ""),
    }  # fmt: skip
    return render(request, "governance/opt_outs.jinja", content, status=status)


def _cohorts(cache: OptOuts, every: bool) -> tuple[list[dict[str, Any]], int]:
    """Frozen cohorts made for a purpose that the opt-out touches, the last version of each or ``every`` one, and how many are left out.

    Counts pass disclosure control before they show.
    """
    import pandas as pd

    touched = [
        v
        for v in versions(settings.DEPLOYMENT.home / "cohorts")
        if named_purpose(v.record["purpose"]).national_opt_out and v.size
    ]
    last = {v.record["name"]: v for v in touched}  # they come by number
    chosen = touched if every else list(last.values())
    found = [(v, cache.cleared(v.members(), v.record["purpose"])) for v in chosen]
    if not found:
        return [], 0
    frame = pd.DataFrame(
        {"cohort": [v.id for v, _ in found], "people": [v.size for v, _ in found], "asked": [v.size - c.not_asked for v, c in found]}
    )  # fmt: skip
    shown = disclosed(
        frame, policy="icb", counts=["people", "asked"], dimensions=["cohort"], not_additive=["cohort"]
    ).display()
    rows = [
        {
            "id": v.id, "english": v.record["english"], "purpose": named_purpose(v.record["purpose"]).title, "due": c.not_asked > 0,
            "people": shown["people"].iloc[n], "asked": shown["asked"].iloc[n],
        }
        for n, (v, c) in enumerate(found)
    ]  # fmt: skip
    return rows, len(touched) - len(chosen)


@page("govern")
@require_POST
def ask_opt_outs(request: HttpRequest) -> HttpResponse:
    """Have the key service write the file that asks about a cohort."""
    typed = {n: request.POST.get(n, "").strip()[:80] for n in ("cohort", "mailbox")}
    try:
        name = opt_out_actions.ask_opt_outs(request.working, typed["cohort"], typed["mailbox"])
    except GoldenThreadError as error:
        return _opt_outs(request, error, 400)
    messages.success(
        request, f"The key service wrote the file {name}.dat. Whoever looks after the mailbox sends it."
    )
    return redirect("opt_outs")


@page("govern")
@require_POST
def take_opt_outs(request: HttpRequest) -> HttpResponse:
    """Take up a reply that has come."""
    try:
        days = opt_out_actions.take_opt_outs(request.working, request.POST.get("request", "").strip()[:80])
    except GoldenThreadError as error:
        return _opt_outs(request, error, 400)
    messages.success(request, f"The answers are taken up and hold for {days} days. Both files were deleted.")
    return redirect("opt_outs")


@page("govern")
def retention(request: HttpRequest) -> HttpResponse:
    """What is kept for how long, what has expired, and the runs that deleted it."""
    return _retention(request)


def _retention(
    request: HttpRequest, error: GoldenThreadError | None = None, status: int = 200
) -> HttpResponse:
    deployment = settings.DEPLOYMENT
    now = run_retention(deployment, by=str(request.working.user), dry=True)
    content = {
        "now": now, "runs": retention_runs(deployment)[:20], "error": error, "expired": sum(o.found for o in now.outcomes),
    }  # fmt: skip
    return render(request, "governance/retention.jinja", content, status=status)


@page("govern")
@require_POST
def run(request: HttpRequest) -> HttpResponse:
    """Delete what has expired, look again, and write both down."""
    done = actions.run_retention(request.working)
    if done.proved:
        messages.success(request, "Deleted, and looked at again: nothing that has expired is left.")
    else:
        messages.error(
            request,
            "Not everything could be deleted. Ask whoever keeps the server to look at who owns the files.",
        )
    return redirect("retention")


@page("govern")
def safety_pack(request: HttpRequest) -> HttpResponse:
    """The hazard log, impact assessment, record of processing, privacy notice and retention page, as one file."""
    out = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        for path in write_safety_pack(settings.DEPLOYMENT, Path(folder) / "safety-pack"):
            pack.write(path, f"safety-pack/{path.name}")
    response = HttpResponse(out.getvalue(), content_type="application/zip")
    response["Content-Disposition"] = (
        f'attachment; filename="safety-pack-{timezone.localdate().isoformat()}.zip"'
    )
    return response
