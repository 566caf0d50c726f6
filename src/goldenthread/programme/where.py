"""Where initiatives run: the networks on a map, each drawn around the areas where most of its people live."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from goldenthread.cohorts import Scope
from goldenthread.disclosure import release

if TYPE_CHECKING:
    from goldenthread.charts import Chart
    from goldenthread.cohorts import Population, ScopeTree
    from goldenthread.programme.register import Entry

Point = tuple[float, float]
HOW = (
    "A network looks after people, not land. It is drawn around the small areas in which more of the people registered here are "
    "with it than with any other network. An initiative counts in every network that it runs in, wholly or in part; one of "
    "the whole system counts in all. Darker is more initiatives, whatever their stage."
)


def networks_of(entry: Entry, tree: ScopeTree, homes: Mapping[str, str]) -> set[str]:
    """Codes of the networks that an initiative runs in. ``homes`` is ``catchments``: areas of residence count where they lie."""
    found: set[str] = set()
    for scope in map(Scope.parse, entry.initiative.scopes):
        if scope.slug not in tree.scopes:
            continue
        if scope.kind == "practice":
            found |= {s.code for s in tree.path(scope) if s.kind == "pcn"}
        elif scope.kind in ("district", "msoa", "lsoa"):
            inside = (s.code for s in tree if s.kind == "lsoa" and tree.inside(s, scope))
            found |= {homes[code] for code in inside if code in homes}
        else:
            found |= {s.code for s in tree if s.kind == "pcn" and tree.inside(s, scope)}
    return found


def catchments(population: Population) -> dict[str, str]:
    """For each small area of residence (LSOA) the network that most of its people registered here are with."""
    rows = population.whole.groups(
        "count(*) AS people", ("lsoa", "pcn"), by="lsoa, pcn", where="lsoa IS NOT NULL AND pcn IS NOT NULL"
    ).to_pylist()
    rows.sort(key=lambda r: (r["people"], r["pcn"]))
    return {r["lsoa"]: r["pcn"] for r in rows}  # the largest is written last


def networks_map(
    entries: Sequence[Entry],
    tree: ScopeTree,
    homes: Mapping[str, str],
    *,
    own: Path | None = None,
    width: int = 760,
) -> Chart | None:
    """Initiatives in each network, as a map; ``None`` where no boundaries are known.

    ``own`` is the deployment's folder of definitions, whose boundaries stand before those shipped.
    """
    from goldenthread.charts import choropleth
    from goldenthread.insight.profile import BOUNDARY_KEYS, boundaries_of

    areas = boundaries_of("lsoa", tuple(homes), own)
    networks = [s for s in tree if s.kind == "pcn"]
    if areas is None or not networks:
        return None
    counts = dict.fromkeys((s.code for s in networks), 0)
    for entry in entries:
        for code in networks_of(entry, tree, homes):
            counts[code] += 1
    frame = pd.DataFrame(
        {
            "pcn": list(counts),
            "name": [tree.scopes[f"pcn-{c}"].words for c in counts],
            "initiatives": list(counts.values()),
        }
    )
    # counts of initiatives, not of people
    table = release(
        frame,
        policy="icb",
        dimensions=["pcn"],
        kinds={"initiatives": "value", "name": "text"},
        source="The register of initiatives",
    )
    key: str = BOUNDARY_KEYS["lsoa"]
    groups: dict[str, list[Any]] = defaultdict(list)
    for feature in areas["features"]:
        groups[homes[str(feature["properties"][key])]].append(feature["geometry"])
    features = [
        {
            "type": "Feature",
            "properties": {"pcn": code},
            "geometry": {"type": "MultiPolygon", "coordinates": [rings]},
        }
        for code, shapes in sorted(groups.items())
        if code in counts and (rings := outline(shapes))
    ]
    if not features:
        return None
    chart = choropleth(
        table, {"type": "FeatureCollection", "features": features}, area="pcn", value="initiatives", name="name", measure="Initiatives", unit="", width=width,
        classes=sorted({n for n in counts.values() if n})[-4:] or [1],
    )  # fmt: skip
    return replace(chart, sentence=_sentence(frame), how=HOW)


def _sentence(frame: pd.DataFrame) -> str:
    some = frame[frame["initiatives"] > 0]
    if some.empty:
        return "No initiative runs in any network."
    most = int(some["initiatives"].max())
    if (frame["initiatives"] == most).all():
        return f"Initiatives run in all {len(frame)} networks, {most} in each."
    top = some.loc[some["initiatives"] == most, "name"].tolist()
    where = f"most in {top[0]} ({most})" if len(top) == 1 else f"at most {most} in one network"
    return f"Initiatives run in {len(some)} of {len(frame)} networks; {where}."


def outline(shapes: Iterable[Mapping[str, Any]]) -> list[list[list[float]]]:
    """The rings around areas that touch: borders between two of them are left out. Longest first.

    Neighbours must share their points, as areas of one topology do.

    >>> left = {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]]}
    >>> right = {"type": "Polygon", "coordinates": [[[1, 0], [1, 1], [2, 1], [2, 0], [1, 0]]]}
    >>> [len(ring) for ring in outline([left, right])]
    [7]
    """
    edges: set[tuple[Point, Point]] = set()
    for shape in shapes:
        parts = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
        for ring in (ring for polygon in parts for ring in polygon):
            points: list[Point] = [(float(p[0]), float(p[1])) for p in ring]
            for a, b in pairwise(points):
                if (b, a) in edges:
                    edges.remove((b, a))
                elif a != b:
                    edges.add((a, b))
    following: dict[Point, list[Point]] = defaultdict(list)
    for a, b in sorted(edges):
        following[a].append(b)
    rings = []
    for start in sorted(following):
        while following[start]:
            ring, at = [start], start
            while following[at]:
                at = following[at].pop()
                ring.append(at)
                if at == start:
                    break
            if len(ring) > 3 and ring[0] == ring[-1]:
                rings.append([list(p) for p in ring])
    return sorted(rings, key=len, reverse=True)
