"""What can go wrong between a feed's arrival and the lake."""

from __future__ import annotations

from goldenthread.errors import GoldenThreadError


class IntakeError(GoldenThreadError):
    """A refresh that cannot go on; the previous snapshot stays in force."""


class ContractError(IntakeError):
    """A feed contract that contradicts itself, names something unknown, or cannot be read."""


class FileRefusedError(IntakeError):
    """A file of which nothing may enter: half-written, truncated, or not what its contract describes."""
