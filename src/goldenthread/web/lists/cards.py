"""What lists add to the hub."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.utils import timezone

from goldenthread.web.lists import actions
from goldenthread.web.lists.choices import OPEN
from goldenthread.web.lists.models import Item
from goldenthread.web.shell.hub import Card, adds_cards
from goldenthread.web.site.data import editions


@adds_cards
def cards(request: HttpRequest) -> Iterator[Card]:
    """Lists to decide on, people to contact, requests under way."""
    working = request.working
    if working.may("approve_release") and working.scope.kind == "practice":
        waiting = [
            p for p in actions.releases().parts(practices=[working.scope.code]) if p.state == "requested"
        ]
        if waiting:
            yield Card(
                "lists wait for your decision" if len(waiting) > 1 else "list waits for your decision",
                "Somebody asks to see which of your patients a piece of work is for.", "/lists/", len(waiting), urgent=True,
            )  # fmt: skip
    if working.may("work_list") and working.scope.kind == "practice":
        mine = Item.objects.filter(work__practice=working.scope.code, status__in=OPEN)
        open_parts = {p.release for p in actions.releases().parts(practices=[working.scope.code]) if p.open}
        mine = mine.filter(work__release__in=open_parts)
        late = mine.filter(due__lt=timezone.localdate()).count()
        if late:
            yield Card(
                "people are overdue",
                "Their day has passed and nothing is recorded.",
                "/lists/",
                late,
                urgent=True,
            )
        new, rest = mine.filter(status="new").count(), mine.exclude(status="new").count()
        if new:
            yield Card("people to review", "Is each of them right for what the list is for?", "/lists/", new)
        if rest:
            yield Card("people to contact or follow up", "Accepted, and not yet done.", "/lists/", rest)
    if working.may("request_release"):
        own = {r.id for r in actions.releases().all() if r.requested_by == working.user.username}
        parts = [p for p in actions.releases().parts() if p.release in own]
        waiting = [p for p in parts if p.state == "requested"]
        if waiting:
            text = "Each practice decides for its own patients."
            yield Card("requests wait for a practice", text, "/lists/requests/", len(waiting))
    if working.may("govern"):
        left = [w for w in actions.orphans() if editions().current()]
        if left:
            yield Card(
                "lists have nobody who keeps them",
                "Open work whose owner has gone.",
                "/lists/requests/",
                len(left),
                urgent=True,
            )
