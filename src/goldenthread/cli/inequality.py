"""`inequality`, `core20plus5` and `coding`: who gets less, and whether the figures can be believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app, settings_at
from goldenthread.cli.asking import AsAtOption, PurposeOption, ScopeOption, people
from goldenthread.cli.output import Speech, figure, plain

if TYPE_CHECKING:
    from goldenthread.cohorts import Population
    from goldenthread.disclosure import ReleasedTable
    from goldenthread.settings import Settings


@app.command()
def inequality(
    outcome: Annotated[str, typer.Argument(help="An indicator, a cohort, or a condition such as copd.")],
    by: Annotated[
        str,
        typer.Option(
            help="imd_quintile, imd_decile, ethnic_group, sex, age_band, rural, carer, homelessness ..."
        ),
    ] = "imd_quintile",
    scope: ScopeOption = "system",
    places: Annotated[
        str, typer.Option("--places", help="Compare practice, pcn, place, district, msoa or lsoa instead.")
    ] = "",
    quarters: Annotated[
        int, typer.Option("--trend", min=0, max=8, help="Show so many quarters instead, up to 8.")
    ] = 0,
    as_at: AsAtOption = "",
    purpose: PurposeOption = "planning",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say how an outcome differs between groups of people, between places, or from quarter to quarter."""
    from goldenthread.insight import inequality as room

    speech, settings = Speech(as_json=as_json, quiet=quiet), settings_at(home)
    answer: Any
    with people(settings, purpose=purpose, as_at=as_at, scope=scope) as population:
        if quarters:
            answer = room.trend(population, outcome, quarters=quarters)
        elif places:
            answer = room.places(population, outcome, places)
        else:
            answer = room.inequality(population, outcome, by)
    speech.json(answer.to_json() | {"synthetic": settings.synthetic})
    speech.banner(settings)
    speech.say(f"[bold]{plain(answer.reading)}[/]")
    if slope := getattr(answer, "slope_reading", ""):
        speech.say(plain(slope))
    speech.say()
    _say_figures(speech, answer.outcome.rule, answer.table, answer.outcome.said)
    for note in answer.notes:
        speech.say(plain(note))
    _say_foot(speech, answer.table)


@app.command()
def core20plus5(
    children: Annotated[
        bool, typer.Option("--children", help="Children and young people instead of adults.")
    ] = False,
    scope: ScopeOption = "system",
    purpose: PurposeOption = "planning",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show the five clinical areas of Core20PLUS5: the most deprived fifth beside everybody else."""
    from goldenthread.insight.inequality import core20plus5 as view

    speech, settings = Speech(as_json=as_json, quiet=quiet), settings_at(home)
    with people(settings, purpose=purpose, scope=scope) as population:
        answer = view(population, "children" if children else "adults")
    speech.json(answer.to_json() | {"synthetic": settings.synthetic})
    speech.banner(settings)
    speech.say(f"[bold]{plain(answer.reading)}[/]")
    speech.say()
    rows = [
        [plain(x.area.title), plain(x.outcome.title), x.verdict or "too few to tell", plain(x.reading)]
        for x in answer.lines
    ]
    speech.table("The most deprived fifth beside everybody else", ["Area", "Indicator", "", "Figures"], rows)
    if answer.not_recorded:
        speech.say(plain(answer.not_recorded))


@app.command()
def coding(
    condition: Annotated[
        str, typer.Argument(help="A condition, to see it by practice; every check of coding if not said.")
    ] = "",
    scope: ScopeOption = "system",
    purpose: PurposeOption = "planning",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say whether the figures can be believed: codes likely missing or wrong, registers beside what is expected, doubtful results."""
    from goldenthread.insight import coding as room

    speech, settings = Speech(as_json=as_json, quiet=quiet), settings_at(home)
    with people(settings, purpose=purpose, scope=scope) as population:
        if condition:
            _say_condition(speech, settings, population, condition)
            return
        found, registers = room.findings(population), room.recorded(population)
        results = room.doubtful(population)
    speech.json(
        {
            "checks": found.to_json(), "registers": registers.to_json(), "results": results.to_json(),
            "synthetic": settings.synthetic,
        }
    )  # fmt: skip
    speech.banner(settings)
    speech.say(f"[bold]{plain(found.reading)}[/]")
    speech.say()
    for family, title in room.FAMILIES.items():
        rows = [
            [
                f.check.name,
                plain(f.check.title),
                figure(f.people),
                figure(f.among),
                "*" if f.share is None else f"{f.share:.1%}",
            ]
            for f in found.of(family)
            if f.people != 0
        ]
        speech.table(title, ["Check", "", "People", "Looked at", "Share"], rows, right={2, 3, 4})
    speech.say(f"[bold]{plain(registers.reading)}[/]")
    stands = [*registers.low, *registers.high]
    if stands:
        listed = [
            [
                plain(r.title),
                plain(r.place_name),
                figure(r.count),
                f"{r.expected:,.0f}",
                f"{r.ratio:.2f}",
                r.verdict,
            ]
            for r in stands[:20]
        ]
        speech.table(
            "Registers that differ from what age, sex and deprivation lead one to expect",
            ["Condition", "Practice", "Recorded", "Expected", "Ratio", ""], listed, right={2, 3, 4},
        )  # fmt: skip
    speech.say(plain(results.reading))
    _say_foot(speech, found.table)


def _say_condition(speech: Speech, settings: Settings, population: Population, condition: str) -> None:
    from goldenthread.insight.coding import coding_note, england, prevalence

    answer, note = prevalence(population, condition), coding_note(population, condition)
    published = england(population.catalogue.conditions[condition])
    speech.json(
        answer.to_json()
        | {
            "note": note.to_json() if note else None, "england_2021_22": published, "synthetic": settings.synthetic,
        }
    )  # fmt: skip
    speech.banner(settings)
    speech.say(f"[bold]{plain(answer.reading)}[/]")
    if note is not None:
        speech.say(plain(note.sentence))
    if published is not None:
        speech.say(
            f"Published for England: {published:.1%} (Quality and Outcomes Framework 2021/22, not adjusted)."
        )
    speech.say()
    _say_figures(speech, answer.outcome.rule, answer.table, answer.outcome.said)
    for text in answer.notes:
        speech.say(plain(text))
    _say_foot(speech, answer.table)


_HEADINGS = {
    "label": "", "name": "Place", "date": "Date", "group": "", "people": "People", "count": "Counted", "events": "Events",
    "value": "Figure", "lower": "from", "upper": "to", "adjusted": "Adjusted", "adjusted_lower": "from", "adjusted_upper": "to",
    "expected": "Expected", "figure": "Adjusted",
}  # fmt: skip
_SAID = {"value", "lower", "upper", "adjusted", "adjusted_lower", "adjusted_upper", "figure"}


def _say_figures(speech: Speech, title: str, table: ReleasedTable, said: Any) -> None:
    """A table of figures, each said as its outcome says it; the codes of groups stay behind their names."""
    import pandas as pd

    columns = [str(c) for c in table.frame.columns]
    columns = [c for c in columns if c != "place" and not (c == "group" and "label" in columns)]
    leading = ("date", "label", "name", "group", "people", "count", "events", "value", "lower", "upper")
    order: list[str] = [c for c in leading if c in columns]
    order += [c for c in columns if c not in order]

    def cell(column: str, row: int) -> str:
        if bool(table.suppressed[column].iloc[row]):
            return "*"
        value = table.frame[column].iloc[row]
        if pd.isna(value):
            return "-"
        if column in _SAID:
            return str(said(float(value)))
        if isinstance(value, str):
            return plain(value)
        return f"{float(value):,.0f}" if float(value) == int(value) else f"{float(value):,.1f}"

    rows = [[cell(c, n) for c in order] for n in range(len(table.frame))]
    words = {n for n, c in enumerate(order) if c in ("date", "label", "name", "group")}
    speech.table(
        plain(title), [_HEADINGS.get(c, c) for c in order], rows, right=set(range(len(order))) - words
    )


def _say_foot(speech: Speech, table: ReleasedTable) -> None:
    if table.coverage:
        speech.say(f"{plain(table.coverage[:1].upper() + table.coverage[1:])}.")
    if table.message:
        speech.say(plain(table.message))
