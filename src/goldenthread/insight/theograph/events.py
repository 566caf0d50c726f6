"""One person's contacts read from the lake: each table's rows of that person, from the one file that holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow.parquet as pq

from goldenthread.definitions import Catalogue
from goldenthread.lake import Snapshot
from goldenthread.model import value_set

RESTRICTED: Mapping[str, str] = {"mental_health": "Mental health", "sexual_health": "Sexual health"}
"""Lanes that need a permission of their own."""

_SEEN = ("5", "6")
_SEXUAL_HEALTH = ("360",)
_PSYCHIATRY = (
    "710",
    "711",
    "712",
    "713",
    "715",
    "720",
    "721",
    "722",
    "723",
    "724",
    "725",
    "726",
    "727",
    "730",
)
_CHAPTERS = (
    ("A00", "B99", "infection"), ("C00", "D48", "cancer or another growth"), ("D50", "D89", "blood"),
    ("E00", "E90", "hormones, nutrition and metabolism"), ("G00", "G99", "nervous system"), ("H00", "H59", "eyes"),
    ("H60", "H95", "ears"), ("I00", "I99", "heart and circulation"), ("J00", "J99", "breathing"),
    ("K00", "K93", "digestion"), ("L00", "L99", "skin"), ("M00", "M99", "muscles, bones and joints"),
    ("N00", "N99", "kidneys and urinary system"), ("O00", "O99", "pregnancy and birth"), ("P00", "P96", "newborn"),
    ("R00", "R99", "symptoms"), ("S00", "T98", "injury or poisoning"), ("Z00", "Z99", "other reasons for care"),
)  # fmt: skip
_PRIVATE = (
    ("A50", "A64"),
    ("B20", "B24"),
    ("F00", "F99"),
    ("O04", "O07"),
    ("X60", "X84"),
    ("Z11", "Z11"),
    ("Z30", "Z30"),
)


@dataclass(frozen=True)
class Event:
    """One contact, stay or package. ``end`` is empty for a contact; ``open`` says that it has not ended.

    ``fall`` and ``ambulance`` say what it was about and how the person came; ``night`` that it began at night.
    """

    service: str
    start: date
    end: date | None = None
    open: bool = False
    detail: str = ""
    fall: bool = False
    ambulance: bool = False
    nights: int = 0


@dataclass
class Reader:
    """Reads one person's rows. ``private`` allows reasons of care that are restricted."""

    snapshot: Snapshot
    catalogue: Catalogue
    pid: int
    private: bool = False
    _codes: dict[str, frozenset[Any]] = field(default_factory=dict, repr=False)

    def rows(self, table: str, columns: list[str]) -> list[dict[str, Any]]:
        """The person's rows of a table, oldest first as they are stored."""
        found: list[dict[str, Any]] = []
        for file in self.snapshot.manifest.select(table, "person"):
            if (
                file.first_pid is None
                or file.last_pid is None
                or not file.first_pid <= self.pid <= file.last_pid
            ):
                continue
            read = pq.read_table(
                self.snapshot.path / file.path,
                columns=columns,
                filters=[("pid", "=", self.pid)],
                use_threads=False,
            )
            found += read.to_pylist()
        return found

    def coded(self, codelist: str, code: Any) -> bool:
        """Whether a code is in a codelist; never where the deployment has no such list."""
        if codelist not in self._codes:
            known = self.catalogue.codelists.get(codelist)
            self._codes[codelist] = frozenset(str(c) for c in known.codes) if known else frozenset()
        return code is not None and str(code) in self._codes[codelist]


def _appointments(read: Reader) -> list[Event]:
    roles, modes = value_set("staff_role").codes, value_set("appointment_mode").codes
    return [
        Event(
            "gp",
            r["date"],
            detail=f"{roles.get(r['role'], 'Practice')}, {modes.get(r['mode'], 'not known').lower()}",
        )
        for r in read.rows("appointment", ["date", "status", "mode", "role"])
        if r["status"] == "attended"
    ]


def _gp_falls(read: Reader) -> list[Event]:
    found = {
        r["date"]
        for r in read.rows("gp_event", ["date", "code", "date_precision"])
        if r["date_precision"] == "day" and read.coded("falls", r["code"])
    }
    return [Event("gp_fall", day, detail="Fall coded in the GP record", fall=True) for day in sorted(found)]


def _medicines(read: Reader) -> list[Event]:
    counted: dict[date, int] = {}
    for r in read.rows("medication", ["date"]):
        counted[r["date"]] = counted.get(r["date"], 0) + 1
    return [
        Event("medication", day, detail=f"{n} medicine{'s' if n > 1 else ''} issued")
        for day, n in counted.items()
    ]


def _calls(read: Reader) -> list[Event]:
    reasons, ends = value_set("call_reason").codes, value_set("call_disposition").codes
    found = []
    for r in read.rows("urgent_call", ["date", "service", "reason", "disposition", "conveyed"]):
        about = reasons.get(r["reason"], "") if read.private or r["reason"] != "mental health" else ""
        what = "taken to hospital" if r["conveyed"] else ends.get(r["disposition"], "").lower()
        found.append(
            Event(
                "ambulance" if str(r["service"]) == "999" else "urgent_call",
                r["date"],
                detail=", ".join(x for x in (about, what) if x),
                fall=r["reason"] == "fall",
                ambulance=bool(r["conveyed"]),
            )
        )
    return found


def _emergency(read: Reader) -> list[Event]:
    kinds = value_set("department_type").codes
    found = []
    columns = [
        "date",
        "department_type",
        "attendance_category",
        "arrival_mode",
        "injury_mechanism",
        "minutes_in_department",
    ]
    for r in read.rows("emergency_attendance", columns):
        fall = read.coded("falls", r["injury_mechanism"])
        came = read.coded("arrival_by_ambulance", r["arrival_mode"])
        hours = (r["minutes_in_department"] or 0) // 60
        said = [
            kinds.get(r["department_type"], "Department"), "fall" if fall else "", "by ambulance" if came else "",
            f"{hours} hours" if hours >= 4 else "", "planned follow-up" if r["attendance_category"] == "4" else "",
        ]  # fmt: skip
        found.append(
            Event("ae", r["date"], detail=", ".join(x for x in said if x), fall=fall, ambulance=came)
        )
    return found


def _stays(read: Reader) -> list[Event]:
    found = []
    columns = [
        "date",
        "discharge_date",
        "emergency",
        "patient_class",
        "primary_diagnosis",
        "diagnoses",
        "bed_days",
    ]
    for r in read.rows("admission", columns):
        fall = any(
            "W00" <= (d or "")[:3] <= "W19" or read.coded("falls_icd10", d) for d in r["diagnoses"] or []
        )
        nights = r["bed_days"] or 0
        said = [_reason(r["primary_diagnosis"], read), "fall" if fall else ""]
        said.append(
            "day case" if r["patient_class"] == "2" else f"{nights} night{'' if nights == 1 else 's'}"
        )
        found.append(
            Event(
                "emergency_admission" if r["emergency"] else "elective_admission",
                r["date"],
                r["discharge_date"],
                r["discharge_date"] is None,
                ", ".join(x for x in said if x),
                fall=fall,
                nights=nights,
            )
        )
    return found


def _reason(code: str | None, read: Reader) -> str:
    """The chapter of a diagnosis in plain words; nothing where it is restricted and the reader may not know."""
    head = (code or "")[:3]
    if not head or (not read.private and any(low <= head <= high for low, high in _PRIVATE)):
        return ""
    if "F00" <= head <= "F99":
        return "mental health"
    return next((words for low, high, words in _CHAPTERS if low <= head <= high), "")


def _outpatients(read: Reader) -> list[Event]:
    firsts = value_set("first_attendance").codes
    found = []
    for r in read.rows("outpatient", ["date", "attended", "first_attendance", "treatment_function"]):
        if r["attended"] in _SEEN:
            function = r["treatment_function"]
            lane = (
                "sexual_health" if function in _SEXUAL_HEALTH
                else "mental_health" if function in _PSYCHIATRY else "outpatient"
            )  # fmt: skip
            found.append(Event(lane, r["date"], detail=firsts.get(r["first_attendance"], "")))
    return found


def _community(read: Reader) -> list[Event]:
    services = value_set("community_service_type").codes
    return [
        Event("community", r["date"], detail=services.get(r["service_type"], "Community service"))
        for r in read.rows("community_contact", ["date", "service_type", "attended"])
        if r["attended"] in _SEEN
    ]


def _mental_health(read: Reader) -> list[Event]:
    teams = value_set("mental_health_team_type").codes
    return [
        Event("mental_health", r["date"], detail=teams.get(r["team_type"], "Mental health service"))
        for r in read.rows("mental_health_contact", ["date", "team_type", "attended"])
        if r["attended"] in _SEEN
    ]


def _social_care(read: Reader) -> list[Event]:
    kinds = value_set("social_care_service_type").codes
    return [
        Event(
            "social_care",
            r["start_date"],
            r["end_date"],
            r["end_date"] is None,
            kinds.get(r["service_type"], "Support"),
        )
        for r in read.rows(
            "social_care", ["start_date", "end_date", "event_type", "service_type", "client_type"]
        )
        if r["event_type"] == "service" and r["client_type"] == "service user"
    ]


def _programmes(read: Reader) -> list[Event]:
    outcomes = value_set("contact_outcome").codes
    return [
        Event("programme", r["date"], detail=f"{str(r['initiative']).replace('_', ' ')}: {outcomes.get(r['outcome'], '').lower()}")
        for r in read.rows("contact", ["date", "initiative", "outcome"])
    ]  # fmt: skip


TABLES: Mapping[str, Callable[[Reader], list[Event]]] = {
    "appointment": _appointments,
    "gp_event": _gp_falls,
    "medication": _medicines,
    "urgent_call": _calls,
    "emergency_attendance": _emergency,
    "admission": _stays,
    "outpatient": _outpatients,
    "community_contact": _community,
    "mental_health_contact": _mental_health,
    "social_care": _social_care,
    "contact": _programmes,
}
"""For each table of the lake how its rows become events."""
