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
# A person's record is that of the practice they registered with last, whether they are still registered or not; and a question
# about a day is not asked about people who were registered on it with a practice that does not share.
_OF_PRACTICES = """
SELECT pid FROM (
    SELECT pid, practice, row_number() OVER (PARTITION BY pid ORDER BY start_date DESC, practice DESC) AS line
    FROM registration WHERE start_date <= $as_at
) AS lines WHERE line = 1 AND list_contains($practices, practice)
"""
_OF_PRACTICES_ON = """
SELECT pid FROM registration WHERE list_contains($practices, practice)
AND start_date <= $day AND (end_date IS NULL OR end_date > $day)
"""
_LAST_DAY = date(9999, 12, 31)


def eligible(
    purpose: str | Purpose,
    snapshot: Snapshot,
    as_at: date | None = None,
    *,
    without_practices: Collection[str] = (),
    on: date | None = None,
) -> pa.Array:
    """Person numbers (int32, rising) that may be asked about for this purpose.

    Where the purpose honours Type 1 opt-outs, people whose latest decision is a dissent leave. ``as_at`` looks at decisions up to
    that day only; without it every decision known counts, which is right for a question about the past as well:
    an opt-out made today holds for it. ``without_practices`` leaves out people of practices that do not share for this purpose: those whose last registration
    is with one of them, and, where the question is about the day ``on``, those registered with one of them on that day.

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
        if on is not None:
            leaving.append(_OF_PRACTICES_ON)
            values["day"] = on
    except_these = "".join(f" AND pid NOT IN ({sql})" for sql in leaving)
    sql = f"SELECT CAST(pid AS INTEGER) AS pid FROM person WHERE TRUE{except_these} ORDER BY pid"
    return _pids(snapshot, sql, values)


def registered_on(snapshot: Snapshot, as_at: date) -> pa.Array:
    """Person numbers (int32, rising) of people registered with a practice here and alive on ``as_at``."""
    return _pids(
        snapshot,
        f"SELECT CAST(pid AS INTEGER) AS pid FROM ({_REGISTERED}) AS found ORDER BY pid",
        {"as_at": as_at},
    )


def _pids(snapshot: Snapshot, sql: str, values: dict[str, object]) -> pa.Array:
    connection = snapshot.connect(only=("person", "registration", "opt_out"))
    try:
        column = connection.sql(sql, params=values).to_arrow_table().column("pid")
    finally:
        connection.close()
    return column.combine_chunks()


@dataclass(frozen=True)
class Coverage:
    """How many of the people registered on a day may be asked about. Exact figures: release them before they are shown.

    ``practices`` is how many practices those registered are with, and ``sharing`` how many of them share what the
    question needs; ``None`` where nothing is known of agreements.
    """

    purpose: str
    registered: int
    eligible: int
    practices: int | None = None
    sharing: int | None = None

    @property
    def share(self) -> float | None:
        """Eligible as a fraction of registered; ``None`` where nobody is registered."""
        return self.eligible / self.registered if self.registered else None

    @property
    def words(self) -> str:
        """The share in words, rounded so that it tells of no single person in a thousand, and why some are left out.

        >>> Coverage("planning", 2000, 1950).words
        'about 98% of the people registered; Type 1 opt-outs have left'
        >>> Coverage("planning", 2000, 1880, practices=9, sharing=8).words
        '8 of 9 practices, about 94% of the people registered; 1 practice does not share for this; Type 1 opt-outs have left'
        """
        if self.share is None:
            return "nobody is registered"
        if not self.why and self.share == 1:
            return "everybody registered"
        percent = 100 * self.share
        about = (
            "more than 99%" if percent > 99 else "less than 1%" if percent < 1 else f"about {percent:.0f}%"
        )
        return f"{self._of_practices}{about} of the people registered; {self.why}"

    @property
    def words_without_share(self) -> str:
        """As ``words``, where the share must not be shown."""
        return f"{self._of_practices}{self.why}; how many people is not shown"

    @property
    def why(self) -> str:
        """Why not everybody is asked about; empty where nothing is known to keep anybody out."""
        reasons = []
        if missing := (self.practices or 0) - (self.sharing or 0):
            verb = "practice does" if missing == 1 else "practices do"
            reasons.append(f"{missing} {verb} not share for this")
        if named_purpose(self.purpose).type_1:
            reasons.append("Type 1 opt-outs have left")
        if not reasons and self.share != 1:
            reasons.append("some practices do not share for this purpose")
        return "; ".join(reasons)

    @property
    def _of_practices(self) -> str:
        if self.practices is None or self.practices == self.sharing:
            return ""
        return f"{self.sharing} of {self.practices} practices, "


def coverage(
    purpose: str | Purpose, snapshot: Snapshot, as_at: date, *, without_practices: Collection[str] = ()
) -> Coverage:
    """How many people registered on ``as_at`` may be asked about for this purpose."""
    import numpy as np

    may = eligible(purpose, snapshot, without_practices=without_practices, on=as_at).to_numpy()
    registered = registered_on(snapshot, as_at).to_numpy()
    both = np.isin(registered, may, assume_unique=True)
    return Coverage(named_purpose(purpose).name, len(registered), int(both.sum()))
