"""A list from its purpose to its last day, each step by the person whose it is, in a real browser; and nobody recognisable left behind."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from goldenthread.governance import Audit
from tests.web.browser.conftest import WIDE, Visit
from tests.web.browser.deployment import NUMBER, Deployment, identities_on
from tests.web.browser.scanner import recognisable, scan

pytestmark = pytest.mark.slow
PRACTICE = "practice-Z00001"
QUESTION = "age >= 60 and hypertension"
AS = Callable[[str], Visit]


@pytest.fixture(scope="module")
def deployment(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A demonstration of its own, served by two processes."""
    folder = tmp_path_factory.mktemp("releases")
    mine = folder / "home"
    shutil.copytree(
        home, mine, ignore=lambda where, names: {"web", "run"} & set(names) if Path(where) == home else set()
    )
    made = Deployment(mine, folder / "log")
    made.start_keys()
    made.start_site()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def seen() -> list[tuple[str, str]]:
    """Every address and title that anybody's browser showed, and every request it made."""
    return []


@pytest.fixture(scope="module")
def sign_in(deployment: Deployment, chromium: Browser, seen: list[tuple[str, str]]) -> Iterator[AS]:
    """Sign one of the demonstration's people in; once each, unless the server was started on another day."""
    opened: dict[tuple[str, float], tuple[BrowserContext, Visit]] = {}

    def visit(username: str) -> Visit:
        key = (username, deployment.days)
        if key in opened:
            return opened[key][1]
        context = chromium.new_context(viewport={"width": WIDE, "height": 900}, accept_downloads=True)
        context.set_default_timeout(60_000)
        page = context.new_page()
        visitor = Visit(deployment.address, page)
        opened[key] = (context, visitor)
        page.on("console", lambda m: visitor.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: visitor.complaints.append(str(e)))
        page.on("request", lambda r: seen.append(("an address", r.url)))
        page.on("domcontentloaded", lambda p: seen.append(("a title", p.title())))
        visitor.go("/sign-in/")
        page.fill("#username", username)
        page.fill("#password", deployment.password(username))
        page.click("main button[type=submit]")
        page.wait_for_url(lambda url: "/sign-in/" not in url)
        return visitor

    yield visit
    for context, _ in opened.values():
        context.close()


def text_of(page: Page) -> str:
    return page.inner_text("main")


def good(visit: Visit) -> None:
    """No barrier, no complaint, no sideways scrolling on a phone."""
    assert visit.barriers() == [], visit.page.url
    visit.page.set_viewport_size({"width": 320, "height": 800})
    assert not visit.overflows(), visit.page.url
    visit.page.set_viewport_size({"width": WIDE, "height": 900})
    assert visit.complaints == []


def test_the_practice_must_share_before_anybody_can_ask(deployment: Deployment, sign_in: AS) -> None:
    """The information governance lead records the paper that direct care rests on, and what the practice has decided."""
    deployment.run(
        "agreements",
        "withdraw",
        "Z00001",
        "--purpose",
        "direct_care",
        "--by",
        "Dr Ito",
        "--reason",
        "Not asked yet",
    )
    lead = sign_in("ig-lead")
    page = lead.page
    page.click("nav[aria-label=Main] >> text=Governance")
    page.click("main >> text=Direct care")
    assert "Does not share" in text_of(page)
    page.click("text=Record a paper")
    page.fill("#title", "Impact assessment of lists")
    page.fill("#place", "Records room 2")
    page.fill("#signed", date.today().isoformat())
    page.fill("#review", (date.today() + timedelta(days=365)).isoformat())
    page.click("text=Record it")
    assert "Impact assessment of lists" in text_of(page)
    page.check(f"#{PRACTICE}")
    page.fill("#reason", "Partners' meeting, minute 4")
    page.click("button[value=agreed]")
    assert "1 practice now shares" in text_of(page)
    lead.keep("release-1-purpose")
    good(lead)


def test_an_analyst_asks_for_a_list_of_a_kept_question(deployment: Deployment, sign_in: AS) -> None:
    analyst = sign_in("analyst")
    page = analyst.page
    page.click("nav[aria-label=Main] >> text=Ask")
    page.fill("#q", QUESTION)
    page.click("text=Count them")
    page.click("text=Keep this question")
    page.fill("#name", "Blood pressure over sixty")
    page.click("main button:has-text('Keep it')")
    page.click("text=Ask practices for a list")
    analyst.keep("release-2-ask")
    page.check("#p-Z00001")
    page.fill("#title", "Blood pressure reviews")
    page.fill("#reason", "Review of treatment before winter")
    page.fill("#worked_by", "Care coordinators")
    page.fill("#expires", (date.today() + timedelta(days=30)).isoformat())
    good(analyst)
    page.click("text=Continue")
    assert "Stop: patients will be identified" in text_of(page)
    analyst.keep("release-2-interruption")
    good(analyst)
    page.click("text=Ask the practices")
    assert "Waiting for the practice" in text_of(page)
    assert not NUMBER.search(page.content())
    analyst.keep("release-2-requests")
    good(analyst)


def test_the_practice_decides(deployment: Deployment, sign_in: AS) -> None:
    manager = sign_in("practice-manager")
    page = manager.page
    manager.go("/")
    page.click("main >> text=waits for your decision")
    page.click("text=Blood pressure reviews")
    assert "Review of treatment before winter" in text_of(page)
    manager.keep("release-3-decide")
    good(manager)
    page.click("text=Allow it")
    assert NUMBER.search(text_of(page))
    good(manager)


def press(page: Page, button: str) -> None:
    """Press a button, and wait until the page that follows is there: messages of the page before must not be taken for its own."""
    with page.expect_navigation():
        page.click(button)


def test_a_coordinator_works_the_list(deployment: Deployment, sign_in: AS) -> None:
    cora = sign_in("coordinator")
    page = cora.page
    cora.go("/")
    page.click("nav[aria-label=Main] >> text=Lists")
    cora.keep("release-4-lists")
    page.click("text=Blood pressure reviews")
    cora.keep("release-4-worklist")
    good(cora)
    # who keeps it, and the first people are hers, by a day
    page.click("text=Who keeps this list")
    page.select_option("#owner", "coordinator")
    page.click("#owner >> xpath=ancestor::form >> text=Save")
    assert "Kept by" in text_of(page)
    page.check("[data-all]")
    page.select_option("#value_assign", "coordinator")
    page.click("button[value=assign]")
    page.wait_for_selector("text=Saved for 25 people")
    page.check("[data-all]")
    page.click("button[value=accept]")
    page.wait_for_selector("text=Saved for 25 people")
    # a surname is looked for: in no address
    surname = page.inner_text("tbody th a >> nth=2").split(",")[0]
    page.fill("#search", surname)
    page.click("text=Find >> nth=-1")
    assert surname in text_of(page)
    assert surname.lower() not in page.url.lower()
    page.click("main a:has-text('Blood pressure reviews'), .gt-over a >> nth=0")
    cora.go(_list_path(deployment))
    # the first 40 telephone calls: those accepted, one after another
    page.select_option("#status", "accepted")
    page.click("form[method=get] button")
    page.click("tbody th a >> nth=0")
    assert "1 of 25" in text_of(page)
    cora.keep("release-4-person")
    good(cora)
    page.select_option("#result", "no_answer")
    page.fill("#contact_note", "Rang twice")
    press(page, "#contact >> xpath=ancestor::section >> text=Save and next")
    page.wait_for_selector("text=This is the next person")
    page.select_option("#result", "booked")
    page.fill("#booked_on", (date.today() + timedelta(days=9)).isoformat())
    press(page, "#contact >> xpath=ancestor::section >> text=Save and next")
    page.wait_for_selector("text=This is the next person")
    page.select_option("#result", "completed")
    press(page, "#contact >> xpath=ancestor::section >> text=Save the contact")
    page.wait_for_selector("li:has-text('met, and done')")
    page.click("text=Next")
    # one who should not be on it, with a reason that can be counted; and one who needs an interpreter
    page.check("#d-wrong")
    page.select_option("#reason_wrong", "coded_wrongly")
    press(page, "#review >> xpath=ancestor::section >> text=Save and next")
    page.wait_for_selector("text=This is the next person")
    page.check("#n-interpreter")
    page.fill("#language", "Polish")
    page.fill("#due", (date.today() + timedelta(days=5)).isoformat())
    press(page, "#arrange >> xpath=ancestor::section >> text=Save")
    page.wait_for_selector("text=/^Saved\\.$/")
    cora.go(f"{_list_path(deployment)}?status=all&order=status")
    text = text_of(page)
    for words in ("Booked", "Done", "Wrongly listed", "Interpreter: Polish", "no answer"):
        assert words in text or (
            cora.go(f"{_list_path(deployment)}?status=all&order=status&page=2") and words in text_of(page)
        )
    cora.keep("release-4-worked")
    good(cora)


def _list_path(deployment: Deployment) -> str:
    return f"/lists/{PRACTICE}/{_release(deployment)}/"


def _release(deployment: Deployment) -> str:
    from goldenthread.governance import Releases

    return Releases(deployment.home, date.today()).all()[0].id


def test_nothing_is_lost_when_the_network_drops(deployment: Deployment, sign_in: AS) -> None:
    cora = sign_in("coordinator")
    page = cora.page
    cora.go(f"{_list_path(deployment)}?status=accepted")
    page.click("tbody th a >> nth=0")
    page.fill("#contact_note", "Will ring back on Tuesday")
    page.select_option("#result", "reached")
    page.context.set_offline(True)
    page.click("#contact >> xpath=ancestor::section >> text=Save the contact")
    page.wait_for_selector("text=The connection is broken")
    cora.keep("release-5-offline")
    kept = page.evaluate("JSON.stringify(sessionStorage)")
    assert "Will ring back on Tuesday" in kept
    assert not NUMBER.search(kept)
    assert page.inner_text("h1").split(",")[0] not in kept
    page.context.set_offline(False)
    page.wait_for_selector("text=spoken to: Will ring back on Tuesday")
    assert page.evaluate("Object.keys(sessionStorage).filter(k => k.startsWith('gt-kept')).length") == 0
    cora.complaints.clear()  # the browser says that it was offline


def test_what_was_kept_comes_back_and_the_second_to_save_is_told(deployment: Deployment, sign_in: AS) -> None:
    """The window is closed by mistake while the network is down; meanwhile a colleague saves the same person."""
    cora, gwen = sign_in("coordinator"), sign_in("clinician")
    page = cora.page
    cora.go(f"{_list_path(deployment)}?status=accepted")
    page.click("tbody th a >> nth=0")
    path = page.url.removeprefix(deployment.address)
    page.fill("#contact_note", "Left a message with the daughter")
    page.context.set_offline(True)
    page.click("#contact >> xpath=ancestor::section >> text=Save the contact")
    page.wait_for_selector("text=The connection is broken")
    gwen.go(path)
    gwen.page.check("#d-excluded")
    gwen.page.select_option("#reason_excluded", "too_ill")
    gwen.page.click("#review >> xpath=ancestor::section >> button:text-is('Save')")
    gwen.page.wait_for_selector("text=/^Saved\\.$/")
    page.context.set_offline(False)
    page.wait_for_selector("text=Somebody else saved this person first")
    assert page.input_value("#contact_note") == "Left a message with the daughter"
    cora.keep("release-5-conflict")
    cora.complaints.clear()


def test_work_goes_on_without_the_key_service_and_it_comes_back(deployment: Deployment, sign_in: AS) -> None:
    cora = sign_in("coordinator")
    page = cora.page
    cora.go(f"{_list_path(deployment)}?status=accepted")
    assert NUMBER.search(text_of(page))
    deployment.kill_keys()
    page.wait_for_timeout(16_000)  # for so long may names still be seen
    cora.go(f"{_list_path(deployment)}?status=accepted")
    assert "Names cannot be shown now" in text_of(page)
    assert not NUMBER.search(page.content())
    cora.keep("release-6-without-names")
    good(cora)
    page.click("tbody th a >> nth=0")
    assert "Who it is cannot be shown now" in text_of(page)
    page.fill("#contact_note", "Came to the desk")
    page.select_option("#result", "reached")
    page.click("#contact >> xpath=ancestor::section >> text=Save the contact")
    page.wait_for_selector("text=spoken to: Came to the desk")
    good(cora)
    deployment.start_keys()
    cora.go(f"{_list_path(deployment)}?status=contacted")
    assert NUMBER.search(text_of(page)), "identities come back by themselves"


def test_the_vault_is_restored_from_its_backup(deployment: Deployment, sign_in: AS, tmp_path: Path) -> None:
    cora = sign_in("coordinator")
    deployment.run("vault", "backup", str(tmp_path / "copy"))
    deployment.kill_keys()
    for file in (deployment.home / "vault").glob("*.sqlite*"):
        file.unlink()
    deployment.run("vault", "restore", str(tmp_path / "copy"))
    deployment.start_keys()
    cora.page.wait_for_timeout(16_000)
    cora.go(_list_path(deployment))
    assert "switched off" in text_of(cora.page)
    assert not NUMBER.search(cora.page.content())
    deployment.run("vault", "on", "--by", "Keeper", "--reason", "Looked at")
    cora.go(_list_path(deployment))
    assert NUMBER.search(text_of(cora.page)), "the approval that still holds was shown again"


def test_the_guardian_sees_who_saw_whom(deployment: Deployment, sign_in: AS) -> None:
    guardian = sign_in("caldicott-guardian")
    page = guardian.page
    guardian.go("/governance/audit/?verify=1")
    text = text_of(page)
    for words in (
        "Cora Coordinator",
        "Max Manager",
        "Z00001",
        "The log is whole",
        "Opened one patient",
        "Review of treatment before winter",
    ):
        assert words in text, words
    assert not NUMBER.search(page.content())
    guardian.keep("release-7-audit")
    good(guardian)
    # and the opt-outs, retention and safety pages are where an information governance lead expects them
    for path, name in (
        ("/governance/", "overview"),
        ("/governance/opt-outs/", "opt-outs"),
        ("/governance/retention/", "retention"),
    ):
        guardian.go(path)
        guardian.keep(f"release-7-{name}")
        good(guardian)


def test_a_practice_withdraws_and_figures_change_at_once(deployment: Deployment, sign_in: AS) -> None:
    analyst, manager, cora = sign_in("analyst"), sign_in("practice-manager"), sign_in("coordinator")
    analyst.go("/understand/system/")
    before = _coverage(analyst)
    people = _count(analyst)
    manager.go(f"/governance/practice/{PRACTICE}/")
    for purpose in ("planning", "direct_care"):
        manager.page.fill(f"#reason-{purpose}", "Partners' meeting")
        manager.page.click(f"#purpose-{purpose} >> xpath=ancestor::section >> button[value=withdrawn]")
        manager.page.wait_for_selector("text=now no longer shares")
    manager.keep("release-8-withdrawn")
    good(manager)
    analyst.go("/understand/system/")
    after = _coverage(analyst)
    assert after != before
    assert re.search(r"(\d+) of (\d+) practices", after), after
    assert _count(analyst) < people
    analyst.keep("release-8-figures")
    cora.go(_list_path(deployment))
    assert "does not share for direct care now" in text_of(cora.page)
    assert not NUMBER.search(cora.page.content())
    cora.keep("release-8-closed")
    cora.complaints.clear()
    for purpose in ("planning", "direct_care"):
        manager.page.fill(f"#reason-{purpose}", "Talked it over")
        manager.page.click(f"#purpose-{purpose} >> xpath=ancestor::section >> button[value=agreed]")
        manager.page.wait_for_selector(
            f"#purpose-{purpose} >> xpath=ancestor::section >> button[value=withdrawn]"
        )
    cora.go(f"{_list_path(deployment)}?status=booked")
    assert "1 person" in text_of(cora.page), "the list is as it was left"


def _coverage(visit: Visit) -> str:
    return visit.page.inner_text(".gt-strip >> text=Covers").replace("\n", " ")


def _count(visit: Visit) -> int:
    visit.go(f"/ask/system/?q={QUESTION.replace('>=', '%3E%3D').replace(' ', '+')}")
    found = re.search(r"([\d,]+) people", visit.page.inner_text("#how-many"))
    assert found is not None
    return int(found[1].replace(",", ""))


def test_the_last_day_closes_the_list(deployment: Deployment, sign_in: AS) -> None:
    deployment.move(31)
    cora = sign_in("coordinator")
    cora.go("/lists/")
    assert "Ended" in text_of(cora.page)
    refused = cora.go(_list_path(deployment))
    assert refused.status == 403
    assert "This list ended on" in text_of(cora.page)
    assert not NUMBER.search(cora.page.content())
    cora.keep("release-9-ended")


def test_nobody_recognisable_is_left_behind(
    deployment: Deployment, sign_in: AS, seen: list[tuple[str, str]]
) -> None:
    """After everything above: in every file, the server's output, every address and title."""
    deployment.stop()
    tokens = {
        str(t)
        for e in Audit(deployment.home).entries(action="identities.shown")
        for t in e.detail.get("tokens", ())
    }
    people = identities_on(deployment, tokens)
    assert len(people) > 25
    wanted = recognisable(people)
    besides = [("the server's output", deployment.said()), *seen]
    assert len(seen) > 200
    assert scan(deployment.home, wanted, besides) == []
    # and it would have been found: one name in the log, one number in the browser's database
    planted = [
        ("the server's output", f"{deployment.said()} {people[0]['given_name']} {people[0]['family_name']}")
    ]
    assert [f.kind for f in scan(deployment.home / "governance", wanted, planted)] == ["name"]
    (deployment.home / "web" / "planted").write_text(f"x{people[1]['nhs_number']}x")
    assert {f.where for f in scan(deployment.home, wanted)} == {"web/planted"}
    assert Audit(deployment.home).verify().whole


def test_outcomes_lie_with_the_feeds_only_where_they_are_evaluated(deployment: Deployment) -> None:
    """This list belongs to no initiative, so nothing is sent back; a feed that is there holds no name."""
    path = deployment.home / "feeds" / "programme" / "GTZ00001" / "contact.csv"
    rows = list(csv.DictReader(path.open())) if path.exists() else []
    assert all("Blood" not in r["INITIATIVE"] for r in rows)
