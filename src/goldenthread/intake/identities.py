"""Identities of patients, from a practice's patient and address files, for the vault and nothing else."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from goldenthread.intake.checking import NO_DATE, Checked
from goldenthread.intake.contract import Contract
from goldenthread.intake.people import LocalRoster, registered_pseudonyms, stored
from goldenthread.intake.values import days
from goldenthread.vault import Keys

_PERSON = ("nhs_number", "family_name", "given_name", "birth_date", "sex", "telephone", "email", "sensitive")
_ADDRESS = ("address_line_1", "address_line_2", "postcode", "uprn")


def patient_identities(checked: Checked, contract: Contract, keys: Keys, organisation: str) -> pa.Table:
    """Who the patients of a practice are, in the vault's columns, without their addresses."""
    _, pseudonym, verified, local = registered_pseudonyms(checked, contract, keys, organisation)
    columns = {role: stored(checked, contract, role) for role in _PERSON}
    columns["pseudonym"] = pseudonym
    columns["local_identifier"] = pc.if_else(verified, pa.scalar(None, pa.string()), local)
    return pa.table(columns)


def permanent_addresses(checked: Checked, contract: Contract, roster: LocalRoster) -> pa.Table:
    """Permanent addresses of patients: pseudonym, address, first and last day (``NO_DATE`` while it goes on)."""
    names = {rule.to: name for name, rule in contract.columns.items() if rule.to}
    columns = {role: stored(checked, contract, role) for role in _ADDRESS}
    patients = checked.patients if checked.patients is not None else np.empty(0, np.int32)
    columns["pseudonym"] = roster.pseudonyms.take(pa.array(patients[checked.kept]))
    columns["start"] = pa.array(checked.days(names["start_date"])[checked.kept])
    columns["end"] = pa.array(checked.days(names["end_date"])[checked.kept])
    permanent = pc.fill_null(pc.equal(checked.values(names["type"]), "0"), False)
    return pa.table(columns).filter(permanent)


def practice_identities(
    patients: pa.Table, addresses: pa.Table | None, practice: str, home: set[bytes], as_of: datetime.date
) -> pa.Table:
    """Identities of the people whose practice this is now (``home``), with the address in force of the latest start."""
    keep = [row for row, each in enumerate(patients["pseudonym"].to_pylist()) if each in home]
    chosen = patients.take(pa.array(keep, pa.int64()))
    where = _current(addresses, as_of) if addresses is not None else {}
    found = [where.get(each, (None,) * len(_ADDRESS)) for each in chosen["pseudonym"].to_pylist()]
    for number, role in enumerate(_ADDRESS):
        chosen = chosen.append_column(role, pa.array([each[number] for each in found], pa.string()))
    chosen = chosen.append_column("practice", pa.array([practice] * len(keep), pa.string()))
    return chosen.append_column("updated", pa.array([as_of] * len(keep), pa.date32()))


def _current(addresses: pa.Table, as_of: datetime.date) -> dict[bytes, tuple[str | None, ...]]:
    end = addresses["end"].to_numpy()
    inside = addresses.filter(pa.array((end == NO_DATE) | (end > days(as_of))))
    order = np.argsort(inside["start"].to_numpy(), kind="stable")
    ordered = inside.take(pa.array(order))
    texts = [ordered[role].to_pylist() for role in _ADDRESS]
    # A dictionary keeps the last row of a pseudonym: the latest start.
    return dict(zip(ordered["pseudonym"].to_pylist(), zip(*texts, strict=True), strict=True))
