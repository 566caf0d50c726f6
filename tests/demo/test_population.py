"""Who takes part, and how conditions are calibrated."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.demo.conftest import PEOPLE, Demo

from goldenthread.demo import calibration_report, conditions, households, population, reference
from goldenthread.demo.conditions import _intercept
from goldenthread.demo.population import FEWEST, MOST, DemoError, apportion, plan


@settings(max_examples=25, deadline=None)
@given(st.integers(FEWEST, MOST))
def test_a_plan_adds_up_and_keeps_practices_plausible(people: int) -> None:
    plans = plan(people, 1)
    assert sum(p.people for p in plans) == people
    assert len({p.pcn for p in plans}) == (14 if people >= 35_000 else max(2, round(people / 2500)))
    assert min(p.people for p in plans) >= 30
    assert [p.index for p in plans] == sorted({p.index for p in plans})


def test_the_whole_population_is_the_published_one() -> None:
    published = reference.table("practices")["list_size"]
    assert [p.people for p in plan(MOST, 1)] == published.tolist()


@given(st.integers(0, 10_000), st.lists(st.floats(0.01, 1e6), min_size=1, max_size=50))
def test_apportioning_loses_nobody_and_is_never_a_person_out(total: int, weights: list[float]) -> None:
    w = np.array(weights)
    out = apportion(total, w)
    assert out.sum() == total
    assert np.all(np.abs(out - total * w / w.sum()) < 1.0 + 1e-6)


@given(st.integers(0, 2**31), st.floats(0.001, 0.5))
def test_the_intercept_makes_the_expected_register_equal_its_target(seed: int, target: float) -> None:
    eta = np.random.default_rng(seed).normal(-2, 1.5, 300)
    p = 1 / (1 + np.exp(-(eta + _intercept(eta, target))))
    assert p.mean() == pytest.approx(target, abs=1e-5)


def test_registers_lie_near_what_qof_published(demo: Demo) -> None:
    report = calibration_report(demo.feeds, demo.truth)
    off = []
    for f in report.figures:
        if f.topic == "Prevalence of QOF registers" and f.what != "COPD":  # one practice leaves COPD uncoded
            share = f.published / 100
            off.append((f.modelled - f.published) / 100 / np.sqrt(share * (1 - share) / f.people))
    assert len(off) == 20
    assert max(abs(z) for z in off) < 4.0
    assert float(np.mean(np.square(off))) < 2.2
    assert np.mean(list(report.practices_within.values())) > 0.9


def test_the_report_reads_as_a_table_and_compares_activity(demo: Demo) -> None:
    report = calibration_report(demo.feeds, demo.truth)
    attendances = report.figure("A&E attendances per 1,000 a year")
    admissions = report.figure("emergency admissions per 1,000 a year")
    assert attendances.modelled == pytest.approx(attendances.published, rel=0.35)
    assert admissions.modelled == pytest.approx(admissions.published, rel=0.35)
    assert report.figure("deaths per 1,000 people a year").modelled == pytest.approx(
        report.figure("deaths per 1,000 people a year").published, rel=0.4
    )
    assert "Hypertension" not in report.text()
    assert "HYP" in report.text()
    assert len(json.loads(json.dumps(report.to_dict()))["figures"]) == len(report.figures)
    assert report.figure("DM").people < PEOPLE


def test_a_report_without_truth_says_what_to_do(tmp_path) -> None:
    with pytest.raises(DemoError, match=r"Make a demonstration first"):
        calibration_report(tmp_path, tmp_path)


def test_age_and_deprivation_show_in_disease() -> None:
    plans = plan(60_000, 3)
    found = {"old": [0, 0], "young": [0, 0], "poor": [0, 0], "rich": [0, 0]}
    for p in plans[:12]:
        rng = np.random.default_rng(p.index)
        people = population.draw(p, plans, rng)
        households.settle(people, rng)
        conditions.afflict(people, rng)
        here, grown = people.kind == population.CURRENT, people.age >= 50
        copd, diabetes = (
            conditions.with_condition(people, "copd"),
            conditions.with_condition(people, "diabetes"),
        )
        groups = {
            "old": (here & (people.age >= 65), diabetes), "young": (here & (people.age < 40), diabetes),
            "poor": (here & grown & (people.imd_decile <= 2), copd), "rich": (here & grown & (people.imd_decile >= 8), copd),
        }  # fmt: skip
        for key, (mask, has) in groups.items():
            found[key][0] += int((mask & has).sum())
            found[key][1] += int(mask.sum())
    share = {key: with_it / everybody for key, (with_it, everybody) in found.items()}
    assert share["old"] > 5 * share["young"]
    assert share["poor"] > 1.4 * share["rich"]
