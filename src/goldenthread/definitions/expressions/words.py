"""Nodes to text, to JSON and to plain English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from goldenthread.definitions.expressions.check import Variable
from goldenthread.definitions.expressions.nodes import (
    Ago,
    Among,
    Arithmetic,
    Both,
    Compare,
    Constant,
    Either,
    HowMany,
    Missing,
    Name,
    Node,
    Not,
)
from goldenthread.errors import GoldenThreadError

_DENIED = {
    "has had ": "has not had ",
    "has been ": "has not been ",
    "has self-harmed ": "has not self-harmed ",
    "has a ": "does not have a ",
    "has ": "does not have ",
    "is ": "is not ",
    "lives ": "does not live ",
}
"""Beginnings of what can be said of a person, and how they are denied; the first that fits counts."""
_RANK = {Either: 1, Both: 2, Not: 3, Compare: 4, Among: 4, Arithmetic: 5}


def to_text(node: Node) -> str:
    """The expression as it is typed, with no more brackets than it needs.

    >>> from goldenthread.definitions.expressions import parse
    >>> to_text(parse("not (a  or b) and  (c>=2)"))
    'not (a or b) and c >= 2'
    """
    match node:
        case Name(name=name):
            return name
        case Constant(value=value):
            return _literal(value)
        case Ago(amount=amount, unit=unit):
            return f'ago("{_span(amount, unit)}")'
        case Missing(of=of):
            return f"missing({to_text(of)})"
        case Compare(left=left, operator=operator, right=right):
            return f"{_inside(left, 5)} {operator} {_inside(right, 5)}"
        case Among(of=of, values=values, negated=negated):
            listed = ", ".join(to_text(v) for v in values) + ("," if len(values) == 1 else "")
            return f"{_inside(of, 5)} {'not ' if negated else ''}in ({listed})"
        case Both(parts=parts):
            return " and ".join(_inside(p, 3) for p in parts)
        case Either(parts=parts):
            return " or ".join(_inside(p, 2) for p in parts)
        case HowMany(parts=parts):
            return f"how_many({', '.join(map(to_text, parts))})"
        case Not(of=of):
            return f"not {_inside(of, 3)}"
        case Arithmetic(left=left, operator=operator, right=right):
            tight = operator in "*/"
            first = (
                f"({to_text(left)})"
                if tight and isinstance(left, Arithmetic) and left.operator in "+-"
                else _inside(left, 5)
            )
            second = f"({to_text(right)})" if isinstance(right, Arithmetic) else _inside(right, 5)
            return f"{first} {operator} {second}"


def _inside(node: Node, rank: int) -> str:
    text = to_text(node)
    return f"({text})" if _RANK.get(type(node), 9) < rank else text


def _literal(value: bool | float | int | str | date) -> str:
    if isinstance(value, date):
        return f'date("{value.isoformat()}")'
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)


def _span(amount: int, unit: str) -> str:
    if unit == "months" and amount % 12 == 0 and amount > 12:
        return f"{amount // 12} years"
    return f"{amount} {unit if amount != 1 else unit[:-1]}"


def to_json(node: Node) -> dict[str, Any]:
    """The expression as nested JSON objects, for builders on a page; ``from_json`` reads it back."""
    match node:
        case Name(name=name):
            return {"name": name}
        case Constant(value=date() as value):
            return {"date": value.isoformat()}
        case Constant(value=value):
            return {"value": value}
        case Ago(amount=amount, unit=unit):
            return {"ago": amount, "unit": unit}
        case Missing(of=of):
            return {"missing": to_json(of)}
        case Compare(left=left, operator=operator, right=right):
            return {"compare": operator, "left": to_json(left), "right": to_json(right)}
        case Among(of=of, values=values, negated=negated):
            return {"among": to_json(of), "values": [to_json(v) for v in values], "negated": negated}
        case Both(parts=parts):
            return {"all": [to_json(p) for p in parts]}
        case Either(parts=parts):
            return {"any": [to_json(p) for p in parts]}
        case HowMany(parts=parts):
            return {"how_many": [to_json(p) for p in parts]}
        case Not(of=of):
            return {"not": to_json(of)}
        case Arithmetic(left=left, operator=operator, right=right):
            return {"sum": operator, "left": to_json(left), "right": to_json(right)}


class ExpressionJsonError(GoldenThreadError):
    """JSON that is no expression."""


def from_json(raw: Any) -> Node:
    """Read what ``to_json`` wrote; ``ExpressionJsonError`` for anything else.

    >>> from goldenthread.definitions.expressions import parse
    >>> node = parse("age >= 65 and not care_home")
    >>> from_json(to_json(node)) == node
    True
    """
    from goldenthread.definitions.expressions.parse import parse

    try:
        node = _from_json(raw, 0)
        # What cannot be typed cannot come in by this door either.
        return parse(to_text(node))
    except (KeyError, TypeError, ValueError, AttributeError, GoldenThreadError):
        raise ExpressionJsonError(
            "This JSON is not an expression.", "Build it again, or type the expression."
        ) from None


def _from_json(raw: Any, depth: int) -> Node:
    if depth > 60 or not isinstance(raw, dict):
        raise ValueError
    match raw:
        case {"name": str(name)}:
            return Name(name)
        case {"date": str(text)}:
            return Constant(date.fromisoformat(text))
        case {"value": bool() | int() | float() | str() as value}:
            return Constant(value)
        case {"ago": int(amount), "unit": ("days" | "months") as unit}:
            return Ago(amount, unit)
        case {"missing": of}:
            return Missing(_from_json(of, depth + 1))
        case {"compare": str(operator), "left": left, "right": right}:
            return Compare(_from_json(left, depth + 1), operator, _from_json(right, depth + 1))
        case {"among": of, "values": list(values)}:
            literals = tuple(
                v for v in (_from_json(one, depth + 1) for one in values) if isinstance(v, Constant)
            )
            return Among(_from_json(of, depth + 1), literals, bool(raw.get("negated")))
        case {"all": list(parts)}:
            return Both(tuple(_from_json(p, depth + 1) for p in parts))
        case {"any": list(parts)}:
            return Either(tuple(_from_json(p, depth + 1) for p in parts))
        case {"how_many": list(parts)}:
            return HowMany(tuple(_from_json(p, depth + 1) for p in parts))
        case {"not": of}:
            return Not(_from_json(of, depth + 1))
        case {"sum": str(operator), "left": left, "right": right}:
            return Arithmetic(_from_json(left, depth + 1), operator, _from_json(right, depth + 1))
    raise ValueError


_COMPARED = {
    "==": "is",
    "!=": "is not",
    "<": "is under",
    "<=": "is at most",
    ">": "is over",
    ">=": "is at least",
}
_DATED = {
    "==": "is on",
    "!=": "is not on",
    "<": "is before",
    "<=": "is on or before",
    ">": "is after",
    ">=": "is on or after",
}


def to_english(node: Node, variables: Mapping[str, Variable]) -> str:
    """The expression as a person would say it.

    >>> from goldenthread.definitions.expressions import parse
    >>> known = {"age": Variable("number", "age", unit="years"), "care_home": Variable("truth", "lives in a care home")}
    >>> to_english(parse("age >= 65 and not care_home"), known)
    'age is at least 65 years, and does not live in a care home'
    """
    return _English(variables).say(node)


class _English:
    def __init__(self, variables: Mapping[str, Variable]) -> None:
        self.variables = variables

    def name(self, name: str) -> str:
        known = self.variables.get(name)
        return known.meaning if known and known.meaning else name.replace("_", " ")

    def say(self, node: Node) -> str:
        match node:
            case Name(name=name):
                return self.name(name)
            case Constant(value=date() as value):
                return f"{value.day} {value:%B %Y}"
            case Constant(value=bool() as value):
                return "yes" if value else "no"
            case Constant(value=value):
                return str(value)
            case Ago(amount=amount, unit=unit):
                return f"{_span(amount, unit)} before the index date"
            case Missing(of=of):
                return f"{self.say(of)} is not recorded"
            case Compare(left=left, operator=operator, right=right):
                return self._comparison(left, operator, right)
            case Among(of=of, values=values, negated=negated):
                listed = " or ".join(self.say(v) for v in values)
                return f"{self.say(of)} is {'recorded and is not ' if negated else ''}{listed}"
            case Both(parts=parts):
                return ", and ".join(self._part(p) for p in parts)
            case Either(parts=parts):
                return "either " + ", or ".join(self._part(p) for p in parts)
            case HowMany(parts=parts):
                return f"the number of these that hold ({'; '.join(self.say(p) for p in parts)})"
            case Not(of=of):
                return self._negation(of)
            case Arithmetic(left=left, operator=operator, right=right):
                words = {"+": "plus", "-": "less", "*": "times", "/": "divided by"}
                return f"{self._part(left)} {words[operator]} {self._part(right)}"

    def _negation(self, of: Node) -> str:
        if isinstance(of, Missing):
            return f"{self.say(of.of)} is recorded"
        if isinstance(of, Compare) and not isinstance(of.right, Constant | Ago):
            return f"not: {self._part(of)}"
        if isinstance(of, Compare | Among):
            return f"not: {self._part(of)} (which counts people with no record)"
        return self._denied(of)

    def _denied(self, of: Node) -> str:
        """What does not hold, as a person says it."""
        said = self._part(of)
        for begins, denied in _DENIED.items():
            if isinstance(of, Name) and said.startswith(begins):
                return denied + said.removeprefix(begins)
        return f"not: {said}"

    def _part(self, node: Node) -> str:
        text = self.say(node)
        return f"({text})" if isinstance(node, Both | Either | Arithmetic) else text

    def _comparison(self, left: Node, operator: str, right: Node) -> str:
        if isinstance(right, Constant) and isinstance(right.value, bool) and operator in ("==", "!="):
            holds = right.value == (operator == "==")
            return self.say(left) if holds else self._denied(left)
        dated = isinstance(right, Ago) or (isinstance(right, Constant) and isinstance(right.value, date))
        words = (_DATED if dated else _COMPARED)[operator]
        unit = (
            self.variables[left.name].unit if isinstance(left, Name) and left.name in self.variables else ""
        )
        tail = (
            f" {unit}"
            if unit and isinstance(right, Constant) and not isinstance(right.value, str | date)
            else ""
        )
        return f"{self._part(left)} {words} {self._part(right)}{tail}"
