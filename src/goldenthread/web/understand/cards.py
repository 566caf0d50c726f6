"""What understanding adds to the hub."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest

from goldenthread.cohorts import Scope
from goldenthread.errors import GoldenThreadError
from goldenthread.web.shell.hub import Card, adds_cards


@adds_cards
def cards(request: HttpRequest) -> Iterator[Card]:
    """The profile of the visitor's own population, and what stands out in it where that is known without waiting."""
    working = request.working
    if not working.may("see_figures"):
        return
    address = f"/understand/{working.assignment.scope}/"
    found = _known(working.scope)
    if found is None or not found.to_act_on:
        words = "Your population beside places like it, and what to do about the differences."
        yield Card("What stands out", words, address)
        return
    from goldenthread.insight.inequality import within

    acts = found.to_act_on
    yield Card(
        "thing stands out" if len(acts) == 1 else "things stand out", f"First: {within(acts[0].title)}.",
        f"{address}#stands-out", len(acts),
    )  # fmt: skip


def _known(scope: Scope) -> Any:
    from goldenthread.web.understand.profile import known_of

    try:
        return known_of(scope)
    except GoldenThreadError:  # before the first refresh
        return None
