"""Who lives here: how many, how old, in what households, speaking which language, more or fewer than a year ago."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from goldenthread.cohorts import CohortError, Population, Scope
from goldenthread.disclosure import ReleasedTable, release
from goldenthread.insight.profile.cube import AGE_BANDS, LEVELS, SEXES, Cube, fingerprint
from goldenthread.insight.profile.figures import policy_of
from goldenthread.insight.profile.reference import england_ages

LANGUAGES = {
    "en": "English", "pl": "Polish", "ro": "Romanian", "lt": "Lithuanian", "lv": "Latvian", "pt": "Portuguese",
    "bg": "Bulgarian", "ru": "Russian", "ur": "Urdu", "pa": "Punjabi", "bn": "Bengali", "gu": "Gujarati",
    "ar": "Arabic", "so": "Somali", "tr": "Turkish", "uk": "Ukrainian", "hu": "Hungarian", "es": "Spanish",
    "fr": "French", "it": "Italian", "zh": "Chinese", "ta": "Tamil", "fa": "Farsi", "ku": "Kurdish", "sq": "Albanian",
}  # fmt: skip
"""Names of ISO 639-1 codes; a code without a name here is shown as it is."""

MOST_LANGUAGES = 8


@dataclass(frozen=True)
class Growth:
    """People now and a year earlier, as shown; ``percent`` is the change."""

    now: int | None
    before: int | None
    day: date | None

    @property
    def percent(self) -> float | None:
        """The change in per cent; ``None`` where either is hidden or there was nobody."""
        return 100 * (self.now / self.before - 1) if self.now is not None and self.before else None

    @property
    def words(self) -> str:
        """The change in words.

        >>> Growth(1010, 1000, None).words
        '+1.0% in a year'
        """
        if self.percent is None:
            return "change over a year not available"
        return f"{self.percent:+.1f}% in a year" if abs(self.percent) >= 0.05 else "as many as a year ago"


def ages_of(population: Population, cube: Cube, scope: Scope, *, coverage: str = "") -> ReleasedTable:
    """People by five-year age and sex, with England's beside: what the pyramid is drawn from."""
    counts = cube.by_age_and_sex(cube.units(scope))
    rows = [
        {"age": band, "sex": sex, "people": int(counts[n, m]), "england": england_ages()[band][m]}
        for n, band in enumerate(AGE_BANDS)
        for m, sex in enumerate(SEXES[:2])
    ]
    return _release(
        population, pd.DataFrame(rows), ["age", "sex"], ["people"], {"england": "value"},
        "GP registrations; England: people registered, 1 August 2026 (NHS England)", coverage,
    )  # fmt: skip


def growth_of(
    population: Population, cube: Cube, scope: Scope, *, coverage: str = ""
) -> tuple[ReleasedTable | None, Growth]:
    """People registered now and a year earlier, of those who may be asked about."""
    units = cube.units(scope)
    now = int(cube.people[units].sum())
    before, day = _year_before(population.whole, LEVELS[cube.tree][0])
    if before is None:
        return None, Growth(None, None, None)
    codes = {c for c, here in zip(cube.labels[LEVELS[cube.tree][0]], units, strict=True) if here}
    then = sum(n for code, n in before.items() if code in codes)
    frame = pd.DataFrame({"day": [day.isoformat(), population.index_date.isoformat()], "people": [then, now]})  # type: ignore[union-attr]
    table = _release(population, frame, ["day"], ["people"], {}, "GP registrations", coverage)
    shown = [None if pd.isna(x) else int(x) for x in table.frame["people"]]
    return table, Growth(shown[1], shown[0], day)


_earlier: OrderedDict[tuple[object, ...], tuple[list[dict[str, Any]], date] | None] = OrderedDict()
_lock = threading.Lock()


def _year_before(whole: Population, level: str) -> tuple[dict[str, int] | None, date | None]:
    """People of each unit a year earlier; worked out once for both geographies."""
    key = fingerprint(whole)
    with _lock:
        if key not in _earlier:
            _earlier[key] = _looked_up(whole)
            while len(_earlier) > 4:
                _earlier.popitem(last=False)
        known = _earlier[key]
    if known is None:
        return None, None
    found: dict[str, int] = {}
    for row in known[0]:
        found[row[level]] = found.get(row[level], 0) + int(row["people"])
    return found, known[1]


def _looked_up(whole: Population) -> tuple[list[dict[str, Any]], date] | None:
    day = (pd.Timestamp(whole.index_date) - pd.DateOffset(years=1)).date()
    levels = [LEVELS[tree][0] for tree in LEVELS]
    try:
        then = whole.at(day)
        by = ", ".join(f"coalesce({level}, '') AS {level}" for level in levels)
        rows = then.groups("count(*) AS people", levels, by=by).to_pylist()
        then.close()
    except CohortError:  # the data begin later
        return None
    return rows, day


def languages_of(population: Population, *, coverage: str = "") -> ReleasedTable:
    """People by preferred language, commonest first; the rare ones together."""
    if "language" not in population.variables:
        rows: list[dict[str, Any]] = []
    else:
        rows = population.groups(
            "count(*) AS people", ("language",), by="language", where="language IS NOT NULL"
        ).to_pylist()
    rows.sort(key=lambda r: (-r["people"], r["language"]))
    kept, rest = rows[:MOST_LANGUAGES], rows[MOST_LANGUAGES:]
    found = [{"language": LANGUAGES.get(r["language"], r["language"]), "people": r["people"]} for r in kept]
    if rest:
        found.append({"language": "Other languages", "people": sum(r["people"] for r in rest)})
    frame = pd.DataFrame(found, columns=["language", "people"]).astype({"people": np.int64})
    return _release(
        population, frame, ["language"], ["people"], {}, "GP records, where a language is recorded", coverage
    )


def _release(
    population: Population, frame: pd.DataFrame, dimensions: list[str], counts: list[str], kinds: dict[str, str], source: str,
    coverage: str,
) -> ReleasedTable:  # fmt: skip
    return release(
        frame, policy=policy_of(population), counts=counts, dimensions=dimensions, not_additive=dimensions, kinds=kinds,
        purpose=population.purpose.title, source=source, data_date=population.data_date,
        coverage=coverage,
    )  # fmt: skip
