"""How the command speaks: tables and sentences for people, JSON for programs, and what an exit code means."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from goldenthread.disclosure import ReleasedTable


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

    def json(self, content: Any) -> None:
        """One JSON document; silent without --json."""
        if self.as_json:
            sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n")

    def refuse(self, message: str, remedy: str = "") -> None:
        """What is wrong and what to do, on standard error, whatever the mode."""
        self.err.print(f"[bold red]Error:[/] {_plain(message)}", soft_wrap=True)
        if remedy:
            self.err.print(_plain(remedy), soft_wrap=True)

    def warn(self, message: str) -> None:
        """Something a person should know, on standard error."""
        if not self.quiet:
            self.err.print(f"[bold yellow]Note:[/] {_plain(message)}", soft_wrap=True)


def _plain(text: str) -> str:
    """Text in which square brackets are only brackets."""
    return text.replace("[", r"\[")


def released_rows(released: ReleasedTable) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of a released table, as people read them."""
    shown = released.display()
    return [str(c) for c in shown.columns], shown.astype(str).to_numpy().tolist()


def released_json(released: ReleasedTable) -> dict[str, Any]:
    """A released table as JSON: hidden figures are null and named in ``suppressed``."""
    import pandas as pd

    records = []
    for position in range(len(released.frame)):
        values = released.frame.iloc[position]
        hidden = [str(c) for c in released.frame.columns if bool(released.suppressed[c].iloc[position])]
        record: dict[str, Any] = {
            str(c): None if pd.isna(v) else getattr(v, "item", lambda v=v: v)() for c, v in values.items()
        }
        if hidden:
            record["suppressed"] = hidden
        records.append(record)
    return {
        "rows": records,
        "policy": released.policy,
        "data_date": released.data_date,
        "coverage": released.coverage,
        "source": released.source,
        "message": released.message,
    }


def number(value: float | None) -> str:
    """A count with thousands separated; a dash where there is none."""
    return "-" if value is None else f"{value:,.0f}"


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
