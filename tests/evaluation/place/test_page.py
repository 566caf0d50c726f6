"""One page in plain words: a beneficial, a null, a harmful and an unsettled result, word for word.

``UPDATE_SNAPSHOTS=1 pytest tests/evaluation/place/test_page.py`` writes the pages anew; read them before committing.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from goldenthread.evaluation.criteria import Criterion, Level
from goldenthread.evaluation.effect import Effect
from goldenthread.evaluation.errors import EvaluationError
from goldenthread.evaluation.page import evaluation_page
from goldenthread.evaluation.render import to_html, to_markdown, to_text
from goldenthread.evaluation.result import Annex, BeforeAfter, Check, CriterionResult, Evaluation, GroupResult

SNAPSHOTS = Path(__file__).parent / "snapshots"


def effect(outcome: str, value: float, lower: float, upper: float, p_value: float, **more: Any) -> Effect:
    return Effect(
        outcome, "rate ratio", value, lower, upper, 0.95, p_value, 612, 1836, "matched Poisson", **more
    )


def falls(main: Effect, appointments: Effect, naive: BeforeAfter) -> Evaluation:
    return Evaluation(
        title="Falls 2025, cycle 1",
        who="people who were invited",
        compared_with="similar people who were not",
        agreed_on=date(2025, 3, 3),
        evaluated_on=date(2026, 11, 1),
        data_to=date(2026, 10, 31),
        design_name="matched comparison",
        how_compared=(
            "612 people who were invited, whether or not they came, and 1,836 people like them in 25 things.",
        ),
        results=(
            CriterionResult(Criterion("GP appointments", "no more than", 5, "harm"), appointments),
            CriterionResult(Criterion("emergency admissions after a fall", "fewer", 10, period="12 months"), main),
            CriterionResult(
                Criterion("reach in the most deprived fifth", "at least", 60, "equity"), Level("reach", 41, 36, 46)
            ),
            CriterionResult(
                Criterion("fear of falling, short FES-I", "fewer", 2, "secondary", "points"), None, "too few answers"
            ),
        ),
        before_after=naive,
        withdrawn="25 people (4%) moved away and 31 died. They count until that day.",
        groups=(
            GroupResult("Most deprived fifth", "emergency admissions", effect("a", 0.93, 0.72, 1.2, 0.57)),
            GroupResult("Other fifths", "emergency admissions", effect("a", 0.78, 0.65, 0.94, 0.008)),
            GroupResult(
                "Gypsy or Irish Traveller", "emergency admissions",
                replace(effect("a", 0.4, 0.1, 1.6, 0.2), n_treated=3),
            ),
        ),
        exploratory=(effect("ambulance calls", 0.88, 0.79, 0.98, 0.02, exploratory=True),),
        cannot_show=("Anyone who moved away: 4% of those invited.",),
        annex=Annex(
            ("Controls drawn on the date of each person's invitation.",),
            pd.DataFrame({"before": [0.312, 0.201], "after": [0.021, 0.0149]}, index=["age", "frailty"]),
            (
                Check("An invented start a year earlier", True, "1% fewer (8% fewer to 6% more)"),
                Check("An outcome that cannot change", None, "too few cataract operations"),
            ),
            {"locked plan": "9f2c", "data": "77ab"},
        ),
    )  # fmt: skip


USUAL = BeforeAfter("emergency admissions", before=900, after=504, others_before=2600, others_after=1794)
FEW = effect("GP appointments", 1.02, 0.99, 1.05, 0.2)
PAGES = {
    "beneficial": falls(effect("admissions", 0.81, 0.69, 0.95, 0.011), FEW, USUAL),
    "null": falls(effect("admissions", 0.99, 0.94, 1.05, 0.8), FEW, USUAL),
    "harmful": falls(
        effect("admissions", 1.27, 1.12, 1.44, 0.0002),
        effect("GP appointments", 1.12, 1.06, 1.19, 0.0004),
        USUAL,
    ),
    "cannot tell": falls(
        effect("admissions", 0.93, 0.78, 1.11, 0.4), effect("GP appointments", 1.03, 0.96, 1.11, 0.4), USUAL
    ),
}


@pytest.mark.parametrize("name", PAGES)
def test_pages_word_for_word(name: str) -> None:
    said = to_text(evaluation_page(PAGES[name]))
    kept = SNAPSHOTS / f"{name.replace(' ', '_')}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        kept.write_text(said, encoding="utf-8")
    assert said == kept.read_text(encoding="utf-8")


def lead(name: str) -> str:
    return (
        to_text(evaluation_page(PAGES[name]))
        .split("=============\n\n")[1]
        .split("\n\n")[0]
        .replace("\n", " ")
    )


def test_the_answer_comes_first_whatever_it_is() -> None:
    assert "about 19 fewer emergency admissions after a fall in every 100 expected" in lead("beneficial")
    assert "We can be fairly sure it is not chance" in lead("beneficial")
    assert "if it made a difference, it was smaller than agreed" in lead("null")
    assert "about 27 more emergency admissions" in lead("harmful")
    assert "the opposite of what was hoped" in lead("harmful")
    assert "A limit agreed to prevent harm was exceeded: GP appointments" in lead("harmful")
    assert "it may have helped, done nothing or done harm" in lead("cannot tell")
    assert "Harm cannot be ruled out yet: GP appointments" in lead("cannot tell")


def test_null_and_harm_weigh_as_much_as_benefit() -> None:
    """The same sections in the same order, and an answer of about the same length."""
    pages = {name: evaluation_page(page) for name, page in PAGES.items()}
    shapes = {
        name: [type(block).__name__ + getattr(block, "text", "") * (type(block).__name__ == "Heading")
               for block in page.blocks]
        for name, page in pages.items()
    }  # fmt: skip
    assert all(shape == shapes["beneficial"] for shape in shapes.values())
    lengths = [len(lead(name)) for name in PAGES]
    assert max(lengths) < 1.6 * min(lengths)


@pytest.mark.parametrize("name", PAGES)
def test_no_page_claims_more_than_its_design(name: str) -> None:
    said = to_text(evaluation_page(PAGES[name])).replace("\n", " ")
    assert "What this cannot show" in said
    assert "not for certain why" in said
    assert not re.search(
        r"\b(caused|because of the programme|proves?d? that|thanks to|insight|leverage)\b|!", said
    )
    assert not re.search(r"[±<>≤≥~]", said)
    assert "Exploratory: not agreed beforehand" in said
    assert "Before and after alone would have said 44% fewer" in said
    assert "fell by 31%" in said
    assert said.count("too few people to show") == 1


def test_places_are_spoken_of_as_places() -> None:
    page = replace(
        PAGES["beneficial"], counted="places", who="Fenside PCN", compared_with="a mix of similar PCNs",
        design_name="synthetic control", before_after=None, no_before_after="Counting changed in April 2025.",
        groups=(),
        results=(CriterionResult(Criterion("emergency admissions", "fewer", 10),
                                 replace(effect("a", 0.8, 0.7, 0.9, 0.01), n_treated=1, n_control=14)),),
    )  # fmt: skip
    said = to_text(evaluation_page(page)).replace("\n", " ")
    assert "Compared with a mix of similar PCNs, Fenside PCN had about 20 fewer emergency admissions" in said
    assert "Treated places: 1" in said
    assert "Counting changed in April 2025." in said
    assert "in the same place at the same time would look the same" in said


class Reader(HTMLParser):
    """Collects what assistive technology would meet."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_whole_and_readable_by_all() -> None:
    html = to_html(evaluation_page(PAGES["beneficial"]))
    reader = Reader()
    reader.feed(html)
    assert not reader.open
    names = [tag for tag, _ in reader.tags]
    assert names.count("h1") == names.count("main") == names.count("title") == 1
    levels = [int(tag[1]) for tag in names if re.fullmatch(r"h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert names.count("caption") == names.count("table") > 3
    assert all(attrs.get("scope") in ("col", "row") for tag, attrs in reader.tags if tag == "th")
    assert ("html", {"lang": "en-GB"}) in reader.tags
    assert "script" not in names
    assert not re.search(r"https?://|url\(|@import", html)
    assert '<strong class="verdict good">Met</strong>' in html


def test_what_people_typed_cannot_break_out_of_the_page() -> None:
    nasty = '<script>alert(1)</script> | *bold* [x](http://y) "quoted"'
    page = evaluation_page(replace(PAGES["null"], title=nasty, how_compared=(nasty,), amendments=(nasty,)))
    assert "<script>" not in to_html(page)
    assert r"\<script\>alert(1)\</script\> \| \*bold\* \[x\](http://y)" in to_markdown(page)


def test_markdown_holds_the_same_table() -> None:
    said = to_markdown(evaluation_page(PAGES["beneficial"]))
    row = "| emergency admissions after a fall, 12 months | at least 10% fewer | 19% fewer (31% to 5% fewer) | **Met** |"
    assert row in said


def test_an_amendment_is_shown() -> None:
    page = replace(
        PAGES["null"], amendments=("4 May 2025: size lowered from 15% to 10%, because fewer were reached.",)
    )
    assert "Changed after it was agreed" in to_text(evaluation_page(page))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"design_name": "before and after"}, "not a design with a comparison"),
        ({"results": ()}, "no primary criterion"),
        ({"before_after": None}, "no before-and-after comparison and no reason"),
        ({"how_compared": ()}, "nothing says what was compared"),
        ({"evaluated_on": date(2025, 1, 1)}, "before it was agreed"),
        ({"exploratory": (effect("x", 1, 0.9, 1.1, 0.9),)}, "not marked as exploratory"),
    ],
)
def test_a_page_that_leaves_out_what_matters_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(EvaluationError, match=message) as refused:
        replace(PAGES["null"], **changes)
    assert refused.value.remedy


def test_results_without_a_reason_and_impossible_figures_are_refused() -> None:
    with pytest.raises(EvaluationError, match="no result and no reason"):
        CriterionResult(Criterion("x", "fewer", 10), None)
    with pytest.raises(EvaluationError, match="exploratory effect cannot answer"):
        CriterionResult(Criterion("x", "fewer", 10), effect("x", 0.8, 0.7, 0.9, 0.01, exploratory=True))
    with pytest.raises(EvaluationError, match="negative"):
        BeforeAfter("x", 10, -1)
    with pytest.raises(EvaluationError, match="nothing happened before"):
        BeforeAfter("x", 0, 5)
    with pytest.raises(EvaluationError, match="half of the others"):
        BeforeAfter("x", 10, 5, others_before=4)
