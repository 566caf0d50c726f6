"""A small town, drawn by rule: 120 people, two practices, a few facts each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from goldenthread.cohorts import Population
from goldenthread.definitions import Catalogue, load_catalogue
from goldenthread.disclosure import Ledger
from goldenthread.lake import Lake, Snapshot
from tests.measures.tiny import build

PEOPLE = 120
ASTHMA = 195967001

DEFINITIONS = """
[town_asthma]
rule = "Any asthma code"
from = "gp_event"
codes = "town_asthma"
take = "exists"
source = "The town's own"

[town_hba1c]
rule = "Latest HbA1c in the 24 months up to the index date"
from = "gp_event"
codes = "town_hba1c"
take = "latest value"
within = "24 months"
unit = "mmol/mol"
source = "The town's own"
"""
COHORTS = """
[older_with_asthma]
rule = "People aged 65 or over with asthma"
expression = "age >= 65 and town_asthma"
source = "The town's own"
"""


def drawn(heads: str, rows: list[str]) -> str:
    return "\n".join([heads, *rows])


def town(folder: Path) -> Snapshot:
    """Every second person is 66, the rest 36; every third has asthma; every fourth an HbA1c of 40 or 60; person 7 and
    every tenth person opted out; 0 to 39 are with one practice, the rest with another."""
    people = [f"| {n} | {1960 if n % 2 else 1990}-01-01 | {1 + n % 2} |" for n in range(PEOPLE)]
    registered = [f"| {n} | {'Z00001' if n < 40 else 'Z00002'} |" for n in range(PEOPLE)]
    events = [f"| {n} | 2020-01-01 | {ASTHMA} | |" for n in range(0, PEOPLE, 3)]
    events += [f"| {n} | 2026-01-01 | 999791000000106 | {60 if n % 8 else 40} |" for n in range(0, PEOPLE, 4)]
    opted = [f"| {n} | 2020-01-01 | dissent |" for n in (7, *range(0, PEOPLE, 10))]
    opted += ["| 7 | 2021-01-01 | withdrawn |"]
    return build(
        folder,
        person=drawn("| pid | birth_month | sex |", people),
        registration=drawn("| pid | practice |", registered),
        gp_event=drawn("| pid | date | code | value |", events),
        opt_out=drawn("| pid | date | status |", opted),
        practice=drawn(
            "| practice | name | pcn |", ["| Z00001 | Abbey | UZ001 |", "| Z00002 | Bailgate | UZ001 |"]
        ),
    )


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The town's own definitions, without those shipped: tests say what they need, and run in no time."""
    own = tmp_path_factory.mktemp("definitions")
    for folder in ("measures", "cohorts", "codelists"):
        (own / folder).mkdir()
    (own / "measures" / "town.toml").write_text(DEFINITIONS)
    (own / "cohorts" / "town.toml").write_text(COHORTS)
    (own / "codelists" / "town_asthma.csv").write_text(f"code,term\n{ASTHMA},Asthma\n")
    (own / "codelists" / "town_hba1c.csv").write_text("code,term\n999791000000106,HbA1c\n")
    whole = load_catalogue(own)
    mine = {n: d for n, d in whole.definitions.items() if Path(d.file).is_relative_to(own)}
    return Catalogue(mine, {n: c for n, c in whole.codelists.items() if n.startswith("town_")}, whole.folders)


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return town(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="session")
def lake(snapshot: Snapshot) -> Lake:
    return Lake(snapshot.path.parent.parent)


@pytest.fixture
def ask(snapshot: Snapshot, catalogue: Catalogue) -> Callable[..., Population]:
    """A population of the town; with ``remembered=True`` its answers are remembered in a ledger of their own."""

    def make(*, remembered: bool = False, **more: object) -> Population:
        if remembered:
            more |= {"ledger": Ledger(snapshot=snapshot.id, people=PEOPLE), "recipient": "ann"}
        return Population(snapshot, catalogue, **more)  # type: ignore[arg-type]

    return make
