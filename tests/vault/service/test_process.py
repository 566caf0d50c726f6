"""The key service as a process: reached over its socket, killed, started again, restored from a backup."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from goldenthread.vault import (
    KeyClient,
    Keys,
    KeyService,
    KeyServiceDown,
    KeyServiceError,
    ServiceRecord,
    Signer,
    Vault,
    VaultError,
    WrongKeyError,
    back_up_vault,
    restore_vault,
    serve,
)
from goldenthread.vault import service_server as server_module
from tests.vault.service.conftest import approval

PROGRAM = """
import sys
from pathlib import Path
from goldenthread.vault import KeyService, serve
serve(KeyService(Path(sys.argv[1])), Path(sys.argv[2]), ready=lambda: print("ready", flush=True))
print("stopped", flush=True)
"""


@contextmanager
def running(vault_dir: Path, path: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(vault_dir), str(path)], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder deeper than the 108 bytes that the name of a socket may have."""
    return tmp_path / ("deep" * 20) / ("deeper" * 10) / "vault.sock"


@pytest.fixture
def client(path: Path, signer: Signer, vault_dir: Path) -> KeyClient:
    ServiceRecord(vault_dir).trust(signer.public, "test")
    return KeyClient(path, signer)


def read(client: KeyClient, who: list[bytes]) -> int:
    return len(client.identities("R1", who, reader="cara", role="care coordinator"))


def test_killed_and_started_again_it_answers_as_before(
    client: KeyClient, who: list[bytes], vault_dir: Path, path: Path
) -> None:
    with running(vault_dir, path) as process:
        client.register(approval(who[:2]), who[:2])
        found = client.identities("R1", who[:2], reader="cara", role="care coordinator")
        assert {p["family_name"] for p in found.people.values()} == {"Abbot", "Baker"}
        assert "Abbot" not in repr(found)
        assert path.stat().st_mode & 0o777 == 0o600
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert path.exists(), "a killed service leaves its socket"
    with pytest.raises(KeyServiceDown, match="does not answer") as down:
        read(client, who[:2])
    assert "without identities" in down.value.remedy
    with running(vault_dir, path) as process:
        assert read(client, who[:2]) == 2
        client.revoke("R1", by="Dr Shah", reason="done")
        with pytest.raises(KeyServiceError) as error:
            read(client, who[:2])
        assert error.value.code == "revoked"
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.read() == b"stopped\n"
    assert not path.exists()


@contextmanager
def in_thread(service: KeyService, path: Path) -> Iterator[None]:
    """The same server in this process, so that what it is told can be bent."""
    ready = threading.Event()
    made: list[server_module._Server] = []
    real = server_module._Server

    def keep(*arguments: object) -> server_module._Server:
        made.append(real(*arguments))  # type: ignore[arg-type]
        return made[0]

    server_module._Server = keep  # type: ignore[assignment, misc]
    thread = threading.Thread(target=lambda: serve(service, path, ready=ready.set), daemon=True)
    try:
        thread.start()
        assert ready.wait(10)
        yield
    finally:
        server_module._Server = real  # type: ignore[misc]
        made[0].shutdown()
        thread.join(10)


def test_another_user_is_turned_away(
    client: KeyClient,
    who: list[bytes],
    service: KeyService,
    signer: Signer,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service.record.trust(signer.public, "test")
    with in_thread(service, path):
        assert client.status()["on"]
        monkeypatch.setattr(server_module, "_peer", lambda _: 4242)
        with pytest.raises(KeyServiceError) as error:
            client.status()
        assert error.value.code == "peer"
    assert service.record.answers(1)[0]["reader"] == "user 4242"


def test_nonsense_on_the_socket_harms_nobody(
    service: KeyService, signer: Signer, path: Path, tmp_path: Path
) -> None:
    from goldenthread.vault.protocol import receive

    short = tmp_path / "s"
    service.record.trust(signer.public, "test")
    with in_thread(service, short):
        for raw, says in (
            (b"\xff\xff\xff\xff", "too long"),
            (struct.pack(">I", 3) + b"abc", "not JSON"),
            (struct.pack(">I", 2) + b"[]", "not an object"),
            (b"\x00\x00", "cut off"),
        ):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(short))
                connection.sendall(raw)
                connection.shutdown(socket.SHUT_WR)
                assert says in receive(connection)["message"]
        assert KeyClient(short, signer).status()["on"]
    with pytest.raises(KeyServiceDown):  # not even the folder of the socket is there
        KeyClient(path, signer).status()


def test_a_failure_nobody_foresaw_shows_nothing(
    service: KeyService,
    signer: Signer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("Abbot, 9990000018")

    monkeypatch.setattr(service, "answer", fail)
    with in_thread(service, tmp_path / "s"):
        with pytest.raises(KeyServiceError) as error:
            KeyClient(tmp_path / "s", signer).status()
    assert error.value.code == "failed"
    shown = capfd.readouterr()
    assert "RuntimeError" in shown.err
    assert "Abbot" not in shown.err + shown.out + str(error.value)


def test_many_ask_at_once(service: KeyService, signer: Signer, who: list[bytes], tmp_path: Path) -> None:
    from goldenthread.vault import Limits

    service.limits = Limits()
    with in_thread(service, tmp_path / "s"):
        client = KeyClient(tmp_path / "s", signer)
        client.register(approval(who[:2]), who[:2])
        found: list[int] = []
        threads = [threading.Thread(target=lambda: found.append(read(client, who[:2]))) for _ in range(12)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(30)
    assert found == [2] * 12
    assert sum(a["given"] for a in service.record.answers()) == 24


def test_two_services_never_share_a_vault(service: KeyService, tmp_path: Path) -> None:
    with in_thread(service, tmp_path / "s"):
        with pytest.raises(VaultError, match="runs on"):
            serve(service, tmp_path / "t")


def test_a_backup_brings_back_the_vault_but_no_approval(
    ask: object,
    who: list[bytes],
    service: KeyService,
    signer: Signer,
    vault_dir: Path,
    keys: Keys,
    tmp_path: Path,
) -> None:
    """R1 was revoked after the copy was made: what the copy says of it must not be believed."""
    assert callable(ask)
    ask("register", approval=approval(who[:2]), people=who[:2])
    back_up_vault(vault_dir, keys, tmp_path / "copy")
    ask("revoke", release="R1", reader="Dr Shah", reason="Wrong cohort")
    with pytest.raises(VaultError, match="is not replaced"):
        restore_vault(tmp_path / "copy", vault_dir, keys)
    for file in vault_dir.glob("*.sqlite*"):
        file.unlink()
    with pytest.raises(WrongKeyError):
        restore_vault(tmp_path / "copy", vault_dir, Keys(bytes(32)))
    assert not list(vault_dir.glob("*.sqlite"))
    restore_vault(tmp_path / "copy", vault_dir, keys)

    assert ask("identities", people=who[:2])["code"] == "off"
    service.record.turn("on", "ann", "looked at")
    assert ask("identities", people=who[:2])["code"] == "unknown"
    assert ask("register", approval=approval(who[2:4], release="R2"), people=who[2:4])["ok"]
    assert len(ask("identities", people=who[2:4], release="R2")["identities"]) == 1
    with Vault.open(vault_dir, keys) as vault:
        assert len(vault) == 6
    with pytest.raises(VaultError, match="is not a copy"):
        restore_vault(tmp_path, tmp_path / "elsewhere", keys)
    with pytest.raises(VaultError, match="exists already"):
        back_up_vault(vault_dir, keys, tmp_path / "copy")


def test_a_copy_holds_no_identity_in_the_open(
    vault_dir: Path, keys: Keys, service: KeyService, tmp_path: Path
) -> None:
    service.record.turn("on", "ann", "x")
    back_up_vault(vault_dir, keys, tmp_path / "copy")
    content = b"".join(f.read_bytes() for f in (tmp_path / "copy").iterdir())
    assert b"Abbot" not in content
    assert b"9990000018" not in content
    assert all(f.stat().st_mode & 0o077 == 0 for f in (tmp_path / "copy").iterdir())
