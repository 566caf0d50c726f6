"""Opt-outs, retention and the safety pack in the browser: asked and answered by file, and no NHS number ever on a page."""

from __future__ import annotations

import io
import os
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client

import goldenthread
from goldenthread.governance import Audit, OptOuts, Register
from goldenthread.governance.opt_out_files import INVALID_REPLY
from goldenthread.vault import KeyService
from tests.web.lists.conftest import keys

ClientFor = Callable[..., Client]
__all__ = ["keys"]


@pytest.fixture
def cohort(home: Path) -> Iterator[str]:
    """A frozen cohort of a purpose that the opt-out touches; nothing known of anybody's answer."""
    for file in (home / "governance").glob("opt_outs.*"):
        file.unlink()
    for file in (home / "vault" / "opt-outs").rglob("*.dat"):
        file.unlink()
    gt = goldenthread.open(home)
    yield gt.freeze("age >= 85", "opt_out_pages").id
    gt.close()


def asked(client: Client, home: Path, cohort: str) -> Path:
    answer = client.post("/governance/opt-outs/ask/", {"cohort": cohort, "mailbox": "GT001HC001"})
    assert answer.status_code == 302, answer.content.decode()
    (path,) = (home / "vault" / "opt-outs" / "out").glob("*.dat")
    return path


def replied(home: Path, path: Path, content: bytes) -> None:
    (home / "vault" / "opt-outs" / "in").mkdir(exist_ok=True)
    (home / "vault" / "opt-outs" / "in" / f"{path.stem}-0630.dat").write_bytes(content)


def test_asked_and_answered(cohort: str, keys: KeyService, client_for: ClientFor, home: Path) -> None:
    lead = client_for("ig_lead")
    page = lead.get("/governance/opt-outs/").content.decode()
    assert cohort in page
    assert "Ask before disclosing" in page
    path = asked(lead, home, cohort)
    raw = path.read_bytes()
    assert re.fullmatch(rb"(\d{10},\n)+", raw), "one number a line, a comma, a line feed"
    numbers = raw.decode().replace(",", "").split()
    assert len(numbers) > 5
    page = lead.get("/governance/opt-outs/").content.decode()
    assert "Waiting for the reply" in page
    assert not any(n in page for n in numbers)
    replied(home, path, b"".join(n.encode() + b",\n" for n in numbers[1:]))
    assert "Take up the reply" in lead.get("/governance/opt-outs/").content.decode()
    answer = lead.post("/governance/opt-outs/take/", {"request": path.stem}, follow=True)
    assert "The answers are taken up" in answer.content.decode()
    assert list((home / "vault" / "opt-outs").rglob("*.dat")) == [], "both files are gone"
    version = next(v for v in goldenthread.open(home).versions() if v.id == cohort)
    found = OptOuts(home).cleared(version.members(), "planning")
    assert found.opted_out == 1
    log = Audit(home)
    assert {"opt_outs.requested", "opt_outs.answered"} <= {e.action for e in log.entries(subject=path.stem)}
    assert (
        "Ask before disclosing"
        not in lead.get("/governance/opt-outs/").content.decode().split("opt_out_pages")[1][:600]
    )
    again = lead.post("/governance/opt-outs/ask/", {"cohort": cohort, "mailbox": "GT001HC001"})
    assert again.status_code == 400
    assert "still known" in again.content.decode()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (INVALID_REPLY.encode(), "refused the file"),
        (b"9990000018,\n", "not the reply to this request"),
        (b"<html>Not delivered</html>\n", "not ten digits and a comma"),
        (b"1234567", "cut off"),
        (b"", "not likely"),
        (b"9990000018,\n" * 200_000, "longer than the request"),
    ],
)
def test_a_reply_that_cannot_be_believed(
    cohort: str, keys: KeyService, client_for: ClientFor, home: Path, content: bytes, says: str
) -> None:
    lead = client_for("ig_lead")
    path = asked(lead, home, cohort)
    replied(home, path, content)
    answer = lead.post("/governance/opt-outs/take/", {"request": path.stem})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert says in page
    assert "9990000018" not in page
    assert "Reply not believed" in page
    assert OptOuts(home).kept()[0] == 0, "nothing changed"
    assert len(list((home / "vault" / "opt-outs" / "set-aside").glob("*.dat"))) == 1
    assert path.exists(), "and the request still waits"
    numbers = path.read_text().replace(",", "").split()
    replied(home, path, b"".join(n.encode() + b",\n" for n in numbers))
    assert lead.post("/governance/opt-outs/take/", {"request": path.stem}).status_code == 302


@pytest.mark.parametrize(
    "typed",
    [
        {"cohort": "", "mailbox": "GT001HC001"},
        {"cohort": "../../vault", "mailbox": "GT001HC001"},
        {"cohort": "nobody-9", "mailbox": "GT001HC001"},
        {"cohort": "opt_out_pages-1", "mailbox": "../x"},
        {"cohort": "opt_out_pages-1", "mailbox": ""},
    ],
)
def test_forms_that_say_nonsense(
    cohort: str, keys: KeyService, client_for: ClientFor, home: Path, typed: dict[str, str]
) -> None:
    answer = client_for("ig_lead").post("/governance/opt-outs/ask/", typed)
    assert answer.status_code == 400
    assert "There is a problem" in answer.content.decode()
    assert list((home / "vault" / "opt-outs").rglob("*.dat")) == []
    assert (
        client_for("ig_lead").post("/governance/opt-outs/take/", {"request": "../../key"}).status_code == 400
    )


def test_the_page_says_so_when_the_key_service_is_down(
    cohort: str, client_for: ClientFor, home: Path
) -> None:
    lead = client_for("ig_lead")
    assert "Files cannot be exchanged now" in lead.get("/governance/opt-outs/").content.decode()
    answer = lead.post("/governance/opt-outs/ask/", {"cohort": cohort, "mailbox": "GT001HC001"})
    assert answer.status_code == 400
    assert "does not answer" in answer.content.decode()
    assert OptOuts(home).requests() == []


def test_switched_off_it_writes_no_file(
    cohort: str, keys: KeyService, client_for: ClientFor, home: Path
) -> None:
    keys.record.turn("off", "test", "maintenance")
    answer = client_for("ig_lead").post(
        "/governance/opt-outs/ask/", {"cohort": cohort, "mailbox": "GT001HC001"}
    )
    keys.record.turn("on", "test", "done")
    assert answer.status_code == 400
    assert list((home / "vault" / "opt-outs").rglob("*.dat")) == []


@pytest.mark.parametrize("role", ["analyst", "practice_manager", "administrator"])
def test_nobody_else_asks(
    cohort: str, keys: KeyService, client_for: ClientFor, home: Path, role: str
) -> None:
    client = client_for(role)
    for path in ("opt-outs/", "retention/", "safety-pack/"):
        assert client.get(f"/governance/{path}").status_code == 403
    for path, typed in (("ask", {"cohort": cohort, "mailbox": "GT001HC001"}), ("take", {"request": "x"})):
        assert client.post(f"/governance/opt-outs/{path}/", typed).status_code == 403
    assert client.post("/governance/retention/run/").status_code == 403
    assert list((home / "vault" / "opt-outs").rglob("*.dat")) == []


def test_what_has_expired_is_deleted_and_it_is_proved(client_for: ClientFor, home: Path) -> None:
    old = home / "quarantine" / "old.csv"
    old.parent.mkdir(exist_ok=True)
    old.write_text("x")
    os.utime(old, (time.time() - 100 * 86_400,) * 2)
    lead = client_for("ig_lead")
    assert "Some things have expired" in lead.get("/governance/retention/").content.decode()
    assert old.exists(), "to look deletes nothing"
    page = lead.post("/governance/retention/run/", follow=True).content.decode()
    assert not old.exists()
    assert "nothing that has expired is left" in page
    assert Audit(home).entries(action="retention.run")


def test_the_safety_pack_is_one_file(client_for: ClientFor) -> None:
    answer = client_for("caldicott_guardian").get("/governance/safety-pack/")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as pack:
        names = pack.namelist()
        assert any("hazard" in n for n in names)
        assert all(n.startswith("safety-pack/") for n in names)
        assert len(names) > 4


def test_the_terms_of_a_purpose(client_for: ClientFor, home: Path) -> None:
    """Which feeds it may use and for how long: changed with a reason, refused without, and obeyed at the next question."""
    register = Register.open(home)
    before = register.terms("planning")
    lead, director = client_for("ig_lead"), client_for("clinical_director")
    address, asked = "/governance/purposes/planning/terms/", "/ask/pcn-UZ001/?q=ed_attendances_12m+%3E%3D+1"
    for typed, says in (
        ({"use": ["gp"], "days": "365"}, "reason"),
        ({"use": ["ecds"], "days": "365", "why": "x"}, "needs the GP record"),
        ({"use": ["gp"], "days": "soon", "why": "x"}, "0 days is not a time"),
        ({"days": "365", "why": "x"}, "No feed was chosen"),
        ({"use": ["gp", "<b>"], "days": "365", "why": "x"}, "There is no feed"),
    ):
        answer = lead.post(address, typed)
        assert answer.status_code == 400
        assert says in answer.content.decode(), says
    assert register.terms("planning") == before
    try:
        typed = {"use": ["gp"], "days": "365", "why": "Board minute 7"}
        assert "The terms are changed" in lead.post(address, typed, follow=True).content.decode()
        assert register.terms("planning").retention_days == 365
        assert "may not use this" in director.get(asked).content.decode()
    finally:
        register.set_terms(
            "planning",
            feeds=before.feeds,
            retention_days=before.retention_days,
            by="test",
            reason="test over",
        )
    assert "may not use this" not in director.get(asked).content.decode()
    assert director.post(address, typed).status_code == 403
