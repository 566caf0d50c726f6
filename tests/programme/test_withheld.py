"""A practice that shares its record and not the contacts of programmes: its people are in no figure of reach or result, and it is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import MappingProxyType

import numpy as np
import pytest

from goldenthread.cohorts import Population
from goldenthread.evaluation import to_text
from goldenthread.governance import GovernanceError, Sharing, feeds
from goldenthread.programme import contacts_of, evaluate, first_contact, last_page, reach_by
from goldenthread.programme.matched import study_of
from tests.programme.conftest import DESIGN, PLAN, WALKS, agree

ALL = frozenset(feeds())
SHARED = Sharing(
    purpose="evaluation", title="Evaluation", day=date(2026, 11, 30), practices=tuple(f"Z{n:05d}" for n in range(1, 9)), out=frozenset(),
    withheld=MappingProxyType({}), feeds=ALL, reasons=MappingProxyType({}), state="all",
)  # fmt: skip
WITHHELD = replace(
    SHARED, withheld=MappingProxyType({"programme": frozenset({"Z00001"})}), state="one withholds"
)


@pytest.fixture
def asked(planted, catalogue):
    made = []

    def make(sharing):
        made.append(
            Population(planted(0.5).snapshot, catalogue, purpose="evaluation", sharing=lambda: sharing)
        )
        return made[-1]

    yield make
    for population in made:
        population.close()


def of_first_practice(pids):
    return (np.asarray(pids) % 8) == 0


def test_reach_leaves_the_practice_out_and_names_it(asked):
    everybody, without = contacts_of(asked(SHARED), WALKS), contacts_of(asked(WITHHELD), WALKS)
    assert of_first_practice(everybody.people["pid"]).any()
    assert not of_first_practice(without.people["pid"]).any()
    assert len(without) == int((~of_first_practice(everybody.people["pid"])).sum())
    assert everybody.withheld == ()
    assert everybody.words == ()
    assert without.withheld == ("Z00001",)
    assert any("1 practice does not share contacts" in w and "Z00001" in w for w in without.words)
    assert len(reach_by(asked(WITHHELD), without).frame) == 1


def test_the_comparison_has_its_people_on_neither_side(asked):
    study = study_of(asked(WITHHELD), WALKS, DESIGN, PLAN.outcomes).study
    assert not of_first_practice(study.treated["pid"]).any()
    assert not of_first_practice(study.candidates["pid"]).any()
    assert of_first_practice(
        study_of(asked(SHARED), WALKS, DESIGN, PLAN.outcomes).study.candidates["pid"]
    ).any()


def test_the_page_says_who_stopped_sharing_contacts_since_it_was_agreed(asked, register, clock):
    agree(register, asked(SHARED))
    clock.set("2026-11-30")
    done = evaluate(register, WALKS.id, asked(WITHHELD), who="agreed date")
    assert done.withdrawn == ("Z00001",)
    page = " ".join(to_text(last_page(done.entry)).split())
    assert "1 practice does not share contacts made by programmes for this purpose (Z00001)" in page
    assert "1 of the 8 practices that shared data when success was agreed do not any more" in page


def test_a_purpose_that_may_use_no_contacts_is_refused_in_words(asked):
    barred = replace(SHARED, feeds=ALL - {"programme"}, state="barred")
    for ask in (contacts_of, first_contact):
        with pytest.raises(GovernanceError, match="Contacts made by programmes"):
            ask(asked(barred), WALKS)
