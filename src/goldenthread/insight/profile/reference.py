"""England's figures beside those of a place, and what is known of neighbourhoods."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file, files

import numpy as np
import pyarrow.parquet as pq

ENGLAND_AGES_SOURCE = "People registered with general practices in England, 1 August 2026 (NHS England)"
ENGLAND_QOF_SOURCE = "Quality and Outcomes Framework 2021/22, England; not adjusted for age"


@cache
def england_ages() -> Mapping[str, tuple[int, int]]:
    """People registered in England by five-year age band: women, men.

    >>> england_ages()["65-69"]
    (1660844, 1606559)
    """
    rows = _rows("england_registered_age_sex_2026.csv")
    return {r["age"]: (int(r["female"]), int(r["male"])) for r in rows}


@cache
def england_qof() -> Mapping[str, float]:
    """Recorded prevalence in England by register, in per cent of the ages it applies to.

    >>> round(england_qof()["COPD"], 2)
    1.87
    """
    rows = _rows("england_qof_2021_22.csv")
    return {r["register"]: 100 * int(r["people_on_register"]) / int(r["list_size"]) for r in rows}


@cache
def england_structure() -> Mapping[str, float]:
    """Shares of people in England in per cent, by the names of the structure of a profile."""
    ages = england_ages()
    everyone = sum(a + b for a, b in ages.values())
    starts = {band: int(band.rstrip("+").split("-")[0]) for band in ages}

    def aged(low: int) -> float:
        return 100 * sum(sum(ages[b]) for b, s in starts.items() if s >= low) / everyone

    under_15 = sum(sum(ages[b]) for b, s in starts.items() if s < 15)
    under_18 = under_15 + 0.6 * sum(ages["15-19"])  # three of the five years
    areas = lsoas()
    people = areas["residents"].astype(float)
    fifth = (areas["imd_decile"].astype(int) + 1) // 2
    share = {
        name: 100 * float(people[fifth == n].sum() / people.sum())
        for n, name in enumerate(
            ("most_deprived_fifth", "second_fifth", "third_fifth", "fourth_fifth", "least_deprived_fifth"), 1
        )
    }
    return share | {
        "aged_under_18": 100 * under_18 / everyone,
        "aged_65_plus": aged(65),
        "aged_85_plus": aged(85),
        "female": 100 * sum(a for a, _ in ages.values()) / everyone,
        "rural": 100 * float(people[areas["rural"]].sum() / people.sum()),
        "minority_ethnic": 100 * float((areas["minority_ethnic"] * people).sum() / people.sum()),
    }


@cache
def lsoas() -> Mapping[str, np.ndarray]:
    """Every neighbourhood of England: column -> array, in the order of ``lsoa``."""
    with as_file(files("goldenthread.insight").joinpath("data/lsoa_determinants.parquet")) as path:
        table = pq.read_table(path)
    return {n: table.column(n).to_numpy(zero_copy_only=False) for n in table.column_names}


@cache
def _places() -> Mapping[str, int]:
    return {str(code): n for n, code in enumerate(lsoas()["lsoa"])}


def rows_of(codes: list[str]) -> np.ndarray:
    """Where neighbourhoods stand in ``lsoas``; -1 for those outside England's 2021 list."""
    places = _places()
    return np.array([places.get(c, -1) for c in codes], dtype=np.int64)


def _rows(name: str) -> list[dict[str, str]]:
    text = files("goldenthread.insight").joinpath(f"data/{name}").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
