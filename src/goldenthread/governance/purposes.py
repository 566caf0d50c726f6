"""Purposes as data: the lawful basis of each, the opt-outs that apply, and the disclosure policy of its counts."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

from goldenthread.disclosure import named_policy
from goldenthread.errors import did_you_mean
from goldenthread.governance.errors import GovernanceError

TIERS = ("identifiable", "pseudonymised", "anonymous")


@dataclass(frozen=True)
class Purpose:
    """Why somebody asks. Fields are explained in ``purposes.toml``.

    >>> named_purpose("planning").type_1, named_purpose("direct_care").type_1
    (True, False)
    """

    name: str
    title: str
    meaning: str
    article_6: str
    article_9: str
    common_law: str
    tier: Literal["identifiable", "pseudonymised", "anonymous"]
    type_1: bool
    national_opt_out: bool
    disclosure: str

    @property
    def lawful_basis(self) -> str:
        """The lawful basis in one line.

        >>> named_purpose("research").lawful_basis
        'UK GDPR Article 6(1)(e) public task; Article 9(2)(j) research'
        """
        return f"UK GDPR Article {self.article_6}; Article {self.article_9}"


@cache
def _shipped() -> Mapping[str, Purpose]:
    text = files("goldenthread.governance").joinpath("purposes.toml").read_text(encoding="utf-8")
    return MappingProxyType(purposes_from_toml(text))


def purposes_from_toml(text: str) -> dict[str, Purpose]:
    """Read purposes from TOML laid out as ``purposes.toml``. Every field is required: nothing about a purpose is assumed.

    Raises ``GovernanceError`` naming the purpose and the field that is missing, unknown or of the wrong kind.
    """
    wanted = {f.name for f in fields(Purpose)} - {"name"}
    found: dict[str, Purpose] = {}
    for name, raw in tomllib.loads(text).items():
        if set(raw) != wanted:
            wrong = sorted(set(raw) ^ wanted)[0]
            state = "lacks" if wrong in wanted else "has the unknown field"
            raise GovernanceError(
                f"The purpose {name!r} {state} {wrong!r}.",
                "Give exactly the fields explained in purposes.toml.",
            )
        for key, value in raw.items():
            if isinstance(value, bool) != (key in ("type_1", "national_opt_out")):
                raise GovernanceError(
                    f"The purpose {name!r} has {key} = {value!r}.",
                    "Write true or false for opt-outs, and text in quotes for the rest.",
                )
        if raw["tier"] not in TIERS:
            raise GovernanceError(
                f"The purpose {name!r} has the unknown tier {raw['tier']!r}.",
                f"Use one of {', '.join(TIERS)}.",
            )
        named_policy(raw["disclosure"])
        found[name] = Purpose(name=name, **raw)
    return found


def purpose_names() -> tuple[str, ...]:
    """Names of the purposes, in the order of the file."""
    return tuple(_shipped())


def named_purpose(name: str | Purpose) -> Purpose:
    """The purpose called ``name``.

    >>> named_purpose("planing")
    Traceback (most recent call last):
    ...
    goldenthread.governance.errors.GovernanceError: There is no purpose 'planing'. Did you mean 'planning'? \
Purposes: direct_care, planning, evaluation, research.
    """
    shipped = _shipped()
    if isinstance(name, Purpose):
        # a purpose with fewer safeguards must not go under the name of a shipped one
        if name.name in shipped and shipped[name.name] != name:
            raise GovernanceError(
                f"This purpose calls itself {name.name!r} but is not the one of that name.",
                "Give a purpose of your own another name.",
            )
        return name
    key = str(name).strip().lower().replace(" ", "_").replace("-", "_")
    if key in shipped:
        return shipped[key]
    remedy = did_you_mean(key, shipped, then=f"Purposes: {', '.join(shipped)}.")
    raise GovernanceError(f"There is no purpose {name!r}.", remedy)
