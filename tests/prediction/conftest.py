"""A town in which one condition makes emergency admissions likelier, by a known amount, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from goldenthread.cohorts import Population
from goldenthread.definitions import Catalogue, load_catalogue
from goldenthread.lake import Lake, Snapshot
from goldenthread.model import table
from goldenthread.prediction import FittedModel, ModelDefinition, fit
from goldenthread.prediction.definition import read_models

PEOPLE = 3_000
COPD = 13645005
WITH, WITHOUT = 45, 12
"""Chance in 100 of an emergency admission in a year, with COPD and without."""

_FIXED = {
    "person": {
        "pid": "i::INTEGER", "pseudonym": "encode(lpad(i::VARCHAR, 16, '0'))", "birth_month": "DATE '1930-01-01' + to_months((i * 7) % 900)",
        "sex": "(1 + (i // 7) % 2)::VARCHAR", "ethnicity": "CASE WHEN i % 3 = 0 THEN 'J' ELSE 'A' END", "nhs_number_verified": "true",
    },
    "registration": {
        "pid": "i::INTEGER", "start_date": "DATE '2000-01-01'", "practice": "CASE WHEN i < 1000 THEN 'Z00001' ELSE 'Z00002' END",
    },
    "address": {
        "pid": "i::INTEGER", "lsoa": "CASE WHEN i % 5 < 2 THEN 'E01000001' ELSE 'E01000002' END", "care_home": "false",
        "start_date": "DATE '2000-01-01'",
    },
    "gp_event": {
        "pid": "(i * 4)::INTEGER", "date": "DATE '2020-05-01'", "date_precision": "'day'", "code": str(COPD), "practice": "'Z00001'",
    },
    "opt_out": {"pid": "(i * 10 + 9)::INTEGER", "date": "DATE '2021-01-01'", "status": "'dissent'"},
    "practice": {"practice": "'Z0000' || (i + 1)", "name": "'Practice ' || (i + 1)", "pcn": "'UZ00' || (i + 1)"},
    "pcn": {"pcn": "'UZ00' || (i + 1)", "name": "'Network ' || (i + 1)"},
    "lsoa": {"lsoa": "'E0100000' || (i + 1)", "imd_decile": "1 + 8 * i"},
}  # fmt: skip
_ROWS = {
    "person": PEOPLE, "registration": PEOPLE, "address": PEOPLE, "gp_event": PEOPLE // 4, "opt_out": PEOPLE // 10, "practice": 2, "pcn": 2,
    "lsoa": 2,
}  # fmt: skip

DEFINITION = """
[town]
title      = "Emergency admission in the next 12 months"
rule       = "As planted"
outcome    = "emergency_admissions_12m"
horizon    = "12 months"
penalty    = 0.001
gaps       = "care_gaps"
risk_bands = [0.2, 0.4]
gap_bands  = [1, 3]
source     = "The town's own"

[town.limits]
events            = 100
events_per_column = 10
auc               = 0.6
slope             = [0.7, 1.4]
overall           = [0.8, 1.25]
group             = [0.75, 1.33]
group_expected    = 50

[[town.feature]]
fact  = "copd"
words = "COPD"

[[town.feature]]
fact  = "male"
words = "Male"

[[town.feature]]
fact  = "dementia"
words = "Dementia"

[[town.feature]]
fact      = "age"
words     = "Age"
bands     = [0, 40, 65]
reference = "0 to 39"
"""


def town(folder: Path, chance: str) -> Snapshot:
    """Three thousand people over four years; ``chance`` is SQL over ``i`` and ``y``, the person and the year."""
    lake = Lake(folder)
    admissions = {
        "pid": "i::INTEGER", "spell_id": "i || '-' || y", "provider": "'RZ1'", "method": "'21'", "emergency": "true", "patient_class": "'1'",
        "date": "(DATE '2022-10-01' + to_months((12 * y)::INTEGER))::DATE + (hash(i * 31 + y) % 360)::INTEGER", "episodes": "1", "bed_days": "1",
        "diagnoses": "CAST([] AS VARCHAR[])", "procedures": "CAST([] AS VARCHAR[])",
    }  # fmt: skip
    with lake.begin(memory_mb=300, threads=1) as builder:
        for name, rows in _ROWS.items():
            builder.write(name, f"SELECT {_columns(name, _FIXED[name])} FROM range({rows}) AS numbers(i)")
        builder.write(
            "admission",
            f"SELECT {_columns('admission', admissions)} FROM range({PEOPLE}) AS people(i), range(5) AS years(y) "
            f"WHERE hash(i * 1009 + y * 17) % 100 < {chance} AND date <= DATE '2026-10-09'",
        )
        builder.commit(data_dates={"gp_event": "2026-10-31", "apc": "2026-10-09"})
    return lake.current()


def _columns(name: str, given: Mapping[str, str]) -> str:
    filler = {"VARCHAR": "'x'", "INTEGER": "1", "DOUBLE": "1.0", "BOOLEAN": "false"}
    return ", ".join(
        f"CAST({given.get(c.name, 'NULL' if c.nullable else filler.get(c.duckdb_type, 'NULL'))} AS {c.duckdb_type}) AS {c.name}"
        for c in table(name).columns.values()
    )


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="session")
def definition(tmp_path_factory: pytest.TempPathFactory) -> ModelDefinition:
    path = tmp_path_factory.mktemp("models") / "town.toml"
    path.write_text(DEFINITION)
    return read_models(path)[0]


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """COPD (every fourth person) is all that matters."""
    return town(tmp_path_factory.mktemp("town"), f"CASE WHEN i % 4 = 0 THEN {WITH} ELSE {WITHOUT} END")


@pytest.fixture(scope="session")
def unfair(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """As the town, but every third person, of Asian background, is admitted a third as often."""
    chance = f"(CASE WHEN i % 4 = 0 THEN {WITH} ELSE {WITHOUT} END) / (CASE WHEN i % 3 = 0 THEN 3 ELSE 1 END)"
    return town(tmp_path_factory.mktemp("unfair"), chance)


@pytest.fixture(scope="session")
def ask(snapshot: Snapshot, catalogue: Catalogue) -> Callable[..., Population]:
    """A population of the town, the same one for the same question, as at the end of its hospital data."""

    made: dict[object, Population] = {}

    def make(of: Snapshot = snapshot, **more: object) -> Population:
        key = (of.path, *sorted((n, str(v)) for n, v in more.items()))
        if key not in made:
            made[key] = Population(of, catalogue, **{"index_date": date(2026, 9, 30), **more})  # type: ignore[arg-type]
        return made[key]

    return make


@pytest.fixture(scope="session")
def fitted(ask: Callable[..., Population], definition: ModelDefinition) -> FittedModel:
    return fit(ask(), definition)
