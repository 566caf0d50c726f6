"""A cohort: the people of a population for whom an expression holds."""

from __future__ import annotations

import copy
import difflib
import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from goldenthread.cohorts.answers import Answer, Attrition
from goldenthread.cohorts.errors import CohortError
from goldenthread.cohorts.population import Population
from goldenthread.definitions import Definition
from goldenthread.definitions.expressions import (
    Both,
    Node,
    check_condition,
    names,
    parse,
    to_english,
    to_json,
    to_text,
)
from goldenthread.lake import to_numbers
from goldenthread.measures import Plan, compile_plan, to_sql


class Cohort:
    """People of ``population`` for whom ``text`` holds; the name of a defined cohort stands for its expression.

    The expression is checked at once: ``ExpressionError`` points at the character, and suggests.
    """

    def __init__(self, population: Population, text: str) -> None:
        self.population = population
        self.name, self.text = _named(population, text)
        self.node: Node = parse(self.text)
        check_condition(self.node, population.variables, self.text)
        self.population = population.for_facts(self.needs)

    def __repr__(self) -> str:
        return f"<Cohort {to_text(self.node)!r} on {self.population.index_date.isoformat()}>"

    # -- what it says ----------------------------------------------------------------------------------

    @property
    def expression(self) -> str:
        """The expression as it is typed."""
        return to_text(self.node)

    @property
    def english(self) -> str:
        """The expression as a person would say it."""
        return to_english(self.node, self.population.variables)

    @property
    def json(self) -> dict[str, Any]:
        """The expression as nested JSON, for builders on a page."""
        return to_json(self.node)

    @property
    def needs(self) -> list[str]:
        """The facts it uses."""
        return names(self.node)

    @cached_property
    def plan(self) -> Plan:
        """What must be worked out for it."""
        return compile_plan(self.population.catalogue, self.needs, self.population.variables)

    @property
    def rests_on(self) -> dict[str, Definition]:
        """Every definition that decides who is in it, by name."""
        found = {*self.plan.slots, *(d.name for d in self.plan.steps)}
        found |= {m.name for scan in self.plan.plain.values() for m in scan.measures}
        return {n: d for n, d in sorted(self.population.catalogue.definitions.items()) if n in found}

    @property
    def codelist_hashes(self) -> dict[str, str]:
        """Fingerprint of every codelist that decides who is in it."""
        used: set[str] = set()
        for definition in self.rests_on.values():
            for key in ("codes", "resolved"):
                used.update(getattr(definition, key, ()))
        return {n: c.hash for n, c in sorted(self.population.catalogue.codelists.items()) if n in used}

    @property
    def definition_hash(self) -> str:
        """Fingerprint of what it means: the expression, the definitions it rests on (not their wording) and their codes."""
        content = {
            "expression": self.expression,
            "definitions": {
                n: [d.kind, {k: v for k, v in d.raw.items() if k not in ("rule", "title")}]
                for n, d in self.rests_on.items()
            },
            "codelists": self.codelist_hashes,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()

    def resting_on(self, facts: Sequence[str]) -> Cohort:
        """The same cohort among people whose practices also share what these facts rest on."""
        other = copy.copy(self)
        other.population = self.population.for_facts(facts)
        return other

    # -- who is in it: for use inside the house ---------------------------------------------------------

    @property
    def sql(self) -> str:
        """The condition as SQL over the person table."""
        return self._sql(self.node)

    def _sql(self, node: Node) -> str:
        return to_sql(node, self.population.variables, index=self.population.index_sql)

    @property
    def pids(self) -> np.ndarray:
        """Person numbers, rising. They are pseudonymous and mean nothing outside the snapshot; they are never shown."""
        found = self.population.query("pid", self.needs, where=self.sql)
        return to_numbers(found.column("pid"))

    @property
    def size(self) -> int:
        """How many people, exactly. For use inside the house: ``count`` gives what may be shown."""
        return self.population.count(self.needs, where=self.sql)

    @property
    def terms(self) -> list[tuple[str, Node]]:
        """The conditions joined by the outermost ``and``, each as a person would say it, in their order."""
        parts = self.node.parts if isinstance(self.node, Both) else (self.node,)
        return [(to_english(p, self.population.variables), p) for p in parts]

    def terms_table(self) -> pa.Table:
        """``pid`` of everybody in the population and, for each term, whether it holds."""
        listed = ", ".join(f"{self._sql(node)} AS t{n}" for n, (_, node) in enumerate(self.terms))
        return self.population.query(f"pid, {listed}", self.needs)

    # -- what may be shown ---------------------------------------------------------------------------

    def count(self) -> Answer:
        """How many people, of how many. Small counts, and counts that would give a small one away, are hidden."""
        return self.by()

    def by(self, *dimensions: str) -> Answer:
        """The count, also by categorical facts: pcn, practice, imd_quintile, sex, age_band, ethnic_group, a segmentation ..."""
        from goldenthread.cohorts.breakdown import answer

        return answer(self, list(dimensions))

    def attrition(self) -> Attrition:
        """From everybody registered, through those who may be asked about, to the cohort: one condition at a time."""
        from goldenthread.cohorts.attrition import attrition

        return attrition(self)

    def question(self, *more: str) -> str:
        """The canonical description of a question about this cohort, for the ledger of answers."""
        parts = (self.expression, self.population.index_date.isoformat(), self.population.purpose.name, *more)
        return " | ".join(parts)


def _named(population: Population, text: str) -> tuple[str, str]:
    word = text.strip()
    cohorts = population.catalogue.cohorts
    if word in cohorts:
        return word, cohorts[word].expression
    if word.isidentifier() and word not in population.variables and word not in ("True", "False", "None"):
        near = difflib.get_close_matches(word, [*cohorts, *population.variables], n=3, cutoff=0.6)
        if near and any(n in cohorts for n in near):
            raise CohortError(
                f"There is no cohort or fact called `{word}`.",
                f"Did you mean {' or '.join(f'`{n}`' for n in near)}?",
            )
    return "", text


def checked_dimensions(names_: Sequence[str]) -> list[str]:
    """Dimensions asked for, each once."""
    found = [n.strip() for n in names_ if n.strip()]
    if len(set(found)) != len(found):
        raise CohortError("The same breakdown is asked for twice.", "Name each once: --by pcn,sex.")
    if len(found) > 3:
        raise CohortError("People are counted by three things at most.", "Ask two questions.")
    return found
