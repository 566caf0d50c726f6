"""A page as a file to keep or to send: HTML, PDF (tagged, A4) or Word."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from goldenthread.evaluation import Bullets, Heading, Page, Paragraph, Table, to_html, to_markdown, to_text
from goldenthread.programme.errors import ProgrammeError

if TYPE_CHECKING:
    from docx.document import Document

    from goldenthread.charts import Chart

Pictures = Mapping[str, "Chart"]

Format = Literal["html", "pdf", "docx", "md", "txt"]
FORMATS: tuple[Format, ...] = ("html", "pdf", "docx", "md", "txt")
BANNER = "Demonstration. Real geography, synthetic people, invented practices. Not performance data."

# Everything that people typed goes in as data, never as source, so that nothing in it is run.
_TYPST = """
#let page-data = json(bytes(sys.inputs.page))
#set document(title: page-data.title)
#set page(paper: "a4", margin: 18mm, footer: context [#set text(8pt); #page-data.foot #h(1fr) #counter(page).display("1 of 1", both: true)])
#set text(font: ("Liberation Sans", "DejaVu Sans", "Libertinus Serif"), size: 10pt, lang: "en", region: "GB")
#set par(leading: 0.6em)
#set table(stroke: (x, y) => (bottom: 0.5pt + luma(170)), inset: (x: 4pt, y: 4pt))
#show table.cell.where(y: 0): strong
#for block in page-data.blocks {
  if block.kind == "heading" { heading(level: block.level, block.text) }
  else if block.kind == "paragraph" {
    if block.lead { text(size: 12pt, block.text) } else { block.text }
    parbreak()
  }
  else if block.kind == "bullets" { list(..block.items) }
  else if block.kind == "picture" { image(bytes(block.svg), format: "svg", width: 100%, alt: block.alt) }
  else {
    block.caption
    table(
      columns: (1.6fr,) + (1fr,) * (block.header.len() - 1),
      table.header(..block.header.map(cell => text(size: block.size * 1pt, cell))),
      ..block.rows.flatten().map(cell => text(size: block.size * 1pt, cell)),
    )
  }
}
"""


def document(
    page: Page,
    kind: Format,
    *,
    synthetic: bool = False,
    foot: str = "",
    pictures: Pictures = MappingProxyType({}),
) -> bytes:
    """The page as a file. ``synthetic`` puts the banner of a demonstration first; ``foot`` stands at the foot of every A4 page.

    ``pictures`` are drawn before the tables of these captions (``pictures_of``); Markdown and text have the tables alone.
    """
    if synthetic:
        page = Page(page.title, (Paragraph(BANNER), *page.blocks))
    if kind == "html":
        return to_html(page, pictures={caption: chart.svg() for caption, chart in pictures.items()}).encode()
    if kind == "md":
        return to_markdown(page).encode()
    if kind == "txt":
        return to_text(page).encode()
    if kind == "pdf":
        return _pdf(page, foot, pictures)
    if kind == "docx":
        return _docx(page, foot, pictures)
    raise ProgrammeError(f"A page cannot be written as {kind!r}.", f"Formats: {', '.join(FORMATS)}.")


def _pdf(page: Page, foot: str, pictures: Pictures) -> bytes:
    import typst

    blocks: list[dict[str, object]] = []
    for block in page.blocks:
        if isinstance(block, Heading):
            blocks.append({"kind": "heading", "level": block.level, "text": block.text})
        elif isinstance(block, Paragraph):
            blocks.append({"kind": "paragraph", "text": block.text, "lead": block.lead})
        elif isinstance(block, Bullets):
            blocks.append({"kind": "bullets", "items": list(block.items)})
        else:
            if (chart := pictures.get(block.caption)) is not None:
                blocks.append({"kind": "picture", "svg": chart.svg(), "alt": chart.alt})
            size = 9.0 if len(block.header) <= 5 else 7.5 if len(block.header) <= 8 else 6.0
            blocks.append(
                {
                    "kind": "table", "caption": block.caption, "header": list(block.header),
                    "rows": [list(row) for row in block.rows], "size": size,
                }
            )  # fmt: skip
    data = {"title": page.title, "foot": foot or page.title, "blocks": blocks}
    made = typst.compile(_TYPST.encode(), sys_inputs={"page": json.dumps(data)}, format="pdf")
    return bytes(made) if isinstance(made, bytes | bytearray) else b"".join(made)


def _docx(page: Page, foot: str, pictures: Pictures) -> bytes:
    import docx
    from docx.shared import Cm, Pt

    made: Document = docx.Document()
    made.core_properties.title = page.title
    made.core_properties.language = "en-GB"
    made.sections[0].footer.paragraphs[0].text = _clean(foot or page.title)
    for block in page.blocks:
        if isinstance(block, Heading):
            made.add_heading(_clean(block.text), level=min(block.level, 4))
        elif isinstance(block, Paragraph):
            run = made.add_paragraph().add_run(_clean(block.text))
            if block.lead:
                run.font.size = Pt(14)
        elif isinstance(block, Bullets):
            for item in block.items:
                made.add_paragraph(_clean(item), style="List Bullet")
        else:
            if (chart := pictures.get(block.caption)) is not None:
                shape = made.add_picture(io.BytesIO(chart.png(titled=False)), width=Cm(16))
                shape._inline.docPr.set("descr", _clean(chart.alt))
            _docx_table(made, block)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _docx_table(made: Document, block: Table) -> None:
    from docx.oxml import OxmlElement
    from docx.shared import Pt

    made.add_paragraph(_clean(block.caption))
    grid = made.add_table(rows=1, cols=len(block.header), style="Light Grid Accent 1")
    # a row marked as a header is repeated on each page, and read out as one
    grid.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for cell, name in zip(grid.rows[0].cells, block.header, strict=True):
        cell.text = _clean(name)
    for row in block.rows:
        for cell, value in zip(grid.add_row().cells, row, strict=True):
            cell.text = _clean(value)
    for line in grid.rows:
        for cell in line.cells:
            for paragraph in cell.paragraphs:
                for run in paragraph.runs:
                    run.font.size = Pt(9 if len(block.header) <= 6 else 7)


def _clean(text: str) -> str:
    """Text without characters that XML does not have."""
    return "".join(c for c in text if c in "\t\n" or ord(c) >= 32)
