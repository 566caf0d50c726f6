"""Thresholds and limits of linkage, as a deployment may set them under ``[linkage]`` in its settings file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from goldenthread.intake.linkage.errors import LinkageError


@dataclass(frozen=True)
class LinkageSettings:
    """How sure linkage must be, and how much of the machine it may use.

    ``link``: probability from which a record is linked. ``review``: probability from which a doubtful
    record is laid before a person. ``expected_share``: share of records expected to belong to a registered
    person. ``fewest_to_train``: below this many distinct identities the shipped parameters are used instead of
    parameters estimated from the data. ``pairs_to_train``: pairs compared to learn how often strangers agree.

    >>> LinkageSettings.from_mapping({"link": 0.999}).link
    0.999
    """

    link: float = 0.99
    review: float = 0.5
    expected_share: float = 0.8
    fewest_to_train: int = 1000
    pairs_to_train: int = 1_000_000
    seed: int = 20261031
    memory_mb: int = 3000
    threads: int = 2

    def __post_init__(self) -> None:
        if not 0 < self.review <= self.link < 1:
            raise LinkageError(
                f"Linkage thresholds must obey 0 < review <= link < 1; they are {self.review} and {self.link}.",
                "Correct [linkage] in goldenthread.toml.",
            )
        if not 0 < self.expected_share < 1:
            raise LinkageError(
                f"expected_share must lie between 0 and 1; it is {self.expected_share}.",
                "Correct [linkage] in goldenthread.toml.",
            )
        for name in ("fewest_to_train", "pairs_to_train", "memory_mb", "threads"):
            if getattr(self, name) < 1:
                raise LinkageError(f"{name} must be at least 1.", "Correct [linkage] in goldenthread.toml.")

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any], **limits: int) -> LinkageSettings:
        """Settings from ``[linkage]`` of the settings file; ``limits`` (memory_mb, threads) where it is silent."""
        known = {field.name: type(field.default) for field in fields(cls)}
        merged: dict[str, Any] = {**limits, **given}
        for name, value in merged.items():
            if name not in known:
                raise LinkageError(
                    f"[linkage] has an unknown setting {name!r}.", f"Use one of {sorted(known)}."
                )
            if isinstance(value, bool) or not isinstance(
                value, (int, float) if known[name] is float else int
            ):
                raise LinkageError(f"[linkage] {name} must be a number.", "Correct goldenthread.toml.")
        return cls(**merged)
