"""The definitions an agreement rests on: kept whole with the lock, compared at the evaluation, and usable as they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from goldenthread.definitions import (
    Catalogue,
    Codelist,
    Cohort,
    Condition,
    Definition,
    Indicator,
    Measure,
    Score,
    Segmentation,
)
from goldenthread.definitions.expressions import names, parse
from goldenthread.measures import compile_plan
from goldenthread.programme.forms import fingerprint, read, to_json

if TYPE_CHECKING:
    from goldenthread.cohorts import Population
    from goldenthread.programme.plan import Plan
    from goldenthread.programme.record import Initiative

_KINDS: Mapping[str, type[Definition]] = {
    "measure": Measure, "condition": Condition, "score": Score, "segment": Segmentation, "cohort": Cohort,
    "indicator": Indicator,
}  # fmt: skip


@dataclass(frozen=True)
class Changed:
    """A definition that is not what it was when success was agreed. Both rules are shown."""

    name: str
    then: str
    now: str
    what: str


def expression_of(catalogue: Catalogue, cohort: str) -> str:
    """The expression of a cohort: its name may stand for it."""
    return catalogue.cohorts[cohort].expression if cohort in catalogue.cohorts else cohort


def facts_used(catalogue: Catalogue, initiative: Initiative, plan: Plan) -> list[str]:
    """Every fact that the cohort and the comparison name."""
    found = names(parse(expression_of(catalogue, initiative.cohort)))
    design = plan.design
    if design is not None and not design.of_places:
        if design.comparable:
            found += names(parse(expression_of(catalogue, design.comparable)))
        found += [*design.covariates, *design.exact, *design.subgroups]
    return list(dict.fromkeys(found))


def resting_on(population: Population, initiative: Initiative, plan: Plan) -> dict[str, Any]:
    """Every definition that decides the result, with its content and codes, as plain values."""
    catalogue = population.catalogue
    wanted = facts_used(catalogue, initiative, plan)
    steps = compile_plan(catalogue, wanted, population.variables)
    found = {*steps.slots, *(d.name for d in steps.steps)}
    found |= {m.name for scan in steps.plain.values() for m in scan.measures}
    found |= {o.measure for o in plan.outcomes}
    found |= {
        one
        for one in (initiative.cohort, plan.design.comparable if plan.design else "")
        if one in catalogue.cohorts
    }
    kept: dict[str, Any] = {}
    for name in sorted(found & set(catalogue.definitions)):
        kept[name] = _kept(catalogue, catalogue.definitions[name])
    return kept


def changed_since(kept: Mapping[str, Any], catalogue: Catalogue) -> tuple[Changed, ...]:
    """Definitions that differ now from what was kept; wording of a rule alone is no difference."""
    out = []
    for name, then in kept.items():
        now = catalogue.definitions.get(name)
        if now is None:
            out.append(Changed(name, then["rule"], "there is no such definition any more", "gone"))
            continue
        fresh = _kept(catalogue, now)
        if fresh["hash"] != then["hash"]:
            codes = sorted(
                n for n in {*then["codes"], *fresh["codes"]}
                if _codes_hash(then["codes"].get(n)) != _codes_hash(fresh["codes"].get(n))
            )  # fmt: skip
            parts = []
            if then["content"] != fresh["content"]:
                parts.append("its rule")
            if codes:
                parts.append(f"its codes ({', '.join(codes)})")
            out.append(
                Changed(name, _said(then), _said(fresh), f"changed in {' and '.join(parts) or 'its codes'}")
            )
    return tuple(out)


def catalogue_as_locked(kept: Mapping[str, Any], catalogue: Catalogue) -> Catalogue:
    """Today's catalogue with every kept definition, and its codes, put back as they were agreed."""
    definitions, codelists = dict(catalogue.definitions), dict(catalogue.codelists)
    for name, then in kept.items():
        swapped = {}
        for list_name, held in then["codes"].items():
            today = codelists.get(list_name)
            if today is None or _codes_of(today) != held:
                # under a name of its own: another definition may go on with today's list
                swapped[list_name] = f"{list_name}_as_agreed"
                codelists[swapped[list_name]] = _codelist(swapped[list_name], held)
        made = read(_KINDS[then["kind"]], then["content"])
        for key in ("codes", "resolved"):
            if swapped and hasattr(made, key):
                made = replace(made, **{key: tuple(swapped.get(n, n) for n in getattr(made, key))})  # type: ignore[arg-type]
        definitions[name] = made
    return replace(catalogue, definitions=definitions, codelists=codelists)


def _kept(catalogue: Catalogue, definition: Definition) -> dict[str, Any]:
    content = {k: v for k, v in to_json(definition).items() if k not in ("file", "line", "raw")}
    lists = dict.fromkeys(
        one
        for key in ("codes", "resolved")
        for one in getattr(definition, key, ())
        if one in catalogue.codelists
    )
    codes = {name: _codes_of(catalogue.codelists[name]) for name in lists}
    meaning = {k: v for k, v in content.items() if k not in ("rule", "source", "version")}
    return {
        "kind": definition.kind, "rule": definition.rule, "version": definition.version, "content": content,
        "codes": codes, "hash": fingerprint([meaning, codes]),
    }  # fmt: skip


def _codes_of(one: Codelist) -> dict[str, Any]:
    """Codes, groups and weights; terms decide nothing."""
    return {
        "system": one.system, "codes": sorted(one.codes), "groups": dict(sorted(one.groups.items())),
        "weights": dict(sorted(one.weights.items())),
    }  # fmt: skip


def _codes_hash(codes: Any) -> str:
    return fingerprint(codes) if codes else ""


def _codelist(name: str, held: Mapping[str, Any]) -> Codelist:
    return Codelist(name, dict.fromkeys(held["codes"], ""), held["system"], held["groups"], held["weights"])


def _said(kept: Mapping[str, Any]) -> str:
    return f"{kept['rule']} (version {kept['version']})"
