"""The published figures the demo is drawn from, shipped in ``data/`` (see data/SOURCES.md)."""

from __future__ import annotations

import csv
import gzip
import io
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

ETHNIC_CODES = list("ABCDEFGHJKRLMNPS")
Table = dict[str, npt.NDArray[Any]]

SYSTEM = ("QZ1", "Synthetic Lincolnshire")
PLACES = [("PL1", "Coast and Wolds"), ("PL2", "Upper Witham"), ("PL3", "Southern Fens")]
PROVIDERS = [
    ("RZ1", "Wolds and Marsh Hospitals", "acute"),
    ("RZ2", "Fenland Community Health", "community"),
    ("RZ3", "Limestone Edge Mental Health", "mental health"),
    ("RZ4", "East Shire Urgent and Emergency Response", "urgent care"),
    ("CLN", "Lincolnshire County (synthetic rows)", "council"),
]
SITES = ["RZ101", "RZ102", "RZ103"]


@cache
def table(name: str) -> Table:
    """One shipped table as columns; whole numbers and decimals are converted, the rest stays text."""
    folder = files("goldenthread.demo") / "data"
    packed = folder / f"{name}.csv.gz"
    raw = packed.read_bytes() if packed.is_file() else b""
    text = (gzip.decompress(raw) if raw else (folder / f"{name}.csv").read_bytes()).decode("utf-8")
    rows = list(csv.reader(io.StringIO(text)))
    out: Table = {}
    for i, column in enumerate(rows[0]):
        values = [r[i] for r in rows[1:]]
        for kind in (np.int64, np.float64):
            try:
                out[column] = np.array(values, dtype=kind)
                break
            except ValueError:
                continue
        else:
            out[column] = np.array(values, dtype=object)
    return out


@cache
def lsoas() -> Table:
    """Small areas: real names, codes, deprivation (IoD 2025), tenure, ethnicity and age shares."""
    t = dict(table("lsoa"))
    score = t["imd_score"].astype(float)
    t["imd_z"] = (score - np.average(score, weights=t["population"])) / score.std()
    t["ethnicity"] = np.stack([t[f"eth_{c}"] for c in ETHNIC_CODES], axis=1).astype(float) + 0.01
    return t


@cache
def lsoa_index() -> dict[str, int]:
    """Position of each LSOA code in ``lsoas()``."""
    return {c: i for i, c in enumerate(lsoas()["lsoa_code"])}


@cache
def postcodes_by_lsoa() -> list[list[str]]:
    """Real postcodes of each LSOA inside the county; empty for areas outside it."""
    found: list[list[str]] = [[] for _ in lsoas()["lsoa_code"]]
    t = table("postcodes")
    index = lsoa_index()
    for code, postcode in zip(t["lsoa_code"], t["postcode"], strict=True):
        found[index[code]].append(postcode)
    return found


@cache
def practice_lsoa(practice: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Where a practice's list lives: LSOA positions and shares."""
    t = table("practice_lsoa")
    mask = t["practice_code"] == practice
    index = lsoa_index()
    places = np.array([index[c] for c in t["lsoa_code"][mask]])
    weight = t["patients"][mask].astype(float)
    return places, weight / weight.sum()


@cache
def qof(practice: str) -> dict[str, float]:
    """Published share of a practice's eligible list on each of 21 registers, 2021/22."""
    t = table("qof_2021_22")
    mask = t["practice_code"] == practice
    return {
        r: float(p) / float(d)
        for r, p, d in zip(t["register"][mask], t["patients"][mask], t["denominator"][mask], strict=True)
    }


QOF_AGES = {
    "AST": 6, "CKD": 18, "DEP": 18, "DM": 17, "EP": 18, "NDH": 18, "OB": 18, "OST": 50, "RA": 16,
}  # fmt: skip
"""Youngest age counted in a register's denominator; the others count everybody."""


@cache
def mortality() -> npt.NDArray[np.float64]:
    """Deaths per person-year, [sex 0 male 1 female, age 0..100], UK 2017-2019."""
    t = table("mortality_2017_2019")
    out = np.zeros((2, 111))
    for sex, age, mx in zip(t["sex"], t["age"], t["mx"], strict=True):
        out[0 if sex == "male" else 1, int(age)] = mx
    out[:, 101:] = out[:, 100:101]
    return out
