"""Run the agreed evaluation on the current snapshot: the locked design and nothing else; anything more is labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from goldenthread import __version__
from goldenthread.evaluation import (
    Annex,
    BeforeAfter,
    CriterionResult,
    Effect,
    Evaluation,
    Level,
    Refusal,
    evaluation_of,
    result_words,
)
from goldenthread.programme.asking import practices_sharing
from goldenthread.programme.errors import ProgrammeError, Refused
from goldenthread.programme.evidence import Changed, catalogue_as_locked, changed_since
from goldenthread.programme.forms import read, to_json
from goldenthread.programme.locking import Lock, rests_on, verify
from goldenthread.programme.matched import compared, data_span, study_of
from goldenthread.programme.places import place_result
from goldenthread.programme.plan import Plan, PlannedOutcome
from goldenthread.programme.reach import Contacts, contacts_of, equity_level, reach_by
from goldenthread.programme.record import Initiative
from goldenthread.programme.register import Entry, Register
from goldenthread.programme.result import evaluated_page, few_hidden, page_json
from goldenthread.programme.timeline import Quarters, quarters_of
from goldenthread.programme.value import Value, value_of

if TYPE_CHECKING:
    from goldenthread.cohorts import Population
    from goldenthread.definitions import Catalogue
    from goldenthread.disclosure import ReleasedTable
    from goldenthread.evaluation import MatchedComparison

_DESIGNS = {
    "matched": "matched comparison", "interrupted time series": "interrupted time series",
    "stepped roll-out": "stepped roll-out", "synthetic control": "synthetic difference-in-differences",
}  # fmt: skip
ADDED = "added by an amendment after the lock"


@dataclass(frozen=True)
class Evaluated:
    """An evaluation that was run: the judged part, what it rests on, and everything its page needs.

    ``missing`` says whose contacts are in none of the figures. ``quarters`` is the primary
    outcome quarter by quarter, as it may be shown (``None`` where there is no comparison of people). ``comparison`` is the people-level comparison (``None`` for places and where none was possible), for notebooks.
    """

    entry: Entry
    evaluation: Evaluation
    comparison: MatchedComparison | None
    reach: tuple[ReleasedTable, ...]
    changed: tuple[Changed, ...]
    withdrawn: tuple[str, ...]
    value: Value | None
    warnings: tuple[str, ...]
    missing: tuple[str, ...]
    quarters: Quarters | None
    snapshot: str
    data_to: date

    @property
    def verdicts(self) -> tuple[tuple[str, str, str, str], ...]:
        """Outcome, agreed size, result, judgement, in the order of the page."""
        return tuple(
            (
                r.criterion.outcome,
                r.criterion.agreed,
                few_hidden(result_words(r.criterion, r.found, r.reason)),
                r.verdict,
            )
            for r in self.evaluation.ordered
        )


def evaluate(
    register: Register,
    name: str,
    population: Population,
    *,
    who: str,
    exploratory: Sequence[PlannedOutcome] = (),
    record: bool = True,
) -> Evaluated:
    """Evaluate an initiative by its locked plan, on the population's snapshot, and write the result into the register.

    ``population`` is the whole (its scope is not used; its purpose and withdrawn practices are). ``exploratory`` are
    outcomes looked at besides; they are labelled and cannot meet a criterion. A comparison that is refused for too few
    people gives a page on which nothing can be told yet, with the reason; nothing is hidden by not being possible.

    Raises ``Refused`` without a lock, before the follow-up is complete (it says from when), and where the agreement is
    not as it was locked.
    """
    entry = register.get(name)
    agreement = _agreement(register, entry)
    whole = population.whole
    plan, initiative = agreement.plan, _as_locked(entry, agreement)
    changed = changed_since(agreement.definitions, whole.catalogue)
    used = catalogue_as_locked(agreement.definitions, whole.catalogue) if changed else whole.catalogue
    added = (*_amended(entry), *exploratory)
    first, last = data_span(whole, plan.outcomes, used)
    contacts = contacts_of(whole, initiative)
    _followed_up(entry, agreement, contacts, last, register.store.now().date())
    shared = set(practices_sharing(whole, agreement.definitions, tables=rests_on(plan)))
    withdrawn = tuple(p for p in agreement.practices if p not in shared)
    reach = _reach(whole, contacts, agreement)
    levels, reasons = _levels(agreement, reach)
    kind = _People if _of_people(agreement) else _Places
    work = kind(whole, initiative, agreement, used, tuple(added), (first, last))
    evaluation, comparison, notes = work.run(
        title=_title(initiative), levels=levels, reasons=reasons, when=register.store.now().date(), data_to=last,
        amendments=_said(entry, agreement, changed, withdrawn), hashes=_hashes(agreement, entry, whole),
    )  # fmt: skip
    if changed:
        more = _with_todays(whole, initiative, agreement, last)
        evaluation = replace(evaluation, exploratory=(*evaluation.exploratory, *more))
    done = Evaluated(
        entry, evaluation, comparison, reach, changed, withdrawn,
        value_of(entry, agreement, evaluation, contacts, register.folder), (*contacts.words, *notes), contacts.words,
        _quarters(plan, comparison, whole, last), whole.snapshot.id, last,
    )  # fmt: skip
    if not record:
        return done
    body = {
        "snapshot": whole.snapshot.id, "data_to": last, "data_from": first, "plan_hash": agreement.hash,
        "verdicts": done.verdicts, "effects": [to_json(e) for e in _all_effects(evaluation, comparison)],
        "naive": _naive(evaluation), "quarters": to_json(done.quarters), "changed": to_json(changed), "withdrawn": list(withdrawn),
        "code": __version__, "page": page_json(evaluated_page(done)),
    }  # fmt: skip
    register.store.append_all(
        name,
        [("evaluation", to_json(body)), *([("stage", {"stage": "evaluated"})] if _open(entry) else [])],
        who=who,
    )
    return replace(done, entry=register.get(name))


def _open(entry: Entry) -> bool:
    return entry.stage in ("locked", "running")


def _agreement(register: Register, entry: Entry) -> Lock:
    if entry.lock is None:
        raise Refused(
            f"{entry.id} cannot be evaluated: success was never agreed.",
            f"Lock the plan first: goldenthread initiative lock {entry.id}.",
        )
    if problems := verify(register, entry.id):
        raise Refused(
            f"{entry.id} is not evaluated: what was agreed has been tampered with ({problems[0]}).",
            "Restore the register from a backup, then verify it.", problems,
        )  # fmt: skip
    return entry.lock


def _as_locked(entry: Entry, agreement: Lock) -> Initiative:
    return replace(entry.initiative, cohort=agreement.cohort, scope=agreement.scope)


def _of_people(agreement: Lock) -> bool:
    return agreement.plan.design is not None and not agreement.plan.design.of_places


def _amended(entry: Entry) -> tuple[PlannedOutcome, ...]:
    """Outcomes that amendments added: looked at, never judged."""
    found = []
    for one in entry.amendments:
        for raw in one.changes.get("outcomes", ()):
            found.append(read(PlannedOutcome, raw, "outcomes"))
    return tuple(found)


def _followed_up(entry: Entry, agreement: Lock, contacts: Contacts, last: date, today: date) -> None:
    """Refuse while anybody who entered (or a place) has not been followed for the agreed time."""
    plan, design = agreement.plan, agreement.plan.design
    if design is None:
        raise ProgrammeError(f"{entry.id}: the locked plan has no design.", "Verify the register.")
    if design.of_places:
        begun = max(p.on for p in design.places)
    else:
        step = {"invited": "offered"}.get(design.entry, design.entry)
        days = pd.DatetimeIndex(contacts.people[step].dropna() if len(contacts) else [])
        if design.recruit_until:
            days = days[days <= pd.Timestamp(design.recruit_until)]
        if not len(days):
            raise Refused(
                f"{entry.id} cannot be evaluated yet: no contact under the name {entry.initiative.contacts_name!r} is in the data.",
                "Check `programme` against the contact feed, or wait for its next delivery.",
            )
        begun = design.recruit_until or days.max().date()
    months = max([design.months_after, *(o.months for o in plan.outcomes)])
    until = (pd.Timestamp(begun) + pd.DateOffset(months=months) - pd.Timedelta(days=1)).date()
    if last < until:
        raise Refused(
            f"{entry.id} cannot be evaluated yet: the last {'place started' if design.of_places else 'person entered'} on "
            f"{begun:%-d %B %Y}, {months} months of follow-up end on {until:%-d %B %Y}, and the data run to {last:%-d %B %Y}.",
            f"Refresh the data after {until:%-d %B %Y} and try again.",
        )


def _reach(population: Population, contacts: Contacts, agreement: Lock) -> tuple[ReleasedTable, ...]:
    if not len(contacts):
        return ()
    wanted = ["", "imd_quintile", "ethnic_group", *(e.by for e in agreement.plan.equity)]
    return tuple(reach_by(population, contacts, by) for by in dict.fromkeys(wanted))


def _levels(agreement: Lock, reach: Sequence[ReleasedTable]) -> tuple[dict[str, Level], dict[str, str]]:
    levels, reasons = {}, {}
    for target in agreement.plan.equity:
        table = next((t for t in reach if target.by in t.frame.columns), None)
        found, why = equity_level(target, table) if table is not None else (None, "nobody was offered it")
        if found is not None:
            levels[target.title] = found
        else:
            reasons[target.title] = why
    return levels, reasons


def _title(initiative: Initiative) -> str:
    return f"{initiative.title}, cycle {initiative.cycle}"


def _said(
    entry: Entry, agreement: Lock, changed: Sequence[Changed], withdrawn: Sequence[str]
) -> tuple[str, ...]:
    """Everything that differs from what was agreed, or from how it should have been agreed."""
    out = [one.words for one in entry.amendments]
    if agreement.plan.began_before:
        out.append(
            f"Success was agreed only after the first people had been contacted. {agreement.plan.began_before}"
        )
    if agreement.plan.few_accepted and agreement.power and not agreement.power.enough:
        out.append(
            f"It was known at the start that there were {agreement.power.words}. It went ahead: {agreement.plan.few_accepted}"
        )
    for one in changed:
        out.append(
            f"The definition of {one.name} {one.what} since it was agreed. Then: {one.then}. Now: {one.now}. "
            "The result is judged by the definition that was agreed; the result with today's is among the exploratory ones."
        )
    if withdrawn:
        out.append(
            f"{len(withdrawn)} of the {len(agreement.practices)} practices that shared data when success was agreed do not any more "
            f"({', '.join(withdrawn)}). Their people are not in the result, which is less certain for it and may differ."
        )
    return tuple(out)


def _hashes(agreement: Lock, entry: Entry, population: Population) -> dict[str, str]:
    return {
        "locked plan": agreement.hash,
        "amendments": entry.amendments[-1].hash if entry.amendments else "none",
        "data snapshot": population.snapshot.id,
        "definitions then": agreement.catalogue_hash,
        "definitions now": population.catalogue.hash(),
        "software": f"Golden Thread {__version__}",
    }


class _People:
    """The agreed comparison of people."""

    def __init__(
        self, population: Population, initiative: Initiative, agreement: Lock, catalogue: Catalogue,
        added: tuple[PlannedOutcome, ...], span: tuple[date, date],
    ) -> None:  # fmt: skip
        self.population, self.initiative, self.agreement = population, initiative, agreement
        self.catalogue, self.added, self.span = catalogue, added, span

    def run(
        self, *, title: str, levels: dict[str, Level], reasons: dict[str, str], when: date, data_to: date,
        amendments: tuple[str, ...], hashes: dict[str, str],
    ) -> tuple[Evaluation, MatchedComparison | None, tuple[str, ...]]:  # fmt: skip
        plan, design = self.agreement.plan, self.agreement.plan.design
        assert design is not None
        agreed = self.agreement.agreed_at.date()
        agreed_names = {o.name for o in plan.outcomes}
        more = [replace(o, kind="secondary") for o in self.added if o.name not in agreed_names]
        try:
            prepared = study_of(
                self.population,
                self.initiative,
                design,
                (*plan.outcomes, *more),
                catalogue=self.catalogue,
                span=None if more else self.span,
            )
            found = compared(prepared, design)
        except Refusal as refusal:
            return (
                _nothing(self.agreement, title, refusal, levels, reasons, when, data_to, amendments, hashes),
                None,
                (),
            )
        who = {"invited": "people who were invited", "reached": "people who were reached"}.get(
            design.entry, "people who took part"
        )
        page = evaluation_of(
            found, title=title, criteria=plan.criteria, agreed_on=agreed, evaluated_on=when, data_to=data_to, who=who,
            compared_with="similar people who had not been offered it", levels=levels, reasons=reasons,
            amendments=amendments, hashes=hashes,
        )  # fmt: skip
        extra = [found.headline(o.name) for o in more]
        page = replace(
            page,
            how_compared=(*page.how_compared, *prepared.notes),
            exploratory=tuple(
                replace(e, exploratory=True, notes=(*e.notes, ADDED)) for e in extra if e is not None
            ),
        )
        return page, found, prepared.notes


class _Places:
    """The agreed comparison of places."""

    def __init__(
        self, population: Population, initiative: Initiative, agreement: Lock, catalogue: Catalogue,
        added: tuple[PlannedOutcome, ...], span: tuple[date, date],
    ) -> None:  # fmt: skip
        self.population, self.initiative, self.agreement = population, initiative, agreement
        self.catalogue, self.added, self.last = catalogue, added, span[1]

    def run(
        self, *, title: str, levels: dict[str, Level], reasons: dict[str, str], when: date, data_to: date,
        amendments: tuple[str, ...], hashes: dict[str, str],
    ) -> tuple[Evaluation, None, tuple[str, ...]]:  # fmt: skip
        plan, design = self.agreement.plan, self.agreement.plan.design
        assert design is not None
        found: dict[str, Effect] = {}
        why, naive = dict(reasons), None
        notes: list[str] = []
        agreed_names = {o.name for o in plan.outcomes}
        for outcome in (*plan.outcomes, *(o for o in self.added if o.name not in agreed_names)):
            try:
                one = place_result(
                    self.population, design, outcome, catalogue=self.catalogue, until=self.last
                )
            except Refusal as refusal:
                why[outcome.name] = f"{refusal.message[:1].lower()}{refusal.message[1:].rstrip('.')}"
                continue
            notes += one.notes
            if one.effect is not None:
                found[outcome.name] = one.effect
            if outcome.kind == "primary" and one.before:
                naive = BeforeAfter(outcome.name, *one.before)
        results = []
        for criterion in plan.criteria:
            name = criterion.outcome
            if criterion.kind == "equity":
                results.append(_level_result(criterion, levels, why))
            else:
                results.append(
                    CriterionResult(
                        criterion, found.get(name), why.get(name, "" if name in found else "not estimated")
                    )
                )
        places = ", ".join(f"{p.place} from {p.on:%-d %B %Y}" for p in design.places)
        page = Evaluation(
            title=title, who=f"places that took part ({len(design.places)})", compared_with="what was expected without it",
            agreed_on=self.agreement.agreed_at.date(), evaluated_on=when, data_to=data_to,
            design_name=_DESIGNS[design.kind], how_compared=(f"Places that took part: {places}.", *dict.fromkeys(notes)),
            results=tuple(results), before_after=naive,
            no_before_after="" if naive else "There is no whole year before the start to compare with.",
            exploratory=tuple(replace(e, exploratory=True, notes=(*e.notes, ADDED)) for n, e in found.items() if n not in agreed_names),
            amendments=amendments, counted="places", annex=Annex(method=tuple(e.method for e in found.values()), hashes=hashes),
        )  # fmt: skip
        return page, None, tuple(notes)


def _level_result(criterion: Any, levels: dict[str, Level], why: dict[str, str]) -> CriterionResult:
    name = criterion.outcome
    return CriterionResult(
        criterion, levels.get(name), why.get(name, "" if name in levels else "nobody was offered it")
    )


def _nothing(
    agreement: Lock, title: str, refusal: Refusal, levels: dict[str, Level], reasons: dict[str, str], when: date,
    data_to: date, amendments: tuple[str, ...], hashes: dict[str, str],
) -> Evaluation:  # fmt: skip
    """The page where no fair comparison was possible: it says so, and shows what can be shown."""
    why = f"{refusal.message[:1].lower()}{refusal.message[1:].rstrip('.')}"
    results = []
    for criterion in agreement.plan.criteria:
        if criterion.kind == "equity":
            results.append(_level_result(criterion, levels, dict(reasons)))
        else:
            results.append(CriterionResult(criterion, None, why))
    return Evaluation(
        title=title, who="people who took part", compared_with="similar people", agreed_on=agreement.agreed_at.date(),
        evaluated_on=when, data_to=data_to, design_name="matched comparison",
        how_compared=("No fair comparison was possible.", f"{refusal.message} {refusal.remedy}".strip()),
        results=tuple(results), before_after=None,
        no_before_after="Without people to compare with, a figure before and after would mislead, so none is shown.",
        amendments=amendments, annex=Annex(hashes=hashes),
    )  # fmt: skip


def _with_todays(
    population: Population, initiative: Initiative, agreement: Lock, last: date
) -> tuple[Effect, ...]:
    """The primary outcome with the definitions of today, where they have changed: exploratory."""
    plan, design = agreement.plan, agreement.plan.design
    outcome = plan.primary
    if design is None or outcome is None:
        return ()
    try:
        if design.of_places:
            found = place_result(population, design, outcome, until=last).effect
        else:
            found = compared(study_of(population, initiative, design, (outcome,)), design).headline(
                outcome.name
            )
    except (ProgrammeError, Refusal):
        return ()
    if found is None:
        return ()
    return (replace(found, outcome=f"{outcome.name}, with today's definitions", exploratory=True),)


def _all_effects(evaluation: Evaluation, comparison: MatchedComparison | None) -> list[Effect]:
    judged = [r.found for r in evaluation.results if isinstance(r.found, Effect)]
    more = list(comparison.effects) if comparison is not None else []
    return list(dict.fromkeys([*judged, *more, *evaluation.exploratory]))


def _quarters(
    plan: Plan, comparison: MatchedComparison | None, population: Population, last: date
) -> Quarters | None:
    if comparison is None or plan.primary is None:
        return None
    return quarters_of(comparison, plan.primary.name, population.purpose, last)


def _naive(evaluation: Evaluation) -> dict[str, Any] | None:
    one = evaluation.before_after
    return (
        None
        if one is None
        else {"outcome": one.outcome, "change": one.change, "others_change": one.others_change}
    )
