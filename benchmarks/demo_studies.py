"""Studies invented on the people of a demo: their own ages, areas, medicines and histories of emergency care.

Used by ``coverage.py --home HOME``. What the people did is as the lake has it, month by month; what is invented is
who is helped, from when, and what the help does: each attendance and emergency admission of a helped person after
entry is kept with the planted probability (or, for a harm, repeated with it). So the planted rate ratio is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from goldenthread.evaluation.followup import add_months
from goldenthread.evaluation.study import Outcome, Study
from goldenthread.lake import Lake

QUARTERS = 4
COVARIATES = ["age", "sex", "deprivation", "medicines", "recent", "earlier", "admitted"]
_PEOPLE = """
SELECT p.pid, date_diff('year', p.birth_month, $first::DATE) AS age, p.sex, p.death_date, r.practice, r.start_date,
       r.end_date, l.imd_decile AS deprivation, coalesce(m.medicines, 0) AS medicines
FROM person p
JOIN registration r ON r.pid = p.pid AND r.start_date <= $begin::DATE AND (r.end_date IS NULL OR r.end_date > $first::DATE)
LEFT JOIN (SELECT pid, arg_max(lsoa, start_date) AS lsoa FROM address WHERE start_date <= $first::DATE GROUP BY pid) a
    ON a.pid = p.pid
LEFT JOIN lsoa l ON l.lsoa = a.lsoa
LEFT JOIN (SELECT pid, count(DISTINCT code) AS medicines FROM medication WHERE date BETWEEN $begin::DATE AND $first::DATE
           GROUP BY pid) m ON m.pid = p.pid
WHERE p.sex IN ('1', '2') AND l.imd_decile IS NOT NULL AND (p.death_date IS NULL OR p.death_date > $first::DATE)
  AND date_diff('year', p.birth_month, $first::DATE) >= 18
QUALIFY row_number() OVER (PARTITION BY p.pid ORDER BY r.start_date DESC) = 1
ORDER BY p.pid
"""


@dataclass(frozen=True)
class DemoPeople:
    """Adults registered throughout the year before anybody enters, and their emergency care."""

    people: pd.DataFrame
    pid: np.ndarray  # of each event, as the row of its person
    day: np.ndarray
    admission: np.ndarray
    data_from: np.datetime64
    data_to: np.datetime64

    @property
    def entries(self) -> tuple[np.datetime64, int]:
        """The first day somebody may enter, and for how many days after it they may."""
        first = add_months(np.array([self.data_from]), 3 * QUARTERS)[0]
        last = add_months(np.array([self.data_to + 1]), -3 * QUARTERS)[0]
        return first, int((last - first).astype(int)) + 1


def read_demo(home: Path) -> DemoPeople:
    """Read a demo home's lake. The year and more after the first month of data is the time for entering."""
    snapshot = Lake(home / "lake").current()
    with snapshot.connect() as lake:
        events = lake.execute(
            "SELECT pid, date, false AS admission FROM emergency_attendance UNION ALL "
            "SELECT pid, date, true FROM admission WHERE emergency ORDER BY pid, date, admission"
        ).df()
        begin = np.datetime64(events["date"].min(), "D").astype("M8[M]").astype("M8[D]")
        end = np.datetime64(events["date"].max(), "D").astype("M8[M]").astype("M8[D]") - 1  # last whole month
        first = add_months(np.array([begin]), 3 * QUARTERS)[0]
        people = lake.execute(_PEOPLE, {"begin": str(begin), "first": str(first)}).df()
    row = pd.Index(people["pid"]).get_indexer(events["pid"])
    known = (row >= 0) & (events["date"].to_numpy().astype("M8[D]") <= end)
    return DemoPeople(
        people, row[known], events["date"].to_numpy().astype("M8[D]")[known],
        events["admission"].to_numpy(bool)[known], begin, end,
    )  # fmt: skip


def plant(
    demo: DemoPeople, effect: float, rng: np.random.Generator, *, treated: int
) -> tuple[Study, np.ndarray]:
    """A study with a planted rate ratio, and each person's attendances a year after entry without help."""
    people, n = demo.people, len(demo.people)
    first, span = demo.entries
    start = first + rng.integers(0, span, n)
    since = (demo.day - start[demo.pid]).astype(int)
    attended = ~demo.admission

    def seen(low: int, high: int, which: np.ndarray) -> np.ndarray:
        return np.bincount(demo.pid[which & (low <= since) & (since < high)], minlength=n)

    recent, earlier, admitted = (
        seen(-91, 0, attended),
        seen(-365, -91, attended),
        seen(-365, 0, demo.admission),
    )
    ends = people[["death_date", "end_date"]].apply(pd.to_datetime).min(axis=1).to_numpy().astype("M8[D]")
    there = np.isnat(ends) | (ends >= start)
    lean = (
        0.015 * (people["age"] - 60) + 0.05 * people["medicines"] - 0.05 * people["deprivation"]
        + 0.6 * np.minimum(recent, 4) + 0.3 * np.minimum(earlier, 8) + 0.3 * np.minimum(admitted, 4)
    ).to_numpy() + rng.logistic(size=n)  # fmt: skip
    lean[~there] = -np.inf
    chosen = np.zeros(n, dtype=bool)
    chosen[np.argsort(-lean)[:treated]] = True
    until = np.minimum(np.where(np.isnat(ends), demo.data_to, ends), add_months(start, 3 * QUARTERS) - 1)
    without = np.bincount(
        demo.pid[attended & (since >= 0) & (demo.day <= until[demo.pid])], minlength=n
    ) / np.maximum((until - start).astype(int) + 1, 1) * 365.25  # fmt: skip
    touched = chosen[demo.pid] & (since >= 0)
    kept = (rng.random(len(since)) < min(effect, 1.0)) | ~touched
    times = 1 + (touched & (rng.random(len(since)) < effect - 1))
    frame = people.drop(columns=["death_date", "start_date", "end_date"]).assign(
        pid=np.arange(n), recent=np.minimum(recent, 4), earlier=np.minimum(earlier, 8),
        admitted=np.minimum(admitted, 4), exit=ends.astype("M8[s]"),
        exit_reason=np.where(np.isnat(ends), None, np.where(people["death_date"].notna(), "died", "left")),
        measured=(start - 1).astype("M8[s]"),
    )  # fmt: skip
    day = pd.Series(start.astype("M8[s]"))
    others = ~chosen & there
    events = [
        pd.DataFrame({"pid": demo.pid[w], "date": demo.day[w].astype("M8[s]"), "count": times[w]})
        for w in (kept & attended, kept & demo.admission)
    ]
    return Study(
        treated=frame[chosen].assign(entry=day[chosen]),
        candidates=frame[others].assign(start=day[others], eligible_from=day[others], eligible_to=day[others]),
        covariates=COVARIATES,
        outcomes=[Outcome("attendances", events[0]), Outcome("emergency admissions", events[1])],
        data_from=pd.Timestamp(demo.data_from).date(), data_to=pd.Timestamp(demo.data_to).date(),
        quarters_before=QUARTERS, quarters_after=QUARTERS,
    ), without  # fmt: skip


def summary(demo: DemoPeople) -> str:
    """What the studies are made from, in one line."""
    first, span = demo.entries
    return (
        f"{len(demo.people):,} adults of a demo, {int((~demo.admission).sum()):,} attendances and "
        f"{int(demo.admission.sum()):,} emergency admissions from {demo.data_from} to {demo.data_to}; "
        f"entries over {span} days from {first}"
    )
