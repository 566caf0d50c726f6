"""Where the work comes from: each service's activity by segment, by number of conditions, and by those who use it most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from goldenthread.cohorts import CohortError, Population
from goldenthread.disclosure import ReleasedTable, release
from goldenthread.insight.segments.bands import CONDITIONS, NOT_KNOWN, segments_called
from goldenthread.insight.segments.cells import ALL, about, dominated, shown_rows, standing_policy

SERVICES: Mapping[str, tuple[str, str, str]] = {
    "gp": ("General practice", "gp_appointments_12m", "GP practice appointments"),
    "urgent_call": ("NHS 111", "calls_111_12m", "calls to 111"),
    "ambulance": ("Ambulance", "calls_999_12m", "999 calls"),
    "ae": ("A&E", "ed_attendances_12m", "A&E attendances"),
    "beds": ("Emergency beds", "emergency_bed_days_12m", "emergency nights in hospital"),
    "planned": ("Outpatients", "outpatient_attended_12m", "outpatient appointments"),
    "community": ("Community services", "community_contacts_12m", "community contacts"),
    "social_care": ("Long-term social care", "long_term_support_days_12m", "days of long-term social care"),
}
"""Title, fact and unit of each service's work in 12 months."""

BY = ("segment", "conditions")
FEW = 0.05


@dataclass(frozen=True)
class Sums:
    """One group: people, and for each service its sum, its users and its two largest users."""

    people: int
    total: dict[str, float]
    users: dict[str, int]
    largest: dict[str, list[float]]


@dataclass(frozen=True)
class Workload:
    """Parts of each service's work by group: ``released`` has group, people and a column of parts for every service.

    ``expressions`` gives for (service, group) the people of the group who used the service.
    """

    by: str
    released: ReleasedTable
    services: Mapping[str, str]
    sentences: dict[str, str]
    expressions: dict[tuple[str, str], str]


@dataclass(frozen=True)
class HeavyUse:
    """Those who use each service most: ``released`` has service, people, people_share, work_share; one row a service.

    ``expressions`` finds them; the number of contacts in it is the same for everybody counted.
    """

    released: ReleasedTable
    services: Mapping[str, str]
    sentences: dict[str, str]
    expressions: dict[str, str]


def service_sums(
    population: Population, group_sql: str, needs: Iterable[str], facts: Mapping[str, str]
) -> dict[int, Sums]:
    """People, activity, users and largest users of every group, in one pass."""
    parts = []
    for name, fact in facts.items():
        amount = f"CAST(coalesce({fact}, 0) AS DOUBLE)"
        parts += [
            f"sum({amount}) AS total_{name}",
            f"count_if({amount} > 0) AS users_{name}",
            f"max({amount}, 2) AS largest_{name}",
        ]
    table = population.grouped(
        f"{group_sql} AS g", ", ".join(["count(*) AS people", *parts]), [*needs, *facts.values()]
    )
    found = {}
    for row in table.to_pylist():
        found[int(row["g"])] = Sums(
            int(row["people"]),
            {n: float(row[f"total_{n}"] or 0) for n in facts},
            {n: int(row[f"users_{n}"]) for n in facts},
            {n: list(row[f"largest_{n}"] or []) for n in facts},
        )
    return found


def workload(
    population: Population, by: str = "segment", *, segmentation: str = "bridges_to_health"
) -> Workload:
    """Whose work is it: for every service, the part of its activity in 12 months that each group has.

    ``by`` is segment or conditions. Parts are whole percents; a part is hidden where few people of the group used the service,
    or where two people make up nearly all of it. Raises ``CohortError`` for another ``by``.
    """
    match by:
        case "segment":
            segments = segments_called(population, segmentation)
            labels, sql, needs = segments.labels, segments.sql, [segmentation]
            conditions = {s: segments.condition(s) for s in labels}
        case "conditions":
            labels, sql, needs = CONDITIONS.labels, CONDITIONS.sql, [CONDITIONS.fact]
            conditions = {s: CONDITIONS.condition(s) for s in labels}
        case _:
            raise CohortError(f"Work cannot be shared out by {by!r}.", f"Use {' or '.join(BY)}.")
    facts = {n: fact for n, (_, fact, _) in SERVICES.items()}
    population = population.for_facts([*needs, *facts.values()])
    sums = service_sums(population, sql, needs, facts)
    named = dict(enumerate((*labels, NOT_KNOWN)))
    present = [n for n in sorted(sums) if sums[n].people]
    everybody = max(sum(x.people for x in sums.values()), 1)
    whole = {s: sum(x.total[s] for x in sums.values()) or float("nan") for s in SERVICES}
    lines: list[dict[str, Any]] = []
    for number in (*present, None):
        mine = [sums[n] for n in present if number is None or n == number]
        line: dict[str, Any] = {
            "group": ALL if number is None else named[number],
            "people": sum(x.people for x in mine),
        }
        line["people_share"] = round(sum(x.people for x in mine) / everybody, 2)
        for s in SERVICES:
            total = sum(x.total[s] for x in mine)
            hide = number is not None and dominated(total, mine[0].largest[s])
            line[s] = float("nan") if hide else round(total / whole[s], 2)
            line[f"users_{s}"] = sum(x.users[s] for x in mine)
        lines.append(line)
    policy = standing_policy(population.purpose.disclosure)
    for s in SERVICES:
        _hide_another(lines[:-1], s, policy.threshold)
    users = [f"users_{s}" for s in SERVICES]
    released = release(
        pd.DataFrame(lines),
        dimensions=["group"],
        counts=["people", *users],
        means={"people_share": "people"} | {s: f"users_{s}" for s in SERVICES},
        kinds=dict.fromkeys(("people_share", *SERVICES), "proportion"),
        drop=users,
        margins={"group": ALL},
        **about(population, "Activity in 12 months"),
    )
    titles = {s: title for s, (title, _, _) in SERVICES.items()}
    return Workload(
        by, released, titles, _sentences(released, by),
        {(s, g): f"{c} and {SERVICES[s][1]} >= 1" for s in SERVICES for g, c in conditions.items()},
    )  # fmt: skip


def _hide_another(lines: list[dict[str, Any]], service: str, threshold: int) -> None:
    """Where one part alone is hidden, the others and the whole would tell it: the group with the fewest users left is hidden too."""
    hidden = [x for x in lines if x[service] != x[service] or 0 < x[f"users_{service}"] <= threshold]
    rest = [x for x in lines if x not in hidden and x[f"users_{service}"]]
    if len(hidden) == 1 and rest:
        min(rest, key=lambda x: x[f"users_{service}"])[service] = float("nan")


def _sentences(released: ReleasedTable, by: str) -> dict[str, str]:
    """For each service, the group whose part of the work is most above its part of the people; from shown figures only."""
    rows = [r for r in shown_rows(released) if r["group"] != ALL and r["people_share"] is not None]
    said = {}
    for service, (title, _, unit) in SERVICES.items():
        shown = [r for r in rows if r[service] is not None]
        if not shown:
            said[service] = f"{title}: too few people to show."
            continue
        top = max(shown, key=lambda r: r[service] - r["people_share"])
        group = (
            f"people with {_conditions(str(top['group']))}"
            if by == "conditions"
            else f"the segment {top['group']}"
        )
        said[service] = (
            f"{100 * top[service]:.0f}% of {unit} are for {group}, {100 * top['people_share']:.0f}% of people."
        )
    return said


def _conditions(label: str) -> str:
    if label == "0":
        return "no long-term condition"
    return "one long-term condition" if label == "1" else f"{label} long-term conditions"


def heavy_use(population: Population) -> HeavyUse:
    """What part of each service's work belongs to the few, about one person in 20, who use it most.

    The few are found by a number of contacts, so that everybody with as many is counted and the same condition finds them in a
    question; so they are not exactly one in 20, and ``people_share`` says what they are.
    """
    facts = {n: fact for n, (_, fact, _) in SERVICES.items()}
    listed = ", ".join(f"CAST(coalesce({fact}, 0) AS DOUBLE) AS {n}" for n, fact in facts.items())
    table = population.query(f"pid, {listed}", list(facts.values()))
    pids = table.column("pid").to_numpy()
    lines, expressions = [], {}
    for name, fact in facts.items():
        amount = table.column(name).to_numpy()
        edge = _edge(amount)
        inside = amount >= edge
        total = float(amount.sum())
        top = np.partition(amount, -2)[-2:] if len(amount) > 1 else amount
        hide = not total or dominated(float(amount[inside].sum()), top)
        lines.append(
            {
                "service": name,
                "people": int(inside.sum()),
                "people_share": round(float(inside.mean()), 3) if len(pids) else float("nan"),
                "work_share": float("nan") if hide else round(float(amount[inside].sum()) / total, 2),
            }
        )
        expressions[name] = f"{fact} >= {edge:g}"
    released = release(
        pd.DataFrame(lines),
        dimensions=["service"],
        counts=["people"],
        means={"people_share": "people", "work_share": "people"},
        kinds={"people_share": "proportion", "work_share": "proportion"},
        not_additive=["service"],
        **about(population, "Activity in 12 months"),
    )
    said = {}
    for row in shown_rows(released):
        title, _, unit = SERVICES[row["service"]]
        edge_words, work = expressions[row["service"]].split(" >= ")[1], row["work_share"]
        if work is None:
            said[row["service"]] = f"{title}: too few people to show."
        elif work >= 0.995:
            said[row["service"]] = f"{title}: {100 * row['people_share']:.1f}% of people have all the {unit}."
        else:
            said[row["service"]] = (
                f"{title}: the {100 * row['people_share']:.1f}% of people with {edge_words} or more have "
                f"{100 * work:.0f}% of the {unit}."
            )
    return HeavyUse(released, {s: t for s, (t, _, _) in SERVICES.items()}, said, expressions)


def _edge(amount: np.ndarray) -> float:
    """The number of contacts from which about one person in 20 has as many; a number above nought."""
    used = amount[amount > 0]
    if not len(used):
        return 1.0
    values, counts = np.unique(used, return_counts=True)
    share = np.cumsum(counts[::-1])[::-1] / len(amount)
    if len(values) > 60:  # days of a year: rounded, so that it is nobody's own figure
        near = float(values[np.argmin(np.abs(share - FEW))])
        return max(float(int(near) // 10 * 10), 1.0)
    return float(values[np.argmin(np.abs(share - FEW))])
