"""The key service from the command line, as who keeps the key would use it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from goldenthread.governance import Audit
from goldenthread.governance.signing import signer_of
from goldenthread.vault import SOCKET, KeyClient, KeyServiceDown, KeyServiceError, ServiceRecord
from tests.cli.conftest import Run, run  # noqa: F401
from tests.vault.service.conftest import approval

BY = ("--by", "Ann", "--reason", "A laptop was stolen")


@pytest.fixture
def home(vault_dir: Path) -> Path:
    """A folder whose vault is that of the other tests."""
    folder = vault_dir.parent
    (folder / "goldenthread.toml").write_text('name = "Six people"\nagreements = "recorded"\n')
    return folder


def test_it_serves_is_switched_off_and_on_and_stops(run: Run, home: Path, who: list[bytes]) -> None:  # noqa: F811
    words = [sys.executable, "-m", "goldenthread", "vault", "serve", "--home", str(home), "--an-hour", "3"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert "Trusts the approvals signed with key" in process.stdout.readline()
        assert "answers on" in process.stdout.readline()
        client = KeyClient(home / SOCKET, signer_of(home))
        client.register(approval(who[:2]), who[:2])

        def code() -> str:
            try:
                client.identities("R1", who[:2], reader="cara", role="care coordinator")
            except KeyServiceError as error:
                return error.code
            return "given"

        assert code() == "given"
        assert code() == "rate", "three an hour: two were given"
        run("vault", "off", *BY, "--home", home)
        assert code() == "off"
        state = json.loads(run("vault", "status", "--home", home, "--json").stdout)
        assert (state["on"], state["reason"]) == (False, "A laptop was stolen (Ann)")
        assert [q["outcome"] for q in state["questions"]] == ["off", "rate", "given", "registered"]
        run("vault", "on", *BY, "--home", home)
        assert code() == "rate"
        os.kill(process.pid, signal.SIGTERM)
        assert "has stopped" in process.stdout.read()
        with pytest.raises(KeyServiceDown):
            client.status()
    finally:
        process.kill()
        process.wait()
    assert [e.action for e in Audit(home).entries()] == ["vault.trusted", "vault.off", "vault.on"]


def test_a_backup_is_made_and_put_back(run: Run, home: Path, vault_dir: Path, tmp_path: Path) -> None:  # noqa: F811
    ServiceRecord(vault_dir).turn("on", "ann", "x")
    run("vault", "backup", tmp_path / "copy", "--home", home)
    for file in vault_dir.glob("*.sqlite*"):
        file.unlink()
    said = run("vault", "restore", tmp_path / "copy", "--home", home).stdout
    assert "Restored, and switched off" in said
    again = run("vault", "restore", tmp_path / "copy", "--home", home, check=False)
    assert "is not replaced" in again.stderr


def test_another_signing_key_is_trusted_when_it_is_said(run: Run, home: Path, vault_dir: Path) -> None:  # noqa: F811
    run("vault", "trust", "--by", "Ann", "--home", home)
    first = ServiceRecord(vault_dir).trusted()
    shutil.rmtree(home / "governance")
    run("vault", "trust", "--by", "Ann", "--home", home)
    assert ServiceRecord(vault_dir).trusted() not in (None, first)
    unknown = run("vault", "serve", "--allow-user", "nobody-of-this-name", "--home", home, check=False)
    assert "There is no user account" in unknown.stderr
