"""What a profile counts: people in the structure, conditions, services and indicators, each with its rule and what follows from it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from goldenthread.definitions import Catalogue
from goldenthread.definitions.expressions import ExpressionError, Variable, check, names, parse
from goldenthread.measures import to_sql

Family = Literal["structure", "condition", "pressure", "indicator", "candidate"]


@dataclass(frozen=True)
class Counted:
    """One thing counted of a population: a share of people, or events for so many people.

    ``people`` says that the numerator is true or false of each person. ``sql`` and ``of_sql`` are its numerator and
    denominator over the person table. ``named`` is a cohort or an expression of the people to help; ``coding`` says
    that a low figure may be coding; ``target`` is a percentage that a national body asks for.
    """

    name: str
    family: Family
    title: str
    rule: str
    source: str
    numerator: str
    denominator: str
    people: bool
    per: float
    better: str
    needs: tuple[str, ...]
    sql: str
    of_sql: str
    topic: str = ""
    indicator: str = ""
    named: str = ""
    template: str = ""
    coding: bool = False
    target: float | None = None
    target_source: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        """What the value is, in words.

        >>> from goldenthread.insight.profile.contents import per_words
        >>> per_words(1000, people=False)
        'for 1,000 people'
        """
        return per_words(self.per, people=self.people)


def per_words(per: float, *, people: bool) -> str:
    """The unit of a share or rate in words."""
    if per == 100 and people:
        return "%"
    return "for each person" if per == 1 else f"for {per:,.0f} people"


@cache
def shipped() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """The contents file as it is written."""
    text = files("goldenthread.insight.profile").joinpath("contents.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def contents(catalogue: Catalogue, variables: Mapping[str, Variable], index_sql: str) -> tuple[Counted, ...]:
    """Everything a profile can count with these definitions; what rests on a fact that is not defined is left out."""
    made = [_structure(n, e) for n, e in shipped()["structure"].items()]
    made += [_condition(n, e, catalogue) for n, e in shipped()["condition"].items()]
    made += [_pressure(n, e) for n, e in shipped()["pressure"].items()]
    made += [_indicator(n, catalogue) for n in catalogue.indicators]
    made += [_candidate(n, catalogue) for n in catalogue.initiatives]
    found = []
    for raw in made:
        if raw.get("template") not in catalogue.initiatives:
            raw["template"] = ""
        one = _completed(raw, variables, index_sql)
        if one is not None:
            found.append(one)
    return tuple(found)


def _completed(raw: dict[str, Any], variables: Mapping[str, Variable], index_sql: str) -> Counted | None:
    try:
        top, bottom = parse(raw["numerator"]), parse(raw["denominator"])
        kind = check(top, variables, raw["numerator"])
        check(bottom, variables, raw["denominator"])
    except ExpressionError:
        return None
    return Counted(
        **raw,
        people=kind == "truth",
        needs=tuple(dict.fromkeys([*names(top), *names(bottom)])),
        sql=to_sql(top, variables, index=index_sql),
        of_sql=to_sql(bottom, variables, index=index_sql),
    )


def _structure(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name, "family": "structure", "title": entry["title"], "topic": "structure",
        "rule": f"People {entry['title']}", "source": "GP registrations linked to place of residence",
        "numerator": entry["numerator"], "denominator": entry.get("denominator", "registered"),
        "per": 100.0, "better": "neither",
    }  # fmt: skip


def _condition(name: str, entry: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    definition = catalogue.definitions.get(name)
    indicator = next((n for n, e in shipped()["indicator"].items() if e.get("same_as") == name), "")
    return {
        "name": name, "family": "condition", "title": entry["title"], "topic": "conditions",
        "rule": definition.rule if definition else entry["title"],
        "source": definition.source if definition else "",
        "numerator": name, "denominator": entry.get("denominator", "registered"), "per": 100.0, "better": "neither",
        "coding": True, "named": name, "indicator": indicator if indicator in catalogue.indicators else "",
        "more": {"qof": entry.get("qof", "")},
    }  # fmt: skip


def _pressure(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name, "family": "pressure", "title": entry["title"], "topic": "work",
        "rule": f"{entry['title']} in the 12 months up to the data date, for 1,000 people ({entry['unit']})",
        "source": "Linked feeds of the services", "numerator": entry["fact"], "denominator": "registered",
        "per": 1000.0, "better": "neither",
        "more": {k: v for k, v in entry.items() if k not in ("title",)},
    }  # fmt: skip


def _indicator(name: str, catalogue: Catalogue) -> dict[str, Any]:
    definition = catalogue.indicators[name]
    entry = dict(shipped()["indicator"].get(name, {}))
    twin = next(
        (
            shipped()[family][entry["same_as"]]
            for family in ("condition", "structure")
            if entry.get("same_as") in shipped()[family]
        ),
        {},
    )
    title = entry.get("title") or twin.get("title") or getattr(definition, "title", "") or definition.rule
    return {
        "name": name, "family": "indicator", "title": title, "rule": definition.rule, "source": definition.source,
        "numerator": definition.numerator, "denominator": definition.denominator, "per": float(definition.per),
        "better": definition.better, "topic": entry.get("topic", "conditions" if twin else "other"), "indicator": name,
        "named": entry.get("cohort", ""), "template": entry.get("template", ""), "coding": bool(entry.get("coding")),
        "target": float(entry["target"]) if "target" in entry else None,
        "target_source": entry.get("target_source", ""),
        "more": {"same_as": entry.get("same_as", "")},
    }  # fmt: skip


def _candidate(name: str, catalogue: Catalogue) -> dict[str, Any]:
    """The people whom an initiative ready to start from is for."""
    template = catalogue.initiatives[name]
    named = catalogue.cohorts.get(template.cohort)
    return {
        "name": f"candidate_{name}", "family": "candidate", "title": template.title or template.rule,
        "rule": template.rule, "source": template.source,
        "numerator": named.expression if named is not None else template.cohort, "denominator": "registered",
        "per": 1000.0, "better": "neither", "topic": "candidates", "named": template.cohort, "template": name,
    }  # fmt: skip
