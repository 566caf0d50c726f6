"""The scores that are shipped: each is fed with facts that exist, and none of them foretells falls."""

import re

import pytest

from goldenthread.definitions import TAKES, Catalogue, Measure, Score, load_catalogue
from goldenthread.measures.scores import EFI_DEFICITS, METHODS, QRISK3_DISCLAIMER, cambridge_weights

SHIPPED = ("egfr_2009", "egfr_2021", "efi", "charlson", "hfrs", "cambridge_multimorbidity", "qrisk3")
ABOUT_THE_PERSON = {"age": "number", "sex": "text", "ethnicity": "text"}
FALLS_SCORE = re.compile(r"fall", re.IGNORECASE)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_score_feeds_its_method_completely(catalogue, name):
    score = catalogue.scores[name]
    method = METHODS[score.method]
    method.settle(score.parameters)
    arguments = {a.name: a for a in method.arguments}
    assert set(score.inputs) <= set(arguments)
    assert {n for n, a in arguments.items() if not a.optional} <= set(score.inputs)
    assert score.unit == method.unit
    for argument, fact in score.inputs.items():
        assert kind_of(catalogue, fact) == arguments[argument].kind, (argument, fact)


def kind_of(catalogue: Catalogue, fact: str) -> str:
    if fact in ABOUT_THE_PERSON:
        return ABOUT_THE_PERSON[fact]
    definition = catalogue.definitions[fact]
    if not isinstance(definition, Measure):
        return "truth"
    if definition.expression:
        return "number" if " / " in definition.expression else "truth"
    return TAKES[definition.take]


@pytest.mark.parametrize("name", SHIPPED)
def test_codelists_of_the_inputs_exist(catalogue, name):
    for fact in catalogue.scores[name].inputs.values():
        definition = catalogue.definitions.get(fact)
        if isinstance(definition, Measure):
            assert all(c.codes for c in catalogue.codes_of(definition.codes, needed_by=definition))


@pytest.mark.parametrize("name", SHIPPED)
def test_categories_rise_and_every_score_carries_a_warning(catalogue, name):
    score = catalogue.scores[name]
    assert score.warning
    assert list(score.categories.values()) == sorted(set(score.categories.values()))


def test_the_owners_disclaimer_is_in_the_warning_word_for_word(catalogue):
    for score in catalogue.scores.values():
        assert METHODS[score.method].disclaimer in score.warning
    assert QRISK3_DISCLAIMER in catalogue.scores["qrisk3"].warning


def test_every_deficit_has_a_definition_of_its_own(catalogue):
    assert catalogue.scores["efi"].inputs == {d: f"efi_{d}" for d in EFI_DEFICITS}
    assert {f"efi_{d}" for d in EFI_DEFICITS} <= set(catalogue.measures)


def test_every_condition_of_the_multimorbidity_score_has_one(catalogue):
    assert catalogue.scores["cambridge_multimorbidity"].inputs == {c: f"cms_{c}" for c in cambridge_weights()}


def test_smoking_is_always_a_category_that_the_score_knows(catalogue):
    measure = catalogue.measures["qrisk3_smoking"]
    (codelist,) = catalogue.codes_of(measure.codes, needed_by=measure)
    assert set(codelist.groups) == set(codelist.codes)
    assert set(codelist.groups.values()) == set(measure.values)
    assert set(measure.values) == {"never", "ex", "light", "moderate", "heavy", "current"}


def test_there_is_no_score_for_falls(catalogue):
    """NICE NG249 (2025), recommendation 1.1.1. Finding people who fell is a definition, a risk of falling is not."""
    for score in catalogue.scores.values():
        assert isinstance(score, Score)
        assert not FALLS_SCORE.search(score.name)
        assert not FALLS_SCORE.search(score.method)
        assert not FALLS_SCORE.search(score.rule)
    about_risk = re.compile(r"falls?_(risk|score|prediction|probability)|risk_of_fall", re.IGNORECASE)
    assert not [name for name in catalogue.definitions if about_risk.search(name)]
