"""What the key service answers, and everything that it refuses."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from goldenthread.vault import Keys, KeyService, Limits, Signer, Vault, rotate
from tests.vault.service.conftest import NAMES, NOW, NUMBERS, Ask, approval, identities


def test_who_is_with_the_practice_is_shown_and_nobody_else(ask: Ask, who: list[bytes]) -> None:
    """Cooper is marked sensitive; Eastwood is with another practice, though somebody approved her for this one."""
    listed = who[:3] + who[4:5]
    assert ask("register", approval=approval(listed), people=listed) == {"ok": True}
    answer = ask("identities", people=listed)
    assert [p["family_name"] for p in answer["identities"]] == sorted_by_pseudonym(who, ["Abbot", "Baker"])
    assert answer["left_out"] == {"moved": 1, "sensitive": 1}
    first = answer["identities"][0]
    assert first["nhs_number"] in NUMBERS
    assert first["birth_date"] == "1970-01-01"
    assert not {"uprn", "local_identifier", "practice", "sensitive"} & set(first)


def sorted_by_pseudonym(who: list[bytes], names: list[str]) -> list[str]:
    return [NAMES[who.index(p)] for p in sorted(who[NAMES.index(n)] for n in names)]


def test_a_patient_who_moves_or_is_forgotten_disappears_from_the_next_answer(
    ask: Ask, who: list[bytes], vault_dir: Path, keys: Keys
) -> None:
    ask("register", approval=approval(who[:2]), people=who[:2])
    assert len(ask("identities", people=who[:2])["identities"]) == 2
    with Vault.open(vault_dir, keys) as vault:
        vault.store(identities(keys, ["Z00002", *["Z00001"] * 5]))
    assert ask("identities", people=who[:2])["left_out"] == {"moved": 1}
    with Vault.open(vault_dir, keys) as vault:
        vault.forget(who[1:2])
    assert ask("identities", people=who[:2])["left_out"] == {"moved": 1, "unknown": 1}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"approved_by": " ANN (analyst)"}, "self-approved"),
        ({"members": 3}, "members"),
        ({"members_sha256": "0" * 64}, "members"),
        ({"expires_at": (NOW - timedelta(seconds=1)).isoformat()}, "expired"),
        ({"expires_at": (NOW + timedelta(days=400)).isoformat()}, "too-long"),
        ({"expires_at": "2030-01-01"}, "malformed"),
        ({"expires_at": "soon"}, "malformed"),
        ({"practice": ""}, "malformed"),
        ({"members": "2"}, "malformed"),
        ({"colour": "blue"}, "malformed"),
    ],
)
def test_an_approval_that_does_not_hold_is_refused(
    ask: Ask, who: list[bytes], change: dict[str, Any], code: str
) -> None:
    content = vars(approval(who[:2])) | change
    answer = ask("register", approval=content, people=who[:2])
    assert (answer["ok"], answer["code"]) == (False, code)
    assert ask("identities", people=who[:2])["code"] == "unknown"


def test_only_who_was_approved_may_be_asked_about(ask: Ask, who: list[bytes]) -> None:
    ask("register", approval=approval(who[:2]), people=who[:2])
    assert ask("register", approval=approval(who[:2], release="R2"), people=who[1:3])["code"] == "members"
    assert ask("identities", people=who[:3])["code"] == "members"
    assert ask("identities", people=[b"x" * 16])["code"] == "members"
    assert ask("identities", people=who[:2], release="R9")["code"] == "unknown"
    assert ask("identities", people=[who[0], who[0]])["code"] == "malformed"
    assert ask("identities", people=[b"short"])["code"] == "malformed"
    assert ask("identities", people=who[:1], reader="")["code"] == "malformed"


def test_a_release_number_cannot_be_used_for_others(ask: Ask, who: list[bytes]) -> None:
    first = approval(who[:2])
    assert ask("register", approval=first, people=who[:2])["ok"]
    assert ask("register", approval=first, people=who[:2])["ok"], "shown again, it changes nothing"
    assert ask("register", approval=approval(who[2:4]), people=who[2:4])["code"] == "members"
    assert ask("register", approval=replace(first, practice="Z00002"), people=who[:2])["code"] == "members"
    longer = replace(first, expires_at=(NOW + timedelta(days=60)).isoformat(), approved_by="Dr Ito")
    assert ask("register", approval=longer, people=who[:2])["ok"]
    earlier = replace(first, approved_at=(NOW - timedelta(days=1)).isoformat())
    assert ask("register", approval=earlier, people=who[:2])["code"] == "members", (
        "an older approval, shown again"
    )


def test_what_was_ended_stays_ended(ask: Ask, who: list[bytes], service: KeyService) -> None:
    ask("register", approval=approval(who[:2]), people=who[:2])
    assert ask("revoke", release="R1", reader="Dr Shah", reason="Wrong cohort")["ok"]
    assert ask("identities", people=who[:2])["code"] == "revoked"
    assert ask("register", approval=approval(who[:2]), people=who[:2])["code"] == "revoked"
    assert service.record.members("R1") == set()


def test_expiry_is_judged_when_the_question_is_asked(ask: Ask, who: list[bytes], service: KeyService) -> None:
    ask(
        "register",
        approval=approval(who[:2], expires_at=(datetime.now(UTC) + timedelta(minutes=2)).isoformat()),
        people=who[:2],
    )
    assert ask("identities", people=who[:2])["ok"]
    service.clock = lambda: datetime.now(UTC) + timedelta(minutes=3)
    assert ask("identities", people=who[:2])["code"] == "expired"
    assert service.record.forget_expired(service.clock()) == 2
    assert service.record.members("R1") == set()


def test_requests_are_signed_fresh_and_used_once(
    service: KeyService, signer: Signer, who: list[bytes], ask: Ask
) -> None:
    ask("register", approval=approval(who[:2]), people=who[:2])
    message = signer.request("identities", release="R1", reader="cara", role="x", pseudonyms=[who[0].hex()])
    changed = {**message, "body": {**message["body"], "pseudonyms": [who[1].hex()]}}
    assert service.answer(changed)["code"] == "signature"
    assert service.answer(message)["ok"]
    assert service.answer(message)["code"] == "replayed"
    stranger = Signer.random().request(
        "identities", release="R1", reader="cara", role="x", pseudonyms=[who[0].hex()]
    )
    assert service.answer(stranger)["code"] == "signature"
    for nonsense in ({}, {"body": 1}, {"body": {}, "signature": 5}, {"body": {}, "signature": "é"}):
        assert service.answer(nonsense)["code"] == "signature"
    old = signer.request("status")
    service.clock = lambda: datetime.now(UTC) + timedelta(minutes=6)
    assert service.answer(old)["code"] == "clock"
    service.clock = lambda: datetime.now(UTC) - timedelta(minutes=6)
    assert service.answer(signer.request("status"))["code"] == "clock"


def test_it_trusts_nobody_before_it_is_told_to(vault_dir: Path, signer: Signer) -> None:
    fresh = KeyService(vault_dir)
    assert fresh.answer(signer.request("status"))["code"] == "untrusted"
    fresh.record.trust(signer.public, "ann")
    assert fresh.answer(signer.request("status")) == {"ok": True, "on": True, "reason": ""}
    assert fresh.answer(signer.request("everything"))["code"] == "malformed"


def test_the_rate_is_limited_and_a_new_process_does_not_forget_it(
    ask: Ask, who: list[bytes], vault_dir: Path, signer: Signer
) -> None:
    """Twenty an hour: ten questions about two people."""
    people = [who[0], who[1]]
    ask("register", approval=approval(people), people=people)
    assert [ask("identities", people=people)["ok"] for _ in range(10)] == [True] * 10
    refused = ask("identities", people=people)
    assert refused["code"] == "rate"
    assert refused["message"].startswith("20 identities were given in the last hour")
    again = KeyService(vault_dir, limits=Limits(an_hour=20))
    message = signer.request("identities", release="R1", reader="c", role="x", pseudonyms=[who[0].hex()])
    assert again.answer(message)["code"] == "rate"
    later = KeyService(
        vault_dir,
        limits=Limits(an_hour=20, window=timedelta(hours=3)),
        clock=lambda: datetime.now(UTC) + timedelta(hours=2),
    )
    assert later.answer(
        signer.request("identities", release="R1", reader="c", role="x", pseudonyms=[who[0].hex()])
    )["ok"]


def test_one_command_stops_every_answer(ask: Ask, who: list[bytes], service: KeyService) -> None:
    ask("register", approval=approval(who[:2]), people=who[:2])
    service.record.turn("off", "Caldicott guardian", "A laptop was stolen")
    answer = ask("identities", people=who[:2])
    assert (answer["code"], "A laptop was stolen" in answer["message"]) == ("off", True)
    assert ask("register", approval=approval(who[:2], release="R2"), people=who[:2])["code"] == "off"
    assert ask("status")["on"] is False
    assert ask("revoke", release="R1", reader="Dr Shah", reason="x")["ok"], "an end is never refused"
    service.record.turn("on", "Caldicott guardian", "Found")
    assert ask("off", reader="web", reason="Emergency stop")["ok"]
    assert ask("identities", people=who[:2])["code"] == "off"


def test_every_question_is_in_its_own_log_without_an_identity(
    ask: Ask, who: list[bytes], service: KeyService, vault_dir: Path
) -> None:
    ask("register", approval=approval(who[:3]), people=who[:3])
    ask("identities", people=who[:3])
    ask("identities", people=who[3:4])
    refused, given, registered = service.record.answers()
    assert (registered["outcome"], given["outcome"], refused["outcome"]) == ("registered", "given", "members")
    assert (given["reader"], given["asked"], given["given"], given["left_out"]) == (
        "cara",
        3,
        2,
        {"sensitive": 1},
    )
    raw = sqlite3.connect(vault_dir / "service.sqlite")
    for table in ("answer", "approval", "switch", "epoch"):
        raw.execute(f"INSERT OR IGNORE INTO {table} SELECT * FROM {table} LIMIT 0")
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        raw.execute("DELETE FROM answer")
    raw.close()
    content = b"".join(f.read_bytes() for f in vault_dir.glob("service*"))
    assert not [n for n in (*NAMES, *NUMBERS) if n.encode() in content]


def test_a_key_that_was_rotated_is_taken_up(ask: Ask, who: list[bytes], vault_dir: Path) -> None:
    """Pseudonyms change with the key, so what was approved is no longer there; the service goes on and gives nobody."""
    ask("register", approval=approval(who[:2]), people=who[:2])
    rotate(vault_dir)
    assert ask("identities", people=who[:2])["left_out"] == {"unknown": 2}


def test_a_vault_that_cannot_be_opened_is_said(ask: Ask, who: list[bytes], vault_dir: Path) -> None:
    ask("register", approval=approval(who[:2]), people=who[:2])
    (vault_dir / "vault.sqlite").write_bytes(b"no database" * 500)
    for extra in ("vault.sqlite-wal", "vault.sqlite-shm"):
        (vault_dir / extra).unlink(missing_ok=True)
    answer = ask("identities", people=who[:2])
    assert (answer["ok"], answer["code"]) == (False, "vault")


def test_five_thousand_people_are_opened_in_under_two_seconds(
    tmp_path: Path, keys: Keys, signer: Signer
) -> None:
    import pyarrow as pa

    numbers = [f"{n:010d}" for n in range(5000)]
    people = keys.pseudonyms(numbers)
    folder = tmp_path / "large"
    with Vault.open(folder, keys, create=True) as vault:
        vault.store(pa.table({"pseudonym": people, "nhs_number": numbers, "practice": ["Z00001"] * 5000}))
    service = KeyService(folder, keys)
    service.record.trust(signer.public, "test")
    listed = people.to_pylist()
    hexed = [p.hex() for p in listed]
    assert service.answer(
        signer.request("register", release="R1", approval=vars(approval(listed)), pseudonyms=hexed)
    )["ok"]
    began = time.process_time()
    answer = service.answer(
        signer.request("identities", release="R1", reader="c", role="x", pseudonyms=hexed)
    )
    assert len(answer["identities"]) == 5000
    assert time.process_time() - began < 2
