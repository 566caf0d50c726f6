"""Rows that were not accepted: kept as they came, with file, line, column, reason and remedy.

They hold identifiers, so folder and files are readable by the owner alone. A corrected file or contract is
read again by the next refresh, and what it accepts leaves the quarantine.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from goldenthread.intake.checking import Checked
from goldenthread.intake.reasons import REASONS
from goldenthread.intake.safefiles import make_private, write_bytes
from goldenthread.settings import Settings


@dataclass(frozen=True)
class QuarantineSummary:
    """Rows of one feed in quarantine for one reason."""

    feed: str
    reason: str
    column: str
    rows: int
    words: str
    remedy: str
    first_file: str
    first_line: int


def quarantine_lines(relative: str, checked: Checked) -> list[dict[str, Any]]:
    """The rows of a file that were not accepted, in the order of their lines."""
    lines = [
        {
            "file": relative,
            "line": bad.line,
            "column": None,
            "reasons": [_reason("", bad.reason)],
            "row": bad.raw,
        }
        for bad in checked.raw.unreadable
    ]
    rows = np.array(sorted(checked.refused), np.int64)
    if len(rows):
        numbers, texts = checked.raw.line(rows).tolist(), checked.raw.raw(rows)
        for row, number, text in zip(rows.tolist(), numbers, texts, strict=True):
            causes = checked.refused[row]
            lines.append(
                {
                    "file": relative,
                    "line": number,
                    "column": causes[0][0],
                    "reasons": [_reason(column, reason) for column, reason in causes],
                    "row": text,
                }
            )
    return sorted(lines, key=lambda line: line["line"])


def _reason(column: str, reason: int) -> dict[str, str]:
    found = REASONS[reason]
    return {"code": found.code, "column": column, "words": found.words, "remedy": found.remedy}


def reason_counts(checked: Checked) -> Counter[str]:
    """Rows by first reason, as ``"reason in COLUMN"`` (no values)."""
    counts: Counter[str] = Counter(REASONS[bad.reason].code for bad in checked.raw.unreadable)
    for causes in checked.refused.values():
        column, reason = causes[0]
        counts[f"{REASONS[reason].code} in {column}"] += 1
    return counts


def path_of(folder: Path, feed: str, key: str) -> Path:
    """Where the quarantined rows of one staged file lie."""
    return folder / feed / f"{key}.jsonl"


def write_quarantine(folder: Path, feed: str, key: str, lines: list[dict[str, Any]]) -> None:
    """Keep the rows of one file; nothing is written where there are none."""
    if not lines:
        return
    make_private(folder)
    make_private(folder / feed)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    write_bytes(path_of(folder, feed, key), text.encode("utf-8", "replace"), private=True, durable=False)


def tidy(folder: Path, in_force: set[tuple[str, str]]) -> None:
    """Remove the quarantined rows of files that have been replaced."""
    for path in folder.glob("*/*"):
        if (path.parent.name, path.stem) not in in_force or path.suffix != ".jsonl":
            path.unlink(missing_ok=True)


def _read(settings: Settings, feed: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(settings.quarantine_dir.glob(f"{feed or '*'}/*.jsonl")):
        with path.open(encoding="utf-8") as stream:
            for line in stream:
                yield path.parent.name, json.loads(line)


def quarantine_summary(settings: Settings) -> list[QuarantineSummary]:
    """What is in quarantine, by feed, reason and column; most rows first."""
    counts: Counter[tuple[str, str, str]] = Counter()
    first: dict[tuple[str, str, str], tuple[str, int, str, str]] = {}
    for feed, line in _read(settings, None):
        cause = line["reasons"][0]
        key = (feed, cause["code"], cause["column"])
        counts[key] += 1
        first.setdefault(key, (line["file"], line["line"], cause["words"], cause["remedy"]))
    return [
        QuarantineSummary(*key, rows, first[key][2], first[key][3], first[key][0], first[key][1])
        for key, rows in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def quarantine_rows(
    settings: Settings, feed: str | None = None, limit: int | None = 100
) -> list[dict[str, Any]]:
    """Rows in quarantine: ``file``, ``line``, ``column``, ``reasons`` and the ``row`` as it came.

    They hold identifiers: show them to who may see them, and never log them.
    """
    found: list[dict[str, Any]] = []
    for name, line in _read(settings, feed):
        if limit is not None and len(found) >= limit:
            break
        found.append({"feed": name, **line})
    return found
