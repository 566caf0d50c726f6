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
        most = ["Highest, for 1,000 people:", *pack.areas] if pack.areas else None
        make.picture("Where it happens", pack.drawings["map"], beside=most)
    if "matrix" in pack.drawings:
        make.matrix(pack.drawings["matrix"].sentence)
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
        slide = self._slide(
            "What stands out" if self.pack.findings else "Nothing stands out by more than chance"
        )
        if not self.pack.findings:
            self._text(slide, [self.pack.compared_with], 0.6, 1.7, 12.1, 4.0)
            return
        heads = ("Finding", "Here (95% interval)", "Expected", "Expected number")
        rows = [heads, *self.pack.findings]
        self._table(
            slide, rows, (5.4, 3.3, 2.0, 1.4), left=0.6, top=1.5, row_height=0.6, size=16, numbers=False
        )

    def matrix(self, sentence: str) -> None:
        """Segments by need as a table: a drawing of so many cells cannot be read from the back of a room."""
        slide = self._slide(sentence)
        rows = self.pack.matrix
        widths = (3.7, *((8.4 / (len(rows[0]) - 1),) * (len(rows[0]) - 1)))
        self._table(slide, rows, widths, left=0.6, top=1.5, row_height=min(0.5, 4.9 / len(rows)), size=15)
        self._text(
            slide, ["People, and their estimated cost a head in 12 months. Small numbers are hidden."],
            0.6, 6.5, 12.1, 0.4, size=14, colour=QUIET,
        )  # fmt: skip

    def _table(
        self, slide: Any, rows: Sequence[Sequence[str]], widths: Sequence[float], *, left: float, top: float,
        row_height: float, size: int, numbers: bool = True,
    ) -> None:  # fmt: skip
        """A table whose first row holds the headings and whose first column names the rows; numbers stand to the right."""
        from pptx.enum.text import PP_ALIGN
        from pptx.util import Inches, Pt

        table = slide.shapes.add_table(
            len(rows), len(widths), Inches(left), Inches(top), Inches(sum(widths)),
            Inches(row_height * len(rows)),
        ).table  # fmt: skip
        table.first_col = True
        for column, width in enumerate(widths):
            table.columns[column].width = Inches(width)
        for row, cells in enumerate(rows):
            table.rows[row].height = Inches(row_height)
            for column, text in enumerate(cells):
                cell = table.cell(row, column)
                cell.text = text
                cell.margin_top = cell.margin_bottom = Inches(0.03)
                paragraph = cell.text_frame.paragraphs[0]
                paragraph.font.size, paragraph.font.name = Pt(size), "Arial"
                paragraph.font.bold = row == 0 or column == 0
                if column and numbers:
                    paragraph.alignment = PP_ALIGN.RIGHT

    def candidate(self, number: int, one: Candidate) -> None:
        slide = self._slide(f"Candidate {number}: {one.title}, about {one.people:,} people")
        gaps = list(one.gaps[:2])
        lines = [one.question, *one.why[:2], *gaps, one.capacity]
        self._text(slide, [x for x in lines if x], 0.6, 1.5, 6.2, 5.2, size=20)
        rows = one.roles[:6]
        if not rows:
            return
        cells = [
            ("Who is needed", "Hours", "Posts"),
            *((f"{r.title}: {r.what}", f"{r.hours:,}", f"{r.wte:.2f}") for r in rows),
        ]
        self._table(slide, cells, (3.7, 1.0, 0.9), left=7.1, top=1.6, row_height=0.5, size=14)

    def bullets(self, title: str, lines: Any) -> None:
        self._text(
            self._slide(title), [f"{n}. {x}" for n, x in enumerate(lines, 1)], 0.6, 1.5, 12.1, 5.3, size=19
        )
