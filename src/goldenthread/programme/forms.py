"""Frozen dataclasses to plain JSON and back, with the field named where something does not fit."""

from __future__ import annotations

import difflib
import hashlib
import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from goldenthread.programme.errors import ProgrammeError

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """A dataclass, and everything in it, as values that JSON has.

    >>> to_json((date(2026, 3, 1), {"b": 1.0}))
    ['2026-03-01', {'b': 1.0}]
    """
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value) if f.init}
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(v) for v in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if hasattr(value, "item"):
        return value.item()
    return value


def canonical(value: Any) -> str:
    """JSON with one spelling: keys in order, no spaces, so that equal content has an equal hash.

    >>> canonical({"b": 1, "a": [True]})
    '{"a":[true],"b":1}'
    """
    return json.dumps(
        to_json(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def fingerprint(value: Any) -> str:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def read(what: type[T], data: Any, where: str = "") -> T:
    """Make a dataclass from plain values; ``ProgrammeError`` naming the field that is unknown, missing or of the wrong kind."""
    if not isinstance(data, Mapping):
        raise ProgrammeError(f"{where or what.__name__}: a table of fields is needed, not {data!r:.60}.")
    hints, known = _hints(what), {f.name: f for f in fields(what) if f.init}  # type: ignore[arg-type]
    for key in data:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise ProgrammeError(
                f"{_at(where, str(key))}: there is no such field.", f"{hint}It may have: {', '.join(known)}."
            )
    given: dict[str, Any] = {}
    for name, one in known.items():
        if name in data:
            given[name] = _value(hints[name], data[name], _at(where, name))
        elif one.default is MISSING and one.default_factory is MISSING:
            raise ProgrammeError(f"{_at(where, name)} is missing.", f"Give {name}.")
    return what(**given)


def _at(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


@cache
def _hints(what: type) -> dict[str, Any]:
    return get_type_hints(what)


def _value(kind: Any, value: Any, where: str) -> Any:
    origin, parts = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if origin in (Union, types.UnionType):
        if value is None:
            if type(None) in parts:
                return None
            raise ProgrammeError(f"{where} is empty.", "Give a value.")
        rest = [p for p in parts if p is not type(None)]
        return _value(rest[0], value, where) if len(rest) == 1 else value
    if origin is Literal:
        if value not in parts:
            raise ProgrammeError(f"{where} is {value!r}.", f"It may be: {', '.join(map(str, parts))}.")
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ProgrammeError(f"{where} is {value!r:.60}, not a list.", "Give a list.")
        if len(parts) == 2 and parts[1] is Ellipsis:
            return tuple(_value(parts[0], v, f"{where}[{n + 1}]") for n, v in enumerate(value))
        return tuple(_value(p, v, where) for p, v in zip(parts, value, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        return {str(k): _value(parts[1] if parts else Any, v, f"{where}.{k}") for k, v in value.items()}
    if is_dataclass(kind):
        return read(kind, value, where)  # type: ignore[arg-type]
    return _plain(kind, value, where)


def _plain(kind: Any, value: Any, where: str) -> Any:
    try:
        if kind is datetime:
            return value if isinstance(value, datetime) else datetime.fromisoformat(value)
        if kind is date:
            return value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ProgrammeError(f"{where} = {value!r} is not a date.", "Write 2026-03-31.") from None
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, type) and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        words = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}.get(
            kind, kind.__name__
        )
        raise ProgrammeError(f"{where} = {value!r:.60} is not {words}.", f"Give {words}.")
    return value
