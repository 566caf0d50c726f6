"""The profile of one place: who lives here, what they have, where the work comes from, and what stands out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from goldenthread.cohorts import Population, Scope, ScopeTree, scope_tree
from goldenthread.insight.profile.candidates import CandidateCohort, candidates_of
from goldenthread.insight.profile.cube import LEVELS, Cube, Tree, cube_of
from goldenthread.insight.profile.determinants import Determinant, determinants_of
from goldenthread.insight.profile.errors import ProfileError
from goldenthread.insight.profile.figures import Figure, figures_of, table_of, tables_of
from goldenthread.insight.profile.findings import Candidate, Finding, candidates, what_stands_out
from goldenthread.insight.profile.headline import Target, england_beside, headline_of, targets_of
from goldenthread.insight.profile.households import households_of
from goldenthread.insight.profile.neighbours import Comparator, comparator_of
from goldenthread.insight.profile.people import Growth, ages_of, growth_of, languages_of
from goldenthread.insight.profile.pressures import Pressure, pressures_of

if TYPE_CHECKING:
    from goldenthread.disclosure import ReleasedTable

FAMILIES = ("structure", "condition", "pressure", "indicator", "candidate")
TESTED = ("condition", "pressure", "indicator")


@dataclass(frozen=True)
class Profile:
    """What can be said of a place. Every number in it is in, or worked out from, one of ``tables``, which are released.

    ``structure``, ``conditions``, ``indicators`` are figures by name; ``england`` holds England's shares beside the
    structure and England's recorded prevalence beside conditions (by name, in per cent).
    """

    scope: Scope
    headline: str
    people: int | None
    growth: Growth
    coverage: str
    index_date: date
    data_date: date
    purpose: str
    snapshot: str
    comparator: Comparator | None
    structure: dict[str, Figure]
    conditions: dict[str, Figure]
    pressures: tuple[Pressure, ...]
    indicators: dict[str, Figure]
    england: dict[str, float]
    determinants: tuple[Determinant, ...]
    targets: tuple[Target, ...]
    findings: tuple[Finding, ...]
    candidates: tuple[CandidateCohort, ...]
    tried: int
    tables: dict[str, ReleasedTable] = field(repr=False)

    @property
    def to_act_on(self) -> tuple[Finding, ...]:
        """Findings that ask for something."""
        return tuple(f for f in self.findings if not f.good)

    @property
    def going_well(self) -> tuple[Finding, ...]:
        """Findings in which the place does better than expected."""
        return tuple(f for f in self.findings if f.good)

    @property
    def compared_with(self) -> str:
        """How the comparator was chosen; why there is none, for the whole system."""
        if self.comparator is None:
            return "The whole system is compared with England where England's figures are known; its parts are compared with each other."
        return self.comparator.explained


def profile(population: Population, *, tree: ScopeTree | None = None) -> Profile:
    """The profile of the scope of ``population``: system, place, PCN, practice, district or MSOA.

    Figures are of people registered and alive on the index date who may be asked about. Counts from 1 to 7 are hidden and
    others shown to the nearest 5; shares, intervals, expected counts and p-values are worked out from what is shown.
    Raises ``ProfileError`` for a scope too small for a profile, or without people.

    >>> import goldenthread; gt = goldenthread.open(home)  # doctest: +SKIP
    >>> profile(gt.population.within(Scope.parse("pcn-UZ001"))).headline  # doctest: +SKIP
    'An older population. Two things stand out from places like it.'
    """
    scopes = tree if tree is not None else scope_tree(population.snapshot)
    scope = scopes.get(population.scope.slug)
    cube = cube_of(population, tree_of(scope))
    here = cube.units(scope)
    if not cube.people[here].sum():
        raise ProfileError(
            f"Nobody in {scope.words} may be asked about for {population.purpose.title.lower()}.",
            "Choose another place; or ask which practices share their records for this purpose.",
        )
    against = comparator_of(cube, scope, scopes)
    coverage = population.coverage.words
    everything = table_of(population, cube, scope, FAMILIES, against, coverage=coverage)
    families = [cube.counted[n].family for n in everything.frame["measure"]]
    tables = {f: everything.only([x == f for x in families]) for f in FAMILIES}
    figures = {f: figures_of(cube, t) for f, t in tables.items()}
    tables["ages"] = ages_of(population, cube, scope, coverage=coverage)
    tables["languages"] = languages_of(population, coverage=coverage)
    tables["households"] = households_of(population, cube, scope, coverage=coverage)
    tables["determinants"], determinants = determinants_of(population, coverage=coverage)
    tables["pressures"], pressures = pressures_of(
        population, cube, scope, figures["pressure"], coverage=coverage
    )
    growth_table, growth = growth_of(population, cube, scope, coverage=coverage)
    if growth_table is not None:
        tables["growth"] = growth_table
    tried = _tried(population, cube, scope, scopes, against, figures)
    findings = what_stands_out(tried, population.index_date)
    targets = targets_of(figures["indicator"], against.words if against is not None else "")
    england = england_beside(figures["structure"], figures["condition"])
    return Profile(
        scope=scope, headline=headline_of(scope, figures["structure"], england, determinants, findings, against),
        people=growth.now if growth_table is not None else _people(figures["structure"]), growth=growth,
        coverage=coverage, index_date=population.index_date, data_date=population.data_date,
        purpose=population.purpose.name, snapshot=population.snapshot.id, comparator=against,
        structure=figures["structure"], conditions=figures["condition"], pressures=pressures,
        indicators=figures["indicator"], england=england, determinants=determinants,
        targets=targets, findings=findings, candidates=candidates_of(figures["candidate"], findings, targets), tried=len(tried), tables=tables,
    )  # fmt: skip


def tree_of(scope: Scope) -> Tree:
    """The geography of a scope; ``ProfileError`` for an LSOA, which is too small for a profile."""
    if scope.kind == "lsoa":
        raise ProfileError(
            f"{scope.words} is too small for a profile: most figures would be hidden.",
            "Choose the MSOA or the district around it, or ask a question about the LSOA.",
        )
    return "residence" if scope.kind in LEVELS["residence"] else "registration"


def _tried(
    population: Population, cube: Cube, scope: Scope, scopes: ScopeTree, against: Comparator | None,
    figures: dict[str, dict[str, Figure]],
) -> list[Candidate]:  # fmt: skip
    """Everything compared: the place itself, and each of its parts."""
    found = []
    if against is not None:
        found += candidates(figures["condition"] | figures["pressure"] | figures["indicator"], against.words)
    parts = []
    for part in parts_of(scope, scopes):
        units = cube.units(part)
        if cube.people[units].sum() and not units.all():
            parts.append((part, Comparator("rest", "the rest of the system", ~units)))
    if not parts:
        return found
    table = tables_of(population, cube, parts, TESTED)
    for part, other in parts:
        own = figures_of(cube, table.only((table.frame["place"] == part.slug).tolist()))
        found += candidates(own, other.words, part, coding_only=scope.kind in ("pcn", "district"))
    return found


def parts_of(scope: Scope, scopes: ScopeTree) -> list[Scope]:
    """The parts of a scope that are looked at one by one: networks of a system or place, practices of a network, MSOAs of a district."""
    if scope.kind == "system":
        return [s for s in scopes if s.kind == "pcn"]
    below = {"place": "pcn", "pcn": "practice", "district": "msoa"}.get(scope.kind)
    return [s for s in scopes.children(scope) if s.kind == below]


def _people(structure: dict[str, Figure]) -> int | None:
    return next((f.of for f in structure.values() if f.counted.denominator == "registered"), None)
