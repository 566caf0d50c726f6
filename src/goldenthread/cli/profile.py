"""`profile`: one place in figures, what stands out there, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app, settings_at
from goldenthread.cli.asking import AsAtOption, PurposeOption, people
from goldenthread.cli.output import Speech, day_words, number, plain

if TYPE_CHECKING:
    from goldenthread.insight.profile import Figure, Finding, Profile


@app.command()
def profile(
    scope: Annotated[
        str,
        typer.Argument(help="Whose: system, place-..., pcn-UZ001, practice-Z00001, district-..., msoa-..."),
    ] = "system",
    as_at: AsAtOption = "",
    purpose: PurposeOption = "planning",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show a place: who lives there, what they have, where the work comes from, and what stands out."""
    from goldenthread.insight.profile import profile as profile_of
    from goldenthread.insight.profile import profile_json

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    with people(settings, purpose=purpose, as_at=as_at, scope=scope) as population:
        found = profile_of(population)
    if as_json:
        speech.json(profile_json(found) | {"synthetic": settings.synthetic})
        return
    speech.banner(settings)
    _say(speech, found)


def _say(speech: Speech, found: Profile) -> None:
    where = f"[bold]{plain(found.scope.words)}[/] ({found.scope.title.lower()})"
    speech.say(f"{where} on {day_words(found.index_date)}")
    speech.say(plain(found.headline))
    speech.say(f"{number(found.people)} people registered, {found.growth.words}. Covers {found.coverage}.")
    speech.say()
    acts = found.to_act_on
    if acts:
        speech.say("[bold]What stands out[/]")
    for one in acts[:10]:
        speech.say(f"- {plain(one.sentence)}")
        for link in one.links:
            if link.kind == "ask":
                speech.say(f'    goldenthread ask "{plain(_within(found, one, link.target))}"')
    if acts:
        speech.say()
    _table(speech, "Who lives here", list(found.structure.values()), found.england)
    _table(speech, "Long-term conditions", list(found.conditions.values()), found.england)
    speech.table(
        "Where the work comes from, for 1,000 people in 12 months",
        ["Service", "Here", "95% interval", "Expected", "Top 5% have"],
        [
            [p.title, p.figure.said, p.figure.between, p.figure.comparator_said or "-",
             "-" if p.top_share is None else f"{p.top_share:.0f}%"]
            for p in found.pressures
        ],
        right={1, 2, 3, 4},
    )  # fmt: skip
    _table(speech, "Indicators", list(found.indicators.values()), {})
    speech.table(
        "Where people live",
        ["Determinant", "Here", "System", "England"],
        [[d.title, d.said(d.here), d.said(d.system), d.said(d.england)] for d in found.determinants],
        right={1, 2, 3},
    )
    speech.say(plain(found.compared_with))
    speech.say(
        f"{found.tried:,} comparisons were made; what stands out survives that number. Counts are to the nearest 5 and 1 to 7 "
        f"are hidden. Data to {day_words(found.data_date)}."
    )


def _within(found: Profile, one: Finding, expression: str) -> str:
    """The expression for the people of the scope, or of the part that the finding is about."""
    place = one.place or found.scope
    if place.kind == "system" or expression.isidentifier():
        return expression
    return f"{expression} and {place.kind} == '{place.code}'"


def _table(speech: Speech, title: str, figures: list[Figure], england: dict[str, float]) -> None:
    headings = ["", "Here", "95% interval", "Compared with"] + (["England"] if england else [])
    rows = []
    for one in figures:
        name = one.counted.title[:1].upper() + one.counted.title[1:]
        row = [plain(name), one.said, one.between, one.comparator_said or "-"]
        if england:
            value = england.get(one.counted.name)
            row.append("-" if value is None else f"{value:.1f}%")
        rows.append(row)
    speech.table(title, headings, rows, right=set(range(1, len(headings))))
