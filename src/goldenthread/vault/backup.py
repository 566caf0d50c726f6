"""A copy of the master key under a passphrase: for a safe, a password manager or a second site."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from goldenthread.vault.errors import KeyFileError, VaultError
from goldenthread.vault.keys import KEY_FILE, NEXT_KEY_FILE, Keys
from goldenthread.vault.private_files import make_private_folder, write_private
from goldenthread.vault.store import VAULT_FILE, Vault

SHORTEST_PASSPHRASE = 12
_HEADER = b"goldenthread key backup 1"
# OWASP password storage cheat sheet: scrypt N = 2^17, r = 8, p = 1 (128 MB, about 0.4 s)
_COST = {"n": 2**17, "r": 8, "p": 1}
_COST_LIMIT = {"n": 2**20, "r": 16, "p": 4}


def back_up_key(keys: Keys, passphrase: str, path: Path) -> None:
    """Write the master key to ``path``, sealed under ``passphrase`` (scrypt, RFC 7914; AES-256-GCM).

    Raises ``KeyFileError`` for a passphrase under 12 characters or a file that exists.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise KeyFileError(
            f"The passphrase is too short: {SHORTEST_PASSPHRASE} characters at least.",
            "Use four or more random words, and keep them apart from the file.",
        )
    if path.exists():
        raise KeyFileError(f"{path} exists already.", "Give the name of a new file.")
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealed = _sealer(passphrase, salt, _COST).encrypt(nonce, keys.text().encode(), _HEADER)
    content = {
        "what": _HEADER.decode(),
        "fingerprint": keys.fingerprint,
        "scrypt": _COST,
        "salt": base64.b64encode(salt).decode(),
        "nonce": base64.b64encode(nonce).decode(),
        "sealed": base64.b64encode(sealed).decode(),
    }
    write_private(path, json.dumps(content, indent=1).encode() + b"\n")


def open_backup(path: Path, passphrase: str) -> Keys:
    """The keys in a backup. Raises ``KeyFileError`` for a wrong passphrase or a damaged file."""
    try:
        content: dict[str, Any] = json.loads(path.read_text("utf-8"))
        cost = {name: int(content["scrypt"][name]) for name in _COST}
        salt, nonce, sealed = (base64.b64decode(content[name]) for name in ("salt", "nonce", "sealed"))
        if content["what"] != _HEADER.decode() or any(
            not 0 < cost[each] <= _COST_LIMIT[each] for each in cost
        ):
            raise ValueError
        sealer = _sealer(passphrase, salt, cost)
    except (OSError, ValueError, KeyError, TypeError, binascii.Error):
        raise KeyFileError(
            f"{path} is not a backup of a key.", "Give the file that the backup wrote."
        ) from None
    try:
        text = sealer.decrypt(nonce, sealed, _HEADER).decode("ascii")
    except (InvalidTag, ValueError):
        raise KeyFileError(
            f"{path} does not open with this passphrase, or is damaged.", "Try the passphrase again."
        ) from None
    return Keys.from_text(text, source=str(path))


def restore_key(path: Path, passphrase: str, vault_dir: Path) -> Keys:
    """Put the key of a backup in its place.

    Raises ``KeyFileError`` where another key is there already, ``WrongKeyError`` where the vault in the folder
    was made with another key than the backup's.
    """
    keys = open_backup(path, passphrase)
    make_private_folder(vault_dir)
    target = vault_dir / KEY_FILE
    if target.exists() or (vault_dir / NEXT_KEY_FILE).exists():
        raise KeyFileError(
            f"{target} holds a key already, and it is not replaced.",
            "If it is the wrong one, move it to a safe place, then restore again.",
        )
    if (vault_dir / VAULT_FILE).exists():
        try:
            Vault.open(vault_dir, keys).close()
        except VaultError as error:
            raise type(error)(error.message, "Give the backup made after the last rotation.") from None
    keys.write(target)
    return keys


def _sealer(passphrase: str, salt: bytes, cost: dict[str, int]) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, **cost).derive(passphrase.encode("utf-8")))
