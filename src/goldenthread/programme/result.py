"""The one page in plain words: what we set out to do, who was reached, what happened, and what this cannot show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from goldenthread.evaluation import Bullets, Heading, Page, Paragraph, Table, evaluation_page
from goldenthread.programme.errors import ProgrammeError
from goldenthread.programme.forms import read, to_json
from goldenthread.programme.timeline import timeline_blocks

if TYPE_CHECKING:
    from goldenthread.disclosure import ReleasedTable
    from goldenthread.programme.evaluating import Evaluated
    from goldenthread.programme.register import Entry

Block = Heading | Paragraph | Bullets | Table
_BLOCKS: dict[str, type] = {"heading": Heading, "paragraph": Paragraph, "bullets": Bullets, "table": Table}
_NAMES = {
    "offered": "Offered", "not_reached": "Not reached", "reached": "Reached", "declined": "Declined", "completed": "Took part",
    "not_completed": "Did not take part", "reached_share": "Reached, share", "completed_share": "Took part, share",
    "imd_quintile": "Deprivation fifth (1 most deprived)", "ethnic_group": "Ethnic group", "sex": "Sex", "age_band": "Age",
    "group": "Everybody", "month": "Month",
}  # fmt: skip


_SEXES = {"1": "Male", "2": "Female", "9": "Not known", "X": "Not known"}


def evaluated_page(done: Evaluated) -> Page:
    """The evaluation page with what was set out to do, who was reached, and cost, put where a reader looks for them."""
    page = evaluation_page(done.evaluation)
    blocks: list[Block] = list(page.blocks)
    at = _after_criteria(blocks)
    timeline: list[Block] = [*timeline_blocks(done.quarters)] if done.quarters is not None else []
    mine: list[Block] = [*timeline, *_set_out(done.entry), *_reached(done)]
    before = next(
        (n for n, b in enumerate(blocks) if isinstance(b, Heading) and b.text == "What this cannot show"),
        len(blocks),
    )
    cost = _cost(done)
    whole = (*blocks[:at], *mine, *blocks[at:before], *cost, *blocks[before:])
    return Page(page.title, tuple(_without_few(b) for b in whole))


def _without_few(block: Block) -> Block:
    """The block with no number of people under 8 in its sentences: "3 of 120 people" tells of three."""
    if isinstance(block, Paragraph):
        return replace(block, text=few_hidden(block.text))
    if isinstance(block, Bullets):
        return Bullets(tuple(few_hidden(item) for item in block.items))
    if isinstance(block, Table):
        return replace(block, rows=tuple(tuple(few_hidden(cell) for cell in row) for row in block.rows))
    return block


def few_hidden(text: str) -> str:
    """Sentences in which numbers of people under 8 are not told.

    >>> few_hidden("4 of 20 have no comparable control; 91 of 222 people left")
    'Fewer than 8 of 20 have no comparable control; 91 of 222 people left'
    """
    text = re.sub(r"^[1-7] of ([\d,]+)\b", r"Fewer than 8 of \1", text)
    return re.sub(r"(?<![\d.,])[1-7] of ([\d,]+) (have|treated|people)", r"fewer than 8 of \1 \2", text)


def _after_criteria(blocks: Sequence[Block]) -> int:
    return next((n + 1 for n, b in enumerate(blocks) if isinstance(b, Table)), len(blocks))


def _set_out(entry: Entry) -> list[Block]:
    one, lock = entry.initiative, entry.lock
    agreed = ""
    if lock is not None:
        names = ", ".join(f"{s.name} ({s.role})" for s in lock.agreed_by)
        agreed = f"Agreed on {lock.agreed_at:%-d %B %Y} by {names}."
    blocks: list[Block] = [Heading(2, "What we set out to do"), Paragraph(one.question)]
    if one.evidence:
        blocks.append(Paragraph(one.evidence))
    if agreed:
        blocks.append(Paragraph(agreed))
    return blocks


def _reached(done: Evaluated) -> list[Block]:
    if not done.reach:
        return []
    blocks: list[Block] = [Heading(2, "Who was reached")]
    for table in done.reach:
        blocks.append(released_block(table))
    hidden = next((t.message for t in done.reach if t.message), "")
    if hidden:
        blocks.append(Paragraph(hidden))
    blocks += [Paragraph(w) for w in done.missing]
    return blocks


def released_block(table: ReleasedTable, caption: str = "") -> Table:
    """A released table as a block of a page."""
    shown = table.display()
    by = str(shown.columns[0])
    headings = tuple(_NAMES.get(str(c), str(c).replace("_", " ").capitalize()) for c in shown.columns)
    words = caption or (
        "People offered it" if by == "group" else f"People offered it, by {_NAMES.get(by, by).lower()}"
    )
    if by == "sex":
        shown = shown.assign(sex=shown["sex"].map(_SEXES).fillna(shown["sex"]))
    return Table(words, headings, tuple(tuple(str(v) for v in row) for row in shown.to_numpy().tolist()))


def _cost(done: Evaluated) -> list[Block]:
    if done.value is None:
        return []
    return [Heading(2, "Cost and value"), *(Paragraph(w) for w in done.value.words)]


def page_json(page: Page) -> dict[str, Any]:
    """A page as plain values, to keep it as it was."""
    return {
        "title": page.title,
        "blocks": [{"kind": type(b).__name__.lower(), **to_json(b)} for b in page.blocks],
    }


def page_from(data: dict[str, Any]) -> Page:
    """The page that ``page_json`` kept."""
    blocks: list[Block] = []
    for raw in data["blocks"]:
        kind = _BLOCKS.get(raw["kind"])
        if kind is None:
            raise ProgrammeError(
                f"The page holds a {raw['kind']!r}, which is not known.", "Use a later version."
            )
        blocks.append(read(kind, {k: v for k, v in raw.items() if k != "kind"}))
    return Page(data["title"], tuple(blocks))


def last_page(entry: Entry) -> Page:
    """The page of the last evaluation, as it was then; ``ProgrammeError`` before the first."""
    if not entry.evaluations:
        raise ProgrammeError(
            f"{entry.id} has not been evaluated.", f"Run: goldenthread initiative evaluate {entry.id}."
        )
    return page_from(entry.evaluations[-1].body["page"])
