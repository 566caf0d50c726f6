"""What questions have in common: options, dates typed by people, and the people that are asked about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from goldenthread.errors import GoldenThreadError

if TYPE_CHECKING:
    from goldenthread.cohorts import Population
    from goldenthread.settings import Settings

PurposeOption = Annotated[
    str, typer.Option("--purpose", help="Why you ask: direct_care, planning, evaluation or research.")
]
AsAtOption = Annotated[
    str,
    typer.Option("--as-at", metavar="DATE", help="Day to ask about (2026-03-31); the data date if not said."),
]
ScopeOption = Annotated[
    str,
    typer.Option(
        "--scope", help="Whose: system, pcn-UZ001, practice-Z00001, place-..., district-..., msoa-..."
    ),
]


def not_blank(text: str) -> str:
    """What goes into the record as who and why; blank is refused before anything is done."""
    if not text.strip():
        raise typer.BadParameter("It is blank, and it is kept in the record: say who, and why.")
    return text


ByOption = Annotated[str, typer.Option("--by", callback=not_blank, help="Who decided, by name and role.")]
ReasonOption = Annotated[
    str, typer.Option("--reason", callback=not_blank, help="Why, or the paper that says so.")
]


def day_of(text: str) -> date | None:
    """A date typed by a person; ``None`` for none."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise GoldenThreadError(
            f"{text!r} is not a date.", "Write year, month and day: 2026-03-31."
        ) from None


@contextmanager
def people(
    settings: Settings, *, purpose: str, as_at: str = "", scope: str = "system"
) -> Iterator[Population]:
    """The people of a scope that a purpose may ask about on a day; let go of at the end, also after an error."""
    from goldenthread.cohorts import population_of, scope_tree
    from goldenthread.governance import named_purpose
    from goldenthread.lake import Lake

    # what was mistyped is said before anything is read
    day, why = day_of(as_at), named_purpose(purpose)
    chosen = scope_tree(Lake(settings.lake_dir).current()).get(scope) if scope != "system" else None
    whole = population_of(settings, purpose=why, index_date=day)
    try:
        yield whole.within(chosen) if chosen and chosen.kind != "system" else whole
    finally:
        whole.close()
