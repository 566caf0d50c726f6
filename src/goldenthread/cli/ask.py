"""`ask` and `measure`: how many people, of whom, by which rule."""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app, settings_at
from goldenthread.cli.asking import AsAtOption, PurposeOption, people
from goldenthread.cli.output import Speech, day_words, figure, plain, released_json

if TYPE_CHECKING:
    from goldenthread.cohorts import Answer, Attrition, Population
    from goldenthread.settings import Settings


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
    if freeze:
        from goldenthread.cohorts import check_name

        check_name(freeze)  # before an answer is remembered
    with people(settings, purpose=purpose, as_at=as_at) as population:
        cohort = population.cohort(expression)
        _warn_of_waiting(population, speech)
        answer = cohort.by(*(n for n in by.split(",") if n.strip()))
        steps = cohort.attrition() if attrition else None
        frozen = None
        if freeze:
            from goldenthread.cohorts import freeze as freeze_cohort

            version = freeze_cohort(cohort, freeze, settings.home / "cohorts")
            frozen = {"id": version.id, "folder": str(version.folder)}
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
        speech.say(f"Frozen as [bold]{frozen['id']}[/] in {plain(frozen['folder'])}.")


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
    with people(settings, purpose=purpose, as_at=as_at) as population:
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
    speech.banner(settings)
    speech.say(f"[bold]{plain(name)}[/] ({content['kind']}): {plain(content['rule'])}")
    speech.say(f"Source: {plain(content['source'])}, version {plain(content['version'])}.")
    if content["file"]:
        speech.say(f"Written in {plain(content['file'])}, line {content['line']}.")
    if content["warning"]:
        speech.say(f"[bold]Mind:[/] {plain(content['warning'])}")
    if content["rests_on"]:
        speech.say(f"Rests on: {', '.join(content['rests_on'])}.")
    for one in content["codes"]:
        speech.say(f"Codes: {one['codelist']}, {one['codes']:,} in it, fingerprint {one['hash'][:12]}.")
    unit = f" ({variable.unit})" if variable.unit else ""
    speech.released(f"{name}{unit} on {day_words(population.index_date)}", spread)
    for table, sql in statements.items():
        speech.say(f"[bold]SQL over {plain(table)}[/]")
        speech.say(plain(sql))
        speech.say()


def _warn_of_waiting(population: Population, speech: Speech) -> None:
    """Said once the question is known to be a good one."""
    if population.slow_to_begin and speech.talks:
        speech.warn(
            "The first question about new data works out every fact about everybody. Later ones take no time."
        )


def _say(speech: Speech, settings: Settings, answer: Answer, steps: Attrition | None) -> None:
    speech.banner(settings)
    speech.say(f"[bold]{answer}[/]")
    speech.say(
        f"{plain(answer.english[:1].upper() + answer.english[1:])}; on {day_words(answer.index_date)}."
    )
    speech.say()
    if steps is not None:
        rows = [[plain(s.step), figure(s.people), figure(s.left)] for s in steps.steps]
        speech.table("One condition after another", ["Condition", "People", "Left out"], rows, right={1, 2})
    if answer.by is not None:
        speech.released(f"By {' and '.join(answer.by_names)}", answer.by)
    speech.say(f"Purpose {answer.purpose}: {answer.coverage_words}.")
    speech.say(f"Data to {day_words(answer.data_date)}. Definition {answer.definition_hash[:12]}.")
    hidden = [answer.message, steps.released.message if steps else ""]
    if message := next((m for m in hidden if m), ""):
        speech.say(plain(message))


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
