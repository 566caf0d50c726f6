"""The slides: one thing a slide, its title is what it says."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from goldenthread.web.workshop.packing import Candidate, Drawing, Pack

BLUE, INK, QUIET = "005EB8", "212B32", "4C6272"
_WIDTH, _HEIGHT = 13.333, 7.5
BANNER = "Demonstration. Real geography, synthetic people, invented practices. Not performance data."


def to_pptx(pack: Pack) -> bytes:
    """The pack as a PowerPoint file, 16:9; every picture has a text alternative."""
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(_WIDTH), Inches(_HEIGHT)
    deck.core_properties.title = f"{pack.name}: workshop"
    deck.core_properties.author = "Golden Thread"
    deck.core_properties.language = "en-GB"
    make = _Deck(deck, pack)
    make.title()
    make.picture("Who lives here", pack.drawings.get("pyramid"), beside=[f"{v}: {w}" for v, w in pack.key])
    make.findings()
    if "map" in pack.drawings:
        make.picture("Where it happens", pack.drawings["map"])
    if "matrix" in pack.drawings:
        make.picture("Who needs what kind of care", pack.drawings["matrix"])
    for number, one in enumerate(pack.candidates, 1):
        make.candidate(number, one)
    make.bullets("Questions to ask", pack.questions)
    make.bullets("How this was worked out", how(pack))
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def fitting(lines: Sequence[str], width: float, height: float, *, most: int, least: int = 11) -> int:
    """The largest type, in points, at which lines of text fit a box of so many inches: letters are half as wide as high.

    >>> fitting(["One short line."], 6.0, 5.0, most=20), fitting(["word " * 200] * 5, 6.0, 5.0, most=20)
    (20, 11)
    """
    for size in range(most, least, -1):
        across = max(int(width * 72 / (0.5 * size)), 1)
        high = sum(-(-max(len(x), 1) // across) * 1.22 * size + 0.45 * size for x in lines)
        if high <= height * 72:
            return size
    return least


def how(pack: Pack) -> list[str]:
    """How the figures were worked out, for slides and hand-out."""
    return [
        f"Data to {pack.day_words}. Covers {pack.coverage}.",
        pack.compared_with,
        "What stands out differs by more than chance and by more than such places ordinarily differ, allowing for the number of "
        "comparisons made.",
        "Counts of 1 to 7 are hidden and others are to the nearest 5. No figure is of fewer than 8 people.",
        "Capacity: the activities of each initiative at national unit costs; hours with people, missed appointments included.",
    ]


class _Deck:
    """Slides drawn on blank layouts, so that nothing of a theme gets in the way."""

    def __init__(self, deck: Any, pack: Pack) -> None:
        self.deck, self.pack = deck, pack
        self.layout = next(x for x in deck.slide_layouts if x.name == "Title Only")

    def _slide(self, title: str) -> Any:
        from pptx.dml.color import RGBColor
        from pptx.util import Inches, Pt

        slide = self.deck.slides.add_slide(self.layout)
        shape = slide.shapes.title
        shape.left, shape.top, shape.width, shape.height = (
            Inches(0.6),
            Inches(0.35),
            Inches(12.1),
            Inches(1.0),
        )
        frame = shape.text_frame
        frame.word_wrap, frame.text = True, title
        run = frame.paragraphs[0]
        run.alignment, run.font.size, run.font.bold = 1, Pt(30 if len(title) < 70 else 24), True
        run.font.name, run.font.color.rgb = "Arial", RGBColor.from_string(BLUE)
        foot = f"{self.pack.name}. Data to {self.pack.day_words}."
        self._text(
            slide,
            [f"{BANNER} {foot}" if self.pack.synthetic else foot],
            0.6,
            7.0,
            12.1,
            0.35,
            size=11,
            colour=QUIET,
        )
        return slide

    def _text(
        self, slide: Any, lines: list[str], left: float, top: float, width: float, height: float, *,
        size: int = 18, colour: str = INK, bold: bool = False,
    ) -> None:  # fmt: skip
        from pptx.dml.color import RGBColor
        from pptx.util import Inches, Pt

        frame = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(height)).text_frame
        frame.word_wrap = True
        size = fitting(lines, width - 0.2, height - 0.1, most=size)
        for number, line in enumerate(lines):
            paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
            paragraph.text = line
            paragraph.space_after = Pt(size * 0.45)
            paragraph.font.size, paragraph.font.name, paragraph.font.bold = Pt(size), "Arial", bold
            paragraph.font.color.rgb = RGBColor.from_string(colour)

    def title(self) -> None:
        slide = self._slide(f"{self.pack.name}: what stands out, and what could we do?")
        self._text(slide, [self.pack.headline], 0.6, 1.7, 12.1, 1.5, size=26)
        self._text(
            slide, [f"{value}  {words}" for value, words in self.pack.key], 0.6, 3.4, 12.1, 3.2, size=20
        )

    def picture(self, topic: str, drawing: Drawing | None, beside: list[str] | None = None) -> None:
        from pptx.util import Inches

        slide = self._slide(drawing.sentence if drawing else topic)
        if drawing is None:
            self._text(slide, beside or [], 0.6, 1.6, 12.1, 5.0)
            return
        room = 7.4 if beside else 12.1
        picture = slide.shapes.add_picture(
            io.BytesIO(drawing.png), Inches(0.6), Inches(1.5), height=Inches(5.3)
        )
        if picture.width > Inches(room):
            picture.height = int(picture.height * Inches(room) / picture.width)
            picture.width = Inches(room)
        picture._element.nvPicPr.cNvPr.set("descr", drawing.alt)
        if beside:
            self._text(slide, beside, 8.4, 1.8, 4.4, 4.8, size=18)

    def findings(self) -> None:
        from pptx.util import Inches, Pt

        slide = self._slide(
            "What stands out" if self.pack.findings else "Nothing stands out by more than chance"
        )
        if not self.pack.findings:
            self._text(slide, [self.pack.compared_with], 0.6, 1.7, 12.1, 4.0)
            return
        heads = ("Finding", "Here (95% interval)", "Expected", "Expected number")
        rows = len(self.pack.findings) + 1
        table = slide.shapes.add_table(
            rows, 4, Inches(0.6), Inches(1.5), Inches(12.1), Inches(0.6 * rows)
        ).table
        for column, width in enumerate((5.4, 3.3, 2.0, 1.4)):
            table.columns[column].width = Inches(width)
        for row, cells in enumerate((heads, *self.pack.findings)):
            for column, text in enumerate(cells):
                cell = table.cell(row, column)
                cell.text = text
                font = cell.text_frame.paragraphs[0].font
                font.size, font.name, font.bold = Pt(15), "Arial", row == 0

    def candidate(self, number: int, one: Candidate) -> None:
        from pptx.util import Inches, Pt

        slide = self._slide(f"Candidate {number}: {one.title}, about {one.people:,} people")
        gaps = list(one.gaps[:2])
        lines = [one.question, *one.why[:2], *gaps, one.capacity]
        self._text(slide, [x for x in lines if x], 0.6, 1.5, 6.2, 5.2, size=16)
        rows = one.roles[:6]
        if not rows:
            return
        table = slide.shapes.add_table(
            len(rows) + 1, 3, Inches(7.1), Inches(1.6), Inches(5.6), Inches(0.5 * (len(rows) + 1))
        ).table
        for column, width in enumerate((3.5, 1.1, 1.0)):
            table.columns[column].width = Inches(width)
        cells = [
            ("Who is needed", "Hours", "Posts"),
            *((f"{r.title}: {r.what}", f"{r.hours:,}", f"{r.wte:.2f}") for r in rows),
        ]
        for row, line in enumerate(cells):
            for column, text in enumerate(line):
                cell = table.cell(row, column)
                cell.text = text
                font = cell.text_frame.paragraphs[0].font
                font.size, font.name, font.bold = Pt(12), "Arial", row == 0

    def bullets(self, title: str, lines: Any) -> None:
        self._text(
            self._slide(title), [f"{n}. {x}" for n, x in enumerate(lines, 1)], 0.6, 1.5, 12.1, 5.3, size=19
        )
