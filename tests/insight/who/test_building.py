"""Questions on a page and the expression say the same, both ways."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenthread.cohorts import Population
from goldenthread.definitions.expressions import Variable, check_condition, parse
from goldenthread.insight.who import Clause, QuestionError, expression_of, questions_of, rows_of

KNOWN = {
    "age": Variable("number", "age", unit="years"),
    "copd": Variable("truth", "has COPD"),
    "segment": Variable("text", "segment", ("Healthy", 'Odd "quoted" one')),
    "practice": Variable("text", "practice"),
    "seen": Variable("date", "last seen"),
}
_CLAUSES = st.one_of(
    st.builds(Clause, st.just("copd"), st.sampled_from(["yes", "no"])),
    st.builds(
        Clause,
        st.just("age"),
        st.sampled_from(["at_least", "under", "over", "at_most", "is"]),
        st.integers(0, 10**6).map(lambda n: (str(n),)),
    ),
    st.builds(Clause, st.just("age"), st.sampled_from(["known", "unknown"])),
    st.builds(
        Clause,
        st.just("segment"),
        st.sampled_from(["any_of", "none_of"]),
        st.lists(st.sampled_from(KNOWN["segment"].values), min_size=1, max_size=2, unique=True).map(tuple),
    ),
    st.builds(
        Clause, st.just("practice"), st.just("any_of"), st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=20).map(lambda t: (t,))
    ),
    st.builds(
        Clause, st.just("seen"), st.sampled_from(["within", "before"]), st.integers(1, 600).map(lambda n: (str(n),))
    ),
)  # fmt: skip


@given(st.lists(st.lists(_CLAUSES, min_size=1, max_size=3), min_size=1, max_size=4))
def test_answers_become_an_expression_and_come_back(rows: list[list[Clause]]) -> None:
    text = expression_of(rows, KNOWN)
    node = parse(text)
    check_condition(node, KNOWN, text)
    again = rows_of(node, KNOWN)
    assert again is not None
    assert expression_of(again, KNOWN) == text


def test_a_plain_expression_becomes_rows() -> None:
    found = rows_of(parse('age >= 65 and (copd or segment == "Healthy") and seen >= ago("12 months")'), KNOWN)
    assert found == (
        (Clause("age", "at_least", ("65",)),),
        (Clause("copd", "yes"), Clause("segment", "any_of", ("Healthy",))),
        (Clause("seen", "within", ("12",)),),
    )


@pytest.mark.parametrize(
    "text",
    [
        "age * 2 > 100",
        "not (copd and age > 3)",
        "how_many(copd, age > 3) >= 1",
        "age > 3 or (copd and age < 2)",
    ],
)
def test_what_rows_cannot_say_is_left_to_typing(text: str) -> None:
    assert rows_of(parse(text), KNOWN) is None


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        (Clause("nobody", "yes"), "nothing called 'nobody'"),
        (Clause("age", "at_least", ("many",)), "not a number"),
        (Clause("age", "at_least", ("nan",)), "not a number"),
        (Clause("age", "at_least", ("1e400",)), "not a number"),
        (Clause("age", "at_least", ()), "not a number"),
        (Clause("age", "yes"), "cannot be asked"),
        (Clause("copd", "at_least", ("3",)), "cannot be asked"),
        (Clause("segment", "any_of", ("Elsewhere",)), "never"),
        (Clause("segment", "any_of", ()), "Nothing is chosen"),
        (Clause("seen", "within", ("0",)), "number of months"),
        (Clause("seen", "within", ("1.5",)), "number of months"),
    ],
)
def test_answers_that_do_not_fit_are_refused_in_words(clause: Clause, said: str) -> None:
    with pytest.raises(QuestionError, match=said):
        expression_of([[clause]], KNOWN)


def test_no_answers_mean_everybody_registered() -> None:
    assert expression_of([], KNOWN) == "registered"


def test_questions_are_found_by_their_words(people: Callable[..., Population]) -> None:
    questions = questions_of(people())
    assert questions.find("copd")[0].name == "copd"
    assert questions.find("attendances")[0].name == "ed_attendances_12m"
    assert questions.find("attendence")[0].name == "ed_attendances_12m"
    assert questions.find("") == ()
    assert questions.find("'; DROP TABLE person; --") == ()
    assert questions.find("x" * 100_000) == ()


def test_every_question_stands_in_a_group_and_can_be_asked(people: Callable[..., Population]) -> None:
    everybody = people()
    questions = questions_of(everybody)
    assert {q.name for q in questions.all} == set(everybody.variables)
    grouped = [q for group in questions.groups.values() for q in group]
    assert len(grouped) == len({q.name for q in grouped})
    assert questions.get("practice").values == (("Z00001", "Abbey"), ("Z00002", "Bailgate"))
    assert questions.get("copd_review_due").group == "Gaps in care that can be closed"
    given = {"truth": (), "number": ("3",), "date": ("3",)}
    for question in grouped:
        for operator in question.operators:
            values = given.get(question.kind, (question.values[0][0] if question.values else "x",))
            everybody.cohort(expression_of([[Clause(question.name, operator, values)]], everybody.variables))
