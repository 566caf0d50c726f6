"""From a checked file to the table that is staged: identifiers out, pseudonyms in, sorted where asked."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from goldenthread.intake.arrivals import Arrival, content
from goldenthread.intake.checking import Checked, check
from goldenthread.intake.contract import ColumnRule, Contract
from goldenthread.intake.identities import patient_identities, permanent_addresses
from goldenthread.intake.ordering import keyed, latest_rows, sorted_rows
from goldenthread.intake.people import LocalRoster, Registered, birth_months, registered_people, who
from goldenthread.intake.quarantine import quarantine_lines, reason_counts
from goldenthread.intake.reading import RawFile, read_csv, read_parquet
from goldenthread.intake.staging import Account
from goldenthread.intake.values import EPOCH, PRECISION_CODES
from goldenthread.vault import Keys, hexadecimal, whole_numbers


@dataclass(frozen=True)
class StagedFile:
    """A file ready to be kept: its table, its account, its quarantined rows, and identities for the vault.

    ``identities``: of people as feeds other than practices' name them. ``patients``: what a practice's patient or
    address file says of its patients.
    """

    table: pa.Table
    account: Account
    quarantine: list[dict[str, Any]]
    identities: pa.Table | None
    patients: pa.Table | None = None


def split(arrival: Arrival, data: bytes) -> RawFile:
    """Split a file into rows and columns, by its kind."""
    reader = read_parquet if arrival.path.suffix == ".parquet" else read_csv
    return reader(data, arrival.contract)


def stage(
    arrival: Arrival, raw: RawFile, keys: Keys, roster: LocalRoster | None, today: datetime.date
) -> StagedFile:
    """Check and pseudonymise one file that has been split.

    Raises ``FileRefusedError`` where the file as a whole is not what its contract describes.
    """
    contract = arrival.contract
    checked = check(raw, contract, today, roster)
    account = Account(
        feed=contract.name,
        file=arrival.relative,
        organisation=arrival.organisation,
        rows_in=checked.raw.rows_in,
        accepted=len(checked.kept),
        quarantined=len(checked.refused) + len(checked.raw.unreadable),
        duplicates=checked.duplicates,
        staged=len(checked.kept),
        data_date=_data_date(checked, contract),
        reasons=dict(reason_counts(checked)),
        set_aside=dict(checked.set_aside),
        warnings=checked.raw.warnings,
        roster=roster.digest if roster is not None and contract.person == "local" else "",
    )
    identities, people = None, _people(arrival, checked, keys)
    patients = _identity_part(contract, checked, people, roster)
    if contract.person == "local":
        table = _local(checked, contract, account, keys)
    elif people is not None:
        table = _registered(checked, contract, keys, people)
    else:
        columns: dict[str, pa.Array] = {"row": pa.array(checked.kept)}
        if contract.person == "identity":
            found = who(checked, contract, keys, arrival.organisation, (today - EPOCH).days)
            columns |= {"pseudonym": found.pseudonym, "claimed": found.claimed, "record": found.record}
            columns["birth_month"] = birth_months(checked, contract)
            identities, account.withheld = found.identities, found.withheld
        table = pa.table(columns | _columns(checked, contract, checked.kept, keys))
    account.check()
    return StagedFile(table, account, quarantine_lines(arrival.relative, checked), identities, patients)


def _people(arrival: Arrival, checked: Checked, keys: Keys) -> Registered | None:
    if arrival.contract.person != "registered":
        return None
    return registered_people(checked, arrival.contract, keys, arrival.organisation)


def _identity_part(
    contract: Contract, checked: Checked, people: Registered | None, roster: LocalRoster | None
) -> pa.Table | None:
    """What a practice's patient or address file says of who its patients are; None of other files."""
    if people is not None:
        return patient_identities(checked, contract, people)
    if contract.table == "address" and roster is not None:
        return permanent_addresses(checked, contract, roster)
    return None


def reread_identities(
    arrival: Arrival, keys: Keys, roster: LocalRoster | None, today: datetime.date
) -> pa.Table | None:
    """Who a practice's patients are, of a file that is in force but was not read this time."""
    data, _ = content(arrival, None)
    checked = check(split(arrival, data), arrival.contract, today, roster)
    return _identity_part(arrival.contract, checked, _people(arrival, checked, keys), roster)


def _data_date(checked: Checked, contract: Contract) -> str:
    if not contract.data_date or contract.data_date not in checked.columns or not len(checked.kept):
        return ""
    latest = pc.max(checked.values(contract.data_date)).as_py()
    return "" if latest is None else (EPOCH + datetime.timedelta(days=latest)).isoformat()


def _columns(
    checked: Checked, contract: Contract, rows: NDArray[np.int64], keys: Keys
) -> dict[str, pa.Array]:
    """The columns that the contract stages, for the given rows, under their staged names."""
    return {
        to: _column(checked, rule, rows, keys)
        for to, rule in contract.staged.items()
        if rule.name in checked.columns
    } | {
        to: pa.nulls(len(rows), pa.string())
        for to, rule in contract.staged.items()
        if rule.name not in checked.columns
    }


def _column(checked: Checked, rule: ColumnRule, rows: NDArray[np.int64], keys: Keys) -> pa.Array:
    values = checked.columns[rule.name].values
    if rule.hash:
        values = _hashed(values, rule, keys)
    elif rule.type == "date":
        values = values.cast(pa.date32())
    index = pa.array(checked.raw.columns[rule.name].index[rows])
    if pa.types.is_string(values.type) or pa.types.is_binary(values.type):
        return _dictionary(index, values)
    return values.take(index)


def _dictionary(index: pa.Array, values: pa.Array) -> pa.DictionaryArray:
    """Values spread over rows by index, each distinct one held once."""
    encoded = values.dictionary_encode()
    return pa.DictionaryArray.from_arrays(encoded.indices.take(index), encoded.dictionary)


def _hashed(values: pa.Array, rule: ColumnRule, keys: Keys) -> pa.Array:
    if rule.hash == "household":
        return keys.households(values)
    hashed = keys.records(values, rule.hash)
    return whole_numbers(hashed) if rule.type == "integer" else hexadecimal(hashed)


def _registered(checked: Checked, contract: Contract, keys: Keys, people: Registered) -> pa.Table:
    columns = {
        "patient": people.patient,
        "pseudonym": people.pseudonym,
        "verified": people.verified,
        "birth_month": birth_months(checked, contract),
    }
    return pa.table(columns | _columns(checked, contract, checked.kept, keys)).sort_by("pseudonym")


def _local(checked: Checked, contract: Contract, account: Account, keys: Keys) -> pa.Table:
    """Rows about patients of one practice: sorted as the contract says, rows of one sort key merged."""
    rows = checked.kept
    patients = checked.patients if checked.patients is not None else np.empty(0, np.int32)
    names = {rule.to: name for name, rule in contract.columns.items() if rule.to}
    if contract.sort and len(rows):
        if (found := keyed(checked, contract, names)) is not None:
            account.staged, account.duplicates = found.table.num_rows, found.duplicates
            account.accepted = len(rows) - account.duplicates
            account.merged = account.accepted - account.staged
            return found.table
        rows, account.duplicates = sorted_rows(checked, contract, rows, names)
        account.accepted = len(checked.kept) - account.duplicates
        account.merged = account.accepted - len(rows)
        if contract.supersede:
            latest = latest_rows(checked, contract, rows)
            account.superseded, rows = len(rows) - len(latest), latest
        account.staged = len(rows)
    columns: dict[str, pa.Array] = {"patient": pa.array(patients[rows])}
    measured = checked.measured
    for to, rule in contract.staged.items():
        if measured is not None and to == "value":
            value = measured.values[measured.value[rows]]
            columns[to] = pa.array(value, mask=np.isnan(value))
        elif measured is not None and to == "unit":
            columns[to] = _dictionary(
                pa.array(measured.unit[rows]), pa.array([None, *measured.units[1:]], pa.string())
            )
        elif rule.name in checked.columns:
            columns[to] = _column(checked, rule, rows, keys)
    for name in names.values():
        made = checked.columns.get(name)
        rule = contract.columns[name]
        if made is not None and made.precision is not None and len(rule.precision) > 1:
            spread = (
                made.precision[checked.raw.columns[name].index[rows]] if len(rows) else np.empty(0, np.int8)
            )
            words = pa.array(PRECISION_CODES, pa.string())
            columns[f"{rule.to}_precision"] = pa.DictionaryArray.from_arrays(pa.array(spread), words)
    return pa.table(columns)
