"""What is really so, for tests alone: who everybody is, what they have, and what initiatives changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from goldenthread.demo import clock, initiatives, reference, urgent
from goldenthread.demo.conditions import CONDITIONS
from goldenthread.demo.identity import strings
from goldenthread.demo.writers import Spool, parts

if TYPE_CHECKING:
    from goldenthread.demo.practice import Life

Array = npt.NDArray[Any]


def keep_truth(life: Life, spool: Spool, heard: Array) -> None:
    """Spool the truth about one practice's people."""
    people, events, t = life.people, life.events, life.treated
    n = len(people)
    falls = events["cause"] == urgent.CAUSE["fall"]
    known = np.bincount(events["who"][falls & heard], minlength=n)
    columns: dict[str, Any] = {
        "person": pa.array(people.index_in_demo), "nhs_number": strings(people.nhs), "practice": strings(np.full(n, people.plan.code, dtype=object)),
        "pcn": strings(np.full(n, people.plan.pcn, dtype=object)), "patient_id": pa.array(people.patient_id), "kind": pa.array(["registered", "died", "left", "visitor"]).take(pa.array(people.kind.astype(np.int64))),
        "former_practice": pa.array(people.previous), "former_patient_id": pa.array(people.former_id), "moved": pa.array(people.moved, mask=people.moved == clock.NEVER).cast(pa.int32()).cast(pa.date32()),
        "sex": pa.array(people.sex.astype(np.int8)), "age": pa.array(people.age.astype(np.int16)), "birth_date": pa.array(people.birth.astype(np.int32)).cast(pa.date32()),
        "death_date": pa.array(people.death.astype(np.int32), mask=people.death == clock.NEVER).cast(pa.date32()), "ethnicity": strings(people.ethnic), "lsoa": strings(reference.lsoas()["lsoa_code"][people.lsoa]),
        "imd_decile": pa.array(people.imd_decile), "uprn": pa.array(people.uprn), "household_kind": pa.array(["family", "couple", "alone", "shared", "care home"]).take(pa.array(people.household_kind.astype(np.int64))),
        "mother": pa.array(np.where(people.mother >= 0, people.mother + people.plan.index * 200_000, -1)), "frailty": pa.array(np.round(people.frailty, 4)), "frailty_category": pa.array(people.frailty_category.astype(np.int8)),
        "opted_out": pa.array(people.opted_out & ~people.opt_out_withdrawn), "ld_in_social_care": pa.array(people.ld_in_social_care), "ld_wrongly_coded": pa.array(people.ld_wrongly_coded),
        "high_intensity": pa.array(people.intense), "gp_untraced": pa.array(people.gp_untraced), "in_social_care": pa.array(people.in_social_care), "homeless": pa.array(people.homeless), "carer": pa.array(people.carer),
        "falls_in_urgent_care": pa.array(np.bincount(events["who"][falls], minlength=n)), "falls_told_to_gp": pa.array(known),
    }  # fmt: skip
    for i, c in enumerate(CONDITIONS):
        columns[f"has_{c.name}"] = pa.array(people.has[:, i])
        columns[f"coded_{c.name}"] = pa.array(people.coded[:, i])
    spool.put("truth_person", pa.table(columns))
    label = pa.array([i.name for i in initiatives.INITIATIVES])
    spool.put("truth_treated", pa.table({
        "initiative": label.take(pa.array(t["initiative"].astype(np.int64))), "nhs_number": strings(people.nhs[t["who"]]), "entry_date": clock.text(t["day"]),
        **{k: pa.array(t[k]) for k in ("attendances_without", "attendances_with", "admissions_without", "admissions_with")},
    }))  # fmt: skip


def write_truth(work: Path, truth: Path, plans: list[Any]) -> None:
    """Gather the spooled truth into Parquet files under ``truth``."""
    truth.mkdir(parents=True, exist_ok=True)
    for feed, name in (
        ("truth_person", "person"),
        ("truth_treated", "treated"),
        ("truth_event", "event_dirt"),
    ):
        _merge(work, [feed], truth / f"{name}.parquet")
    folders = sorted(p.name for p in work.iterdir() if p.name.startswith("truth_link_"))
    _merge(work, folders, truth / "link.parquet")
    folders = sorted(p.name for p in work.iterdir() if p.name.startswith("truth_supersede_"))
    _merge(work, folders, truth / "supersede.parquet")
    rows = initiatives.INITIATIVES
    phases = [[p for p in sorted({x.pcn for x in plans}) if int(p[-3:]) % 2 == i.phase] for i in rows]
    pq.write_table(pa.table({
        "initiative": [i.name for i in rows], "rate_ratio": [i.ratio for i in rows], "rule": [i.rule for i in rows],
        "pcns": pa.array(phases), "outcome": ["emergency attendances and emergency admissions after entry"] * len(rows),
    }), truth / "initiative.parquet")  # fmt: skip


def _merge(work: Path, feeds: list[str], out: Path) -> None:
    writer = None
    for feed in feeds:
        for table in parts(work, feed):
            writer = writer or pq.ParquetWriter(out, table.schema, compression="zstd")
            if table.num_rows:
                writer.write_table(table)
    if writer:
        writer.close()
