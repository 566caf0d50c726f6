"""`ask` and `measure`: how many people, of whom, by which rule."""

from __future__ import annotations

import csv
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app, settings_at
from goldenthread.cli.output import Speech, released_json

if TYPE_CHECKING:
    from goldenthread.cohorts import Answer, Attrition, Population
    from goldenthread.disclosure import ReleasedTable
    from goldenthread.settings import Settings

PurposeOption = Annotated[
    str, typer.Option("--purpose", help="Why you ask: direct_care, planning, evaluation or research.")
]
AsAtOption = Annotated[
    str,
    typer.Option("--as-at", metavar="DATE", help="Day to ask about (2026-03-31); the data date if not said."),
]
_BANNER = (
    "[bold]Demonstration.[/] Real geography, synthetic people, invented practices. Not performance data."
)


@app.command()
def ask(
    expression: Annotated[
        str, typer.Argument(help='A condition, such as "age >= 65 and copd", or the name of a cohort.')
    ],
    by: Annotated[str, typer.Option(help="Count by these, with commas between: pcn,imd_quintile.")] = "",
    as_at: AsAtOption = "",
    attrition: Annotated[
        bool, typer.Option("--attrition", help="Show who is left after each condition.")
    ] = False,
    purpose: PurposeOption = "planning",
    freeze: Annotated[
        str, typer.Option(metavar="NAME", help="Keep this cohort for good, under this name.")
    ] = "",
    as_csv: Annotated[bool, typer.Option("--csv", help="Answer with comma-separated rows.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Count people: how many meet a condition, of how many, and where they are."""
    speech = Speech(as_json=as_json or as_csv, quiet=quiet)
    settings = settings_at(home)
    population = _population(settings, as_at, purpose)
    try:
        cohort = population.cohort(expression)
        _warn_of_waiting(population, speech)
        answer = cohort.by(*(n for n in by.split(",") if n.strip()))
        steps = cohort.attrition() if attrition else None
        frozen = None
        if freeze:
            from goldenthread.cohorts import freeze as freeze_cohort

            version = freeze_cohort(cohort, freeze, settings.home / "cohorts")
            frozen = {"id": version.id, "folder": str(version.folder)}
    finally:
        population.close()
    if as_csv:
        _csv(answer, steps)
        return
    if as_json:
        more: dict[str, Any] = {"synthetic": settings.synthetic}
        if steps is not None:
            more["attrition"] = [vars(s) for s in steps.steps]
        if frozen:
            more["frozen"] = frozen
        speech.json(answer.to_json() | more)
        return
    _say(speech, settings, answer, steps)
    if frozen:
        speech.say(f"Frozen as [bold]{frozen['id']}[/] in {_plain(frozen['folder'])}.")


@app.command()
def measure(
    name: Annotated[str, typer.Argument(help="A measure, condition, score or segmentation.")],
    as_at: AsAtOption = "",
    purpose: PurposeOption = "planning",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show one fact: its rule, source, codes and SQL, and how it is spread over the population."""
    from goldenthread.cohorts import distribution
    from goldenthread.measures import compile_plan

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    population = _population(settings, as_at, purpose)
    try:
        compile_plan(
            population.catalogue, [name], population.variables
        )  # an unknown name gets its suggestion here
        about = population.cohort(f"missing({name})")
        _warn_of_waiting(population, speech)
        rests_on, statements = about.rests_on, about.plan.statements(population.index_date)
        for step in about.plan.steps:
            if step.kind != "score":
                statements[step.name] = next(
                    iter(about.plan.expression_sql(step, population.index_sql).values())
                )
        spread = distribution(population, name)
    finally:
        population.close()
    definition = rests_on.get(name) or rests_on.get(name.removesuffix("_since").removesuffix("_category"))
    variable = population.variables[name]
    content: dict[str, Any] = {
        "name": name,
        "kind": definition.kind if definition else "fact about the person",
        "rule": definition.rule if definition else variable.meaning.capitalize(),
        "source": definition.source if definition else "Registration and residence",
        "version": definition.version if definition else "1",
        "unit": variable.unit,
        "file": definition.file if definition else "",
        "line": definition.line if definition else 0,
        "warning": getattr(definition, "warning", ""),
        "rests_on": [n for n in rests_on if definition is None or n != definition.name],
        "codes": [
            {"codelist": n, "codes": len(population.catalogue.codelists[n].codes), "hash": h}
            for n, h in about.codelist_hashes.items()
        ],
        "sql": statements,
        "index_date": population.index_date.isoformat(),
        "data_date": population.data_date.isoformat(),
    }
    if as_json:
        speech.json(content | {"distribution": released_json(spread), "synthetic": settings.synthetic})
        return
    if settings.synthetic:
        speech.say(_BANNER)
    speech.say(f"[bold]{_plain(name)}[/] ({content['kind']}): {_plain(content['rule'])}")
    speech.say(f"Source: {_plain(content['source'])}, version {_plain(content['version'])}.")
    if content["file"]:
        speech.say(f"Written in {_plain(content['file'])}, line {content['line']}.")
    if content["warning"]:
        speech.say(f"[bold]Mind:[/] {_plain(content['warning'])}")
    if content["rests_on"]:
        speech.say(f"Rests on: {', '.join(content['rests_on'])}.")
    for one in content["codes"]:
        speech.say(f"Codes: {one['codelist']}, {one['codes']:,} in it, fingerprint {one['hash'][:12]}.")
    unit = f" ({variable.unit})" if variable.unit else ""
    say_table(speech, f"{name}{unit} on {_day(population.index_date)}", spread)
    for table, sql in statements.items():
        speech.say(f"[bold]SQL over {_plain(table)}[/]")
        speech.say(_plain(sql))
        speech.say()


def _population(settings: Settings, as_at: str, purpose: str) -> Population:
    from goldenthread.cohorts import population_of

    return population_of(settings, purpose=purpose, index_date=day_of(as_at))


def _warn_of_waiting(population: Population, speech: Speech) -> None:
    """Said once the question is known to be a good one."""
    if population.slow_to_begin and speech.talks:
        speech.warn(
            "The first question about new data works out every fact about everybody. Later ones take no time."
        )


def day_of(text: str) -> date | None:
    """A date typed by a person; ``None`` for none."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        from goldenthread.cohorts import CohortError

        raise CohortError(f"{text!r} is not a date.", "Write year, month and day: 2026-03-31.") from None


def _say(speech: Speech, settings: Settings, answer: Answer, steps: Attrition | None) -> None:
    if settings.synthetic:
        speech.say(_BANNER)
    speech.say(f"[bold]{answer}[/]")
    speech.say(f"{_plain(answer.english[:1].upper() + answer.english[1:])}; on {_day(answer.index_date)}.")
    speech.say()
    if steps is not None:
        rows = [[_plain(s.step), _figure(s.people), _figure(s.left)] for s in steps.steps]
        speech.table("One condition after another", ["Condition", "People", "Left out"], rows, right={1, 2})
    if answer.by is not None:
        say_table(speech, f"By {' and '.join(answer.by_names)}", answer.by)
    speech.say(f"Purpose {answer.purpose}: {answer.coverage_words}.")
    speech.say(f"Data to {_day(answer.data_date)}. Definition {answer.definition_hash[:12]}.")
    hidden = [answer.message, steps.released.message if steps else ""]
    if message := next((m for m in hidden if m), ""):
        speech.say(_plain(message))


def say_table(speech: Speech, title: str, released: ReleasedTable) -> None:
    """Print a released table: names for people where there are codes with names."""
    shown = released.display()
    # a code is for programs; where it has a name, people read the name
    columns = [c for c in shown.columns if f"{c}_name" not in shown.columns]
    headings = [str(c).removesuffix("_name").replace("_", " ").capitalize() for c in columns]
    rows = [[_plain(str(cell)) for cell in row] for row in shown[columns].to_numpy().tolist()]
    figures = {n for n, c in enumerate(columns) if released.measures[c] not in ("dimension", "text")}
    speech.table(_plain(title), headings, rows, right=figures)


def _csv(answer: Answer, steps: Attrition | None) -> None:
    from goldenthread.disclosure import neutralise_formula

    writer = csv.writer(sys.stdout, lineterminator="\n")
    if steps is not None:
        writer.writerow(["step", "people", "left"])
        for step in steps.steps:
            people, left = (("*" if v is None else v) for v in (step.people, step.left))
            writer.writerow([neutralise_formula(step.step), people, left])
        if answer.by is None:
            return
    if answer.by is not None:
        writer.writerows(answer.by.to_csv_rows())
        return
    writer.writerow(["count", "population", "share"])
    writer.writerow(["*" if v is None else v for v in (answer.people, answer.population, answer.share)])


def _figure(value: int | None) -> str:
    return "*" if value is None else f"{value:,}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _plain(text: str | Path) -> str:
    """Text in which square brackets are only brackets."""
    return str(text).replace("[", r"\[")
