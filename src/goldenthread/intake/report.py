"""What a refresh did, feed by feed: every row accounted for, every file that was not taken named."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol


class Progress(Protocol):
    """What a caller may show while a refresh runs. Nothing passed to it identifies anybody."""

    def begin(self, stage: str, total: int) -> None:
        """A stage begins; ``total`` steps (files, or rows) are to come; 0 where that is not known."""

    def advance(self, steps: int = 1, rows: int = 0) -> None:
        """Some of them are done, and so many rows were read or written."""

    def end(self) -> None:
        """The stage is over."""


class Silent:
    """Progress that nobody watches."""

    def begin(self, stage: str, total: int) -> None:
        """Nothing is shown."""

    def advance(self, steps: int = 1, rows: int = 0) -> None:
        """Nothing is shown."""

    def end(self) -> None:
        """Nothing is shown."""


@dataclass(frozen=True)
class Refused:
    """A file of which nothing entered, and whether an earlier version of it stays in force."""

    file: str
    message: str
    remedy: str
    previous_in_force: bool


@dataclass
class FeedReport:
    """One feed: files and rows in force.

    ``rows_in = accepted + quarantined + duplicates``, and
    ``accepted = linked + unlinked + superseded + merged + not_stored``: ``linked`` and ``unlinked`` are rows of
    the lake, ``merged`` went into another row of it (episodes into a spell), ``superseded`` were replaced by
    later ones, ``not_stored`` are left out by the rules in ``notes``.
    """

    name: str
    title: str = ""
    table: str = ""
    files: int = 0
    rows_in: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicates: int = 0
    linked: int = 0
    unlinked: int = 0
    superseded: int = 0
    merged: int = 0
    not_stored: int = 0
    withheld: int = 0
    data_date: str = ""
    reasons: dict[str, int] = field(default_factory=dict)
    set_aside: dict[str, int] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def in_order(self) -> bool:
        """Whether every row is accounted for."""
        into = self.linked + self.unlinked + self.superseded + self.merged + self.not_stored
        return self.rows_in == self.accepted + self.quarantined + self.duplicates and self.accepted == into

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> FeedReport:
        """The report that ``to_dict`` wrote."""
        known = {k: v for k, v in plain.items() if k in cls.__dataclass_fields__}
        return cls(**{**known, "refused": [Refused(**each) for each in known.get("refused", [])]})


@dataclass
class RefreshReport:
    """One refresh. ``nothing_new``: no file has changed, and the snapshot in force stays as it was.

    ``forgotten``: identities removed from the vault because their people stand in no feed any more.
    """

    feeds: list[FeedReport]
    snapshot: str | None
    people: int
    seconds: float
    nothing_new: bool = False
    files_read: int = 0
    rows_read: int = 0
    forgotten: int = 0
    as_of: str = ""
    linkage: dict[str, Any] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def feed(self, name: str) -> FeedReport:
        """The report of one feed."""
        return next(feed for feed in self.feeds if feed.name == name)

    @property
    def problems(self) -> list[str]:
        """What a person should look at: refused and missing files, warnings."""
        found = list(self.warnings)
        for feed in self.feeds:
            for refused in feed.refused:
                kept = (
                    "The previous version stays in force"
                    if refused.previous_in_force
                    else "Nothing of it is used"
                )
                found.append(f"{refused.file} {refused.message} {kept}. {refused.remedy}".strip())
            found += [
                f"{file}: not there any more; the previous version stays in force (if its sender has withdrawn"
                f" it: goldenthread feeds forget {file})"
                for file in feed.missing
            ]
            found += feed.warnings
        return found + [f"{path}: no contract describes this file; it was not read" for path in self.strays]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self) | {"problems": self.problems}


def top(counts: Counter[str], most: int = 50) -> dict[str, int]:
    """The largest counts, in a fixed order."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most])
