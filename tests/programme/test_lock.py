"""Success is agreed before the start, with enough people, and nobody moves the goal afterwards."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from goldenthread.programme import Conflict, Plan, ProgrammeError, Refused, amend, lock, verify
from goldenthread.programme.forms import canonical, fingerprint
from tests.programme.conftest import AGREED, DESIGN, PLAN, WALKS
from tests.programme.test_register import tamper


def refusal(register, people, plan, agreed=AGREED):
    entry = register.create(WALKS, who="Ann", plan=plan)
    with pytest.raises(Refused) as refused:
        lock(register, WALKS.id, agreed_by=agreed, who="Ann", version=entry.version, population=people())
    assert register.get(WALKS.id).lock is None
    return refused.value


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (replace(PLAN, outcomes=PLAN.outcomes[1:]), "no primary outcome"),
        (replace(PLAN, outcomes=PLAN.outcomes[:1]), "no balancing measure"),
        (replace(PLAN, design=None), "no comparator"),
        (replace(PLAN, design=replace(DESIGN, comparable="")), "no comparator"),
        (replace(PLAN, design=replace(DESIGN, covariates=())), "no covariates"),
        (replace(PLAN, evaluate_on=None), "no date for the evaluation"),
    ],
)
def test_a_plan_without_what_it_needs_is_refused(register, people, plan, words):
    assert words in " ".join(refusal(register, people, plan).reasons)


def test_every_reason_is_given_at_once(register, people):
    reasons = refusal(register, people, Plan(), agreed=AGREED[:1]).reasons
    assert len(reasons) >= 4
    assert any("fewer than two people agree" in r for r in reasons)


def test_too_few_people_says_how_many_are_needed(register, people):
    reasons = refusal(register, people, replace(PLAN, capacity=30)).reasons
    assert "too few people:" in reasons[0]
    assert "are needed to see A&E attendances change by at least 25% fewer, and 30 are expected" in reasons[0]


def test_too_few_people_may_go_ahead_with_a_reason_that_is_kept(register, people):
    entry = register.create(WALKS, who="Ann", plan=replace(PLAN, capacity=30, few_accepted="To learn how."))
    made = lock(register, WALKS.id, agreed_by=AGREED, who="Ann", version=entry.version, population=people())
    assert not made.lock.power.enough
    assert made.lock.power.needed > 30


def test_people_contacted_before_it_was_agreed_are_a_reason(register, people, clock):
    clock.set("2025-09-01")
    assert "before success was agreed" in refusal(register, people, PLAN).reasons[0]


def test_the_lock_holds_the_plan_its_power_and_every_definition(locked):
    agreement = locked.lock
    assert agreement.power.enough
    assert "ed_attendances_12m" in agreement.definitions
    assert agreement.hash == fingerprint(agreement.content())
    assert agreement.practices == tuple(f"Z0000{n}" for n in range(1, 9))
    assert locked.stage == "locked"


def test_a_plan_is_locked_once(register, people, locked):
    with pytest.raises(Refused, match="was locked on 1 November 2024"):
        lock(register, WALKS.id, agreed_by=AGREED, who="Ann", version=locked.version, population=people())


def test_a_lock_that_fails_leaves_no_seal(register, people):
    seen = register.create(WALKS, who="Ann", plan=PLAN).version
    register.change(WALKS.id, {"deputy": "Cat"}, who="Bob", version=seen)
    with pytest.raises(Conflict):
        lock(register, WALKS.id, agreed_by=AGREED, who="Ann", version=seen, population=people())
    assert list((register.folder / "locks").iterdir()) == []
    assert verify(register, WALKS.id) == ()


def test_tampering_with_a_locked_plan_in_the_database_is_detected(register, locked):
    assert verify(register, WALKS.id) == ()
    tamper(
        register, """UPDATE event SET body = replace(body, '"size":25.0', '"size":5.0') WHERE kind = 'lock'"""
    )
    found = " ".join(verify(register, WALKS.id))
    assert "does not have the hash it was locked with" in found
    assert "content was changed after it was written" in found
    assert "differs from its sealed copy" in found


def test_a_forger_who_also_mends_the_hashes_is_found_by_the_sealed_copy(register, locked):
    """All hashes of the database worked out anew: the copy outside it still differs, and so does the hash on paper."""
    from goldenthread.programme.store import _hash

    event = next(e for e in locked.events if e.kind == "lock")
    body = json.loads(canonical(event.body))
    body["plan"]["outcomes"][0]["size"] = 5.0
    body["hash"] = fingerprint({k: v for k, v in body.items() if k != "hash"})
    text = canonical(body)
    digest = _hash(
        event.initiative,
        event.version,
        event.at.isoformat(timespec="microseconds"),
        event.who,
        event.kind,
        text,
        event.previous,
    )
    quoted = text.replace("'", "''")
    tamper(register, f"UPDATE event SET body = '{quoted}', hash = '{digest}' WHERE seq = {event.seq}")
    assert "sealed copy" in " ".join(verify(register, WALKS.id))


def test_amendments_have_a_reason_and_form_a_chain(register, locked):
    with pytest.raises(ProgrammeError, match="what changed and why"):
        amend(register, WALKS.id, what="Longer.", reason=" ", agreed_by=AGREED, who="Ann")
    for number in (1, 2):
        amend(register, WALKS.id, what=f"Change {number}.", reason="Rain.", agreed_by=AGREED, who="Ann")
    entry = register.get(WALKS.id)
    assert [a.previous for a in entry.amendments] == [entry.lock.hash, entry.amendments[0].hash]
    assert entry.plan == entry.lock.plan
    assert verify(register, WALKS.id) == ()
    tamper(register, "UPDATE event SET body = replace(body, 'Rain.', 'Snow.') WHERE kind = 'amendment'")
    assert "amendment 1 does not follow" in " ".join(verify(register, WALKS.id))
