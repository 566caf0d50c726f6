"""TOML files to definitions, each checked, with the line of every mistake."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from goldenthread.definitions.errors import DefinitionError
from goldenthread.definitions.expressions import ExpressionError, parse
from goldenthread.definitions.kinds import (
    TAKES,
    CodingCheck,
    Cohort,
    Condition,
    Definition,
    Indicator,
    InitiativeTemplate,
    Measure,
    Score,
    Segment,
    Segmentation,
    Span,
)
from goldenthread.definitions.units import MEASUREMENT_UNITS

FOLDERS: Mapping[str, type[Definition]] = {
    "measures": Measure,
    "conditions": Condition,
    "scores": Score,
    "segments": Segmentation,
    "cohorts": Cohort,
    "indicators": Indicator,
    "coding_checks": CodingCheck,
    "initiatives": InitiativeTemplate,
}
"""Folder of definition files -> what they define."""

_KEYS: Mapping[type[Definition], frozenset[str]] = {
    what: frozenset(f.name for f in fields(what) if f.init) - {"name", "file", "line", "raw"}
    for what in FOLDERS.values()
}
_RENAMED = {"from": "table", "segment": "segments"}
_NAME = re.compile(r"[a-z][a-z0-9_]{1,62}")
_HEAD = re.compile(r"\s*\[\s*\"?([^\]\"]+?)\"?\s*\]")
_VALUES = ("latest value", "first value", "min", "max", "mean")
_SPANS = ("within", "until")
_EXPRESSIONS = ("expression", "numerator", "denominator", "among")


def read_file(path: Path, what: type[Definition]) -> list[Definition]:
    """The definitions in one file, in order. Raises ``DefinitionError`` at the first mistake."""
    try:
        text = path.read_text("utf-8")
        raw = tomllib.loads(text)
    except UnicodeDecodeError:
        raise DefinitionError("The file is not UTF-8 text.", file=path, remedy="Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else None
        raise DefinitionError(f"This is not valid TOML: {error}.", file=path, line=line) from None
    lines = text.splitlines()
    begins: dict[str, int] = {}
    for number, written in enumerate(lines, 1):
        if "[" in written and (head := _HEAD.match(written)):
            begins.setdefault(head[1], number)
    return [
        _Reader(path, lines, begins.get(name, 1), name, entry, what).read() for name, entry in raw.items()
    ]


class _Reader:
    def __init__(
        self, path: Path, lines: list[str], line: int, name: str, entry: Any, what: type[Definition]
    ) -> None:
        self.path, self.lines, self.line = path, lines, line
        self.name, self.entry, self.what = name, entry, what

    def _line_of(self, pattern: str, start: int = 0) -> int:
        for number, line in enumerate(self.lines[start:], start + 1):
            if re.match(pattern, line):
                return number
        return start or 1

    def error(self, problem: str, key: str = "", remedy: str = "") -> DefinitionError:
        line = self._line_of(rf"\s*\"?{re.escape(key)}\"?\s*=", self.line) if key else self.line
        return DefinitionError(f"[{self.name}] {problem}", file=self.path, line=line, remedy=remedy)

    def read(self) -> Definition:
        if not isinstance(self.entry, dict):
            raise DefinitionError(
                f"{self.name!r} stands outside any definition.",
                file=self.path,
                line=1,
                remedy="Begin with [name].",
            )
        if not _NAME.fullmatch(self.name):
            raise self.error(
                "is not a usable name.", remedy="Use small letters, digits and underscores, a letter first."
            )
        values = self._known_keys()
        for key in ("rule", "source"):
            if not str(values.get(key, "")).strip():
                raise self.error(
                    f"has no {key}.", remedy="Every definition says its rule in plain words, and its source."
                )
        for key in _SPANS:
            if key in values:
                values[key] = self._span(key, values[key])
        for key in ("codes", "resolved", "concerns"):
            if key in values:
                values[key] = (values[key],) if isinstance(values[key], str) else tuple(values[key])
        for key in _EXPRESSIONS:
            if key in values:
                self._parses(key, values[key])
        definition = self._build(values)
        self._check(definition)
        return definition

    def _known_keys(self) -> dict[str, Any]:
        allowed = _KEYS[self.what]
        values: dict[str, Any] = {}
        for key, value in self.entry.items():
            name = _RENAMED.get(key, key)
            if name not in allowed:
                spoken = sorted(
                    {k for k in allowed if k not in _RENAMED.values()}
                    | {k for k, v in _RENAMED.items() if v in allowed}
                )
                near = difflib.get_close_matches(key, spoken, n=1)
                hint = f"Did you mean {near[0]!r}? " if near else ""
                raise self.error(
                    f"has an unknown key {key!r}.", key, f"{hint}It may have: {', '.join(spoken)}."
                )
            values[name] = value
        return values

    def _span(self, key: str, text: Any) -> Span:
        try:
            return Span.read(text)
        except (ValueError, AttributeError):
            raise self.error(
                f"{key} = {text!r} is not a span of time.",
                key,
                'Write whole days, months or years: "90 days", "24 months".',
            ) from None

    def _parses(self, key: str, text: Any) -> None:
        try:
            parse(str(text))
        except ExpressionError as error:
            raise self.error(f"{key}: {error.message}", key, error.remedy) from None

    def _build(self, values: dict[str, Any]) -> Definition:
        if self.what is Segmentation:
            segments = []
            for one in values.get("segments", ()):
                if (
                    not isinstance(one, dict)
                    or not {"name", "rule", "expression"} >= set(one)
                    or len(one) != 3
                ):
                    raise self.error(
                        "A segment has a name, a rule and an expression, and nothing else.", "segment"
                    )
                self._parses("expression", one["expression"])
                segments.append(Segment(**one))
            values["segments"] = tuple(segments)
        for key in ("valid", "values"):
            if key in values:
                values[key] = tuple(values[key])
        if self.what is InitiativeTemplate:
            self._parses("cohort", values.get("cohort", ""))
            values = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        values["version"] = str(values.get("version", "1"))
        try:
            return self.what(name=self.name, file=str(self.path), line=self.line, raw=self.entry, **values)
        except TypeError as error:
            raise self.error(f"cannot be read: {error}.") from None

    def _check(self, definition: Definition) -> None:
        match definition:
            case Measure():
                self._check_measure(definition)
            case Condition(codes=(), expression=""):
                raise self.error("has neither codes nor an expression, so nobody could have it.")
            case Segmentation():
                names = [s.name for s in definition.segments]
                if not names or len(set(names)) != len(names) or not definition.otherwise:
                    raise self.error(
                        "needs segments with different names, and `otherwise` for everybody else."
                    )
            case Score(method=""):
                raise self.error("has no method.")
            case (
                InitiativeTemplate(outcomes=())
                | InitiativeTemplate(title="")
                | InitiativeTemplate(question="")
            ):
                raise self.error("needs a title, a question and outcomes.")
            case Cohort(expression="") | Indicator(numerator="") | Indicator(denominator=""):
                raise self.error("has no expression.")
            case CodingCheck(expression="") | CodingCheck(title="") | CodingCheck(action=""):
                raise self.error("needs a title, an expression and an action.")
            case CodingCheck(family=family) if family not in ("missing", "wrong", "incomplete"):
                raise self.error(
                    f"family = {family!r} is not known.", "family", "It may be missing, wrong or incomplete."
                )

    def _check_measure(self, measure: Measure) -> None:
        if bool(measure.table) == bool(measure.expression):
            raise self.error("needs either `from` (a table) or `expression`, and not both.")
        if measure.expression:
            return
        if measure.take not in TAKES:
            near = difflib.get_close_matches(measure.take, TAKES, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise self.error(
                f"take = {measure.take!r} is not known.", "take", f"{hint}It may be: {', '.join(TAKES)}."
            )
        if measure.since not in ("", "financial year"):
            raise self.error(
                f"since = {measure.since!r} is not known.", "since", 'It may be "financial year".'
            )
        if measure.valid is not None and (len(measure.valid) != 2 or measure.valid[0] > measure.valid[1]):
            raise self.error("valid needs a least and a greatest value.", "valid")
        measured = measure.take in _VALUES and bool(measure.codes) and measure.of in ("", "value")
        if measured and measure.unit and measure.unit not in MEASUREMENT_UNITS:
            near = difflib.get_close_matches(
                measure.unit.lower(), {u.lower(): u for u in MEASUREMENT_UNITS}, n=1, cutoff=0.5
            )
            meant = next((u for u in MEASUREMENT_UNITS if near and u.lower() == near[0]), "")
            hint = f"Did you mean {meant!r}? " if meant else ""
            raise self.error(
                f"unit = {measure.unit!r} is not a unit that measurements come in.",
                "unit",
                f"{hint}It may be: {', '.join(sorted(MEASUREMENT_UNITS))}.",
            )
        if measure.take == "sum" and not measure.of:
            raise self.error("take = 'sum' needs `of`, the column to add up.", "take")
