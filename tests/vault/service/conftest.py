"""A vault of six people, and approvals for some of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from goldenthread.vault import Approval, Keys, KeyService, Limits, Signer, Vault, digest_of

NUMBERS = ["9990000018", "9990000026", "9990000034", "9990000042", "9990000050", "9990000069"]
NAMES = ["Abbot", "Baker", "Cooper", "Dyer", "Eastwood", "Fletcher"]
PRACTICES = ["Z00001", "Z00001", "Z00001", "Z00001", "Z00002", "Z00002"]
SENSITIVE = [False, False, True, False, False, False]
NOW = datetime.now(UTC)


@pytest.fixture
def vault_dir(tmp_path: Path) -> Path:
    """Abbot, Baker, Cooper (marked sensitive) and Dyer are with Z00001; Eastwood and Fletcher with Z00002."""
    folder = tmp_path / "vault"
    keys = Keys(bytes(range(32)))
    with Vault.open(folder, keys, create=True) as vault:
        keys.write(folder / "key")
        vault.store(identities(keys, PRACTICES))
    return folder


def identities(keys: Keys, practices: list[str]) -> pa.Table:
    return pa.table(
        {
            "pseudonym": keys.pseudonyms(NUMBERS),
            "nhs_number": NUMBERS,
            "family_name": NAMES,
            "given_name": ["Ann"] * 6,
            "birth_date": pa.array([0] * 6, pa.int32()).cast(pa.date32()),
            "uprn": ["100000000001"] * 6,
            "sensitive": SENSITIVE,
            "practice": practices,
        }
    )


@pytest.fixture
def keys() -> Keys:
    return Keys(bytes(range(32)))


@pytest.fixture
def who(keys: Keys) -> list[bytes]:
    """Pseudonyms, in the order of the names."""
    found: list[bytes] = keys.pseudonyms(NUMBERS).to_pylist()
    return found


@pytest.fixture
def signer() -> Signer:
    return Signer.random()


@pytest.fixture
def service(vault_dir: Path, signer: Signer) -> KeyService:
    made = KeyService(vault_dir, limits=Limits(an_hour=20))
    made.record.trust(signer.public, "test")
    return made


def approval(people: list[bytes], **change: Any) -> Approval:
    """An approval of these people for Z00001, for a month."""
    content = {
        "release": "R1", "practice": "Z00001", "purpose": "direct_care", "members_sha256": digest_of(people),
        "members": len(people), "requested_by": "ann (analyst)", "approved_by": "Dr Shah",
        "approved_at": NOW.isoformat(), "expires_at": (NOW + timedelta(days=30)).isoformat(),
    }  # fmt: skip
    return Approval(**(content | change))


Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(service: KeyService, signer: Signer) -> Ask:
    """Ask the service as the release application would."""

    def asked(do: str, **content: Any) -> dict[str, Any]:
        if "people" in content:
            content["pseudonyms"] = [p.hex() for p in content.pop("people")]
        if isinstance(content.get("approval"), Approval):
            content["approval"] = vars(content["approval"])
        if do == "identities":
            content = {"reader": "cara", "role": "care coordinator", "release": "R1"} | content
        return service.answer(signer.request(do, **content))

    return asked
