"""What initiatives add to the hub."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.utils import timezone

from goldenthread.programme import owned_by
from goldenthread.web.initiatives import actions
from goldenthread.web.shell.hub import Card, adds_cards


@adds_cards
def cards(request: HttpRequest) -> Iterator[Card]:
    """What somebody was asked to take over, what is theirs and due, and what nobody keeps."""
    working = request.working
    if not working.may("initiatives"):
        return
    register, name = actions.register(), str(working.user)
    asked = [e for e in owned_by(register, name) if e.offered_to.casefold() == name.casefold()]
    for entry in asked:
        yield Card(
            f"{entry.initiative.title}: will you take it over?",
            "Somebody asks you to.",
            f"/initiatives/{entry.id}/handover/",
            urgent=True,
        )
    if working.may("run_initiatives"):
        today = timezone.localdate()
        due = [
            e
            for e in register.due(today)
            if name.casefold() in (e.initiative.owner.casefold(), e.initiative.deputy.casefold())
        ]
        for entry in due:
            yield Card(
                f"{entry.initiative.title}: evaluation is due",
                "The day that was agreed has come.",
                f"/initiatives/{entry.id}/result/",
                urgent=True,
            )
        for entry in owned_by(register, name):
            if entry.stage == "evaluated" and entry.initiative.owner.casefold() == name.casefold():
                yield Card(
                    f"{entry.initiative.title}: the result is in",
                    "Decide: stop, adapt or scale.",
                    f"/initiatives/{entry.id}/result/",
                )
        left = actions.left_behind()
        if left:
            word = "initiative has" if len(left) == 1 else "initiatives have"
            yield Card(
                f"{word} nobody who answers for them",
                "Take one over, or find somebody.",
                "/initiatives/orphans/",
                len(left),
            )
    everything = list(register)
    if not everything:
        yield Card(
            "Nothing is in the register yet", "Begin with a template, or with a question.", "/initiatives/"
        )
        return
    running = sum(e.stage in ("locked", "running") for e in everything)
    yield Card(
        "initiative in the register" if len(everything) == 1 else "initiatives in the register",
        f"{running} under way. Stopped ones and those that showed nothing are there too.",
        "/initiatives/",
        len(everything),
    )
