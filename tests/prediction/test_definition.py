"""Model files: what they may say, and the message for each mistake."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from goldenthread.definitions import Catalogue, DefinitionError
from goldenthread.definitions.expressions import Variable
from goldenthread.measures import variables
from goldenthread.prediction import Feature, PredictionError, model_definition
from goldenthread.prediction.columns import columns_of
from goldenthread.prediction.definition import read_models
from tests.prediction.conftest import DEFINITION


@pytest.fixture(scope="module")
def known(catalogue: Catalogue) -> dict[str, Variable]:
    return variables(catalogue)


def test_the_shipped_model_can_be_used(catalogue: Catalogue, known: dict[str, Variable]) -> None:
    shipped = model_definition(catalogue)
    shipped.check(catalogue, known)
    assert shipped.horizon == catalogue.measures[shipped.outcome].within
    assert len(shipped.features) == len(set(shipped.facts))
    assert "ethnic_group" not in shipped.facts


def test_a_deployments_own_model_stands_in_for_the_shipped_one(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "own.toml").write_text(
        DEFINITION.replace("[town", "[emergency_admission").replace("[[town", "[[emergency_admission")
    )
    both = Catalogue(catalogue.definitions, catalogue.codelists, (*catalogue.folders, tmp_path))
    assert model_definition(both).source == "The town's own"
    with pytest.raises(DefinitionError, match="There is no model 'fortune'"):
        model_definition(both, "fortune")


@pytest.mark.parametrize(
    ("old", "new", "says", "line"),
    [
        ('fact  = "copd"', 'fact  = "copdd"', "'copdd', which is no known fact. Did you mean 'copd'", "copdd"),
        ('fact  = "copd"', 'fact  = "ethnic_group"', "which is a text", "ethnic_group"),
        ('outcome    = "emergency_admissions_12m"', 'outcome    = "hba1c"', "not a measure", "hba1c"),
        ('outcome    = "emergency_admissions_12m"', 'outcome    = "emergency_admissions_24m"', "exactly that time", "24m"),
        ('outcome    = "emergency_admissions_12m"', 'outcome    = "ed_falls_12m"', "NICE NG249", "ed_falls"),
        ("next 12 months\"", "next 12 months after a fall\"", "NICE NG249", "outcome"),
        ('horizon    = "12 months"', 'horizon    = "soon"', 'Write "12 months"', "soon"),
        ("penalty    = 0.001", "penalty    = 0", "penalty above nought", "penalty"),
        ("penalty    = 0.001", "penalti    = 1", "Did you mean 'penalty'", "penalti"),
        ("risk_bands = [0.2, 0.4]", "risk_bands = [0.4, 0.2]", "rising", "risk_bands"),
        ('gaps       = "care_gaps"', 'gaps       = "copd"', "not a number", "gaps"),
        ("auc               = 0.6\n", "", "each of events", "[town]"),
        ("slope             = [0.7, 1.4]", "slope             = [1.1, 1.4]", "1 between them", "slope"),
        ('reference = "0 to 39"', 'reference = "39"', "one of them as its reference", "age"),
        ('fact  = "male"', 'fact  = "copd"', "uses copd twice", "copd"),
        ('rule       = "As planted"', "", "has no rule", "[town]"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_message_and_line(
    catalogue: Catalogue, known: dict[str, Variable], tmp_path: Path, old: str, new: str, says: str, line: str
) -> None:
    assert old in DEFINITION
    text = DEFINITION.replace(old, new)
    path = tmp_path / "model.toml"
    path.write_text(text)
    with pytest.raises(DefinitionError) as refused:
        for one in read_models(path):
            one.check(catalogue, known)
    assert says in str(refused.value)
    assert refused.value.file == str(path)
    assert line in text.splitlines()[(refused.value.line or 0) - 1]


def test_no_shipped_model_predicts_falls(catalogue: Catalogue) -> None:
    """NICE NG249, recommendation 1.1.1."""
    for folder in catalogue.folders:
        for path in (folder / "models").glob("*.toml"):
            for one in read_models(path):
                assert "fall" not in f"{one.name} {one.outcome} {one.title}".lower()


# -- columns ------------------------------------------------------------------------------------------------


def test_bands_are_columns_against_a_reference_and_the_unknown_one_of_their_own() -> None:
    facts = pa.table({"age": [-1.0, 0, 39, 40, 64, 65, 200, None]})
    feature = Feature("age", "Age", (0, 40, 65), ("0 to 39", "40 to 64", "65 and over"), "0 to 39")
    found = {c.band: c.numbers.astype(int).tolist() for c in columns_of(feature, facts)}
    assert found == {
        "40 to 64": [0, 0, 0, 1, 1, 0, 0, 0],
        "65 and over": [0, 0, 0, 0, 0, 1, 1, 0],
        "not known": [0, 0, 0, 0, 0, 0, 0, 1],
    }


def test_numbers_are_held_and_filled_only_where_the_model_says_so() -> None:
    facts = pa.table({"n": [1, 7, None], "yes": [True, False, True]})
    (column,) = columns_of(Feature("n", "N", at_most=5, missing=2), facts)
    assert column.numbers.tolist() == [1, 5, 2]
    (column,) = columns_of(Feature("yes", "Yes"), facts)
    assert np.array_equal(column.numbers, [1, 0, 1])
    with pytest.raises(PredictionError, match="n is missing for some people"):
        list(columns_of(Feature("n", "N"), facts))
