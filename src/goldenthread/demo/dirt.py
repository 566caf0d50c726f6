"""What goes wrong in real feeds: duplicates, wrong units, vague dates, bad codes. Each kind is counted for the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldenthread.demo import clock, codes
from goldenthread.demo.conditions import CONDITIONS
from goldenthread.demo.population import People
from goldenthread.demo.record import UNITS, Record

Array = npt.NDArray[Any]
KINDS = [
    "hba1c in percent",
    "unit missing",
    "year only",
    "month only",
    "invalid code",
    "duplicate",
    "impossible value",
]
BAD_CODES = ["44054007", "73211008", "X40J4", "1234", "271649006A", "99999999999999999999"]


def soil(
    people: People, record: Record, events: dict[str, Array], rng: np.random.Generator
) -> dict[str, Array]:
    """Spoil a few of a practice's events.

    Adds ``style`` (0 day, 1 month, 2 year) and ``dirt`` (index into KINDS, or -1). Invalid codes replace the code;
    duplicates are further, identical rows.
    """
    n = len(events["who"])
    out = dict(events)
    dirt = np.full(n, -1, dtype=np.int8)
    style = np.zeros(n, dtype=np.int8)
    number = record.vocabulary.number
    hba1c = np.isin(out["code"], [number(c) for c in codes.codes("hba1c")])
    percent = hba1c & (rng.random(n) < (0.12 if people.plan.index % 9 == 4 else 0.004))
    out["value"] = np.where(percent, np.round(out["value"] * 0.0915 + 2.15, 1), out["value"])
    out["unit"] = np.where(percent, UNITS.index("%"), out["unit"])
    dirt[percent] = 0
    bare = (out["unit"] > 0) & (dirt < 0) & ~hba1c & (rng.random(n) < 0.002)
    out["unit"] = np.where(bare, 0, out["unit"])
    dirt[bare] = 1
    diagnoses = np.array(sorted({number(c) for x in CONDITIONS for c in codes.codes(x.name)}))
    vague = np.isin(out["code"], diagnoses) & (dirt < 0) & (out["day"] < clock.day(2012))
    roll = rng.random(n)
    year = vague & (roll < 0.22)
    month = vague & (roll >= 0.22) & (roll < 0.30)
    style[year], style[month] = 2, 1
    dirt[year], dirt[month] = 2, 3
    bad = (dirt < 0) & (rng.random(n) < 0.0003)
    words = np.array([number(w) for w in BAD_CODES], dtype=np.int32)
    out["code"] = np.where(bad, words[rng.integers(0, len(words), n)], out["code"]).astype(np.int32)
    dirt[bad] = 4
    weight = (
        np.isin(out["code"], [number(c) for c in codes.codes("weight")])
        & (dirt < 0)
        & (rng.random(n) < 0.001)
    )
    out["value"] = np.where(weight, out["value"] * 10, out["value"])
    dirt[weight] = 6
    twice = np.flatnonzero((dirt < 0) & (rng.random(n) < 0.004))
    out["style"], out["dirt"] = style, dirt
    joined = {k: np.concatenate([v, v[twice]]) for k, v in out.items()}
    joined["dirt"][n:] = 5
    order = np.lexsort((joined["day"], joined["who"]))
    return {k: v[order] for k, v in joined.items()}
