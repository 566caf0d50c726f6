"""Identities of patients, read from a practice's patient and address files for the vault and nothing else."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa

from goldenthread.intake.arrivals import Arrival, content
from goldenthread.intake.checking import NO_DATE, check
from goldenthread.intake.people import LocalRoster, registered_pseudonyms, stored
from goldenthread.intake.stage import split
from goldenthread.intake.values import days
from goldenthread.vault import PSEUDONYM, Keys

_PERSON = ("family_name", "given_name", "birth_date", "sex", "telephone", "email", "sensitive")
_ADDRESS = ("address_line_1", "address_line_2", "postcode", "uprn")


def practice_identities(
    patients: Arrival,
    addresses: Arrival | None,
    roster: LocalRoster,
    keys: Keys,
    home: set[bytes],
    as_of: datetime.date,
    today: datetime.date,
) -> pa.Table:
    """Identities of the people whose practice this is now (``home``), in the vault's columns.

    The address is the permanent one in force, of the latest start.
    """
    data, _ = content(patients, None)
    contract = patients.contract
    checked = check(split(patients, data), contract, today)
    _, pseudonym, verified, local = registered_pseudonyms(checked, contract, keys, patients.organisation)
    keep = [row for row, each in enumerate(pseudonym.to_pylist()) if each in home]
    rows = pa.array(keep, pa.int64())
    columns = {role: stored(checked, contract, role).take(rows) for role in _PERSON}
    number = stored(checked, contract, "nhs_number").take(rows)
    kept = pseudonym.take(rows)
    columns |= {"pseudonym": kept, "nhs_number": number}
    columns["local_identifier"] = pa.compute.if_else(
        verified.take(rows), pa.scalar(None, pa.string()), local.take(rows)
    )
    columns["practice"] = pa.array([patients.organisation] * len(keep), pa.string())
    columns["updated"] = pa.array([as_of] * len(keep), pa.date32())
    where = _addresses(addresses, roster, as_of, today) if addresses is not None else {}
    found = [where.get(each, (None,) * len(_ADDRESS)) for each in kept.to_pylist()]
    for number_, role in enumerate(_ADDRESS):
        columns[role] = pa.array([each[number_] for each in found], pa.string())
    columns["pseudonym"] = columns["pseudonym"].cast(PSEUDONYM)
    return pa.table(columns)


def _addresses(
    arrival: Arrival, roster: LocalRoster, as_of: datetime.date, today: datetime.date
) -> dict[bytes, tuple[str | None, ...]]:
    data, _ = content(arrival, None)
    contract = arrival.contract
    checked = check(split(arrival, data), contract, today, roster)
    if not len(checked.kept) or checked.patients is None:
        return {}
    names = {rule.to: name for name, rule in contract.columns.items() if rule.to}
    permanent = np.array([kind == "0" for kind in checked.values(names["type"]).to_pylist()])
    start = checked.days(names["start_date"])[checked.kept]
    end = checked.days(names["end_date"])[checked.kept]
    inside = permanent & ((end == NO_DATE) | (end > days(as_of)))
    patients = checked.patients[checked.kept]
    order = np.lexsort((checked.kept, start, inside, patients))
    last = order[np.concatenate([patients[order][1:] != patients[order][:-1], [True]])]
    last = last[inside[last]]
    rows = pa.array(last)
    texts = [stored(checked, contract, role).take(rows).to_pylist() for role in _ADDRESS]
    people = roster.pseudonyms.take(pa.array(patients[last])).to_pylist()
    return dict(zip(people, zip(*texts, strict=True), strict=True))
