"""`initiative`: the cycle from question to second cycle. Here: list, show, begin, plan, lock, amend, note."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app, settings_at
from goldenthread.cli.asking import day_of
from goldenthread.cli.initiative_shared import (
    AgreedOption,
    NameArgument,
    WhoOption,
    begun,
    everybody,
    initiative,
    me,
    read_file,
    register_of,
    signatories,
)
from goldenthread.cli.initiative_words import say_entry, say_plan
from goldenthread.cli.output import Speech, plain, released_json
from goldenthread.errors import did_you_mean

if TYPE_CHECKING:
    from goldenthread.programme import Entry
    from goldenthread.settings import Settings

app.add_typer(initiative, name="initiative")


@initiative.command("list")
def list_initiatives(
    words: Annotated[str, typer.Argument(help="Words to look for anywhere in the record.")] = "",
    stage: Annotated[str, typer.Option(help="Only these stages, with commas between.")] = "",
    scope: Annotated[str, typer.Option(help="Only this scope, such as pcn-UZ001.")] = "",
    person: Annotated[str, typer.Option(help="Only those this person owns or deputises for.")] = "",
    templates: Annotated[bool, typer.Option("--templates", help="List the templates instead.")] = False,
    orphans: Annotated[bool, typer.Option("--orphans", help="Only those that nobody answers for.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List initiatives with how far they are and what they showed. Stopped ones, and those that showed nothing, are there too."""
    from goldenthread.cohorts import Scope
    from goldenthread.programme import STAGES, ProgrammeError, portfolio
    from goldenthread.programme import orphans as orphans_of

    speech, settings = Speech(as_json=as_json, quiet=quiet), settings_at(home)
    if templates:
        _templates(speech, settings)
        return
    register = register_of(settings)
    if orphans:
        lost = orphans_of(register)
        speech.json([vars(o) for o in lost])
        speech.table(
            "Nobody answers for", ["Initiative", "Stage", "Why", "Deputy"],
            [[plain(o.id), o.stage, plain(o.why), plain(o.could)] for o in lost],
        )  # fmt: skip
        speech.say("Everything has an owner." if not lost else "")
        return
    stages = [s.strip() for s in stage.split(",") if s.strip()]
    for one in stages:
        if one not in STAGES:
            raise ProgrammeError(
                f"There is no stage {one!r}.", did_you_mean(one, STAGES, then=f"Stages: {', '.join(STAGES)}.")
            )
    if scope:
        Scope.parse(scope)
    rows = portfolio(register.find(words, stages=stages, scope=scope, person=person))
    speech.json([vars(r) for r in rows])
    speech.banner(settings)
    speech.table(
        "Initiatives",
        [
            "Name",
            "Stage",
            "Cycle",
            "Owner",
            "Result against people like them",
            "Judged",
            "Before and after",
            "Harm",
        ],
        [
            [
                plain(r.id),
                r.stage,
                str(r.cycle),
                plain(r.owner),
                plain(r.effect),
                r.judged,
                r.before_after,
                r.harm,
            ]
            for r in rows
        ],
    )
    if not rows:
        speech.say("None. Begin one: goldenthread initiative new NAME --template TEMPLATE")


@initiative.command("show")
def show(
    name: NameArgument,
    page: Annotated[bool, typer.Option("--page", help="Print the page of the last evaluation.")] = False,
    history: Annotated[
        bool, typer.Option("--history", help="Print everything that was ever written.")
    ] = False,
    reach: Annotated[
        str, typer.Option(help="Whom it reached: all, imd_quintile, ethnic_group, sex, age_band or month.")
    ] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show one initiative: what for, for whom, what was agreed, how far it is, what was found."""
    from goldenthread.evaluation import to_text
    from goldenthread.programme import entry_json, last_page, said_of

    speech, settings, register = begun(home, as_json=as_json, quiet=quiet)
    entry = register.get(name)
    if reach:
        _reach(speech, settings, entry, reach)
        return
    speech.json(entry_json(entry, history=history) | {"synthetic": settings.synthetic})
    speech.banner(settings)
    if page:
        speech.say(plain(to_text(last_page(entry))))
        return
    if history:
        rows = [[f"{e.at:%Y-%m-%d %H:%M}", plain(e.who), plain(said_of(e))] for e in entry.events]
        speech.table(plain(entry.initiative.title), ["On", "Who", "What"], rows)
        return
    say_entry(speech, entry)


@initiative.command("new")
def new(
    name: NameArgument,
    template: Annotated[
        str, typer.Option(help="Template to begin from: see `initiative list --templates`.")
    ] = "",
    title: Annotated[str, typer.Option(help="What people call it.")] = "",
    question: Annotated[str, typer.Option(help="The question it answers.")] = "",
    cohort: Annotated[str, typer.Option(help="Whom it is for: an expression, or a cohort's name.")] = "",
    scope: Annotated[str, typer.Option(help="Where: system, pcn-UZ001, several with commas.")] = "system",
    programme: Annotated[str, typer.Option(help="Its name in the contact feed, if not the name here.")] = "",
    owner: Annotated[str, typer.Option(help="Who owns it; you if not said.")] = "",
    deputy: Annotated[str, typer.Option(help="Who stands in.")] = "",
    after: Annotated[
        str, typer.Option(help="Begin the next cycle of this initiative, once it has been decided about.")
    ] = "",
    who: WhoOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Put an initiative into the register: from a template, from a question, or as the next cycle of another."""
    from goldenthread.cohorts import Scope, catalogue_of
    from goldenthread.programme import Initiative, entry_json, from_template, next_cycle

    speech, settings, register = begun(home, as_json=as_json, quiet=quiet)
    mine = who or me()
    for one in scope.split(","):
        Scope.parse(one)
    if after:
        entry = next_cycle(register, after, who=mine, title=title, id=name)
    else:
        given = {"title": title, "question": question, "cohort": cohort, "programme": programme}
        chosen = {k: v for k, v in given.items() if v}
        if template:
            record, plan = from_template(
                catalogue_of(settings), template, id=name, scope=scope, owner=owner or mine, deputy=deputy,
                today=register.store.now().date(), changes=chosen,
            )  # fmt: skip
        else:
            record, plan = Initiative(name, title, question, cohort, scope=scope, programme=programme, owner=owner or mine, deputy=deputy), None  # fmt: skip
        entry = register.create(record, who=mine, plan=plan)
    speech.json(entry_json(entry))
    speech.say(f"[bold]{plain(entry.id)}[/] is in the register, at version {entry.version}.")
    speech.say(f"Next: goldenthread initiative plan {plain(entry.id)}")


@initiative.command("plan")
def plan(
    name: NameArgument,
    file: Annotated[
        Path | None, typer.Option("--file", help="Replace the plan by this TOML or JSON file.")
    ] = None,
    evaluate_on: Annotated[str, typer.Option(metavar="DATE", help="The day of the evaluation.")] = "",
    capacity: Annotated[int | None, typer.Option(min=0, help="The most people there is time for.")] = None,
    people: Annotated[
        int | None, typer.Option(min=0, help="Work out staff for so many people; those expected if not said.")
    ] = None,
    version: Annotated[
        int | None, typer.Option(help="The version you have seen; refused if somebody changed it since.")
    ] = None,
    who: WhoOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show or change a plan: outcomes, comparison, what could be seen with the people there are, and the staff it takes."""
    from goldenthread.programme import Plan, entry_json, lacks, load_rates, power_of, read_form, workforce

    speech, settings, register = begun(home, as_json=as_json, quiet=quiet)
    entry = register.get(name)
    changed = entry.plan
    if file:
        changed = read_form(Plan, read_file(file), file.name)
    if evaluate_on:
        changed = replace(changed, evaluate_on=day_of(evaluate_on))
    if capacity is not None:
        changed = replace(changed, capacity=capacity)
    if changed != entry.plan:
        entry = register.save_plan(
            name, changed, who=who or me(), version=entry.version if version is None else version
        )
    power = None
    if entry.lock:
        power = entry.lock.power
    elif (
        entry.plan.primary
        and entry.plan.design
        and (entry.plan.design.places or not entry.plan.design.of_places)
    ):
        with everybody(settings) as population:
            power = power_of(population, entry.initiative, entry.plan)
    rates = load_rates(register.folder / "workforce.toml")
    staff = workforce(
        people or (power.expected if power else entry.plan.capacity or 0), entry.plan.activities, rates
    )
    missing = lacks(entry.plan)
    speech.json(
        entry_json(entry)
        | {
            "power": vars(power) if power else None,
            "workforce": [vars(w) for w in staff.lines],
            "lacks": list(missing),
        }
    )
    say_plan(speech, entry, power, staff, missing)


@initiative.command("freeze")
def freeze(
    name: NameArgument,
    who: WhoOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Freeze the people it is for, before the plan is locked: rule, codes, data date, and who they are."""
    from goldenthread.programme import entry_json, freeze_cohort

    speech, settings, register = begun(home, as_json=as_json, quiet=quiet)
    with everybody(settings) as population:
        entry = freeze_cohort(
            register, name, population, settings.home, who=who or me(), version=register.get(name).version
        )
    speech.json(entry_json(entry))
    speech.say(f"Frozen as [bold]{entry.initiative.cohort_version}[/].")


@initiative.command("lock")
def lock(
    name: NameArgument,
    agreed_by: AgreedOption,
    version: Annotated[int | None, typer.Option(help="The version you have seen.")] = None,
    who: WhoOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Lock the plan before the first release: from here on it is what the result is judged by."""
    from goldenthread.programme import entry_json
    from goldenthread.programme import lock as lock_plan

    speech, settings, register = begun(home, as_json=as_json, quiet=quiet)
    seen = register.get(name).version if version is None else version
    with everybody(settings) as population:
        entry = lock_plan(
            register,
            name,
            agreed_by=signatories(agreed_by),
            who=who or me(),
            version=seen,
            population=population,
        )
    agreement = entry.lock
    speech.json(entry_json(entry))
    if agreement is not None:
        speech.say(f"Locked on {agreement.agreed_at:%-d %B %Y}. Fingerprint {agreement.hash}")
        speech.say(
            "Keep the fingerprint outside this system: on paper, in the minutes. It proves what was agreed."
        )


@initiative.command("amend")
def amend(
    name: NameArgument,
    what: Annotated[str, typer.Option(help="What changed.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    agreed_by: AgreedOption,
    who: WhoOption = "",
    home: HomeOption = None,
) -> None:
    """Record a change after the lock; it is shown beside the result for ever, and the judged plan stays."""
    from goldenthread.programme import amend as amend_plan

    amend_plan(
        register_of(settings_at(home)),
        name,
        what=what,
        reason=reason,
        agreed_by=signatories(agreed_by),
        who=who or me(),
    )
    Speech().say("Recorded.")


@initiative.command("note")
def note(
    name: NameArgument,
    kind: Annotated[
        str, typer.Argument(help="pdsa, cost, obstacle, feedback, fidelity, experience or 'decision note'.")
    ],
    what: Annotated[str, typer.Argument(help="What happened.")],
    amount: Annotated[float | None, typer.Option(help="Pounds, for a cost.")] = None,
    who: WhoOption = "",
    home: HomeOption = None,
) -> None:
    """Note what happens while the work is done: a small change tried, money spent, an obstacle, what people said."""
    body: dict[str, Any] = {"what": what} | ({"amount": amount} if amount is not None else {})
    register_of(settings_at(home)).note(name, kind, body, who=who or me())
    Speech().say("Noted.")


def _templates(speech: Speech, settings: Settings) -> None:
    from goldenthread.cohorts import catalogue_of

    found = catalogue_of(settings).initiatives
    speech.json(
        [{"name": n, "title": t.title, "question": t.question, "source": t.source} for n, t in found.items()]
    )
    speech.table(
        "Templates",
        ["Name", "Title", "Question"],
        [[n, plain(t.title), plain(t.question)] for n, t in found.items()],
    )


def _reach(speech: Speech, settings: Settings, entry: Entry, by: str) -> None:
    from goldenthread.programme import contacts_of, reach_by, reach_by_month

    with everybody(settings) as population:
        contacts = contacts_of(population, entry.initiative)
        table = (
            reach_by_month(population, contacts)
            if by == "month"
            else reach_by(population, contacts, "" if by == "all" else by)
        )
    speech.json(released_json(table) | {"synthetic": settings.synthetic})
    speech.banner(settings)
    speech.released("Whom it reached", table)
    for words in (*contacts.words, table.message):
        speech.say(plain(words))
