"""What can go wrong with keys and identities, said without a key or an identifier in the message."""

from __future__ import annotations

from goldenthread.errors import GoldenThreadError


class VaultError(GoldenThreadError):
    """Something about the vault, its files or its keys that a person can put right."""


class WrongKeyError(VaultError):
    """The vault was made with another key than the one given."""


class KeyFileError(VaultError):
    """The key is missing, cannot be read, or could be read by others."""
