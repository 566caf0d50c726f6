"""Identities, encrypted; keys; and pseudonyms. Nothing analytic imports this room."""

from goldenthread.vault import nhs_numbers
from goldenthread.vault.backup import back_up_key, open_backup, restore_key
from goldenthread.vault.client import Identities, KeyClient
from goldenthread.vault.errors import KeyFileError, VaultError, WrongKeyError
from goldenthread.vault.keys import (
    ENVIRONMENT,
    KEY_FILE,
    PSEUDONYM,
    Keys,
    byte_values,
    create_keys,
    hexadecimal,
    joined,
    load_keys,
    whole_numbers,
)
from goldenthread.vault.protocol import Approval, KeyServiceDown, KeyServiceError, Signer, digest_of
from goldenthread.vault.rotation import LOCAL_PEOPLE, rotate
from goldenthread.vault.sealing import IDENTITY_SCHEMA
from goldenthread.vault.service import KeyService, Limits
from goldenthread.vault.service_backup import back_up_vault, restore_vault
from goldenthread.vault.service_record import ServiceRecord
from goldenthread.vault.service_server import SOCKET, check_socket, serve
from goldenthread.vault.store import VAULT_FILE, Refresh, Vault

__all__ = [
    "ENVIRONMENT",
    "IDENTITY_SCHEMA",
    "KEY_FILE",
    "LOCAL_PEOPLE",
    "PSEUDONYM",
    "SOCKET",
    "VAULT_FILE",
    "Approval",
    "Identities",
    "KeyClient",
    "KeyFileError",
    "KeyService",
    "KeyServiceDown",
    "KeyServiceError",
    "Keys",
    "Limits",
    "Refresh",
    "ServiceRecord",
    "Signer",
    "Vault",
    "VaultError",
    "WrongKeyError",
    "back_up_key",
    "back_up_vault",
    "byte_values",
    "check_socket",
    "create_keys",
    "digest_of",
    "hexadecimal",
    "joined",
    "load_keys",
    "nhs_numbers",
    "open_backup",
    "restore_key",
    "restore_vault",
    "rotate",
    "serve",
    "whole_numbers",
]
