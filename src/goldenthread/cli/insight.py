"""`segments` and `who`: where need, work and cost are, and who the people of a cohort are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app, settings_at
from goldenthread.cli.asking import AsAtOption, PurposeOption, ScopeOption, people
from goldenthread.cli.output import Speech, day_words, figure, plain, released_json

if TYPE_CHECKING:
    from goldenthread.cohorts import Population
    from goldenthread.insight.segments import SegmentMatrix
    from goldenthread.insight.who import Comparison, Suggestion
    from goldenthread.settings import Settings


@app.command()
def segments(
    scope: ScopeOption = "system",
    by: Annotated[
        str,
        typer.Option(
            help="Cross segments with need, use, gaps, conditions, or risk where a model was fitted."
        ),
    ] = "need",
    segmentation: Annotated[str, typer.Option(help="Which segmentation.")] = "bridges_to_health",
    months: Annotated[int, typer.Option(help="Follow movement over so many months.")] = 12,
    purpose: PurposeOption = "planning",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show segments by need, who has the cost and the work, and who moved between segments."""
    from goldenthread.insight.segments import concentration, heavy_use, movement, shares, workload

    speech, settings = Speech(as_json=as_json, quiet=quiet), settings_at(home)
    with people(settings, purpose=purpose, scope=scope) as population:
        matrix = _matrix(population, settings, by, segmentation)
        parts, few = shares(population, segmentation=segmentation), concentration(population)
        work, heavy = workload(population, segmentation=segmentation), heavy_use(population)
        moved = movement(population, months=months, segmentation=segmentation)
    if as_json:
        speech.json(
            {
                "scope": scope,
                "matrix": released_json(matrix.released),
                "expressions": [
                    {"segment": s, "band": b, "who": e} for (s, b), e in matrix.expressions.items()
                ],
                "shares": released_json(parts.released),
                "concentration": released_json(few.released),
                "workload": released_json(work.released),
                "heavy_use": released_json(heavy.released),
                "movement": released_json(moved.released),
                "sentences": [
                    parts.sentence,
                    few.sentence,
                    *work.sentences.values(),
                    *heavy.sentences.values(),
                ],
                "note": matrix.note,
                "synthetic": settings.synthetic,
            }
        )
        return
    speech.banner(settings)
    speech.say(f"[bold]{plain(few.sentence)}[/] {plain(parts.sentence)}")
    speech.say()
    speech.released(f"Segments by {matrix.column_title}", matrix.released)
    for sentence in (*work.sentences.values(), *heavy.sentences.values()):
        speech.say(plain(sentence))
    speech.say()
    speech.released(f"Movement since {day_words(moved.then)}", moved.released)
    speech.say(plain(matrix.note))


@app.command()
def who(
    expression: Annotated[
        str, typer.Argument(help='A condition, such as "age >= 65 and copd", or the name of a cohort.')
    ],
    scope: ScopeOption = "system",
    same_ages: Annotated[
        bool, typer.Option("--same-ages", help="Weigh the others so that their ages are the same.")
    ] = False,
    as_at: AsAtOption = "",
    purpose: PurposeOption = "planning",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say who the people of a cohort are, beside everybody else, and what to ask next."""
    from goldenthread.insight.who import compare, next_questions

    speech, settings = Speech(as_json=as_json, quiet=quiet), settings_at(home)
    with people(settings, purpose=purpose, as_at=as_at, scope=scope) as population:
        found = compare(population.cohort(expression), same_ages=same_ages)
        asked = next_questions(found)
    if as_json:
        speech.json(_who_json(found, asked) | {"scope": scope, "synthetic": settings.synthetic})
        return
    speech.banner(settings)
    speech.say(f"[bold]{figure(found.people)} people.[/] {plain(found.sentence)}")
    if found.message:
        return
    speech.say()
    rows = [
        [
            plain(r.title),
            _share(r.them),
            _share(r.others),
            f"{r.ratio:.1f}" if r.ratio else "",
            _range(r.lower, r.upper),
        ]
        for r in (*found.over[:15], *found.under[:5])
    ]
    title = f"Compared with {found.others_words}" + (
        ", their ages weighed to be the same" if same_ages else ""
    )
    speech.table(title, ["", "Them", "Others", "Times as likely", "Between"], rows, right={1, 2, 3, 4})
    means = [[plain(a.title), _mean(a.them, a.unit), _mean(a.others, a.unit)] for a in found.averages]
    speech.table("On average", ["", "Them", "Others"], means, right={1, 2})
    speech.say("[bold]Ask next[/]")
    for one in asked:
        speech.say(f"{plain(one.title)}. {plain(one.reason)}")
        speech.say(f"  goldenthread who '{plain(one.expression)}'")
    speech.say(
        f"Of {sum(r.ratio is not None for r in found.rows)} facts looked at; what differs by chance alone is left out. Rounded to 5."
    )


def _matrix(population: Population, settings: Settings, by: str, segmentation: str) -> SegmentMatrix:
    from goldenthread.insight.segments import risk_matrix, segment_matrix

    if by != "risk":
        return segment_matrix(population, by, segmentation=segmentation)
    from goldenthread.prediction import latest, model_definition

    name = "emergency_admission"
    definition = model_definition(population.catalogue, name)
    return risk_matrix(population, latest(settings.home, name), definition, segmentation=segmentation)


def _who_json(found: Comparison, asked: tuple[Suggestion, ...]) -> dict[str, object]:
    return {
        "expression": found.cohort.expression,
        "english": found.cohort.english,
        "people": found.people,
        "others": found.others_words,
        "others_people": found.others_people,
        "same_ages": found.same_ages,
        "sentence": found.sentence,
        "message": found.message,
        "facts": [vars(r) for r in found.rows],
        "averages": [vars(a) for a in found.averages],
        "next": [vars(s) for s in asked],
    }


def _share(value: float | None) -> str:
    return "*" if value is None else f"{100 * value:.0f}%"


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.1f} to {high:.1f}"


def _mean(value: float | None, unit: str) -> str:
    if value is None:
        return "*"
    return f"£{value:,.0f}" if unit == "£" else f"{value:,.1f}"
