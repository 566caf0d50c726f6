"""Where initiatives run and whom they reached: the map's networks, and shares of deprivation beside the population's."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenthread.cohorts import scope_tree
from goldenthread.programme import Register, contacts_of, deprivation_reached, portfolio_csv
from goldenthread.programme.where import catchments, networks_of, outline
from tests.programme.conftest import WALKS


@pytest.fixture
def entry(register: Register):
    def make(scope: str = "system", name: str = WALKS.id):
        return register.create(replace(WALKS, id=name, scope=scope), who="Ann Lee")

    return make


def test_an_initiative_counts_in_every_network_it_runs_in(entry, people):
    population = people()
    tree, homes = scope_tree(population.snapshot), {"E01000001": "UZ002"}
    assert networks_of(entry("system", "all-of-it"), tree, homes) == {"UZ001", "UZ002"}
    assert networks_of(entry("pcn-UZ002", "one-network"), tree, homes) == {"UZ002"}
    assert networks_of(entry("practice-Z00001, practice-Z00002", "two-practices"), tree, homes) == {"UZ001"}
    assert networks_of(entry("lsoa-E01000001", "one-area"), tree, homes) == {"UZ002"}
    assert networks_of(entry("pcn-UZ999", "gone"), tree, homes) == set()


def test_an_area_belongs_to_the_network_that_most_of_its_people_are_with(people):
    population = people()
    homes = catchments(population)
    assert set(homes) == {f"E0100000{n}" for n in range(1, 6)}
    rows = population.groups("count(*) AS n", ("lsoa", "pcn"), by="lsoa, pcn").to_pylist()
    for area, network in homes.items():
        here = {r["pcn"]: r["n"] for r in rows if r["lsoa"] == area}
        assert here[network] == max(here.values())


@given(st.integers(1, 2**16 - 1))
def test_the_outline_encloses_the_area_of_its_parts(chosen):
    """Borders between two parts go; what is enclosed does not change. Any of 16 squares."""
    cells = [divmod(n, 4) for n in range(16) if chosen >> n & 1]
    squares = [
        {"type": "Polygon", "coordinates": [[[x, y], [x, y + 1], [x + 1, y + 1], [x + 1, y], [x, y]]]}
        for x, y in cells
    ]
    rings = outline(squares)
    assert all(ring[0] == ring[-1] for ring in rings)
    assert sum(map(_area, rings)) == -len(cells)  # clockwise; holes count against


def _area(ring):
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) / 2


def test_shares_are_of_those_reached_beside_everybody(entry, people):
    population = people()
    found = deprivation_reached(population, [entry()])
    contacts = contacts_of(population, WALKS).people
    reached = contacts[contacts["reached"].notna()]["imd_quintile"].astype(str)
    assert found.most_deprived[WALKS.id] == pytest.approx((reached == "1").mean(), abs=0.03)
    assert [f.label for f in found.fifths] == ["1 (most deprived)", "2", "3", "4", "5 (least deprived)"]
    for fifth in found.fifths:
        assert fifth.people == pytest.approx(0.2, abs=0.01)
    assert sum(f.reached for f in found.fifths) == pytest.approx(1, abs=0.05)
    assert "of those reached live in the most deprived fifth" in found.words
    assert found.against(WALKS.id) in ("more", "less")
    assert found.against("another") == "unknown"


def test_an_initiative_that_reached_nobody_has_no_share(register, people):
    quiet = register.create(replace(WALKS, id="quiet", programme="Nobody came"), who="Ann Lee")
    found = deprivation_reached(people(), [quiet])
    assert found.most_deprived == {}
    assert found.words == "Nobody has been reached yet."


def test_the_export_says_whom_it_reached_where_it_is_known(entry):
    first, second = entry(), entry(name="another")
    rows = portfolio_csv([first, second], most_deprived={WALKS.id: "24%"}).splitlines()
    assert rows[0].endswith("reached_in_most_deprived_fifth")
    assert rows[1].endswith("24%")
    assert rows[2].endswith(",")
