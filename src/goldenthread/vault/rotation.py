"""A new master key: every identity sealed anew, every pseudonym replaced, in one transaction.

The vault's own transaction decides which key is in force. The new key lies beside the old one (``key.next``)
before the transaction commits and takes its place after; cut off between the two, ``settle_rotation``
compares fingerprints and finishes the half that is left.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from goldenthread.vault import keys as key_files
from goldenthread.vault.errors import KeyFileError
from goldenthread.vault.keys import ENVIRONMENT, KEY_FILE, NEXT_KEY_FILE, Keys, load_keys, read_key_file
from goldenthread.vault.private_files import check_private, remove_drafts, sync_folder
from goldenthread.vault.sealing import IDENTITY_SCHEMA, SEALED_COLUMNS, identities_batch, plain_rows, seal
from goldenthread.vault.store import CHUNK, VAULT_FILE, Vault, connect

NEXT_ENVIRONMENT = "GOLDENTHREAD_NEXT_KEY"
LOCAL_PEOPLE = "person"


def rotate(vault_dir: Path, env: str = ENVIRONMENT, next_env: str = NEXT_ENVIRONMENT) -> pa.Table:
    """Replace the master key; returns ``old``, ``new`` (pseudonyms) and ``basis`` for every identity.

    ``basis`` says what the new pseudonym rests on: "nhs number", "local identifier", or "carried over" where
    the vault has neither (such people get another pseudonym when they are next read). The mapping also
    waits in ``Vault.rotated`` until ``Vault.rotation_done``. Household and record hashes change too:
    the lake must be rebuilt from the feeds after a rotation.

    A key in the environment is replaced by the one in ``next_env``; whoever sets the environment then
    moves it to ``env``. Killed at any point, either the old or the new key is fully in force.
    """
    old = load_keys(vault_dir, env)
    from_environment = bool(os.environ.get(env))
    new = _new_keys(vault_dir, old, from_environment, next_env)
    with Vault.open(vault_dir, old) as vault:
        if vault.pending() is not None:
            raise KeyFileError(
                "Identities of an unfinished refresh wait in the vault.",
                "Run `goldenthread refresh` to the end, then rotate.",
            )
        if vault.rotated().num_rows:
            raise KeyFileError(
                "The pseudonyms of the last rotation have not been applied everywhere yet.",
                "Run `goldenthread refresh`, then rotate again.",
            )
        if not from_environment:
            new.write(vault_dir / NEXT_KEY_FILE)
        with vault.transaction() as connection:
            _reseal(connection, old, new)
    if not from_environment:
        settle_rotation(vault_dir)
    with Vault.open(vault_dir, new) as vault:
        # The old ciphertext must not linger in the log.
        vault._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return vault.rotated()


def settle_rotation(vault_dir: Path) -> None:
    """Finish or undo a rotation that was cut off. Does nothing where there was none."""
    waiting, vault = vault_dir / NEXT_KEY_FILE, vault_dir / VAULT_FILE
    remove_drafts(waiting)
    if not waiting.exists():
        return
    if not vault.exists():
        waiting.unlink()
        return
    check_private(vault)
    connection = connect(vault)
    try:
        # Taking the write lock: a rotation that still runs must not lose its key.
        connection.execute("BEGIN IMMEDIATE")
        row = connection.execute("SELECT value FROM meta WHERE name = 'key'").fetchone()
        if not waiting.exists():
            return
        if row is not None and row[0] == read_key_file(waiting).fingerprint:
            waiting.replace(vault_dir / KEY_FILE)
        else:
            waiting.unlink()
        sync_folder(vault_dir)
    except sqlite3.Error:
        raise KeyFileError(
            f"A key rotation in {vault_dir} is running, or was cut off and cannot be settled.",
            "Wait for it to end; if none runs, check that the disk has room and try again.",
        ) from None
    finally:
        connection.close()


def _new_keys(vault_dir: Path, old: Keys, from_environment: bool, next_env: str) -> Keys:
    if not from_environment:
        return Keys.random(source=str(vault_dir / KEY_FILE))
    text = os.environ.get(next_env)
    if not text:
        raise KeyFileError(
            f"The key comes from the environment, and {next_env} is not set.",
            f"Set {next_env} to the new key (base64url of {key_files.KEY_BYTES} random bytes), then rotate.",
        )
    new = Keys.from_text(text, source=f"The environment variable {next_env}")
    if new.same_key(old):
        raise KeyFileError(f"{next_env} holds the key that is in force.", "Set it to a new one.")
    return new


def _reseal(connection: sqlite3.Connection, old: Keys, new: Keys) -> None:
    """Rewrite every identity within the open transaction."""
    connection.execute("CREATE TEMP TABLE resealed (pseudonym BLOB PRIMARY KEY, digest BLOB, sealed BLOB)")
    for batch in _batches(connection, old):
        mapping = _renamed(batch, old, new)
        connection.executemany(
            "INSERT INTO rotated VALUES (?, ?, ?)",
            zip(
                batch["pseudonym"].to_pylist(),
                mapping["new"].to_pylist(),
                mapping["basis"].to_pylist(),
                strict=True,
            ),
        )
        renamed = batch.set_column(0, IDENTITY_SCHEMA.field("pseudonym"), mapping["new"])
        connection.executemany(
            "INSERT INTO temp.resealed VALUES (?, ?, ?)",
            (
                (pseudonym, new.digest(pseudonym + compared), seal(new, pseudonym, text))
                for pseudonym, text, compared in plain_rows(renamed)
            ),
        )
    connection.execute("DELETE FROM identity")
    connection.execute("INSERT INTO identity SELECT * FROM temp.resealed ORDER BY pseudonym")
    connection.execute("UPDATE meta SET value = ? WHERE name = 'key'", (new.fingerprint,))
    connection.execute("DROP TABLE temp.resealed")


def _batches(connection: sqlite3.Connection, old: Keys) -> Iterator[pa.Table]:
    rows = connection.execute("SELECT pseudonym, sealed FROM main.identity ORDER BY pseudonym")
    while chunk := rows.fetchmany(CHUNK):
        yield pa.Table.from_batches([identities_batch(old, chunk, SEALED_COLUMNS)])


def _renamed(batch: pa.Table, old: Keys, new: Keys) -> pa.Table:
    """New pseudonyms of a batch, each made the way the old one was."""
    before = batch["pseudonym"].to_pylist()
    numbers, locals_ = batch["nhs_number"], batch["local_identifier"]
    names = [each.hex() for each in before]
    columns = [
        (old.pseudonyms(numbers), new.pseudonyms(numbers), "nhs number"),
        (old.records(locals_, LOCAL_PEOPLE), new.records(locals_, LOCAL_PEOPLE), "local identifier"),
    ]
    carried = new.records(names, "carried over").to_pylist()
    after, basis = list(carried), ["carried over"] * len(before)
    for was, becomes, name in columns:
        for at, (pseudonym, replacement) in enumerate(zip(was.to_pylist(), becomes.to_pylist(), strict=True)):
            if pseudonym == before[at]:
                after[at], basis[at] = replacement, name
    return pa.table({"new": pa.array(after, IDENTITY_SCHEMA.field("pseudonym").type), "basis": basis})
