"""The vault: identities, each sealed under its pseudonym, in one SQLite file that its owner alone can read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from goldenthread.vault.errors import VaultError, WrongKeyError
from goldenthread.vault.keys import PSEUDONYM, Keys
from goldenthread.vault.private_files import check_private, make_private_folder
from goldenthread.vault.sealing import (
    IDENTITY_SCHEMA,
    SEALED_COLUMNS,
    conform,
    identities_batch,
    plain_rows,
    seal_all,
)

VAULT_FILE = "vault.sqlite"
DEMOGRAPHICS = ["given_name", "family_name", "birth_date", "sex", "postcode", "address_line_1", "uprn"]
CHUNK = 20_000
ASKED_AT_ONCE = 500
_FORM = "1"

_STAGED = "CREATE TABLE IF NOT EXISTS staged (pseudonym BLOB PRIMARY KEY, digest BLOB, sealed BLOB)"
_TABLES = f"""
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS identity (pseudonym BLOB PRIMARY KEY, digest BLOB, sealed BLOB);
{_STAGED};
CREATE TABLE IF NOT EXISTS rotated (old BLOB PRIMARY KEY, new BLOB NOT NULL, basis TEXT NOT NULL) WITHOUT ROWID;
"""

Pseudonyms: TypeAlias = pa.Array | pa.ChunkedArray | Sequence[bytes]


class Vault:
    """Identities of people, answered only to who holds the key.

    Open it with ``Vault.open``; close it or use it in a ``with``. Writing goes through ``store`` (one
    table, at once) or ``begin`` (a refresh in two phases, see ``Refresh``). One connection, one thread at a time.
    """

    def __init__(self, path: Path, keys: Keys, connection: sqlite3.Connection) -> None:
        self.path = path
        self._keys = keys
        self._connection = connection

    @classmethod
    def open(cls, vault_dir: Path, keys: Keys, create: bool = False) -> Vault:
        """Open the vault in ``vault_dir``; ``create`` makes an empty one where there is none.

        Raises ``WrongKeyError`` where another key made it, ``VaultError`` where it is missing, damaged, or
        open to other users.
        """
        path = vault_dir / VAULT_FILE
        if create:
            make_private_folder(vault_dir)
        if not path.exists():
            if not create:
                raise VaultError(
                    f"There is no vault in {vault_dir}.", "Make one with `goldenthread refresh`."
                )
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        check_private(vault_dir)
        check_private(path)
        connection = connect(path)
        vault = cls(path, keys, connection)
        try:
            with _plain_errors(path):
                if create:
                    vault._initialise()
                vault._check_key()
        except BaseException:
            connection.close()
            raise
        return vault

    def close(self) -> None:
        """Close the file. Staged identities stay where they are; ``recover`` decides about them."""
        self._connection.close()

    def __enter__(self) -> Vault:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Vault({str(self.path)!r}, key {self._keys.fingerprint})"

    def __len__(self) -> int:
        """Number of identities."""
        return int(self._connection.execute("SELECT count(*) FROM identity").fetchone()[0])

    # -- writing

    def store(self, identities: pa.Table) -> int:
        """Insert or replace identities in one transaction; returns how many were new or had changed.

        Columns as in ``IDENTITY_SCHEMA``; absent ones become null. Where a pseudonym occurs twice its last
        row counts. A row equal to the stored one but for ``updated`` is left as it is.
        """
        with self.begin("store") as refresh:
            refresh.store(identities)
            return refresh.commit()

    def forget(self, pseudonyms: Pseudonyms) -> int:
        """Remove identities and overwrite their bytes in the file; returns how many there were."""
        before = len(self)
        with self.begin("forget") as refresh:
            refresh.forget(pseudonyms)
            refresh.commit()
        return before - len(self)

    def begin(self, label: str) -> Refresh:
        """Start a refresh in two phases under ``label`` (the id of the snapshot it belongs to).

        What an interrupted refresh left unprepared is thrown away. Raises ``VaultError`` where one was
        prepared but never settled: call ``recover`` first.
        """
        if pending := self.pending():
            raise VaultError(
                f"Identities of the unfinished refresh {pending!r} wait in the vault.",
                "Settle them with Vault.recover, then begin again.",
            )
        with self.transaction():
            self._connection.execute("DELETE FROM staged")
        return Refresh(self, label)

    def pending(self) -> str | None:
        """The label of a refresh that was prepared but neither committed nor given up; usually None."""
        return self._meta("prepared")

    def recover(self, current: str | None) -> bool:
        """Settle a refresh that was cut off, knowing the snapshot now in force.

        Prepared identities whose label is ``current`` are brought into force (the lake got as far as
        that snapshot); others are thrown away. Returns whether any came into force. Call it before
        each refresh; it does nothing where nothing is pending.
        """
        pending = self.pending()
        with self.transaction():
            if pending is not None and pending == current:
                self._promote()
                return True
            self._connection.execute("DELETE FROM staged")
            self._connection.execute("DELETE FROM meta WHERE name = 'prepared'")
        return False

    # -- reading

    def demographics(self, pseudonyms: Pseudonyms | None = None) -> pa.Table:
        """What linkage compares (names, birth date, sex, postcode, first address line, UPRN) of all people.

        Give ``pseudonyms`` for some of them. Sorted by pseudonym; decrypted in memory, never on disk.
        """
        return self._read("identity", DEMOGRAPHICS, pseudonyms)

    def identities(self, pseudonyms: Pseudonyms) -> pa.Table:
        """Whole identities of ``pseudonyms``, sorted by pseudonym; unknown ones are left out.

        For the release service alone, which must have checked an approved release and must write the
        audit entry: this function does neither.
        """
        return self._read("identity", SEALED_COLUMNS, pseudonyms)

    def copy_to(self, path: Path) -> None:
        """Copy the vault, still sealed, to ``path`` while others read it. The key is not in the copy."""
        if path.exists():
            raise VaultError(f"{path} exists already.", "Give the name of a new file.")
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
        with _plain_errors(path):
            target = sqlite3.connect(path)
            try:
                self._connection.backup(target)
            finally:
                target.close()

    def rotated(self) -> pa.Table:
        """Old and new pseudonyms of the last key rotation, until ``rotation_done`` says they are applied."""
        rows = self._connection.execute("SELECT old, new, basis FROM rotated ORDER BY old").fetchall()
        old, new, basis = zip(*rows, strict=True) if rows else ((), (), ())
        return pa.table(
            {
                "old": pa.array(old, PSEUDONYM),
                "new": pa.array(new, PSEUDONYM),
                "basis": pa.array(basis, pa.string()),
            }
        )

    def rotation_done(self) -> None:
        """Forget the old pseudonyms of the last rotation, once everything that held them was rewritten."""
        with self.transaction():
            self._connection.execute("DELETE FROM rotated")

    # -- inside the room

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One write transaction: all of it, or nothing; refused where the key has changed meanwhile."""
        with _plain_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._check_key()
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _read(self, source: str, columns: list[str], pseudonyms: Pseudonyms | None) -> pa.Table:
        schema = pa.schema([IDENTITY_SCHEMA.field(name) for name in ["pseudonym", *columns]])
        batches = []
        with _plain_errors(self.path):
            if pseudonyms is not None:
                self._connection.execute("CREATE TEMP TABLE IF NOT EXISTS asked (pseudonym BLOB PRIMARY KEY)")
                self._connection.execute("DELETE FROM asked")
                self._connection.executemany(
                    "INSERT OR IGNORE INTO asked VALUES (?)", ((each,) for each in as_bytes(pseudonyms))
                )
                source = f"{source} JOIN asked USING (pseudonym)"
            self._connection.execute("BEGIN")  # one view of the file, key check included
            try:
                self._check_key()
                rows = self._connection.execute(
                    f"SELECT pseudonym, sealed FROM {source} WHERE sealed IS NOT NULL ORDER BY pseudonym"
                )
                while chunk := rows.fetchmany(CHUNK):
                    batches.append(identities_batch(self._keys, chunk, columns).cast(schema))
            finally:
                self._connection.execute("COMMIT")
        return pa.Table.from_batches(batches, schema=schema)

    def _promote(self) -> int:
        """Bring what is staged into force. Within a transaction."""
        run = self._connection.execute
        changed = int(run("SELECT count(*) FROM staged").fetchone()[0])
        run("DELETE FROM meta WHERE name = 'prepared'")
        held, removed = run(
            "SELECT EXISTS (SELECT 1 FROM identity), EXISTS (SELECT 1 FROM staged WHERE sealed IS NULL)"
        ).fetchone()
        if not held and not removed:
            # The first refresh: what it staged is all there is, and need not be written twice.
            run("DROP TABLE identity")
            run("ALTER TABLE staged RENAME TO identity")
            run(_STAGED)
            return changed
        run("DELETE FROM identity WHERE pseudonym IN (SELECT pseudonym FROM staged)")
        run(
            "INSERT INTO identity SELECT pseudonym, digest, sealed FROM staged"
            " WHERE sealed IS NOT NULL ORDER BY pseudonym"
        )
        run("DELETE FROM staged")
        return changed

    def _initialise(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        for statement in _TABLES.split(";"):
            self._connection.execute(statement)
        for name, value in (("form", _FORM), ("key", self._keys.fingerprint)):
            self._connection.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (name, value))
        self._connection.execute("COMMIT")

    def _meta(self, name: str) -> str | None:
        row = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def _check_key(self) -> None:
        made_with = self._meta("key")
        if self._meta("form") != _FORM:
            raise VaultError(f"{self.path} was written by another version.", "Use the version that wrote it.")
        if made_with != self._keys.fingerprint:
            raise WrongKeyError(
                f"This vault was made with another key ({made_with}) than yours ({self._keys.fingerprint}).",
                "Give the right key, or restore it from its backup with `goldenthread keys restore`.",
            )


class Refresh:
    """Identities of one refresh: stored aside, then brought into force together with the snapshot.

    ``store`` and ``forget`` stage; ``prepare`` makes the staging durable under the label; then the lake
    commits; then ``commit`` brings the identities into force. Cut off before ``prepare``, nothing has
    happened. Cut off after it, ``Vault.recover`` finishes or undoes by asking which snapshot is in force.
    Leaving the ``with`` without ``commit`` throws the staging away, unless prepared.
    """

    def __init__(self, vault: Vault, label: str) -> None:
        self._vault = vault
        self.label = label
        self._open = True
        self._prepared = False

    def store(self, identities: pa.Table) -> int:
        """Stage identities; returns how many are new or changed against what is in force."""
        self._require_open()
        table = conform(identities)
        return sum(self._store_chunk(table.slice(at, CHUNK)) for at in range(0, table.num_rows, CHUNK))

    def forget(self, pseudonyms: Pseudonyms) -> None:
        """Stage the removal of identities."""
        self._require_open()
        with self._vault.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO staged VALUES (?, NULL, NULL)",
                ((each,) for each in as_bytes(pseudonyms)),
            )

    def keep_only(self, pseudonyms: pa.Array) -> int:
        """Stage the removal of all identities in force but those of ``pseudonyms`` and what this refresh has
        stored; returns how many go.
        """
        self._require_open()
        held = self._vault._connection.execute(
            "SELECT pseudonym FROM identity WHERE pseudonym NOT IN (SELECT pseudonym FROM staged)"
        ).fetchall()
        of = pa.array([pseudonym for (pseudonym,) in held], PSEUDONYM)
        gone = of.filter(pc.invert(pc.is_in(of, value_set=pseudonyms.cast(PSEUDONYM))))
        self.forget(gone)
        return len(gone)

    def demographics(self, pseudonyms: Pseudonyms | None = None) -> pa.Table:
        """As ``Vault.demographics``, as it will be after this refresh commits."""
        self._require_open()
        after = (
            "(SELECT pseudonym, sealed FROM identity WHERE pseudonym NOT IN (SELECT pseudonym FROM staged)"
            " UNION ALL SELECT pseudonym, sealed FROM staged)"
        )
        return self._vault._read(after, DEMOGRAPHICS, pseudonyms)

    def prepare(self) -> None:
        """Make the staging survive a crash, to be settled by ``Vault.recover``."""
        self._require_open()
        with self._vault.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('prepared', ?)", (self.label,))
        self._prepared = True

    def commit(self) -> int:
        """Bring the identities into force in one transaction; returns how many changed."""
        self._require_open()
        with self._vault.transaction():
            changed = self._vault._promote()
        self._open = False
        return changed

    def discard(self) -> None:
        """Throw the staging away: the vault stays as it was."""
        self._require_open()
        self._open = False
        self._vault.recover(current=None)

    def __enter__(self) -> Refresh:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open and not self._prepared:
            self.discard()

    def _store_chunk(self, table: pa.Table) -> int:
        keys = self._vault._keys
        # A dictionary keeps the last row of a pseudonym, which is the rule.
        rows = {pseudonym: (text, compared) for pseudonym, text, compared in plain_rows(table)}
        pseudonyms = sorted(rows)  # the order in which the file holds them
        digests = dict(
            zip(pseudonyms, keys.digests(each + rows[each][1] for each in pseudonyms), strict=True)
        )
        with self._vault.transaction() as connection:
            before = _digests(connection, pseudonyms)
            changed = [each for each in pseudonyms if before.get(each) != digests[each]]
            sealed = seal_all(keys, changed, [rows[each][0] for each in changed])
            connection.executemany(
                "INSERT OR REPLACE INTO staged VALUES (?, ?, ?)",
                zip(changed, (digests[each] for each in changed), sealed, strict=True),
            )
            if len(changed) < len(pseudonyms):
                # What was staged before under a pseudonym that is now as it is in force.
                same = set(pseudonyms) - set(changed)
                connection.executemany("DELETE FROM staged WHERE pseudonym = ?", ((each,) for each in same))
        return len(changed)

    def _require_open(self) -> None:
        if not self._open:
            raise VaultError(f"The refresh {self.label!r} is over.", "Begin another with Vault.begin.")


def connect(path: Path) -> sqlite3.Connection:
    """A connection with the vault's settings: write-ahead log, every commit on the disk, erased bytes zeroed."""
    with _plain_errors(path):
        # A refresh seals in a thread of its own; only one thread uses the connection at a time.
        connection = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
        for setting in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "secure_delete = ON",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {setting}")
    return connection


def _digests(connection: sqlite3.Connection, pseudonyms: Sequence[bytes]) -> dict[bytes, bytes]:
    """The digests in force of those of ``pseudonyms`` that the vault holds."""
    found: dict[bytes, bytes] = {}
    if connection.execute("SELECT 1 FROM identity LIMIT 1").fetchone() is None:
        return found
    for at in range(0, len(pseudonyms), ASKED_AT_ONCE):
        some = pseudonyms[at : at + ASKED_AT_ONCE]
        places = ", ".join("?" * len(some))
        found.update(
            connection.execute(f"SELECT pseudonym, digest FROM identity WHERE pseudonym IN ({places})", some)
        )
    return found


def as_bytes(pseudonyms: Pseudonyms) -> list[bytes]:
    """Pseudonyms as Python bytes."""
    if isinstance(pseudonyms, pa.Array | pa.ChunkedArray):
        listed: list[bytes] = pseudonyms.to_pylist()
        return listed
    return list(pseudonyms)


@contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    """SQLite's troubles in plain words. SQLite never quotes parameters, so no identifier can show."""
    try:
        yield
    except sqlite3.OperationalError as error:
        busy = "locked" in str(error)
        raise VaultError(
            f"The vault {path} cannot be used: {error}.",
            "Another command is writing to it: wait for that to end."
            if busy
            else "Make sure that the disk has room and this user may write there.",
        ) from None
    except sqlite3.DatabaseError as error:
        raise VaultError(
            f"The vault {path} is damaged: {error}.",
            "Restore it from its backup, or move it away and rebuild it with `goldenthread refresh`.",
        ) from None
