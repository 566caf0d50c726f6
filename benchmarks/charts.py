"""How long charts take to draw: ``python benchmarks/charts.py``.

Prints, for a theograph of 500 events and a map of the 435 LSOAs of Lincolnshire, the median over ten warm runs of
building the specification and of rendering it to SVG, and how much the map gains from being projected here.
"""

from __future__ import annotations

import dataclasses
import functools
import gzip
import json
import os
import statistics as st
import sys
import time
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
import vl_convert

from goldenthread import charts
from goldenthread.disclosure import release

RUNS = 10
GOAL = 300


def timed(work: Callable[[], Any]) -> tuple[str, float, Any]:
    """The median of ten runs after one that is not counted, in milliseconds by the clock and of processor time."""
    work()
    clock, processor = [], []
    for _ in range(RUNS):
        start, busy = time.perf_counter(), time.process_time()
        result = work()
        clock.append((time.perf_counter() - start) * 1000)
        processor.append((time.process_time() - busy) * 1000)
    return f"{st.median(clock):4.0f} ({st.median(processor):4.0f})", st.median(clock), result


def boundaries() -> dict[str, Any]:
    """The committed LSOA boundaries."""
    path = files("goldenthread.definitions").joinpath("reference/lincolnshire_lsoa21.topojson.gz")
    return charts.topojson_to_geojson(json.loads(gzip.decompress(path.read_bytes())))


def events(count: int) -> Any:
    """A person with ``count`` events in two years."""
    rng = np.random.default_rng(1)
    services = [
        "gp",
        "ambulance",
        "ae",
        "emergency_admission",
        "outpatient",
        "community",
        "social_care",
        "mental_health",
    ]
    start = pd.Timestamp("2024-11-01") + pd.to_timedelta(rng.integers(0, 729, count), unit="D")
    service = rng.choice(services, count, p=[0.5, 0.05, 0.05, 0.03, 0.1, 0.2, 0.02, 0.05])
    spell = np.isin(service, ["emergency_admission", "social_care"])
    frame = pd.DataFrame({"event": np.arange(count), "service": service, "start": start})
    frame["end"] = (frame["start"] + pd.to_timedelta(rng.integers(1, 20, count), unit="D")).where(spell)
    frame["note"] = [f"Note {i}" if i % 25 == 0 else None for i in range(count)]
    return release(frame, policy="direct_care", dimensions=["event"], purpose="benchmark", source="synthetic")


def areas(features: list[dict[str, Any]]) -> Any:
    """A count and a rate for each area; about one in twenty is hidden."""
    rng = np.random.default_rng(2)
    codes = [feature["properties"]["lsoa21_code"] for feature in features]
    people = rng.integers(1000, 3000, len(codes))
    count = rng.poisson(people * rng.gamma(3, 0.01, len(codes)))
    frame = pd.DataFrame(
        {"lsoa21_code": codes, "count": count, "people": people, "value": count / people * 1000}
    )
    return release(frame, policy="hes", dimensions=["lsoa21_code"], counts=["count", "people"],
                   rates={"value": ("count", "people")}, source="synthetic")  # fmt: skip


def main() -> int:
    """Print the figures; 1 if a render takes longer than the goal."""
    person, land = events(500), boundaries()
    place = areas(land["features"])
    makers: dict[str, Callable[[], charts.Chart]] = {
        "theograph, 500 events": lambda: charts.theograph(person, until="2026-10-31"),
        "map, 435 LSOAs": lambda: charts.choropleth(place, land),
    }
    worst = 0.0
    load = os.getloadavg()[0]
    print(
        f"median of {RUNS} warm runs: milliseconds by the clock (of processor time); goal: SVG under {GOAL}"
    )
    print(f"{os.cpu_count()} processors, {load:.1f} processes wanting them\n")
    print(f"{'':24} {'build':>12} {'Vega alone':>12} {'chart.svg()':>12} {'bytes':>9}")
    for name, make in makers.items():
        building, _, chart = timed(make)
        drawing, _, svg = timed(
            functools.partial(vl_convert.vegalite_to_svg, dict(chart.spec), vl_version="6.4")
        )
        finishing, taken, _ = timed(functools.partial(afresh, chart))
        worst = max(worst, taken)
        print(f"{name:24} {building:>12} {drawing:>12} {finishing:>12} {len(svg):>9,}")
    plain = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "width": 480, "height": 480,
             "data": {"values": land["features"]}, "projection": {"type": "mercator"}, "mark": "geoshape"}  # fmt: skip
    mercator, _, _ = timed(lambda: vl_convert.vegalite_to_svg(plain, vl_version="6.4"))
    print(f"{'same map, Vega projects':24} {'':>12} {mercator:>12}")
    return int(worst > GOAL)


def afresh(chart: charts.Chart) -> str:
    """The SVG of a chart that has not been drawn yet."""
    return dataclasses.replace(chart).svg()


if __name__ == "__main__":
    sys.exit(main())
