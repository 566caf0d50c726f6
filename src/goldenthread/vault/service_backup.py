"""A copy of the vault and of the key service's record, taken while both are in use; and putting it back."""

from __future__ import annotations

import shutil
from pathlib import Path

from goldenthread.vault.errors import VaultError
from goldenthread.vault.keys import Keys
from goldenthread.vault.private_files import make_private_folder
from goldenthread.vault.service_record import RECORD_FILE, ServiceRecord
from goldenthread.vault.store import VAULT_FILE, Vault


def back_up_vault(vault_dir: Path, keys: Keys, folder: Path) -> None:
    """Copy vault and record into a new folder. Identities stay sealed; the key is not in it (see ``back_up_key``).

    Raises ``VaultError`` where the folder exists.
    """
    if folder.exists():
        raise VaultError(f"{folder} exists already.", "Give the name of a new folder.")
    make_private_folder(folder)
    with Vault.open(vault_dir, keys) as vault:
        vault.copy_to(folder / VAULT_FILE)
    ServiceRecord(vault_dir).copy_to(folder / RECORD_FILE)


def restore_vault(folder: Path, vault_dir: Path, keys: Keys) -> None:
    """Put a copy in place where no vault is, with a key that fits it.

    The service begins switched off, and approvals of before count no longer: one may have been revoked since the copy was
    made. The release application shows those that still hold again.
    """
    for name in (VAULT_FILE, RECORD_FILE):
        if not (folder / name).is_file():
            raise VaultError(
                f"{folder} is not a copy of a vault: {name} is missing.", "Give the folder of a backup."
            )
    if (vault_dir / VAULT_FILE).exists():
        raise VaultError(
            f"{vault_dir} holds a vault, and it is not replaced.", "Move it to a safe place first."
        )
    Vault.open(folder, keys).close()  # the wrong key is refused before anything is put in place
    make_private_folder(vault_dir)
    for name in (RECORD_FILE, VAULT_FILE):
        target = vault_dir / name
        for rest in ("-wal", "-shm"):  # of a file that was lost: they would be read into the copy
            target.with_name(f"{name}{rest}").unlink(missing_ok=True)
        shutil.copy2(folder / name, target)
        target.chmod(0o600)
    record = ServiceRecord(vault_dir)
    record.void_approvals()
    record.turn("off", "restore", "restored from a backup: look at it, then switch it on")
