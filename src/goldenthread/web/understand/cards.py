"""What understanding adds to the hub."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest

from goldenthread.web.shell.hub import Card, adds_cards


@adds_cards
def cards(request: HttpRequest) -> Iterator[Card]:
    """The profile of the visitor's own population."""
    working = request.working
    if working.may("see_figures"):
        yield Card(
            "What stands out", "Your population beside places like it, and what to do about the differences.",
            f"/understand/{working.assignment.scope}/",
        )  # fmt: skip
