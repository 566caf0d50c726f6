"""The workshop pack opens, says what the page says, and can be read without seeing the pictures."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Iterator
from typing import Any

from django.test import Client
from pptx import Presentation

from goldenthread.cohorts import Scope
from goldenthread.insight.segments import segment_matrix
from goldenthread.web.site.data import editions
from tests.web.conftest import PCN

Sign = Callable[..., Client]


def test_slides_and_handout_hold_what_the_page_says(client_for: Sign) -> None:
    client = client_for("facilitator")
    page = client.get(f"/understand/{PCN}/workshop/")
    assert page.status_code == 200
    text = html.unescape(page.content.decode())
    assert "Questions to ask" in text

    answer = client.get(f"/understand/{PCN}/workshop/slides.pptx")
    assert answer["Content-Disposition"].startswith('attachment; filename="workshop-pcn-UZ001-')
    deck = Presentation(io.BytesIO(answer.content))
    assert len(deck.slides) >= 8
    titles = [slide.shapes.title.text for slide in deck.slides]
    assert all(titles)
    candidates = [t for t in titles if t.startswith("Candidate")]
    assert candidates
    for title in candidates:
        assert title.split(": ", 1)[1].rsplit(",", 1)[0] in text  # its name stands on the page
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.left + shape.width <= deck.slide_width
            assert shape.top + shape.height <= deck.slide_height
            if shape.shape_type is not None and "PICTURE" in str(shape.shape_type):
                assert len(shape._element.nvPicPr.cNvPr.get("descr")) > 40

    sizes = [p.font.size.pt for s in deck.slides for f in frames(s) for p in f.paragraphs if p.font.size]
    assert min(sizes) >= 11
    matrix = next(s for s in deck.slides if any(f.text.startswith("Segment, by") for f in frames(s)))
    population = editions().current().population("planning", "somebody").within(Scope.parse(PCN))
    rows = segment_matrix(population).released.display().to_dict("records")
    known = {f"{r['people']} (£{r['spend_per_head']})" for r in rows}
    cells = [f.text for f in frames(matrix) if re.fullmatch(r"[\d,]+ \(£[\d,]+\)", f.text)]
    assert len(cells) > 5
    assert set(cells) <= known  # people and cost a head, as on the page and in a notebook

    handout = client.get(f"/understand/{PCN}/workshop/handout.pdf").content
    assert handout.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in handout or b"/MarkInfo" in handout or b"/ObjStm" in handout
    assert len(handout) > 20_000


def frames(slide: Any) -> Iterator[Any]:
    """Every text of a slide: boxes and cells of tables."""
    for shape in slide.shapes:
        if shape.has_text_frame:
            yield shape.text_frame
        if shape.has_table:
            for row in shape.table.rows:
                yield from (cell.text_frame for cell in row.cells)


def test_the_pack_of_another_network_is_refused(client_for: Sign) -> None:
    client = client_for("facilitator")
    for end in ("", "slides.pptx", "handout.pdf"):
        assert client.get(f"/understand/pcn-UZ002/workshop/{end}").status_code == 403
