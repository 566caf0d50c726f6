"""Places like yours: units of the same kind nearest on features of their population that care does not change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from goldenthread.cohorts import Scope, ScopeTree
from goldenthread.insight.profile.cube import Cube

FEATURES: Mapping[str, str] = {
    "aged_under_18": "share aged under 18",
    "aged_65_plus": "share aged 65 and over",
    "aged_85_plus": "share aged 85 and over",
    "most_deprived_fifth": "share in the most deprived fifth",
    "rural": "share in rural areas",
    "minority_ethnic": "share of minority ethnic groups",
}
SIZE = "number of people"
WANTED = {"practice": 10, "pcn": 5, "msoa": 10, "district": 5, "place": 5}
LIKE = 1.0
"""Distance, in standard deviations averaged over the features, up to which a place may be called like another."""
FEWEST = 6
"""With fewer units of a kind than this there are no neighbours to choose from: the rest of the system is the comparator."""
SMALLEST = 0.25
"""Units under this share of the median size are nobody's neighbour: their figures are mostly chance."""


@dataclass(frozen=True)
class Neighbour:
    """A unit, how far away it is (0 is the same), and the feature on which it differs most."""

    scope: Scope
    distance: float
    differs_most: str


@dataclass(frozen=True)
class Comparator:
    """Whom a place is compared with: ``kind`` is neighbours or rest; ``units`` of the cube are in it."""

    kind: str
    words: str
    units: np.ndarray
    neighbours: tuple[Neighbour, ...] = ()
    on: tuple[str, ...] = ()

    @property
    def explained(self) -> str:
        """How it was chosen, for people."""
        if self.kind == "rest":
            return "Compared with everybody else in the system, at the same ages and sexes."
        names = ", ".join(n.scope.words for n in self.neighbours)
        some = (
            ""
            if _close(self.neighbours)
            else " No place is very like this one, so what differs may be the population."
        )
        return (
            f"{self.words[:1].upper()}{self.words[1:]}: the {len(self.neighbours)} nearest on {', '.join(self.on[:-1])} and "
            f"{self.on[-1]}, each counting the same: {names}. They are compared at the same ages and sexes.{some}"
        )


def comparator_of(cube: Cube, scope: Scope, tree: ScopeTree) -> Comparator | None:
    """Neighbours where there are enough units of the kind, else everybody else; ``None`` for the whole system."""
    if scope.kind == "system":
        return None
    here = cube.units(scope)
    rest = ~here
    codes, sizes = _sizes(cube, scope.kind)
    large = sizes >= SMALLEST * np.median(sizes)
    names = [n for n in FEATURES if n in cube.counted]
    if int(large.sum()) < FEWEST + 1 or scope.code not in codes or not names:
        return Comparator("rest", "the rest of the system", rest)
    values = np.array([[_share(cube, n, cube.labels[scope.kind] == c) for n in names] for c in codes])
    values = np.column_stack([values, np.log(np.maximum(sizes, 1))])
    spread = np.nanstd(values[large], axis=0)
    scaled = np.nan_to_num((values - np.nanmean(values[large], axis=0)) / np.where(spread > 0, spread, 1))
    me = codes.index(scope.code)
    gap = np.abs(scaled - scaled[me])
    distance = np.sqrt((gap**2).mean(axis=1))
    order = [i for i in np.argsort(distance, kind="stable") if i != me and large[i]]
    wanted = min(WANTED.get(scope.kind, 5), max(3, len(order) // 2))
    labels = [*(FEATURES[n] for n in names), SIZE]
    near = tuple(
        Neighbour(
            _named(tree, scope.kind, codes[i]), round(float(distance[i]), 2), labels[int(gap[i].argmax())]
        )
        for i in order[:wanted]
    )
    units = np.isin(cube.labels[scope.kind].astype(str), [n.scope.code for n in near])
    words = "places like it" if _close(near) else "the nearest places"
    return Comparator("neighbours", words, units, near, tuple(labels))


def _close(near: tuple[Neighbour, ...]) -> bool:
    """Whether half of the neighbours, or more, are near enough to be called like it."""
    return bool(near) and float(np.median([n.distance for n in near])) <= LIKE


def _named(tree: ScopeTree, kind: str, code: str) -> Scope:
    return tree.scopes.get(f"{kind}-{code}") or Scope(kind, code)  # type: ignore[arg-type]


def _sizes(cube: Cube, kind: str) -> tuple[list[str], np.ndarray]:
    codes = cube.codes(kind)
    sizes = [cube.people[cube.labels[kind] == c].sum() for c in codes]
    return codes, np.array(sizes) if sizes else np.zeros(1)


def _share(cube: Cube, name: str, units: np.ndarray) -> float:
    bottom = cube.bottom[name][units].sum()
    return float(cube.top[name][units].sum() / bottom) if bottom else float("nan")
