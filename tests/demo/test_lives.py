"""Histories a clinician would believe: nothing before birth or after death, nobody in two beds, no pregnant men."""

from __future__ import annotations

import pytest
from tests.demo.conftest import Demo

from goldenthread.demo.codes import codes

PERSON = """
    create or replace temp view listed as
    select p.practice, p.PATIENT_ID, p.NHS_NUMBER, p.PERSON_BIRTH_DATE::date as birth, p.PERSON_DEATH_DATE::date as death,
           p.PERSON_STATED_GENDER_CODE as sex, r.REGISTRATION_START_DATE::date as start, r.REGISTRATION_END_DATE::date as finish
    from gp_patient p join gp_registration r using (practice, PATIENT_ID)
"""


@pytest.fixture(autouse=True)
def _listed(demo: Demo) -> None:
    demo.connection.execute(PERSON)


def quoted(*concepts: str) -> str:
    return ", ".join(f"'{c}'" for concept in concepts for c in codes(concept))


@pytest.mark.parametrize(
    "table", ["gp_registration", "gp_address", "gp_event", "gp_medication", "gp_appointment"]
)
def test_every_row_belongs_to_a_patient_of_that_practice(demo: Demo, table: str) -> None:
    missing = f"select count(*) from {table} x anti join gp_patient p using (practice, PATIENT_ID)"
    assert demo.one(missing) == 0
    assert demo.one(f"select count(*) from {table}") > 2_000


def test_patient_numbers_are_unique_in_a_practice_and_people_in_the_system(demo: Demo) -> None:
    assert demo.one("select count(*) - count(distinct (practice, PATIENT_ID)) from gp_patient") == 0
    assert (
        demo.one(
            "select max(n) from (select count(*) n from gp_patient p join gp_registration r using (practice, PATIENT_ID) where r.REGISTRATION_END_DATE is null group by NHS_NUMBER)"
        )
        == 1
    )


def test_events_lie_within_the_life(demo: Demo) -> None:
    events = "gp_event e join listed l using (practice, PATIENT_ID)"
    assert demo.one(f"select count(*) from {events} where left(EVENT_DATE, 4)::int < year(birth)") == 0
    assert (
        demo.one(f"select count(*) from {events} where length(EVENT_DATE) = 10 and EVENT_DATE::date < birth")
        == 0
    )
    assert (
        demo.one(
            f"select count(*) from {events} where length(EVENT_DATE) = 10 and EVENT_DATE::date > coalesce(death, date '2026-10-31')"
        )
        == 0
    )
    assert (
        demo.one(
            f"select count(*) from {events} where length(EVENT_DATE) = 10 and EVENT_DATE::date > coalesce(finish, date '2026-10-31')"
        )
        == 0
    )


@pytest.mark.parametrize(
    ("table", "column"), [("gp_medication", "ISSUE_DATE"), ("gp_appointment", "APPOINTMENT_DATE")]
)
def test_medicines_and_appointments_lie_within_registration(demo: Demo, table: str, column: str) -> None:
    rows = f"{table} x join listed l using (practice, PATIENT_ID)"
    assert (
        demo.one(f"select count(*) from {rows} where {column}::date < start or {column}::date < birth") == 0
    )
    assert (
        demo.one(f"select count(*) from {rows} where {column}::date > coalesce(finish, date '2026-11-30')")
        == 0
    )
    if table == "gp_appointment":
        assert demo.one(f"select count(*) from {rows} where BOOKED_DATE > APPOINTMENT_DATE") == 0
        assert (
            demo.one(
                f"select count(*) from {rows} where {column} > '2026-10-31' and STATUS not like '%Booked'"
            )
            == 0
        )


def test_registrations_start_before_they_end_and_after_birth(demo: Demo) -> None:
    assert (
        demo.one(
            "select count(*) from listed where start < birth or start >= coalesce(finish, date '2099-01-01')"
        )
        == 0
    )
    assert demo.one("select count(*) from listed where death is not null and finish is null") == 0


@pytest.mark.parametrize(
    ("concepts", "impossible"),
    [
        (("pregnancy", "pregnancy_delivery", "cervical_smear", "endometriosis"), "sex = '1'"),
        (("bph",), "sex = '2'"),
        (("pregnancy", "pregnancy_delivery"), "date_diff('year', birth, d) not between 13 and 52"),
        (
            ("dementia", "frailty_mild", "frailty_moderate", "frailty_severe"),
            "date_diff('year', birth, d) < 45",
        ),
        (("copd", "nhs_health_check"), "date_diff('year', birth, d) < 30"),
        (("ld_health_check",), "date_diff('year', birth, d) < 14"),
        (("six_in_one_vaccine",), "date_diff('month', birth, d) > 8"),
        (("alcohol_units", "blood_pressure_systolic"), "date_diff('year', birth, d) < 13"),
    ],
)
def test_codes_that_could_not_be_so(demo: Demo, concepts: tuple[str, ...], impossible: str) -> None:
    found = f"""from (select l.*, try_cast(EVENT_DATE as date) d from gp_event e join listed l using (practice, PATIENT_ID)
                      where SNOMED_CODE in ({quoted(*concepts)}) and length(EVENT_DATE) = 10)"""
    assert demo.one(f"select count(*) {found}") > 0
    assert demo.one(f"select count(*) {found} where {impossible}") == 0


def test_prostate_cancer_is_of_men_only(demo: Demo) -> None:
    assert (
        demo.one(
            "select count(*) from gp_event join listed using (practice, PATIENT_ID) where SNOMED_CODE = '399068003' and sex = '2'"
        )
        == 0
    )


def test_children_get_no_statins_or_antidepressants(demo: Demo) -> None:
    young = f"""from gp_medication join listed using (practice, PATIENT_ID)
                where DMD_CODE in ({quoted("statin", "ssri", "ace_inhibitor", "anticoagulant")})"""
    assert demo.one(f"select count(*) {young}") > 500
    assert demo.one(f"select count(*) {young} and date_diff('year', birth, ISSUE_DATE::date) < 16") == 0


def test_values_are_such_as_a_laboratory_reports(demo: Demo) -> None:
    limits = {
        "hba1c": (20, 170),
        "bmi": (10, 80),
        "blood_pressure_systolic": (70, 240),
        "egfr": (4, 120),
        "cholesterol_total": (1.5, 12),
    }
    for concept, (low, high) in limits.items():
        values = f"from gp_event where SNOMED_CODE in ({quoted(concept)}) and OBSERVATION_VALUE is not null and UNIT is distinct from '%'"
        assert demo.one(f"select count(*) {values}") > 100
        assert (
            demo.one(f"select count(*) {values} and OBSERVATION_VALUE::double not between {low} and {high}")
            == 0
        )


def test_spells_follow_one_another_and_their_episodes_fit(demo: Demo) -> None:
    demo.connection.execute("""create or replace temp table fce as select distinct on (CDS_UNIQUE_IDENTIFIER) *,
        START_DATE_HOSPITAL_PROVIDER_SPELL::date s, DISCHARGE_DATE_HOSPITAL_PROVIDER_SPELL::date d from apc""")
    assert (
        demo.one(
            "select count(*) from fce where d < s or EPISODE_START_DATE < START_DATE_HOSPITAL_PROVIDER_SPELL or EPISODE_END_DATE > DISCHARGE_DATE_HOSPITAL_PROVIDER_SPELL"
        )
        == 0
    )
    assert (
        demo.one(
            "select count(*) from (select HOSPITAL_PROVIDER_SPELL_NUMBER from fce group by 1 having count(*) filter (LAST_EPISODE_IN_SPELL_INDICATOR_CODE = '1') <> 1 or min(EPISODE_NUMBER) <> '1')"
        )
        == 0
    )
    overlap = """select count(*) from (select s, lag(d) over (partition by LOCAL_PATIENT_IDENTIFIER order by s, d) before
                 from (select distinct HOSPITAL_PROVIDER_SPELL_NUMBER, LOCAL_PATIENT_IDENTIFIER, s, d from fce where LOCAL_PATIENT_IDENTIFIER is not null)) where s < before"""
    assert demo.one(overlap) == 0


def test_hospital_activity_stops_at_death(demo: Demo) -> None:
    dead = "true_person t on t.nhs_number = x.NHS_NUMBER and t.death_date is not null where x.NHS_NUMBER_STATUS_INDICATOR_CODE = '01'"
    swapped = "and x.NHS_NUMBER not in (select nhs_number from true_person where false)"
    for table, key, column in (
        ("ecds", "EMERGENCY_CARE_ATTENDANCE_IDENTIFIER", "EMERGENCY_CARE_ARRIVAL_DATE"), ("apc", "CDS_UNIQUE_IDENTIFIER", "DISCHARGE_DATE_HOSPITAL_PROVIDER_SPELL"), ("op", "ATTENDANCE_IDENTIFIER", "APPOINTMENT_DATE"),
    ):  # fmt: skip
        own = f"and x.{key} not in (select row_id from true_link where feed = '{table}' and problem = 'other person')"
        assert demo.one(f"select count(*) from {table} x join {dead} {swapped} {own}") > 0
        assert (
            demo.one(f"select count(*) from {table} x join {dead} {own} and x.{column}::date > t.death_date")
            == 0
        )


def test_those_who_died_in_hospital_died_on_the_day_they_were_discharged(demo: Demo) -> None:
    died = "from apc x join true_person t on t.nhs_number = x.NHS_NUMBER where DISCHARGE_METHOD_CODE = '4' and NHS_NUMBER_STATUS_INDICATOR_CODE = '01'"
    assert demo.one(f"select count(*) {died}") > 5
    assert (
        demo.one(
            f"select count(*) {died} and DISCHARGE_DATE_HOSPITAL_PROVIDER_SPELL::date is distinct from death_date"
        )
        == 0
    )


def test_reference_covers_every_place_named(demo: Demo) -> None:
    assert (
        demo.one(
            "select count(*) from gp_address where LSOA_CODE is not null and LSOA_CODE not in (select LSOA_CODE from ref_lsoa)"
        )
        == 0
    )
    assert (
        demo.one(
            "select count(*) from ref_practice where PCN_CODE not in (select PCN_CODE from ref_pcn) or LSOA_CODE not in (select LSOA_CODE from ref_lsoa)"
        )
        == 0
    )
    assert (
        demo.one("select count(*) from ref_pcn where PLACE_CODE not in (select PLACE_CODE from ref_place)")
        == 0
    )
    senders = {
        p.name
        for p in demo.feeds.glob("*/*")
        if p.parent.name in ("apc", "csds", "mhsds", "urgent", "cld", "council")
    }
    assert senders <= {c for (c,) in demo.rows("select PROVIDER_CODE from ref_provider")}


def test_families_share_an_address_and_mostly_a_name(demo: Demo) -> None:
    homes = "select uprn, count(*) n, count(distinct nhs_number) from true_person where kind = 'registered' and household_kind = 'family' group by uprn"
    assert demo.one(f"select avg(n) * 100 from ({homes})") > 230
    assert (
        demo.one(
            "select count(*) from true_person t join true_person m on t.mother = m.person where m.sex = 1 or m.age - t.age < 15 or m.uprn <> t.uprn"
        )
        == 0
    )
    assert demo.one("select count(*) from true_person t join true_person m on t.mother = m.person") > 100
