"""How people live together: alone, in families, in large households; from the pseudonym of the household in the address feed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from goldenthread.cohorts import Population, Scope
from goldenthread.disclosure import ReleasedTable, release
from goldenthread.insight.profile.cube import LEVELS, Cube
from goldenthread.insight.profile.figures import policy_of

_NOT_HOMES = 12
"""More people than this at one address is a home or a hostel, not a household."""

TITLES = {
    "alone": "People who live alone",
    "alone_65_plus": "People aged 65 and over who live alone",
    "five_or_more": "People in households of five or more",
}
_NOTE = (
    "Only people registered here are counted, so somebody who lives with a person registered elsewhere can seem to live "
    "alone. Addresses with more than 12 people are left out."
)


def households_of(population: Population, cube: Cube, scope: Scope, *, coverage: str = "") -> ReleasedTable:
    """People by the size of their household, of those whose household is known."""
    counts = _counts(population.whole, cube)
    here = cube.units(scope)
    known, older = int(counts["known"][here].sum()), int(counts["known_65_plus"][here].sum())
    rows = [
        (n, TITLES[n], int(counts[n][here].sum()), older if n == "alone_65_plus" else known) for n in TITLES
    ]
    frame = pd.DataFrame(rows, columns=["household", "title", "people", "of"])
    frame["share"] = 100 * frame["people"] / frame["of"].where(frame["of"] > 0)
    return release(
        frame, policy=policy_of(population), counts=["people", "of"], dimensions=["household"],
        not_additive=["household"], rates={"share": ("people", "of")}, kinds={"title": "text", "share": "proportion"},
        purpose=population.purpose.title, source="GP address feed, by household pseudonym",
        data_date=population.data_date, coverage=coverage, notes=(_NOTE,),
    )  # fmt: skip


def _counts(whole: Population, cube: Cube) -> dict[str, np.ndarray]:
    if "households" not in cube.more:
        cube.more["households"] = _counted(whole, cube)
    return cube.more["households"]  # type: ignore[return-value]


def _counted(whole: Population, cube: Cube) -> dict[str, np.ndarray]:
    """Counts by unit of the cube; the household is looked up for those alone who may be asked about."""
    level = LEVELS[cube.tree][0]
    table = whole.query(f"pid, {level}, age, care_home", (level, "age", "care_home"))
    pids = table.column("pid").to_numpy()
    connection = whole.snapshot.connect(only=("person",))
    try:
        rows = connection.sql(
            "SELECT pid, household FROM person WHERE household IS NOT NULL"
        ).to_arrow_table()
    finally:
        connection.close()
    house, _ = pd.factorize(rows.column("household").to_pandas())
    of_pid = np.full(int(max(pids.max(initial=0), rows.column("pid").to_numpy().max(initial=0))) + 1, -1)
    of_pid[rows.column("pid").to_numpy()] = house
    mine = of_pid[pids]
    size = np.bincount(mine[mine >= 0], minlength=1)
    of_house = np.where(mine >= 0, size[np.maximum(mine, 0)], 0)
    home = table.column("care_home").to_pandas().fillna(False).to_numpy(bool)
    known = (of_house > 0) & (of_house <= _NOT_HOMES) & ~home
    older = table.column("age").to_pandas().fillna(0).to_numpy() >= 65
    codes = sorted({str(c) for c in cube.labels[level]})
    units = np.searchsorted(codes, table.column(level).to_pandas().fillna("").astype(str).to_numpy())
    what = {
        "known": known, "known_65_plus": known & older, "alone": known & (of_house == 1),
        "alone_65_plus": known & older & (of_house == 1), "five_or_more": known & (of_house >= 5),
    }  # fmt: skip
    return {n: np.bincount(units[who], minlength=len(codes)) for n, who in what.items()}
