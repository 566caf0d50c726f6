"""How near the demo comes to the published figures it is drawn from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from goldenthread.demo import reference
from goldenthread.demo.population import DemoError

Array = npt.NDArray[Any]
REGISTERS: dict[str, tuple[str, ...]] = {
    "AF": ("atrial_fibrillation",), "AST": ("asthma",), "CAN": ("cancer",), "CHD": ("chd",), "CKD": ("ckd",), "COPD": ("copd",),
    "DEM": ("dementia",), "DEP": ("depression",), "DM": ("diabetes",), "EP": ("epilepsy",), "HF": ("heart_failure",), "HYP": ("hypertension",),
    "LD": ("ld_register",), "MH": ("severe_mental_illness",), "NDH": ("ndh",), "OB": ("obesity",), "OST": ("osteoporosis",), "PAD": ("pad",),
    "PC": ("palliative_care",), "RA": ("rheumatoid_arthritis",), "STIA": ("stroke", "tia"),
}  # fmt: skip
"""The conditions that make up each QOF register."""
QOF_SOURCE = "QOF 2021/22, the practices that take part"
AE_SOURCE = "NHS England A&E statistics, Lincolnshire ICB, last 12 months published"
YEARS = 3.0


@dataclass(frozen=True)
class Figure:
    """One comparison; ``published`` is None where no figure is shipped to compare with."""

    topic: str
    what: str
    modelled: float
    published: float | None
    unit: str
    source: str
    people: int = 0


@dataclass(frozen=True)
class CalibrationReport:
    """Modelled against published figures, in the order they should be read."""

    figures: tuple[Figure, ...]
    practices_within: dict[str, float]

    def figure(self, what: str) -> Figure:
        """The comparison called ``what``."""
        return next(f for f in self.figures if f.what == what)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {"figures": [asdict(f) for f in self.figures], "practices_within": self.practices_within}

    def text(self) -> str:
        """A table to print."""
        lines, topic = [], ""
        for f in self.figures:
            if f.topic != topic:
                topic = f.topic
                lines += ["", topic, f"  {'':46}{'modelled':>10}{'published':>11}  unit"]
            published = "-" if f.published is None else f"{f.published:.2f}"
            lines.append(f"  {f.what:46}{f.modelled:>10.2f}{published:>11}  {f.unit} ({f.source})")
        lines += [
            "",
            "Practices whose register lies within sampling error of its published prevalence (95% expected)",
        ]
        lines += [f"  {r:46}{100 * share:>10.0f}%" for r, share in self.practices_within.items()]
        return "\n".join(lines).strip()


def calibration_report(feeds: Path, truth: Path) -> CalibrationReport:
    """Compare a generated demo with QOF prevalence, A&E and admission counts, mortality and population.

    ``feeds`` and ``truth`` are the folders given to ``generate``. Raises ``DemoError`` where the truth is missing.
    """
    path = Path(truth) / "person.parquet"
    if not path.exists():
        raise DemoError(
            f"There is no {path.name} in {truth}.", "Make a demonstration first, with `goldenthread demo`."
        )
    table = pq.read_table(path)
    people = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    registered = people["kind"] == "registered"
    figures = [*_prevalence(people, registered), *_population(people, registered)]
    figures += [
        *_mortality(people, registered),
        *_urgent(Path(feeds), people, registered),
        *_burden(people, registered),
    ]
    return CalibrationReport(tuple(_plain(f) for f in figures), _within(people, registered))


def _plain(f: Figure) -> Figure:
    """Ordinary numbers in place of NumPy's, so that the report can be written as JSON."""
    published = None if f.published is None else float(f.published)
    return Figure(f.topic, f.what, float(f.modelled), published, f.unit, f.source, int(f.people))


def _on_register(people: dict[str, Array], register: str) -> Array:
    out = np.zeros(len(people["age"]), dtype=bool)
    for condition in REGISTERS[register]:
        out |= people[f"coded_{condition}"]
    return out


def _prevalence(people: dict[str, Array], registered: Array) -> Iterator[Figure]:
    practices = sorted(set(people["practice"]))
    for register in REGISTERS:
        counted = registered & (people["age"] >= reference.QOF_AGES.get(register, 0))
        on = _on_register(people, register) & counted
        expected = sum(
            reference.qof(p)[register] * float((counted & (people["practice"] == p)).sum()) for p in practices
        )
        n = int(counted.sum())
        yield Figure(
            "Prevalence of QOF registers",
            register,
            100 * on.sum() / n,
            100 * expected / n,
            "%",
            QOF_SOURCE,
            n,
        )


def _within(people: dict[str, Array], registered: Array) -> dict[str, float]:
    """Share of practices whose count is within 1.96 standard errors (and half a person) of what QOF gives."""
    out = {}
    practices = sorted(set(people["practice"]))
    for register in REGISTERS:
        counted = registered & (people["age"] >= reference.QOF_AGES.get(register, 0))
        on = _on_register(people, register) & counted
        good = 0
        for p in practices:
            mine = counted & (people["practice"] == p)
            n, share = float(mine.sum()), reference.qof(p)[register]
            slack = 1.96 * np.sqrt(n * share * (1 - share)) + 0.5
            good += abs(float((on & mine).sum()) - n * share) <= slack
        out[register] = float(good / len(practices))
    return out


def _population(people: dict[str, Array], registered: Array) -> Iterator[Figure]:
    age, n = people["age"][registered], int(registered.sum())
    ones = reference.table("pcn_single_year")
    mine = np.isin(ones["pcn_code"], np.unique(people["pcn"]))
    for low, high in ((0, 17), (18, 39), (40, 64), (65, 79), (80, 120)):
        published = (
            ones["patients"][mine & (ones["age"] >= low) & (ones["age"] <= high)].sum()
            / ones["patients"][mine].sum()
        )
        share = 100 * ((age >= low) & (age <= high)).sum() / n
        label = f"aged {low} to {high}" if high < 120 else f"aged {low} and over"
        yield Figure(
            "Population", label, share, 100 * float(published), "%", "NHS England list sizes, August 2026", n
        )
    lsoa = reference.lsoas()
    place = np.array([reference.lsoa_index()[c] for c in people["lsoa"][registered]])
    white = lsoa["ethnicity"][:, 0] / lsoa["ethnicity"].sum(axis=1)
    yield Figure(
        "Population", "White British", 100 * (people["ethnicity"][registered] == "A").sum() / n, 100 * float(white[place].mean()), "%",
        "Census 2021 of the areas where these people live", n,
    )  # fmt: skip


def _quintile(people: dict[str, Array]) -> Array:
    return (people["imd_decile"] + 1) // 2


def _mortality(people: dict[str, Array], registered: Array) -> Iterator[Figure]:
    died, topic = people["kind"] == "died", "Mortality"
    rate = reference.mortality()
    expected = YEARS * rate[people["sex"] - 1, np.minimum(people["age"], 110)]
    n = int(registered.sum())
    source = "ONS life table 2017-2019 (UK) at the same ages"
    yield Figure(
        topic,
        "deaths per 1,000 people a year",
        1000 * died.sum() / n / YEARS,
        1000 * float(expected[registered].sum()) / n / YEARS,
        "per 1,000",
        source,
        n,
    )
    quintile = _quintile(people)
    for q in range(1, 6):
        here = quintile == q
        ratio = 100 * (died & here).sum() / max(float(expected[registered & here].sum()), 1e-9)
        yield Figure(
            topic,
            f"standardised ratio, deprivation quintile {q}",
            ratio,
            None,
            "UK = 100",
            "no local figure shipped",
            int((registered & here).sum()),
        )


def _urgent(feeds: Path, people: dict[str, Array], registered: Array) -> Iterator[Figure]:
    t, topic, n = reference.table("ae_monthly"), "Urgent care", int(registered.sum())
    listed = float(reference.table("practices")["list_size"].sum())
    seen = _final(feeds / "ecds", "EMERGENCY_CARE_ATTENDANCE_IDENTIFIER", [])
    yield Figure(
        topic,
        "A&E attendances per 1,000 a year",
        1000 * seen.num_rows / n / YEARS,
        1000 * float(t["total_attendances"][-12:].sum()) / listed,
        "per 1,000",
        AE_SOURCE,
        n,
    )
    stays = _final(feeds / "apc", "CDS_UNIQUE_IDENTIFIER", ["EPISODE_NUMBER", "ADMISSION_METHOD_CODE"])
    first = pc.and_(
        pc.equal(stays["EPISODE_NUMBER"], "1"), pc.starts_with(stays["ADMISSION_METHOD_CODE"], "2")
    )
    emergencies = stays.filter(first)
    published = 1000 * float(t["total_emergency_admissions"][-12:].sum()) / listed
    yield Figure(
        topic,
        "emergency admissions per 1,000 a year",
        1000 * emergencies.num_rows / n / YEARS,
        published,
        "per 1,000",
        AE_SOURCE,
        n,
    )
    quintile = dict(zip(people["nhs_number"], _quintile(people), strict=True))
    for label, table in (("A&E attendances", seen), ("emergency admissions", emergencies)):
        where = np.array([quintile.get(x, 0) for x in table["NHS_NUMBER"].to_pylist()])
        for q in (1, 5):
            here = int((registered & (_quintile(people) == q)).sum())
            rate = 1000 * (where == q).sum() / max(here, 1) / YEARS
            yield Figure(
                topic,
                f"{label}, deprivation quintile {q}",
                rate,
                None,
                "per 1,000",
                "no local figure shipped",
                here,
            )


def _final(folder: Path, key: str, more: list[str]) -> pa.Table:
    """Distinct rows of a hospital feed after deletions: one for each identifier."""
    columns = [key, "CDS_UPDATE_TYPE", "NHS_NUMBER", *more]
    options = pacsv.ConvertOptions(include_columns=columns, column_types={c: pa.string() for c in columns})
    parts = [
        pacsv.read_csv(p, convert_options=options)
        for p in sorted(folder.glob("*/*.csv"))
        if p.name != "control.csv"
    ]
    table = pa.concat_tables(parts)
    deleted = table.filter(pc.equal(table["CDS_UPDATE_TYPE"], "1"))[key]
    table = table.filter(pc.invert(pc.is_in(table[key], value_set=pc.unique(deleted))))
    _, first = np.unique(table[key].to_numpy(zero_copy_only=False).astype(str), return_index=True)
    return table.take(pa.array(np.sort(first)))


def _burden(people: dict[str, Array], registered: Array) -> Iterator[Figure]:
    topic = "Multimorbidity and frailty (no local figure shipped)"
    count = np.sum([people[k] for r in REGISTERS for k in (f"has_{c}" for c in REGISTERS[r])], axis=0)
    for low, high in ((18, 44), (45, 64), (65, 79), (80, 120)):
        mine = registered & (people["age"] >= low) & (people["age"] <= high)
        yield Figure(
            topic,
            f"two or more QOF conditions, {low} to {high}",
            100 * (count[mine] >= 2).mean() if mine.any() else 0.0,
            None,
            "%",
            "-",
            int(mine.sum()),
        )
    old = registered & (people["age"] >= 65)
    for level, label in enumerate(("fit", "mild", "moderate", "severe")):
        yield Figure(
            topic,
            f"frailty at 65 and over: {label}",
            100 * (people["frailty_category"][old] == level).mean(),
            None,
            "%",
            "-",
            int(old.sum()),
        )
