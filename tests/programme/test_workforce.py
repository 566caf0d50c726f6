"""Hours, posts and pounds follow from people, contacts and minutes."""

from __future__ import annotations

import pytest

from goldenthread.programme import Activity, ProgrammeError, fourth, load_rates, workforce

RATES = load_rates()


@pytest.mark.parametrize(
    ("caseload", "contacts", "minutes"), [(225, 9, 28.0), (200, 6, 47.25), (250, 12, 18.9)]
)
def test_a_link_workers_caseload_leaves_so_many_minutes(caseload, contacts, minutes):
    """42 weeks of 37.5 hours, 60% with people: 945 hours. 225 people with 9 contacts leave 28 minutes each."""
    assert fourth(caseload=caseload, contacts=contacts, wte=1, contact_hours=945) == (
        "minutes",
        pytest.approx(minutes),
    )


def test_a_coach_sees_199_people_a_year():
    """Six sessions, the first of 60 minutes and five of 45: 285 minutes a person."""
    coach = Activity("coach", "Coaching", contacts=6, minutes=47.5, missed=0)
    assert workforce(1, [coach], RATES).lines[0].caseload == pytest.approx(199, abs=0.5)


def test_learning_disability_checks_for_75_people_take_75_hours():
    """40 minutes of a nurse and 20 of a GP."""
    both = [Activity("nurse", "Check", minutes=40, missed=0), Activity("gp", "Plan", minutes=20, missed=0)]
    assert workforce(75, both, RATES).hours == pytest.approx(75)


def test_a_caseload_that_does_not_fit_is_shown_as_a_contradiction():
    stated = Activity("link_worker", "Support", contacts=12, minutes=45, missed=0, caseload=250)
    assert "leave time for 105" in workforce(100, [stated], RATES).lines[0].contradiction


def test_posts_that_are_missing_are_said_with_how_many_people_there_is_time_for():
    short = workforce(2000, [Activity("pharmacist", "Review", minutes=45, missed=0, available=0.8)], RATES)
    assert "1.6 whole-time posts are needed and there are 0.8" in short.words[0]
    assert "about 1,008 people" in short.words[0]


def test_every_rate_has_a_year_and_a_source():
    assert all(r.year and r.source and r.cost_per_hour > 0 for r in RATES.roles.values())
    assert all(e.year and e.source and e.cost > 0 for e in RATES.events.values())


def test_a_deployments_own_rates_replace_those_they_name(tmp_path):
    own = tmp_path / "workforce.toml"
    own.write_text('[role.nurse]\ntitle = "Nurse"\ncost_per_hour = 50.0\nyear = "2026/27"\nsource = "ours"\n')
    rates = load_rates(own)
    assert rates.of("nurse").cost_per_hour == 50
    assert rates.of("gp").cost_per_hour == RATES.of("gp").cost_per_hour


def test_bad_figures_are_refused():
    with pytest.raises(ProgrammeError, match="no role 'wizard'"):
        workforce(1, [Activity("wizard", "Magic")], RATES)
    with pytest.raises(ProgrammeError, match="minutes is -1"):
        Activity("gp", "x", minutes=-1)
    with pytest.raises(ProgrammeError, match="Leave out exactly one"):
        fourth(caseload=1, contacts=1, minutes=1, wte=1, contact_hours=945)
