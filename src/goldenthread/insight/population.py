"""How many people each primary care network looks after, and who they are."""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from goldenthread.disclosure import ReleasedTable, release
from goldenthread.governance import Coverage, Purpose, Sharing, eligible, named_purpose
from goldenthread.lake import LakeError, Snapshot
from goldenthread.model import value_set

_COUNTS = (
    "people",
    "under_18",
    "aged_65_plus",
    "aged_85_plus",
    "most_deprived_fifth",
    "minority_ethnic",
    "ethnicity_known",
)

_REGISTERED = """
SELECT practice, count(*) FROM person_summary
WHERE practice IS NOT NULL AND (death_date IS NULL OR death_date > $as_at) GROUP BY practice
"""
_SQL = """
WITH living AS (
    SELECT s.*,
           date_diff('year', s.birth_month, $as_at)
             - (CASE WHEN strftime(s.birth_month, '%m%d') > strftime($as_at, '%m%d') THEN 1 ELSE 0 END) AS age
    FROM person_summary s
    WHERE s.practice IS NOT NULL AND (s.death_date IS NULL OR s.death_date > $as_at)
)
SELECT coalesce(p.name, 'No primary care network') AS pcn,
       count(DISTINCT living.practice) AS practices,
       count(*) AS people,
       count(*) FILTER (age < 18) AS under_18,
       count(*) FILTER (age >= 65) AS aged_65_plus,
       count(*) FILTER (age >= 85) AS aged_85_plus,
       count(*) FILTER (imd_quintile = 1) AS most_deprived_fifth,
       count(*) FILTER (NOT list_contains($white, ethnicity) AND NOT list_contains($unknown, ethnicity)) AS minority_ethnic,
       count(*) FILTER (NOT list_contains($unknown, ethnicity)) AS ethnicity_known
FROM living JOIN eligible USING (pid) LEFT JOIN pcn p ON p.pcn = living.pcn
GROUP BY 1 ORDER BY 1
"""


def population_by_pcn(
    snapshot: Snapshot, *, purpose: str | Purpose = "planning", sharing: Sharing | None = None
) -> ReleasedTable:
    """People registered and alive at the data date, by primary care network, with their age, deprivation and ethnicity mix.

    One row per PCN and a last row "All". Shares are fractions of people; ``minority_ethnic_share`` is of
    people whose ethnicity is known (Z "not stated" and 99 "not known" are neither counted as White nor as
    minority). Deprivation is of the place of residence (IMD quintile 1), the rest of the registration.
    Only people are counted whom ``purpose`` may ask about and whose practice shares (``sharing``); small counts are hidden by the
    disclosure policy of the purpose.
    """
    asked = named_purpose(purpose)
    out = sharing.out if sharing is not None else frozenset()
    as_at = snapshot.data_date
    groups = value_set("ethnicity_2001").groups
    may = eligible(asked, snapshot, without_practices=out, on=as_at)
    with duckdb.connect(str(snapshot.cache()), read_only=True) as connection:
        connection.register("eligible", pa.table({"pid": may}))
        frame = connection.execute(
            _SQL,
            {
                "as_at": as_at,
                "white": list(groups["White"]),
                "unknown": [*groups["Not stated"], *groups["Not known"]],
            },
        ).df()
        registered = connection.execute(_REGISTERED, {"as_at": as_at}).fetchall()
    if frame.empty:
        raise LakeError(
            f"Snapshot {snapshot.id} has no registered people.",
            "Look at `goldenthread status` for feeds that were refused.",
        )
    practices = {str(p) for p, _ in registered}
    whole = sum(n for _, n in registered)
    known = sharing is not None
    covered = Coverage(
        asked.name, int(whole), int(np.sum(frame["people"])), len(practices) if known else None,
        len(practices - out) if known else None,
    )  # fmt: skip
    return _released(frame, asked.disclosure, as_at, covered.words)


def _released(frame: pd.DataFrame, policy: str, as_at: date, coverage: str) -> ReleasedTable:
    total = frame[["practices", *_COUNTS]].sum().to_frame().T
    total.insert(0, "pcn", "All")
    whole = pd.concat([frame, total], ignore_index=True)
    for name in ("under_18", "aged_65_plus", "aged_85_plus", "most_deprived_fifth"):
        whole[f"{name}_share"] = whole[name] / whole["people"]
    whole["minority_ethnic_share"] = whole["minority_ethnic"] / whole["ethnicity_known"].where(
        whole["ethnicity_known"] > 0
    )
    shares = {
        f"{name}_share": (name, "people")
        for name in ("under_18", "aged_65_plus", "aged_85_plus", "most_deprived_fifth")
    }
    shares["minority_ethnic_share"] = ("minority_ethnic", "ethnicity_known")
    return release(
        whole,
        policy=policy,
        dimensions=["pcn"],
        counts=list(_COUNTS),
        rates=shares,
        kinds={"practices": "value", **dict.fromkeys(shares, "proportion")},
        margins={"pcn": "All"},
        source="GP registrations linked to place of residence",
        data_date=as_at,
        coverage=coverage,
    )
