"""What linkage found: links, the reasons for each, the doubtful ones for a person to judge, and match rates."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from goldenthread.intake.linkage.errors import LinkageError
from goldenthread.intake.linkage.scoring import Model

LINK, REVIEW, NO_LINK = "link", "review", "no link"
REVIEW_FILE = "linkage_review.csv"


@dataclass(frozen=True)
class Reason:
    """How one thing compared agreed, and what that weighs: bits for (+) or against (-) one person."""

    compared: str
    agreement: str
    weight: float


@dataclass(frozen=True)
class Explanation:
    """Why one record was linked, or was not: no identifier in it, so it may be kept and shown."""

    record_id: int
    band: str
    probability: float
    start: float
    reasons: tuple[Reason, ...]
    rivals: float
    note: str

    def __str__(self) -> str:
        lines = [f"Record {self.record_id}: {self.band} (probability {self.probability:.4f})"]
        if self.reasons:
            lines.append(f"  {self.start:+6.1f}  before anything is compared")
            lines += [f"  {each.weight:+6.1f}  {each.compared}: {each.agreement}" for each in self.reasons]
        if self.rivals > 0:
            lines.append(f"  Other registered people share {self.rivals:.4f} of the probability.")
        return "\n".join([*lines, f"  {self.note}"] if self.note else lines)


class LinkageResult:
    """The answer of ``link``.

    ``links``: record_id (int64), pseudonym (16 bytes; null where the band is "no link"), probability, band;
    one row for each record, in the records' order. ``model``: the comparisons and figures used.
    """

    def __init__(
        self, links: pa.Table, feeds: pa.ChunkedArray, detail: pa.Table, review: pa.Table, model: Model
    ) -> None:
        self.links = links
        self.review = review
        self.model = model
        self._feeds = feeds
        self._detail = detail
        self._rows: dict[int, int] | None = None

    def __repr__(self) -> str:
        counts = {
            band: pc.sum(pc.equal(self.links["band"], band)).as_py() or 0 for band in (LINK, REVIEW, NO_LINK)
        }
        return f"LinkageResult({counts}, parameters {self.model.source})"

    def explanation(self, record_id: int) -> Explanation:
        """Why a record was linked or not: each comparison, its level in plain words, its weight in bits.

        Raises ``LinkageError`` for a record that was not in the table.
        """
        if self._rows is None:
            self._rows = {each: at for at, each in enumerate(self._detail["record_id"].to_pylist())}
        if record_id not in self._rows:
            raise LinkageError(
                f"Record {record_id} was not given to linkage.", "Use a record_id of the table given."
            )
        row = self._detail.slice(self._rows[record_id], 1).to_pylist()[0]
        return Explanation(
            record_id=record_id,
            band=row["band"],
            probability=row["probability"],
            start=math.log2(self.model.prior / (1 - self.model.prior)),
            reasons=self._reasons(row),
            rivals=row["rivals"] or 0.0,
            note=row["note"] or "",
        )

    @property
    def report(self) -> pa.Table:
        """Match rates by feed: feed, records, linked, review, unlinked, rate, low, high (95%, Wilson)."""
        return self.rates(pa.table({"record_id": self.links["record_id"], "feed": self._feeds}), by="feed")

    def rates(self, attributes: pa.Table, by: str | Sequence[str]) -> pa.Table:
        """Match rates by columns of ``attributes`` (which has ``record_id``): deprivation, age band, ethnicity.

        Failing to link is itself an inequality: people who are not linked are missing from every figure about
        their care. A record that ``attributes`` does not know, or whose group is null, counts as "not known".
        """
        groups = [by] if isinstance(by, str) else list(by)
        if missing := sorted({"record_id", *groups} - set(attributes.column_names)):
            raise LinkageError(
                f"The attributes have no column {missing[0]!r}.", "Add it, or leave it out of `by`."
            )
        known = (
            attributes.select(["record_id", *groups])
            .group_by("record_id")
            .aggregate([(each, "min") for each in groups])
        )
        known = known.rename_columns(["record_id", *groups])
        table = self.links.select(["record_id", "band"]).join(known, "record_id", join_type="left outer")
        for group in groups:
            filled = pc.fill_null(table[group].cast(pa.string()), "not known")
            table = table.set_column(table.column_names.index(group), group, filled)
        for band, name in ((LINK, "linked"), (REVIEW, "review"), (NO_LINK, "unlinked")):
            table = table.append_column(name, pc.equal(table["band"], band).cast(pa.int64()))
        counted = table.group_by(groups).aggregate(
            [([], "count_all"), ("linked", "sum"), ("review", "sum"), ("unlinked", "sum")]
        )
        counted = counted.rename_columns([*groups, "records", "linked", "review", "unlinked"])
        counted = counted.sort_by([(each, "ascending") for each in groups])
        intervals = [
            wilson(linked, records)
            for linked, records in zip(
                counted["linked"].to_pylist(), counted["records"].to_pylist(), strict=True
            )
        ]
        for name, values in zip(
            ("rate", "low", "high"), zip(*intervals, strict=True) if intervals else ([], [], []), strict=True
        ):
            counted = counted.append_column(name, pa.array(values, pa.float64()))
        return counted

    def write_review(self, folder: Path) -> Path:
        """Write the doubtful pairs for clerical review; returns the file.

        It holds names and addresses of both sides. It belongs in the quarantine folder, whose owner alone may
        read it, and is made with mode 0600. Cells that a spreadsheet would take for formulas are quoted.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*self.review.column_names, "same_person"])
        for row in zip(*(column.to_pylist() for column in self.review.columns), strict=True):
            writer.writerow([*(_cell(value) for value in row), ""])
        path, draft = folder / REVIEW_FILE, folder / f".{REVIEW_FILE}.{os.getpid()}.part"
        try:
            with os.fdopen(
                os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
            ) as stream:
                stream.write(text.getvalue())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        return path

    def _reasons(self, row: dict[str, Any]) -> tuple[Reason, ...]:
        if row["match_weight"] is None:
            return ()
        reasons = []
        for comparison in self.model.comparisons:
            gamma = row[f"gamma_{comparison.name}"]
            if gamma < 0:
                reasons.append(Reason(comparison.words, "not compared", 0.0))
                continue
            level = comparison.levels[len(comparison.levels) - 1 - gamma]
            rarity = row.get(f"mw_tf_adj_{comparison.name}") or 0.0
            words = level.words
            if level.rare and abs(rarity) >= 0.5:
                words += " (a rare one)" if rarity > 0 else " (a common one)"
            reasons.append(Reason(comparison.words, words, round(row[f"mw_{comparison.name}"] + rarity, 2)))
        return tuple(reasons)


def wilson(successes: int, trials: int, z: float = 1.959964) -> tuple[float, float, float]:
    """A proportion with its 95% interval (Wilson, JASA 1927; 22: 209-212).

    >>> [round(each, 3) for each in wilson(81, 263)]
    [0.308, 0.255, 0.366]
    """
    share, spread = successes / trials, z * z / trials
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return share, max(0.0, middle - half), min(1.0, middle + half)


def _cell(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str) and value.lstrip().startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return value
