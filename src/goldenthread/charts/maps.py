"""Where is it highest? Areas shaded by a measure, with the places named and a rank table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import Any

import altair as alt
import numpy as np

from goldenthread.charts import words
from goldenthread.charts.canvas import (
    BLACK,
    BLUES,
    HATCH,
    RULE,
    Pen,
    Sheet,
    check_width,
    rows,
    text_width,
    wrap,
)  # fmt: skip
from goldenthread.charts.chart import Chart
from goldenthread.charts.classes import class_words, tone_classes
from goldenthread.charts.errors import ChartError
from goldenthread.charts.figures import Figures, accept, addresses, nothing_to_draw, twin
from goldenthread.charts.topology import topojson_to_geojson

KIND = "Map"
HOW = (
    "Areas are shaded in classes that hold about equal numbers of areas; darker is higher. Area on the map is land, "
    "not people: a large rural area may hold few. Hatched areas are hidden to protect people, and are not low. White "
    "areas have no figure. The table ranks every area."
)
_NAMED = 5


@dataclass(frozen=True)
class _Areas:
    """What is known of each area drawn: value, class and place in the ranking."""

    codes: list[str]
    names: list[str]
    value: Any
    hidden: Any
    ranked: list[int]


def choropleth(
    table: Any,
    boundaries: Mapping[str, Any],
    *,
    area: str = "lsoa21_code",
    value: str = "value",
    lower: str = "lower",
    upper: str = "upper",
    name: str | None = None,
    boundary_key: str | None = None,
    measure: str = "Emergency admissions",
    unit: str = "per 1,000 people",
    comparator: tuple[str, float] | None = None,
    classes: Sequence[float] | None = None,
    address: str | None = None,
    width: int = 760,
) -> Chart:
    """Where is ``measure`` highest and lowest?

    One row of ``table`` is one area (LSOA, MSOA, PCN); ``boundaries`` is GeoJSON, or TopoJSON with one object,
    whose features carry the area's code in the property ``boundary_key`` (by default the same name as ``area``).
    ``comparator`` is, for example, ("England", 104.2). ``classes`` fixes the limits between shades, so that two
    maps can be compared. A proportion is said as a percentage. Raises ChartError when no area of the table is in
    the boundaries.
    """
    check_width(width)
    figures = accept(table, "map", (area, value))
    say, unit = figures.unit(value, unit)
    areas = _read(figures, area, value, name)
    table_twin = _rank_table(figures, areas, value, lower, upper, measure, unit, say)
    links = [""] * len(figures)
    if address:
        links = addresses(address, [{"area": code, area: code} for code in areas.codes])
    order = [*areas.ranked, *(i for i in range(len(figures)) if i not in set(areas.ranked))]
    if not areas.ranked:
        return nothing_to_draw(
            figures, KIND, measure, width=width, how=HOW, table=table_twin, hidden=bool(areas.hidden.any())
        )
    features = _features(boundaries)
    key = boundary_key or area
    spec, drawn = _draw(figures, areas, features, key, classes, measure, unit, say, links, width)
    if not drawn:
        raise ChartError(
            f"None of the {len(figures)} areas of the table is in the boundaries.",
            f"Check that the boundaries carry the codes of column '{area}' in their property '{key}'.",
        )
    sentence = _sentence(figures, areas, value, lower, upper, measure, unit, say, comparator)
    aside = []
    if areas.hidden.any():
        aside.append(
            f"{words.sentence_case(words.counted(int(areas.hidden.sum()), 'area'))} hidden to protect people."
        )
    if len(figures) > drawn:
        undrawn = len(figures) - drawn
        aside.append(
            f"{words.sentence_case(words.counted(undrawn, 'area'))} without a boundary in the table only."
        )
    foot = " ".join([*aside, figures.foot()])
    described = f"{words.sentence_case(words.counted(drawn, 'area'))}, darker where the figure is higher. {' '.join(aside)}".strip()
    return Chart(
        KIND, spec, sentence, HOW, table_twin, described, foot, [links[i] for i in order] if address else ()
    )


def _read(figures: Figures, area: str, value: str, name: str | None) -> _Areas:
    codes = figures.text(area)
    twice = sorted({code for code in codes if codes.count(code) > 1}) if len(set(codes)) < len(codes) else []
    if twice:
        raise ChartError(f"The map has more than one row for {twice[0]}.", "Give one row for each area.")
    numbers = figures.percents(value)
    known = [i for i in range(len(codes)) if words.is_known(numbers[i])]
    ranked = sorted(known, key=lambda i: (-numbers[i], codes[i]))
    names = figures.text(name) if name and figures.has(name) else codes
    return _Areas(codes, names, numbers, figures.hidden(value), ranked)


def _rank_table(
    figures: Figures, areas: _Areas, value: str, lower: str, upper: str, measure: str, unit: str, say: Any
) -> Any:
    rank = {index: str(place + 1) for place, index in enumerate(areas.ranked)}
    rest = [i for i in range(len(areas.codes)) if i not in rank]
    order = [*areas.ranked, *rest]
    lows, highs = figures.percents(lower, value), figures.percents(upper, value)
    columns = {
        "Area": [areas.names[i] for i in order],
        "Rank": [rank.get(i, "not ranked") for i in order],
        f"{measure} {unit}".strip(): [
            words.HIDDEN if areas.hidden[i] else say(areas.value[i]) if i in rank else words.MISSING
            for i in order
        ],
    }
    if figures.has(lower) and figures.has(upper):
        columns["Likely range"] = [
            words.HIDDEN if areas.hidden[i] else words.between(lows[i], highs[i], say) or words.MISSING
            for i in order
        ]
    if areas.names != areas.codes:
        columns["Code"] = [areas.codes[i] for i in order]
    return twin(columns)


def _sentence(
    figures: Figures, areas: _Areas, value: str, lower: str, upper: str, measure: str, unit: str, say: Any,
    comparator: tuple[str, float] | None,
) -> str:  # fmt: skip
    top, bottom = areas.ranked[0], areas.ranked[-1]
    lows, highs = figures.percents(lower, value), figures.percents(upper, value)
    if areas.value[top] == areas.value[bottom]:
        return (
            f"{measure}: every area shown has the same figure, {say(areas.value[top])} {unit}".strip() + "."
        )
    beside = f"; {comparator[0]} has {say(comparator[1])}" if comparator else (
        f"; half of the areas shown are between {say(_quarter(areas, 0.25))} and {say(_quarter(areas, 0.75))}"
    )  # fmt: skip
    figure = f"{say(areas.value[top])} {unit}".strip()
    likely = words.between(lows[top], highs[top], say)
    return f"{measure}: highest in {areas.names[top]} at {figure}{f' (likely {likely})' if likely else ''}{beside}."


def _quarter(areas: _Areas, at: float) -> float:
    return round(float(np.quantile(areas.value[areas.ranked], at)), 1)


def _features(boundaries: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    if isinstance(boundaries, Mapping) and boundaries.get("type") == "Topology":
        boundaries = topojson_to_geojson(boundaries)
    found = boundaries.get("features") if isinstance(boundaries, Mapping) else None
    if not found:
        raise ChartError(
            "The boundaries hold no features.", "Give a GeoJSON FeatureCollection or a topology."
        )
    return list(found)


def project(
    features: Sequence[Mapping[str, Any]], width: float, most_height: float
) -> tuple[list[dict[str, Any] | None], float]:
    """Geometries in pixels, at most ``width`` by ``most_height``, and the height used.

    Longitude is shortened by the cosine of the middle latitude (true enough across a county); positions closer
    than a tenth of a pixel are drawn once. North is up.
    """
    arrays = [_rings(feature.get("geometry")) for feature in features]
    stacked = [ring for polygons in arrays for polygon in polygons for ring in polygon]
    if not stacked:
        raise ChartError("The boundaries hold no polygons.", "Give areas, not points or lines.")
    every = np.concatenate(stacked)
    (west, south), (east, north) = every.min(axis=0), every.max(axis=0)
    squeeze = cos(radians((south + north) / 2)) if abs(north) <= 90 else 1.0
    scale = min(width / max((east - west) * squeeze, 1e-9), most_height / max(north - south, 1e-9))
    shift = (width - (east - west) * squeeze * scale) / 2
    geometries: list[dict[str, Any] | None] = []
    for polygons in arrays:
        drawn = [
            [_pixels(ring, west, north, squeeze * scale, scale, shift) for ring in polygon]
            for polygon in polygons
        ]
        geometries.append({"type": "MultiPolygon", "coordinates": drawn} if drawn else None)
    return geometries, float((north - south) * scale)


def _rings(geometry: Mapping[str, Any] | None) -> list[list[Any]]:
    if not geometry or geometry.get("type") not in ("Polygon", "MultiPolygon"):
        return []
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [
        [np.asarray(ring, dtype=float)[:, :2] for ring in polygon if len(ring) > 3] for polygon in polygons
    ]


def _pixels(
    ring: Any, west: float, north: float, across: float, down: float, shift: float
) -> list[list[float]]:
    points = np.round(np.column_stack([(ring[:, 0] - west) * across + shift, (north - ring[:, 1]) * down]), 1)
    moved = np.ones(len(points), dtype=bool)
    moved[1:] = (points[1:] != points[:-1]).any(axis=1)
    kept: list[list[float]] = points[moved].tolist()
    if kept[0] != kept[-1] or len(kept) < 4:
        kept += [kept[0]] * max(1, 4 - len(kept))
    return kept


def _draw(
    figures: Figures, areas: _Areas, features: Sequence[Mapping[str, Any]], key: str,
    classes: Sequence[float] | None, measure: str, unit: str, say: Any, links: Sequence[str], width: int,
) -> tuple[dict[str, Any], int]:  # fmt: skip
    narrow = width < 520
    inner = width - 24
    map_width = inner if narrow else inner * 0.64
    geometries, height = project(features, map_width, 620)
    limits = list(classes) if classes is not None else tone_classes(areas.value)
    index = {code: i for i, code in enumerate(areas.codes)}
    shapes, middles, drawn = [], {}, 0
    for feature, geometry in zip(features, geometries, strict=True):
        if geometry is None:
            continue
        code = str((feature.get("properties") or {}).get(key, feature.get("id", "")))
        where = index.get(code)
        fill, words_for = "#ffffff", "no figure"
        if where is not None:
            drawn += 1
            if areas.hidden[where]:
                fill, words_for = HATCH, words.HIDDEN
            elif words.is_known(areas.value[where]):
                fill = BLUES[_level(areas.value[where], limits)]
                words_for = f"{say(areas.value[where])} {unit}".strip()
            middles[where] = _middle(geometry)
        shapes.append({
            "type": "Feature", "geometry": geometry, "fill": fill,
            "edge": "#ffffff" if fill in BLUES[2:] else RULE,
            "name": f"{areas.names[where] if where is not None else code}: {words_for}",
            "link": links[where] or None if where is not None else None,
        })  # fmt: skip
    # hatched and white areas first, so that their darker edges do not cut into the shaded ones
    shapes.sort(key=lambda shape: str(shape["fill"]).startswith("#"))
    pen = Pen()
    marks: list[dict[str, float]] = []
    for place, where in enumerate([i for i in areas.ranked[:_NAMED] if i in middles]):
        x, y = _apart(middles[where], [(m["x"], m["y"]) for m in marks])
        marks.append({"x": x, "y": y})
        pen.text(str(place + 1), x, y, align="center", bold=True, ink="#ffffff")
    has_white = any(shape["fill"] == "#ffffff" for shape in shapes)
    end = _key(pen, areas, limits, measure, unit, say, has_white, width, map_width, height)
    sheet = Sheet(width, int(max(height, end)) + 20)
    return sheet.spec([_shapes(any(links)), _badges()], {"areas": shapes, "badges": marks}, pen), drawn


def _level(value: float, limits: Sequence[float]) -> int:
    """The shade of a value; with fewer than five classes the shades are spread over the whole ramp."""
    level = int(np.searchsorted(limits, value, side="right"))
    return min(len(BLUES) - 1, round(level * (len(BLUES) - 1) / max(1, len(limits)))) if limits else 2


def _middle(geometry: Mapping[str, Any]) -> tuple[float, float]:
    """A point within the largest part of an area: the middle of its widest stretch at half height."""
    ring = np.asarray(max((polygon[0] for polygon in geometry["coordinates"]), key=len), dtype=float)
    y = float((ring[:, 1].min() + ring[:, 1].max()) / 2) + 0.01
    above = ring[:-1, 1] > y
    crossing = np.flatnonzero(above != (ring[1:, 1] > y))
    if len(crossing) < 2:
        return float(ring[:, 0].mean()), y
    a, b = ring[crossing], ring[crossing + 1]
    xs = np.sort(a[:, 0] + (y - a[:, 1]) * (b[:, 0] - a[:, 0]) / (b[:, 1] - a[:, 1]))
    gaps = xs[1::2] - xs[: len(xs) // 2 * 2 : 2]
    best = int(np.argmax(gaps))
    return float(xs[2 * best] + gaps[best] / 2), y


def _apart(place: tuple[float, float], taken: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """A place for a numbered badge that does not lie on another one."""
    x, y = place
    for _ in range(12):
        near = [(tx, ty) for tx, ty in taken if abs(tx - x) < 23 and abs(ty - y) < 23]
        if not near:
            break
        y = near[0][1] + (23 if y >= near[0][1] else -23)
    return x, y


def _shapes(linked: bool) -> alt.Chart:
    layer: alt.Chart = (
        rows("areas")
        .mark_geoshape(strokeWidth=0.6, aria=linked)
        .encode(fill=alt.Fill("fill:N", scale=None), stroke=alt.Stroke("edge:N", scale=None))
        .project(type="identity", scale=1, translate=[0, 0])
    )
    if linked:
        layer = layer.encode(href="link:N", description="name:N")
    return layer


def _badges() -> alt.Chart:
    pixels = alt.Scale(domain=[0, 1000], range=[0, 1000], nice=False, zero=False)
    layer: alt.Chart = (
        rows("badges")
        .mark_point(
            shape="circle", filled=True, opacity=1, size=380, color=BLACK, stroke="#ffffff", strokeWidth=1.5
        )
        .encode(x=alt.X("x:Q", scale=pixels, axis=None), y=alt.Y("y:Q", scale=pixels, axis=None))
    )
    return layer


def _key(
    pen: Pen, areas: _Areas, limits: Sequence[float], measure: str, unit: str, say: Any, has_white: bool, width: int,
    map_width: float, height: float,
) -> float:  # fmt: skip
    """The classes with their numbers and the highest areas by name; returns where it ends."""
    narrow = width < 520
    x, y = (0.0, height + 26) if narrow else (map_width + 20, 14.0)
    room = width - 24 - x
    lines = wrap(f"{measure} {unit}".strip(), room, lines=3, bold=True)
    for line in lines:
        pen.text(line, x, y, bold=True)
        y += 18
    y += 8
    labels = class_words(limits, say=say) if limits else ["all areas shown"]
    for level, label in enumerate(labels):
        fill = BLUES[min(4, round(level * 4 / max(1, len(limits))))] if limits else BLUES[2]
        pen.box(x, y - 8, x + 22, y + 8, fill)
        pen.text(label, x + 30, y)
        y += 24
    if areas.hidden.any():
        pen.hidden_key(x, y)
        y += 24
    if has_white:
        pen.box(x, y - 8, x + 22, y + 8, "#ffffff")
        pen.text("no figure", x + 30, y)
        y += 24
    y += 12
    pen.text("Highest", x, y, bold=True)
    y += 22
    for place, where in enumerate(areas.ranked[:_NAMED]):
        figure = say(areas.value[where])
        name = wrap(areas.names[where], room - text_width(figure) - 32, lines=1)[0]
        pen.text(f"{place + 1}", x, y, bold=True)
        pen.text(name, x + 18, y)
        pen.text(figure, x + room, y, align="right")
        y += 22
    return y


__all__ = ["choropleth", "project"]
