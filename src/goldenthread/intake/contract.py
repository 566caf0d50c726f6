"""A feed contract: what a file holds, how it may vary, and where its columns go. Read from TOML and checked."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from goldenthread import model
from goldenthread.intake.errors import ContractError

TYPES = ("text", "code", "integer", "number", "date", "time", "flag", "snomed", "nhs_number", "postcode")
FORMATS = ("csv", "parquet")
ENCODINGS = ("utf-8", "windows-1252")
PERSONS = ("none", "registered", "local", "identity", "submission")
PRECISIONS = ("day", "month", "year")
IDENTITY_ROLES = (
    "nhs_number",
    "nhs_status",
    "withheld",
    "local_id",
    "family_name",
    "given_name",
    "birth_date",
    "sex",
    "address_line_1",
    "address_line_2",
    "postcode",
    "uprn",
    "telephone",
    "email",
    "sensitive",
)


@dataclass(frozen=True)
class ColumnRule:
    """One column of a file.

    ``to`` names the staged column it becomes; ``hash`` stages a keyed hash of it in that domain instead of
    the value; ``identity`` gives its role in saying who the row is about (such columns go to the vault and
    nowhere else). ``take`` is a regular expression: the part of the text that it finds is the value. ``otherwise`` is what a value that cannot be accepted becomes ("" = empty): without it the
    row goes to quarantine.
    """

    name: str
    type: str
    required: bool = False
    to: str = ""
    hash: str = ""
    identity: str = ""
    values: str = ""
    allowed: tuple[str, ...] = ()
    spellings: Mapping[str, str] = field(default_factory=dict)
    pattern: str = ""
    take: str = ""
    case: str = ""
    formats: tuple[str, ...] = ("%Y-%m-%d",)
    precision: tuple[str, ...] = ("day",)
    minimum: float | None = None
    maximum: float | None = None
    max_length: int = 255
    future: bool = False
    not_before: str = ""
    otherwise: str | None = None
    first_character: bool = False
    before_birth: bool = False
    optional: bool = False
    meaning: str = ""

    @property
    def accepted_codes(self) -> tuple[str, ...]:
        """Codes the column may hold after spelling variants are mapped; empty where any may stand."""
        if self.values:
            return tuple(model.value_set(self.values).codes)
        return self.allowed


@dataclass(frozen=True)
class UnitRule:
    """Converts values of one code from one unit to another: ``(value + add) * multiply``, rounded."""

    code: int
    unit: str
    to: str
    add: float = 0.0
    multiply: float = 1.0
    decimals: int = 6


@dataclass(frozen=True)
class Bounds:
    """Values of one code and unit outside these bounds cannot be true of a living person."""

    code: int
    unit: str
    minimum: float
    maximum: float


@dataclass(frozen=True)
class OptOut:
    """A code that records an opt-out decision, and which decision."""

    code: int
    status: str


@dataclass(frozen=True)
class Supersede:
    """How later rows replace earlier ones with the same key: by these dates, then by place in the file."""

    key: tuple[str, ...]
    latest_by: tuple[str, ...] = ()
    delete_column: str = ""
    delete_value: str = ""


@dataclass(frozen=True)
class Contract:
    """One kind of file: where it lies, how it is written, what its columns hold and where they go."""

    name: str
    title: str
    source: str
    files: str
    columns: Mapping[str, ColumnRule]
    table: str = ""
    format: str = "csv"
    encoding: str = "utf-8"
    delimiter: str = ","
    person: str = "none"
    extract_date: str = ""
    data_date: str = ""
    supersede: Supersede | None = None
    units: tuple[UnitRule, ...] = ()
    bounds: tuple[Bounds, ...] = ()
    opt_outs: tuple[OptOut, ...] = ()
    sort: tuple[str, ...] = ()
    path: str = ""

    @cached_property
    def digest(self) -> str:
        """Changes whenever the contract, or a value set that it names, changes what is accepted."""
        sets = {c.values: list(c.accepted_codes) for c in self.columns.values() if c.values}
        plain = json.dumps([repr(self.__dict__ | {"path": ""}), sets], sort_keys=True)
        return hashlib.blake2b(plain.encode(), digest_size=12).hexdigest()

    def identity(self, role: str) -> ColumnRule | None:
        """The column that plays an identity role, if any."""
        return next((c for c in self.columns.values() if c.identity == role), None)

    @property
    def staged(self) -> dict[str, ColumnRule]:
        """Staged column name -> the rule it comes from."""
        return {c.to: c for c in self.columns.values() if c.to}


class _Located:
    """Finds the line that a key of a TOML text stands on, so that errors can point at it."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.lines = text.splitlines()

    def error(self, message: str, remedy: str = "", section: str = "", key: str = "") -> ContractError:
        return ContractError(f"{self.path}, line {self.line(section, key)}: {message}", remedy)

    def line(self, section: str, key: str) -> int:
        inside, start = section == "", 1
        for number, line in enumerate(self.lines, 1):
            if heading := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
                inside = heading[1].replace('"', "") == section
                start = number if inside else start
                if inside and not key:
                    return number
            elif inside and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line) and key:
                return number
        return start


_COLUMN_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "minimum": (int, float),
    "maximum": (int, float),
    "required": bool,
    "future": bool,
    "first_character": bool,
    "before_birth": bool,
    "optional": bool,
    "max_length": int,
    "spellings": dict,
    "allowed": list,
    "formats": list,
    "precision": list,
}


def _column(where: _Located, name: str, raw: object) -> ColumnRule:
    def wrong(message: str, remedy: str = "") -> ContractError:
        return where.error(f"column {name}: {message}", remedy, "columns", name)

    if not isinstance(raw, dict):
        raise wrong("must be a table.", 'Write it as NAME = { type = "text" }.')
    known = {f.name for f in fields(ColumnRule)} - {"name"}
    if unknown := sorted(set(raw) - known):
        raise wrong(f"unknown key {unknown[0]!r}.", f"Use one of {', '.join(sorted(known))}.")
    for key, value in raw.items():
        expected = _COLUMN_TYPES.get(key, str)
        if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
            raise wrong(f"{key} has the wrong kind of value: {value!r}.")
    if raw.get("type") not in TYPES:
        raise wrong(f"unknown type {raw.get('type')!r}.", f"Use one of {', '.join(TYPES)}.")
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
    rule = ColumnRule(name=name, **given)
    if rule.values and rule.values not in model.value_sets():
        raise wrong(f"there is no value set {rule.values!r}.", "See model/value_sets.toml.")
    if rule.identity and rule.identity not in IDENTITY_ROLES:
        raise wrong(f"unknown identity role {rule.identity!r}.", f"Use one of {', '.join(IDENTITY_ROLES)}.")
    if rule.identity and rule.identity != "sex" and rule.to and not rule.hash and rule.type != "date":
        raise wrong("an identity column may not be staged in clear.", "Remove `to`, or add `hash`.")
    if bad := set(rule.precision) - set(PRECISIONS):
        raise wrong(f"unknown date precision {sorted(bad)[0]!r}.", f"Use {', '.join(PRECISIONS)}.")
    if rule.case not in ("", "upper", "lower"):
        raise wrong(f"unknown case {rule.case!r}.", 'Use "upper" or "lower".')
    for expression in (rule.pattern if rule.pattern not in model.FORMATS else "", rule.take):
        try:
            re.compile(expression)
        except re.error as error:
            raise wrong(f"{expression!r} is not a regular expression: {error}.") from None
    codes = rule.accepted_codes
    if codes and (strays := sorted(set(rule.spellings.values()) - set(codes) - {""})):
        raise wrong(f"a spelling maps to {strays[0]!r}, which is not an accepted code.")
    if codes and rule.otherwise and rule.otherwise not in codes:
        raise wrong(f"otherwise = {rule.otherwise!r} is not an accepted code.")
    return rule


def _parts(where: _Located, kind: type, section: str, raw: object) -> tuple[Any, ...]:
    known = {f.name for f in fields(kind)}
    made = []
    for item in raw if isinstance(raw, list) else [raw]:
        if not isinstance(item, dict) or (unknown := sorted(set(item) - known)):
            detail = f"unknown key {unknown[0]!r}" if isinstance(item, dict) else "must be a table"
            raise where.error(f"[{section}]: {detail}.", f"Use {', '.join(sorted(known))}.", section)
        try:
            made.append(kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in item.items()}))
        except TypeError as error:
            raise where.error(f"[{section}]: {str(error).split(') ')[-1]}.", "Add it.", section) from None
    return tuple(made)


def parse_contract(text: str, path: str) -> Contract:
    """The contract written in ``text``; ``path`` is named in errors.

    >>> parse_contract('name = "x"', "x.toml")
    Traceback (most recent call last):
    ...
    goldenthread.intake.errors.ContractError: x.toml, line 1: 'title' is missing. Add it.
    """
    where = _Located(path, text)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ContractError(f"{path} is not valid TOML: {error}.", "Correct the line named.") from None
    known = {f.name for f in fields(Contract)} - {"path"}
    for key in raw:
        if key not in known:
            raise where.error(f"unknown key {key!r}.", f"Use one of {', '.join(sorted(known))}.", "", key)
    for key in ("name", "title", "source", "files", "columns"):
        if key not in raw:
            raise where.error(f"{key!r} is missing.", "Add it.")
    for key, choices in (("format", FORMATS), ("encoding", ENCODINGS), ("person", PERSONS)):
        if key in raw and raw[key] not in choices:
            raise where.error(f"unknown {key} {raw[key]!r}.", f"Use one of {', '.join(choices)}.", "", key)
    if not isinstance(raw["columns"], dict) or not raw["columns"]:
        raise where.error("the contract has no columns.", "List them under [columns].", "columns")
    if len(raw.get("delimiter", ",")) != 1:
        raise where.error("the delimiter must be one character.", "", "", "delimiter")
    columns = {name: _column(where, name, spec) for name, spec in raw["columns"].items()}
    supersede = _parts(where, Supersede, "supersede", raw["supersede"]) if "supersede" in raw else (None,)
    contract = Contract(
        **{
            **raw,
            "columns": columns,
            "supersede": supersede[0],
            "units": _parts(where, UnitRule, "units", raw.get("units", [])),
            "bounds": _parts(where, Bounds, "bounds", raw.get("bounds", [])),
            "opt_outs": _parts(where, OptOut, "opt_outs", raw.get("opt_outs", [])),
            "sort": tuple(raw.get("sort", ())),
            "path": path,
        }
    )
    _cross_check(where, contract)
    return contract


def _cross_check(where: _Located, contract: Contract) -> None:
    columns, staged = contract.columns, contract.staged
    for key in ("extract_date", "data_date"):
        name = getattr(contract, key)
        if name and (name not in columns or columns[name].type != "date"):
            raise where.error(f"{key} names {name!r}, which is not a date column.", "", "", key)
    for column in columns.values():
        if column.not_before and column.not_before not in columns:
            raise where.error(
                f"not_before names no column: {column.not_before!r}.", "", "columns", column.name
            )
    targets = [c.to for c in columns.values() if c.to]
    if twice := sorted({t for t in targets if targets.count(t) > 1}):
        raise where.error(f"two columns are both staged as {twice[0]!r}.", "Rename one.", "columns")
    if contract.supersede:
        for name in (*contract.supersede.key, *contract.supersede.latest_by):
            if name not in staged:
                raise where.error(f"[supersede] names {name!r}, which is not staged.", "", "supersede")
    if contract.table and contract.table not in model.tables():
        raise where.error(f"there is no table {contract.table!r}.", "See docs/data-model.", "", "table")
    roles = {c.identity for c in columns.values() if c.identity}
    needed = {"registered": {"local_id", "nhs_number"}, "local": {"local_id"}, "identity": {"nhs_number"}}
    if missing := sorted(needed.get(contract.person, set()) - roles):
        raise where.error(f"person = {contract.person!r} needs a column for {missing[0]}.", "", "", "person")


def load_contracts(folder: Path | None = None) -> dict[str, Contract]:
    """Every contract by feed name: those that come with the software, or those of ``folder``.

    >>> sorted(load_contracts())[:3]
    ['apc', 'cld', 'council']
    """
    root = resources.files("goldenthread.intake").joinpath("contracts") if folder is None else folder
    found: dict[str, Contract] = {}
    for entry in sorted(root.iterdir(), key=lambda e: e.name):
        if not entry.name.endswith(".toml"):
            continue
        try:
            text = entry.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ContractError(f"{entry.name} cannot be read: {error}.", "Save it as UTF-8.") from None
        contract = parse_contract(text, entry.name)
        if contract.name in found:
            raise ContractError(f"{entry.name}: feed {contract.name!r} has two contracts.", "Remove one.")
        found[contract.name] = contract
    return found
