"""Identities, encrypted; keys; and pseudonyms. Nothing analytic imports this room."""

from goldenthread.vault import nhs_numbers
from goldenthread.vault.backup import back_up_key, open_backup, restore_key
from goldenthread.vault.errors import KeyFileError, VaultError, WrongKeyError
from goldenthread.vault.keys import (
    ENVIRONMENT,
    KEY_FILE,
    PSEUDONYM,
    Keys,
    byte_values,
    create_keys,
    hexadecimal,
    load_keys,
)
from goldenthread.vault.rotation import LOCAL_PEOPLE, rotate
from goldenthread.vault.sealing import IDENTITY_SCHEMA
from goldenthread.vault.store import VAULT_FILE, Refresh, Vault

__all__ = [
    "ENVIRONMENT",
    "IDENTITY_SCHEMA",
    "KEY_FILE",
    "LOCAL_PEOPLE",
    "PSEUDONYM",
    "VAULT_FILE",
    "KeyFileError",
    "Keys",
    "Refresh",
    "Vault",
    "VaultError",
    "WrongKeyError",
    "back_up_key",
    "byte_values",
    "create_keys",
    "hexadecimal",
    "load_keys",
    "nhs_numbers",
    "open_backup",
    "restore_key",
    "rotate",
]
