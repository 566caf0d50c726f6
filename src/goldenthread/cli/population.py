"""`show`: who the people are, by primary care network."""

from __future__ import annotations

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app, settings_at
from goldenthread.cli.output import Speech, released_json
from goldenthread.settings import Settings

_HEADINGS = {
    "pcn": "Primary care network",
    "practices": "Practices",
    "people": "People",
    "under_18_share": "Under 18",
    "aged_65_plus_share": "65+",
    "aged_85_plus_share": "85+",
    "most_deprived_fifth_share": "Most deprived",
    "minority_ethnic_share": "Minority ethnic",
}


@app.command()
def show(home: HomeOption = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Show the population by primary care network: how many, how old, how deprived, which ethnicity."""
    show_population(settings_at(home), Speech(as_json=as_json, quiet=quiet))


def show_population(settings: Settings, speech: Speech) -> None:
    """Print the population by PCN of the current snapshot."""
    from goldenthread.governance import sharing_of
    from goldenthread.insight import population_by_pcn
    from goldenthread.lake import Lake

    snapshot = Lake(settings.lake_dir).current()
    sharing = sharing_of(settings, snapshot, "planning")
    sharing.require()
    released = population_by_pcn(snapshot, purpose="planning", sharing=sharing)
    shown = released.display()[list(_HEADINGS)]
    speech.banner(settings)
    speech.table(
        f"{settings.name}: people registered on {released.data_date:%-d %B %Y}",
        list(_HEADINGS.values()),
        shown.astype(str).to_numpy().tolist(),
        right=set(range(1, len(_HEADINGS))),
    )
    speech.say(
        "Most deprived: in the most deprived fifth of England's neighbourhoods, Indices of Deprivation 2025, by home address."
    )
    speech.say("Minority ethnic: of people whose ethnicity is known; White minorities are not counted.")
    speech.say(f"Counted: {released.coverage}.")
    if released.message:
        speech.say(released.message)
    speech.json(released_json(released) | {"synthetic": settings.synthetic})
