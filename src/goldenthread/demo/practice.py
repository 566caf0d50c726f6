"""One practice from beginning to end: its people, their lives, its own files, and its rows for everybody else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from goldenthread.demo import (
    conditions,
    gp_feed,
    hospital,
    households,
    identity,
    initiatives,
    measurements,
    medicines,
    population,
    prevention,
    primary_care,
    urgent,
)
from goldenthread.demo.population import People, PracticePlan
from goldenthread.demo.record import Record
from goldenthread.demo.shared_feeds import send_shared
from goldenthread.demo.truth import keep_truth
from goldenthread.demo.writers import Spool

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Life:
    """Everything drawn for one practice."""

    people: People
    record: Record
    events: dict[str, Array]
    stays: dict[str, Array]
    contacts: dict[str, Array]
    treated: dict[str, Array]


def live(plan: PracticePlan, everybody: list[PracticePlan]) -> Life:
    """Draw a practice's people and what happens to them. Depends on nothing but the plan and its seed."""
    seeds = np.random.SeedSequence(plan.seed, spawn_key=(plan.index,)).spawn(12)
    rngs = [np.random.default_rng(s) for s in seeds]
    people = population.draw(plan, everybody, rngs[0])
    households.settle(people, rngs[1])
    conditions.afflict(people, rngs[2])
    identity.enrol(people)
    measurements.traits(people, rngs[3])
    primary_care.prescient(people)
    record = Record(people)
    medicines.begin(people, rngs[4])
    primary_care.problems(people, record, rngs[5])
    measurements.reviews(people, record, rngs[6])
    primary_care.consultations(people, record, rngs[7])
    primary_care.social_facts(people, record, rngs[8])
    primary_care.births(people, record, rngs[8])
    prevention.vaccinate(people, record, rngs[9])
    prevention.screen(people, record, rngs[9])
    prevention.health_check(people, record, rngs[9])
    medicines.prescribe(people, record, rngs[10])
    before = urgent.needs(people, rngs[11])
    events, contacts, treated = initiatives.run(people, before, rngs[11])
    stays, events = hospital.spells(people, events, rngs[11])
    record.leave_out(lambda who, day: hospital.inside(stays, who, day))
    return Life(people, record, events, stays, contacts, treated)


def make(plan: PracticePlan, everybody: list[PracticePlan], feeds: Path, work: Path) -> dict[str, int]:
    """Draw one practice and write it: GP files at once, shared feeds and truth into the spool. Returns row counts."""
    life = live(plan, everybody)
    rng = np.random.default_rng(np.random.SeedSequence(plan.seed, spawn_key=(plan.index, 99)))
    spool = Spool(work, plan.index)
    heard = gp_feed.note_hospital(life, rng)
    counts = gp_feed.send(life, feeds, work, spool, rng)
    counts |= send_shared(life, spool, rng)
    keep_truth(life, spool, heard)
    return counts


__all__ = ["Life", "live", "make"]
