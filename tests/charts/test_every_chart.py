"""What is promised of every chart, whatever it shows."""

from __future__ import annotations

import copy
import json
import re
import xml.etree.ElementTree as ET
from typing import Any

import altair as alt
import pandas as pd
import pytest
from jsonschema import Draft7Validator

from goldenthread import charts
from goldenthread.charts import ChartError

SVG = "{http://www.w3.org/2000/svg}"
SCHEMA = Draft7Validator(alt.load_schema())
HOSTILE = '<script>alert("x")</script> &\x00\x1b ' + "a very long name indeed " * 6


def texts_of(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter(f"{SVG}text")]


def test_the_examples_are_all_the_charts(examples: Any) -> None:
    helpers = {"Chart", "ChartError", "pattern_defs", "stylesheet", "topojson_to_geojson"}
    assert set(examples) == set(charts.__all__) - helpers


def test_refuses_a_frame_that_has_not_passed_disclosure(example: Any) -> None:
    with pytest.raises(ChartError, match=r"disclosure\.release"):
        example.draw(example.frame(437))


def test_refuses_a_released_table_without_its_columns(example: Any) -> None:
    wrong = pd.DataFrame({"something": ["a"]})
    released = {"dimensions": ["something"], "purpose": "tests"}
    from goldenthread.disclosure import release

    with pytest.raises(ChartError, match="needs the column"):
        example.draw(release(wrong, policy=example.policy, **released))


@pytest.mark.parametrize("width", [340, 760])
def test_the_svg_is_well_formed_named_and_legible(example: Any, width: int) -> None:
    chart = example.chart(width=width)
    svg = chart.svg()
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == chart.sentence
    assert root.find(f"{SVG}desc").text == chart.alt
    assert float(root.get("width")) == width
    sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)', svg)]
    assert sizes
    assert min(sizes) >= 14
    ids = re.findall(r'\bid="([^"]+)"', svg)
    assert len(ids) == len(set(ids))
    for used in re.findall(r"url\(#([^)]+)\)", svg):
        assert used in ids
    assert "vega.github.io" not in svg
    assert "<style" not in svg
    assert "<script" not in svg


@pytest.mark.parametrize("width", [340, 760])
def test_no_words_leave_the_drawing(example: Any, width: int) -> None:
    from goldenthread.charts.canvas import text_width

    svg = example.chart(width=width).svg()
    # Vega nests one shift of the whole plot; each text then has a place of its own
    dx = float(re.search(r'transform="translate\(([-\d.]+),', svg).group(1))
    for anchor, x, size, words in re.findall(
        r'<text text-anchor="(\w+)" transform="translate\(([-\d.]+),[-\d.]+\)"[^>]*font-size="([\d.]+)px"[^>]*>([^<]*)</text>',
        svg,
    ):
        wide = text_width(words.replace("&amp;", "&"), float(size))
        start = dx + float(x) - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
        assert start >= -2, (words, start)
        assert start + wide <= width + 3, (words, start + wide)


def test_the_specification_is_valid_vega_lite(example: Any) -> None:
    spec = copy.deepcopy(dict(example.chart().spec))
    assert spec.pop("datasets")
    assert SCHEMA.is_valid(spec)
    spec["layer"][0]["layer"][0]["mark"] = {"type": "no such mark"}
    assert not SCHEMA.is_valid(spec)


def test_the_compiled_vega_draws_the_same(example: Any) -> None:
    compiled = example.chart().vega()
    assert compiled["$schema"].endswith("vega/v6.json")
    assert compiled["marks"]


def test_nothing_drawn_or_written_depends_on_a_hidden_number(example: Any) -> None:
    """Two tables that differ only in what is hidden give the same chart, to the letter."""
    if not example.hides:
        pytest.skip("nothing is hidden in this table")
    one, other = example.chart(437), example.chart(203)
    assert one.spec == other.spec
    assert one.svg() == other.svg()
    assert one.html() == other.html()
    assert (one.sentence, one.alt, one.how, one.foot) == (other.sentence, other.alt, other.how, other.foot)


def test_a_hidden_number_is_nowhere(example: Any) -> None:
    if not example.hides:
        pytest.skip("nothing is hidden in this table")
    chart = example.chart(437)
    numbers = set(re.findall(r"[-\d.]+", json.dumps(chart.spec))) | set(re.findall(r"[\d.,]+", chart.html()))
    words_drawn = " ".join(texts_of(chart.svg()))
    for leak in ("437", "43.7", "4.37", "7437.0", "7437"):
        assert leak not in numbers
        assert leak not in words_drawn
    assert chart.table.isin(["hidden to protect people"]).to_numpy().any()
    assert "gt-hidden" in chart.svg() or example.name in ("control_chart", "interrupted_series", "funnel")


def test_the_table_twin_has_the_same_numbers(example: Any) -> None:
    table = example.table()
    said = " ".join(example.draw(table).table.astype(str).to_numpy().ravel())
    shown = {
        "population_pyramid": ("people",), "love_plot": (), "event_study": (), "theograph": (),
        "interrupted_series": ("observed",),
    }.get(example.name, tuple(c for c in ("people", "value") if c in table.frame))  # fmt: skip
    for column in shown:
        for value in table.frame[column].dropna():
            assert f"{value:,.0f}" in said or f"{value:.1f}" in said or f"{value:.2f}".rstrip("0") in said


def test_an_empty_table_is_a_designed_state(example: Any) -> None:
    chart = example.draw(example.table(frame=example.frame(437).iloc[:0]))
    assert "nothing to show" in chart.sentence
    assert "Widen the dates" in " ".join(texts_of(chart.svg()))
    assert chart.table.empty
    assert "Nothing to show" in chart.html()


def test_a_table_with_everything_hidden_says_so_and_draws_no_zero(example: Any) -> None:
    if not example.hides:
        pytest.skip("nothing is hidden in this table")
    frame = example.frame(437)
    count = "people" if "people" in frame else "observed" if "observed" in frame else "count"
    frame[count] = [401 - i for i in range(len(frame))]
    chart = example.draw(example.table(frame=frame))
    assert "hidden to protect people" in chart.sentence
    assert "0" not in re.findall(r"\b\d+\b", chart.sentence)


def test_hostile_and_very_long_labels_are_escaped_and_cut(example: Any) -> None:
    if not example.labels:
        pytest.skip("this chart has no labels of its own")
    frame = example.frame(437)
    frame[example.labels] = [f"{HOSTILE}{name}" for name in frame[example.labels]]
    for width in (340, 760):
        chart = example.draw(example.table(frame=frame), width=width)
        page = chart.html()
        assert "<script" not in page
        assert "&lt;script" in page
        assert len(ET.fromstring(chart.svg()))
        assert min(float(s) for s in re.findall(r'font-size="([\d.]+)', chart.svg())) >= 14


def test_html_is_a_figure_with_its_table_and_no_script_or_style(example: Any) -> None:
    page = example.chart().html(heading=2)
    assert page.startswith("<figure")
    assert "<figcaption><h2" in page
    assert "How this is worked out" in page
    assert 'scope="col"' in page
    assert 'scope="row"' in page
    assert "style=" not in page
    assert "<script" not in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_png_and_pdf_are_made(example: Any) -> None:
    chart = example.chart(width=340)
    assert chart.png(1).startswith(b"\x89PNG")
    assert chart.pdf().startswith(b"%PDF")


def test_the_same_table_gives_the_same_chart(example: Any) -> None:
    again = example.draw(example.table())
    assert again.spec == example.chart().spec
    assert again.svg() == example.chart().svg()


@pytest.mark.parametrize("width", [0, -5, 100, 99999, 340.5, True, "760"])
def test_refuses_a_width_it_cannot_draw(examples: Any, width: Any) -> None:
    with pytest.raises(ChartError, match="pixels wide"):
        examples["trend"].chart(width=width)


def test_two_charts_on_one_page_share_no_names(examples: Any) -> None:
    page = examples["deprivation_gradient"].chart().html() + examples["attrition"].chart().html()
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_charts_whose_fills_are_the_figure_keep_them_in_forced_colours(example: Any) -> None:
    """A map turned to outlines, or a key emptied of its shades, would say nothing."""
    chart = example.chart(width=760)
    keeps = "gt-chart--own-colours" in chart.html()
    assert keeps == (chart.kind in {"Map", "Bubble matrix", "Movement between segments", "Control chart"})
