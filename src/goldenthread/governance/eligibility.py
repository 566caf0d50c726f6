"""Who may be asked about: the first join of every question."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from goldenthread.governance.purposes import Purpose, named_purpose
from goldenthread.lake import Snapshot

# The latest decision counts; of two on one day, the dissent (nobody is to be used against their wish by a tie).
_OPTED_OUT = """
SELECT pid FROM (
    SELECT pid, status,
           row_number() OVER (PARTITION BY pid ORDER BY date DESC, CASE status WHEN 'dissent' THEN 0 ELSE 1 END) AS line
    FROM opt_out WHERE date <= $as_at
) AS decisions WHERE line = 1 AND status = 'dissent'
"""
_REGISTERED = """
SELECT DISTINCT r.pid FROM registration AS r JOIN person AS p ON p.pid = r.pid
WHERE r.start_date <= $as_at AND (r.end_date IS NULL OR r.end_date > $as_at)
  AND (p.death_date IS NULL OR p.death_date > $as_at)
"""
# A person belongs to the practice they registered with last.
_OF_PRACTICES = """
SELECT pid FROM (
    SELECT pid, practice, row_number() OVER (PARTITION BY pid ORDER BY start_date DESC, practice DESC) AS line
    FROM registration WHERE start_date <= $as_at AND (end_date IS NULL OR end_date > $as_at)
) AS lines WHERE line = 1 AND list_contains($practices, practice)
"""
_LAST_DAY = date(9999, 12, 31)


def eligible(
    purpose: str | Purpose,
    snapshot: Snapshot,
    as_at: date | None = None,
    *,
    without_practices: Collection[str] = (),
) -> pa.Array:
    """Person numbers (int32, rising) that may be asked about for this purpose.

    Where the purpose honours Type 1 opt-outs, people whose latest decision is a dissent leave. ``as_at`` looks at decisions up to
    that day only; without it every decision known counts, which is right for a question about the past as well:
    an opt-out made today holds for it. ``without_practices`` leaves out people registered (on ``as_at``, or now) with
    practices that do not share for this purpose.

    The person may be registered or not: see ``coverage`` for those who are. Raises ``GovernanceError`` for an unknown purpose.
    """
    chosen = named_purpose(purpose)
    day = as_at or _LAST_DAY
    leaving: list[str] = []
    values: dict[str, object] = {}
    if chosen.type_1:
        leaving.append(_OPTED_OUT)
        values["as_at"] = day
    if without_practices:
        leaving.append(_OF_PRACTICES)
        values |= {"as_at": day, "practices": sorted(without_practices)}
    except_these = "".join(f" AND pid NOT IN ({sql})" for sql in leaving)
    sql = f"SELECT pid FROM person WHERE TRUE{except_these} ORDER BY pid"
    return _pids(snapshot, sql, values)


def registered_on(snapshot: Snapshot, as_at: date) -> pa.Array:
    """Person numbers (int32, rising) of people registered with a practice here and alive on ``as_at``."""
    return _pids(snapshot, f"SELECT pid FROM ({_REGISTERED}) AS found ORDER BY pid", {"as_at": as_at})


def _pids(snapshot: Snapshot, sql: str, values: dict[str, object]) -> pa.Array:
    connection = snapshot.connect(only=("person", "registration", "opt_out"))
    try:
        column = connection.sql(sql, params=values).to_arrow_table().column("pid")
    finally:
        connection.close()
    return column.combine_chunks().cast(pa.int32())


@dataclass(frozen=True)
class Coverage:
    """How many of the people registered on a day may be asked about. Exact figures: release them before they are shown."""

    purpose: str
    registered: int
    eligible: int

    @property
    def share(self) -> float | None:
        """Eligible as a fraction of registered; ``None`` where nobody is registered."""
        return self.eligible / self.registered if self.registered else None

    @property
    def words(self) -> str:
        """The share in words, rounded so that it tells of no single person in a thousand.

        >>> Coverage("planning", 2000, 1950).words
        'about 98% of the people registered; Type 1 opt-outs have left'
        """
        purpose = named_purpose(self.purpose)
        if self.share is None:
            return "nobody is registered"
        if not purpose.type_1 and self.share == 1:
            return "everybody registered"
        left = (
            "Type 1 opt-outs have left" if purpose.type_1 else "some practices do not share for this purpose"
        )
        percent = 100 * self.share
        about = (
            "more than 99%" if percent > 99 else "less than 1%" if percent < 1 else f"about {percent:.0f}%"
        )
        return f"{about} of the people registered; {left}"


def coverage(
    purpose: str | Purpose, snapshot: Snapshot, as_at: date, *, without_practices: Collection[str] = ()
) -> Coverage:
    """How many people registered on ``as_at`` may be asked about for this purpose."""
    import numpy as np

    may = eligible(purpose, snapshot, without_practices=without_practices).to_numpy()
    registered = registered_on(snapshot, as_at).to_numpy()
    both = np.isin(registered, may, assume_unique=True)
    return Coverage(named_purpose(purpose).name, len(registered), int(both.sum()))
