"""What must be worked out, and in which order, to answer a question about some facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from goldenthread.definitions import Catalogue, Condition, Definition, Indicator, Measure, Score, Segmentation
from goldenthread.definitions.expressions import ExpressionError, Variable, check_condition, parse, to_english
from goldenthread.measures.coded import CodedScan, Slot
from goldenthread.measures.errors import MeasureError, mistake
from goldenthread.measures.facts import PERSON, uses, variables
from goldenthread.measures.plain import PlainScan
from goldenthread.measures.since import parts_with_dates, since_sql
from goldenthread.measures.sources import Source, sources
from goldenthread.measures.sql import identifier, to_sql


@dataclass
class Plan:
    """Scans of source tables, then expressions and scores in an order in which each finds what it rests on."""

    catalogue: Catalogue
    variables: Mapping[str, Variable]
    wanted: tuple[str, ...]
    coded: dict[str, CodedScan] = field(default_factory=dict)
    plain: dict[str, PlainScan] = field(default_factory=dict)
    slots: dict[str, Slot] = field(default_factory=dict)
    resolved: dict[str, Slot] = field(default_factory=dict)
    steps: list[Definition] = field(default_factory=list)

    def rests_on(self, definition: Definition) -> list[str]:
        """The facts that a definition is worked out from, with the dates of the conditions it is made of."""
        found = uses(definition)
        if isinstance(definition, Condition) and definition.expression and not definition.codes:
            dated = parts_with_dates(parse(definition.expression), self.catalogue.conditions)
            found += [f"{name}_since" for name in dated]
        return found

    @cached_property
    def person(self) -> frozenset[str]:
        """Facts about the person that are wanted, or that something else rests on."""
        found = {*self.wanted, *(name for step in self.steps for name in self.rests_on(step))}
        return frozenset(found & set(PERSON))

    @cached_property
    def dated(self) -> frozenset[str]:
        """Conditions since when somebody wants to know: all others need their latest date only."""
        found = {*self.wanted, *(name for step in self.steps for name in self.rests_on(step))}
        written = {step.name for step in self.steps if isinstance(step, Condition) and step.expression}
        return frozenset(n for n in self.slots if f"{n}_since" in found) | written

    def statements(self, index: date | None, first: int = 0, last: int = 2_147_483_647) -> dict[str, str]:
        """The SQL of each scan, readable, by source table."""
        found = {name: scan.statement(first, last, index) for name, scan in self.coded.items()}
        return found | {n: s for n, scan in self.plain.items() if (s := scan.statement(first, last, index))}

    def expression_sql(self, definition: Definition, index: str) -> dict[str, str]:
        """SQL for the facts that a definition adds out of other facts."""
        match definition:
            case Measure(expression=text, name=name):
                return {name: to_sql(parse(text), self.variables, index=index)}
            case Segmentation(segments=segments, otherwise=otherwise, name=name):
                cases = " ".join(
                    f"WHEN {to_sql(parse(s.expression), self.variables, index=index)} THEN '{s.name}'"
                    for s in segments
                )
                return {name: f"CASE {cases} ELSE '{otherwise}' END"}
            case Condition(expression=text, name=name, codes=codes, min_age=low, max_age=high):
                parts = [f"coalesce({identifier(name)}, FALSE)"] if codes else []
                if low is not None:
                    parts.append(f"coalesce(age >= {low}, FALSE)")
                if high is not None:
                    parts.append(f"coalesce(age <= {high}, FALSE)")
                if text:
                    parts.append(to_sql(parse(text), self.variables, index=index))
                holds = " AND ".join(parts) or "FALSE"
                since = f"{name}_since" if codes else since_sql(parse(text), self.catalogue.conditions)
                return {name: f"({holds})", f"{name}_since": f"CASE WHEN {holds} THEN {since} END"}
        raise MeasureError(f"{definition.name} is not worked out from other facts.")


def compile_plan(
    catalogue: Catalogue, names: Iterable[str], known: Mapping[str, Variable] | None = None
) -> Plan:
    """Everything needed for ``names``. Raises ``MeasureError`` for unknown names, ``DefinitionError`` for bad definitions."""
    known = known if known is not None else variables(catalogue)
    plan = Plan(catalogue, known, tuple(dict.fromkeys(names)))
    available = sources()
    done: set[str] = set()
    for name in plan.wanted:
        _visit(plan, name, available, done, ())
    return plan


def tables_of(
    catalogue: Catalogue, names: Iterable[str], known: Mapping[str, Variable] | None = None
) -> frozenset[str]:
    """The model's tables that these facts are worked out from, beside those that say who people are."""
    plan = compile_plan(catalogue, names, known)
    scans: list[CodedScan | PlainScan] = [*plan.coded.values(), *plan.plain.values()]
    return frozenset(table for scan in scans for table in (scan.source.needs or (scan.source.name,)))


def _owner(plan: Plan, name: str) -> Definition | None:
    """The definition that adds the fact called ``name``; ``None`` for facts about the person."""
    if name in PERSON:
        return None
    for ending in ("", "_since", "_category"):
        base = name.removesuffix(ending) if ending else name
        definition = plan.catalogue.definitions.get(base)
        if definition is not None and name in plan.variables and (not ending or name != base):
            return definition
    # the same message as in an expression, with the nearest names
    try:
        check_condition(parse(name) if name.isidentifier() else parse("missing_name"), plan.variables, name)
    except ExpressionError as error:
        raise MeasureError(error.problem, error.remedy) from None
    raise MeasureError(f"There is nothing called `{name}`.")


def _visit(
    plan: Plan, name: str, available: Mapping[str, Source], done: set[str], path: tuple[str, ...]
) -> None:
    definition = _owner(plan, name)
    if definition is None or definition.name in done:
        return
    if definition.name in path:
        circle = " -> ".join([*path[path.index(definition.name) :], definition.name])
        raise mistake(definition, f"goes round in a circle: {circle}.", "Break the circle in one of them.")
    for needed in plan.rests_on(definition):
        _visit(plan, needed, available, done, (*path, definition.name))
    done.add(definition.name)
    match definition:
        case Measure(table=table) if table:
            _take(plan, definition, available)
        case Condition(codes=codes) if codes:
            scan = plan.coded.setdefault("gp_event", CodedScan(available["gp_event"], plan.catalogue))
            plan.slots[definition.name] = scan.add_codes(definition, codes, within=definition.within)
            if definition.resolved:
                plan.resolved[definition.name] = scan.add_codes(definition, definition.resolved, within=None)
            if definition.expression or definition.min_age is not None or definition.max_age is not None:
                plan.steps.append(definition)
        case Score():
            from goldenthread.measures.scoring import method_of  # few questions are about a score

            method_of(definition)
            plan.steps.append(definition)
        case Measure() | Condition() | Segmentation():
            plan.steps.append(definition)
        case Indicator():
            raise MeasureError(
                f"{definition.name} is an indicator of a population, not a fact about a person."
            )


def _take(plan: Plan, measure: Measure, available: Mapping[str, Source]) -> None:
    source = available.get(measure.table)
    if source is None:
        raise mistake(
            measure, f"There is no table {measure.table!r}.", f"There are: {', '.join(sorted(available))}."
        )
    if measure.where:
        try:
            check_condition(parse(measure.where), source.columns, measure.where)
        except ExpressionError as error:
            raise mistake(measure, f"where: {error.message}", error.remedy) from None
    if source.code and measure.codes:
        scan = plan.coded.setdefault(source.name, CodedScan(source, plan.catalogue))
        plan.slots[measure.name] = scan.add_measure(measure)
    else:
        plan.plain.setdefault(source.name, PlainScan(source, plan.catalogue)).add(measure)


def explain(definition: Definition, known: Mapping[str, Variable]) -> str:
    """A definition's expression in plain English; empty where it has none."""
    text = getattr(definition, "expression", "")
    return to_english(parse(text), known) if text else ""
