"""The drawing of a result: what it is made of, what is hidden, and that every format has it."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import pandas as pd

from goldenthread.evaluation import to_text
from goldenthread.governance import named_purpose
from goldenthread.programme import DRAWN, document, evaluated_page, last_page, pictures_of, register_json
from goldenthread.programme.timeline import kept_quarters, quarters_of


def test_the_quarters_are_those_of_the_comparison(evaluated):
    _, done = evaluated(0.5)
    raw = done.comparison.event_study.set_index(["outcome", "quarter"])["percent"]
    kept = kept_quarters(done.entry)
    assert kept.outcome == "A&E attendances"
    assert [row[0] for row in kept.rows] == [-1, 0, 1, 2, 3, 4]
    for number, value, lower, upper in kept.rows:
        quarter = number if number > 0 else number - 1
        assert value == round(raw["A&E attendances", quarter], 1)
        assert lower <= value <= upper


def test_a_programme_that_halves_is_alike_before_and_lower_after(evaluated):
    _, done = evaluated(0.5)
    chart = pictures_of(done.entry)[DRAWN]
    assert chart.sentence.startswith("Alike before, lower after")
    assert f"{done.comparison.n_treated:,} people" in chart.foot
    _, null = evaluated(1.0)
    assert "no clear difference after" in pictures_of(null.entry)[DRAWN].sentence


def test_a_quarter_with_few_events_is_hidden_and_does_not_come_back(evaluated):
    _, done = evaluated(0.5)
    frame = done.comparison.event_study.copy()
    few = (frame["outcome"] == "A&E attendances") & (frame["quarter"] == 3)
    frame.loc[few, "events_treated"] = 3
    shown = quarters_of(
        replace(done.comparison, event_study=frame),
        "A&E attendances",
        named_purpose("evaluation"),
        done.data_to,
    )
    assert shown.hidden == (3,)
    assert next(row for row in shown.rows if row[0] == 3) == (3, None, None, None)
    assert "left out, to protect people" in shown.chart().foot


def test_nothing_is_drawn_where_nothing_can_be_shown(evaluated):
    _, done = evaluated(0.5)
    purpose = named_purpose("evaluation")
    empty = replace(done.comparison, event_study=pd.DataFrame())
    assert quarters_of(empty, "A&E attendances", purpose, done.data_to) is None
    assert pictures_of(replace(done.entry, events=())) == {}


def test_every_format_has_the_drawing_or_its_table(evaluated):
    _, done = evaluated(0.5)
    page, pictures = last_page(done.entry), pictures_of(done.entry)
    sentence = pictures[DRAWN].sentence
    assert sentence in " ".join(to_text(page).split())
    html = document(page, "html", pictures=pictures).decode()
    assert html.count("<svg") == 1
    assert html.index("<svg") < html.index(f"<caption>{DRAWN}")
    assert "<script" not in html
    word = zipfile.ZipFile(io.BytesIO(document(page, "docx", pictures=pictures)))
    assert [n for n in word.namelist() if n.startswith("word/media/")]
    assert (
        sentence in word.read("word/document.xml").decode()
    )  # as the picture's description, and as a heading
    with_picture, without = document(page, "pdf", pictures=pictures), document(page, "pdf")
    assert with_picture.startswith(b"%PDF")
    assert len(with_picture) > len(without)


def test_the_kept_page_is_the_page(evaluated):
    _, done = evaluated(0.5)
    assert evaluated_page(done).blocks == last_page(done.entry).blocks
    assert '"quarters"' in register_json([done.entry], history=True)
