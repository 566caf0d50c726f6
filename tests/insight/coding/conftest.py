"""A town of 400 people in two practices; the second codes half of its COPD, and results come without units."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from goldenthread.cohorts import Population
from goldenthread.definitions import Catalogue
from goldenthread.lake import Snapshot
from tests.insight.drawing import asked_of, definitions_in, lake_of, written

PEOPLE = 400
COPD, HBA1C = 13645005, 999791000000106
TIOTROPIUM = 9478911000001107

MEASURES = """
[town_inhalers]
rule = "Inhalers issued in 12 months"
from = "medication"
codes = "town_inhaler"
take = "count"
within = "12 months"
source = "The town's own"

[town_hba1c]
rule = "Latest HbA1c"
from = "gp_event"
codes = "town_hba1c"
take = "latest value"
valid = [20, 200]
unit = "mmol/mol"
source = "The town's own"
"""
CONDITIONS = """
[town_copd]
rule = "COPD"
codes = "town_copd"
register = "COPD"
source = "The town's own"
"""
CHECKS = """
[treated_not_coded]
title = "Treated, not coded"
rule = "Two inhalers and no COPD"
among = "age >= 35"
expression = "town_inhalers >= 2 and not town_copd"
concerns = "town_copd"
action = "Look"
source = "The town's own"

[young_with_copd]
title = "COPD under 35"
rule = "COPD under 35"
family = "wrong"
among = "age < 35"
expression = "town_copd"
concerns = "town_copd"
action = "Look"
source = "The town's own"

[no_hba1c]
title = "No HbA1c"
rule = "No HbA1c"
family = "incomplete"
expression = "missing(town_hba1c)"
action = "Measure"
source = "The town's own"
"""
INDICATORS = """
[town_treated_share]
rule = "Inhalers, of people with COPD"
numerator = "town_inhalers >= 1"
denominator = "registered and town_copd"
source = "The town's own"
"""


def town(folder: Path) -> Snapshot:
    """Every fifth person has COPD and gets three inhalers. At the second practice (even numbers) every second of them is
    not coded. Everybody from 100 has an HbA1c; person 110 to 119 without a unit, 120 to 131 in per cent, 140 to 151 of 900."""
    everybody = f"(SELECT range AS n FROM range({PEOPLE}))"
    ill, coded = "n % 5 = 0", "(n % 2 = 1 OR n % 20 = 0)"
    inhalers = f"(SELECT n, k FROM {everybody}, (SELECT range AS k FROM range(3)) WHERE {ill})"
    tables = {
        "person": written(
            "person", everybody, pid="n", pseudonym="encode(printf('%016d', n))", birth_month="'1960-01-01'", sex="1 + n // 2 % 2"
        ),
        "registration": written("registration", everybody, pid="n", practice="CASE WHEN n % 2 = 1 THEN 'Z00001' ELSE 'Z00002' END"),
        "address": written("address", everybody, pid="n"),
        "gp_event": written(
            "gp_event", f"{everybody} WHERE {ill} AND {coded}", pid="n", date="'2020-01-01'", code=str(COPD)
        )
        + " UNION ALL "
        + written(
            "gp_event", f"{everybody} WHERE n >= 100", pid="n", date="'2025-06-01'", code=str(HBA1C),
            value="CASE WHEN n BETWEEN 140 AND 151 THEN 900 WHEN n BETWEEN 120 AND 131 THEN 25 ELSE 40 END",
            unit="CASE WHEN n BETWEEN 110 AND 119 THEN NULL WHEN n BETWEEN 120 AND 131 THEN '%' ELSE 'mmol/mol' END",
        ),
        "medication": written("medication", inhalers, pid="n", date="make_date(2026, 5 + k, 1)", code=str(TIOTROPIUM)),
        "practice": written(
            "practice", "(VALUES (1, 'Abbey'), (2, 'Bailgate')) AS v(n, name)", practice="'Z0000' || n", name="name",
            pcn="'UZ001'", system="'QJM'",
        ),
    }  # fmt: skip
    return lake_of(folder, tables)


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    texts = {
        "measures": MEASURES, "conditions": CONDITIONS, "coding_checks": CHECKS, "indicators": INDICATORS,
    }  # fmt: skip
    codes = {"town_copd": COPD, "town_hba1c": HBA1C, "town_inhaler": TIOTROPIUM}
    return definitions_in(tmp_path_factory.mktemp("definitions"), texts, codes)


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return town(tmp_path_factory.mktemp("town"))


@pytest.fixture
def ask(snapshot: Snapshot, catalogue: Catalogue) -> Callable[..., Population]:
    return asked_of(snapshot, catalogue)
