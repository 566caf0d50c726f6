"""The planted initiatives in the register: agreed before their first contact, evaluated on the demonstration's own day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from goldenthread.cohorts import population_of
from goldenthread.programme import (
    Activity,
    Design,
    EquityTarget,
    Initiative,
    LogicLink,
    Plan,
    PlannedOutcome,
    Register,
    Signatory,
    evaluate_due,
    first_contact,
    from_template,
    lock,
)

if TYPE_CHECKING:
    from goldenthread.cohorts import Population
    from goldenthread.settings import Settings

HISTORY = (
    "ed_attendances_12m", "ed_attendances_3m", "ed_attendances_year_before", "emergency_admissions_12m",
    "emergency_admissions_year_before", "regular_medicines", "long_term_conditions", "gp_appointments_12m",
)  # fmt: skip
USED = "ed_attendances_12m + emergency_admissions_12m >= 1"
HEART = "heart_failure or chd or diabetes"
LUNGS = "copd or asthma"
"""For whom a network's third programme is: its other two leave them to it, so that nobody is in two."""
FEW = "The networks wanted to learn how to do it before doing it more widely, and will not read much into a result that is not clear."


@dataclass(frozen=True)
class Past:
    """A past initiative as its people wrote it down then. The effect that is planted is not known here."""

    id: str
    programme: str
    template: str
    title: str
    question: str
    cohort: str
    covariates: tuple[str, ...]
    size: float
    owner: str
    deputy: str
    evidence: str = ""
    harm: str = "gp_appointments_12m"


PAST = (
    Past(
        "falls-2024", "Falls prevention", "falls_prevention", "", "",
        f"age >= 65 and not ({HEART}) and (ed_falls_12m >= 1 or falls_admissions_12m >= 1 or "
        f"(frailty_mild or frailty_moderate or frailty_severe) and {USED})",
        ("age", "sex", "imd_decile", *HISTORY, "fell_12m", "ed_falls_12m", "frailty_mild", "frailty_moderate", "frailty_severe", "dementia", "care_home", "efi"),
        10, "Priya Raman", "Tom Ellis",
    ),
    Past(
        "frailty-2024", "Proactive care in moderate frailty", "proactive_care_frailty", "", "",
        f"age >= 65 and not ({LUNGS}) and (frailty_moderate or frailty_severe)",
        ("age", "sex", "imd_decile", *HISTORY, "frailty_severe", "fell_12m", "dementia", "care_home", "efi"),
        10, "Helen Marsh", "Owen Pike",
    ),
    Past(
        "high-use-2024", "High intensity use of A&E", "high_intensity_use", "", "",
        f"age >= 18 and age < 65 and not ({HEART}) and ed_attendances_12m + emergency_admissions_12m >= 3",
        ("age", "sex", "imd_decile", *HISTORY, "depression", "alcohol_dependence"),
        20, "Sam Okoro", "Priya Raman",
    ),
    Past(
        "winter-2024", "Respiratory winter plan", "respiratory_winter", "", "",
        f"age >= 16 and (copd or asthma and {USED})",
        ("age", "sex", "imd_decile", *HISTORY, "copd", "asthma", "pneumonia_admissions_12m", "efi"),
        10, "Helen Marsh", "Sam Okoro",
    ),
    Past(
        "remote-2024", "Remote monitoring of heart disease and diabetes", "", "Remote monitoring of heart disease and diabetes",
        "Do people with heart disease or diabetes who send in readings from home have fewer emergencies?",
        f"age >= 18 and (heart_failure or (chd or diabetes) and {USED})",
        ("age", "sex", "imd_decile", *HISTORY, "heart_failure", "chd", "diabetes", "efi"),
        10, "Tom Ellis", "Helen Marsh",
        "Monitoring at home is widely bought. Whether it prevents emergencies or finds more of them is not known, so a limit on emergency "
        "admissions was agreed before the start.",
        "emergency_admissions_12m",
    ),
    Past(
        "social-2024", "Social prescribing for loneliness", "", "Social prescribing for loneliness",
        "Does a link worker's time help people who are alone, low or anxious to need urgent care less?",
        f"age >= 18 and age < 65 and not ({LUNGS}) and (depression or anxiety or lives_alone_coded) and {USED}",
        ("age", "sex", "imd_decile", *HISTORY, "depression", "anxiety", "lives_alone_coded", "efi"),
        10, "Owen Pike", "Priya Raman",
        "People value it. Evidence that it changes the use of urgent care is thin, so it is compared with people like them.",
    ),
)  # fmt: skip
PEOPLE = (
    ("clinical director", 0), ("practice manager", 1), ("patient participation group", 2),
)  # fmt: skip
AGREED = ("Dr Amira Khan", "Jo Fenwick", "Margaret Hales")


def put_into_register(
    settings: Settings, *, evaluate: bool = True, say: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Record, lock and evaluate the planted initiatives; returns the names of those in the register.

    Everything goes through the register's public functions, on days that it is told: agreed three weeks before the first contact,
    evaluated on the demonstration's day. Initiatives already there are left as they are.
    """
    clock = [datetime.combine(settings.today or date(2026, 11, 30), time(9), UTC)]
    register = Register.of(settings.home, now=lambda: clock[0])
    there = set(register.store.names())
    today = clock[0]
    population = population_of(settings, purpose="evaluation", recipient="register of initiatives")
    try:
        for one in PAST:
            if one.id in there:
                continue
            record, plan = _written(population, one)
            first = first_contact(population, record)
            if first is None:
                continue  # a small demonstration has no network of this kind
            clock[0] = datetime.combine(first - timedelta(days=60), time(10), UTC)
            entry = register.create(record, who=one.owner, plan=plan)
            clock[0] = datetime.combine(first - timedelta(days=21), time(14), UTC)
            agreed = [Signatory(AGREED[n], role) for role, n in PEOPLE]
            lock(
                register,
                one.id,
                agreed_by=agreed,
                who=one.owner,
                version=entry.version,
                population=population,
            )
            there.add(one.id)
        clock[0] = today
        if evaluate:
            for name, verdicts, refused in evaluate_due(
                register, population, on=today.date(), who="agreed date"
            ):
                primary = next((v for v in verdicts), None)
                say(f"{name}: {refused or (f'{primary[2]}: {primary[3]}' if primary else 'no result')}")
    finally:
        clock[0] = today
        population.close()
    return sorted(there)


def _written(population: Population, one: Past) -> tuple[Initiative, Plan]:
    """The record and the plan, from the template where there is one."""
    scope = _networks(population, one)
    common = {"programme": one.programme, "deputy": one.deputy} | ({"title": one.title} if one.title else {})
    if one.template:
        record, plan = from_template(
            population.catalogue, one.template, id=one.id, scope=scope, owner=one.owner, changes=common
        )
    else:
        record, plan = _without_template(one, scope)
    design = Design(
        "matched", entry="completed", comparable=one.cohort, covariates=one.covariates, draws=2, months_before=9, months_after=12,
    )  # fmt: skip
    outcomes = [replace(o, size=one.size) if o.kind == "primary" else o for o in plan.outcomes]
    return (
        replace(record, cohort=one.cohort),
        replace(
            plan, outcomes=tuple(outcomes), design=design, evaluate_on=date(2026, 11, 1), review_dates=(), uptake=0.6,
            few_accepted=FEW,
        ),
    )  # fmt: skip


def _without_template(one: Past, scope: str) -> tuple[Initiative, Plan]:
    watched = {"gp_appointments_12m": "GP appointments", "emergency_admissions_12m": "emergency admissions"}[
        one.harm
    ]
    record = Initiative(
        one.id, one.title, one.question, one.cohort, scope=scope, programme=one.programme, owner=one.owner,
        deputy=one.deputy, evidence=one.evidence,
        equity="Those who are hardest to reach have most to gain: reach in the most deprived fifth is a target.",
        community_voice="The patient participation group agreed the aims.",
        logic_model=(
            LogicLink("need", "People come to urgent care for what could be seen earlier.", measure="ed_attendances_12m"),
            LogicLink("inputs", "Staff time and equipment."),
            LogicLink("activities", "Offer, begin, stay in touch.", measure="programme_invited_24m"),
            LogicLink("outputs", "People who took part to the end.", measure="programme_completed_24m"),
            LogicLink("outcomes", "Less urgent care.", measure="ed_attendances_12m"),
            LogicLink("impact", "Fewer emergency admissions.", measure="emergency_admissions_12m"),
        ),
    )  # fmt: skip
    harm = PlannedOutcome(watched, one.harm, "no more than", 5, "harm")
    plan = Plan(
        outcomes=(
            PlannedOutcome("A&E attendances", "ed_attendances_12m", "fewer", one.size, "primary"),
            harm,
        ),
        equity=(EquityTarget("imd_quintile", "1", 60, name="reach in the most deprived fifth"),),
        activities=(Activity("link_worker", "Contacts over a year", contacts=9, minutes=28, missed=0.0),),
    )
    return record, plan


def _networks(population: Population, one: Past) -> str:
    """The networks in which people were contacted, as the register of practices has them."""
    connection = population.snapshot.connect(only=("contact", "registration", "practice"))
    try:
        rows = connection.execute(
            "SELECT DISTINCT p.pcn FROM contact AS c JOIN registration AS r ON r.pid = c.pid AND r.start_date <= c.date "
            "AND (r.end_date IS NULL OR r.end_date > c.date) JOIN practice AS p ON p.practice = r.practice "
            "WHERE c.initiative = ? ORDER BY p.pcn",
            [one.programme],
        ).fetchall()
    finally:
        connection.close()
    return ", ".join(f"pcn-{row[0]}" for row in rows) or "system"
