"""The whole comparison: what it must find, state and refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from simulate_people import COVARIATES, make_study

from goldenthread.evaluation.comparison import compare
from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.study import Outcome, Study


@pytest.fixture(scope="module")
def study():
    return make_study(0.6, seed=3, people=4000, treated=400, subgroups=["fifth"])


@pytest.fixture(scope="module")
def found(study):
    return compare(study)


def check(found, name):
    return found.checks.set_index("check").loc[name]


def test_the_planted_effect_is_within_the_interval_and_the_naive_one_is_not_it(found):
    fair = found.headline("admissions")
    assert fair.lower < 0.6 < fair.upper
    assert fair.method == "matched and adjusted"
    naive = found.naive.set_index("outcome").loc["admissions"]
    assert naive["treated_change"] < 0.55
    assert naive["control_change"] < 0.9
    assert "without any help" in naive["sentence"]


def test_people_are_alike_after_matching(found):
    table = found.balance[found.balance["matched_on"]]
    assert table["smd_before"].abs().max() > 0.4
    assert table["smd_after"].abs().max() < 0.1
    assert check(found, "alike")["result"] == "passed"
    assert (~found.balance["matched_on"]).sum() == 2


def test_flow_adds_up(found):
    steps = found.flow.set_index(["arm", "step"])["people"]
    assert steps["treated", "entered"] == 400
    assert steps["treated", "nobody comparable"] + steps["treated", "compared"] == 400
    assert steps["treated", "compared"] == found.n_treated == found.people["treated"].sum()
    controls = found.people.loc[~found.people["treated"], "pid"]
    assert steps["candidates", "compared"] == found.n_control == controls.nunique()


def test_comparators_start_in_the_month_of_the_person_they_are_compared_with(found):
    month = found.people["start"].dt.to_period("M")
    assert (month.groupby(found.people["set"]).transform("min") == month).all()
    weight = found.people.loc[~found.people["treated"]].groupby("set")["weight"].sum()
    np.testing.assert_allclose(weight, 1)


def test_the_negative_control_shows_nothing_and_is_not_an_effect(found):
    assert check(found, "negative control")["result"] == "passed"
    assert {e.outcome for e in found.effects} == {"admissions"}


def test_a_negative_control_that_moves_is_a_concern(study):
    moved = [study.outcomes[0], replace(study.outcomes[0], name="cannot", role="negative control")]
    assert check(compare(replace(study, outcomes=moved)), "negative control")["result"] == "concern"


@pytest.mark.parametrize(("lower_is_better", "result"), [(True, "passed"), (False, "concern")])
def test_a_watched_harm_that_moves_the_wrong_way_is_a_concern(study, lower_is_better, result):
    watched = replace(study.outcomes[0], name="reviews", role="harm", lower_is_better=lower_is_better)
    found = compare(replace(study, outcomes=[study.outcomes[0], watched]))
    assert check(found, "harm watched")["result"] == result


def test_covariates_dated_before_entry_are_checked_and_undated_ones_said(study, found):
    assert check(found, "no immortal time")["result"] == "stated"
    dated = replace(
        study,
        treated=study.treated.assign(measured=study.treated["entry"]),
        candidates=study.candidates.assign(measured=study.candidates["start"]),
    )
    assert check(compare(dated), "no immortal time")["result"] == "passed"
    # a candidate measured after the start date cannot serve
    late = replace(dated, candidates=dated.candidates.assign(measured=np.datetime64("2024-12-01")))
    with pytest.raises(Refusal, match="no candidate was eligible"):
        compare(late)


def test_every_check_has_a_sentence(found):
    wanted = {
        "alike",
        "alike in earlier use",
        "placebo before entry",
        "negative control",
        "regression to the mean",
        "E-value",
        "several subgroups",
        "lost to follow-up",
        "deaths",
        "as assigned",
        "no immortal time",
    }
    assert wanted == set(found.checks["check"])
    assert found.checks["sentence"].str.len().min() > 20
    assert set(found.checks["result"]) <= {"passed", "concern", "not done", "stated"}


def test_subgroups_are_exploratory_and_complete(found):
    assert found.subgroups["level"].tolist() == ["1", "2", "3", "4", "5"]
    assert all(e.exploratory for e in found.subgroup_effects)
    assert found.subgroups["n_treated"].sum() == found.n_treated


def test_the_event_study_is_flat_before_and_lower_after(found):
    table = found.event_study.set_index("quarter")
    assert table.index.tolist() == [-4, -3, -2, -1, 1, 2, 3, 4]
    assert (table.loc[1:, "percent"] < 0).all()
    within = (table["percent_lower"] <= 0) & (table["percent_upper"] >= 0)
    assert within.loc[:-1].sum() >= 3
    assert not within.loc[1:].all()


def test_the_same_seed_gives_the_same_answer(study, found):
    again = compare(study)
    assert again.effects == found.effects
    pd.testing.assert_frame_equal(again.people, found.people)


def test_the_names_of_people_do_not_matter(study, found):
    def rename(frame):
        return frame.assign(pid=90_000 - 2 * frame["pid"])

    renamed = replace(
        study,
        treated=rename(study.treated),
        candidates=rename(study.candidates),
        outcomes=[replace(o, events=rename(o.events)) for o in study.outcomes],
    )
    assert compare(renamed).headline("admissions") == found.headline("admissions")


@pytest.mark.parametrize("method", ["inverse probability", "entropy"])
def test_weighting_finds_the_planted_effect_too(study, method):
    found = compare(study, method=method)
    fair = found.headline("admissions")
    assert fair.lower < 0.6 < fair.upper
    assert found.balance.loc[found.balance["matched_on"], "smd_after"].abs().max() < 0.1
    assert any("equally weighted people" in note for note in found.notes)


@pytest.mark.parametrize(
    "changes", [{"distance": "mahalanobis"}, {"replace": True}, {"ratio": 1}, {"adjust": False}]
)
def test_other_ways_of_matching_agree(study, changes):
    fair = compare(study, **changes).headline("admissions")
    assert fair.lower < 0.6 < fair.upper


def test_practices_as_clusters_give_their_own_degrees_of_freedom(study, found):
    wider = compare(replace(study, cluster="practice")).headline("admissions")
    assert wider.value == pytest.approx(found.headline("admissions").value)
    assert wider.upper - wider.lower != pytest.approx(found.headline("admissions").upper)


def test_uneven_deaths_are_a_concern():
    found = compare(make_study(1.0, seed=5, unlucky=60))
    assert check(found, "lost to follow-up")["result"] == "concern"
    gone = found.attrition.set_index(["arm", "reason"])["people"]
    assert gone["treated", "died"] > 40
    assert gone["control", "died"] == 0


def test_exact_matching_is_exact(study):
    found = compare(replace(study, exact=["sex", "fifth"]))
    both = pd.concat([study.treated, study.candidates]).set_index("pid")
    labels = both.loc[found.people["pid"], ["sex", "fifth"]].astype(str).agg("".join, axis=1).to_numpy()
    assert len(set(zip(labels, found.people["set"], strict=True))) == found.n_treated


def test_without_start_dates_comparators_take_the_entry_day_of_their_match(study):
    spans = study.candidates.drop(columns="start").assign(
        eligible_from=np.datetime64("2023-01-01"), eligible_to=np.datetime64("2023-05-15")
    )
    early = study.treated[study.treated["entry"] <= "2023-05-15"]
    found = compare(replace(study, candidates=spans, treated=early))
    assert len(found.people[["set", "start"]].drop_duplicates()) == found.n_treated
    # after the last day on which anybody could have been invited nobody has a comparator
    with pytest.raises(Refusal, match="have no comparable control"):
        compare(replace(study, candidates=spans))


def test_future_treated_people_serve_only_before_they_enter():
    study = make_study(1.0, seed=8)
    again = study.treated.drop(columns="entry").assign(
        eligible_from=np.datetime64("2023-01-01"), eligible_to=np.datetime64("2024-12-31")
    )
    spans = study.candidates.drop(columns="start").assign(
        eligible_from=np.datetime64("2023-01-01"), eligible_to=np.datetime64("2024-12-31")
    )
    found = compare(replace(study, candidates=pd.concat([spans, again])))
    entry = study.treated.set_index("pid")["entry"]
    served = found.people[~found.people["treated"] & found.people["pid"].isin(entry.index)]
    assert len(served) > 0
    assert (served["start"] < served["pid"].map(entry)).all()
    assert any("also candidates" in note for note in found.notes)
    same = found.people.merge(found.people, on=["set", "pid"])
    assert (same["treated_x"] == same["treated_y"]).all()  # nobody is compared with themselves


# --- what is refused ------------------------------------------------------------------------------


def test_fewer_than_twenty_treated_is_refused():
    with pytest.raises(Refusal, match="Too few people to evaluate: 19 were treated"):
        make_study(treated=19)


def test_no_common_support_is_refused():
    study = make_study()
    old = study.treated.assign(age=200.0 + np.arange(len(study.treated)))
    with pytest.raises(Refusal, match="no common support"):
        compare(replace(study, treated=old))


def test_too_many_without_a_comparator_is_refused_with_figures():
    study = make_study(treated=40)
    lost = study.treated.assign(sex=["X"] * 11 + ["F"] * 29)
    with pytest.raises(Refusal, match="Too few people to match: 11 of 40 have no comparable control"):
        compare(
            replace(study, treated=lost, covariates=["age", "need", "recent"], exact=["sex"]), caliper=None
        )


def changed(name, **columns):
    def change(study):
        return {name: getattr(study, name).assign(**columns)}

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (changed("treated", exit="2001-01-01"), "negative"),
        (changed("candidates", eligible_from="2024-01-01", eligible_to="2023-01-01"), "negative"),
        (changed("treated", measured="2024-12-31"), "measured after they entered"),
        (changed("treated", entry="2031-01-01"), "outside the data"),
        (changed("treated", entry=None), "no entry date"),
        (changed("treated", registered_from="2024-12-31"), "registered_from"),
        (changed("treated", exit_reason="bored"), "Unknown exit reason"),
        (changed("treated", pid=7), "twice"),
        (lambda s: {"covariates": ["age", "shoe size"]}, "no column shoe size"),
        (lambda s: {"covariates": []}, "No covariates"),
        (lambda s: {"outcomes": []}, "No outcome"),
        (lambda s: {"covariates": ["age", "exit_reason"]}, "not known before entry"),
        (lambda s: {"data_to": date(2001, 1, 1)}, "end before they begin"),
        (lambda s: {"quarters_after": 0}, "time before and after"),
        (
            lambda s: {"treated": s.treated.assign(age=1.0), "candidates": s.candidates.assign(age=1.0)},
            "same for everybody",
        ),
    ],
)
def test_bad_input_is_one_clear_error(change, words):
    study = make_study(people=600, treated=60)
    with pytest.raises(EvaluationError, match=words):
        compare(replace(study, **change(study)))


def test_a_constant_covariate_can_be_dropped_with_a_note():
    study = make_study()
    same = replace(
        study,
        treated=study.treated.assign(flag=1),
        candidates=study.candidates.assign(flag=1),
        covariates=[*COVARIATES, "flag"],
        drop_constant=True,
    )
    assert "Left out, the same for everybody: flag." in compare(same).notes


def test_missing_covariates_are_marked_not_lost():
    study = make_study()
    holes = study.candidates.assign(age=study.candidates["age"].where(study.candidates["pid"] % 10 > 0))
    found = compare(replace(study, candidates=holes))
    assert "age: not recorded" in set(found.balance["covariate"])
    assert any("not recorded, marked" in note for note in found.notes)


def test_an_outcome_too_rare_is_said_and_the_rest_goes_on():
    study = make_study()
    rare = Outcome("amputations", pd.DataFrame({"pid": [1], "date": ["2023-08-01"]}), role="harm")
    found = compare(replace(study, outcomes=[*study.outcomes, rare]))
    assert found.headline("amputations") is None
    assert found.headline("admissions") is not None
    assert any("amputations" in note and "too few" in note for note in found.notes)


def test_events_need_their_columns():
    with pytest.raises(EvaluationError, match="no column date"):
        Outcome("falls", pd.DataFrame({"pid": [1]}))


def test_several_primary_outcomes_are_adjusted_for():
    study = make_study(0.6, seed=3)
    second = replace(study.outcomes[1], role="primary")
    found = compare(replace(study, outcomes=[study.outcomes[0], second]))
    assert "Holm across 2 primary outcomes" in found.headline("admissions").notes[-1]


def test_a_study_says_what_it_is(study):
    assert isinstance(study, Study)
    assert "treated=" not in repr(study)  # people's rows never reach a log
