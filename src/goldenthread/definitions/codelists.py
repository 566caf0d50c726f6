"""Codelists: OpenCodelists CSV and NHS England refset files, pinned by hash, compared between versions."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from goldenthread.definitions.errors import DefinitionError

# The column that holds the code, in the order in which it is looked for. A file with two of them is refused.
CODE_COLUMNS = (
    "code",
    "snomedcode",
    "snomed_id",
    "conceptid",
    "snomed_code",
    "dmd_id",
    "dmd",
    "icd10_code",
    "icd",
    "icd10",
    "icd_code",
    "id",
)
TERM_COLUMNS = (
    "term",
    "description",
    "name",
    "preferredterm",
    "concept_description",
    "code_description",
    "nm",
    "desc",
    "refset_simple_name",
)


@dataclass(frozen=True)
class Codelist:
    """Codes with their terms and, where the file has them, groups and weights.

    ``system`` is snomed (SNOMED CT and dm+d: whole numbers) or icd10 (a code stands for everything below it).
    """

    name: str
    codes: Mapping[str, str]
    system: str
    groups: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    file: str = ""
    column: str = ""

    @property
    def hash(self) -> str:
        """Fingerprint of what the list means: codes, groups and weights, whatever their order or terms."""
        content = "\n".join(
            f"{c}|{self.groups.get(c, '')}|{self.weights.get(c, '')}" for c in sorted(self.codes)
        )
        return hashlib.sha256(content.encode()).hexdigest()


def read_codelist(path: Path) -> Codelist:
    """Read one file.

    Says which column it read, and refuses to guess between two. Raises ``DefinitionError`` for an empty
    list, a code that is repeated with another meaning, or a code that is not one.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise DefinitionError("The file is not UTF-8 text.", file=path, remedy="Save it as UTF-8.") from None
    delimiter = "\t" if "\t" in text.split("\n", 1)[0] else ","
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    header = [h.strip().lower() for h in next(reader, [])]
    code_at = _code_column(path, header)
    term_at = next((header.index(h) for h in TERM_COLUMNS if h in header), None)
    group_at = header.index("group") if "group" in header else None
    weight_at = header.index("weight") if "weight" in header else None
    codes: dict[str, str] = {}
    groups: dict[str, str] = {}
    weights: dict[str, float] = {}
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        line = reader.line_num
        if len(row) <= code_at or not row[code_at].strip():
            raise DefinitionError("This row has no code.", file=path, line=line)
        code = (
            row[code_at].strip().replace(".", "")
            if not row[code_at].strip().isdigit()
            else row[code_at].strip()
        )
        if code in codes:
            raise DefinitionError(
                f"Code {code} stands twice.", file=path, line=line, remedy="Remove one of the two rows."
            )
        _check_code(path, line, code)
        codes[code] = row[term_at].strip() if term_at is not None and len(row) > term_at else ""
        if group_at is not None and len(row) > group_at and row[group_at].strip():
            groups[code] = row[group_at].strip()
        if weight_at is not None and len(row) > weight_at and row[weight_at].strip():
            weights[code] = _weight(path, line, row[weight_at])
    if not codes:
        raise DefinitionError(
            "The codelist is empty, so it could never find anybody.",
            file=path,
            remedy="Load it again from its source.",
        )
    kinds = {c.isdigit() for c in codes}
    if len(kinds) > 1:
        raise DefinitionError(
            "The list mixes SNOMED CT or dm+d codes with ICD-10 codes.",
            file=path,
            remedy="Keep one kind of code in a file.",
        )
    system = "snomed" if kinds.pop() else "icd10"
    return Codelist(path.stem, codes, system, groups, weights, str(path), header[code_at])


def _code_column(path: Path, header: list[str]) -> int:
    found = [h for h in CODE_COLUMNS if h in header]
    if len(found) > 1:
        raise DefinitionError(
            f"Two columns could hold the code: {found[0]!r} and {found[1]!r}.",
            file=path,
            line=1,
            remedy="Keep one, or name the other differently.",
        )
    if not found:
        raise DefinitionError(
            f"No column holds codes; the header is {header}.",
            file=path,
            line=1,
            remedy="Call the column with the codes `code`.",
        )
    return header.index(found[0])


def _weight(path: Path, line: int, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DefinitionError(f"The weight {text!r} is not a number.", file=path, line=line) from None


def _check_code(path: Path, line: int, code: str) -> None:
    if code.isdigit():
        if not 6 <= len(code) <= 18 or not verhoeff(code):
            raise DefinitionError(
                f"{code} is not a SNOMED CT or dm+d code: its check digit is wrong.",
                file=path,
                line=line,
                remedy="A spreadsheet may have rounded it. Load the list again from its source, as text.",
            )
    elif not (code[0].isalpha() and code[0].isupper() and code[1:3].isalnum() and 3 <= len(code) <= 6):
        raise DefinitionError(f"{code!r} is neither a SNOMED CT nor an ICD-10 code.", file=path, line=line)


_PERMUTED = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def verhoeff(code: str) -> bool:
    """Whether the last digit is the Verhoeff check digit of the rest (SNOMED CT Release File Specification).

    >>> verhoeff("22298006"), verhoeff("22298007")
    (True, False)
    """
    total = 0
    for position, digit in enumerate(map(int, reversed(code))):
        for _ in range(position % 8):
            digit = _PERMUTED[digit]
        total = _dihedral(total, digit)
    return total == 0


def _dihedral(a: int, b: int) -> int:
    """Product in the dihedral group of order ten."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b - 5) % 5
    return 5 + (a - b) % 5 if b < 5 else (a - b) % 5


@dataclass(frozen=True)
class CodelistChange:
    """How a list differs from an earlier version of it."""

    name: str
    added: Mapping[str, str]
    removed: Mapping[str, str]


def compare(old: Codelist, new: Codelist) -> CodelistChange:
    """Codes that came and codes that went."""
    return CodelistChange(
        new.name,
        {c: t for c, t in new.codes.items() if c not in old.codes},
        {c: t for c, t in old.codes.items() if c not in new.codes},
    )
