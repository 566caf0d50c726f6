"""Draw the gallery of charts: ``python docs/make_gallery.py HOME`` writes docs/gallery.md and docs/gallery/*.svg.

HOME is a demo home (``goldenthread demo HOME --people 20000``): every figure is of its made-up people, and passes
disclosure control first, as it must. ``--look FOLDER`` also writes each picture as PNG, to be looked at.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from gallery_data import AGES, GROUPS, USE, DemoFigures

from goldenthread import charts
from goldenthread.disclosure import Derived, ReleasedTable, release
from goldenthread.evaluation import interrupted_time_series
from goldenthread.statistics import (
    ESP2013,
    directly_standardised_rate,
    funnel_limits,
    rate,
    slope_index_of_inequality,
    standard_error_from_limits,
    xmr,
)

HERE = Path(__file__).parent
SOURCE = "A demo of made-up people"
Draw = Callable[[int], charts.Chart]


@dataclass(frozen=True)
class Plate:
    """One chart of the gallery: its file name, the question it answers and how to draw it at a width."""

    name: str
    question: str
    draw: Draw


def theograph(demo: DemoFigures) -> Draw:
    """A made-up person seen by many services."""
    table = release(
        demo.one_person(), policy="direct_care", dimensions=["event"], purpose="gallery", source=SOURCE
    )
    return lambda width: charts.theograph(table, until=demo.end.date(), width=width)


def matrix(demo: DemoFigures) -> ReleasedTable:
    """People by medicines and use of A&E, and how many more there are than a year before."""
    cells = pd.MultiIndex.from_product([GROUPS, USE], names=["group", "use"])
    frame = pd.DataFrame({
        "people": demo.now.groupby(["group", "use"]).size().reindex(cells, fill_value=0),
        "a_year_ago": demo.earlier.groupby(["group", "use"]).size().reindex(cells, fill_value=0),
    }).reset_index()  # fmt: skip

    def grown(now: np.ndarray, then: np.ndarray) -> list[np.ndarray]:
        return [100 * (np.divide(now, then, out=np.full(len(now), np.nan), where=then > 0) - 1)]

    return release(frame, policy="hes", dimensions=["group", "use"], counts=["people", "a_year_ago"], source=SOURCE,
                   derived=[Derived(("growth",), ("value",), "people", "a_year_ago", grown)])  # fmt: skip


def boundaries() -> dict[str, Any]:
    """The LSOAs of Lincolnshire."""
    packed = files("goldenthread.definitions").joinpath("reference/lincolnshire_lsoa21.topojson.gz")
    land: dict[str, Any] = charts.topojson_to_geojson(json.loads(gzip.decompress(packed.read_bytes())))
    return land


def attended(by: list[str], people: pd.DataFrame, column: str = "attended") -> ReleasedTable:
    """People registered, and those who went to A&E (or were admitted) in the last year."""
    frame = people.groupby(by, as_index=False).agg(
        people=("pid", "size"), count=(column, lambda n: (n > 0).sum())
    )
    frame["value"] = frame["count"] / frame["people"] * 1000
    return release(frame, policy="hes", dimensions=by, counts=["people", "count"], source=SOURCE,
                   rates={"value": ("count", "people")})  # fmt: skip


def district_map(demo: DemoFigures) -> Draw:
    """The LSOAs of one district; the small numbers of a demo leave many hidden."""
    land = boundaries()
    names = {f["properties"]["lsoa21_code"]: f["properties"]["lsoa21_name"] for f in land["features"]
             if f["properties"]["ltla24_code"] == "E07000136"}  # fmt: skip
    land["features"] = [f for f in land["features"] if f["properties"]["lsoa21_code"] in names]
    people = demo.now[demo.now["lsoa"].isin(list(names))]
    people = people.assign(lsoa21_code=people["lsoa"], lsoa21_name=people["lsoa"].map(names))
    table = attended(["lsoa21_code", "lsoa21_name"], people, "admitted")
    return lambda width: charts.choropleth(
        table, land, name="lsoa21_name", measure="People admitted as an emergency in 12 months", width=width)  # fmt: skip


def pcn_map(demo: DemoFigures) -> Draw:
    """Primary care networks, each drawn as the LSOAs where most of its people live."""
    here = demo.now.groupby("lsoa")["pcn"].agg(lambda p: p.mode().iloc[0]).to_dict()
    name = dict(demo.ask("SELECT pcn, name FROM pcn").itertuples(index=False, name=None))
    shapes: dict[str, list[Any]] = {}
    for feature in boundaries()["features"]:
        pcn, land = here.get(feature["properties"]["lsoa21_code"]), feature["geometry"]
        rings = land["coordinates"] if land["type"] == "MultiPolygon" else [land["coordinates"]]
        shapes.setdefault(pcn or "", []).extend(rings)
    features = [
        {"type": "Feature", "properties": {"pcn": pcn}, "geometry": {"type": "MultiPolygon", "coordinates": rings}}
        for pcn, rings in sorted(shapes.items()) if pcn
    ]  # fmt: skip
    table = attended(["pcn", "pcn_name"], demo.now.assign(pcn_name=demo.now["pcn"].map(name)))
    return lambda width: charts.choropleth(
        table, {"type": "FeatureCollection", "features": features}, area="pcn", name="pcn_name",
        measure="People who went to A&E in 12 months", width=width)  # fmt: skip


def pyramid(demo: DemoFigures) -> Draw:
    """Registered people of the demo against the published ages of England."""
    england = pd.read_csv(HERE / "gallery" / "data" / "ages_aug2026.csv")[["age", "sex", "england"]]
    sex = demo.now["sex"].map({"1": "Male", "2": "Female"})
    here = (
        demo.now.assign(age=demo.now["band"], sex=sex)
        .groupby(["age", "sex"], as_index=False)
        .agg(people=("pid", "size"))
    )
    frame = england.merge(here, how="left", on=["age", "sex"])
    frame["people"] = frame["people"].fillna(0).astype(int)
    table = release(frame, policy="hes", dimensions=["age", "sex"], counts=["people"], kinds={"england": "value"},
                    source=f"{SOURCE}; England from patients registered at a GP practice, NHS England, August 2026")  # fmt: skip
    return lambda width: charts.population_pyramid(table, width=width)


def control(demo: DemoFigures) -> Draw:
    """Four-hour waits by month."""
    frame = demo.monthly()
    within = 100 * frame["within"] / frame["attendances"]
    result = xmr(within.to_numpy(), improvement="increase", target=78.0)
    points = result.frame[["value", "mean", "lower_limit", "upper_limit", "point_type", "segment"]]
    points = points.assign(date=frame["month"], point_type=points["point_type"].astype(object))
    table = release(points, policy="hes", dimensions=["date"], source=SOURCE, kinds={
        "value": "value", "mean": "value", "lower_limit": "lower", "upper_limit": "upper", "point_type": "text",
        "segment": "value"})  # fmt: skip
    return lambda width: charts.control_chart(
        table, target=78.0, unit="%", measure="A&E seen within four hours", width=width
    )


def funnel(demo: DemoFigures) -> Draw:
    """Practices by the share of their people who went to A&E."""
    names = dict(demo.ask("SELECT practice, name FROM practice").itertuples(index=False, name=None))
    people = demo.now.assign(area=demo.now["practice"].map(names))
    frame = people.groupby("area", as_index=False).agg(
        denominator=("pid", "size"), count=("attended", lambda n: (n > 0).sum())
    )
    limits = funnel_limits(frame["count"].to_numpy(), frame["denominator"].to_numpy())
    frame["value"] = frame["count"] / frame["denominator"]
    table = release(frame, policy="hes", dimensions=["area"], counts=["count", "denominator"], source=SOURCE,
                    rates={"value": ("count", "denominator")}, kinds={"value": "proportion"})  # fmt: skip
    return lambda width: charts.funnel(table, limits=limits.curve, average=limits.baseline,
                                       measure="People who went to A&E in 12 months", unit="", width=width)  # fmt: skip


def gradient(demo: DemoFigures) -> Draw:
    """A&E attendances by fifth of deprivation, standardised for age; a person may attend more than once."""
    rows, spread, size = [], [], []
    for fifth in range(1, 6):
        people = demo.now[(demo.now["imd_decile"] + 1) // 2 == fifth]
        ages = people.groupby("band")
        count = ages["attended"].sum().reindex(AGES, fill_value=0)
        found = directly_standardised_rate(
            count,
            ages.size().reindex(AGES, fill_value=0),
            ESP2013,
            per=1000,
            people_by_frequency=demo.by_frequency(people),
        )
        name = {1: "Most deprived fifth", 5: "Least deprived fifth"}.get(fifth, str(fifth))
        rows.append(
            (name, int((people["attended"] > 0).sum()), len(people), found.value, found.lower, found.upper)
        )
        spread.append(standard_error_from_limits(found.lower, found.upper, value_type="rate"))
        size.append(len(people))
    frame = pd.DataFrame(rows, columns=["group", "went", "people", "value", "lower", "upper"])
    slope = slope_index_of_inequality(
        frame["value"], spread, size, value_type="rate", seed=1, repetitions=20_000
    )
    based = dict.fromkeys(["value", "lower", "upper"], ("went", "people"))
    table = release(frame, policy="hes", dimensions=["group"], counts=["went", "people"], rates=based,
                    kinds={"lower": "lower", "upper": "upper"}, standardised=list(based), source=SOURCE)  # fmt: skip
    return lambda width: charts.deprivation_gradient(
        table, slope=slope, measure="A&E attendances", width=width
    )


def trend(demo: DemoFigures) -> Draw:
    """A&E attendances of the most deprived fifth by quarter, beside everybody's."""
    events = demo.ask(f"""
        SELECT date_trunc('quarter', e.date)::DATE AS date, count(*) AS everybody, count(DISTINCT e.pid) AS people_all,
               count(*) FILTER (l.imd_decile <= 2) AS here, count(DISTINCT e.pid) FILTER (l.imd_decile <= 2) AS people
        FROM emergency_attendance e JOIN address a ON a.pid = e.pid AND a.start_date <= e.date
            AND (a.end_date IS NULL OR a.end_date >= e.date) JOIN lsoa l USING (lsoa)
        WHERE e.date >= '2024-01-01' AND e.date <= DATE '{demo.end:%Y-%m-%d}' GROUP BY 1 ORDER BY 1""")
    events = events[
        pd.to_datetime(events["date"]) + pd.DateOffset(months=3) <= demo.end + pd.Timedelta(days=1)
    ]
    living = int((demo.now["imd_decile"] <= 2).sum())
    found = rate(events["here"].to_numpy(), np.full(len(events), living), per=1000)
    frame = events[["date", "people"]].assign(
        value=found.value,
        lower=found.lower,
        upper=found.upper,
        all=events["everybody"] / len(demo.now) * 1000,
    )
    table = release(frame, policy="hes", dimensions=["date"], counts=["people"], kinds={
        "lower": "lower", "upper": "upper", "all": "value", "value": "rate"}, source=SOURCE, drop=["people"],
        rates=dict.fromkeys(["value", "lower", "upper"], ("people", "people")),
        standardised=["value", "lower", "upper"])  # fmt: skip
    return lambda width: charts.trend(table, comparator="all", comparator_words="Everybody", here="Most deprived fifth",
                                      measure="A&E attendances a quarter", width=width)  # fmt: skip


def compared(demo: DemoFigures) -> tuple[Draw, Draw]:
    """Love plot and event study of the falls service of the demo."""
    found = demo.falls()
    balance = found.balance[found.balance["matched_on"]].assign(
        covariate=lambda f: f["covariate"].replace({"sex: 1": "male", "sex: 2": "female"}).str.replace("_", " ").str.capitalize(),
        before=lambda f: f["smd_before"], after=lambda f: f["smd_after"])[["covariate", "before", "after"]]  # fmt: skip
    love = release(
        balance,
        policy="hes",
        dimensions=["covariate"],
        kinds={"before": "value", "after": "value"},
        source=SOURCE,
    )
    step = found.event_study[["quarter", "percent", "percent_lower", "percent_upper"]].copy()
    step.columns = pd.Index(["quarter", "value", "lower", "upper"])
    step.loc[step["quarter"] < 0, "quarter"] += 1
    events = release(step, policy="hes", dimensions=["quarter"], source=SOURCE,
                     kinds={"value": "value", "lower": "lower", "upper": "upper"})  # fmt: skip
    people = f"{found.n_treated} people and {found.n_control:,} others, weighted to be like them"
    return (lambda width: charts.love_plot(love, width=width),
            lambda width: charts.event_study(events, people=people,
                                              difference_words="Difference from weighted people", width=width))  # fmt: skip


@dataclass(frozen=True)
class Change:
    """An effect in percent."""

    value: float
    lower: float
    upper: float


def series(demo: DemoFigures) -> Draw:
    """Monthly attendances about a day on which nothing began: a placebo."""
    frame = demo.monthly().rename(columns={"month": "date"})[["date", "attendances"]]
    found = interrupted_time_series(
        frame, time="date", count="attendances", start="2025-11-01", season="harmonics"
    )
    e = found.effect
    shown = found.series.reset_index(drop=True)
    spread = 1.96 * np.sqrt(found.dispersion * shown["expected"])
    shown = pd.DataFrame({"date": frame["date"], "observed": shown["count"].astype(int), "fitted": shown["fitted"],
                          "counterfactual": shown["expected"], "lower": shown["expected"] - spread,
                          "upper": shown["expected"] + spread})  # fmt: skip
    table = release(shown, policy="hes", dimensions=["date"], counts=["observed"], source=SOURCE, kinds={
        "fitted": "value", "counterfactual": "value", "lower": "lower", "upper": "upper"})  # fmt: skip
    change = Change(*(100 * (v - 1) for v in (e.value, e.lower, e.upper)))
    return lambda width: charts.interrupted_series(
        table, start="2025-11-01", effect=change, measure="A&E attendances", started="1 November 2025", width=width)  # fmt: skip


def attrition(demo: DemoFigures) -> Draw:
    """From everybody to those a service might invite."""
    people, steps = demo.now, []
    for step, meets in (
        ("Registered", lambda f: f["age"] >= 0), ("Aged 65 or over", lambda f: f["age"] >= 65),
        ("Three or more regular medicines", lambda f: f["medicines"] >= 3),
        ("Went to A&E in the last 12 months", lambda f: f["attended"] > 0),
        ("Not in a care home", lambda f: ~f["care_home"].fillna(False).astype(bool)),
    ):  # fmt: skip
        people = people[meets(people)]
        steps.append((step, len(people)))
    table = release(pd.DataFrame(steps, columns=["step", "people"]), policy="hes", dimensions=["step"], counts=["people"],
                    source=SOURCE)  # fmt: skip
    return lambda width: charts.attrition(table, width=width)


def movement(demo: DemoFigures) -> Draw:
    """Who has more or fewer medicines than a year ago."""
    groups = GROUPS[1:]
    both = demo.earlier[["pid", "group"]].merge(
        demo.now[["pid", "group"]], on="pid", suffixes=("_before", "_after")
    )
    cells = pd.MultiIndex.from_product([groups, groups], names=["before", "after"])
    frame = (
        both.groupby(["group_before", "group_after"])
        .size()
        .reindex(cells, fill_value=0)
        .reset_index(name="people")
    )
    table = release(frame, policy="hes", dimensions=["before", "after"], counts=["people"], source=SOURCE)
    return lambda width: charts.segment_movement(table, order=groups, width=width)


def plates(demo: DemoFigures) -> list[Plate]:
    """Every chart, in the order of the page."""
    cells = matrix(demo)
    love, events = compared(demo)
    order: dict[str, Any] = {"row": "group", "column": "use", "row_order": GROUPS, "column_order": USE,
                             "column_words": "A&E attendances in 12 months", "address": "/ask?group={group}&use={use}"}  # fmt: skip
    return [
        Plate("theograph", "What has this person's time been like?", theograph(demo)),
        Plate("bubble-matrix", "Where are the people, and where are there more of them?",
              lambda width: charts.bubble_matrix(cells, colour="growth", colour_words="more people than a year ago",
                                                 growth=True, width=width, **order)),
        Plate("segment-risk-matrix", "How many people need how much?",
              lambda width: charts.segment_risk_matrix(cells, width=width, **order)),
        Plate("map", "Which network is highest?", pcn_map(demo)),
        Plate("map-hidden", "Where is it highest, when many numbers are small?", district_map(demo)),
        Plate("population-pyramid", "Who lives here?", pyramid(demo)),
        Plate("control-chart", "Is it changing, and will it meet its target?", control(demo)),
        Plate("funnel", "Which places differ by more than chance?", funnel(demo)),
        Plate("deprivation-gradient", "Who fares worse, and by how much?", gradient(demo)),
        Plate("trend", "Is it rising or falling?", trend(demo)),
        Plate("love-plot", "Were the people compared alike?", love),
        Plate("event-study", "Were they alike before, and different after?", events),
        Plate("interrupted-series", "Did the series leave the path it was on? (On this day nothing began.)", series(demo)),
        Plate("attrition", "How did we get from everybody to these people?", attrition(demo)),
        Plate("segment-movement", "Who is moving between groups?", movement(demo)),
    ]  # fmt: skip


HEAD = """# Gallery of charts

Each chart is headed by its reading, made from its numbers; below it are how it is worked out and the same figures as
a table. Hatched means hidden to protect people, never zero. Every figure is of {people:,} made-up people at
{practices} made-up practices (a demo made by `goldenthread demo HOME --people {asked}`); only the boundaries and the ages
of England are real ([sources](gallery/data/SOURCES.md)). Nothing here is about a real person or practice, and a demo is not a
finding about anywhere.

Drawn by `python docs/make_gallery.py HOME`. Every function takes a table that `disclosure.release` has passed (HES rules; the
theograph under direct care) and draws at the width asked for: 760 pixels here, and 340 for a phone, as the pictures marked
"phone" show.
"""


def page(drawn: list[tuple[Plate, charts.Chart]], head: str) -> str:
    """The Markdown of the gallery."""
    parts = [head]
    for plate, chart in drawn:
        parts.append(f"## {plate.question}\n\n![{escape(chart.alt)}](gallery/{plate.name}.svg)\n")
        parts.append(f"`{plate.name}` · [phone](gallery/{plate.name}-phone.svg)\n")
        parts.append(f"<details><summary>How this is worked out</summary>\n\n{chart.how}\n\n</details>\n")
        rows = chart.table.head(12)
        head = "| " + " | ".join(rows.columns) + " |\n|" + "---|" * rows.shape[1]
        body = "\n".join(
            "| " + " | ".join(str(c).replace("|", "/") for c in row) + " |" for row in rows.to_numpy()
        )
        more = f"\n\n{len(chart.table) - 12} more rows." if len(chart.table) > 12 else ""
        parts.append(f"<details><summary>Table</summary>\n\n{head}\n{body}{more}\n\n</details>\n")
    return "\n".join(parts)


def main() -> None:
    """Write the page and its pictures."""
    ask = argparse.ArgumentParser(description="Draw the gallery of charts from a demo home.")
    ask.add_argument("home", type=Path)
    ask.add_argument("--look", type=Path, help="also write every picture as PNG into this folder")
    options = ask.parse_args()
    demo = DemoFigures(options.home)
    drawn = []
    for plate in plates(demo):
        for width in (340, 760):
            chart = plate.draw(width)
            name = f"{plate.name}-phone" if width == 340 else plate.name
            (HERE / "gallery" / f"{name}.svg").write_text(chart.svg(titled=True), encoding="utf-8")
            if options.look:
                options.look.mkdir(parents=True, exist_ok=True)
                (options.look / f"{name}.png").write_bytes(chart.png(scale=1.5))
        if options.look:
            (options.look / f"{plate.name}.html").write_text(chart.html(), encoding="utf-8")
        drawn.append((plate, chart))
        print(f"{plate.name:22} {chart.sentence}")
    people, practices = len(demo.now), demo.now["practice"].nunique()
    head = HEAD.format(people=people, practices=practices, asked=round(people, -3))
    (HERE / "gallery.md").write_text(page(drawn, head), encoding="utf-8")


if __name__ == "__main__":
    main()
