"""Types: what is compared with what, before anything runs."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from goldenthread.definitions.expressions.nodes import (
    Ago,
    Among,
    Arithmetic,
    Both,
    Compare,
    Constant,
    Either,
    HowMany,
    Kind,
    Missing,
    Name,
    Node,
    Not,
)
from goldenthread.definitions.expressions.parse import ExpressionError

_WORDS: Mapping[Kind, str] = {
    "truth": "true or false",
    "number": "a number",
    "text": "text",
    "date": "a date",
}


@dataclass(frozen=True)
class Variable:
    """What a name stands for: its kind, what it means, and the texts it can be."""

    kind: Kind
    meaning: str = ""
    values: tuple[str, ...] = ()
    unit: str = ""


def check(node: Node, variables: Mapping[str, Variable], text: str) -> Kind:
    """The kind of the whole expression.

    Raises ``ExpressionError`` at the place of an unknown name (with the nearest known ones), of a
    comparison between kinds, and of a text that the variable can never hold.

    >>> from goldenthread.definitions.expressions import parse
    >>> check(parse("age >= 65"), {"age": Variable("number")}, "age >= 65")
    'truth'
    """
    return _Checker(variables, text).kind(node)


def check_condition(node: Node, variables: Mapping[str, Variable], text: str) -> None:
    """Check an expression that must be true or false of each person."""
    kind = check(node, variables, text)
    if kind != "truth":
        raise ExpressionError(
            f"This gives {_WORDS[kind]}, not true or false.",
            text,
            node.place,
            'Compare it with something: >= 65, == "severe".',
        )


class _Checker:
    def __init__(self, variables: Mapping[str, Variable], text: str) -> None:
        self.variables = variables
        self.text = text

    def error(self, problem: str, node: Node, remedy: str = "") -> ExpressionError:
        return ExpressionError(problem, self.text, node.place, remedy)

    def kind(self, node: Node) -> Kind:
        match node:
            case Name():
                return self._variable(node).kind
            case Constant(value=bool()):
                return "truth"
            case Constant(value=int() | float()):
                return "number"
            case Constant(value=date()) | Ago():
                return "date"
            case Constant():
                return "text"
            case Missing(of=of):
                self.kind(of)
                return "truth"
            case Compare():
                return self._compare(node)
            case Among(of=of, values=values):
                for value in values:
                    self._alike(of, value, node, "==")
                return "truth"
            case Both(parts=parts) | Either(parts=parts):
                for part in parts:
                    self._truth(part)
                return "truth"
            case HowMany(parts=parts):
                for part in parts:
                    self._truth(part)
                return "number"
            case Not(of=of):
                self._truth(of)
                return "truth"
            case Arithmetic(left=left, right=right):
                for side in (left, right):
                    if (kind := self.kind(side)) not in ("number", "truth"):
                        raise self.error(f"Sums are of numbers; this is {_WORDS[kind]}.", side)
                return "number"

    def _variable(self, node: Name) -> Variable:
        if node.name in self.variables:
            return self.variables[node.name]
        near = difflib.get_close_matches(node.name, self.variables, n=3, cutoff=0.6)
        if not near:
            near = [name for name in self.variables if node.name.lower() in name][:3]
        hint = (
            f"Did you mean {' or '.join(f'`{n}`' for n in near)}?"
            if near
            else "`goldenthread definitions list` shows every name."
        )
        raise self.error(f"There is nothing called `{node.name}`.", node, hint)

    def _truth(self, node: Node) -> None:
        kind = self.kind(node)
        if kind != "truth":
            raise self.error(
                f"This is {_WORDS[kind]}; here it must be true or false.",
                node,
                "Compare it with something, such as >= 1.",
            )

    def _compare(self, node: Compare) -> Kind:
        self._alike(node.left, node.right, node, node.operator)
        return "truth"

    def _alike(self, left: Node, right: Node, whole: Node, operator: str) -> None:
        kinds = self.kind(left), self.kind(right)
        if kinds[0] != kinds[1]:
            remedy = 'Write a date as date("2026-04-01") or ago("12 months").' if "date" in kinds else ""
            raise self.error(
                f"{_WORDS[kinds[0]].capitalize()} is compared with {_WORDS[kinds[1]]}.", whole, remedy
            )
        if kinds[0] in ("truth", "text") and operator not in ("==", "!="):
            raise self.error(
                f"`{operator}` needs numbers or dates; this is {_WORDS[kinds[0]]}.",
                whole,
                "Use == or !=, or `in (...)`.",
            )
        for name, literal in ((left, right), (right, left)):
            if isinstance(name, Name) and isinstance(literal, Constant) and isinstance(literal.value, str):
                self._possible(name, literal)

    def _possible(self, name: Name, literal: Constant) -> None:
        values = self._variable(name).values
        if values and literal.value not in values:
            near = difflib.get_close_matches(str(literal.value), values, n=1, cutoff=0.5)
            hint = f'Did you mean "{near[0]}"? ' if near else ""
            listed = ", ".join(f'"{v}"' for v in values[:12])
            raise self.error(
                f'`{name.name}` is never "{literal.value}".', literal, f"{hint}It can be {listed}."
            )
