"""`need`: an emergency-admission model of this system's own data, its proof, and what can be done beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app, settings_at
from goldenthread.cli.asking import PurposeOption, people
from goldenthread.cli.output import Exit, Speech, day_words, plain, released_json

if TYPE_CHECKING:
    from goldenthread.cohorts import Population
    from goldenthread.disclosure import ReleasedTable
    from goldenthread.prediction import FittedModel, ModelDefinition
    from goldenthread.settings import Settings

need = typer.Typer(
    help="Predicted need: fit a model here, see whether it fits, and see who could be helped.",
    no_args_is_help=True,
)
app.add_typer(need, name="need")

ModelOption = Annotated[str, typer.Option("--model", help="Name of the model.")]
_MODEL = "emergency_admission"


@need.command("fit")
def need_fit(
    model: ModelOption = _MODEL,
    purpose: PurposeOption = "planning",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fit the model on the data here, validate it on a later year, and keep it; exit code 3 when it must not be used."""
    from goldenthread.prediction import fit, model_definition, save

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    with people(settings, purpose=purpose) as population:
        definition = model_definition(population.catalogue, model)
        fitted = fit(population, definition, memory_mb=settings.memory_mb, threads=settings.threads)
    path = save(fitted, settings.home)
    speech.json(fitted.to_json() | {"file": str(path), "synthetic": settings.synthetic})
    speech.banner(settings)
    _say_validation(speech, fitted)
    speech.say(f"Kept in {plain(str(path))}.")
    if not fitted.fit_for_use:
        raise typer.Exit(Exit.FOUND)


@need.command("show")
def need_show(
    model: ModelOption = _MODEL,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show the model fitted last: what it showed in validation, and each coefficient in words."""
    from goldenthread.cohorts import catalogue_of
    from goldenthread.prediction import PredictionError, latest, model_definition

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    fitted = latest(settings.home, model)
    catalogue = catalogue_of(settings)
    refused = ""
    try:
        fitted.check_usable(model_definition(catalogue, model), catalogue)
    except PredictionError as error:
        refused = str(error)
    ranked = sorted(fitted.columns, key=lambda c: -c.odds_ratio)
    if as_json:
        ratios = [{"name": c.name, "words": c.words, "odds_ratio": round(c.odds_ratio, 4)} for c in ranked]
        speech.json(
            fitted.to_json()
            | {"odds_ratios": ratios, "refused": refused or None, "synthetic": settings.synthetic}
        )
        return
    speech.banner(settings)
    _say_validation(speech, fitted)
    rows = [[plain(c.words), f"{c.odds_ratio:.2f}"] for c in ranked]
    speech.table("What the odds are multiplied by", ["For", "Odds ratio"], rows, right={1})
    speech.say(
        "Each with all the others held still. Shrunk a little towards 1 by the penalty. An odds ratio describes who is admitted;"
        " it does not say that changing the one would change the other."
    )
    if refused and fitted.fit_for_use:
        speech.warn(refused)


@need.command("groups")
def need_groups(
    by: Annotated[
        str, typer.Option(help="pcn, practice, place, district, imd_quintile, ethnic_group or sex.")
    ] = "pcn",
    model: ModelOption = _MODEL,
    purpose: PurposeOption = "planning",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show how many people are expected to be admitted in the next year, by group."""
    from goldenthread.prediction import by_group

    speech, settings = Speech(as_json=as_json, quiet=quiet), settings_at(home)
    with _usable(settings, model, purpose) as (population, fitted, definition):
        released = by_group(population, fitted, definition, by)
    _say_released(
        speech, settings, released, fitted, population.index_date, "Expected to be admitted in 12 months", {}
    )


@need.command("view")
def need_view(
    model: ModelOption = _MODEL,
    purpose: PurposeOption = "planning",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show risk beside impactability: people by band of risk and by gaps in care that can be closed."""
    from goldenthread.prediction import IMPACTABILITY, impactability

    speech, settings = Speech(as_json=as_json, quiet=quiet), settings_at(home)
    with _usable(settings, model, purpose) as (population, fitted, definition):
        released = impactability(population, fitted, definition)
        rule = population.catalogue.definitions[definition.gaps].rule
    more = {"impactability": IMPACTABILITY, "gaps": {"name": definition.gaps, "rule": rule}}
    _say_released(speech, settings, released, fitted, population.index_date, "Risk and gaps in care", more)
    speech.say(f"Gaps: {plain(rule)}.")
    speech.say(f"[bold]{plain(IMPACTABILITY)}[/]")


@contextmanager
def _usable(
    settings: Settings, name: str, purpose: str
) -> Iterator[tuple[Population, FittedModel, ModelDefinition]]:
    """The people on the last day to which hospital data are complete, and a model that may be used for them."""
    from goldenthread.governance import named_purpose
    from goldenthread.prediction import date_of_use, latest, model_definition

    named_purpose(purpose)
    fitted = latest(settings.home, name)
    with people(settings, purpose=purpose) as today:
        definition = model_definition(today.catalogue, name)
        fitted.check_usable(definition, today.catalogue)
        day = date_of_use(today, definition)
    with people(settings, purpose=purpose, as_at=day.isoformat()) as population:
        yield population, fitted, definition


def _say_validation(speech: Speech, fitted: FittedModel) -> None:
    f = fitted.figures
    speech.say(f"[bold]{plain(fitted.title)}[/]: {plain(fitted.rule)}.")
    speech.say(
        f"Fitted on people registered on {_day(fitted.fitted_at)} and what came in the year after; shown here on "
        f"{_day(fitted.validated_at)} and what came by {_day(fitted.outcome_to)}, a year that it had not seen. Purpose {fitted.purpose}."
    )
    speech.say()
    rows = [
        ["Discrimination (AUC)", f"{f['auc']:.3f}", f"{f['auc_lower']:.3f} to {f['auc_upper']:.3f}", "1 best, 0.5 chance"],
        ["Calibration slope", f"{f['slope']:.2f}", f"{f['slope_lower']:.2f} to {f['slope_upper']:.2f}", "1 right"],
        [
            "Calibration intercept", f"{f['intercept']:.2f}", f"{f['intercept_lower']:.2f} to {f['intercept_upper']:.2f}",
            "0 right, below: risks too high",
        ],
        ["Brier score", f"{f['brier']:.4f}", "", f"0 best, {f['brier_if_all_alike']:.4f} if all had one risk"],
    ]  # fmt: skip
    speech.table("How good it was", ["", "Figure", "95% interval", "Reading"], rows, right={1, 2})
    for table in fitted.tables.values():
        shown = [[plain(cell) for cell in row] for row in table.shown]
        speech.table(table.title, table.headings, shown, right=set(range(1, len(table.headings))))
        if table.message:
            speech.say(plain(table.message))
    for note in fitted.notes:
        speech.say(plain(note))
    if fitted.not_judged:
        speech.say(f"Too few expected to be judged: {plain(', '.join(fitted.not_judged))}.")
    speech.say(f"[bold]{plain(fitted.verdict)}[/]")


_HEADINGS = {
    "people": "People", "expected": "Expected", "expected_lower": "Lower", "expected_upper": "Upper", "gaps": "Gaps",
    "expected_share": "Expected, share", "risk_band": "Risk", "pcn": "PCN", "imd_quintile": "Deprivation fifth",
}  # fmt: skip


def _say_released(
    speech: Speech,
    settings: Settings,
    released: ReleasedTable,
    fitted: FittedModel,
    index: date,
    title: str,
    more: dict[str, Any],
) -> None:
    about = {
        "model": fitted.name,
        "made": fitted.made,
        "index_date": index.isoformat(),
        "not_judged": fitted.not_judged,
    }
    speech.json(released_json(released) | about | more | {"synthetic": settings.synthetic})
    speech.banner(settings)
    speech.released(f"{title}, as at {day_words(index)}", released, _HEADINGS)
    speech.say(
        "Expected: people with at least one emergency admission, from a model shown to fit here; `goldenthread need show` has its proof."
    )
    speech.say(f"Fitted on {_day(fitted.made[:10])} on data to {_day(fitted.outcome_to)}.")
    if fitted.not_judged:
        speech.say(f"Fit not judged, too few: {plain(', '.join(fitted.not_judged))}.")
    speech.say(f"{released.coverage[:1].upper()}{plain(released.coverage[1:])}.")
    if released.message:
        speech.say(plain(released.message))


def _day(text: str) -> str:
    return day_words(date.fromisoformat(text))
