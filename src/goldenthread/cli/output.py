"""How the command speaks: tables and sentences for people, JSON for programs, and what an exit code means."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from goldenthread.errors import GoldenThreadError

if TYPE_CHECKING:
    from goldenthread.disclosure import ReleasedTable
    from goldenthread.settings import Settings

BANNER = "[bold]Demonstration.[/] Real geography, synthetic people, invented practices. Not performance data."


class Exit(IntEnum):
    """What the command's exit code means."""

    FINE = 0
    REFUSED = 1
    """Something a person must put right: the message says what."""
    USAGE = 2
    """The command's words were off."""
    FOUND = 3
    """A check ran to its end and found something wrong."""
    STOPPED = 130
    """Stopped from the keyboard."""


@dataclass
class Speech:
    """Where output goes. With ``as_json`` exactly one JSON document goes to standard output."""

    as_json: bool = False
    quiet: bool = False

    def __post_init__(self) -> None:
        self.out = Console(highlight=False, soft_wrap=False)
        self.err = Console(stderr=True, highlight=False)

    @property
    def talks(self) -> bool:
        """Whether sentences for people are wanted."""
        return not (self.quiet or self.as_json)

    def say(self, text: str = "") -> None:
        """A sentence for people; silent with --quiet and --json."""
        if self.talks:
            self.out.print(text, soft_wrap=True)

    def table(
        self, title: str, headings: list[str], rows: list[list[str]], *, right: set[int] | None = None
    ) -> None:
        """A table for people; silent with --quiet and --json."""
        if not self.talks:
            return
        from rich.table import Table

        numbers = right or set()
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
        for index, heading in enumerate(headings):
            cells = [row[index] for row in rows]
            # figures never break; words do, and headings give way to both
            whole = max(map(len, cells), default=0) if index in numbers else 0
            words = max((len(w) for text in (heading, *cells) for w in text.split()), default=0)
            table.add_column(
                heading,
                justify="right" if index in numbers else "left",
                overflow="fold",
                min_width=max(whole, min(words, 24)),
            )
        for row in rows:
            table.add_row(*row)
        self.out.print(f"[bold]{title}[/]", soft_wrap=True)
        self.out.print(table)
        self.out.print()

    def banner(self, settings: Settings) -> None:
        """Say of a synthetic system that it is one; nothing of a real one."""
        if settings.synthetic:
            self.say(BANNER)

    def released(self, title: str, table: ReleasedTable, headings: Mapping[str, str] | None = None) -> None:
        """A released table for people: names where codes have names, and ``headings`` for columns by their names."""
        shown = table.texts()
        # a code is for programs; where it has a name, people read the name
        columns = [c for c in shown if f"{c}_name" not in shown]
        names = [c.removesuffix("_name") for c in columns]
        given = headings or {}
        self.table(
            plain(title),
            [given.get(n, n.replace("_", " ").capitalize()) for n in names],
            [[plain(cell) for cell in row] for row in zip(*(shown[c] for c in columns), strict=True)],
            right={n for n, c in enumerate(columns) if table.measures[c] not in ("dimension", "text")},
        )

    def json(self, content: Any) -> None:
        """One JSON document; silent without --json."""
        if self.as_json:
            sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n")

    def refuse(self, message: str, remedy: str = "") -> None:
        """What is wrong and what to do, on standard error, whatever the mode."""
        self.err.print(f"[bold red]Error:[/] {plain(message)}", soft_wrap=True)
        if remedy:
            self.err.print(plain(remedy), soft_wrap=True)

    def warn(self, message: str) -> None:
        """Something a person should know, on standard error."""
        if not self.quiet:
            self.err.print(f"[bold yellow]Note:[/] {plain(message)}", soft_wrap=True)


def plain(text: object) -> str:
    """Text in which square brackets are only brackets, not marks of colour.

    >>> print(plain("[web] in goldenthread.toml"))
    \\[web] in goldenthread.toml
    """
    return str(text).replace("[", r"\[")


def day_words(day: date) -> str:
    """A day as people write it.

    >>> day_words(date(2026, 3, 1))
    '1 March 2026'
    """
    return f"{day.day} {day:%B %Y}"


def file_to_write(path: Path, *, new: bool = False) -> Path:
    """The path, if a file can be written there; refused before any work is done. ``new``: nothing may stand there yet."""
    if not path.parent.is_dir():
        raise GoldenThreadError(
            f"{path} cannot be written: there is no folder {path.parent}.",
            "Make the folder, or give another.",
        )
    if path.is_dir():
        raise GoldenThreadError(f"{path} is a folder.", "Give the name of a file.")
    if new and path.exists():
        raise GoldenThreadError(f"{path} is there already, and is never replaced.", "Give another name.")
    return path


def released_rows(released: ReleasedTable) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of a released table, as people read them."""
    shown = released.texts()
    return list(shown), [list(row) for row in zip(*shown.values(), strict=True)]


def released_json(released: ReleasedTable) -> dict[str, Any]:
    """A released table as JSON: hidden figures are null and named in ``suppressed``."""
    return {
        "rows": released.records(),
        "policy": released.policy,
        "data_date": released.data_date,
        "coverage": released.coverage,
        "source": released.source,
        "message": released.message,
    }


def number(value: float | None) -> str:
    """A count with thousands separated; a dash where there is none."""
    return "-" if value is None else f"{value:,.0f}"


def figure(value: int | None) -> str:
    """A count that disclosure control has let pass; a star where it was hidden."""
    return "*" if value is None else f"{value:,}"


def size(count: int) -> str:
    """Bytes in words.

    >>> size(1_234_567)
    '1.2 MB'
    """
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return ""
