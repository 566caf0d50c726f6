"""What people can be counted by: categorical facts, and age bands."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from goldenthread.cohorts.errors import CohortError
from goldenthread.definitions.expressions import Variable
from goldenthread.lake import Snapshot
from goldenthread.model import value_set

NOT_KNOWN = "Not known"
ALL = "All"
MOST_GROUPS = 2_000

AGE_BANDS = ("0-17", "18-39", "40-64", "65-74", "75-84", "85+")
_AGE_BAND_SQL = (
    "CASE WHEN age IS NULL THEN NULL WHEN age < 18 THEN '0-17' WHEN age < 40 THEN '18-39' WHEN age < 65 THEN '40-64' "
    "WHEN age < 75 THEN '65-74' WHEN age < 85 THEN '75-84' ELSE '85+' END"
)

DIMENSIONS_MADE_HERE: Mapping[str, str] = {"age_band": "age in bands: " + ", ".join(AGE_BANDS)}
"""Dimensions that are not facts themselves."""

_NUMBERS_WITH_GROUPS = {"imd_decile": 10, "imd_quintile": 5}
_NAMES = {
    "practice": ("practice", "practice", "name"),
    "pcn": ("pcn", "pcn", "name"),
    "place": ("place", "place", "name"),
    "lsoa": ("lsoa", "lsoa", "name"),
    "msoa": ("lsoa", "msoa", "msoa_name"),
    "district": ("lsoa", "district", "district_name"),
}
_CODED = {"sex": "sex", "ethnicity": "ethnicity_2001"}


@dataclass(frozen=True)
class Dimension:
    """One way of dividing people: SQL for the group's code, the facts it needs, and what the codes are called."""

    name: str
    sql: str
    needs: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()

    @property
    def named(self) -> bool:
        """Whether codes have names of their own, shown beside them."""
        return bool(self.names)


def dimension(name: str, known: Mapping[str, Variable], snapshot: Snapshot) -> Dimension:
    """The dimension called ``name``; ``CohortError`` where there is none, or where the fact has no groups."""
    if name == "age_band":
        return Dimension(name, _AGE_BAND_SQL, ("age",), order=AGE_BANDS)
    variable = known.get(name)
    if variable is None:
        choices = [*DIMENSIONS_MADE_HERE, *(n for n, v in known.items() if v.kind in ("text", "truth"))]
        near = difflib.get_close_matches(name, [*choices, *_NUMBERS_WITH_GROUPS], n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise CohortError(
            f"There is nothing called {name!r} to count people by.",
            f"{hint}Examples: pcn, practice, imd_quintile, sex, age_band, ethnic_group.",
        )
    if variable.kind == "truth":
        return Dimension(
            name, f"CASE WHEN coalesce({name}, FALSE) THEN 'yes' ELSE 'no' END", (name,), order=("yes", "no")
        )
    if name in _NUMBERS_WITH_GROUPS:
        order = tuple(str(n + 1) for n in range(_NUMBERS_WITH_GROUPS[name]))
        return Dimension(name, f"CAST({name} AS VARCHAR)", (name,), order=order)
    if variable.kind != "text":
        what = "a date" if variable.kind == "date" else "a number"
        raise CohortError(
            f"{name} is {what}, which has no groups to count people by.",
            "Write a condition on it instead, or define a segmentation that puts it into bands.",
        )
    names = _names(name, snapshot)
    return Dimension(name, name, (name,), names, () if names else variable.values)


def _names(name: str, snapshot: Snapshot) -> dict[str, str]:
    if name in _CODED:
        return dict(value_set(_CODED[name]).codes)
    if name not in _NAMES:
        return {}
    key = (str(snapshot.path), name)
    if key not in _read:  # a snapshot never changes
        if len(_read) > 100:
            _read.clear()
        table, code, column = _NAMES[name]
        connection = snapshot.connect(only=(table,))
        try:
            found = connection.execute(f"SELECT DISTINCT {code}, {column} FROM {table}").fetchall()
        finally:
            connection.close()
        _read[key] = dict(found)
    return _read[key]


_read: dict[tuple[str, str], dict[str, str]] = {}
