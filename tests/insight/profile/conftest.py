"""A county of two places, eight networks and sixteen practices, drawn by rule: every figure can be worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenthread.cohorts import Population, Scope
from goldenthread.definitions import Catalogue
from goldenthread.lake import Lake, Snapshot
from goldenthread.model import table
from tests.insight.drawing import definitions_in

PRACTICES, EACH = 16, 150
PEOPLE = PRACTICES * EACH
ASTHMA, COPD = 195967001, 13645005
FEW = 3
"""The practice that leaves most COPD uncoded."""

DEFINITIONS = """
[asthma]
rule = "Any asthma code"
from = "gp_event"
codes = "county_asthma"
take = "exists"
source = "The county's own"

[copd]
rule = "Any COPD code"
from = "gp_event"
codes = "county_copd"
take = "exists"
source = "The county's own"

[emergency_admissions_12m]
rule = "Emergency spells in 12 months"
from = "admission"
where = "emergency"
take = "count"
within = "12 months"
source = "The county's own"
"""
INDICATORS = """
[copd_prevalence]
rule = "COPD as a share of registered people"
numerator = "copd"
denominator = "registered"
source = "The county's own"

[asthma_among_older]
rule = "Asthma, of people aged 65 and over"
numerator = "asthma"
denominator = "registered and age >= 65"
better = "higher"
source = "The county's own"

[emergency_admission_rate]
rule = "Emergency admissions in 12 months for 1,000 registered people"
numerator = "emergency_admissions_12m"
denominator = "registered"
better = "lower"
per = 1000
source = "The county's own"
"""


def person_of(pid: int) -> tuple[int, int]:
    """Practice and place in it."""
    return pid // EACH, pid % EACH


def old(n: int) -> bool:
    """In practices 0 to 7 half are 66, in the others a fifth."""
    practice, seat = person_of(n)
    return seat % 2 == 0 if practice < 8 else seat % 5 == 0


def has_copd(n: int) -> bool:
    """A fifth of older people everywhere, save at one practice where it is two of them."""
    practice, seat = person_of(n)
    return old(n) and (seat % 10 == 0 if practice != FEW else seat < 4)


OLD = f"(CASE WHEN i // {EACH} < 8 THEN i % {EACH} % 2 ELSE i % {EACH} % 5 END = 0)"
HAS_COPD = f"({OLD} AND CASE WHEN i // {EACH} = {FEW} THEN i % {EACH} < 4 ELSE i % {EACH} % 10 = 0 END)"


def rows(name: str, source: str, /, **columns: str) -> str:
    """A select with every column of a table; those not named are empty."""
    given = [
        f"CAST({columns.get(c.name, 'NULL')} AS {c.duckdb_type}) AS {c.name}"
        for c in table(name).columns.values()
    ]
    return f"SELECT {', '.join(given)} FROM {source}"


def county(folder: Path) -> Snapshot:
    """Practices 0 to 15, two to a network, networks 0 to 3 in one place; every tenth person of network 0 is admitted three times,
    elsewhere one in twenty-five once. One in fifty registered in May 2026; everybody else long ago."""
    people, lake = f"range({PEOPLE}) AS t(i)", Lake(folder)
    practice = f"printf('Z%05d', i // {EACH})"
    lsoas = (
        "(VALUES ('E01000001', 'E02000001', 'North', 'E07000001', 'Northshire', 'UN1', FALSE, 100, 1), "
        "('E01000002', 'E02000002', 'South', 'E07000002', 'Southshire', 'RLN1', TRUE, 30000, 9)) "
        "AS t(lsoa, msoa, msoa_name, district, district_name, ru, rural, rank, decile)"
    )
    spells = (
        f"(SELECT i, m FROM range({PEOPLE}) AS t(i), range(3) AS u(m) WHERE i < {2 * EACH} AND i % 10 = 0 "
        f"UNION ALL SELECT i, 0 FROM range({PEOPLE}) AS t(i) WHERE i >= {2 * EACH} AND i % 25 = 0)"
    )
    with lake.begin(memory_mb=300, threads=1) as builder:
        builder.write(
            "person",
            rows(
                "person",
                people,
                pid="i",
                pseudonym="encode(printf('%016d', i))",
                birth_month=f"CASE WHEN {OLD} THEN DATE '1960-01-01' ELSE DATE '1990-01-01' END",
                sex="1 + i // 10 % 2",
                ethnicity="'A'",
                language="CASE WHEN i % 20 = 0 THEN 'pl' ELSE 'en' END",
                nhs_number_verified="TRUE",
            ),
        )
        builder.write(
            "registration",
            rows(
                "registration",
                people,
                pid="i",
                practice=practice,
                start_date="CASE WHEN i % 50 = 0 THEN DATE '2026-05-01' ELSE DATE '2000-01-01' END",
            ),
        )
        builder.write(
            "address",
            rows(
                "address",
                people,
                pid="i",
                lsoa=f"printf('E0100000%d', 1 + i // {8 * EACH})",
                care_home="FALSE",
                start_date="DATE '2000-01-01'",
            ),
        )
        events = [
            rows(
                "gp_event",
                f"{people} WHERE {who}",
                pid="i",
                date="DATE '2020-01-01'",
                code=str(code),
                date_precision="'day'",
                practice=practice,
            )
            for code, who in ((COPD, HAS_COPD), (ASTHMA, "i % 3 = 0"))
        ]
        builder.write("gp_event", " UNION ALL ".join(events))
        builder.write(
            "admission",
            rows(
                "admission",
                spells,
                pid="i",
                spell_id="printf('%d-%d', i, m)",
                provider="'RZ1'",
                method="'21'",
                emergency="TRUE",
                date="make_date(2026, 3 + m, 1)",
                patient_class="'1'",
                diagnoses="[]",
                procedures="[]",
                episodes="1",
                bed_days="0",
            ),
        )
        builder.write(
            "practice",
            rows(
                "practice",
                f"range({PRACTICES}) AS t(i)",
                practice="printf('Z%05d', i)",
                name="printf('Practice %d', i)",
                pcn="printf('UZ%03d', i // 2)",
            ),
        )
        builder.write(
            "pcn",
            rows(
                "pcn",
                "range(8) AS t(i)",
                pcn="printf('UZ%03d', i)",
                name="printf('Network %d', i)",
                place="printf('PL%d', i // 4)",
            ),
        )
        builder.write(
            "place",
            rows(
                "place",
                "range(2) AS t(i)",
                place="printf('PL%d', i)",
                name="if(i = 0, 'Coast', 'Hills')",
                system="'QZ1'",
            ),
        )
        builder.write(
            "lsoa",
            rows(
                "lsoa",
                lsoas,
                lsoa="lsoa",
                name="msoa_name",
                msoa="msoa",
                msoa_name="msoa_name",
                ward="'W1'",
                district="district",
                district_name="district_name",
                rural_urban="ru",
                rural="rural",
                imd_vintage="2025",
                imd_rank="rank",
                imd_decile="decile",
                imd_score="10",
                population="1500",
            ),
        )
        builder.commit(data_dates={"gp_event": "2026-10-31"})
    return lake.current()


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return definitions_in(
        tmp_path_factory.mktemp("county-definitions"), {"measures": DEFINITIONS, "indicators": INDICATORS},
        {"county_asthma": ASTHMA, "county_copd": COPD},
    )  # fmt: skip


@pytest.fixture(scope="session")
def everybody(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Population:
    return Population(county(tmp_path_factory.mktemp("county")), catalogue)


@pytest.fixture
def within(everybody: Population):  # type: ignore[no-untyped-def]
    return lambda slug: everybody.within(Scope.parse(slug))
