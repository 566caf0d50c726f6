"""Identities of patients, from a practice's patient and address files, for the vault and nothing else."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

from goldenthread.intake.checking import NO_DATE, Checked
from goldenthread.intake.contract import Contract
from goldenthread.intake.people import LocalRoster, Registered, stored
from goldenthread.intake.values import days

_PERSON = ("nhs_number", "family_name", "given_name", "birth_date", "sex", "telephone", "email", "sensitive")
_ADDRESS = ("address_line_1", "address_line_2", "postcode", "uprn")


def patient_identities(checked: Checked, contract: Contract, people: Registered) -> pa.Table:
    """Who the patients of a practice are, in the vault's columns, without their addresses."""
    columns = {role: stored(checked, contract, role) for role in _PERSON}
    columns["pseudonym"] = people.pseudonym
    columns["local_identifier"] = pc.if_else(people.verified, pa.scalar(None, pa.string()), people.local)
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


def kept(identities: pa.Table) -> pa.Buffer:
    """Identities as one piece of memory until they are sealed.

    Left among what reading needs for a moment, each of their columns would keep much more from the system.
    """
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, identities.schema) as writer:
        writer.write_table(identities)
    return sink.getvalue()


def opened(identities: pa.Buffer) -> pa.Table:
    """Identities that were ``kept``."""
    return pa.ipc.open_stream(identities).read_all()


def practice_identities(
    patients: pa.Table, addresses: pa.Table | None, practice: str, home: pa.Array, as_of: datetime.date
) -> pa.Table:
    """Identities of the people whose practice this is now (``home``), with the address in force of the latest start."""
    chosen = patients.filter(pc.is_in(patients["pseudonym"], value_set=home))
    where = _current(addresses, as_of) if addresses is not None else None
    at = None if where is None else pc.index_in(chosen["pseudonym"], value_set=where["pseudonym"])
    for role in _ADDRESS:
        nowhere = pa.nulls(chosen.num_rows, pa.string())
        chosen = chosen.append_column(role, nowhere if where is None else where[role].take(at))
    chosen = chosen.append_column("practice", pa.array([practice] * chosen.num_rows, pa.string()))
    return chosen.append_column("updated", pa.array([as_of] * chosen.num_rows, pa.date32()))


def _current(addresses: pa.Table, as_of: datetime.date) -> pa.Table:
    """Of each person with an address in force the one of the latest start, the last in the file of several."""
    end = addresses["end"].to_numpy()
    inside = addresses.filter(pa.array((end == NO_DATE) | (end > days(as_of))))
    order = np.argsort(inside["start"].to_numpy(), kind="stable")
    if not len(order):
        return inside
    people = inside["pseudonym"].combine_chunks().dictionary_encode()
    last = np.empty(len(people.dictionary), np.int64)
    last[people.indices.to_numpy()[order]] = order
    return inside.take(pa.array(last)).set_column(
        inside.column_names.index("pseudonym"), "pseudonym", people.dictionary
    )
