"""TopoJSON into GeoJSON: shared, quantised, delta-coded arcs back into rings of longitude and latitude.

Vega draws nothing from TopoJSON given inline (it only decodes files it fetches itself), so boundaries are decoded
here. Written from the TopoJSON 1.0 specification: a topology with a ``transform`` holds integer positions, each
after the first as a difference from the one before; arc ``~i`` is arc ``i`` backwards; where arcs meet, the shared
position is written once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from goldenthread.charts.errors import ChartError

_REMEDY = "Give a TopoJSON topology as its makers publish it, or GeoJSON features."


def topojson_to_geojson(topology: Mapping[str, Any], name: str | None = None) -> dict[str, Any]:
    """The features of one object of a topology, as a GeoJSON FeatureCollection.

    ``name`` picks the object; it may be left out when there is only one. Properties and ids are kept. Raises
    ChartError for anything that is not a topology, an unknown object, or arcs that are not there.

    >>> square = {"type": "Topology", "transform": {"scale": [0.5, 0.5], "translate": [10, 50]},
    ...     "arcs": [[[0, 0], [2, 0], [0, 2], [-2, 0], [0, -2]]],
    ...     "objects": {"here": {"type": "Polygon", "arcs": [[0]], "properties": {"code": "E1"}}}}
    >>> feature = topojson_to_geojson(square)["features"][0]
    >>> feature["properties"]["code"], feature["geometry"]["coordinates"][0][2]
    ('E1', [11.0, 51.0])
    """
    if not isinstance(topology, Mapping) or topology.get("type") != "Topology":
        raise ChartError("These boundaries are not a TopoJSON topology.", _REMEDY)
    objects = topology.get("objects") or {}
    if name is None:
        if len(objects) != 1:
            raise ChartError(
                f"The topology has {len(objects)} objects: {', '.join(sorted(objects)) or 'none'}.",
                "Say which one to draw with name=...",
            )
        name = next(iter(objects))
    if name not in objects:
        raise ChartError(
            f"The topology has no object '{name}'.", f"It has: {', '.join(sorted(objects)) or 'none'}."
        )
    arcs = _arcs(topology)
    return {
        "type": "FeatureCollection",
        "features": _features(objects[name], arcs, topology.get("transform")),
    }


def _arcs(topology: Mapping[str, Any]) -> list[list[list[float]]]:
    transform = topology.get("transform")
    decoded: list[list[list[float]]] = []
    for arc in topology.get("arcs", []):
        points = np.asarray([position[:2] for position in arc], dtype=float).reshape(-1, 2)
        if transform is not None:
            points = np.cumsum(points, axis=0) * transform["scale"] + transform["translate"]
        decoded.append(points.tolist())
    return decoded


def _features(
    thing: Mapping[str, Any], arcs: list[list[list[float]]], transform: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    if thing.get("type") == "GeometryCollection":
        return [one for part in thing.get("geometries", []) for one in _features(part, arcs, transform)]
    feature: dict[str, Any] = {
        "type": "Feature",
        "properties": dict(thing.get("properties") or {}),
        "geometry": _geometry(thing, arcs, transform),
    }
    if "id" in thing:
        feature["id"] = thing["id"]
    return [feature]


def _geometry(
    thing: Mapping[str, Any], arcs: list[list[list[float]]], transform: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    kind = thing.get("type")

    def line(indices: Sequence[int]) -> list[list[float]]:
        return _line(indices, arcs)

    def point(position: Sequence[float]) -> list[float]:
        if transform is None:
            return [float(value) for value in position[:2]]
        return [
            value * scale + shift
            for value, scale, shift in zip(position, transform["scale"], transform["translate"], strict=False)
        ]

    coordinates: Any
    if kind is None:
        return None
    if kind == "Polygon":
        coordinates = [line(ring) for ring in thing["arcs"]]
    elif kind == "MultiPolygon":
        coordinates = [[line(ring) for ring in polygon] for polygon in thing["arcs"]]
    elif kind == "LineString":
        coordinates = line(thing["arcs"])
    elif kind == "MultiLineString":
        coordinates = [line(part) for part in thing["arcs"]]
    elif kind == "Point":
        coordinates = point(thing["coordinates"])
    elif kind == "MultiPoint":
        coordinates = [point(position) for position in thing["coordinates"]]
    else:
        raise ChartError(f"The topology holds a geometry of unknown type '{kind}'.", _REMEDY)
    return {"type": kind, "coordinates": coordinates}


def _line(indices: Sequence[int], arcs: list[list[list[float]]]) -> list[list[float]]:
    """Arcs joined end to end; the position two arcs share is kept once."""
    joined: list[list[float]] = []
    for index in indices:
        position = index if index >= 0 else ~index
        if position >= len(arcs):
            raise ChartError(f"The topology asks for arc {position} of {len(arcs)}.", _REMEDY)
        arc = arcs[position] if index >= 0 else arcs[position][::-1]
        joined.extend(arc[1:] if joined else arc)
    return [list(point) for point in joined]
