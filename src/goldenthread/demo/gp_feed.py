"""A practice's extract: patients, registrations, addresses, events, medicines, appointments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from goldenthread.demo import appointments, clock, codes, dirt, hospital, reference, urgent
from goldenthread.demo.conditions import CONDITIONS
from goldenthread.demo.population import VISITOR, People
from goldenthread.demo.record import UNITS
from goldenthread.demo.writers import Spool, write_plain, write_quoted

if TYPE_CHECKING:
    from goldenthread.demo.practice import Life

Array = npt.NDArray[Any]
PATIENT = ("PATIENT_ID", "NHS_NUMBER", "NHS_NUMBER_STATUS_INDICATOR_CODE", "PERSON_FAMILY_NAME", "PERSON_GIVEN_NAME", "PERSON_BIRTH_DATE",
           "PERSON_STATED_GENDER_CODE", "ETHNIC_CATEGORY", "LANGUAGE_CODE", "TELEPHONE_NUMBER", "EMAIL_ADDRESS", "SENSITIVE_FLAG", "PERSON_DEATH_DATE")  # fmt: skip
REGISTRATION = ("PATIENT_ID", "REGISTRATION_TYPE", "REGISTRATION_START_DATE", "REGISTRATION_END_DATE")
ADDRESS = (
    "PATIENT_ID",
    "ADDRESS_LINE_1",
    "ADDRESS_LINE_2",
    "POSTCODE",
    "UPRN",
    "LSOA_CODE",
    "ADDRESS_TYPE",
    "ACCOMMODATION_TYPE",
    "ADDRESS_START_DATE",
    "ADDRESS_END_DATE",
)


def note_hospital(life: Life, rng: np.random.Generator) -> Array:
    """What reaches the GP record from hospital: fewer than half of falls, most hip fractures, kidney injury.

    Returns, for each urgent event, whether the GP record shows it (falls only).
    """
    people, record, events, stays = life.people, life.record, life.events, life.stays
    falls = events["cause"] == urgent.CAUSE["fall"]
    heard = (
        falls
        & (rng.random(len(falls)) < np.where(events["admitted"], 0.58, 0.36))
        & (people.kind[events["who"]] != VISITOR)
    )
    who, day = (
        events["who"][heard],
        np.minimum(events["day"][heard] + rng.integers(0, 12, int(heard.sum())), clock.DATA_DATE),
    )
    record.add(
        who,
        np.minimum(day, people.end[who]),
        "falls",
        which=rng.choice(6, len(who), p=[0.4, 0.2, 0.2, 0.08, 0.08, 0.04]),
    )
    hip = np.flatnonzero((stays["icd"] == "S720") & (rng.random(len(stays["who"])) < 0.85))
    who = stays["who"][hip]
    record.add(who, np.minimum(stays["finish"][hip] + 3, people.end[who]), "hip_fracture", which=hip % 2)
    old = np.flatnonzero(
        (people.age >= 68)
        & (people.kind != VISITOR)
        & (rng.random(len(people)) < 0.05 + 0.35 * people.frailty)
    )
    record.add(
        old,
        clock.spread(rng, people.history_from[old], np.maximum(people.end[old], people.history_from[old])),
        "falls",
        which=old % 7,
    )
    twice = old[rng.random(len(old)) < 0.2]
    record.add(twice, people.end[twice] - rng.integers(0, 300, len(twice)), "recurrent_falls")
    return np.asarray(heard)


def send(life: Life, feeds: Path, work: Path, spool: Spool, rng: np.random.Generator) -> dict[str, int]:
    """Write the practice's six files; set aside the rows that belong to movers' former practices."""
    people = life.people
    folder = feeds / "gp" / people.plan.code
    listed = people.kind != VISITOR
    _patients(people, listed, folder, work, rng)
    soiled = dirt.soil(people, life.record, life.record.events(), rng)
    medicines = life.record.medicines()
    book = appointments.book(people, life.record, lambda w, d: hospital.inside(life.stays, w, d), rng)
    aside = work / "movers"
    counts = {
        "gp_event": _events(people, life, soiled, folder, aside, spool),
        "gp_medication": _medicines(people, life, medicines, folder, aside),
        "gp_appointment": _appointments(people, book, folder, aside, rng),
        "gp_patient": int(listed.sum()),
    }
    return counts


def _moved(people: People, who: Array, day: Array) -> Array:
    """Rows written while the person was with the former practice."""
    return (people.previous[who] >= 0) & (day < people.moved[who])


def _aside(folder: Path, kind: str, people: People, table: pa.Table, to: Array) -> None:
    """Rows for former practices, with the practice they belong to."""
    folder.mkdir(parents=True, exist_ok=True)
    table = table.append_column("_to", pa.array(to.astype(np.int32)))
    pq.write_table(table, folder / f"{kind}-{people.plan.index:03d}.parquet")


def _patients(people: People, listed: Array, folder: Path, work: Path, rng: np.random.Generator) -> None:
    n = len(people)
    ids = people.patient_id
    birth, death = clock.text(people.birth).to_pylist(), clock.text(people.death).to_pylist()
    language = np.where(
        people.ethnic == "C", np.array(["en", "pl", "lt", "ro", "en"], dtype=object)[people.birth % 5], "en"
    ).astype(object)
    language[rng.random(n) < 0.2] = ""
    people.more["language"] = language
    phone = np.array([f"07700900{i % 1000:03d}" for i in range(n)], dtype=object)
    phone[rng.random(n) < 0.12] = ""
    mail = np.array(
        [
            f"{g}.{f}{i}@example.org".lower().replace("'", "").replace(" ", "")
            for i, (g, f) in enumerate(zip(people.given, people.family, strict=True))
        ],
        dtype=object,
    )
    mail[(rng.random(n) < 0.35) | (people.age < 16)] = ""
    sensitive = np.where(rng.random(n) < 0.0012, "Y", "N")
    people.more["sensitive"] = sensitive == "Y"
    untraced = rng.random(n) < 0.0006
    people.more["gp_untraced"] = untraced & listed
    status = np.where(untraced, "02", "01")
    order = [i for i in np.argsort(ids, kind="stable").tolist() if listed[i]]

    def person(i: int, number: int) -> tuple[Any, ...]:
        return (number, people.nhs[i], status[i], people.family[i], people.given[i], birth[i], int(people.sex[i]), people.ethnic_recorded[i],
                language[i], phone[i], mail[i], sensitive[i], death[i] or "")  # fmt: skip

    write_quoted(folder / "patient.csv", PATIENT, (person(i, int(ids[i])) for i in order))
    started, ended = clock.text(people.reg_start).to_pylist(), clock.text(people.reg_end).to_pylist()
    write_quoted(
        folder / "registration.csv",
        REGISTRATION,
        ((int(ids[i]), "R", started[i], ended[i] or "") for i in order),
    )
    write_quoted(
        folder / "address.csv", ADDRESS, (row for i in order for row in _address_rows(people, i, rng))
    )
    movers = [i for i in order if people.previous[i] >= 0]
    people.more["former_id"] = np.full(n, -1)
    for i in movers:
        people.more["former_id"][i] = 800_000 + people.plan.index * 30_000 + i
    _former(people, movers, person, work, rng)


def _former(people: People, movers: list[int], person: Any, work: Path, rng: np.random.Generator) -> None:
    """Movers as their former practice has them: registration ended, old address, sometimes an old surname."""
    aside = work / "movers_people"
    aside.mkdir(parents=True, exist_ok=True)
    rows = []
    for i in movers:
        number = int(people.former_id[i])
        p = list(person(i, number))
        began = int(max(people.birth[i] + 5, people.moved[i] - int(rng.exponential(3000)) - 200))
        began = max(int(people.birth[i]), min(began, clock.HOSPITAL_START - 30, int(people.moved[i]) - 1))
        j = int(rng.integers(0, len(people)))
        lsoa = reference.lsoas()["lsoa_code"][people.lsoa[j]]
        home = [
            number,
            people.line1[j],
            people.line2[j],
            people.postcode[j],
            people.uprn[j],
            lsoa,
            0,
            "private",
            _iso(began),
            "",
        ]
        rows.append((int(people.previous[i]), p, _iso(began), _iso(int(people.moved[i])), home))
    table = pa.table({
        "_to": pa.array([r[0] for r in rows], pa.int32()), "patient": pa.array([[str(x) for x in r[1]] for r in rows], pa.list_(pa.string())),
        "home": pa.array([[str(x) for x in r[4]] for r in rows], pa.list_(pa.string())), "start": pa.array([r[2] for r in rows], pa.string()), "end": pa.array([r[3] for r in rows], pa.string()),
    })  # fmt: skip
    pq.write_table(table, aside / f"{people.plan.index:03d}.parquet")


def _address_rows(people: People, i: int, rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """The present address; before it, for many, an older one; now and then a correspondence address."""
    lsoa = reference.lsoas()["lsoa_code"]
    kind = "care home" if people.care_home[i] else "private"
    start = int(people.address_start[i])
    unknown = rng.random() < 0.05 and not people.care_home[i]
    since = "1900-01-01" if unknown else _iso(start)
    uprn = people.uprn[i] if rng.random() > 0.02 else ""
    here = (
        people.patient_id[i],
        people.line1[i],
        people.line2[i],
        people.postcode[i],
        uprn,
        lsoa[people.lsoa[i]],
        0,
        kind,
        since,
        _iso(int(people.reg_end[i])),
    )
    rows = [here]
    if not unknown and start > people.birth[i] + 30 and (people.care_home[i] or rng.random() < 0.6):
        j = int(rng.integers(0, len(people)))
        if not people.care_home[j]:
            began = max(int(people.birth[i]), start - 200 - int(rng.exponential(2500)))
            rows.insert(
                0,
                (
                    people.patient_id[i],
                    people.line1[j],
                    people.line2[j],
                    people.postcode[j],
                    people.uprn[j],
                    lsoa[people.lsoa[j]],
                    0,
                    "private",
                    _iso(began),
                    _iso(start),
                ),
            )
    if rng.random() < 0.006:
        j = int(rng.integers(0, len(people)))
        rows.append(
            (
                people.patient_id[i],
                people.line1[j],
                people.line2[j],
                people.postcode[j],
                "",
                "",
                3,
                "other",
                _iso(start),
                "",
            )
        )
    return rows


_ISO_TEXT = clock.text(np.arange(clock.day(1900), clock.day(2028))).to_pylist()


def _iso(d: int) -> str:
    return "" if d == clock.NEVER else _ISO_TEXT[d - clock.day(1900)]


def _events(people: People, life: Life, e: dict[str, Array], folder: Path, aside: Path, spool: Spool) -> int:
    who = e["who"]
    day = clock.text(e["day"])
    for style, name in ((1, "month"), (2, "year")):
        mask = e["style"] == style
        if mask.any():
            day = pc.replace_with_mask(day, pa.array(mask), clock.text(e["day"][mask], name))
    former = _moved(people, who, e["day"])
    problem = _problem_codes(life)
    copy = former & np.isin(e["code"], problem)
    value = pa.array(np.round(e["value"], 2), from_pandas=True)
    table = pa.table({
        "PATIENT_ID": pa.array(np.where(former, people.former_id[who], people.patient_id[who]).astype(np.int64)), "EVENT_DATE": day,
        "SNOMED_CODE": life.record.vocabulary.take(e["code"]), "OBSERVATION_VALUE": value, "UNIT": pa.array(UNITS).take(pa.array(e["unit"].astype(np.int64))),
    })  # fmt: skip
    _aside(aside, "event", people, table.filter(pa.array(former)), people.previous[who[former]])
    again = table.filter(pa.array(copy)).set_column(
        0, "PATIENT_ID", pa.array(people.patient_id[who[copy]].astype(np.int64))
    )
    write_plain(folder / "event.csv", pa.concat_tables([table.filter(pa.array(~former)), again]))
    wrong = np.flatnonzero(e["dirt"] >= 0)
    spool.put("truth_event", pa.table({
        "practice": pa.array(np.where(former, people.previous[who], people.plan.index)[wrong].astype(np.int32)),
        "patient_id": table["PATIENT_ID"].take(pa.array(wrong)), "kind": pa.array(dirt.KINDS).take(pa.array(e["dirt"][wrong].astype(np.int64))),
        "event_date": table["EVENT_DATE"].take(pa.array(wrong)), "code": table["SNOMED_CODE"].take(pa.array(wrong)), "value": value.take(pa.array(wrong)),
    }))  # fmt: skip
    return int(int(table.num_rows) + again.num_rows)


def _problem_codes(life: Life) -> Array:
    number = life.record.vocabulary.number
    return np.array(sorted({number(c) for x in CONDITIONS for c in codes.codes(x.name)}))


def _medicines(people: People, life: Life, m: dict[str, Array], folder: Path, aside: Path) -> int:
    who = m["who"]
    former = _moved(people, who, m["day"])
    table = pa.table({
        "PATIENT_ID": pa.array(np.where(former, people.former_id[who], people.patient_id[who]).astype(np.int64)), "ISSUE_DATE": clock.text(m["day"]),
        "DMD_CODE": life.record.vocabulary.take(m["code"]), "QUANTITY": pa.array(m["quantity"]), "DURATION_DAYS": pa.array(m["days"]),
        "ISSUE_TYPE": pa.array(["acute", "repeat"]).take(pa.array(m["repeat"].astype(np.int64))),
    })  # fmt: skip
    _aside(aside, "medication", people, table.filter(pa.array(former)), people.previous[who[former]])
    write_plain(folder / "medication.csv", table.filter(pa.array(~former)))
    return int(table.num_rows)


def _appointments(
    people: People, b: dict[str, Array], folder: Path, aside: Path, rng: np.random.Generator
) -> int:
    who = b["who"]
    n = len(who)
    former = _moved(people, who, b["day"])
    columns = {}
    for name, order in (
        ("status", appointments.STATUSES),
        ("mode", appointments.MODES),
        ("role", appointments.ROLES),
    ):
        spelt = appointments.SPELLINGS[name]
        words = [spelt[o][k % len(spelt[o])] for o in order for k in range(6)]
        lean = people.plan.index % 2 + (rng.random(n) < 0.06)
        columns[name] = pa.array(words).take(pa.array(b[name].astype(np.int64) * 6 + lean))
    table = pa.table({
        "APPOINTMENT_ID": pa.array(people.plan.index * 10_000_000 + np.arange(1, n + 1)), "PATIENT_ID": pa.array(np.where(former, people.former_id[who], people.patient_id[who]).astype(np.int64)),
        "BOOKED_DATE": clock.text(b["booked"]), "APPOINTMENT_DATE": clock.text(b["day"]), "STATUS": columns["status"], "MODE": columns["mode"], "ROLE": columns["role"],
        "DURATION_MINUTES": pa.array(b["minutes"].astype(np.int32)),
    })  # fmt: skip
    _aside(aside, "appointment", people, table.filter(pa.array(former)), people.previous[who[former]])
    write_plain(folder / "appointment.csv", table.filter(pa.array(~former)))
    return n


def deliver_movers(feeds: Path, work: Path, codes: dict[int, str]) -> None:
    """Add movers' earlier rows to their former practices' files, in order of the practice they moved to."""
    for path in sorted((work / "movers_people").glob("*.parquet")):
        by_practice: dict[int, list[dict[str, Any]]] = {}
        for row in pq.read_table(path).to_pylist():
            by_practice.setdefault(row["_to"], []).append(row)
        for index in sorted(by_practice):
            folder, rows = feeds / "gp" / codes[index], by_practice[index]
            periods = [(row["patient"][0], "R", row["start"], row["end"]) for row in rows]
            write_quoted(folder / "patient.csv", PATIENT, [row["patient"] for row in rows], append=True)
            write_quoted(folder / "registration.csv", REGISTRATION, periods, append=True)
            write_quoted(folder / "address.csv", ADDRESS, [row["home"] for row in rows], append=True)
    for kind in ("event", "medication", "appointment"):
        for path in sorted((work / "movers").glob(f"{kind}-*.parquet")):
            table = pq.read_table(path)
            to = np.asarray(table["_to"])
            table = table.drop_columns(["_to"])
            for index in np.unique(to).tolist():
                write_plain(
                    feeds / "gp" / codes[index] / f"{kind}.csv",
                    table.filter(pa.array(to == index)),
                    append=True,
                )


__all__ = ["deliver_movers", "note_hospital", "send"]
