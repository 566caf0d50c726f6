"""Fitting on one year and showing on the next, in a town where the truth is known."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from goldenthread.cohorts import Population
from goldenthread.definitions import load_catalogue
from goldenthread.disclosure import Ledger
from goldenthread.lake import Snapshot
from goldenthread.prediction import (
    FittedModel,
    ModelDefinition,
    PredictionError,
    by_group,
    date_of_use,
    fit,
    impactability,
    latest,
    outcome_span,
    save,
)
from goldenthread.prediction.fitting import judge_groups
from tests.prediction.conftest import COPD, PEOPLE, WITH, WITHOUT

Ask = Callable[..., Population]


def _counted(snapshot: Snapshot, after: str, until: str) -> dict[bool, tuple[int, int]]:
    """People, and people admitted, with and without COPD, counted by hand; those opted out have left."""
    connection = snapshot.connect()
    rows = connection.execute(
        f"""SELECT pid IN (SELECT pid FROM gp_event WHERE code = {COPD}) AS copd, count(*),
                   count(*) FILTER (pid IN (SELECT pid FROM admission WHERE date > DATE '{after}' AND date <= DATE '{until}'))
            FROM person WHERE pid NOT IN (SELECT pid FROM opt_out) AND birth_month <= DATE '{after}' GROUP BY 1"""
    ).fetchall()
    connection.close()
    return {copd: (people, admitted) for copd, people, admitted in rows}


def test_the_outcome_ends_with_the_last_whole_month_of_hospital_data(snapshot: Snapshot) -> None:
    # the GP record runs to 31 October 2026, admissions to 9 October
    assert snapshot.data_date == date(2026, 10, 31)
    assert outcome_span(snapshot, "admission")[1] == date(2026, 9, 30)


def test_it_is_fitted_on_one_year_and_shown_on_the_next(fitted: FittedModel, snapshot: Snapshot) -> None:
    assert (fitted.fitted_at, fitted.validated_at, fitted.outcome_to) == (
        "2024-09-30",
        "2025-09-30",
        "2026-09-30",
    )
    total = fitted.tables["risk_tenth"].rows[-1]
    counted = _counted(snapshot, "2025-09-30", "2026-09-30")
    assert total["people"] == sum(p for p, _ in counted.values()) == PEOPLE - PEOPLE // 10
    assert total["admitted"] == sum(a for _, a in counted.values())
    assert fitted.fit_for_use, fitted.reasons


def test_the_coefficient_is_the_odds_ratio_of_the_year_fitted_on(
    fitted: FittedModel, snapshot: Snapshot
) -> None:
    counted = _counted(snapshot, "2024-09-30", "2025-09-30")
    odds = {copd: a / (p - a) for copd, (p, a) in counted.items()}
    copd = next(c for c in fitted.columns if c.name == "copd")
    # sex and age are no part of it, so that the adjusted ratio is nearly the crude one
    assert copd.odds_ratio == pytest.approx(odds[True] / odds[False], rel=0.05)
    planted = (WITH / (100 - WITH)) / (WITHOUT / (100 - WITHOUT))
    assert copd.odds_ratio == pytest.approx(planted, rel=0.25)
    assert [c.name for c in fitted.columns] == ["copd", "male", "age: 40 to 64", "age: 65 and over"]


def test_a_fact_that_is_the_same_for_everybody_is_left_out_and_said(fitted: FittedModel) -> None:
    assert any(note.startswith("Dementia is left out") for note in fitted.notes)
    assert not any("not known" in note for note in fitted.notes)


def test_the_same_data_give_the_same_model(
    ask: Ask, definition: ModelDefinition, fitted: FittedModel
) -> None:
    again = fit(ask(), definition)
    assert dataclasses.replace(again, made=fitted.made) == fitted


def test_a_model_that_fails_a_group_is_refused(
    ask: Ask, unfair: Snapshot, definition: ModelDefinition, tmp_path: Path
) -> None:
    population = ask(unfair)
    model = fit(population, definition)
    assert any("ethnic group Asian" in reason for reason in model.reasons)
    assert "Not shown to be fit for use here" in model.verdict
    assert (
        latest(tmp_path, save(model, tmp_path).parent.name) == model
    )  # it is kept, so that it can be looked at
    for use in (by_group, impactability):
        with pytest.raises(PredictionError, match="Not shown to be fit for use here: .*Asian"):
            use(population, model, definition)


def test_too_few_events_are_refused_without_saying_how_few(ask: Ask, definition: ModelDefinition) -> None:
    many = dataclasses.replace(definition, limits=dataclasses.replace(definition.limits, events=2_000))
    with pytest.raises(PredictionError, match="Too few events: .* fewer than the 2,000 people") as refused:
        fit(ask(), many)
    assert "larger population" in refused.value.remedy


def test_under_direct_care_nobody_is_stratified(
    ask: Ask, definition: ModelDefinition, fitted: FittedModel
) -> None:
    population = ask(purpose="direct_care")
    for use in (lambda: fit(population, definition), lambda: by_group(population, fitted, definition)):
        with pytest.raises(PredictionError, match="secondary use") as refused:
            use()
        assert "Type 1 opt-out" in refused.value.remedy


def test_a_kept_model_is_a_document_that_gives_the_same_risks(
    ask: Ask, fitted: FittedModel, definition: ModelDefinition, tmp_path: Path
) -> None:
    path = save(fitted, tmp_path)
    assert path.parent == tmp_path / "models" / "town"
    assert path.name.startswith(f"{fitted.snapshot}-")
    assert path.suffix == ".json"
    content = json.loads(path.read_text())
    assert {"intercept", "columns", "figures", "tables", "catalogue_hash"} <= set(content)
    assert set(content["columns"][0]) == {"name", "words", "mean", "sd", "coefficient"}
    facts = ask().query(", ".join(["pid", *definition.facts]), definition.facts)
    assert np.array_equal(latest(tmp_path, "town").risk(facts, definition), fitted.risk(facts, definition))


def test_the_model_fitted_last_is_the_one_used(fitted: FittedModel, tmp_path: Path) -> None:
    save(fitted, tmp_path)
    later = dataclasses.replace(fitted, made="2099-01-01T00:00:00+00:00")
    save(later, tmp_path)
    assert latest(tmp_path, "town") == later


def test_no_model_and_a_broken_one_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match=r"`goldenthread need fit`"):
        latest(tmp_path, "town")
    folder = tmp_path / "models" / "town"
    folder.mkdir(parents=True)
    (folder / "half.json").write_text('{"name": "town"}')
    with pytest.raises(PredictionError, match="half.json cannot be read"):
        latest(tmp_path, "town")


def test_other_definitions_or_codes_need_another_fit(
    fitted: FittedModel, definition: ModelDefinition, catalogue: object, tmp_path: Path
) -> None:
    (tmp_path / "codelists").mkdir()
    (tmp_path / "codelists" / "copd.csv").write_text(f"code,term\n{COPD},COPD\n")
    with pytest.raises(PredictionError, match="another version of the definitions") as refused:
        fitted.check_usable(definition, load_catalogue(tmp_path))
    assert "need fit" in refused.value.remedy
    anew = dataclasses.replace(definition, raw={**definition.raw, "penalty": 5})
    with pytest.raises(PredictionError, match="declared anew"):
        fitted.check_usable(anew, catalogue)  # type: ignore[arg-type]


def test_expected_admissions_add_up_to_the_risks(
    ask: Ask, fitted: FittedModel, definition: ModelDefinition
) -> None:
    population = ask()
    assert date_of_use(population, definition) == population.index_date == date(2026, 9, 30)
    shown = by_group(population, fitted, definition, "pcn").frame.set_index("pcn")
    facts = population.query(", ".join(["pid", *definition.facts]), definition.facts)
    risk = fitted.risk(facts, definition)
    assert shown.loc["All", "expected"] == pytest.approx(risk.sum(), abs=0.06)
    assert shown.loc[["UZ001", "UZ002"], "expected"].sum() == pytest.approx(
        shown.loc["All", "expected"], abs=0.2
    )
    assert shown.loc["UZ001", "pcn_name"] == "Network 1"
    assert shown.loc["All", "people"] == PEOPLE - PEOPLE // 10
    assert (shown["expected_lower"] < shown["expected"]).all()
    assert (shown["expected"] < shown["expected_upper"]).all()


def test_risk_stands_beside_what_can_be_done(
    ask: Ask, fitted: FittedModel, definition: ModelDefinition
) -> None:
    released = impactability(ask(), fitted, definition)
    frame = released.frame
    assert any("Risk alone does not say who will benefit" in note for note in released.notes)
    whole = frame[(frame.risk_band == "All") & (frame.gaps == "All")]
    assert whole["people"].item() == PEOPLE - PEOPLE // 10
    bands = frame[(frame.gaps == "All") & (frame.risk_band != "All")].set_index("risk_band")
    assert bands["people"].sum() == whole["people"].item()
    # a quarter have COPD, and only they are at more than 40 in 100
    assert bands["people"]["40% and over"] == pytest.approx((PEOPLE - PEOPLE // 10) / 4, rel=0.15)
    assert set(frame["gaps"]) <= {"0", "1 to 2", "3 or more", "All"}


def test_small_groups_are_hidden_and_answers_remembered(
    ask: Ask, snapshot: Snapshot, definition: ModelDefinition
) -> None:
    ledger = Ledger(snapshot=snapshot.id, people=PEOPLE)
    remembered = ask(ledger=ledger, recipient="ann")
    model = fit(remembered, definition)
    assert model.tables["ethnic_group"].rows[-1]["people"] == PEOPLE - PEOPLE // 10
    few = dataclasses.replace(definition, risk_bands=(0.001, 0.5))
    shown = impactability(
        ask(ledger=ledger, recipient="ann"), dataclasses.replace(model, definition_hash=few.hash()), few
    )
    counts = shown.frame["people"].dropna()
    assert not pd.Series(counts).between(1, 4).any()


def test_a_group_too_small_is_named_and_one_not_known_is_judged(
    definition: ModelDefinition, fitted: FittedModel
) -> None:
    labels = np.array(["White"] * 1000 + ["Not known"] * 1000 + ["Other"] * 10, object)
    risk = np.full(len(labels), 0.1)
    outcome = np.zeros(len(labels), bool)
    outcome[:100] = True  # as expected among White, nobody where it is not known
    reasons, few = judge_groups(fitted.tables["ethnic_group"], labels, outcome, risk, definition.limits)
    assert few == ["ethnic group Other"]
    assert len(reasons) == 1
    assert "Not known" in reasons[0]


def test_where_counts_are_rounded_no_share_gives_the_true_one_away(
    ask: Ask, fitted: FittedModel, definition: ModelDefinition
) -> None:
    shown = by_group(ask(purpose="research"), fitted, definition, "sex").frame
    assert (shown["people"] % 5 == 0).all()
    again = shown["expected"] / shown["expected_share"]
    assert np.allclose(again, shown["people"].astype(float), atol=0.5)
