"""The questions a cohort is built from: every fact with its title, the ways to ask about it, and its possible answers."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product

from goldenthread.cohorts import Population, dimension
from goldenthread.definitions import Condition, Definition, Score, Segmentation
from goldenthread.definitions.expressions import Variable, names, parse
from goldenthread.model import value_set

OPERATORS: Mapping[str, Mapping[str, str]] = {
    "truth": {"yes": "yes", "no": "no"},
    "number": {
        "at_least": "is at least",
        "under": "is under",
        "over": "is over",
        "at_most": "is at most",
        "is": "is exactly",
        "known": "is recorded",
        "unknown": "is not recorded",
    },
    "text": {
        "any_of": "is any of",
        "none_of": "is none of",
        "known": "is recorded",
        "unknown": "is not recorded",
    },
    "date": {
        "within": "is in the last so many months",
        "before": "is longer ago than so many months",
        "known": "is recorded",
        "unknown": "is not recorded",
    },
}
"""For each kind of fact the ways to ask about it, as they are said."""

GROUPS = (
    "Age, sex and ethnicity",
    "Where people live and are registered",
    "Conditions",
    "Care of conditions",
    "Care in the last year",
    "Gaps in care that can be closed",
    "Medicines and their safety",
    "Tests and measurements",
    "Habits, prevention and vaccines",
    "Circumstances and carers",
    "Need, segments and scores",
    "Cost",
    "Dates since",
    "Other",
)
_PERSON = {
    "age": 0, "age_months": 0, "sex": 0, "female": 0, "male": 0, "ethnicity": 0, "ethnic_group": 0, "language": 0,
}  # fmt: skip
_AREAS = {
    "cardiovascular": 3, "diabetes": 3, "learning_disability": 3, "mental_health": 3, "respiratory": 3,
    "admissions": 4, "urgent_care": 4, "general_practice": 4, "outpatient": 4, "community": 4, "social_care": 4,
    "mental_health_services": 4, "high_intensity_use": 4, "falls": 4, "medicines": 6, "prescribing_safety": 6,
    "blood_tests": 7, "body_and_blood_pressure": 7, "habits_and_records": 8, "prevention": 8, "vaccination": 8,
    "circumstances": 9, "need": 10, "scores": 10, "frailty": 10, "costs": 11,
}  # fmt: skip
_NAMED = ("practice", "pcn", "place", "lsoa", "msoa", "district")


@dataclass(frozen=True)
class Question:
    """One fact that may be asked about. ``values`` are (code, name) where it can only be one of a few.

    ``rule`` says how it is worked out, ``hidden`` that it is a step towards other facts and comes last in a search.
    """

    name: str
    title: str
    group: str
    kind: str
    unit: str = ""
    rule: str = ""
    values: tuple[tuple[str, str], ...] = ()
    hidden: bool = False

    @property
    def operators(self) -> Mapping[str, str]:
        """The ways to ask about it, as they are said."""
        return OPERATORS[self.kind]


@dataclass(frozen=True)
class Questions:
    """Every question of a deployment, by group; ``find`` searches them."""

    all: tuple[Question, ...]
    _by_name: dict[str, Question] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_name.update({q.name: q for q in self.all})

    def get(self, name: str) -> Question | None:
        """The question about a fact."""
        return self._by_name.get(name)

    @property
    def groups(self) -> dict[str, tuple[Question, ...]]:
        """Questions in their groups, in the order in which a clinician would look; without the steps."""
        found: dict[str, tuple[Question, ...]] = {}
        for group in GROUPS:
            mine = tuple(
                sorted((q for q in self.all if q.group == group and not q.hidden), key=lambda q: q.title)
            )
            if mine:
                found[group] = mine
        return found

    def find(self, text: str, *, most: int = 20) -> tuple[Question, ...]:
        """Questions that the words are found in, the best first: name and title count before the rule.

        Words that are nearly right find what they nearly are.
        """
        words = [w for w in text[:200].casefold().replace("_", " ").split() if w]
        if not words:
            return ()
        scored = [(s, q) for q in self.all if (s := _score(q, words)) > 0]
        if not scored:
            vocabulary = {
                w for q in self.all for w in f"{q.title} {q.name}".casefold().replace("_", " ").split()
            }
            near = [difflib.get_close_matches(w, vocabulary, n=3, cutoff=0.75) for w in words]
            tries = [list(t) for t in product(*near)][:27] if all(near) else []
            best = {q.name: max((_score(q, t) for t in tries), default=0.0) for q in self.all}
            scored = [(best[q.name], q) for q in self.all if best[q.name] > 0]
        scored.sort(key=lambda x: (-x[0], x[1].hidden, len(x[1].title), x[1].name))
        return tuple(q for _, q in scored[:most])


def _score(question: Question, words: Iterable[str]) -> float:
    title = f" {question.title} {question.name.replace('_', ' ')}".casefold()
    rule = f" {question.rule}".casefold()
    total = 0.0
    for word in (w[:-1] if len(w) > 4 and w.endswith("s") else w for w in words):
        if f" {word}" in title:
            total += 3.0 + (title.split()[0].startswith(word))
        elif word in title:
            total += 1.5
        elif f" {word}" in rule:
            total += 1.0
        else:
            return 0.0
    return total - (0.5 if question.hidden else 0.0)


def questions_of(population: Population) -> Questions:
    """The questions that this deployment's definitions allow."""
    catalogue, known = population.catalogue, population.variables
    gaps = _gaps(catalogue.definitions.get("care_gaps"))
    found = []
    for name, variable in known.items():
        definition = catalogue.definitions.get(name)
        base = definition or catalogue.definitions.get(name.removesuffix("_since").removesuffix("_category"))
        group = GROUPS[_group(name, variable, base)]
        if name in gaps:
            group = GROUPS[5]
        title = variable.meaning or name.replace("_", " ")
        found.append(
            Question(
                name, title[:1].upper() + title[1:], group, variable.kind, variable.unit,
                base.rule if base else "", _values(population, name, variable), _is_step(name, base),
            )
        )  # fmt: skip
    return Questions(tuple(found))


def _group(name: str, variable: Variable, definition: Definition | None) -> int:
    if name in _PERSON:
        return _PERSON[name]
    if definition is None:
        return 1
    if variable.kind == "date":
        return 12
    if isinstance(definition, Condition):
        return 2
    if isinstance(definition, Score | Segmentation):
        return 10
    return _AREAS.get(getattr(definition, "area", ""), 13)


def _gaps(definition: Definition | None) -> set[str]:
    """The facts that the count of gaps in care adds up."""
    expression = getattr(definition, "expression", "")
    return set(names(parse(expression))) - {"diabetes"} if expression else set()


def _is_step(name: str, definition: Definition | None) -> bool:
    return name.startswith(("efi_", "cms_", "qrisk3_", "pincer_")) and not isinstance(definition, Score)


def _values(population: Population, name: str, variable: Variable) -> tuple[tuple[str, str], ...]:
    if variable.kind != "text":
        return ()
    if name in ("pcn", "place", "practice", "district"):
        named = dimension(name, population.variables, population.snapshot).names
        return tuple(sorted(((c, n or c) for c, n in named.items() if c), key=lambda x: x[1]))
    if name in _NAMED:
        return ()
    coded = {"sex": "sex", "ethnicity": "ethnicity_2001"}
    if name in coded:
        return tuple(value_set(coded[name]).codes.items())
    return tuple((v, v) for v in variable.values)
