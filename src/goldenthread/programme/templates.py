"""Initiatives ready to start from: a template of the catalogue as a record and a plan."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from goldenthread.definitions import Catalogue, InitiativeTemplate
from goldenthread.definitions.expressions import check_condition, parse
from goldenthread.measures import event_sql, variables
from goldenthread.programme.errors import ProgrammeError
from goldenthread.programme.evidence import expression_of
from goldenthread.programme.forms import read
from goldenthread.programme.plan import Plan
from goldenthread.programme.reach import known_group
from goldenthread.programme.record import Initiative
from goldenthread.programme.workforce import load_rates


def template_of(catalogue: Catalogue, name: str) -> InitiativeTemplate:
    """The template called ``name``; ``ProgrammeError`` that lists those there are."""
    found = catalogue.initiatives
    if name not in found:
        near = difflib.get_close_matches(name, found, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise ProgrammeError(f"There is no template {name!r}.", f"{hint}Templates: {', '.join(found)}.")
    return found[name]


def from_template(
    catalogue: Catalogue, name: str, *, id: str, scope: str = "system", owner: str = "", deputy: str = "",
    today: date | None = None, changes: Mapping[str, Any] | None = None,
) -> tuple[Initiative, Plan]:  # fmt: skip
    """A record and a plan from a template. ``changes`` replaces fields of the record. The plan can be changed until it is locked.

    >>> from goldenthread.definitions import load_catalogue
    >>> record, plan = from_template(load_catalogue(), "falls_prevention", id="falls-2026")
    >>> record.title, plan.primary.name
    ('Falls prevention', 'A&E attendances')
    """
    template = template_of(catalogue, name)
    record = {
        "id": id, "title": template.title, "question": template.question, "cohort": template.cohort, "scope": scope,
        "owner": owner, "deputy": deputy, "evidence": template.evidence, "equity": template.equity,
        "community_voice": template.community_voice, "four_is": template.four_is, "logic_model": template.logic_model,
        "risks": template.risks, "reading": template.reading, "letter": template.letter, "template": name,
    } | dict(changes or {})  # fmt: skip
    begin = pd.Timestamp(today) if today else None
    reviews = (
        [(begin + pd.DateOffset(months=m)).date() for m in template.review_months]
        if begin is not None
        else []
    )
    plan = {
        "outcomes": template.outcomes, "design": template.design or None, "equity": template.equity_targets,
        "stop_rules": template.stop_rules, "uptake": float(template.uptake), "activities": template.activities,
        "review_dates": reviews,
    }  # fmt: skip
    return read(Initiative, record, name), read(Plan, plan, name)


def problems_of(catalogue: Catalogue, name: str) -> list[str]:
    """What a template names that the catalogue does not have, in words; nothing where it can be used.

    >>> from goldenthread.definitions import load_catalogue
    >>> problems_of(load_catalogue(), "falls_prevention")
    []
    """
    template = template_of(catalogue, name)
    found: list[str] = []
    known = variables(catalogue)
    try:
        record, plan = from_template(catalogue, name, id="template-check")
    except ProgrammeError as error:
        return [str(error)]
    design = plan.design
    expressions = {"cohort": record.cohort} | (
        {"comparable": design.comparable} if design and design.comparable else {}
    )
    expressions |= {f"list {one.get('name', '')!r}": str(one.get("cohort", "")) for one in template.lists}
    for what, text in expressions.items():
        whole = expression_of(catalogue, text)
        try:
            check_condition(parse(whole), known, whole)
        except Exception as error:  # noqa: BLE001 - every way an expression can be wrong is a sentence here
            found.append(f"{what}: {error}")
    for outcome in plan.outcomes:
        try:
            event_sql(catalogue, outcome.measure)
            outcome.criterion()
        except Exception as error:  # noqa: BLE001
            found.append(f"outcome {outcome.name}: {error}")
    if design is not None:
        found += [
            f"covariate {n} is not known"
            for n in (*design.covariates, *design.exact, *design.subgroups)
            if n not in known
        ]
    found += [f"equity target by {e.by} is not known" for e in plan.equity if not known_group(e.by)]
    found += [f"logic model: measure {link.measure} is not known" for link in record.logic_model if link.measure and link.measure not in known and link.measure not in catalogue.definitions]  # fmt: skip
    rates = load_rates()
    found += [f"role {one.role} has no rate" for one in plan.activities if one.role not in rates.roles]
    found += [f"the record {gap}" for gap in record.gaps if "owner" not in gap and "deputy" not in gap]
    if not record.letter.strip() or not record.reading:
        found.append("has no letter or no reading list")
    return found
