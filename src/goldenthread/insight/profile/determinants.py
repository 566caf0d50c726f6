"""What makes people healthy or ill where they live: deprivation by domain, housing, fuel poverty, access."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from goldenthread.cohorts import Population
from goldenthread.disclosure import ReleasedTable, release
from goldenthread.insight.profile.cube import fingerprint
from goldenthread.insight.profile.figures import policy_of
from goldenthread.insight.profile.reference import lsoas, rows_of

DOMAINS: Mapping[str, str] = {
    "income": "Income", "employment": "Employment", "education": "Education and skills",
    "health": "Health and disability", "crime": "Crime", "barriers": "Barriers to housing and services",
    "environment": "Living environment",
}  # fmt: skip
SHARES: Mapping[str, tuple[str, str]] = {
    "fuel_poor": ("Households in fuel poverty", "BEIS 2020"),
    "social_rented": ("Households renting from a council or housing association", "Census 2021"),
    "private_rented": ("Households renting privately", "Census 2021"),
    "overcrowded": ("Households with too few bedrooms", "Census 2021"),
    "deprived_two_ways": ("Households deprived in two or more ways", "Census 2021"),
    "disabled": ("Residents disabled under the Equality Act", "Census 2021"),
}
AMOUNTS: Mapping[str, tuple[str, str, str]] = {
    "gps": ("GPs for 10,000 patients", "English Indices of Deprivation 2025", "number"),
    "connectivity": ("How well services can be reached without a car (0 to 100)", "English Indices of Deprivation 2025", "number"),
}  # fmt: skip
_NOTE = "Figures are of neighbourhoods, weighted by how many of the people here live in each; they say nothing of any one person."


@dataclass(frozen=True)
class Determinant:
    """One determinant: here, in the whole system and in England. ``unit`` is % or nothing."""

    name: str
    title: str
    kind: str
    unit: str
    here: float | None
    system: float | None
    england: float | None
    source: str

    def said(self, value: float | None) -> str:
        """A value as people read it."""
        return (
            "not available"
            if value is None
            else f"{value:.0f}{self.unit}"
            if value >= 9.95
            else f"{value:.1f}{self.unit}"
        )


_memory: dict[tuple[object, ...], np.ndarray] = {}


def determinants_of(
    population: Population, *, coverage: str = ""
) -> tuple[ReleasedTable, tuple[Determinant, ...]]:
    """Determinants of the neighbourhoods where these people live, against the whole system and England."""
    here, people = _weights(population)
    whole = population.whole
    key = fingerprint(whole)
    if key not in _memory:
        _memory.clear()
        _memory[key] = _weights(whole)[0]
    system = _memory[key]
    england = lsoas()["residents"].astype(float)
    rows = []
    for name, title in DOMAINS.items():
        low = lsoas()[f"{name}_decile"] <= 2
        rows.append(
            (name, title, "domain", "%", 100 * low.astype(float), "English Indices of Deprivation 2025")
        )
    rows += [(n, t, "housing", "%", 100 * lsoas()[n].astype(float), s) for n, (t, s) in SHARES.items()]
    gps = 10_000 / np.maximum(lsoas()["patients_per_gp"].astype(float), 1)
    for name, (title, source, _) in AMOUNTS.items():
        values = gps if name == "gps" else lsoas()[name].astype(float)
        rows.append((name, title, "access", "", values, source))
    frame = pd.DataFrame(
        {
            "determinant": [r[0] for r in rows], "title": [r[1] for r in rows], "kind": [r[2] for r in rows],
            "unit": [r[3] for r in rows], "people": people,
            "here": [_mean(r[4], here) for r in rows], "system": [_mean(r[4], system) for r in rows],
            "england": [_mean(r[4], england) for r in rows], "source": [r[5] for r in rows],
        }
    )  # fmt: skip
    table = release(
        frame, policy=policy_of(population), counts=["people"], dimensions=["determinant"],
        not_additive=["determinant"], means={"here": "people"},
        kinds={"title": "text", "kind": "text", "unit": "text", "source": "text", "here": "value", "system": "value",
               "england": "value"},
        purpose=population.purpose.title, source="Open data of neighbourhoods, weighted by where people live",
        data_date=population.data_date, coverage=coverage, notes=(_NOTE,),
    )  # fmt: skip
    found = tuple(
        Determinant(r["determinant"], r["title"], r["kind"], r["unit"], _float(r["here"]), _float(r["system"]),
                    _float(r["england"]), r["source"])
        for r in table.frame.to_dict("records")
    )  # fmt: skip
    return table, found


def _weights(population: Population) -> tuple[np.ndarray, int]:
    """People of a population in each neighbourhood of England, and how many have one."""
    rows = population.groups("count(*) AS people", ("lsoa",), by="lsoa", where="lsoa IS NOT NULL").to_pylist()
    weights = np.zeros(len(lsoas()["lsoa"]))
    at = rows_of([r["lsoa"] for r in rows])
    people = np.array([r["people"] for r in rows], dtype=float)
    weights[at[at >= 0]] = people[at >= 0] if len(people) else 0
    return weights, int(weights.sum())


def _mean(values: np.ndarray, weights: np.ndarray) -> float:
    total = weights.sum()
    return round(float((values * weights).sum() / total), 2) if total else float("nan")


def _float(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
