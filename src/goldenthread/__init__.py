"""Golden Thread: population health management from linked records to an evaluated outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from goldenthread.notebook import GoldenThread

__version__ = "0.1.0"
__all__ = ["__version__", "open"]


def open(home: Path | str, *, purpose: str = "planning", recipient: str = "") -> GoldenThread:
    """Open a deployment's folder, for notebooks and scripts.

    Every question asked of it runs under ``purpose``; answers are remembered for ``recipient`` (your user name if not said).

    >>> import goldenthread
    >>> gt = goldenthread.open(home)
    >>> print(gt.count("age >= 65"))
    20 of 40 people (50.0%)
    """
    # everything else is imported when it is needed: the command starts in a fraction of a second
    from goldenthread.notebook import open_home

    return open_home(home, purpose=purpose, recipient=recipient)
