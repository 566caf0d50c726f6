"""Rows a practice's people leave with hospitals, services and councils, spooled by period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from goldenthread.demo import (
    clock,
    community,
    hospital,
    identity,
    initiatives,
    names,
    reference,
    social,
    urgent,
)
from goldenthread.demo.conditions import INDEX
from goldenthread.demo.identity import strings
from goldenthread.demo.population import VISITOR, People
from goldenthread.demo.writers import Spool

if TYPE_CHECKING:
    from goldenthread.demo.practice import Life

Array = npt.NDArray[Any]
MONTHS = clock.months(clock.HOSPITAL_START, clock.DATA_DATE)
QUARTERS = clock.quarters(clock.HOSPITAL_START, clock.DATA_DATE)
YEARS = (2023, 2024, 2025, 2026)
_MONTH_ENDS = np.array([m[2] for m in MONTHS])
_QUARTER_ENDS = np.array([q[2] for q in QUARTERS])


def send_shared(life: Life, spool: Spool, rng: np.random.Generator) -> dict[str, int]:
    """Spool every shared feed; returns rows by feed."""
    people = life.people
    counts = {
        "ecds": _ecds(life, spool, rng), "apc": _apc(life, spool, rng), "op": _op(people, spool, rng),
        "urgent": _calls(life, spool, rng), "cld": _cld(life, spool, rng), "council": _council(people, spool, rng),
        "deaths": _deaths(people, life, spool, rng), "programme": _programme(life, spool),
    }  # fmt: skip
    for name, rows in (
        ("csds", community.care(people, life.events, life.stays, rng)), ("mhsds", community.mental_health(people, life.events, rng)),
    ):  # fmt: skip
        counts[name] = _service(name, people, *rows, spool, rng)
    return counts


def _ids(prefix: str, people: People, n: int) -> pa.Array:
    return pa.array([f"{prefix}{people.plan.index:02d}{i:07d}" for i in range(n)], pa.string())


def _send(
    spool: Spool,
    feed: str,
    people: People,
    key: str,
    columns: dict[str, Any],
    who: Array,
    day: Array,
    problem: Array,
    rng: np.random.Generator,
) -> int:
    """Add extract date and update type; some rows come late, some again with a later extract, a few are deleted."""
    n = len(who)
    period = np.searchsorted(_MONTH_ENDS, day)
    last = len(MONTHS) - 1
    late = (rng.random(n) < 0.02) & (period < last)
    period = period + late
    again = np.flatnonzero((rng.random(n) < 0.03) & (period < last))
    deleted = np.flatnonzero((rng.random(n) < 0.002) & (period < last))
    table = pa.table(columns)
    row = np.concatenate([np.arange(n), again, deleted])
    periods = np.concatenate([period, period[again] + 1, period[deleted] + 1])
    kind = np.concatenate([np.full(n, "9"), np.full(len(again), "9"), np.full(len(deleted), "1")]).astype(
        object
    )
    out = table.take(pa.array(row))
    out = out.add_column(1, "CDS_EXTRACT_DATE", clock.text(_MONTH_ENDS[periods] + 9))
    out = out.add_column(2, "CDS_UPDATE_TYPE", strings(kind))
    if "ACTIVITY_TREATMENT_FUNCTION_CODE" in out.column_names:
        changed = out["ACTIVITY_TREATMENT_FUNCTION_CODE"].to_numpy(zero_copy_only=False).copy()
        first = np.isin(np.arange(len(row)), np.flatnonzero(np.isin(np.arange(n), again)))
        changed[first] = "300"
        i = out.column_names.index("ACTIVITY_TREATMENT_FUNCTION_CODE")
        out = out.set_column(i, "ACTIVITY_TREATMENT_FUNCTION_CODE", strings(changed))
    spool.put(feed, out, periods, len(MONTHS))
    _links(spool, feed, people, table[key], who, problem)
    _late(spool, feed, people, table[key], late, again, deleted)
    return int(out.num_rows)


def _links(spool: Spool, feed: str, people: People, key: Any, who: Array, problem: Array) -> None:
    """The truth about rows sent without a sound NHS number (withheld rows too: nobody may link them)."""
    rows = np.flatnonzero(problem > 0)
    spool.put(f"truth_link_{feed}", pa.table({
        "feed": pa.array([feed] * len(rows), pa.string()), "row_id": key.take(pa.array(rows)), "nhs_number": strings(people.nhs[who[rows]]),
        "registered": pa.array(people.kind[who[rows]] != VISITOR), "problem": pa.array(list(identity.KINDS)).take(pa.array(problem[rows].astype(np.int64))),
    }))  # fmt: skip


def _late(
    spool: Spool, feed: str, people: People, key: Any, late: Array, again: Array, deleted: Array
) -> None:
    rows = np.concatenate([np.flatnonzero(late), again, deleted])
    kind = ["late"] * int(late.sum()) + ["sent again"] * len(again) + ["deleted"] * len(deleted)
    spool.put(
        f"truth_supersede_{feed}",
        pa.table(
            {
                "feed": pa.array([feed] * len(rows), pa.string()),
                "row_id": key.take(pa.array(rows)),
                "kind": pa.array(kind, pa.string()),
            }
        ),
    )


def _ecds(life: Life, spool: Spool, rng: np.random.Generator) -> int:
    people = life.people
    a = hospital.attendances(people, life.events, rng)
    who = a["who"]
    hidden = (a["cause"] == urgent.CAUSE["mental health"]) & (rng.random(len(who)) < 0.03)
    who_is, problem = identity.block(people, who, rng, 0.045, hidden)
    leaves = a["minute"] + a["wait"]
    columns = {
        "EMERGENCY_CARE_ATTENDANCE_IDENTIFIER": _ids("EC", people, len(who)), **_identity(who_is),
        "ORGANISATION_SITE_IDENTIFIER_OF_TREATMENT": strings(a["site"]), "EMERGENCY_CARE_DEPARTMENT_TYPE": strings(a["department"]),
        "EMERGENCY_CARE_ATTENDANCE_CATEGORY": strings(a["category"]),
        "EMERGENCY_CARE_ARRIVAL_MODE_SNOMED_CT": strings(np.where(a["ambulance"], "1048031000000100", np.where(rng.random(len(who)) < 0.06, "1048061000000105", "1048071000000103"))),
        "EMERGENCY_CARE_ARRIVAL_DATE": clock.text(a["day"]), "EMERGENCY_CARE_ARRIVAL_TIME": clock.times(a["minute"]),
        "EMERGENCY_CARE_DEPARTURE_DATE": clock.text(a["day"] + leaves // 1440), "EMERGENCY_CARE_DEPARTURE_TIME": clock.times(leaves),
        "EMERGENCY_CARE_ACUITY_SNOMED_CT": strings(a["acuity"]), "EMERGENCY_CARE_CHIEF_COMPLAINT_SNOMED_CT": strings(a["complaint"]),
        "EMERGENCY_CARE_DIAGNOSIS_SNOMED_CT": strings(np.where(rng.random(len(who)) < 0.06, "", a["diagnosis"])),
        "EMERGENCY_CARE_INJURY_MECHANISM_SNOMED_CT": strings(a["mechanism"]), "EMERGENCY_CARE_DISCHARGE_DESTINATION_SNOMED_CT": strings(a["destination"]),
        "ACCOMMODATION_STATUS_SNOMED_CT": strings(a["accommodation"]),
    }  # fmt: skip
    return _send(
        spool, "ecds", people, "EMERGENCY_CARE_ATTENDANCE_IDENTIFIER", columns, who, a["day"], problem, rng
    )


def _identity(block: dict[str, pa.Array]) -> dict[str, pa.Array]:
    order = ("NHS_NUMBER", "NHS_NUMBER_STATUS_INDICATOR_CODE", "WITHHELD_IDENTITY_REASON", "LOCAL_PATIENT_IDENTIFIER", "PERSON_GIVEN_NAME", "PERSON_FAMILY_NAME", "PERSON_BIRTH_DATE",
             "PERSON_STATED_GENDER_CODE", "ETHNIC_CATEGORY", "POSTCODE_OF_USUAL_ADDRESS", "GENERAL_MEDICAL_PRACTICE_CODE_PATIENT_REGISTRATION")  # fmt: skip
    return {k: block[k] for k in order}


def _apc(life: Life, spool: Spool, rng: np.random.Generator) -> int:
    people, stays = life.people, life.stays
    e = hospital.episodes(people, stays, rng)
    who_stays = stays["who"]
    private = np.isin(np.array([str(c)[:1] for c in stays["icd"]]), ["F", "X"]) | (stays["icd"] == "T509")
    hidden = private & (rng.random(len(who_stays)) < 0.03)
    block, problem = identity.block(people, who_stays, rng, 0.018, hidden)
    at = pa.array(e["spell"])
    n = len(e["who"])
    site = np.array(reference.SITES, dtype=object)[rng.choice(3, len(who_stays), p=[0.5, 0.34, 0.16])][
        e["spell"]
    ]
    columns = {
        "CDS_UNIQUE_IDENTIFIER": _ids("AP", people, n), **{k: v.take(at) for k, v in _identity(block).items()},
        "HOSPITAL_PROVIDER_SPELL_NUMBER": _ids("SP", people, len(who_stays)).take(at), "EPISODE_NUMBER": pa.array(e["number"]),
        "LAST_EPISODE_IN_SPELL_INDICATOR_CODE": strings(e["last"]), "START_DATE_HOSPITAL_PROVIDER_SPELL": clock.text(e["start"]),
        "DISCHARGE_DATE_HOSPITAL_PROVIDER_SPELL": clock.text(e["finish"]), "EPISODE_START_DATE": clock.text(e["ep_start"]), "EPISODE_END_DATE": clock.text(e["ep_finish"]),
        "ADMISSION_METHOD_CODE": strings(e["method"]), "PATIENT_CLASSIFICATION_CODE": strings(e["klass"]), "DISCHARGE_METHOD_CODE": strings(e["how"]),
        "DISCHARGE_DESTINATION_CODE": strings(e["to"]), "ACTIVITY_TREATMENT_FUNCTION_CODE": strings(e["function"]), "SITE_CODE_OF_TREATMENT": strings(site),
        "PRIMARY_DIAGNOSIS_ICD": strings(e["primary"]), **{f"SECONDARY_DIAGNOSIS_ICD_{k}": strings(e[f"second{k}"]) for k in range(1, 13)},
        "PRIMARY_PROCEDURE_OPCS": strings(e["opcs"]), **{f"SECONDARY_PROCEDURE_OPCS_{k}": strings(np.full(n, "", dtype=object)) for k in range(1, 5)},
    }  # fmt: skip
    return _send(
        spool,
        "apc",
        people,
        "CDS_UNIQUE_IDENTIFIER",
        columns,
        e["who"],
        e["finish"],
        problem[e["spell"]],
        rng,
    )


def _op(people: People, spool: Spool, rng: np.random.Generator) -> int:
    o = hospital.outpatients(people, rng)
    block, problem = identity.block(people, o["who"], rng, 0.009)
    columns = {
        "ATTENDANCE_IDENTIFIER": _ids("OP", people, len(o["who"])), **_identity(block), "APPOINTMENT_DATE": clock.text(o["day"]),
        "ACTIVITY_TREATMENT_FUNCTION_CODE": strings(o["function"]), "FIRST_ATTENDANCE_CODE": strings(o["first"]),
        "ATTENDED_OR_DID_NOT_ATTEND_CODE": strings(o["attended"]), "OUTCOME_OF_ATTENDANCE_CODE": strings(o["outcome"]), "PRIORITY_TYPE_CODE": strings(o["priority"]),
    }  # fmt: skip
    return _send(spool, "op", people, "ATTENDANCE_IDENTIFIER", columns, o["who"], o["day"], problem, rng)


def _calls(life: Life, spool: Spool, rng: np.random.Generator) -> int:
    people = life.people
    c = community.calls(people, life.events, life.stays, rng)
    who = c["who"]
    block, problem = identity.block(people, who, rng, 0.13)
    spelling = {
        "ambulance sent": "Ambulance sent",
        "emergency department": "ED",
        "primary care": "Primary care",
        "self care": "Self care",
        "other service": "Other service",
    }
    table = pa.table({
        "CALL_ID": _ids("UC", people, len(who)), **{k: block[k] for k in ("NHS_NUMBER", "NHS_NUMBER_STATUS_INDICATOR_CODE", "PERSON_GIVEN_NAME", "PERSON_FAMILY_NAME", "PERSON_BIRTH_DATE", "PERSON_STATED_GENDER_CODE")},
        "POSTCODE": block["POSTCODE_OF_USUAL_ADDRESS"], "CALL_DATE": clock.text(c["day"]), "CALL_TIME": clock.times(c["minute"]), "SERVICE": strings(c["service"]),
        "REASON": strings(c["reason"]), "DISPOSITION": pa.array([spelling[d] for d in c["disposition"]], pa.string()), "CONVEYED": strings(np.where(c["conveyed"], "Y", "N")),
    })  # fmt: skip
    year = np.array([clock.day(y + 1) for y in YEARS])
    spool.put("urgent", table, np.searchsorted(year, c["day"], side="right"), len(YEARS))
    _links(spool, "urgent", people, table["CALL_ID"], who, problem)
    return int(table.num_rows)


def _service(
    name: str,
    people: People,
    referrals: dict[str, Array],
    contacts: dict[str, Array],
    spool: Spool,
    rng: np.random.Generator,
) -> int:
    """CSDS or MHSDS: master patient index, referrals and contacts of each quarter."""
    who = referrals["who"]
    unique, position = np.unique(who, return_inverse=True)
    block, problem = identity.block(people, unique, rng, 0.022 if name == "csds" else 0.03)
    prefix = "C" if name == "csds" else "M"
    local = strings(
        np.array(
            [f"{prefix}{(i * 5_167_961) % 100_000_000:08d}" for i in people.index_in_demo[unique].tolist()],
            dtype=object,
        )
    )
    ref_id = _ids(f"{prefix}R", people, len(who))
    quarter = np.minimum(np.searchsorted(_QUARTER_ENDS, contacts["day"]), len(QUARTERS) - 1)
    contact = pa.table({
        "CARE_CONTACT_IDENTIFIER": _ids(f"{prefix}K", people, len(contacts["day"])), "SERVICE_REQUEST_IDENTIFIER": ref_id.take(pa.array(contacts["referral"])),
        "CARE_CONTACT_DATE": clock.text(contacts["day"]), "CLINICAL_CONTACT_DURATION_OF_CARE_CONTACT": pa.array(contacts["minutes"]),
        **({"ACTIVITY_LOCATION_TYPE_CODE": strings(contacts["location"])} if "location" in contacts else {}), "ATTENDED_OR_DID_NOT_ATTEND_CODE": strings(contacts["attended"]),
    })  # fmt: skip
    if "location" not in contacts:
        contact = contact.add_column(
            4,
            "ACTIVITY_LOCATION_TYPE_CODE",
            strings(np.where(rng.random(contact.num_rows) < 0.6, "B01", "A01")),
        )
    spool.put(f"{name}_contact", contact, quarter, len(QUARTERS))
    starts = np.array([q[1] for q in QUARTERS])
    active = (referrals["first"][:, None] <= _QUARTER_ENDS[None, :]) & (
        referrals["last"][:, None] >= starts[None, :]
    )
    ref, ref_quarter = np.nonzero(active)
    referral = pa.table({
        "SERVICE_REQUEST_IDENTIFIER": ref_id.take(pa.array(ref)), "LOCAL_PATIENT_IDENTIFIER_EXTENDED": local.take(pa.array(position[ref])),
        "REFERRAL_REQUEST_RECEIVED_DATE": clock.text(referrals["first"][ref]), "SERVICE_OR_TEAM_TYPE_REFERRED_TO": strings(referrals["service"][ref]),
    })  # fmt: skip
    spool.put(f"{name}_referral", referral, ref_quarter, len(QUARTERS))
    pairs = np.unique(np.stack([position[ref], ref_quarter]), axis=1)
    mpi = pa.table({"LOCAL_PATIENT_IDENTIFIER_EXTENDED": local, **{k: block[k] for k in ("NHS_NUMBER", "NHS_NUMBER_STATUS_INDICATOR_CODE", "PERSON_BIRTH_DATE", "PERSON_STATED_GENDER_CODE",
                    "ETHNIC_CATEGORY", "POSTCODE_OF_USUAL_ADDRESS", "PERSON_GIVEN_NAME", "PERSON_FAMILY_NAME")}})  # fmt: skip
    spool.put(f"{name}_mpi", mpi.take(pa.array(pairs[0])), pairs[1], len(QUARTERS))
    _links(spool, name, people, mpi["LOCAL_PATIENT_IDENTIFIER_EXTENDED"], unique, problem)
    return int(contact.num_rows)


def council_block(
    people: People, who: Array, rng: np.random.Generator, known: float
) -> tuple[dict[str, list[Any]], Array]:
    """How a council knows people: name, birth, address; for some an NHS number, seldom a wrong one."""
    n = len(who)
    given, family = people.given[who].tolist(), people.family[who].tolist()
    birth = people.birth[who].tolist()
    postcode, line1, uprn = (
        people.postcode[who].tolist(),
        people.line1[who].tolist(),
        people.uprn[who].tolist(),
    )
    problem = np.full(n, 1)
    number = [""] * n
    for i in range(n):
        roll = rng.random()
        p = int(who[i])
        if roll < known * 0.975:
            number[i], problem[i] = people.nhs[p], 0
        elif roll < known * 0.99:
            number[i], problem[i] = identity.mistype(rng, people.nhs[p]), 3
        elif roll < known:
            mates = np.flatnonzero((people.household == people.household[p]) & (np.arange(len(people)) != p))
            if len(mates):
                number[i], problem[i] = people.nhs[int(mates[0])], 4
        if rng.random() < 0.12:
            given[i], family[i] = names.variant(rng, given[i], family[i])
        birth[i] = identity.slipped_birth(rng, birth[i])
        if rng.random() < 0.05:
            j = int(rng.integers(0, len(people)))
            postcode[i], line1[i], uprn[i] = people.postcode[j], people.line1[j], people.uprn[j]
        if rng.random() < 0.35:
            uprn[i] = ""
    return {
        "nhs": number,
        "given": given,
        "family": family,
        "birth": birth,
        "postcode": postcode,
        "line1": line1,
        "uprn": uprn,
    }, problem


def _cld(life: Life, spool: Spool, rng: np.random.Generator) -> int:
    people = life.people
    rows = social.split(social.packages(people, life.stays, rng), rng)
    unique, position = np.unique(rows["who"], return_inverse=True)
    block, problem = council_block(people, unique, rng, 0.62)
    n = len(rows["who"])

    def spelt(column: str, key: str) -> pa.Array:
        options = social.SPELLINGS[column]
        roll = rng.random(n)
        return pa.array(
            [
                options[k][(0 if r < 0.8 else 1 if r < 0.93 else 2) % len(options[k])]
                for k, r in zip(rows[key].tolist(), roll.tolist(), strict=True)
            ],
            pa.string(),
        )

    person = pa.array(
        [f"LA{(i * 6_700_417) % 100_000_000:08d}" for i in people.index_in_demo[unique].tolist()], pa.string()
    )
    at = pa.array(position)

    def text(k: str) -> pa.Array:
        return pa.array([str(x) for x in block[k]], pa.string()).take(at)

    gender = np.array(["", "Male", "Female"], dtype=object)[people.sex[rows["who"]]]
    table = pa.table({
        "LA_Person_Unique_Identifier": person.take(at), "NHS_Number": text("nhs"), "Given_Name": text("given"), "Family_Name": text("family"),
        "Date_of_Birth": clock.text(np.array(block["birth"])[position] if n else np.zeros(0), "uk"), "Gender": strings(gender), "Ethnicity": strings(people.ethnic_recorded[rows["who"]]),
        "Postcode": text("postcode"), "Client_Type": spelt("Client_Type", "client"), "Event_Type": spelt("Event_Type", "event"),
        "Event_Reference": pa.array([f"EV{people.plan.index:02d}{p:06d}-{k:02d}" for p, k in zip(rows["package"].tolist(), rows["part"].tolist(), strict=True)], pa.string()),
        "first": pa.array(rows["first"]), "last": pa.array(rows["last"]), "Service_Type": spelt("Service_Type", "service"), "Delivery_Mechanism": spelt("Delivery_Mechanism", "delivery"),
        "Primary_Support_Reason": spelt("Primary_Support_Reason", "reason"), "Accommodation_Status": strings(np.where(people.care_home[rows["who"]], "Care home", "Owner occupier or tenant")),
        "Event_Outcome": strings(np.where(rows["event"] == "request", "Progress to assessment", "Progress to support")),
    })  # fmt: skip
    spool.put("cld", table)
    _links(spool, "cld", people, person, unique, problem)
    people.more["in_social_care"] = np.isin(np.arange(len(people)), unique)
    return n


def _council(people: People, spool: Spool, rng: np.random.Generator) -> int:
    c = social.circumstances(people, rng)
    who = c["who"]
    block, problem = council_block(people, who, rng, 0.07)
    district = reference.lsoas()["district_code"][people.lsoa[who]].astype(object)
    county = c["kind"] == "free school meals"
    outside = ~np.isin(district.astype(str), list(DISTRICTS))
    code = np.where(county | outside, "CLN", district).astype(object)
    reference_no = _ids("CR", people, len(who))
    sex = np.array(["", "M", "F"], dtype=object)[people.sex[who]]
    table = pa.table({
        "council": strings(code), "PERSON_REFERENCE": reference_no, "NHS_NUMBER": pa.array(block["nhs"], pa.string()), "GIVEN_NAME": pa.array(block["given"], pa.string()),
        "FAMILY_NAME": pa.array(block["family"], pa.string()), "DATE_OF_BIRTH": clock.text(np.array(block["birth"], dtype=np.int64)), "SEX": strings(sex),
        "ADDRESS_LINE_1": pa.array(block["line1"], pa.string()), "ADDRESS_LINE_2": strings(people.line2[who]), "POSTCODE": pa.array(block["postcode"], pa.string()),
        "UPRN": pa.array([str(u) for u in block["uprn"]], pa.string()), "KIND": strings(c["kind"]), "START_DATE": clock.text(c["first"]), "END_DATE": clock.text(c["last"]),
    })  # fmt: skip
    spool.put("council", table)
    _links(spool, "council", people, reference_no, who, problem)
    return int(table.num_rows)


DISTRICTS = {"E07000136", "E07000137", "E07000138", "E07000139", "E07000140", "E07000141", "E07000142"}


def _deaths(people: People, life: Life, spool: Spool, rng: np.random.Generator) -> int:
    who = np.flatnonzero(people.death != clock.NEVER)
    block, problem = identity.block(people, who, rng, 0.012)
    cause = causes_of_death(people, who, rng)
    table = pa.table({
        **{k: block[k] for k in ("NHS_NUMBER", "NHS_NUMBER_STATUS_INDICATOR_CODE", "PERSON_GIVEN_NAME", "PERSON_FAMILY_NAME", "PERSON_BIRTH_DATE", "PERSON_STATED_GENDER_CODE", "POSTCODE_OF_USUAL_ADDRESS")},
        "DEATH_DATE": clock.text(people.death[who]), "UNDERLYING_CAUSE_OF_DEATH_ICD": strings(cause),
    })  # fmt: skip
    spool.put("deaths", table)
    key = pa.array([f"{people.plan.index:02d}-{i}" for i in who.tolist()], pa.string())
    _links(spool, "deaths", people, key, who, problem)
    return int(table.num_rows)


def causes_of_death(people: People, who: Array, rng: np.random.Generator) -> Array:
    """Underlying cause that fits what the person had and their age."""
    out = np.empty(len(who), dtype=object)
    options = (("cancer", "C349", 4.0), ("dementia", "F03X", 3.4), ("chd", "I251", 1.8), ("copd", "J449", 1.9), ("stroke", "I639", 1.5), ("heart_failure", "I500", 0.9),
               ("chronic_liver_disease", "K703", 4.0), ("drug_misuse", "X420", 4.0), ("self_harm", "X700", 1.5), ("parkinsons", "G20X", 2.5), ("diabetes", "E119", 0.5))  # fmt: skip
    base = [("J189", 0.5), ("I219", 0.6), ("A419", 0.3), ("C189", 0.35), ("C809", 0.3)]
    for k, i in enumerate(who.tolist()):
        age = people.age[i]
        pool = [(code, w) for c, code, w in options if people.has[i, INDEX[c]]]
        pool += base if age >= 35 else [("X599", 0.8), ("X700", 0.6), ("Q249", 0.5), ("G409", 0.2)]
        if age >= 90:
            pool.append(("R54X", 0.8))
        weight = np.array([w for _, w in pool])
        out[k] = pool[int(rng.choice(len(pool), p=weight / weight.sum()))][0]
    return out


def _programme(life: Life, spool: Spool) -> int:
    people, c = life.people, life.contacts
    who = c["who"]
    order = np.lexsort((c["outcome"], c["day"], who, c["initiative"]))
    label = pa.array([i.name for i in initiatives.INITIATIVES])
    table = pa.table({
        "pcn": pa.array([people.plan.pcn] * len(who), pa.string()), "INITIATIVE": label.take(pa.array(c["initiative"][order].astype(np.int64))), "NHS_NUMBER": strings(people.nhs[who[order]]),
        "CONTACT_DATE": clock.text(c["day"][order]), "OUTCOME": pa.array(["invited", "reached", "declined", "completed"]).take(pa.array(c["outcome"][order].astype(np.int64))),
    })  # fmt: skip
    spool.put("programme", table)
    return int(table.num_rows)
