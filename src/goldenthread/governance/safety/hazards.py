"""The hazard log as data: each hazard with its causes, its risk before and after controls, and the tests that prove them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from goldenthread.governance.errors import GovernanceError

SEVERITIES = ("minor", "significant", "considerable", "major", "catastrophic")
LIKELIHOODS = ("very low", "low", "medium", "high", "very high")
_RATING = {  # DCB0129 implementation guidance: risk by likelihood (row) and severity (column)
    "very high": (3, 4, 4, 5, 5),
    "high": (2, 3, 3, 4, 5),
    "medium": (2, 2, 3, 3, 4),
    "low": (1, 2, 2, 3, 4),
    "very low": (1, 1, 2, 2, 3),
}
MEANING = {
    1: "acceptable, no more to be done",
    2: "acceptable where cost outweighs further reduction",
    3: "undesirable: accepted only where further reduction is not practical",
    4: "mandatory to reduce",
    5: "unacceptable",
}


@dataclass(frozen=True)
class Control:
    """What the software does about a hazard, and the tests that prove that it does."""

    text: str
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Hazard:
    """One hazard. ``before`` and ``after`` are likelihoods without and with the controls."""

    name: str
    hazard: str
    cause: str
    effect: str
    severity: str
    before: str
    after: str
    controls: tuple[Control, ...]
    deployer: str = ""
    open: str = ""

    @property
    def risk_before(self) -> int:
        """Risk from 1 to 5 without the controls."""
        return rating(self.before, self.severity)

    @property
    def risk_after(self) -> int:
        """Risk from 1 to 5 with them."""
        return rating(self.after, self.severity)


def rating(likelihood: str, severity: str) -> int:
    """Risk from 1 (acceptable) to 5 (unacceptable).

    >>> rating("low", "major"), rating("very high", "catastrophic")
    (3, 5)
    """
    if likelihood not in LIKELIHOODS or severity not in SEVERITIES:
        raise GovernanceError(
            f"There is no risk of {likelihood!r} and {severity!r}.",
            f"Likelihoods: {', '.join(LIKELIHOODS)}. Severities: {', '.join(SEVERITIES)}.",
        )
    return _RATING[likelihood][SEVERITIES.index(severity)]


@cache
def hazards() -> tuple[Hazard, ...]:
    """Every hazard of the starter log, in the order of the file."""
    text = files("goldenthread.governance.safety").joinpath("hazards.toml").read_text("utf-8")
    found = []
    for name, raw in tomllib.loads(text).items():
        before, after = raw.pop("likelihood")
        controls = tuple(Control(c["text"], tuple(c["tests"])) for c in raw.pop("controls", ()))
        found.append(Hazard(name=name, before=before, after=after, controls=controls, **raw))
    return tuple(found)
