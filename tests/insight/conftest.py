"""The village, drawn once for every test that asks about it; folders with a place of their own say so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from goldenthread.cohorts import Population
from goldenthread.definitions import Catalogue
from goldenthread.lake import Snapshot
from tests.insight.village import catalogue_in, population_in, village


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return catalogue_in(tmp_path_factory.mktemp("village") / "definitions")


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return village(tmp_path_factory.mktemp("village_lake"))


@pytest.fixture
def people(snapshot: Snapshot, catalogue: Catalogue) -> Callable[..., Population]:
    def make(**more: bool) -> Population:
        return population_in(snapshot, catalogue, **more)

    return make
