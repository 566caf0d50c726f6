"""What questions add to the hub."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest

from goldenthread.web.ask.models import SavedQuestion
from goldenthread.web.shell.hub import Card, adds_cards


@adds_cards
def cards(request: HttpRequest) -> Iterator[Card]:
    """A way into Ask, and one to the questions kept."""
    working = request.working
    if not working.may("ask"):
        return
    yield Card("Ask about your population", "How many, who are they, what next?", "/ask/")
    mine = SavedQuestion.objects.filter(owner=working.user).count()
    if mine:
        yield Card(
            "questions you kept" if mine > 1 else "question you kept",
            "See who joined and who left since.", f"/ask/{working.scope.slug}/saved/", mine,
        )  # fmt: skip
