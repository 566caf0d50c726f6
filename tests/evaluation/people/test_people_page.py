"""A comparison against agreed criteria, as the page sees it."""

from __future__ import annotations

from datetime import date

import pytest
from simulate_people import make_study

from goldenthread.evaluation.comparison import compare
from goldenthread.evaluation.criteria import Criterion, Level
from goldenthread.evaluation.errors import EvaluationError
from goldenthread.evaluation.page import evaluation_page
from goldenthread.evaluation.people_page import evaluation_of

DATES = {"agreed_on": date(2023, 3, 3), "evaluated_on": date(2025, 4, 1), "data_to": date(2025, 3, 31)}


@pytest.fixture(scope="module")
def found():
    return compare(make_study(0.5, seed=3, people=4000, treated=400, subgroups=["fifth"]))


def test_each_criterion_gets_its_verdict(found):
    agreed = [
        Criterion("admissions", "fewer", 10),
        Criterion("reach in the most deprived fifth", "at least", 60, "equity"),
        Criterion("fear of falling", "fewer", 2, "secondary", "points"),
        Criterion("admissions", "fewer", 100, "secondary", "per 1,000 people a year"),
    ]
    reach = Level("reach in the most deprived fifth", 41, 36, 46)
    page = evaluation_of(
        found,
        title="What happened",
        criteria=agreed,
        levels={reach.outcome: reach},
        reasons={"fear of falling": "too few answers"},
        **DATES,
    )
    verdicts = {(c.outcome, c.unit): v for c, v in page.verdicts}
    assert verdicts["admissions", "%"] == "met"
    assert verdicts["admissions", "per 1,000 people a year"] == "met"
    assert verdicts["reach in the most deprived fifth", "%"] == "not met"
    assert verdicts["fear of falling", "points"] == "cannot tell yet"
    assert page.before_after.change < page.before_after.others_change
    assert len(page.groups) == 5
    text = str(evaluation_page(page))
    assert "too few answers" in text
    assert "without any of this help" in text
    assert "something unmeasured could explain" in text


def test_a_page_needs_something_agreed(found):
    with pytest.raises(EvaluationError, match="no primary criterion"):
        evaluation_of(found, title="What happened", criteria=[], **DATES)
