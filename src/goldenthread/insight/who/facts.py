"""What two groups of people are compared on, read from `facts.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from goldenthread.definitions.expressions import Node, Variable, names, parse


@dataclass(frozen=True)
class Fact:
    """A condition with a title. ``gap`` says that it is a gap in care that can be closed."""

    title: str
    group: str
    expression: str
    gap: bool = False

    @property
    def node(self) -> Node:
        """The condition, read."""
        return _read(self.expression)

    @property
    def needs(self) -> list[str]:
        """The names it uses."""
        return names(self.node)


@dataclass(frozen=True)
class Average:
    """A number of which the mean is compared. ``unit`` is a word after it, or a pound sign before it."""

    title: str
    fact: str
    unit: str = ""


@cache
def shipped() -> tuple[tuple[Fact, ...], tuple[Average, ...]]:
    """Every fact and average of the shipped file, in its order."""
    raw = tomllib.loads(files("goldenthread.insight.who").joinpath("facts.toml").read_text("utf-8"))
    facts = [
        Fact(one["title"], group["title"], one["expression"], bool(one.get("gap")))
        for group in raw["group"]
        for one in group["facts"]
    ]
    return tuple(facts), tuple(Average(one["title"], one["fact"], one["unit"]) for one in raw["average"])


def known_facts(variables: Mapping[str, Variable]) -> tuple[tuple[Fact, ...], tuple[Average, ...]]:
    """Those whose names this deployment's definitions have; a deployment may do without some of the shipped ones."""
    facts, averages = shipped()
    return (
        tuple(f for f in facts if all(n in variables for n in f.needs)),
        tuple(a for a in averages if a.fact in variables),
    )


@cache
def _read(expression: str) -> Node:
    return parse(expression)
