"""The closed set of things an expression is made of. Nothing here is ever run as Python."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Kind = Literal["truth", "number", "text", "date"]

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
ARITHMETIC = ("+", "-", "*", "/")


@dataclass(frozen=True)
class Place:
    """Where in the text a node stands, for messages; two nodes differ in nothing by standing elsewhere."""

    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class Name:
    """A measure, condition, score or attribute of a person."""

    name: str
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True)
class Constant:
    """A number, text, truth value or date written out."""

    value: bool | float | int | str | date
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True)
class Ago:
    """The index date less a span of whole months or days: ``ago("12 months")``."""

    amount: int
    unit: Literal["days", "months"]
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True)
class Missing:
    """Whether there is no value: ``missing(hba1c_latest)``."""

    of: Node
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True)
class Compare:
    """A comparison. With a missing value it is false, whatever the operator."""

    left: Node
    operator: str
    right: Node
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True)
class Among:
    """Whether a value is one of several; ``negated`` for "not in". A missing value is in no list."""

    of: Node
    values: tuple[Constant, ...]
    negated: bool = False
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True)
class Both:
    """All of the parts hold."""

    parts: tuple[Node, ...]
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True)
class Either:
    """At least one of the parts holds."""

    parts: tuple[Node, ...]
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    of: Node
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True)
class Arithmetic:
    """A sum, difference, product or quotient. Missing if either side is, or on division by zero."""

    left: Node
    operator: str
    right: Node
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True)
class HowMany:
    """How many of the parts hold: ``how_many(ckd, copd, chd)``."""

    parts: tuple[Node, ...]
    place: Place = field(default=Place(), compare=False)


Node = Name | Constant | Ago | Missing | Compare | Among | Both | Either | Not | Arithmetic | HowMany


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below ``node``, in the order in which they are written."""
    match node:
        case Name() | Constant() | Ago():
            return ()
        case Missing(of=of) | Not(of=of):
            return (of,)
        case Among(of=of, values=values):
            return (of, *values)
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right):
            return (left, right)
        case Both(parts=parts) | Either(parts=parts) | HowMany(parts=parts):
            return parts


def names(node: Node) -> list[str]:
    """Every name in the expression, once, in the order in which they first stand."""
    return list(dict.fromkeys(one.name for one in walk(node) if isinstance(one, Name)))


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, top down."""
    yield node
    for child in children(node):
        yield from walk(child)
