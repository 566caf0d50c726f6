"""After the result: stop, adapt or scale, with reasons; and the next cycle, with what was agreed before beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from goldenthread.programme.errors import ProgrammeError, Refused
from goldenthread.programme.forms import to_json
from goldenthread.programme.register import Entry, Register, begin_cycle

if TYPE_CHECKING:
    from goldenthread.cohorts import Population
    from goldenthread.disclosure import ReleasedTable

Choice = Literal["stop", "adapt", "scale"]
_STAGE = {"stop": "stopped", "adapt": "adapted", "scale": "scaled"}


def decide(
    register: Register,
    name: str,
    choice: Choice,
    *,
    reasons: str,
    by: Sequence[str],
    who: str,
    version: int,
) -> Entry:
    """Write a decision into the register. To adapt or to scale needs an evaluation; to stop does not.

    What was found stands beside the decision, whatever it was: the register keeps what was stopped.
    """
    entry = register.get(name)
    if choice not in _STAGE:
        raise ProgrammeError(f"{choice!r} is not a decision.", "Choose stop, adapt or scale.")
    if not reasons.strip():
        raise ProgrammeError("The decision has no reasons.", "Say why: somebody will ask in a year.")
    if not [b for b in by if b.strip()]:
        raise ProgrammeError("Nobody is named as having decided.", "Give at least one name.")
    if choice != "stop" and not entry.evaluations:
        raise Refused(
            f"{name} has not been evaluated, so it cannot be decided to {choice} it.",
            f"Evaluate it first: goldenthread initiative evaluate {name}. It can be stopped at any time.",
        )
    if choice == "scale" and not any(v[3] == "met" for v in entry.verdicts):
        # allowed, because somebody may have good reasons, and kept in sight, because most have not
        reasons = f"{reasons} (Scaled although nothing that was agreed was met.)"
    body = {
        "choice": choice, "reasons": reasons, "by": list(by), "verdicts": entry.verdicts,
        "evaluation": entry.evaluations[-1].hash if entry.evaluations else "",
    }  # fmt: skip
    register.store.append_all(
        name, [("decision", to_json(body)), ("stage", {"stage": _STAGE[choice]})], who=who, version=version
    )
    return register.get(name)


def next_cycle(register: Register, name: str, *, who: str, title: str = "", id: str = "") -> Entry:
    """Begin the next cycle from this one: its record and plan are carried over, open again, its verdicts shown beside.

    Refused before a decision, after a decision to stop, and where there is a next cycle already.
    """
    entry = register.get(name)
    if not entry.decisions:
        raise Refused(f"Nothing has been decided about {name}.", "Decide first: stop, adapt or scale.")
    if entry.stage == "stopped":
        raise Refused(
            f"{name} was stopped.", "Begin a new initiative, and say in its evidence what this one showed."
        )
    record = begin_cycle(entry, title=title, id=id)
    if any(other.initiative.previous == name for other in register):
        raise Refused(f"{name} has a next cycle already.", "Look for it in the register.")
    design = entry.plan.design
    plan = replace(
        entry.plan,
        design=replace(design, recruit_from=None, recruit_until=None, places=()) if design else None,
        review_dates=(), evaluate_on=None, began_before="", few_accepted="",
    )  # fmt: skip
    learned = [
        f"Cycle {entry.initiative.cycle}: {e.body['choice']}. {e.body['reasons']}" for e in entry.decisions
    ]
    record = replace(record, learning="\n".join(filter(None, [entry.initiative.learning, *learned])))
    return register.create(record, who=who, plan=plan)


def beside(register: Register, name: str) -> tuple[tuple[str, str, str, str], ...]:
    """Criteria of this cycle beside those of the one before: outcome, agreed then, found then, agreed now.

    An outcome that is only in one of them has a dash in the other.
    """
    entry = register.get(name)
    now = {c.outcome: c.agreed for c in entry.plan.criteria}
    if not entry.initiative.previous:
        return tuple((outcome, "-", "-", agreed) for outcome, agreed in now.items())
    before = register.get(entry.initiative.previous)
    then = {o: (agreed, f"{result} ({verdict})") for o, agreed, result, verdict in before.verdicts}
    if not then:
        then = {c.outcome: (c.agreed, "not evaluated") for c in before.plan.criteria}
    names = [*now, *(o for o in then if o not in now)]
    return tuple((o, *then.get(o, ("-", "-")), now.get(o, "-")) for o in names)


def elsewhere(population: Population, entry: Entry, *, by: str = "pcn") -> ReleasedTable:
    """Where else the same need is: people of the cohort by network, place or practice, with their share; for scaling."""
    from goldenthread.programme.evidence import expression_of

    whole = population.whole
    found = whole.cohort(expression_of(whole.catalogue, entry.initiative.cohort)).by(by).by
    if found is None:
        raise ProgrammeError(f"Need cannot be shown by {by!r}.", "By: pcn, place or practice.")
    return found
