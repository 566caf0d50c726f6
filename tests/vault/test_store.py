"""The vault: what goes in comes out to the key's holder, nothing shows to others, and a cut-off refresh changes nothing."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenthread.vault import IDENTITY_SCHEMA, VAULT_FILE, Keys, Vault, VaultError, WrongKeyError
from goldenthread.vault.sealing import SEALED_COLUMNS, conform, plain_rows, seal, unseal
from tests.vault.killing import kill_moments

KEYS = Keys(bytes(range(32)))
NUMBERS = ["9990000018", "9990000026", "9990000034", "9990000042"]
NAMES = ["Thistlewood", "O'Brien-Łukasz", "'; DROP TABLE identity; --", "𝔘nusual"]


def people(updated: str = "2026-10-31", **changes: list[object]) -> pa.Table:
    """Four people with every column filled."""
    size = len(NUMBERS)
    columns: dict[str, object] = {
        "pseudonym": KEYS.pseudonyms(NUMBERS),
        "nhs_number": NUMBERS,
        "family_name": NAMES,
        "given_name": ["Maud", "Jan", None, "Bo"],
        "birth_date": [dt.date(1931, 2, 28), dt.date(2000, 2, 29), None, dt.date(1899, 12, 31)],
        "sex": ["2", "1", None, "1"],
        "address_line_1": ["Flat 1, 17 Zebedee Crescent"] * size,
        "address_line_2": ["Quadring"] * size,
        "postcode": ["PE11 9ZZ"] * size,
        "uprn": ["100030999999"] * size,
        "telephone": ["01775 900123"] * size,
        "email": ["maud@example.org"] * size,
        "sensitive": [True, False, None, False],
        "practice": ["Z00001"] * size,
        "updated": [dt.date.fromisoformat(updated)] * size,
        "local_identifier": [None] * size,
    }
    return conform(pa.table({**columns, **changes}))


def by_pseudonym(table: pa.Table) -> list[dict[str, object]]:
    return sorted(table.to_pylist(), key=lambda row: row["pseudonym"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.fixture
def vault(folder: Path) -> Iterator[Vault]:
    with Vault.open(folder, KEYS, create=True) as opened:
        yield opened


def test_identities_come_back_as_they_were(vault: Vault) -> None:
    assert vault.store(people()) == 4
    assert by_pseudonym(vault.identities(KEYS.pseudonyms(NUMBERS))) == by_pseudonym(people())
    assert vault.identities(KEYS.pseudonyms(NUMBERS)).schema == IDENTITY_SCHEMA


def test_demographics_leave_out_numbers_and_contacts(vault: Vault) -> None:
    vault.store(people())
    answer = vault.demographics()
    assert answer.num_rows == 4
    assert not {"nhs_number", "telephone", "email", "practice"} & set(answer.column_names)
    assert vault.demographics(KEYS.pseudonyms(NUMBERS[:1]))["given_name"].to_pylist() == ["Maud"]


def test_unknown_pseudonyms_are_left_out(vault: Vault) -> None:
    vault.store(people())
    assert vault.identities([bytes(16)]).num_rows == 0
    assert vault.identities([]).num_rows == 0


def test_a_later_identity_replaces_an_earlier_one(vault: Vault) -> None:
    vault.store(people())
    assert vault.store(people(postcode=["PE11 9ZZ", "LN1 1ZZ", "PE11 9ZZ", "PE11 9ZZ"])) == 1
    assert vault.identities(KEYS.pseudonyms([NUMBERS[1]]))["postcode"].to_pylist() == ["LN1 1ZZ"]
    assert len(vault) == 4


def test_an_unchanged_identity_is_not_written_again(vault: Vault) -> None:
    vault.store(people())
    assert vault.store(people(updated="2026-11-30")) == 0
    assert set(vault.identities(KEYS.pseudonyms(NUMBERS))["updated"].to_pylist()) == {dt.date(2026, 10, 31)}


def test_of_two_rows_for_one_person_the_last_counts(vault: Vault) -> None:
    twice = pa.concat_tables([people(), people(given_name=["Mary", "Jan", None, "Bo"])])
    vault.store(twice)
    assert "Mary" in vault.demographics()["given_name"].to_pylist()
    assert len(vault) == 4


def test_forgotten_identities_are_gone_from_the_file(vault: Vault, folder: Path) -> None:
    vault.store(people())
    with sqlite3.connect(folder / VAULT_FILE) as other:
        (sealed,) = other.execute("SELECT sealed FROM identity LIMIT 1").fetchone()
    assert vault.forget(KEYS.pseudonyms(NUMBERS)) == 4
    assert len(vault) == 0
    vault.close()  # the last connection to close folds the log into the file
    assert sealed[:40] not in (folder / VAULT_FILE).read_bytes()


def test_nothing_identifying_is_in_the_files(vault: Vault, folder: Path) -> None:
    vault.store(people())
    content = b"".join(path.read_bytes() for path in folder.iterdir())
    for value in [
        *NUMBERS,
        "Thistlewood",
        "Maud",
        "1931",
        "Zebedee",
        "PE11",
        "100030999999",
        "900123",
        "Z00001",
    ]:
        assert value.encode() not in content
    assert KEYS.pseudonym(NUMBERS[0]) in content  # the search above can find things


def test_lengths_of_names_do_not_show() -> None:
    texts = [text for _, text, _ in plain_rows(people())]
    assert {len(text) % 64 for text in texts} == {0}


def test_files_are_private(vault: Vault, folder: Path) -> None:
    vault.store(people())
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_file_open_to_others_is_refused(vault: Vault, folder: Path) -> None:
    vault.close()
    (folder / VAULT_FILE).chmod(0o640)
    with pytest.raises(VaultError, match=f"chmod 600 {folder / VAULT_FILE}"):
        Vault.open(folder, KEYS)


def test_another_key_is_told_at_once(vault: Vault, folder: Path) -> None:
    other = Keys(bytes(32))
    with pytest.raises(
        WrongKeyError, match=f"another key \\({KEYS.fingerprint}\\) than yours \\({other.fingerprint}\\)"
    ):
        Vault.open(folder, other)


def test_a_missing_vault_and_a_damaged_one(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="no vault"):
        Vault.open(tmp_path, KEYS)
    Vault.open(folder, KEYS, create=True).close()
    (folder / VAULT_FILE).write_bytes(b"not a database" * 400)
    with pytest.raises(VaultError, match="is damaged"):
        Vault.open(folder, KEYS)


def test_a_row_moved_to_another_pseudonym_does_not_open() -> None:
    (pseudonym, text, _), (other, _, _), *_ = plain_rows(people())
    sealed = seal(KEYS, pseudonym, text)
    assert unseal(KEYS, pseudonym, sealed)[0] == NUMBERS[0]
    for wrong_key, wrong_row, content in (
        (KEYS, other, sealed),
        (Keys(bytes(32)), pseudonym, sealed),
        (KEYS, pseudonym, sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (KEYS, pseudonym, sealed[:10]),
        (KEYS, pseudonym, b""),
    ):
        with pytest.raises(VaultError, match="does not open"):
            unseal(wrong_key, wrong_row, content)


def test_sealing_twice_gives_different_bytes() -> None:
    assert len({seal(KEYS, bytes(16), b"text") for _ in range(100)}) == 100


@given(
    st.lists(
        st.tuples(st.text(max_size=40), st.one_of(st.none(), st.text(max_size=20)), st.dates()), max_size=5
    )
)
def test_any_text_survives_sealing(rows: list[tuple[str, str | None, dt.date]]) -> None:
    table = conform(
        pa.table(
            {
                "pseudonym": pa.array([bytes([at]) * 16 for at in range(len(rows))], pa.binary(16)),
                "family_name": pa.array([row[0] for row in rows], pa.string()),
                "given_name": pa.array([row[1] for row in rows], pa.string()),
                "birth_date": pa.array([row[2] for row in rows], pa.date32()),
            }
        )
    )
    for (pseudonym, text, _), row in zip(plain_rows(table), rows, strict=True):
        values = unseal(KEYS, pseudonym, seal(KEYS, pseudonym, text))
        assert (values[1], values[2], values[3]) == (row[0], row[1], row[2].isoformat())


def test_rows_that_do_not_fit_are_refused_without_showing_a_value(vault: Vault) -> None:
    with pytest.raises(VaultError, match="no column 'surname'"):
        vault.store(pa.table({"pseudonym": KEYS.pseudonyms(NUMBERS), "surname": NAMES}))
    with pytest.raises(VaultError, match="no pseudonym"):
        vault.store(pa.table({"pseudonym": pa.array([None], pa.binary(16))}))
    with pytest.raises(VaultError, match="'birth_date'") as caught:
        vault.store(pa.table({"pseudonym": KEYS.pseudonyms(NUMBERS[:1]), "birth_date": ["31/12/1931"]}))
    assert "31/12/1931" not in str(caught.value)
    assert len(vault) == 0


def test_a_refresh_shows_only_when_it_commits(vault: Vault, folder: Path) -> None:
    vault.store(people())
    changed = people(given_name=["Mary", "Jan", None, "Bo"])
    with vault.begin("2") as refresh:
        assert refresh.store(changed) == 1
        with Vault.open(folder, KEYS) as reader:
            assert "Mary" not in reader.demographics()["given_name"].to_pylist()
        assert "Mary" in refresh.demographics()["given_name"].to_pylist()
        assert refresh.demographics().num_rows == 4
        refresh.prepare()
        assert refresh.commit() == 1
    assert "Mary" in vault.demographics()["given_name"].to_pylist()


def test_an_identity_that_goes_back_to_what_it_was_is_not_left_staged(vault: Vault) -> None:
    vault.store(people())
    with vault.begin("2") as refresh:
        refresh.store(people(given_name=["Mary", "Jan", None, "Bo"]))
        refresh.store(people())
        assert refresh.commit() == 0
    assert "Maud" in vault.demographics()["given_name"].to_pylist()


def test_leaving_without_commit_changes_nothing(vault: Vault) -> None:
    vault.store(people())
    with pytest.raises(RuntimeError), vault.begin("2") as refresh:
        refresh.store(people(given_name=["Mary"] * 4))
        refresh.forget(KEYS.pseudonyms(NUMBERS[:1]))
        raise RuntimeError
    assert by_pseudonym(vault.identities(KEYS.pseudonyms(NUMBERS))) == by_pseudonym(people())
    with pytest.raises(VaultError, match="is over"):
        refresh.store(people())


@pytest.mark.parametrize(("current", "expected"), [("2", "Mary"), ("1", "Maud"), (None, "Maud")])
def test_a_prepared_refresh_follows_the_snapshot_in_force(
    vault: Vault, folder: Path, current: str | None, expected: str
) -> None:
    """Cut off between the lake's commit and the vault's: the lake decides."""
    vault.store(people())
    refresh = vault.begin("2")
    refresh.store(people(given_name=["Mary", "Jan", None, "Bo"]))
    refresh.prepare()
    vault.close()
    with Vault.open(folder, KEYS) as later:
        assert later.pending() == "2"
        with pytest.raises(VaultError, match="unfinished refresh '2'"):
            later.begin("3")
        assert later.recover(current) == (expected == "Mary")
        assert later.pending() is None
        assert expected in later.demographics()["given_name"].to_pylist()
        later.begin("3").commit()


def test_two_writers_do_not_mix(vault: Vault, folder: Path) -> None:
    vault._connection.execute("BEGIN IMMEDIATE")
    with Vault.open(folder, KEYS) as other:
        other._connection.execute("PRAGMA busy_timeout = 50")
        with pytest.raises(VaultError, match="Another command is writing"):
            other.store(people())
    vault._connection.execute("ROLLBACK")


def test_a_copy_opens_with_the_same_key(vault: Vault, tmp_path: Path) -> None:
    vault.store(people())
    (tmp_path / "copy").mkdir(mode=0o700)
    vault.copy_to(tmp_path / "copy" / VAULT_FILE)
    with Vault.open(tmp_path / "copy", KEYS) as copy:
        assert by_pseudonym(copy.identities(KEYS.pseudonyms(NUMBERS))) == by_pseudonym(people())
    with pytest.raises(VaultError, match="exists already"):
        vault.copy_to(tmp_path / "copy" / VAULT_FILE)


def test_sql_never_holds_a_value(vault: Vault) -> None:
    seen: list[str] = []
    vault._connection.set_trace_callback(None)
    original = vault._connection
    vault._connection = _Recording(original, seen)  # type: ignore[assignment]
    vault.store(people())
    vault.identities(KEYS.pseudonyms(NUMBERS))
    vault.forget(KEYS.pseudonyms(NUMBERS))
    assert len(seen) > 10
    for statement in seen:
        assert not any(
            value in statement for value in [*NUMBERS, "Thistlewood", KEYS.pseudonym(NUMBERS[0]).hex()]
        )


class _Recording:
    """A connection that notes the text of each statement."""

    def __init__(self, connection: sqlite3.Connection, seen: list[str]) -> None:
        self._connection, self._seen = connection, seen

    def execute(self, statement: str, *values: object) -> object:
        self._seen.append(statement)
        return self._connection.execute(statement, *values)

    def executemany(self, statement: str, values: object) -> object:
        self._seen.append(statement)
        return self._connection.executemany(statement, values)  # type: ignore[arg-type]

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def close(self) -> None:
        self._connection.close()


REFRESHING = """
import os, sys, pathlib, itertools
import pyarrow as pa
from goldenthread.vault import Keys, Vault
keys = Keys(bytes(range(32)))
with Vault.open(pathlib.Path(sys.argv[1]), keys) as vault:
    print("ready", flush=True)
    for turn in itertools.count(1):
        numbers = [f"{n:010d}" for n in range(1200)]
        table = pa.table({"pseudonym": keys.pseudonyms(numbers), "nhs_number": numbers, "family_name": [f"{os.getpid()}.{turn}"] * 1200})
        vault.recover(None)
        with vault.begin(str(turn)) as refresh:
            refresh.store(table.slice(0, 600))
            refresh.store(table.slice(600))
            refresh.prepare()
            refresh.commit()
        print("done", flush=True)
"""


def test_a_killed_refresh_leaves_all_or_nothing(folder: Path) -> None:
    """Killed at five moments of a refresh: every identity is of one and the same refresh."""
    numbers = [f"{n:010d}" for n in range(1200)]
    with Vault.open(folder, KEYS, create=True) as vault:
        vault.store(pa.table({"pseudonym": KEYS.pseudonyms(numbers), "family_name": ["0"] * 1200}))
    turns = set()
    for moment in kill_moments(REFRESHING, folder, 5):
        with Vault.open(folder, KEYS) as vault:
            names = vault.demographics()["family_name"].to_pylist()
            assert len(names) == 1200, moment
            assert len(set(names)) == 1, moment
            turns.add(names[0])
            vault.recover(None)
    assert turns - {"0"}, "no refresh got through: the test shows nothing"


def many(count: int, name: str = "Ada") -> pa.Table:
    pseudonyms = KEYS.records([str(at) for at in range(count)], "many")
    return pa.table({"pseudonym": pseudonyms, "family_name": [f"{name} {at}" for at in range(count)]})


def test_of_many_identities_those_that_changed_are_counted(vault: Vault) -> None:
    assert vault.store(many(1_203)) == 1_203
    assert vault.store(many(1_203)) == 0
    assert vault.store(pa.concat_tables([many(1_203).slice(7), many(7, "Bea")])) == 7
    assert vault.demographics(many(1)["pseudonym"])["family_name"].to_pylist() == ["Bea 0"]


def test_an_identity_changed_and_changed_back_within_a_refresh_stays(vault: Vault) -> None:
    vault.store(many(3))
    with vault.begin("change of mind") as refresh:
        assert refresh.store(many(3, "Bea")) == 3
        assert refresh.store(many(2)) == 0
        assert refresh.demographics()["family_name"].to_pylist().count("Bea 2") == 1
        assert refresh.commit() == 1


@given(st.lists(st.one_of(st.none(), st.text(max_size=12)), min_size=1, max_size=6))
def test_the_text_compared_is_json(names: list[str | None]) -> None:
    keys = pa.array([bytes([at]) * 16 for at in range(len(names))], pa.binary(16))
    table = conform(pa.table({"pseudonym": keys, "given_name": pa.array(names, pa.string())}))
    for (_, _, compared), name in zip(plain_rows(table), names, strict=True):
        values = [None] * (len(SEALED_COLUMNS) - 1)  # without ``updated``
        values[SEALED_COLUMNS.index("given_name")] = name
        assert compared.decode() == json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def test_only_those_needed_and_those_just_stored_are_kept(vault: Vault) -> None:
    vault.store(many(5))
    keys = many(8)["pseudonym"].to_pylist()
    with vault.begin("tidy") as refresh:
        refresh.store(many(8).slice(6))  # 6 and 7 are new
        assert refresh.keep_only(pa.array([keys[1], keys[3], keys[7]], pa.binary(16))) == 3
        assert len(vault) == 5  # nothing yet
        refresh.commit()
    assert set(vault.demographics()["pseudonym"].to_pylist()) == {keys[1], keys[3], keys[6], keys[7]}
    with vault.begin("nobody") as refresh:
        assert refresh.keep_only(pa.array([], pa.binary(16))) == 4
    assert len(vault) == 4  # left without a commit
