"""What needs somebody today: each area of work adds its own cards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True)
class Card:
    """One thing to do or to look at. ``urgent`` cards come first; ``count`` is said before the title where there is one."""

    title: str
    text: str
    address: str
    count: int | None = None
    urgent: bool = False


Source = Callable[[HttpRequest], Iterable[Card]]
_sources: list[Source] = []


def adds_cards(source: Source) -> Source:
    """Register a function that gives cards for the visitor; it looks at ``request.working`` for who they are."""
    _sources.append(source)
    return source


def tasks_for(request: HttpRequest) -> list[Card]:
    """Every card for the visitor, the urgent first, otherwise in the order of registration."""
    found = [card for source in _sources for card in source(request)]
    return sorted(found, key=lambda c: not c.urgent)
