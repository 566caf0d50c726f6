"""Disclosure policies as data: what is hidden, what is rounded, and on whose authority."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from goldenthread.disclosure.errors import DisclosureError
from goldenthread.errors import did_you_mean


@dataclass(frozen=True)
class Policy:
    """One disclosure policy. Fields are explained in ``policies.toml``; ``source`` says who set the rule.

    >>> named_policy("hes").hidden_range
    (1, 7)
    >>> named_policy("icb").rule_text
    'fewer than 5'
    """

    name: str
    title: str
    threshold: int
    rounding: int
    zero: str
    margins: bool
    complement: bool
    one_decimal_from: int
    dominance_n: int
    dominance_k: float
    p_percent: float
    source: str

    def __post_init__(self) -> None:
        if self.threshold < 0 or self.rounding < 0 or self.zero not in ("shown", "hidden"):
            raise DisclosureError(
                f"Policy {self.name!r} is not usable: threshold {self.threshold}, rounding {self.rounding}, zero {self.zero!r}.",
                "Thresholds and rounding are 0 or more; zero is 'shown' or 'hidden'.",
            )
        if self.rounding > 1 and self.rounding % 2 == 0:
            raise DisclosureError(
                f"Policy {self.name!r} rounds to {self.rounding}, which leaves half-way cases.",
                "Round to an odd base such as 5.",
            )

    @property
    def zero_shown(self) -> bool:
        """Whether a true zero is shown as zero."""
        return self.zero == "shown"

    @property
    def protects(self) -> bool:
        """Whether this policy hides anything."""
        return self.threshold > 0

    @property
    def hidden_range(self) -> tuple[int, int]:
        """The range every small cell must keep in the eyes of a reader: (lowest, highest)."""
        return (1 if self.zero_shown else 0, self.threshold)

    @property
    def rule_text(self) -> str:
        """The threshold as people say it."""
        return f"fewer than {self.threshold + 1}"


@cache
def _shipped() -> Mapping[str, Policy]:
    text = files("goldenthread.disclosure").joinpath("policies.toml").read_text(encoding="utf-8")
    return MappingProxyType(policies_from_toml(text))


def policies_from_toml(text: str) -> dict[str, Policy]:
    """Read policies from TOML text laid out as ``policies.toml``; every field is required."""
    wanted = {f.name for f in fields(Policy)} - {"name"}
    policies: dict[str, Policy] = {}
    for name, table in tomllib.loads(text).items():
        if set(table) != wanted:
            wrong = ", ".join(sorted(set(table) ^ wanted))
            raise DisclosureError(
                f"Policy {name!r} has missing or unknown fields: {wrong}.",
                "Give exactly the fields explained at the top of policies.toml.",
            )
        policies[name] = Policy(name=name, **table)
    return policies


def policy_names() -> tuple[str, ...]:
    """Return the names of the policies that come with the software."""
    return tuple(_shipped())


def named_policy(name: str | Policy) -> Policy:
    """Return the policy of this name, or check a policy that a deployment made for itself.

    >>> named_policy("hse")
    Traceback (most recent call last):
    ...
    goldenthread.disclosure.errors.DisclosureError: There is no disclosure policy 'hse'. Did you mean 'hes'? \
Policies: hes, hes_national, icb, opensafely, direct_care.
    """
    shipped = _shipped()
    if isinstance(name, Policy):
        # a weakened policy must not go out under the name of a published one
        if name.name in shipped and shipped[name.name] != name:
            raise DisclosureError(
                f"This policy calls itself {name.name!r} but differs from the published policy.",
                "Give a changed policy a name of its own.",
            )
        return name
    if name in shipped:
        return shipped[name]
    remedy = did_you_mean(str(name), shipped, then=f"Policies: {', '.join(shipped)}.")
    raise DisclosureError(f"There is no disclosure policy {name!r}.", remedy)
