"""Rotation: every identity under the new key, every pseudonym mapped, and one key wholly in force whatever happens."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from goldenthread.vault import (
    ENVIRONMENT,
    KEY_FILE,
    LOCAL_PEOPLE,
    KeyFileError,
    Keys,
    Vault,
    WrongKeyError,
    create_keys,
    load_keys,
    rotate,
)
from tests.vault.killing import kill_moments

NUMBERS = [f"{number:010d}" for number in range(400)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vault of 400 people with an NHS number, one known by a practice's own number, one by neither."""
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    folder = tmp_path / "vault"
    fill(folder, create_keys(folder))
    return folder


def fill(folder: Path, keys: Keys) -> None:
    pseudonyms = [
        *keys.pseudonyms(NUMBERS).to_pylist(),
        *keys.records(["Z00001/7"], LOCAL_PEOPLE).to_pylist(),
        b"x" * 16,
    ]
    with Vault.open(folder, keys, create=True) as vault:
        vault.store(
            pa.table(
                {
                    "pseudonym": pa.array(pseudonyms, pa.binary(16)),
                    "nhs_number": pa.array([*NUMBERS, None, None], pa.string()),
                    "local_identifier": pa.array([*[None] * 400, "Z00001/7", None], pa.string()),
                    "family_name": [f"Name {number}" for number in range(402)],
                }
            )
        )


def test_every_identity_moves_to_its_new_pseudonym(folder: Path) -> None:
    old = load_keys(folder)
    mapping = rotate(folder)
    new = load_keys(folder)
    assert not new.same_key(old)
    becomes = dict(zip(mapping["old"].to_pylist(), mapping["new"].to_pylist(), strict=True))
    for before, after in zip(
        old.pseudonyms(NUMBERS).to_pylist(), new.pseudonyms(NUMBERS).to_pylist(), strict=True
    ):
        assert becomes[before] == after
    local = old.records(["Z00001/7"], LOCAL_PEOPLE)[0].as_py()
    assert becomes[local] == new.records(["Z00001/7"], LOCAL_PEOPLE)[0].as_py()
    assert sorted(set(mapping["basis"].to_pylist())) == ["carried over", "local identifier", "nhs number"]
    with Vault.open(folder, new) as vault:
        names = {row["pseudonym"]: row["family_name"] for row in vault.demographics().to_pylist()}
    assert len(names) == 402
    assert names[new.pseudonym(NUMBERS[17])] == "Name 17"
    assert names[becomes[b"x" * 16]] == "Name 401"


def test_the_old_key_opens_nothing_any_more(folder: Path) -> None:
    old = load_keys(folder)
    with Vault.open(folder, old) as reader:
        rotate(folder)
        with pytest.raises(WrongKeyError):  # a service that was running keeps no way in
            reader.demographics()
    with pytest.raises(WrongKeyError):
        Vault.open(folder, old)


def test_after_rotation_an_unchanged_identity_still_counts_as_unchanged(folder: Path) -> None:
    rotate(folder)
    keys = load_keys(folder)
    with Vault.open(folder, keys) as vault:
        assert vault.store(vault.identities(keys.pseudonyms(NUMBERS))) == 0


def test_the_mapping_waits_until_it_is_applied(folder: Path) -> None:
    mapping = rotate(folder)
    with Vault.open(folder, load_keys(folder)) as vault:
        assert vault.rotated().equals(mapping)
    with pytest.raises(KeyFileError, match="have not been applied"):
        rotate(folder)
    with Vault.open(folder, load_keys(folder)) as vault:
        vault.rotation_done()
        assert vault.rotated().num_rows == 0
    assert rotate(folder).num_rows == 402


def test_a_refresh_under_way_comes_first(folder: Path) -> None:
    with Vault.open(folder, load_keys(folder)) as vault:
        refresh = vault.begin("7")
        refresh.prepare()
    with pytest.raises(KeyFileError, match="goldenthread refresh"):
        rotate(folder)


def test_a_key_in_the_environment_is_replaced_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = Keys(bytes(32)), Keys(bytes([1]) * 32)
    folder = tmp_path / "vault"
    monkeypatch.setenv(ENVIRONMENT, old.text())
    fill(folder, load_keys(folder))
    with pytest.raises(KeyFileError, match="GOLDENTHREAD_NEXT_KEY is not set"):
        rotate(folder)
    monkeypatch.setenv("GOLDENTHREAD_NEXT_KEY", old.text())
    with pytest.raises(KeyFileError, match="is in force"):
        rotate(folder)
    monkeypatch.setenv("GOLDENTHREAD_NEXT_KEY", new.text())
    assert rotate(folder).num_rows == 402
    assert not (folder / KEY_FILE).exists()
    monkeypatch.setenv(ENVIRONMENT, new.text())
    with Vault.open(folder, load_keys(folder)) as vault:
        assert len(vault) == 402


ROTATING = """
import sys, pathlib
from goldenthread.vault import Vault, load_keys, rotate
folder = pathlib.Path(sys.argv[1])
load_keys(folder)
print("ready", flush=True)
while True:
    rotate(folder)
    with Vault.open(folder, load_keys(folder)) as vault:
        vault.rotation_done()
    print("done", flush=True)
"""


def test_killed_at_any_moment_one_key_is_wholly_in_force(folder: Path) -> None:
    fingerprints = {load_keys(folder).fingerprint}
    for _ in kill_moments(ROTATING, folder, 7):
        keys = load_keys(folder)
        fingerprints.add(keys.fingerprint)
        assert sorted(path.name for path in folder.iterdir() if "next" in path.name) == []
        with Vault.open(folder, keys) as vault:
            names = {row["pseudonym"]: row["family_name"] for row in vault.demographics().to_pylist()}
            assert len(names) == 402
            assert names[keys.pseudonym(NUMBERS[0])] == "Name 0"
            if vault.rotated().num_rows:
                vault.rotation_done()
    assert len(fingerprints) > 1, "no rotation got through: the test shows nothing"


def test_drafts_of_a_killed_rotation_go_and_those_of_a_running_one_stay(folder: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left, running = folder / f".key.next.{dead.pid}.part", folder / f".key.next.{os.getpid()}.part"
    for draft in (left, running):
        draft.write_text("half a key")
    load_keys(folder)
    assert not left.exists()
    assert running.exists()


@pytest.mark.parametrize("committed", [False, True])
def test_each_half_of_a_cut_off_rotation_is_settled(folder: Path, committed: bool) -> None:
    """The two states a kill can leave: the new key waiting, with the vault under the old or the new one."""
    old = load_keys(folder)
    if committed:
        rotate(folder)
        (folder / KEY_FILE).rename(folder / "key.next")
        old.write(folder / KEY_FILE)
    else:
        Keys.random().write(folder / "key.next")
    keys = load_keys(folder)
    assert keys.same_key(old) != committed
    with Vault.open(folder, keys) as vault:
        assert vault.demographics().num_rows == 402
