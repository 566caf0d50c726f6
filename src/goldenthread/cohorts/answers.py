"""Answers that may be shown: every figure in them has passed the disclosure policy of the purpose."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from goldenthread.disclosure import ReleasedTable


@dataclass(frozen=True)
class AttritionStep:
    """One step: what was asked, how many are left, and how many it took away. ``None`` where hidden."""

    step: str
    people: int | None
    left: int | None


@dataclass(frozen=True)
class Attrition:
    """From everybody registered to the cohort, one condition after another.

    ``released`` is the table it was read from: one row for those kept and one for those who left at each step.
    """

    steps: tuple[AttritionStep, ...]
    released: ReleasedTable = field(repr=False)

    def to_pandas(self) -> pd.DataFrame:
        """The steps as a table; hidden figures are missing."""
        import pandas as pd

        frame = pd.DataFrame([vars(s) for s in self.steps], columns=["step", "people", "left"])
        return frame.astype({"people": "Int64", "left": "Int64"})

    def __str__(self) -> str:
        width = max(len(s.step) for s in self.steps)
        return "\n".join(f"{s.step:<{width}}  {_figure(s.people):>10}" for s in self.steps)


@dataclass(frozen=True)
class Answer:
    """How many people a cohort has, of how many, on which day, under which purpose.

    ``people`` and ``population`` are ``None`` where the policy hides them. ``coverage`` is the share of registered
    people who may be asked about. ``by`` is the breakdown, if one was asked for.
    """

    expression: str
    english: str
    people: int | None
    population: int | None
    registered: int | None
    coverage: float | None
    coverage_words: str
    purpose: str
    policy: str
    index_date: date
    data_date: date
    snapshot: str
    definition_hash: str
    message: str = ""
    by: ReleasedTable | None = None
    by_names: tuple[str, ...] = ()

    @property
    def share(self) -> float | None:
        """People as a fraction of the population; ``None`` where either is hidden."""
        if self.people is None or not self.population:
            return None
        return self.people / self.population

    def __str__(self) -> str:
        share = f" ({self.share:.1%})" if self.share is not None else ""
        return f"{_figure(self.people)} of {_figure(self.population)} people{share}"

    def to_pandas(self) -> pd.DataFrame:
        """The breakdown as a table; hidden figures are missing. Without a breakdown, one row."""
        import pandas as pd

        if self.by is not None:
            return self.by.frame.copy()
        frame = pd.DataFrame([{"count": self.people, "population": self.population}])
        return frame.astype({"count": "Int64", "population": "Int64"}).assign(share=self.share)

    def to_arrow(self) -> Any:
        """The same as an Arrow table."""
        import pyarrow as pa

        return pa.Table.from_pandas(self.to_pandas(), preserve_index=False)

    def to_polars(self) -> Any:
        """The same as a polars frame; needs polars."""
        from goldenthread.cohorts.frames import to_polars

        return to_polars(self.to_arrow())

    def to_json(self) -> dict[str, Any]:
        """The answer for a program: ``by`` holds the groups, ``totals`` the rows that add several of them up."""
        rows = self.by.records() if self.by is not None else []
        totals = [r for r in rows if any(r[n] == "All" for n in self.by_names)]
        return {
            "expression": self.expression,
            "english": self.english,
            "count": self.people,
            "population": self.population,
            "share": self.share,
            "registered": self.registered,
            "coverage": self.coverage,
            "coverage_words": self.coverage_words,
            "purpose": self.purpose,
            "policy": self.policy,
            "index_date": self.index_date.isoformat(),
            "data_date": self.data_date.isoformat(),
            "snapshot": self.snapshot,
            "definition_hash": self.definition_hash,
            "message": self.message,
            "by": [r for r in rows if r not in totals],
            "totals": totals,
        }


def _figure(value: int | None) -> str:
    return "*" if value is None else f"{value:,}"
