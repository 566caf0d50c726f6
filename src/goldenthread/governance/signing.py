"""The key by which this deployment signs what was approved. It opens no identity."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from goldenthread.governance.database import FOLDER

if TYPE_CHECKING:
    from goldenthread.vault.protocol import Signer


def signer_of(home: Path) -> Signer:
    """The signing key of a folder, made at first use."""
    # here, because the vault brings cryptography with it, which questions need not wait for
    from goldenthread.vault.protocol import Signer

    return Signer.in_folder(home / FOLDER)
