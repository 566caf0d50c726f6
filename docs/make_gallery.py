"""Draw the gallery of charts: ``python docs/make_gallery.py`` writes docs/gallery.md and docs/gallery/*.svg.

Real public figures where there are any (docs/gallery/data), made-up ones elsewhere, and the page says which. Every
figure passes disclosure control first, as it must.
"""

from __future__ import annotations

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

from goldenthread import charts
from goldenthread.disclosure import release
from goldenthread.statistics import funnel_limits, slope_index_of_inequality, xmr

HERE = Path(__file__).parent
DATA = HERE / "gallery" / "data"
MADE_UP = "Made-up figures"
SEGMENTS = ["Healthy", "Long-term condition", "Learning disability", "Serious mental illness", "Children, complex",
            "Frailty", "Organ failure", "End of life"]  # fmt: skip
RISKS = ["Low", "Rising", "High", "Very high"]


@dataclass(frozen=True)
class Plate:
    """One chart of the gallery: its file name, the question it answers and how to draw it at a width."""

    name: str
    question: str
    draw: Callable[[int], charts.Chart]


def theograph() -> Callable[[int], charts.Chart]:
    """A made-up woman of 84."""
    seen: list[tuple[str, str, str | None, str, str | None]] = [
        ("ambulance", "2025-11-30", None, "999 call", "Fall, not in GP record"), ("ae", "2025-11-30", None, "Type 1", None),
        ("emergency_admission", "2025-12-01", "2025-12-12", "Pneumonia", "Pneumonia"),
        ("ambulance", "2026-02-12", None, "999 call", None), ("ae", "2026-02-12", None, "Type 1", None),
        ("ambulance", "2026-05-07", None, "999 call", "Fall, hip fracture"), ("ae", "2026-05-07", None, "Type 1", None),
        ("emergency_admission", "2026-05-07", "2026-05-29", "Fracture of neck of femur", "Hip fracture"),
        ("ambulance", "2026-08-03", None, "999 call", None), ("ae", "2026-08-03", None, "Type 1", None),
        ("ae", "2025-05-30", None, "Urgent treatment centre", None),
        ("elective_admission", "2025-09-08", "2025-09-08", "Cataract, right eye", None),
        ("social_care", "2026-06-03", None, "Home care, two visits a day", None),
        ("letter", "2026-10-12", None, "Invitation, large print", None),
        ("urgent_call", "2026-02-10", None, "Advice", None),
    ]  # fmt: skip
    rng = np.random.default_rng(3)
    for month in pd.date_range("2024-12-20", "2026-10-20", 22):
        day = month + pd.Timedelta(days=int(rng.integers(-12, 12)))
        seen.append(("gp", f"{day:%Y-%m-%d}", None, "Consultation", None))
    for name, days in (
        ("outpatient", ["2025-01-28", "2025-04-28", "2025-08-26", "2026-03-14", "2026-06-22"]),
        ("community", [f"{day:%Y-%m-%d}" for day in pd.date_range("2026-06-01", "2026-10-26", freq="7D")]),
        ("community_worker", ["2026-06-22", "2026-07-22", "2026-08-21", "2026-09-20"]),
    ):
        seen += [(name, day, None, "Contact", None) for day in days]
    frame = pd.DataFrame(seen, columns=["service", "start", "end", "detail", "note"])
    frame.insert(0, "event", range(len(frame)))
    frame["start"], frame["end"] = pd.to_datetime(frame["start"]), pd.to_datetime(frame["end"])
    table = release(frame, policy="direct_care", dimensions=["event"], purpose="gallery", source=MADE_UP)
    return lambda width: charts.theograph(table, until="2026-10-31", width=width)


def matrix() -> Any:
    """People and spend by segment and risk."""
    people = [[14820, 1740, 130, 0], [5210, 3980, 1105, 148], [92, 61, 22, 3], [120, 88, 40, 11],
              [60, 35, 18, 2], [240, 1310, 1480, 420], [31, 210, 330, 165], [0, 12, 85, 130]]  # fmt: skip
    spend = [220, 480, 1400, 3100]
    frame = pd.DataFrame([
        {"segment": segment, "risk": risk, "people": people[i][j], "spend_per_head": spend[j] * (1 + 0.18 * i) if people[i][j] else np.nan}
        for i, segment in enumerate(SEGMENTS) for j, risk in enumerate(RISKS)
    ])  # fmt: skip
    return release(frame, policy="hes", dimensions=["segment", "risk"], counts=["people"],
                   means={"spend_per_head": "people"}, source=MADE_UP)  # fmt: skip


def illness_map() -> Callable[[int], charts.Chart]:
    """The published illness and disability ratio of each LSOA."""
    frame = pd.read_csv(DATA / "illness_lsoa21.csv")[["lsoa21_code", "lsoa21_name", "illness_ratio"]]
    table = release(frame, policy="hes", dimensions=["lsoa21_code", "lsoa21_name"], kinds={"illness_ratio": "value"},
                    source="English Indices of Deprivation 2025", coverage="435 areas of Lincolnshire")  # fmt: skip
    packed = (
        files("goldenthread.definitions").joinpath("reference/lincolnshire_lsoa21.topojson.gz").read_bytes()
    )
    land = charts.topojson_to_geojson(json.loads(gzip.decompress(packed)))
    return lambda width: charts.choropleth(
        table, land, value="illness_ratio", name="lsoa21_name", measure="Illness and disability ratio", unit="",
        comparator=("England", 100.0), classes=[80, 100, 120, 150], width=width)  # fmt: skip


def hidden_map() -> Callable[[int], charts.Chart]:
    """Four areas of one district, one of them hidden."""
    rng = np.random.default_rng(7)
    packed = (
        files("goldenthread.definitions").joinpath("reference/lincolnshire_lsoa21.topojson.gz").read_bytes()
    )
    land = charts.topojson_to_geojson(json.loads(gzip.decompress(packed)))
    land["features"] = [f for f in land["features"] if f["properties"]["ltla24_code"] == "E07000136"]
    frame = pd.DataFrame({
        "lsoa21_code": [f["properties"]["lsoa21_code"] for f in land["features"]],
        "lsoa21_name": [f["properties"]["lsoa21_name"] for f in land["features"]],
        "people": rng.integers(1200, 2400, len(land["features"])),
    })  # fmt: skip
    frame["count"] = rng.poisson(frame["people"] * rng.gamma(3, 0.004, len(frame)))
    frame["value"] = frame["count"] / frame["people"] * 1000
    table = release(frame, policy="hes", dimensions=["lsoa21_code", "lsoa21_name"], counts=["people", "count"],
                    rates={"value": ("count", "people")}, source=MADE_UP)  # fmt: skip
    return lambda width: charts.choropleth(
        table, land, name="lsoa21_name", measure="Falls seen in A&E", width=width
    )


def pyramid() -> Callable[[int], charts.Chart]:
    """Registered people of the ICB."""
    table = release(pd.read_csv(DATA / "ages_aug2026.csv"), policy="hes", dimensions=["age", "sex"], counts=["people"],
                    kinds={"england": "value"}, source="Patients registered at a GP practice, NHS England, August 2026",
                    coverage="Lincolnshire ICB")  # fmt: skip
    return lambda width: charts.population_pyramid(table, width=width)


def control() -> Callable[[int], charts.Chart]:
    """Published four-hour waits."""
    frame = pd.read_csv(DATA / "ae_monthly.csv", parse_dates=["month"])
    within = 100 * (1 - frame["attendances_over_4hours"] / frame["total_attendances"])
    result = xmr(within.to_numpy(), improvement="increase", target=78.0)
    points = result.frame[["value", "mean", "lower_limit", "upper_limit", "point_type", "segment"]]
    points = points.assign(date=frame["month"], point_type=points["point_type"].astype(object))
    table = release(points, policy="hes", dimensions=["date"], source="A&E attendances, NHS England",
                    coverage="Lincolnshire ICB, all types", kinds={"value": "value", "mean": "value", "lower_limit": "lower",
                    "upper_limit": "upper", "point_type": "text", "segment": "value"})  # fmt: skip
    return lambda width: charts.control_chart(
        table, target=78.0, unit="%", measure="A&E seen within four hours", width=width)  # fmt: skip


def funnel() -> Callable[[int], charts.Chart]:
    """Made-up practices."""
    rng = np.random.default_rng(5)
    size = rng.integers(2500, 22000, 60)
    rate = np.clip(rng.normal(0.062, 0.0035, 60), 0.03, 0.1)
    rate[[3, 10]] = 0.09, 0.038
    count = rng.binomial(size, rate)
    limits = funnel_limits(count, size)
    frame = pd.DataFrame({"area": [f"Practice {i + 1}" for i in range(60)], "count": count, "denominator": size,
                          "value": count / size})  # fmt: skip
    table = release(frame, policy="hes", dimensions=["area"], counts=["count", "denominator"],
                    rates={"value": ("count", "denominator")}, kinds={"value": "proportion"}, source=MADE_UP)  # fmt: skip
    return lambda width: charts.funnel(table, limits=limits.curve, average=limits.baseline, measure="Diabetes recorded",
                                       unit="", width=width)  # fmt: skip


def gradient() -> Callable[[int], charts.Chart]:
    """Illness and disability by tenth of deprivation within the county."""
    frame = pd.read_csv(DATA / "illness_lsoa21.csv")
    weight = frame["population_census2021"]
    groups = frame.assign(w=weight, wx=weight * frame["illness_ratio"]).groupby("imd_decile")
    value = groups["wx"].sum() / groups["w"].sum()
    spread = groups["illness_ratio"].std() / np.sqrt(groups.size())
    slope = slope_index_of_inequality(value.to_numpy(), spread.to_numpy(), groups["w"].sum().to_numpy(), seed=1,
                                      repetitions=20_000)  # fmt: skip
    names = ["Most deprived", *(str(i) for i in range(2, 10)), "Least deprived"]
    shown = pd.DataFrame({"group": names, "value": value.to_numpy(), "lower": (value - 1.96 * spread).to_numpy(),
                          "upper": (value + 1.96 * spread).to_numpy()})  # fmt: skip
    table = release(shown, policy="hes", dimensions=["group"],
                    kinds={"value": "value", "lower": "lower", "upper": "upper"},
                    source="English Indices of Deprivation 2025", coverage="435 areas of Lincolnshire")  # fmt: skip
    return lambda width: charts.deprivation_gradient(
        table, slope=slope, measure="Illness and disability ratios", unit="", comparator=("England", 100.0), width=width)  # fmt: skip


def trend() -> Callable[[int], charts.Chart]:
    """Made-up admissions by quarter."""
    quarter = pd.date_range("2023-01-01", periods=15, freq="QS")
    value = np.array([98, 99, 101, 103, 100, 104, 107, 106, 110, 111, 113, 112, 116, 118, 117.0])
    frame = pd.DataFrame({"date": quarter, "value": value, "lower": value - 4, "upper": value + 4,
                          "england": np.linspace(95, 99, 15)})  # fmt: skip
    table = release(frame, policy="hes", dimensions=["date"], source=MADE_UP,
                    kinds={"value": "value", "lower": "lower", "upper": "upper", "england": "value"})  # fmt: skip
    return lambda width: charts.trend(table, comparator="england", here="This PCN", width=width)


def love() -> Callable[[int], charts.Chart]:
    """Made-up balance."""
    names = ["Age", "Female", "Most deprived fifth", "Moderate or severe frailty", "Falls in 12 months",
             "Emergency admissions in 12 months", "Bed days in 12 months", "Eight or more medicines", "Lives alone",
             "Care home", "COPD", "Heart failure", "Diabetes", "Dementia"]  # fmt: skip
    before = np.array([0.62, 0.12, 0.2, 0.55, 0.9, 0.81, 0.66, 0.7, 0.3, -0.25, 0.2, 0.31, 0.08, 0.15])
    after = before * np.random.default_rng(5).uniform(-0.1, 0.1, 14)
    table = release(pd.DataFrame({"covariate": names, "before": before, "after": after}), policy="hes",
                    dimensions=["covariate"], kinds={"before": "value", "after": "value"}, source=MADE_UP)  # fmt: skip
    return lambda width: charts.love_plot(table, width=width)


def events() -> Callable[[int], charts.Chart]:
    """A made-up effect by quarter."""
    value = np.array(
        [-0.5, -1, -1.2, -2, 2.7, -1, 2.4, 0.8, -0.5, -3, -8.3, -13.2, -20.7, -22.3, -20.7, -21.4, -20.5]
    )
    frame = pd.DataFrame(
        {"quarter": np.arange(-8, 9), "value": value, "lower": value - 5.6, "upper": value + 5.5}
    )
    table = release(frame, policy="hes", dimensions=["quarter"], source=MADE_UP,
                    kinds={"value": "value", "lower": "lower", "upper": "upper"})  # fmt: skip
    people = "612 people and 1,836 matched on 25 things"
    return lambda width: charts.event_study(table, people=people, width=width)


@dataclass(frozen=True)
class Change:
    """A made-up effect, percent."""

    value: float
    lower: float
    upper: float


def series() -> Callable[[int], charts.Chart]:
    """A made-up monthly series with a step of 14% fewer."""
    month = np.arange(44)
    expected = 310 + 1.2 * month + 25 * np.cos(2 * np.pi * month / 12)
    fitted = expected * np.where(month >= 28, 0.86, 1.0)
    frame = pd.DataFrame({
        "date": pd.date_range("2023-01-01", periods=44, freq="MS"), "fitted": fitted, "counterfactual": expected,
        "observed": np.random.default_rng(5).poisson(fitted), "lower": expected * 0.93, "upper": expected * 1.07,
    })  # fmt: skip
    table = release(frame, policy="hes", dimensions=["date"], counts=["observed"], source=MADE_UP, kinds={
        "fitted": "value", "counterfactual": "value", "lower": "lower", "upper": "upper"})  # fmt: skip
    return lambda width: charts.interrupted_series(
        table, start="2025-05-01", effect=Change(-14.0, -18.0, -9.8), started="the falls service began", width=width)  # fmt: skip


def attrition() -> Callable[[int], charts.Chart]:
    """A made-up cohort."""
    frame = pd.DataFrame({
        "step": ["Registered, and covered by an agreement", "Aged 65 or over", "Fell, or moderate or severe frailty",
                 "Eight or more medicines", "Not in a care home"],
        "people": [36115, 10470, 2315, 1020, 845],
    })  # fmt: skip
    table = release(frame, policy="hes", dimensions=["step"], counts=["people"], source=MADE_UP)
    return lambda width: charts.attrition(table, width=width)


def movement() -> Callable[[int], charts.Chart]:
    """Made-up moves between segments."""
    groups = ["Healthy", "Long-term condition", "Frailty", "End of life"]
    moved = [[14200, 620, 40, 3], [180, 9100, 510, 41], [6, 150, 3000, 210], [0, 2, 11, 120]]
    frame = pd.DataFrame([
        {"before": groups[i], "after": groups[j], "people": moved[i][j]} for i in range(4) for j in range(4)
    ])  # fmt: skip
    table = release(frame, policy="hes", dimensions=["before", "after"], counts=["people"], source=MADE_UP)
    return lambda width: charts.segment_movement(table, order=groups, width=width)


def plates() -> list[Plate]:
    """Every chart, in the order of the page."""
    cells = matrix()
    where = "/ask?segment={segment}&risk={risk}"
    return [
        Plate("theograph", "What has this person's time been like?", theograph()),
        Plate("bubble-matrix", "Where are the people, and where is the spend?",
              lambda width: charts.bubble_matrix(cells, address=where, width=width)),
        Plate("segment-risk-matrix", "How many people need what kind of care?",
              lambda width: charts.segment_risk_matrix(cells, address=where, width=width)),
        Plate("map", "Where is it highest?", illness_map()),
        Plate("map-hidden", "Where is it highest, when some numbers are small?", hidden_map()),
        Plate("population-pyramid", "Who lives here?", pyramid()),
        Plate("control-chart", "Is it changing, and will it meet its target?", control()),
        Plate("funnel", "Which places differ by more than chance?", funnel()),
        Plate("deprivation-gradient", "Who fares worse, and by how much?", gradient()),
        Plate("trend", "Is it rising or falling?", trend()),
        Plate("love-plot", "Were the people compared alike?", love()),
        Plate("event-study", "Were they alike before, and different after?", events()),
        Plate("interrupted-series", "Did the series leave the path it was on?", series()),
        Plate("attrition", "How did we get from everybody to these people?", attrition()),
        Plate("segment-movement", "Who is moving between segments?", movement()),
    ]  # fmt: skip


HEAD = """# Gallery of charts

Each chart is headed by its reading, made from its numbers; below it are how it is worked out and the same figures as
a table. Hatched means hidden to protect people, never zero. The map, the ages, the four-hour waits and the gradient
are real published figures of Lincolnshire ([sources](gallery/data/SOURCES.md)); everything else is made up to look
like a primary care network, and nothing here is about a real person or practice.

Drawn by `python docs/make_gallery.py`. Every function takes a table that `disclosure.release` has passed and draws at
the width asked for: 760 pixels here, and 340 for a phone, as the pictures marked "phone" show.
"""


def page(drawn: list[tuple[Plate, charts.Chart]]) -> str:
    """The Markdown of the gallery."""
    parts = [HEAD]
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
    drawn = []
    for plate in plates():
        chart = plate.draw(760)
        (HERE / "gallery" / f"{plate.name}.svg").write_text(chart.svg(titled=True), encoding="utf-8")
        phone = plate.draw(340).svg(titled=True)
        (HERE / "gallery" / f"{plate.name}-phone.svg").write_text(phone, encoding="utf-8")
        drawn.append((plate, chart))
        print(f"{plate.name:22} {chart.sentence}")
    (HERE / "gallery.md").write_text(page(drawn), encoding="utf-8")


if __name__ == "__main__":
    main()
