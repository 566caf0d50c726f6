"""Sharing what was learned: one file with the rule, the plan, the letter and the result, for another system's own people."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldenthread import __version__
from goldenthread.definitions import Catalogue
from goldenthread.definitions.expressions import ExpressionError, check_condition, names, parse
from goldenthread.measures import variables
from goldenthread.programme.errors import ProgrammeError
from goldenthread.programme.evidence import Changed, changed_since, expression_of, resting_on
from goldenthread.programme.forms import canonical, fingerprint, read, to_json
from goldenthread.programme.plan import Plan
from goldenthread.programme.power import Power, power_of
from goldenthread.programme.record import Initiative
from goldenthread.programme.register import Entry, Register

if TYPE_CHECKING:
    from goldenthread.cohorts import Answer, Population

FORMAT = 2
KIND = "goldenthread initiative recipe"
_MOST_BYTES = 20_000_000
_OF_PEOPLE_HERE = ("owner", "deputy", "partners", "documents", "cohort_version", "scope", "previous")


@dataclass(frozen=True)
class Imported:
    """A recipe on this system's own data: the new entry, how many people the cohort has here, and whether they are enough.

    ``differs`` are definitions that mean something else here than where the recipe comes from; ``notes`` what to do about it.
    """

    entry: Entry
    counted: Answer
    power: Power | None
    differs: tuple[Changed, ...]
    notes: tuple[str, ...]


def export_recipe(register: Register, name: str, population: Population) -> str:
    """The recipe as JSON: no person, no name of anybody here, no count of people; the rule, the plan, and what was found.

    Definitions go with their content and codes, so that the other system can see where its own differ.
    """
    entry = register.get(name)
    whole = population.whole
    shared = {k: v for k, v in to_json(entry.initiative).items() if k not in _OF_PEOPLE_HERE}
    shared["cohort"] = expression_of(whole.catalogue, entry.initiative.cohort)
    plan = replace(
        entry.plan, review_dates=(), evaluate_on=None, began_before="", few_accepted="", capacity=None
    )
    if plan.design:
        plan = replace(
            plan,
            design=replace(plan.design, places=(), compare_with=(), recruit_from=None, recruit_until=None),
        )
    content: dict[str, Any] = {
        "kind": KIND, "format": FORMAT, "software": __version__, "initiative": shared, "plan": to_json(plan),
        "definitions": resting_on(whole, entry.initiative, entry.plan),
        "learning": [
            {"cycle": entry.initiative.cycle, "choice": e.body["choice"], "reasons": e.body["reasons"]}
            for e in entry.decisions
        ],
        "found": [list(v) for v in entry.verdicts],
        "amended": [a.what for a in entry.amendments],
    }  # fmt: skip
    content["hash"] = fingerprint(content)
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def read_recipe(path: Path) -> dict[str, Any]:
    """The content of a recipe file; one of an older format is brought up to date. ``ProgrammeError`` for anything else."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ProgrammeError(f"{path} is too large to be a recipe.", "Check the file.")
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ProgrammeError(f"There is no file {path}.", "Check the name.") from None
    except OSError as error:
        raise ProgrammeError(
            f"{path} cannot be read: {error.strerror}.", "Name the file of a recipe."
        ) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ProgrammeError(f"{path} is not a recipe: {error}.", "Ask for the file again.") from None
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise ProgrammeError(f"{path} is not a recipe of an initiative.", "Export one with --recipe.")
    version = content.get("format")
    if not isinstance(version, int) or version > FORMAT or version < 1:
        raise ProgrammeError(
            f"{path} has format {version}, and this version of Golden Thread reads 1 to {FORMAT}.",
            "Use a later version of Golden Thread.",
        )
    held = content.pop("hash", None)
    if held is not None and fingerprint(content) != held:
        raise ProgrammeError(f"{path} was changed after it was exported.", "Ask for the file again.")
    return _brought_up(content, version)


def _brought_up(content: dict[str, Any], version: int) -> dict[str, Any]:
    """Format 1 held one outcome and free text in place of the logic model; nothing it held is lost."""
    if version == 1:
        record = dict(content["initiative"])
        text = record.pop("logic", "")
        if text:
            record["logic_model"] = [{"link": "need", "what": text}]
        plan = dict(content.get("plan", {}))
        outcome = plan.pop("outcome", None)
        if outcome:
            plan["outcomes"] = [{"kind": "primary", **outcome}]
        content = content | {"initiative": record, "plan": plan, "definitions": {}, "format": FORMAT}
    return content


def import_recipe(
    register: Register, path: Path, population: Population, *, id: str, scope: str = "system", who: str
) -> Imported:
    """Begin an initiative here from another system's recipe: the cohort is recounted and the plan re-powered on this data.

    Refused where the rule names facts that are not known here. Definitions that differ are listed, not taken over: add
    them to this system's own definitions where the other meaning is wanted.
    """
    content = read_recipe(path)
    whole = population.whole
    raw = dict(content["initiative"]) | {"id": id, "scope": scope, "owner": who, "cycle": 1}
    record = read(Initiative, raw, path.name)
    plan = read(Plan, content.get("plan", {}), path.name)
    found = [str(x.get("reasons", "")) for x in content.get("learning", ())]
    told = [f"{o}: agreed {a}, found {r} ({v})" for o, a, r, v in content.get("found", ())]
    record = replace(record, learning="\n".join(filter(None, [record.learning, *found, *told])))
    _known_here(whole.catalogue, record, plan, path)
    entry = register.create(record, who=who, plan=plan)
    from goldenthread.cohorts import Scope

    here = [whole.within(Scope.parse(s)) for s in record.scopes]
    counted = here[0].cohort(record.cohort).count()
    differs = changed_since(content.get("definitions", {}), whole.catalogue)
    power, notes = None, []
    if plan.primary and plan.design and not plan.design.of_places:
        power = power_of(whole, record, plan)
        notes.append(f"{power.words[:1].upper()}{power.words[1:]}.")
    if plan.design and plan.design.of_places:
        notes.append("Say which places start, and when: the recipe leaves them out.")
    if differs:
        notes.append(
            f"{len(differs)} definitions mean something else here: {', '.join(d.name for d in differs)}. Look at them before the plan is locked."
        )
    return Imported(entry, counted, power, differs, tuple(notes))


def _known_here(catalogue: Catalogue, record: Initiative, plan: Plan, path: Path) -> None:
    known = variables(catalogue)
    texts = [record.cohort, *([plan.design.comparable] if plan.design and plan.design.comparable else [])]
    for text in texts:
        whole = expression_of(catalogue, text)
        missing = sorted({n for n in names(parse(whole)) if n not in known})
        if missing:
            raise ProgrammeError(
                f"{path.name} uses {', '.join(missing)}, which this system does not know.",
                "Add the definitions (they are in the file under `definitions`) to this system's own, then import again.",
            )
        try:
            check_condition(parse(whole), known, whole)
        except ExpressionError as error:
            raise ProgrammeError(f"{path.name}: {error.message}", error.remedy) from None


def same_recipe(one: str, other: str) -> bool:
    """Whether two recipes hold the same, whatever their layout."""
    return canonical(json.loads(one)) == canonical(json.loads(other))
