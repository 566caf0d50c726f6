"""What people have decided about doubtful links: the same person or not. Every refresh obeys it (decision 0059)."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from goldenthread.intake.linkage.errors import LinkageError

DECISIONS_FILE = Path("linkage") / "decisions.csv"
NEEDED = ("record", "pseudonym", "same_person")
ALLOWED = (*NEEDED, "decided_by", "decided_on", "note")
_ANSWERS = {"yes": True, "y": True, "no": False, "n": False}


@dataclass(frozen=True)
class Decisions:
    """``same``: the person that a record belongs to, by record. ``different``: records and people that are two.

    Records and pseudonyms are the 16-byte hashes that the review list shows in hexadecimal.
    """

    same: Mapping[bytes, bytes] = field(default_factory=dict)
    different: frozenset[tuple[bytes, bytes]] = frozenset()
    digest: str = ""

    def __len__(self) -> int:
        return len(self.same) + len(self.different)

    def settles(self, record: bytes, pseudonym: bytes) -> bool:
        """Whether nothing is left to decide about this record and this person."""
        return record in self.same or (record, pseudonym) in self.different


def read_decisions(home: Path) -> Decisions:
    """The decisions in ``linkage/decisions.csv`` of a deployment's folder; none where there is no such file.

    Columns: ``record`` and ``pseudonym`` as the review list gives them, ``same_person`` (yes or no; empty: not
    decided), and if wanted ``decided_by``, ``decided_on`` and ``note``. Raises ``LinkageError`` with the line where
    something cannot be read or two lines contradict each other. Names have no place in it: other columns are refused.
    """
    path = home / DECISIONS_FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Decisions()
    except OSError as error:
        raise LinkageError(f"{path} cannot be read: {error.strerror}.", "Check who may read it.") from None
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise LinkageError(f"{path} is not a CSV file in UTF-8.", "Save it as CSV (UTF-8).") from None
    header = [name.strip().casefold() for name in lines[0]] if lines else []
    if missing := [name for name in NEEDED if name not in header]:
        raise LinkageError(f"{path} has no column {missing[0]!r}.", f"Its columns: {', '.join(ALLOWED)}.")
    if other := [name for name in header if name not in ALLOWED]:
        raise LinkageError(
            f"{path} has the column {other[0]!r}, which it must not hold.",
            f"Keep only {', '.join(ALLOWED)}: the review list's names and addresses must not be copied.",
        )
    decided: dict[tuple[bytes, bytes], tuple[bool, int]] = {}
    for number, row in enumerate(lines[1:], 2):
        if any(cell.strip() for cell in row):
            _read_line(path, number, dict(zip(header, row, strict=False)), decided)
    same: dict[bytes, bytes] = {}
    for (record, pseudonym), (yes, number) in decided.items():
        if yes and same.setdefault(record, pseudonym) != pseudonym:
            raise LinkageError(
                f"{path}, line {number}: the record was given to another person further up.",
                "A record belongs to one person: correct one of the two lines.",
            )
    different = frozenset(pair for pair, (yes, _) in decided.items() if not yes)
    return Decisions(same, different, hashlib.blake2b(content, digest_size=16).hexdigest())


def _read_line(
    path: Path, number: int, row: Mapping[str, str], decided: dict[tuple[bytes, bytes], tuple[bool, int]]
) -> None:
    where = f"{path}, line {number}"
    answer = row.get("same_person", "").strip().casefold()
    if not answer:
        return
    if answer not in _ANSWERS:
        raise LinkageError(f"{where}: same_person is neither yes nor no.", "Write yes, no, or nothing.")
    # One line may decide about several records: those that gave the same identity.
    records = [_hash(where, "record", text) for text in row.get("record", "").split()]
    pseudonym = _hash(where, "pseudonym", row.get("pseudonym", "").strip())
    if not records:
        raise LinkageError(f"{where}: there is no record.", "Copy it from the review list.")
    for record in records:
        if decided.setdefault((record, pseudonym), (_ANSWERS[answer], number))[0] != _ANSWERS[answer]:
            raise LinkageError(
                f"{where}: the same pair was decided otherwise further up.", "Correct one of the two lines."
            )


def _hash(where: str, name: str, text: str) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != 16:
        raise LinkageError(
            f"{where}: {name} is not 32 hexadecimal digits.", "Copy it as it stands in the review list."
        )
    return value


def leave_out_decided(review: Path, decisions: Decisions) -> int:
    """Take out of the review list what has been decided; returns how many lines are left."""
    if not review.exists():
        return 0
    with review.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.reader(stream))
    header, rows = (lines[0], lines[1:]) if lines else ([], [])
    if not {"record", "pseudonym"} <= set(header):
        return len(rows)
    at, who = header.index("record"), header.index("pseudonym")
    left = [
        row
        for row in rows
        if not all(
            decisions.settles(bytes.fromhex(text), bytes.fromhex(row[who])) for text in row[at].split()
        )
    ]
    if len(left) < len(rows):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([header, *left])
        draft = review.with_name(f".{review.name}.{os.getpid()}.part")
        try:
            with os.fdopen(
                os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
            ) as out:
                out.write(text.getvalue())
            draft.replace(review)
        finally:
            draft.unlink(missing_ok=True)
    return len(left)
