"""A practice with a list: a frozen cohort, the key service answering, and the people of the story."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

import goldenthread
from goldenthread.governance import OptOutExchange, signer_of
from goldenthread.settings import Settings
from goldenthread.vault import SOCKET, KeyService
from goldenthread.vault import serve as serve_keys
from goldenthread.web.lists import actions, opening

PCN, PRACTICE = "pcn-UZ001", "practice-Z00001"


@pytest.fixture
def keys(home: Path) -> Iterator[KeyService]:
    """The key service, answering on its socket; it trusts this deployment's signer."""
    service = KeyService(home / "vault", exchange=OptOutExchange(home / "vault" / "opt-outs"))
    service.record.trust(signer_of(home).public, "test")
    service.record.turn("on", "test", "test")
    ready = threading.Event()
    socket = home / SOCKET
    from goldenthread.vault import service_server

    made: list[object] = []
    real = service_server._Server

    class Seen(real):  # type: ignore[misc,valid-type]
        def __init__(self, *args: object) -> None:
            super().__init__(*args)
            made.append(self)

    service_server._Server = Seen  # type: ignore[misc]
    # the server of another test, with a key service of its own, may still be ending: its lock is not waited for
    (home / "vault" / "service.lock").unlink(missing_ok=True)
    thread = threading.Thread(
        target=serve_keys, args=(service, socket), kwargs={"ready": ready.set}, daemon=True
    )
    thread.start()
    assert ready.wait(20)
    opening.forget()
    yield service
    made[0].shutdown()  # type: ignore[attr-defined]
    thread.join(10)
    service_server._Server = real  # type: ignore[misc]
    opening.forget()


@pytest.fixture
def initiative(home: Path, client_for: Callable[..., Client]) -> str:
    """An initiative whose success is agreed, so that a list may be asked for; its contacts are called after it."""
    from goldenthread.web.initiatives import actions as initiatives
    from tests.web.initiatives.test_initiatives import begun, locked, planned

    director = client_for("clinical_director", PCN)
    if any(e.id.startswith("pressure-on-lists") and e.lock for e in initiatives.register()):
        return next(e.id for e in initiatives.register() if e.id.startswith("pressure-on-lists") and e.lock)
    return locked(director, planned(director, begun(director, title="Pressure on lists"))).id


@pytest.fixture
def version(initiative: str, home: Path) -> str:
    """The people of the initiative, frozen; their name."""
    from goldenthread.web.initiatives.actions import stem_of

    gt = goldenthread.open(home)
    return gt.freeze("age >= 60 and hypertension", stem_of(initiative)).id


@pytest.fixture
def requested(version: str, initiative: str, client_for: Callable[..., Client], deployment: Settings) -> str:
    """A list asked for by a clinical director of one practice; its number."""
    path = deployment.home / "governance"
    for name in ("releases.sqlite", "releases.sqlite-wal", "releases.sqlite-shm"):
        (path / name).unlink(missing_ok=True)
    director = client_for("clinical_director", PCN)
    answer = director.post(
        f"/lists/request/{version}/",
        {
            "step": "send", "practice": ["Z00001"], "title": "Blood pressure", "reason": "Review of treatment", "worked_by": "Care coordinators",
            "expires": (timezone.localdate() + timedelta(days=30)).isoformat(), "initiative": initiative,
        },
    )  # fmt: skip
    assert answer.status_code == 302, answer.content.decode()
    return actions.releases().all()[0].id


@pytest.fixture
def approved(requested: str, keys: KeyService, client_for: Callable[..., Client]) -> str:
    """The same after the practice allowed it."""
    manager = client_for("practice_manager")
    answer = manager.post(f"/lists/{PRACTICE}/{requested}/decide/", {"verb": "approve", "reason": ""})
    assert answer.status_code == 302, answer.content.decode()
    return requested


@pytest.fixture
def names(home: Path, approved: str) -> set[str]:
    """NHS numbers of everybody in the vault, to look for where they must not be."""
    from goldenthread.vault import Vault, load_keys

    with Vault.open(home / "vault", load_keys(home / "vault")) as vault:
        everybody = vault.demographics().column("pseudonym").to_pylist()
        return {str(n) for n in vault.identities(everybody).column("nhs_number").to_pylist() if n}


def wait_until(check: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.05)


__all__ = ["PCN", "PRACTICE", "json", "wait_until"]
