"""The evaluation runs what was agreed and nothing else, and is right where the truth is known."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date

import pytest

from goldenthread.cohorts import Population
from goldenthread.definitions import load_catalogue
from goldenthread.evaluation import compare, to_html, to_text
from goldenthread.programme import (
    Design,
    Refused,
    Started,
    amend,
    evaluate,
    last_page,
)
from goldenthread.programme.matched import study_of
from tests.programme.conftest import AGREED, DESIGN, PLAN, WALKS, agree


@pytest.mark.parametrize(
    ("ratio", "judged"), [(0.5, ("met",)), (1.0, ("not met", "cannot tell yet")), (1.5, ("not met",))]
)
def test_beneficial_null_and_harmful_come_out_right(evaluated, ratio, judged):
    _, done = evaluated(ratio)
    found = done.comparison.headline("A&E attendances")
    assert found.lower <= ratio <= found.upper
    assert done.verdicts[0][3] in judged


def test_before_and_after_stands_beside_and_misleads(evaluated):
    """A programme that does nothing: those chosen had just been ill, and before and after says it helped a great deal."""
    _, done = evaluated(1.0)
    naive = done.evaluation.before_after
    assert naive.change < -0.2
    assert naive.others_change < -0.1
    page = to_text(last_page(done.entry))
    assert f"Before and after alone would have said {abs(naive.change):.0%} fewer" in page


def test_the_evaluation_equals_the_notebooks(evaluated, people):
    """Anybody who builds the same study by hand gets the same figures."""
    _, done = evaluated(0.5)
    prepared = study_of(people(0.5), WALKS, DESIGN, PLAN.outcomes)
    by_hand = compare(prepared.study, ratio=3, caliper=0.2, seed=1)
    assert by_hand.headline("A&E attendances") == done.comparison.headline("A&E attendances")


def test_the_page_says_everything_that_was_agreed_and_is_kept(evaluated):
    register, done = evaluated(0.5)
    page = to_text(last_page(register.get(WALKS.id)))
    for words in (
        "What happened", "What we set out to do", WALKS.question, "Who was reached", "Harm watched: GP appointments",
        "Fairness: reach in the most deprived fifth", "What this cannot show", "Who benefited and who did not",
        "Cost and value", "Technical annex", done.entry.lock.hash, "Balance before the start",
    ):  # fmt: skip
        assert words.casefold() in " ".join(page.split()).casefold(), words
    assert "<script" not in to_html(last_page(done.entry))
    assert register.get(WALKS.id).stage == "evaluated"


def test_refused_before_the_follow_up_is_complete(register, people, clock):
    plan = replace(PLAN, design=replace(DESIGN, months_after=18))
    agree(register, people(), plan=plan)
    clock.set("2026-11-30")
    with pytest.raises(Refused, match="cannot be evaluated yet.* the data run to 31 October 2026") as refused:
        evaluate(register, WALKS.id, people(), who="x")
    assert "Refresh the data after" in refused.value.remedy
    assert register.get(WALKS.id).stage == "locked"
    assert not register.get(WALKS.id).evaluations


def test_refused_without_a_lock(register, people):
    register.create(WALKS, who="Ann Lee", plan=PLAN)
    with pytest.raises(Refused, match="success was never agreed"):
        evaluate(register, WALKS.id, people(), who="x")


def test_only_the_locked_design_is_judged_and_amendments_are_shown(register, people, clock):
    population = people(0.5)
    agree(register, population)
    clock.set("2026-01-10")
    extra = {"name": "A&E at night", "measure": "ed_night_12m", "direction": "fewer", "size": 5.0}
    amend(
        register, WALKS.id, what="Attendances of any kind at major departments too.", reason="The board asked.",
        agreed_by=AGREED[:1], who="Ann Lee",
        changes={"outcomes": [extra | {"name": "major departments", "measure": "ed_major_12m"}]},
    )  # fmt: skip
    clock.set("2026-11-30")
    done = evaluate(register, WALKS.id, population, who="x")
    assert [v[0] for v in done.verdicts] == [
        "A&E attendances",
        "reach in the most deprived fifth",
        "GP appointments",
    ]
    assert [e.outcome for e in done.evaluation.exploratory] == ["major departments"]
    page = " ".join(to_text(last_page(done.entry)).split())
    assert "Reason: The board asked. Agreed by Ann Lee (clinical director)." in page
    assert "Exploratory: not agreed beforehand" in page


def test_a_definition_that_changed_is_shown_in_both_versions_and_judged_by_the_agreed_one(
    register, evaluated, people, planted, clock, tmp_path
):
    _, first = evaluated(0.5)
    agree(register, people(0.5))
    clock.set("2026-11-30")
    own = tmp_path / "definitions"
    (own / "measures").mkdir(parents=True)
    (own / "measures" / "own.toml").write_text(
        '[ed_attendances_12m]\nrule = "Attendances at single-specialty departments"\nfrom = "emergency_attendance"\ntake = "count"\n'
        'where = \'department_type == "02" or attendance_category == "1" and arrival_hour == 3\'\nwithin = "12 months"\nsource = "a change of mind"\nversion = "2"\n'
    )
    later = Population(planted(0.5).snapshot, load_catalogue(own), purpose="evaluation")
    try:
        again = evaluate(register, WALKS.id, later, who="x")
    finally:
        later.close()
    assert [c.name for c in again.changed] == ["ed_attendances_12m"]
    page = " ".join(to_text(last_page(again.entry)).split())
    assert "Attendances at single-specialty departments (version 2)" in page
    assert "any type of department (version 1)" in page
    assert again.comparison.headline("A&E attendances") == first.comparison.headline("A&E attendances")


def test_a_practice_that_withdrew_is_left_out_and_named(register, people, planted, catalogue, clock):
    agree(register, people(0.5))
    clock.set("2026-11-30")
    later = Population(planted(0.5).snapshot, catalogue, purpose="evaluation", without_practices=["Z00003"])
    try:
        again = evaluate(register, WALKS.id, later, who="x")
    finally:
        later.close()
    assert again.withdrawn == ("Z00003",)
    assert (
        "1 of the 8 practices that shared data when success was agreed do not any more (Z00003)"
        in " ".join(to_text(last_page(again.entry)).split())
    )
    gone = {p for p in range(4_000) if p % 8 == 2}
    assert not gone & set(again.comparison.people["pid"])


def test_too_few_to_compare_is_a_result_too(register, people, clock):
    """Nobody like them: nothing can be told, the page says so, and the register keeps it."""
    plan = replace(PLAN, design=replace(DESIGN, recruit_until=date(2025, 1, 12)), few_accepted="A trial run.")
    agree(register, people(0.5), plan=plan)
    clock.set("2026-11-30")
    done = evaluate(register, WALKS.id, people(0.5), who="x")
    assert done.verdicts[0][3] == "cannot tell yet"
    page = " ".join(to_text(last_page(done.entry)).split())
    assert "No fair comparison was possible." in page
    assert register.get(WALKS.id).stage == "evaluated"


def test_places_are_evaluated_by_the_agreed_method(register, people, clock):
    population = people(0.5, places=True)
    started = tuple(Started(f"Z0000{n}", date(2025, 6, 1)) for n in range(1, 5))
    design = Design("interrupted time series", places=started, months_before=12, months_after=12)
    plan = replace(
        PLAN,
        design=design,
        equity=(),
        outcomes=PLAN.outcomes,
        few_accepted="Four practices are what there is.",
    )
    walks = replace(WALKS, id="walks-places", programme="walks by practice")
    agree(register, population, walks, plan)
    clock.set("2026-11-30")
    done = evaluate(register, walks.id, population, who="x")
    found = done.evaluation.results[0].found
    assert found.lower <= 0.5 <= found.upper
    assert done.verdicts[0][3] == "met"
    assert done.evaluation.design.name == "interrupted time series"


def test_a_tampered_plan_is_not_evaluated(register, people, clock, locked):
    clock.set("2026-11-30")
    shutil.rmtree(register.folder / "locks")
    with pytest.raises(Refused, match="tampered"):
        evaluate(register, WALKS.id, people(), who="x")
