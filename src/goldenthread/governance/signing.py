"""The key by which this deployment signs what was approved. It opens no identity."""

from __future__ import annotations

from pathlib import Path

from goldenthread.governance.database import FOLDER
from goldenthread.vault.protocol import Signer


def signer_of(home: Path) -> Signer:
    """The signing key of a folder, made at first use."""
    return Signer.in_folder(home / FOLDER)
