"""The frames the gallery is drawn from, read from the lake of a demo home. Nothing here is shown before release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from goldenthread.evaluation import MatchedComparison, Outcome, Study, compare
from goldenthread.lake import Lake

AGES = [f"{a}-{a + 4}" for a in range(0, 90, 5)] + ["90+"]
GROUPS = ["Children", "No regular medicine", "1 to 4 medicines", "5 to 9 medicines", "10 or more medicines"]
USE = ["No", "One", "Two or three", "Four or more"]

_REGISTERED = """
SELECT p.pid, date_diff('month', p.birth_month, $at) // 12 AS age, p.sex, r.practice, pr.pcn, a.lsoa, l.imd_decile,
       l.district, a.care_home, coalesce(m.n, 0) AS medicines, coalesce(e.n, 0) AS attended, coalesce(d.n, 0) AS admitted
FROM person p
JOIN (SELECT pid, arg_max(practice, start_date) AS practice FROM registration
      WHERE start_date <= $at AND (end_date IS NULL OR end_date > $at) GROUP BY pid) r ON r.pid = p.pid
JOIN practice pr ON pr.practice = r.practice
LEFT JOIN (SELECT pid, arg_max(lsoa, start_date) AS lsoa, arg_max(care_home, start_date) AS care_home
           FROM address WHERE start_date <= $at GROUP BY pid) a ON a.pid = p.pid
LEFT JOIN lsoa l ON l.lsoa = a.lsoa
LEFT JOIN (SELECT pid, count(DISTINCT code) AS n FROM medication
           WHERE date > $at::DATE - INTERVAL 6 MONTH AND date <= $at AND issue_type = 'repeat' GROUP BY pid) m ON m.pid = p.pid
LEFT JOIN (SELECT pid, count(*) AS n FROM emergency_attendance
           WHERE date > $at::DATE - INTERVAL 1 YEAR AND date <= $at GROUP BY pid) e ON e.pid = p.pid
LEFT JOIN (SELECT pid, count(*) AS n FROM admission
           WHERE emergency AND date > $at::DATE - INTERVAL 1 YEAR AND date <= $at GROUP BY pid) d ON d.pid = p.pid
WHERE p.death_date IS NULL OR p.death_date > $at
ORDER BY p.pid
"""

_EVENTS = """
SELECT 'gp' AS service, date AS start, NULL::DATE AS "end", mode AS detail FROM appointment
    WHERE pid = $pid AND status = 'attended'
UNION ALL SELECT CASE service WHEN '999' THEN 'ambulance' ELSE 'urgent_call' END, date, NULL, reason FROM urgent_call
    WHERE pid = $pid
UNION ALL SELECT 'ae', date, NULL, CASE department_type WHEN '01' THEN 'Type 1' WHEN '03' THEN 'Urgent treatment centre' END
    FROM emergency_attendance WHERE pid = $pid
UNION ALL SELECT CASE WHEN emergency THEN 'emergency_admission' ELSE 'elective_admission' END, date, discharge_date,
    primary_diagnosis FROM admission WHERE pid = $pid
UNION ALL SELECT 'outpatient', date, NULL, NULL FROM outpatient WHERE pid = $pid AND attended IN ('5', '6')
UNION ALL SELECT 'community', date, NULL, NULL FROM community_contact WHERE pid = $pid
UNION ALL SELECT 'mental_health', date, NULL, NULL FROM mental_health_contact WHERE pid = $pid
UNION ALL SELECT 'social_care', start_date, end_date, service_type FROM social_care
    WHERE pid = $pid AND event_type = 'service' AND end_date IS NOT NULL
UNION ALL SELECT 'social_prescribing', date, NULL, outcome FROM contact WHERE pid = $pid
ORDER BY start, service
"""


class DemoFigures:
    """What a demo home holds, asked for as each chart needs it."""

    def __init__(self, home: Path) -> None:
        self.lake: Any = Lake(home / "lake").current().connect()
        first, last = self.lake.execute("SELECT min(date), max(date) FROM emergency_attendance").fetchall()[0]
        self.begin = pd.Timestamp(first).replace(day=1)
        self.end = pd.Timestamp(last).replace(day=1) - pd.Timedelta(days=1)  # last whole month
        if pd.Timestamp(last).is_month_end:
            self.end = pd.Timestamp(last)
        self.now = self.registered(self.end)
        self.earlier = self.registered(self.end - pd.DateOffset(years=1))

    def ask(self, sql: str, **given: Any) -> pd.DataFrame:
        """The answer to one question as a frame."""
        answer: pd.DataFrame = self.lake.execute(sql, given or None).df()
        return answer

    def registered(self, at: pd.Timestamp) -> pd.DataFrame:
        """Everybody registered and alive on a day, with their group and their use of A&E in the year before."""
        people = self.ask(_REGISTERED.replace("$at", f"DATE '{at:%Y-%m-%d}'"))
        group = np.select(
            [people["age"] < 18, people["medicines"] == 0, people["medicines"] < 5, people["medicines"] < 10],
            GROUPS[:4], GROUPS[4],
        )  # fmt: skip
        use = np.select(
            [people["attended"] == 0, people["attended"] == 1, people["attended"] < 4], USE[:3], USE[3]
        )
        band = [AGES[min(int(a) // 5, 18)] for a in people["age"]]
        return people.assign(group=group, use=use, band=band)

    def one_person(self) -> pd.DataFrame:
        """The events of somebody seen by many services: the most services among those with 60 to 140 events."""
        seen = self.ask("""
            WITH seen AS (
                SELECT pid, 'gp' AS s FROM appointment WHERE date > '2024-10-01' AND status = 'attended'
                UNION ALL SELECT pid, service FROM urgent_call UNION ALL SELECT pid, 'ae' FROM emergency_attendance
                UNION ALL SELECT pid, CASE WHEN emergency THEN 'em' ELSE 'el' END FROM admission
                UNION ALL SELECT pid, 'op' FROM outpatient UNION ALL SELECT pid, 'co' FROM community_contact
                UNION ALL SELECT pid, 'mh' FROM mental_health_contact UNION ALL SELECT pid, 'in' FROM contact
                UNION ALL SELECT pid, 'sc' FROM social_care WHERE event_type = 'service' AND end_date IS NOT NULL)
            SELECT pid, count(DISTINCT s) AS services, count(*) AS events FROM seen GROUP BY pid
            HAVING count(*) BETWEEN 60 AND 140 ORDER BY services DESC, events, pid LIMIT 1""")
        frame = self.ask(_EVENTS.replace("$pid", str(int(seen["pid"].iloc[0]))))
        frame["start"], frame["end"] = pd.to_datetime(frame["start"]), pd.to_datetime(frame["end"])
        frame["detail"] = frame["detail"].astype(object).where(frame["detail"].notna(), None)
        frame.insert(0, "event", range(len(frame)))
        return frame

    def monthly(self, where: str = "true") -> pd.DataFrame:
        """A&E attendances by whole month, and how many of them took four hours or less."""
        return self.ask(f"""
            SELECT date_trunc('month', e.date)::DATE AS month, count(*) AS attendances,
                   count(*) FILTER (minutes_in_department <= 240) AS within
            FROM emergency_attendance e JOIN person p USING (pid)
            WHERE {where} AND date <= DATE '{self.end:%Y-%m-%d}' GROUP BY 1 ORDER BY 1""")

    def by_frequency(self, people: pd.DataFrame, column: str = "attended") -> dict[int, np.ndarray]:
        """How many in each age band had exactly so many events, for a rate whose events are not independent."""
        known = people[people[column] > 0]
        return {
            int(f): part["band"].value_counts().reindex(AGES, fill_value=0).to_numpy()
            for f, part in known.groupby(column)
        }

    def falls(self) -> MatchedComparison:
        """Those invited to the falls service of the demo, and others weighted to be like them in the same month."""
        invited = self.ask("SELECT pid, min(date) AS entry FROM contact WHERE initiative = 'Falls prevention' "
                           "GROUP BY pid ORDER BY pid")  # fmt: skip
        people = self.ask(
            "SELECT pid, birth_month, sex, death_date FROM person WHERE birth_month < '1959-01-01' ORDER BY pid"
        )
        entry = pd.to_datetime(people["pid"].map(invited.set_index("pid")["entry"]))
        people = people.assign(entry=entry)
        months = pd.date_range(entry.min().replace(day=1), entry.max(), freq="MS") + pd.Timedelta(days=14)
        helped = people[entry.notna()].assign(start=entry, treated=True)
        others = people.merge(pd.DataFrame({"start": months, "treated": False}), how="cross")
        people = pd.concat([helped, others[~(others["start"] >= others["entry"])]], ignore_index=True)
        self.lake.register("asked", people[["pid", "start"]].drop_duplicates())
        known = self.ask("""
            SELECT a.pid, a.start, any_value(l.imd_decile) AS deprivation,
                (SELECT count(DISTINCT code) FROM medication m WHERE m.pid = a.pid AND m.date < a.start
                 AND m.date >= a.start - INTERVAL 6 MONTH) AS medicines,
                (SELECT count(*) FROM emergency_attendance e WHERE e.pid = a.pid AND e.date < a.start
                 AND e.date >= a.start - INTERVAL 9 MONTH) AS attendances,
                (SELECT count(*) FROM emergency_attendance e WHERE e.pid = a.pid AND e.date < a.start
                 AND e.date >= a.start - INTERVAL 3 MONTH) AS attendances_3_months,
                (SELECT count(*) FROM urgent_call e WHERE e.pid = a.pid AND e.date < a.start
                 AND e.date >= a.start - INTERVAL 9 MONTH) AS urgent_calls,
                (SELECT count(*) FROM admission d WHERE d.pid = a.pid AND d.emergency AND d.date < a.start
                 AND d.date >= a.start - INTERVAL 9 MONTH) AS emergency_admissions,
                (SELECT count(*) FROM appointment g WHERE g.pid = a.pid AND g.status = 'attended' AND g.date < a.start
                 AND g.date >= a.start - INTERVAL 9 MONTH) AS appointments,
                any_value(r.end_date) AS left_on
            FROM asked a JOIN registration r ON r.pid = a.pid AND r.start_date <= a.start - INTERVAL 9 MONTH
                AND (r.end_date IS NULL OR r.end_date >= a.start)
            LEFT JOIN address h ON h.pid = a.pid AND h.start_date <= a.start AND (h.end_date IS NULL OR h.end_date >= a.start)
            LEFT JOIN lsoa l USING (lsoa) GROUP BY a.pid, a.start ORDER BY a.pid""")
        frame = people.merge(known, on=["pid", "start"])
        frame = frame[frame["death_date"].isna() | (pd.to_datetime(frame["death_date"]) >= frame["start"])]
        frame["age"] = (frame["start"] - pd.to_datetime(frame["birth_month"])).dt.days // 365
        frame["exit"] = frame[["death_date", "left_on"]].apply(pd.to_datetime).min(axis=1)
        frame["exit_reason"] = np.where(
            frame["exit"].isna(), None, np.where(frame["death_date"].notna(), "died", "left")
        )
        frame = frame.dropna(subset=["deprivation"]).assign(
            measured=lambda f: f["start"] - pd.Timedelta(days=1)
        )
        treated = frame["treated"]
        columns = ["age", "sex", "deprivation", "medicines", "attendances", "attendances_3_months", "urgent_calls",
                   "emergency_admissions", "appointments"]  # fmt: skip
        events = self.ask("SELECT pid, date FROM emergency_attendance ORDER BY pid, date")
        return compare(Study(
            treated=frame[treated].drop(columns=["start", "treated"]),
            candidates=frame[~treated].drop(columns=["entry", "treated"]).assign(
                eligible_from=frame["start"], eligible_to=frame["start"]),
            covariates=columns, outcomes=[Outcome("A&E attendances", events)],
            data_from=self.begin.date(), data_to=self.end.date(), quarters_before=3, quarters_after=4,
        ), method="entropy")  # fmt: skip
