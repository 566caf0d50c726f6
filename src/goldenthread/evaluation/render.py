"""A page as plain text, Markdown or one standalone HTML file without scripts."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from html import escape
from types import MappingProxyType

from goldenthread.evaluation.page import Block, Bullets, Heading, Page, Paragraph, Table

WIDTH = 100


def to_text(page: Page) -> str:
    """Plain text, at most 100 characters a line except in wide tables.

    >>> print(to_text(Page("t", (Heading(1, "What happened"), Bullets(("one", "two"))))))
    What happened
    =============
    <BLANKLINE>
    - one
    - two
    <BLANKLINE>
    """
    return "\n\n".join(_text(block) for block in page.blocks) + "\n"


def _text(block: Block) -> str:
    if isinstance(block, Heading):
        return block.text + "\n" + {1: "=", 2: "-"}.get(block.level, ".") * len(block.text)
    if isinstance(block, Paragraph):
        return textwrap.fill(block.text, WIDTH)
    if isinstance(block, Bullets):
        wrapped = (
            textwrap.fill(item, WIDTH, initial_indent="- ", subsequent_indent="  ") for item in block.items
        )
        return "\n".join(wrapped)
    lines = [textwrap.fill(block.caption, WIDTH)]
    for row in block.rows:
        lines.append(f"  {row[0]}")
        lines += [f"    {name}: {cell}" for name, cell in zip(block.header[1:], row[1:], strict=True) if cell]
    return "\n".join(lines)


def to_markdown(page: Page) -> str:
    """Markdown with pipe tables; whatever people typed is escaped.

    >>> print(to_markdown(Page("t", (Table("Figures", ("a", "b"), (("x|y", "1"),)),))))
    *Figures*
    <BLANKLINE>
    | a | b |
    | --- | --- |
    | x\\|y | 1 |
    <BLANKLINE>
    """
    return "\n\n".join(_markdown(block) for block in page.blocks) + "\n"


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {_mark(block.text)}"
    if isinstance(block, Paragraph):
        return _mark(block.text)
    if isinstance(block, Bullets):
        return "\n".join(f"- {_mark(item)}" for item in block.items)
    lines = [_row(block.header), _row(("---",) * len(block.header), plain=True)]
    lines += [
        _row((*row[:-1], f"**{_mark(row[-1])}**"), marked=len(row) - 1) if block.verdicts else _row(row)
        for row in block.rows
    ]
    return f"*{_mark(block.caption)}*\n\n" + "\n".join(lines)


def _row(cells: tuple[str, ...], *, plain: bool = False, marked: int | None = None) -> str:
    shown = [cell if plain or at == marked else _mark(cell) for at, cell in enumerate(cells)]
    return f"| {' | '.join(shown)} |"


def _mark(text: str) -> str:
    single = " ".join(text.split())
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", single)


STYLE = """
:root { color-scheme: light; }
body { font: 1.125rem/1.5 Arial, Helvetica, sans-serif; color: #212b32; background: #fff; margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 2.25rem; line-height: 1.2; margin: 0.5rem 0 1rem; }
h2 { font-size: 1.5rem; margin: 2rem 0 0.5rem; }
h3 { font-size: 1.2rem; margin: 1.5rem 0 0.5rem; }
p.lead { font-size: 1.35rem; }
.scroll { overflow-x: auto; }
.scroll:focus { outline: 3px solid #212b32; outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
caption { text-align: left; padding: 0.25rem 0; color: #425563; }
th, td { text-align: left; vertical-align: top; padding: 0.5rem 1rem 0.5rem 0; border-bottom: 1px solid #aeb7bd; }
tbody th { font-weight: normal; }
td { overflow-wrap: anywhere; }
.verdict { display: inline-block; padding: 0 0.5rem; border: 2px solid #425563; }
.good { border-color: #006747; color: #00401e; background: #e5f2ec; }
.bad { border-color: #8a1538; color: #5c0f26; background: #fae9ee; border-style: double; }
.open { border-style: dashed; }
@media print { main { max-width: none; padding: 0; } body { font-size: 10pt; } table { break-inside: avoid; } }
@page { size: A4; margin: 18mm; }
""".strip()

LOOK = {"Met": "good", "Within limit": "good", "Not met": "bad", "Limit exceeded": "bad"}


def to_html(page: Page, *, pictures: Mapping[str, str] = MappingProxyType({})) -> str:
    """One HTML document: British English, headings in order, captions and row heads, no script, no link out.

    ``pictures`` are drawings (SVG of our own), each by the caption of the table it stands before.
    """
    body = "\n".join(_drawn(block, pictures) + _html(block) for block in page.blocks)
    return (
        '<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(page.title)}</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>\n<main>\n{body}\n"
        "</main>\n</body>\n</html>\n"
    )


def _drawn(block: Block, pictures: Mapping[str, str]) -> str:
    found = pictures.get(block.caption) if isinstance(block, Table) else None
    return (
        f'<div class="scroll" role="region" aria-label="Drawing" tabindex="0">{found}</div>\n'
        if found
        else ""
    )


def _html(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{escape(block.text)}</h{block.level}>"
    if isinstance(block, Paragraph):
        opening = '<p class="lead">' if block.lead else "<p>"
        return f"{opening}{escape(block.text)}</p>"
    if isinstance(block, Bullets):
        return "<ul>\n" + "\n".join(f"<li>{escape(item)}</li>" for item in block.items) + "\n</ul>"
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in block.header)
    rows = "\n".join(_html_row(row, block.verdicts) for row in block.rows)
    return (
        f'<div class="scroll" role="region" aria-label="{escape(block.caption)}" tabindex="0">\n<table>\n'
        f"<caption>{escape(block.caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n"
        "</table>\n</div>"
    )


def _html_row(row: tuple[str, ...], verdicts: bool) -> str:
    cells = [f'<th scope="row">{escape(row[0])}</th>']
    for at, cell in enumerate(row[1:], start=1):
        shown = escape(cell)
        if verdicts and at == len(row) - 1:
            shown = f'<strong class="verdict {LOOK.get(cell, "open")}">{shown}</strong>'
        cells.append(f"<td>{shown}</td>")
    return f"<tr>{''.join(cells)}</tr>"
