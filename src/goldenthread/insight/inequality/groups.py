"""Inclusion groups and the areas of Core20PLUS5, as data that a board may change."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from goldenthread.definitions import Catalogue
from goldenthread.insight.inequality.errors import InequalityError

FILE = "core20plus5.toml"


@dataclass(frozen=True)
class Area:
    """A clinical area: of adults or of children, with its indicators."""

    whom: str
    title: str
    indicators: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """An inclusion group: a fact that is true of its people, and what they are called."""

    name: str
    title: str
    plus: bool = False


@dataclass(frozen=True)
class Core20Plus5:
    """What the view shows: areas, inclusion groups, where it comes from and whom no feed knows."""

    areas: tuple[Area, ...]
    groups: Mapping[str, Group]
    source: str
    not_recorded: str

    @property
    def plus(self) -> list[Group]:
        """The PLUS groups."""
        return [g for g in self.groups.values() if g.plus]


def core20plus5_of(catalogue: Catalogue) -> Core20Plus5:
    """The view of a deployment: its own file beside its definitions, or the shipped one.

    Raises ``InequalityError`` for an indicator or a fact that is not there.
    """
    own = [folder / FILE for folder in catalogue.folders[1:] if (folder / FILE).is_file()]
    found = _read(own[-1].read_text("utf-8"), str(own[-1])) if own else _shipped()
    for area in found.areas:
        for name in area.indicators:
            if name not in catalogue.indicators:
                raise InequalityError(
                    f"The Core20PLUS5 area {area.title!r} names the indicator {name!r}, which is not there.",
                    f"Correct {own[-1] if own else FILE}, or define the indicator.",
                )
    return found


def groups_of(catalogue: Catalogue) -> Mapping[str, Group]:
    """The inclusion groups of a deployment, without checking its indicators."""
    own = [folder / FILE for folder in catalogue.folders[1:] if (folder / FILE).is_file()]
    return _read(own[-1].read_text("utf-8"), str(own[-1])).groups if own else _shipped().groups


@cache
def _shipped() -> Core20Plus5:
    text = files("goldenthread.insight.inequality").joinpath(FILE).read_text(encoding="utf-8")
    return _read(text, FILE)


def _read(text: str, where: str) -> Core20Plus5:
    try:
        raw = tomllib.loads(text)
        areas = tuple(Area(a["whom"], a["title"], tuple(a["indicators"])) for a in raw.get("area", ()))
        groups = {
            name: Group(name, entry["title"], bool(entry.get("plus", False)))
            for name, entry in raw.get("group", {}).items()
        }
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise InequalityError(
            f"{where} cannot be read: {error}.", "Compare it with the file that comes with Golden Thread."
        ) from None
    wrong = [a.title for a in areas if a.whom not in ("adults", "children")]
    if wrong:
        raise InequalityError(
            f"{where}: the area {wrong[0]!r} is of neither adults nor children.", 'Say whom = "adults".'
        )
    return Core20Plus5(areas, groups, str(raw.get("source", "")), str(raw.get("not_recorded", "")))
