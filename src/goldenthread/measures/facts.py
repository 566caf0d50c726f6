"""What every name stands for: facts about the person, and the facts that definitions add."""

from __future__ import annotations

import weakref
from collections.abc import Mapping

from goldenthread.definitions import (
    TAKES,
    Catalogue,
    CodingCheck,
    Cohort,
    Condition,
    Definition,
    Indicator,
    Measure,
    Score,
    Segmentation,
)
from goldenthread.definitions.expressions import (
    ExpressionError,
    Kind,
    Variable,
    check,
    check_condition,
    names,
    parse,
)
from goldenthread.measures.errors import mistake
from goldenthread.measures.naming import spoken
from goldenthread.model import value_set

_ETHNIC_GROUPS = tuple(value_set("ethnicity_2001").groups)

PERSON: Mapping[str, Variable] = {
    "age": Variable("number", "age", unit="years"),
    "age_months": Variable("number", "age in months", unit="months"),
    "sex": Variable("text", "sex", tuple(value_set("sex").codes)),
    "female": Variable("truth", "is female"),
    "male": Variable("truth", "is male"),
    "ethnicity": Variable("text", "ethnic category", tuple(value_set("ethnicity_2001").codes)),
    "ethnic_group": Variable("text", "ethnic group", _ETHNIC_GROUPS),
    "language": Variable("text", "preferred language"),
    "alive": Variable("truth", "is alive"),
    "registered": Variable("truth", "is registered with a practice here"),
    "practice": Variable("text", "practice"),
    "pcn": Variable("text", "primary care network"),
    "place": Variable("text", "place"),
    "lsoa": Variable("text", "neighbourhood (LSOA) of residence"),
    "msoa": Variable("text", "MSOA of residence"),
    "district": Variable("text", "district of residence"),
    "imd_decile": Variable("number", "deprivation decile of the neighbourhood (1 is the most deprived)"),
    "imd_quintile": Variable("number", "deprivation fifth of the neighbourhood (1 is the most deprived)"),
    "rural": Variable("truth", "lives in a rural area"),
    "care_home": Variable("truth", "lives in a care home"),
}
"""Facts that need no definition, all as they were on the index date."""


def variables(catalogue: Catalogue) -> dict[str, Variable]:
    """Every name that an expression may use, with its kind.

    Raises ``DefinitionError`` with file and line where an expression uses an unknown name, compares what
    cannot be compared, or goes round in a circle.
    """
    held = _remembered.get(id(catalogue))
    if held is None or held[0]() is not catalogue:
        for gone in [key for key, (kept, _) in list(_remembered.items()) if kept() is None]:
            _remembered.pop(gone, None)
        held = _remembered[id(catalogue)] = (weakref.ref(catalogue), _worked_out(catalogue))
    return dict(held[1])


_remembered: dict[int, tuple[weakref.ref[Catalogue], dict[str, Variable]]] = {}
"""A catalogue does not change, and everybody asks."""


def _worked_out(catalogue: Catalogue) -> dict[str, Variable]:
    known: dict[str, Variable] = dict(PERSON)
    for name, definition in catalogue.definitions.items():
        if name in PERSON:
            raise mistake(definition, "has the name of a fact about the person.", "Give it another name.")
        known.update(_declared(definition))
    worked_out = {n: m for n, m in catalogue.measures.items() if m.expression}
    _Kinds(worked_out, known).settle()
    for definition in catalogue.definitions.values():
        for text in conditions_in(definition):
            _checked(definition, text, known, condition=True)
        if isinstance(definition, Indicator):
            kind = _checked(definition, definition.numerator, known, condition=False)
            if kind not in ("truth", "number"):
                raise mistake(definition, "needs a numerator that is true or false, or a number.")
    return known


def conditions_in(definition: Definition) -> list[str]:
    """The expressions in a definition that must be true or false of each person."""
    match definition:
        case Condition(expression=text) | Cohort(expression=text):
            return [text] if text else []
        case Indicator(denominator=text):
            return [text]
        case CodingCheck(expression=text, among=among):
            return [among, text]
        case Segmentation(segments=segments):
            return [s.expression for s in segments]
    return []


def uses(definition: Definition) -> list[str]:
    """Names of the facts that a definition rests on, in the order in which it names them."""
    texts = conditions_in(definition)
    found: list[str] = []
    match definition:
        case Measure(expression=text) if text:
            texts = [text]
        case Indicator(numerator=text):
            texts = [*texts, text]
        case Score(inputs=inputs):
            found = list(inputs.values())
        case Condition(min_age=low, max_age=high) if low is not None or high is not None:
            found = ["age"]
    for text in texts:
        found.extend(names(parse(text)))
    return list(dict.fromkeys(found))


def _checked(definition: Definition, text: str, known: Mapping[str, Variable], *, condition: bool) -> Kind:
    try:
        node = parse(text)
        if condition:
            check_condition(node, known, text)
            return "truth"
        return check(node, known, text)
    except ExpressionError as error:
        raise mistake(definition, error.message, error.remedy) from None


class _Kinds:
    """Works out the kind of each measure that is written as an expression, whatever their order."""

    def __init__(self, measures: Mapping[str, Measure], known: dict[str, Variable]) -> None:
        self.measures, self.known = measures, known
        self.path: list[str] = []

    def settle(self) -> None:
        for name in self.measures:
            self._settle(name)

    def _settle(self, name: str) -> None:
        if name in self.known:
            return
        measure = self.measures[name]
        if name in self.path:
            circle = " -> ".join([*self.path[self.path.index(name) :], name])
            raise mistake(measure, f"goes round in a circle: {circle}.", "Break the circle in one of them.")
        self.path.append(name)
        for needed in uses(measure):
            if needed in self.measures:
                self._settle(needed)
        self.path.pop()
        kind = _checked(measure, measure.expression, self.known, condition=False)
        self.known[name] = Variable(kind, spoken(measure), measure.values, measure.unit)


def _declared(definition: Definition) -> dict[str, Variable]:
    name, words = definition.name, spoken(definition)
    match definition:
        case Measure(expression="") as measure:
            return {name: Variable(TAKES[measure.take], words, measure.values, measure.unit)}
        case Condition():
            return {
                name: Variable("truth", f"has {words}"),
                f"{name}_since": Variable("date", f"date of the first record of {words}"),
            }
        case Score():
            found = {name: Variable("number", words, unit=definition.unit)}
            if definition.categories:
                found[f"{name}_category"] = Variable(
                    "text", f"{words} category", tuple(definition.categories)
                )
            return found
        case Segmentation():
            return {
                name: Variable("text", words, (*(s.name for s in definition.segments), definition.otherwise))
            }
    return {}
