"""A village of 240 people whose every figure can be worked out by hand, with a handful of definitions of its own."""

from __future__ import annotations

from pathlib import Path

from goldenthread.cohorts import Population
from goldenthread.definitions import Catalogue
from goldenthread.lake import Snapshot
from tests.insight.drawing import asked_of, definitions_in
from tests.measures.tiny import build

PEOPLE = 240
COPD, DIABETES, FALL, BY_AMBULANCE = 13645005, 73211009, 161898004, 1048031000000100

MEASURES = """
[copd]
rule = "Any COPD code"
from = "gp_event"
codes = "village_copd"
take = "exists"
source = "The village's own"

[hypertension]
rule = "Any code for high blood pressure"
from = "gp_event"
codes = "village_other"
take = "exists"
source = "The village's own"

[gp_falls_12m]
rule = "Days with a fall in the GP record"
from = "gp_event"
codes = "falls"
take = "days"
within = "12 months"
unit = "days"
source = "The village's own"

[ed_attendances_12m]
rule = "Attendances in 12 months"
from = "emergency_attendance"
take = "count"
within = "12 months"
unit = "attendances"
area = "urgent_care"
source = "The village's own"

[emergency_admissions_12m]
rule = "Emergency stays in 12 months"
from = "admission"
take = "count"
where = "emergency"
within = "12 months"
unit = "spells"
area = "admissions"
source = "The village's own"

[emergency_bed_days_12m]
rule = "Nights in 12 months"
from = "admission"
take = "sum"
of = "bed_days"
where = "emergency"
within = "12 months"
unit = "nights"
source = "The village's own"

[copd_review_due]
rule = "COPD and no attendance at all"
expression = "copd and ed_attendances_12m == 0"
source = "The village's own"

[care_gaps]
rule = "Gaps"
expression = "how_many(copd_review_due, copd and hypertension and ed_attendances_12m > 5)"
unit = "gaps"
source = "The village's own"

[long_term_conditions]
rule = "Conditions"
expression = "how_many(copd, hypertension)"
unit = "conditions"
source = "The village's own"

[cambridge_multimorbidity]
rule = "A stand-in for the score: one point a condition"
expression = "1 * how_many(copd, hypertension)"
unit = "points"
source = "The village's own"

[cost_12m]
rule = "280 an attendance, 5000 a stay"
expression = "280 * ed_attendances_12m + 5000 * emergency_admissions_12m"
unit = "pounds"
area = "costs"
source = "The village's own"
""" + "".join(
    f"""
[{name}]
rule = "Of no use in the village"
expression = "0 * ed_attendances_12m"
source = "The village's own"
"""
    for name in (
        "gp_appointments_12m", "calls_111_12m", "calls_999_12m", "outpatient_attended_12m", "community_contacts_12m",
        "long_term_support_days_12m",
    )
)  # fmt: skip

SEGMENTS = """
[bridges_to_health]
rule = "Two segments"
source = "The village's own"
version = "1"
otherwise = "Healthy"

[[bridges_to_health.segment]]
name = "Long-term conditions"
rule = "COPD or high blood pressure"
expression = "copd or hypertension"
"""


def catalogue_in(own: Path) -> Catalogue:
    """The village's definitions without those shipped, so that tests run in no time."""
    return definitions_in(
        own, {"measures": MEASURES, "segments": SEGMENTS}, {"village_copd": COPD, "village_other": DIABETES},
        shipped=("falls", "falls_icd10", "arrival_by_ambulance"),
    )  # fmt: skip


def village(folder: Path) -> Snapshot:
    """Numbers 0 to 79 have COPD; every fourth of all has the other condition. Of those with COPD 0 to 39 came to A&E twice, of the
    rest only 200 to 219, once. Numbers 0 to 19 were in hospital for 5 nights. Even numbers are 66 years old, odd ones 36.
    Numbers 0 to 119 are with the first practice, the others with the second."""
    people = [f"| {n} | {1990 if n % 2 else 1960}-01-01 | {1 + n % 2} |" for n in range(PEOPLE)]
    registered = [f"| {n} | {'Z00001' if n < 120 else 'Z00002'} |" for n in range(PEOPLE)]
    events = [f"| {n} | 2020-01-01 | {COPD} |" for n in range(80)]
    events += [f"| {n} | 2026-03-01 | {DIABETES} |" for n in range(0, PEOPLE, 4)]
    attended = [f"| {n} | 2026-0{m}-10 |" for n in range(40) for m in (2, 5)]
    attended += [f"| {n} | 2026-04-10 |" for n in range(200, 220)]
    stays = [f"| {n} | 2026-05-10 | 2026-05-15 | 5 |" for n in range(20)]
    return build(
        folder,
        person=_drawn("| pid | birth_month | sex |", people),
        registration=_drawn("| pid | practice |", registered),
        gp_event=_drawn("| pid | date | code |", events),
        emergency_attendance=_drawn("| pid | date |", attended),
        admission=_drawn("| pid | date | discharge_date | bed_days |", stays),
        practice=_drawn(
            "| practice | name | pcn |", ["| Z00001 | Abbey | UZ001 |", "| Z00002 | Bailgate | UZ001 |"]
        ),
    )


def _drawn(heads: str, rows: list[str]) -> str:
    return "\n".join([heads, *rows])


def population_in(snapshot: Snapshot, catalogue: Catalogue, *, remembered: bool = False) -> Population:
    """Everybody of the village; with ``remembered`` answers are remembered in a ledger."""
    return asked_of(snapshot, catalogue)(remembered=remembered)
