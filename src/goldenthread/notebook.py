"""The way in for notebooks: people, measures and cohorts of a deployment, as pandas, polars or Arrow."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from goldenthread.cohorts import Answer, Attrition, Cohort, CohortVersion, population_of
from goldenthread.cohorts import freeze as freeze_cohort
from goldenthread.cohorts import versions as frozen_versions
from goldenthread.cohorts.frames import as_form
from goldenthread.measures import evaluate
from goldenthread.settings import load_settings

if TYPE_CHECKING:
    import pyarrow as pa

    from goldenthread.cohorts import Population
    from goldenthread.insight.coding import Findings
    from goldenthread.insight.inequality import Core20, Inequality, Places, Trend
    from goldenthread.insight.profile import Profile
    from goldenthread.insight.segments import SegmentMatrix
    from goldenthread.insight.theograph import Story
    from goldenthread.insight.who import Comparison

Form = Literal["pandas", "polars", "arrow"]


class GoldenThread:
    """A deployment opened for one purpose.

    Counts, breakdowns and attrition have passed the disclosure policy of the purpose. ``measures`` gives
    pseudonymised rows, one per person, for analysis on the machine that holds them; they are not for publication, and each
    reading is in the audit log.
    """

    def __init__(self, home: Path | str, *, purpose: str = "planning", recipient: str = "") -> None:
        self._settings = load_settings(home)
        self._purpose, self._recipient = purpose, recipient
        self._population = population_of(self._settings, purpose=purpose, recipient=recipient)

    def __repr__(self) -> str:
        population = self._population
        return f"<GoldenThread {self._settings.name!r}, {population.purpose.name}, data to {population.data_date.isoformat()}>"

    @property
    def data_date(self) -> date:
        """The day up to which the GP record is complete: the index date unless another is asked for."""
        return self._population.data_date

    def at(self, index_date: date | str) -> GoldenThread:
        """The same on another day.

        Raises ``CohortError`` where the day is outside the data.
        """
        other = object.__new__(GoldenThread)
        other._settings, other._purpose, other._recipient = self._settings, self._purpose, self._recipient
        other._population = population_of(
            self._settings,
            purpose=self._purpose,
            index_date=_day(index_date),
            recipient=self._recipient,
            catalogue=self._population.catalogue,
        )
        return other

    def cohort(self, expression: str) -> Cohort:
        """People for whom an expression holds, or a cohort by its name.

        >>> import goldenthread; gt = goldenthread.open(home)
        >>> cohort = gt.cohort("age >= 65 and not care_home")
        >>> cohort.english
        'age is at least 65 years, and does not live in a care home'
        >>> cohort.by("sex").to_pandas().columns.tolist()
        ['sex', 'sex_name', 'count', 'population', 'share']
        """
        return self._population.cohort(expression)

    def count(self, expression: str) -> Answer:
        """How many people an expression holds for.

        >>> import goldenthread; gt = goldenthread.open(home)
        >>> print(gt.count("age >= 65"))
        20 of 40 people (50.0%)
        >>> gt.count("age >= 65").people
        20
        """
        return self.cohort(expression).count()

    def attrition(self, expression: str) -> Attrition:
        """From everybody registered to the cohort, one condition after another.

        >>> import goldenthread; gt = goldenthread.open(home)
        >>> print(gt.attrition("age >= 65 and female"))
        Registered with a practice and alive                                      40
        May be asked about for planning and population health management          40
        Age is at least 65 years                                                  20
        Is female                                                                 20
        """
        return self.cohort(expression).attrition()

    def measures(
        self, names: Iterable[str], *, index_date: date | str | pa.Table | None = None, form: Form = "pandas"
    ) -> Any:
        """One row per person who may be asked about, with ``pid`` and a column per name.

        ``index_date`` is a day for everybody, or a table with ``pid`` and ``index_date``. ``form`` is pandas, polars or
        arrow. ``pid`` is a number within this snapshot and identifies nobody outside it.

        >>> import goldenthread; gt = goldenthread.open(home)
        >>> gt.measures(["age", "sex"]).head(2)
           pid  age sex
        0    0   36   1
        1    1   66   2
        """
        from goldenthread.governance import Audit, eligible

        population = self._population
        when = population.index_date if index_date is None else index_date
        if isinstance(when, date | str):
            when = _day(when)
            if when != population.index_date:
                return self.at(when).measures(names, form=form)
        wanted = list(names)
        out = population.without_practices_for(wanted)
        day = when if isinstance(when, date) else None
        table = evaluate(
            population.snapshot,
            population.catalogue,
            wanted,
            index_date=when,
            eligible=eligible(population.purpose, population.snapshot, without_practices=out, on=day),
            memory_mb=self._settings.memory_mb,
            threads=self._settings.threads,
        )
        Audit(self._settings.home).append(
            "rows.read", actor=population.recipient, scope=population.scope.slug, subject=population.snapshot.id,
            detail={"purpose": population.purpose.name, "people": table.num_rows, "facts": wanted},
        )  # fmt: skip
        return as_form(table, form)

    def profile(self, scope: str = "system") -> Profile:
        """One place: who lives there, what they have, where the work comes from, and what stands out.

        ``scope`` is system, or a kind and a code: place, pcn, practice, district, msoa. Figures have passed disclosure control.

        >>> import goldenthread; gt = goldenthread.open(home)
        >>> gt.profile().structure["aged_65_plus"].said
        '50%'
        """
        from goldenthread.cohorts import Scope
        from goldenthread.insight.profile import profile

        return profile(self._population.within(Scope.parse(scope)))

    def who(self, expression: str, *, scope: str = "system", same_ages: bool = False) -> Comparison:
        """Who the people of a cohort are, beside everybody else of the scope.

        >>> import goldenthread; gt = goldenthread.open(home)
        >>> gt.who("age >= 65").people
        20
        """
        from goldenthread.cohorts import Scope
        from goldenthread.insight.who import compare

        return compare(self._population.within(Scope.parse(scope)).cohort(expression), same_ages=same_ages)

    def segments(self, by: str = "need", *, scope: str = "system") -> SegmentMatrix:
        """Segments crossed with need, use, gaps or conditions: people, cost a head, and the cohort of every cell."""
        from goldenthread.cohorts import Scope
        from goldenthread.insight.segments import segment_matrix

        return segment_matrix(self._population.within(Scope.parse(scope)), by)

    def inequality(self, outcome: str, by: str = "imd_quintile", *, scope: str = "system") -> Inequality:
        """How an indicator, a cohort or an expression differs between groups of people.

        >>> import goldenthread; gt = goldenthread.open(home)
        >>> gt.inequality("age >= 65", "sex").table.frame["people"].tolist()
        [20, 20, 40]
        """
        from goldenthread.cohorts import Scope
        from goldenthread.insight.inequality import inequality

        return inequality(self._population.within(Scope.parse(scope)), outcome, by)

    def places(self, outcome: str, level: str = "practice", *, scope: str = "system") -> Places:
        """How an outcome differs between practices or areas, beside the whole system."""
        from goldenthread.cohorts import Scope
        from goldenthread.insight.inequality import places

        return places(self._population.within(Scope.parse(scope)), outcome, level)

    def trend(self, outcome: str, *, quarters: int = 8, scope: str = "system") -> Trend:
        """An outcome at the end of each of the last quarters."""
        from goldenthread.cohorts import Scope
        from goldenthread.insight.inequality import trend

        return trend(self._population.within(Scope.parse(scope)), outcome, quarters=quarters)

    def core20plus5(self, whom: str = "adults", *, scope: str = "system") -> Core20:
        """The clinical areas of Core20PLUS5 for adults or children: the most deprived fifth beside everybody else."""
        from goldenthread.cohorts import Scope
        from goldenthread.insight.inequality import core20plus5

        return core20plus5(self._population.within(Scope.parse(scope)), whom)

    def coding(self, *, scope: str = "system") -> Findings:
        """What the checks of coding find: people whose records do not agree with one another.

        >>> import goldenthread; gt = goldenthread.open(home)
        >>> [f.people for f in gt.coding().findings if f.check.name == "smoking_not_known"]
        [40]
        """
        from goldenthread.cohorts import Scope
        from goldenthread.insight.coding import findings

        return findings(self._population.within(Scope.parse(scope)))

    def theograph(self, pid: int, *, months: int = 24, restricted: bool = False) -> Story:
        """One pseudonymous person's contacts with every service: ``.chart()`` draws them, ``.sentence`` says what they tell."""
        from goldenthread.insight.theograph import story_of

        return story_of(self._population, pid, months=months, restricted=restricted)

    def freeze(self, expression: str, name: str) -> CohortVersion:
        """Keep a cohort for good under a name: rule, codes, dates, snapshot and people."""
        return freeze_cohort(self.cohort(expression), name, self._settings.home / "cohorts")

    def versions(self) -> list[CohortVersion]:
        """Every frozen cohort of this deployment."""
        return list(frozen_versions(self._settings.home / "cohorts"))

    @property
    def population(self) -> Population:
        """Everybody the purpose may ask about on the index date."""
        return self._population

    def close(self) -> None:
        """Let go of the person table."""
        self._population.close()


def open_home(home: Path | str, *, purpose: str = "planning", recipient: str = "") -> GoldenThread:
    """Open a deployment's folder for one purpose: what ``goldenthread.open`` calls.

    Raises ``SettingsError`` where the folder is none, ``NoSnapshotError`` before the first refresh, ``GovernanceError``
    for an unknown purpose.
    """
    return GoldenThread(home, purpose=purpose, recipient=recipient)


def _day(day: date | str) -> date:
    if isinstance(day, date):
        return day
    try:
        return date.fromisoformat(day)
    except ValueError:
        from goldenthread.cohorts import CohortError

        raise CohortError(f"{day!r} is not a date.", "Write year, month and day: 2026-03-31.") from None
