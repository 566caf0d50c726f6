"""Whose population: one node of the tree of registration (system, place, network, practice) or of residence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from goldenthread.cohorts.errors import CohortError
from goldenthread.lake import Snapshot

Kind = Literal["system", "place", "pcn", "practice", "district", "msoa", "lsoa"]
REGISTRATION: tuple[Kind, ...] = ("system", "place", "pcn", "practice")
RESIDENCE: tuple[Kind, ...] = ("district", "msoa", "lsoa")
TITLES: Mapping[str, str] = {
    "system": "Integrated care system",
    "place": "Place",
    "pcn": "Primary care network",
    "practice": "Practice",
    "district": "District of residence",
    "msoa": "MSOA of residence",
    "lsoa": "LSOA of residence",
}
_CODE = re.compile(r"[A-Za-z0-9]{1,20}")


@dataclass(frozen=True)
class Scope:
    """A part of the population: people registered with, or living in, one unit.

    Registration and residence are two geographies and are never mixed: a practice is not in a district.

    >>> Scope.parse("pcn-UZ001").sql
    "pcn = 'UZ001'"
    >>> Scope.parse("system").slug
    'system'
    """

    kind: Kind = "system"
    code: str = ""
    name: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind) or (self.kind != "system" and not _CODE.fullmatch(self.code)):
            raise _unknown(f"{self.kind}-{self.code}")

    @classmethod
    def parse(cls, slug: str) -> Scope:
        """The scope written ``system``, ``pcn-UZ001``, ``practice-Z00001`` ...; ``CohortError`` for anything else."""
        text = slug.strip()
        if text == "system":
            return cls()
        kind, _, code = text.partition("-")
        if kind not in get_args(Kind) or kind == "system" or not _CODE.fullmatch(code):
            raise _unknown(slug)
        return cls(kind, code.upper())  # type: ignore[arg-type]

    @property
    def slug(self) -> str:
        """How it is written in an address or on a command line."""
        return "system" if self.kind == "system" else f"{self.kind}-{self.code}"

    @property
    def title(self) -> str:
        """What sort of unit it is, in words."""
        return TITLES[self.kind]

    @property
    def needs(self) -> tuple[str, ...]:
        """The facts that decide who is in it."""
        return () if self.kind == "system" else (self.kind,)

    @property
    def sql(self) -> str:
        """The condition over the person table. The code holds letters and digits only, so it can stand in the text."""
        return "TRUE" if self.kind == "system" else f"{self.kind} = '{self.code}'"

    @property
    def words(self) -> str:
        """Name, or code where the name is not known.

        >>> Scope.parse("lsoa-E01026000").words
        'LSOA of residence E01026000'
        """
        return self.name or (self.title if self.kind == "system" else f"{self.title} {self.code}")


@dataclass(frozen=True)
class ScopeTree:
    """Every scope of a snapshot with its name and its parents."""

    scopes: Mapping[str, Scope]
    parents: Mapping[str, str]

    def __iter__(self) -> Iterator[Scope]:
        return iter(self.scopes.values())

    def get(self, slug: str) -> Scope:
        """The scope with its name; ``CohortError`` where the snapshot has none such."""
        scope = Scope.parse(slug)
        found = self.scopes.get(scope.slug)
        if found is None:
            raise _unknown(slug)
        return found

    def parent(self, scope: Scope) -> Scope | None:
        """The scope next above, in the same geography."""
        slug = self.parents.get(scope.slug)
        return self.scopes[slug] if slug is not None else None

    def path(self, scope: Scope) -> list[Scope]:
        """From the system down to the scope, both included."""
        found = [scope]
        while (above := self.parent(found[0])) is not None:
            found.insert(0, above)
        return found

    def children(self, scope: Scope) -> list[Scope]:
        """The scopes next below, in both geographies for the system."""
        return [s for s in self if self.parents.get(s.slug) == scope.slug]

    def inside(self, inner: Scope, outer: Scope) -> bool:
        """Whether everybody of ``inner`` is in ``outer``; a scope is inside itself."""
        return any(s.slug == outer.slug for s in self.path(self.get(inner.slug)))


def scope_tree(snapshot: Snapshot, system: str = "") -> ScopeTree:
    """The tree of a snapshot, from its reference tables. ``system`` is what people call the whole."""
    connection = snapshot.connect(only=("place", "pcn", "practice", "lsoa"))
    try:
        places = connection.execute("SELECT place, name FROM place ORDER BY name").fetchall()
        pcns = connection.execute("SELECT pcn, name, place FROM pcn ORDER BY name").fetchall()
        practices = connection.execute("SELECT practice, name, pcn FROM practice ORDER BY name").fetchall()
        lsoas = connection.execute(
            "SELECT lsoa, name, msoa, msoa_name, district, district_name FROM lsoa ORDER BY name"
        ).fetchall()
    finally:
        connection.close()
    scopes: dict[str, Scope] = {"system": Scope("system", "", system or "The whole system")}
    parents: dict[str, str] = {}

    def add(kind: Kind, code: str | None, name: str | None, above: str) -> None:
        if not code or not _CODE.fullmatch(code):
            return
        scope = Scope(kind, code, name or "")
        scopes.setdefault(scope.slug, scope)
        parents.setdefault(scope.slug, above if above in scopes else "system")

    for code, name in places:
        add("place", code, name, "system")
    for code, name, place in pcns:
        add("pcn", code, name, f"place-{place}")
    for code, name, pcn in practices:
        add("practice", code, name, f"pcn-{pcn}")
    for lsoa, name, msoa, msoa_name, district, district_name in lsoas:
        add("district", district, district_name, "system")
        add("msoa", msoa, msoa_name, f"district-{district}")
        add("lsoa", lsoa, name, f"msoa-{msoa}")
    return ScopeTree(scopes, parents)


def _unknown(slug: str) -> CohortError:
    return CohortError(
        f"There is no population called {slug[:60]!r}.",
        "Write system, or a kind and a code: pcn-UZ001, practice-Z00001, place-..., district-..., msoa-..., lsoa-...",
    )
