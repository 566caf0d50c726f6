"""A town of 1,000 people whose inequalities are known, because they were drawn by rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from goldenthread.cohorts import Population
from goldenthread.definitions import Catalogue
from goldenthread.lake import Snapshot
from tests.insight.drawing import asked_of, definitions_in, lake_of, written

PEOPLE = 1000
ASTHMA, CARER = 195967001, 224484003

MEASURES = """
[town_asthma]
rule = "Any asthma code"
from = "gp_event"
codes = "town_asthma"
take = "exists"
source = "The town's own"

[town_carer]
rule = "Any carer code"
from = "gp_event"
codes = "town_carer"
take = "exists"
source = "The town's own"

[town_attendances]
rule = "Emergency attendances in 12 months"
from = "emergency_attendance"
take = "count"
within = "12 months"
source = "The town's own"
"""
INDICATORS = """
[town_asthma_prevalence]
rule = "Asthma, of registered people"
numerator = "town_asthma"
denominator = "registered"
better = "lower"
source = "The town's own"

[town_attendance_rate]
rule = "Emergency attendances in 12 months for 1,000 people"
numerator = "town_attendances"
denominator = "registered"
better = "lower"
per = 1000
source = "The town's own"
"""


# In the most deprived fifth (people 0 to 199) 50 in 100 have asthma, then 40, 30, 20 and 10.
FIFTH = "(n // 200 + 1)"


def town(folder: Path) -> Snapshot:
    everybody = f"(SELECT range AS n FROM range({PEOPLE}))"
    # of each fifth some attend, more often where it is deprived; person 3 nine times more
    attended = (
        f"(SELECT n, row_number() OVER () AS k FROM (SELECT n FROM {everybody} WHERE n % 20 < 6 - {FIFTH} "
        "UNION ALL SELECT 3 FROM range(9)))"
    )
    tables = {
        "person": written(
            "person", everybody, pid="n", pseudonym="encode(printf('%016d', n))",
            birth_month="make_date(1950 + n % 50, 1, 1)", sex="1 + n // 2 % 2",
        ),
        "registration": written("registration", everybody, pid="n", practice="'Z0000' || (1 + n % 4)"),
        "address": written("address", everybody, pid="n", lsoa=f"'E0100000' || {FIFTH}"),
        "gp_event": written(
            "gp_event", f"{everybody} WHERE n % 10 < 6 - {FIFTH}", pid="n", date="'2020-01-01'", code=str(ASTHMA)
        )
        + " UNION ALL "
        + written("gp_event", f"{everybody} WHERE n % 20 = 0", pid="n", date="'2020-01-01'", code=str(CARER)),
        "emergency_attendance": written(
            "emergency_attendance", attended, pid="n", date="'2026-05-01'", attendance_id="k"
        ),
        "practice": written(
            "practice", "(VALUES (1, 'Abbey'), (2, 'Bailgate'), (3, 'Carlton'), (4, 'Deeping')) AS v(n, name)",
            practice="'Z0000' || n", name="name", pcn="'UZ00' || (1 + n // 3)", system="'QJM'",
        ),
        "pcn": written("pcn", "(VALUES (1, 'North'), (2, 'South')) AS v(n, name)", pcn="'UZ00' || n", name="name", place="'PL1'"),
        "place": written("place", "range(1)", place="'PL1'", name="'Town'", system="'QJM'"),
        "lsoa": written(
            "lsoa", "(SELECT range AS n FROM range(1, 6))", lsoa="'E0100000' || n", name="'Area ' || n",
            msoa="'E0200000' || (1 + n // 3)", msoa_name="'MSOA ' || (1 + n // 3)", ward="'E05000001'", district="'E07000001'",
            district_name="'Boston'", rural_urban="'UN1'", rural="FALSE", imd_vintage="2025", imd_rank="6000 * n",
            imd_decile="2 * n - 1", imd_score="60 - 10 * n", population="1500",
        ),
    }  # fmt: skip
    return lake_of(folder, tables)


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return definitions_in(
        tmp_path_factory.mktemp("definitions"), {"measures": MEASURES, "indicators": INDICATORS},
        {"town_asthma": ASTHMA, "town_carer": CARER},
    )  # fmt: skip


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return town(tmp_path_factory.mktemp("town"))


@pytest.fixture
def ask(snapshot: Snapshot, catalogue: Catalogue) -> Callable[..., Population]:
    return asked_of(snapshot, catalogue)
