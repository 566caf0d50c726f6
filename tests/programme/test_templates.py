"""Twelve initiatives ready to start from: complete, and everything they name exists."""

from __future__ import annotations

import pytest

from goldenthread.definitions import load_catalogue
from goldenthread.programme import LINKS, ProgrammeError, from_template, lacks, problems_of

CATALOGUE = load_catalogue()
NAMES = (
    "ld_annual_checks", "falls_prevention", "high_intensity_use", "hypertension_finding", "smi_physical_checks",
    "homelessness_health", "domestic_abuse_support", "food_insecurity_support", "proactive_care_frailty",
    "respiratory_winter", "childrens_asthma", "smoking_in_pregnancy",
)  # fmt: skip


def test_all_twelve_are_there():
    assert set(NAMES) <= set(CATALOGUE.initiatives)


@pytest.mark.parametrize("name", sorted(CATALOGUE.initiatives))
def test_a_template_is_complete_and_everything_it_names_exists(name):
    assert problems_of(CATALOGUE, name) == []
    record, plan = from_template(CATALOGUE, name, id="a-trial", owner="Ann", deputy="Bob")
    assert record.gaps == ()
    assert {link.link for link in record.logic_model} == set(LINKS)
    assert plan.primary is not None
    assert plan.activities
    assert plan.stop_rules
    # only what nobody but the users can say is missing before it can be locked
    assert all(
        m.startswith(("no date", "no places", "a stepped roll-out needs places")) for m in lacks(plan)
    ), lacks(plan)


def test_the_learning_disability_template_has_its_three_lists():
    lists = [one["cohort"] for one in CATALOGUE.initiatives["ld_annual_checks"].lists]
    assert lists == ["ld_due", "ld_likely_not_on_register", "ld_probably_wrong"]


def test_falls_are_found_by_what_happened_and_never_predicted():
    """NICE NG249, recommendation 1.1.1: no falls risk prediction tools."""
    from goldenthread.programme.evidence import facts_used

    record, plan = from_template(CATALOGUE, "falls_prevention", id="a-trial")
    named = {n for n in facts_used(CATALOGUE, record, plan) if "risk" in n or "predict" in n}
    assert not named
    assert "NG249" in record.evidence


def test_no_letter_is_sent_about_domestic_abuse():
    assert CATALOGUE.initiatives["domestic_abuse_support"].letter.strip().startswith("No letter is sent.")


def test_an_unknown_template_suggests():
    with pytest.raises(ProgrammeError, match="Did you mean 'falls_prevention'"):
        from_template(CATALOGUE, "fall_prevention", id="a-trial")
