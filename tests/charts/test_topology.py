"""TopoJSON decoding, on squares small enough to check by eye and on the committed boundaries."""

from __future__ import annotations

import gzip
import json
from importlib.resources import files
from typing import Any

import pytest

from goldenthread.charts import ChartError, topojson_to_geojson

# Two squares side by side that share the edge from (1, 0) to (1, 1): arc 0 is the shared edge, upwards.
PAIR: dict[str, Any] = {
    "type": "Topology",
    "arcs": [
        [[1, 0], [1, 1]],
        [[1, 1], [0, 1], [0, 0], [1, 0]],
        [[1, 0], [2, 0], [2, 1], [1, 1]],
    ],
    "objects": {
        "both": {
            "type": "GeometryCollection",
            "geometries": [
                {"type": "Polygon", "arcs": [[0, 1]], "properties": {"code": "west"}, "id": 7},
                {"type": "MultiPolygon", "arcs": [[[2, -1]]], "properties": {"code": "east"}},
                {"type": None, "properties": {"code": "nowhere"}},
            ],
        }
    },
}


def test_arcs_are_joined_and_the_shared_position_is_written_once() -> None:
    west = topojson_to_geojson(PAIR)["features"][0]
    assert west["id"] == 7
    assert west["geometry"]["coordinates"] == [[[1, 0], [1, 1], [0, 1], [0, 0], [1, 0]]]


def test_a_negative_arc_is_walked_backwards() -> None:
    east = topojson_to_geojson(PAIR)["features"][1]
    assert east["geometry"] == {
        "type": "MultiPolygon",
        "coordinates": [[[[1, 0], [2, 0], [2, 1], [1, 1], [1, 0]]]],
    }


def test_a_feature_without_geometry_is_kept() -> None:
    assert topojson_to_geojson(PAIR)["features"][2] == {
        "type": "Feature", "properties": {"code": "nowhere"}, "geometry": None,
    }  # fmt: skip


def test_quantised_arcs_are_differences_scaled_and_shifted() -> None:
    topology = {
        "type": "Topology", "transform": {"scale": [0.01, 0.02], "translate": [-1, 52]},
        "arcs": [[[100, 50], [10, 0], [0, -5]]],
        "objects": {"way": {"type": "LineString", "arcs": [0]}},
    }  # fmt: skip
    line = topojson_to_geojson(topology)["features"][0]["geometry"]["coordinates"]
    assert [[round(x, 6), round(y, 6)] for x, y in line] == [[0.0, 53.0], [0.1, 53.0], [0.1, 52.9]]


def test_points_are_scaled_too() -> None:
    topology = {
        "type": "Topology", "transform": {"scale": [2, 2], "translate": [1, 1]}, "arcs": [],
        "objects": {"here": {"type": "MultiPoint", "coordinates": [[0, 0], [3, 4]]}},
    }  # fmt: skip
    assert topojson_to_geojson(topology)["features"][0]["geometry"]["coordinates"] == [[1, 1], [7, 9]]


@pytest.mark.parametrize(
    ("topology", "name", "says"),
    [
        ({"type": "FeatureCollection"}, None, "not a TopoJSON"),
        ({"type": "Topology", "objects": {}}, None, "0 objects"),
        (PAIR, "elsewhere", "no object 'elsewhere'"),
        ({**PAIR, "objects": {"bad": {"type": "Polygon", "arcs": [[9]]}}}, None, "arc 9 of 3"),
        ({**PAIR, "objects": {"bad": {"type": "Blob"}}}, None, "unknown type 'Blob'"),
    ],
)
def test_says_what_is_wrong(topology: Any, name: str | None, says: str) -> None:
    with pytest.raises(ChartError, match=says):
        topojson_to_geojson(topology, name)


def test_the_committed_boundaries_are_435_closed_areas_in_lincolnshire() -> None:
    packed = (
        files("goldenthread.definitions").joinpath("reference/lincolnshire_lsoa21.topojson.gz").read_bytes()
    )
    features = topojson_to_geojson(json.loads(gzip.decompress(packed)))["features"]
    assert len(features) == 435
    assert len({feature["properties"]["lsoa21_code"] for feature in features}) == 435
    for feature in features:
        shape = feature["geometry"]
        polygons = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
        for polygon in polygons:
            for ring in polygon:
                assert ring[0] == ring[-1]
                assert all(-0.9 < x < 0.4 and 52.6 < y < 53.7 for x, y in ring)
