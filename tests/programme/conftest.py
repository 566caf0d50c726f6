"""A small town in which it is known what a programme did, and a register with a clock that tests set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from goldenthread.cohorts import Population
from goldenthread.definitions import Catalogue, load_catalogue
from goldenthread.programme import (
    Activity,
    Design,
    Entry,
    EquityTarget,
    Evaluated,
    Initiative,
    Plan,
    PlannedOutcome,
    Register,
    Signatory,
    evaluate,
    lock,
)
from tests.programme.planted import PROGRAMME, Town, town

AGREED = (Signatory("Ann Lee", "clinical director"), Signatory("Bob Day", "practice manager"))
WALKS = Initiative(
    "walks-2025", "Town walks", "Do walks keep people over 60 out of A&E?", "age >= 60", programme=PROGRAMME,
    owner="Ann Lee", deputy="Bob Day",
)  # fmt: skip
DESIGN = Design(
    "matched", entry="completed", comparable="age >= 60",
    covariates=("age", "sex", "imd_decile", "ed_attendances_3m", "ed_attendances_12m", "gp_appointments_12m"),
    subgroups=("sex",), draws=2, months_before=6,
)  # fmt: skip
PLAN = Plan(
    outcomes=(
        PlannedOutcome("A&E attendances", "ed_attendances_12m", "fewer", 25, "primary"),
        PlannedOutcome("GP appointments", "gp_appointments_12m", "no more than", 20, "harm"),
    ),
    design=DESIGN,
    equity=(EquityTarget("imd_quintile", "1", 50, name="reach in the most deprived fifth"),),
    activities=(Activity("coach", "A walk a week", contacts=12, minutes=45),),
    evaluate_on=date(2026, 9, 1),
)  # fmt: skip


class Clock:
    """The day on which a test takes place."""

    def __init__(self) -> None:
        self.now = datetime(2024, 11, 1, 9, tzinfo=UTC)

    def set(self, day: str) -> None:
        self.now = datetime.fromisoformat(f"{day}T09:00:00+00:00")


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Town]:
    """The town with a planted ratio, written once a ratio."""
    made: dict[tuple[float, bool], Town] = {}

    def make(ratio: float, *, places: bool = False) -> Town:
        if (ratio, places) not in made:
            made[ratio, places] = town(tmp_path_factory.mktemp("town") / "lake", ratio, places=places)
        return made[ratio, places]

    return make


@pytest.fixture(scope="session")
def people(planted: Callable[..., Town], catalogue: Catalogue) -> Iterator[Callable[..., Population]]:
    """The town's people, for evaluation."""
    made: dict[tuple[float, bool], Population] = {}

    def make(ratio: float = 0.5, *, places: bool = False) -> Population:
        if (ratio, places) not in made:
            made[ratio, places] = Population(
                planted(ratio, places=places).snapshot, catalogue, purpose="evaluation"
            )
        return made[ratio, places]

    yield make
    for population in made.values():
        population.close()


@pytest.fixture(scope="session")
def evaluated(
    people: Callable[..., Population], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[float], tuple[Register, Evaluated]]:
    """The walks evaluated in the town where their ratio is planted: once a ratio. Tests look and change nothing."""
    made: dict[float, tuple[Register, Evaluated]] = {}

    def make(ratio: float) -> tuple[Register, Evaluated]:
        if ratio not in made:
            clock = Clock()
            register = Register(tmp_path_factory.mktemp("register"), now=lambda: clock.now)
            agree(register, people(ratio))
            clock.set("2026-11-30")
            made[ratio] = register, evaluate(register, WALKS.id, people(ratio), who="agreed date")
        return made[ratio]

    return make


def agree(
    register: Register, population: Population, walks: Initiative = WALKS, plan: Plan | None = None
) -> Entry:
    """Put the walks into a register and lock their plan."""
    entry = register.create(walks, who="Ann Lee", plan=plan or PLAN)
    return lock(
        register, walks.id, agreed_by=AGREED, who="Ann Lee", version=entry.version, population=population
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def register(tmp_path: Path, clock: Clock) -> Register:
    return Register(tmp_path / "programme", now=lambda: clock.now)


@pytest.fixture
def locked(register: Register, people: Callable[..., Population]) -> Entry:
    """The walks, agreed before the first contact."""
    return agree(register, people())
