"""One initiative from question to second cycle, and three that their owner left behind, in a real browser; pictures are kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page

from goldenthread.programme import Register, said_of
from goldenthread.web.accounts.models import User
from tests.web.browser.conftest import Visit, Visitor

PCN, PRACTICE = "pcn-UZ001", "practice-Z00001"
PROGRAMME = "Social prescribing for loneliness"
COHORT = "age >= 18 and (depression or anxiety or lives_alone_coded) and ed_attendances_12m + emergency_admissions_12m >= 1"
COVARIATES = "age, sex, imd_decile, ed_attendances_12m, ed_attendances_3m, emergency_admissions_12m, gp_appointments_12m"
pytestmark = pytest.mark.slow


@pytest.fixture
def own_register(home: Path) -> Iterator[Register]:
    """A register of the test's own; the demonstration's comes back afterwards."""
    folder, aside = home / "programme", home / "programme.aside"
    if folder.exists():
        folder.rename(aside)
    yield Register.of(home)
    shutil.rmtree(folder, ignore_errors=True)
    if aside.exists():
        aside.rename(folder)


@pytest.fixture
def demonstrations(home: Path, tmp_path: Path) -> Iterator[Register]:
    """The demonstration's register; what a test writes into it is undone."""
    folder = home / "programme"
    shutil.copytree(folder, tmp_path / "programme")
    yield Register.of(home)
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "programme", folder)


def at_ease(somebody: Visit, name: str) -> None:
    """Nothing in the page's way: no barrier, no complaint of the browser, no sideways scrolling on a phone; and its picture."""
    somebody.keep(f"cycle-{name}")
    assert somebody.barriers() == [], name
    assert somebody.complaints == [], name
    somebody.page.set_viewport_size({"width": 390, "height": 900})
    assert not somebody.overflows(), name
    somebody.page.set_viewport_size({"width": 1280, "height": 900})


def submit(page: Page, words: str) -> None:
    """Press a button of the page and wait for what it leads to."""
    with page.expect_navigation():
        page.click(f"main button:has-text('{words}')")


def test_from_question_to_second_cycle(visitor: Visitor, own_register: Register) -> None:
    director = visitor("clinical_director", PCN)
    page = director.page

    # a question is asked and kept, and leads to an initiative
    director.go(f"/ask/{PCN}/")
    page.fill("textarea[name=q]", COHORT)
    page.click("main button:has-text('Count them')")
    page.wait_for_selector("text=Keep this question")
    page.click("text=Keep this question")
    page.fill("#name", "Alone, low or anxious, and in urgent care")
    submit(page, "Keep it")
    director.go(f"/ask/{PCN}/")
    page.fill("textarea[name=q]", COHORT)
    page.click("main button:has-text('Count them')")
    page.click("a:has-text('Start an initiative')")
    assert page.input_value("#cohort").startswith("age >= 18")
    page.fill("#title", "Somebody to talk to")
    page.fill(
        "#question",
        "Does a link worker's time help people who are alone, low or anxious to need urgent care less?",
    )
    at_ease(director, "1-begin")
    submit(page, "Put it into the register")
    one = page.url.rstrip("/").rsplit("/", 1)[-1]
    base = f"/initiatives/{one}/"
    at_ease(director, "2-begun")

    # it has run since 2024 under a name of its own in the feed of contacts
    director.go(f"{base}record/")
    page.fill("#programme", PROGRAMME)
    page.fill("#evidence", "People value it. Evidence that it changes the use of urgent care is thin.")
    submit(page, "Save")

    # the plan, refused until it is complete
    director.go(f"{base}lock/")
    page.fill("#n1", "Bob Ray")
    page.fill("#r1", "Practice manager")
    submit(page, "Agree and lock")
    assert director.shows("No primary outcome")
    director.complaints.clear()  # the browser notes the refusal's status
    director.go(f"{base}plan/")
    for row, name, measure, direction, size, kind in (
        (0, "A&E attendances", "ed_attendances_12m", "fewer", "15", "primary"),
        (1, "GP appointments", "gp_appointments_12m", "no more than", "10", "harm"),
    ):
        page.fill(f"#on{row}", name)
        page.select_option(f"#om{row}", measure)
        page.select_option(f"#od{row}", direction)
        page.fill(f"#os{row}", size)
        page.select_option(f"#ok{row}", kind)
    page.check("input[name=design][value=matched]", force=True)
    page.fill("#comparable", COHORT)
    page.fill("#covariates", COVARIATES)
    page.fill("#recruit_until", "2025-09-30")
    page.fill("#evaluate_on", date.today().isoformat())
    page.fill("#capacity", "200")
    page.select_option("#eb0", "imd_quintile")
    page.fill("#eg0", "1")
    page.fill("#ea0", "50")
    page.fill(
        "#began_before",
        "It began in 2024, before this register. Nobody had looked at a result when this was agreed.",
    )
    page.fill("#few_accepted", "One network only; the result will be read as a first look.")
    submit(page, "Save the plan")
    assert director.shows("The plan is saved")
    at_ease(director, "3-plan")

    # agreed by people in named roles
    director.go(f"{base}lock/")
    page.fill("#n1", "Bob Ray")
    page.fill("#r1", "Practice manager")
    at_ease(director, "4-agree")
    submit(page, "Agree and lock")
    assert director.shows("Agreed and locked")
    assert own_register.get(one).lock is not None

    # a list is asked for, and the practice decides
    director.go(f"{base}people/")
    submit(page, "Ask practices for lists")
    page.check("#p-Z00001", force=True)
    page.fill("#worked_by", "The practice's care coordinator")
    submit(page, "Continue")
    submit(page, "Ask the practices")
    manager = visitor("practice_manager", PRACTICE)
    manager.go("/lists/")
    manager.page.click("main a:has-text('Somebody to talk to')")
    submit(manager.page, "Allow it")

    # somebody on it is met
    coordinator = visitor("coordinator", PRACTICE)
    coordinator.go("/lists/")
    coordinator.page.click("main a:has-text('Somebody to talk to')")
    coordinator.page.click("main table tbody th a >> nth=0")
    coordinator.page.select_option("#result", "completed")
    coordinator.page.fill("#contact_note", "Came to the walking group")
    submit(coordinator.page, "Save the contact")
    assert coordinator.shows("Came to the walking group")

    # the director sees how it goes
    director.go(f"{base}people/")
    assert director.shows("Open")
    at_ease(director, "5-lists")
    director.go(f"{base}reach/")
    assert director.shows("Reached")
    at_ease(director, "6-reach")

    # the agreed day: evaluated by the locked plan
    director.go(f"{base}result/")
    submit(page, "Evaluate now")
    assert director.shows("What happened")
    assert director.shows("Success was agreed only after the first people had been contacted")
    judged = own_register.get(one).verdicts
    assert {v[0] for v in judged} == {
        "A&E attendances",
        "GP appointments",
        "reach in the most deprived fifth",
    }
    for verdict in judged:
        assert director.shows(verdict[2]), verdict
    at_ease(director, "7-result")

    # decided, with reasons; round again, with what was agreed and found beside
    page.click("main a:has-text('Decide')")
    page.fill("#reasons", "Too few to tell. Begin with those who come most often.")
    submit(page, "Adapt it")
    at_ease(director, "8-decided")
    submit(page, "Begin the next cycle")
    assert director.shows("Beside the cycle before")
    assert director.shows(judged[0][2])
    following = own_register.get(page.url.rstrip("/").rsplit("/", 1)[-1])
    assert (following.initiative.cycle, following.initiative.previous, following.lock) == (2, one, None)
    at_ease(director, "9-next-cycle")
    director.go("/initiatives/")
    assert director.shows("Adapted")
    at_ease(director, "10-register")


def test_a_network_manager_inherits_three_initiatives(visitor: Visitor, demonstrations: Register) -> None:
    """Their owner has gone. What is there, what is due, who to call: found without asking anybody."""
    register = demonstrations
    left = [e for e in register if any("UZ001" in s for s in e.initiative.scopes)]
    assert len(left) >= 3, "the demonstration has three initiatives in this network"
    gone = {e.initiative.owner for e in left}
    assert not User.objects.filter(name__in=gone, is_active=True).exists()

    manager = visitor("clinical_director", PCN)
    User.objects.filter(pk=User.objects.order_by("-id").first().pk).update(name="Nadia Cole")
    page = manager.page
    manager.go("/")
    assert manager.shows("nobody who answers for them")
    page.click("main a:has-text('nobody who answers')")
    at_ease(manager, "11-orphans")
    for entry in left[:3]:
        manager.go("/initiatives/orphans/")
        take(page, entry.initiative.title)
        assert manager.shows("It is yours now")
        assert manager.shows("Due next")
        assert manager.shows("Who to call")
    at_ease(manager, "12-pack")
    with page.expect_download(timeout=60_000) as waiting:
        page.click("main a:has-text('PDF')")
    assert waiting.value.suggested_filename.endswith("-handover.pdf")

    manager.go("/initiatives/?mine=1")
    assert manager.shows("What is due in yours")
    for entry in left[:3]:
        assert manager.shows(entry.initiative.title)
        assert register.get(entry.id).initiative.owner == "Nadia Cole"
        assert f"Nadia Cole took it over from {entry.initiative.owner}." in [
            said_of(e) for e in register.get(entry.id).events
        ]
    at_ease(manager, "13-mine")


def take(page: Page, title: str) -> None:
    """Press the button of one initiative among several."""
    with page.expect_navigation():
        page.locator("li.gt-card", has_text=title).locator("button").click()
