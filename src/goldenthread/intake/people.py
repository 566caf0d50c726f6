"""Says who a row is about without saying who they are: pseudonyms, record hashes, and identities for the vault."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from goldenthread.intake.checking import NO_DATE, NO_PATIENT, Checked
from goldenthread.intake.contract import Contract
from goldenthread.vault import LOCAL_PEOPLE, PSEUDONYM, Keys, joined

_NEVER = np.iinfo(np.int32).max
VERIFIED = "01"
"""NHS NUMBER STATUS INDICATOR CODE 01: number present and verified. Only such numbers identify a person."""
_COMPARED = (
    "local_id",
    "family_name",
    "given_name",
    "birth_date",
    "sex",
    "postcode",
    "address_line_1",
    "uprn",
)
_STORED = (
    "family_name",
    "given_name",
    "birth_date",
    "sex",
    "address_line_1",
    "address_line_2",
    "postcode",
    "uprn",
    "telephone",
    "email",
    "sensitive",
)


@dataclass(frozen=True)
class LocalRoster:
    """The patients of one practice: local number (hashed) -> the practice's own dense number.

    Numbers follow the order of pseudonyms, so that the same patients always have the same numbers; two
    local numbers of one person share one.
    """

    organisation: str
    keys: Keys
    hashes: pa.Array
    places: NDArray[np.int32]
    pseudonyms: pa.Array
    births: NDArray[np.int32]
    digest: str
    _seen: dict[str, tuple[pa.Array, NDArray[np.int32]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def numbers(self, local_ids: pa.Array) -> NDArray[np.int32]:
        """The practice's own number of each patient, or -1 where there is none.

        Local numbers seen before are not hashed again: a practice sends the same ones in each of its files.
        """
        texts, numbers = self._seen.get("numbers", (pa.array([], pa.string()), np.empty(0, np.int32)))
        at = pc.index_in(local_ids, value_set=texts)
        fresh = local_ids.filter(pc.and_(local_ids.is_valid(), at.is_null())).unique()
        if len(fresh):
            hashed = local_people(self.keys, self.organisation, fresh)
            place = pc.fill_null(pc.index_in(hashed, value_set=self.hashes), NO_PATIENT).to_numpy()
            texts = pa.concat_arrays([texts, fresh])
            numbers = np.concatenate([numbers, np.append(self.places, NO_PATIENT)[place]]).astype(np.int32)
            self._seen["numbers"] = (texts, numbers)
            at = pc.index_in(local_ids, value_set=texts)
        found: NDArray[np.int32] = np.append(numbers, np.int32(NO_PATIENT))[pc.fill_null(at, -1).to_numpy()]
        return found


def local_people(keys: Keys, organisation: str, local_ids: pa.Array) -> pa.Array:
    """Keyed hashes of an organisation's own patient numbers; null gives null."""
    return keys.records(_qualified(organisation, local_ids), LOCAL_PEOPLE)


def _qualified(organisation: str, local_ids: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(pa.scalar(organisation), local_ids.cast(pa.string()), "|")


def roster(organisation: str, keys: Keys, patients: pa.Table) -> LocalRoster:
    """The roster of a practice from its staged patients (``patient``, ``pseudonym``, ``birth_month``)."""
    encoded = patients["pseudonym"].combine_chunks().cast(PSEUDONYM).dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    ordered = encoded.dictionary.take(order)
    rank = np.empty(len(order), np.int32)
    rank[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
    places = rank[encoded.indices.to_numpy()]
    months = patients["birth_month"].cast(pa.int32()).fill_null(_NEVER).to_numpy()
    births = np.full(len(ordered), _NEVER, np.int32)
    np.minimum.at(births, places, months)
    births[births == _NEVER] = NO_DATE
    hashes = patients["patient"].combine_chunks().cast(PSEUDONYM)
    by_hash = pc.sort_indices(hashes)
    digest = hashlib.blake2b(births.tobytes(), digest_size=12)
    digest.update(joined(hashes.take(by_hash)))
    digest.update(places[by_hash.to_numpy()].tobytes())
    digest.update(joined(ordered))
    return LocalRoster(organisation, keys, hashes, places, ordered, births, digest.hexdigest())


def birth_months(checked: Checked, contract: Contract) -> pa.Array:
    """First day of the month of birth of each kept row: all that the lake may know of a birth date."""
    rule = contract.identity("birth_date")
    if rule is None or rule.name not in checked.columns:
        return pa.nulls(len(checked.kept), pa.date32())
    days = checked.values(rule.name).cast(pa.date32())
    return pc.cast(pc.floor_temporal(days, unit="month"), pa.date32())


@dataclass(frozen=True)
class Who:
    """Who the kept rows of a file are about.

    ``pseudonym``: a verified NHS number, hashed. ``claimed``: a valid number in a feed that carries no status.
    ``record``: hash of the identity as sent, where the person has to be found by linkage. All null where
    identity is withheld. ``identities``: what the vault needs, one row for each pseudonym or record.
    """

    pseudonym: pa.Array
    claimed: pa.Array
    record: pa.Array
    identities: pa.Table
    withheld: int


def _text(checked: Checked, contract: Contract, role: str) -> pa.Array:
    rule = contract.identity(role)
    if rule is None or rule.name not in checked.columns:
        return pa.nulls(len(checked.kept), pa.string())
    values = checked.values(rule.name)
    if rule.type == "date":
        values = values.cast(pa.date32())
    values = values.cast(pa.string())
    return pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)


def _masked(values: pa.Array, keep: pa.Array) -> pa.Array:
    return pc.if_else(keep, values, pa.scalar(None, values.type))


def who(checked: Checked, contract: Contract, keys: Keys, organisation: str, sent: int) -> Who:
    """Work out pseudonyms and record hashes of a feed that carries identities.

    ``sent`` (days since 1970) dates the identity in the vault.
    """
    number = _text(checked, contract, "nhs_number")
    open_ = _text(checked, contract, "withheld").is_null()
    status_rule = contract.identity("nhs_status")
    has_status = status_rule is not None and status_rule.name in checked.columns
    verified = pc.fill_null(pc.equal(_text(checked, contract, "nhs_status"), VERIFIED), False)
    present = pc.and_(number.is_valid(), open_)
    sure = pc.and_(present, verified) if has_status else pa.array(np.zeros(len(checked.kept), np.bool_))
    hashed = keys.pseudonyms(number)
    roles = {role: _text(checked, contract, role) for role in _COMPARED}
    known = pa.array(np.zeros(len(checked.kept), np.bool_))
    for role in ("family_name", "given_name", "birth_date", "postcode", "uprn"):
        known = pc.or_(known, roles[role].is_valid())
    needs = pc.and_(pc.and_(open_, pc.invert(sure)), pc.or_(known, present))
    identity = _joined([pa.scalar(f"{contract.name}|{organisation}"), number, *roles.values()], len(known))
    record = _masked(keys.records(_masked(identity, needs), LOCAL_PEOPLE), needs)
    pseudonym = _masked(hashed, sure)
    claimed = _masked(hashed, pc.and_(present, pa.scalar(not has_status)))
    identities = _identities(checked, contract, number, pseudonym, record, identity, sent)
    return Who(pseudonym, claimed, record, identities, pc.sum(pc.invert(open_)).as_py() or 0)


def _joined(parts: list[pa.Array | pa.Scalar], rows: int) -> pa.Array:
    texts = [p if isinstance(p, pa.Scalar) else p.fill_null("") for p in parts]
    if rows == 0:
        return pa.array([], pa.string())
    return pc.binary_join_element_wise(*texts, "\x1f")


def _identities(
    checked: Checked,
    contract: Contract,
    number: pa.Array,
    pseudonym: pa.Array,
    record: pa.Array,
    local: pa.Array,
    sent: int,
) -> pa.Table:
    key = pc.coalesce(pseudonym, record)
    first = _last_of_each(key)
    columns: dict[str, pa.Array] = {"pseudonym": key.take(first), "nhs_number": number.take(first)}
    for role in _STORED:
        rule = contract.identity(role)
        if rule is None or rule.name not in checked.columns:
            continue
        columns[role] = stored(checked, contract, role).take(first)
    columns["local_identifier"] = _masked(local, record.is_valid()).take(first)
    columns["updated"] = pa.array(np.full(len(first), sent, np.int32)).cast(pa.date32())
    columns["verified"] = pseudonym.is_valid().take(first)
    return pa.table(columns)


def stored(checked: Checked, contract: Contract, role: str) -> pa.Array:
    """The values of an identity role for the kept rows, as the vault holds them."""
    rule = contract.identity(role)
    if rule is None or rule.name not in checked.columns:
        kind = pa.bool_() if role == "sensitive" else pa.date32() if role == "birth_date" else pa.string()
        return pa.nulls(len(checked.kept), kind)
    values = checked.values(rule.name)
    if rule.type == "date":
        return values.cast(pa.date32())
    return values if rule.type == "flag" else _text(checked, contract, role)


def _last_of_each(key: pa.Array) -> pa.Array:
    """Row numbers of the last row of each distinct key, in order of the key's first appearance."""
    rows = np.flatnonzero(key.is_valid().to_numpy(zero_copy_only=False))
    if not len(rows):
        return pa.array([], pa.int64())
    encoded = key.take(pa.array(rows)).dictionary_encode()
    last = np.empty(len(encoded.dictionary), np.int64)
    last[encoded.indices.to_numpy()] = rows  # of several rows of one key the last one stays
    return pa.array(last)


@dataclass(frozen=True)
class Registered:
    """The kept rows of a practice's patient file: local hash, pseudonym, whether it rests on a verified
    number, and the practice's own number in full (``local``), which stays in memory and in the vault.
    """

    patient: pa.Array
    pseudonym: pa.Array
    verified: pa.Array
    local: pa.Array


def registered_people(checked: Checked, contract: Contract, keys: Keys, organisation: str) -> Registered:
    """Who the patients of a practice are.

    A patient without a verified NHS number is a person all the same: the pseudonym then rests on the
    practice and its own number for the patient.
    """
    local = _qualified(organisation, _text(checked, contract, "local_id"))
    number = _text(checked, contract, "nhs_number")
    status = _text(checked, contract, "nhs_status")
    verified = pc.and_(number.is_valid(), pc.fill_null(pc.equal(status, VERIFIED), False))
    hashed = keys.records(local, LOCAL_PEOPLE)
    pseudonym = pc.if_else(verified, keys.pseudonyms(number), hashed)
    return Registered(hashed, pseudonym, verified, local)
