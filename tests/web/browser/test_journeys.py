"""What each role comes for, from the front page to the end, in a real browser; pictures are kept."""

from __future__ import annotations

import re
from importlib import import_module

import pytest
from django.conf import settings

from goldenthread.web.accounts.sessions import SEEN
from tests.web.browser.conftest import Visit, Visitor
from tests.web.conftest import PASSWORD

PCN = "pcn-UZ001"
pytestmark = pytest.mark.slow


def test_a_clinical_director_finds_and_keeps_a_falls_cohort(visitor: Visitor) -> None:
    somebody = visitor("clinical_director")
    page = somebody.page
    page.click("nav[aria-label=Main] >> text=Understand")
    page.wait_for_selector("h1")
    assert "What stands out" in page.inner_text("main")
    somebody.keep("journey-profile")
    page.click("nav[aria-label=Main] >> text=Ask")
    page.fill("textarea", "age >= 65 and ed_falls_12m >= 1")
    page.click("main button[type=submit] >> nth=0")
    page.wait_for_selector("text=How we got there")
    text = page.inner_text("main")
    assert "65" in text
    assert "How we got there" in text
    somebody.keep("journey-ask")
    assert somebody.complaints == []
    assert somebody.barriers() == []


def test_an_analyst_sees_an_error_at_the_character_and_loses_nothing(visitor: Visitor) -> None:
    somebody = visitor("analyst")
    page = somebody.page
    somebody.go("/ask/system/")
    page.fill("textarea", "age >= 65 and hypertensionn")
    page.click("main button[type=submit] >> nth=0")
    page.wait_for_selector("text=Did you mean")
    assert "hypertensionn" in page.input_value("textarea")
    assert "nothing called “hypertensionn”" in page.inner_text("main")
    somebody.keep("journey-ask-error")


def test_a_question_without_scripts(visitor: Visitor) -> None:
    somebody = visitor("clinical_director", scripts=False)
    page = somebody.page
    somebody.go(f"/ask/{PCN}/")
    page.fill("textarea", "age >= 65")
    page.click("main button[type=submit] >> nth=0")
    page.wait_for_load_state("load")
    assert re.search(r"\d+ people", page.inner_text("main"))


def test_a_keyboard_alone_reaches_the_profile(visitor: Visitor) -> None:
    somebody = visitor("clinical_director")
    page = somebody.page
    somebody.go("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Skip to main content"
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Understand":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/understand/**")


def test_a_facilitator_takes_the_pack_to_a_workshop(visitor: Visitor) -> None:
    somebody = visitor("facilitator")
    page = somebody.page
    somebody.go(f"/understand/{PCN}/workshop/")
    somebody.keep("journey-workshop")
    for ending in (".pptx", ".pdf"):
        with page.expect_download(timeout=120_000) as waiting:
            page.click(
                f"main a[href*='{ending}'], main button[formaction*='{ending}'], main form[action*='{ending}'] button"
            )
        assert waiting.value.suggested_filename.endswith(ending)


def test_an_information_governance_lead_switches_a_practice_off(visitor: Visitor) -> None:
    somebody = visitor("ig_lead")
    page = somebody.page
    somebody.go("/governance/purposes/research/")
    page.check("input[name=practice] >> nth=0")
    page.fill("textarea[name=reason]", "The practice wrote to say so")
    page.click("button[value=withdrawn]")
    page.wait_for_load_state("load")
    assert somebody.shows("no longer share")
    assert somebody.shows("Does not share")
    somebody.keep("journey-governance")
    assert somebody.barriers() == []
    page.check("input[name=practice] >> nth=0")
    page.fill("textarea[name=reason]", "It thought again")
    page.click("button[value=agreed]")


def test_a_commissioner_sees_need_work_and_money(visitor: Visitor) -> None:
    somebody = visitor("commissioner")
    somebody.go("/understand/system/segments/")
    assert somebody.shows("cost")
    somebody.keep("journey-segments")
    somebody.go("/understand/system/inequality/")
    somebody.keep("journey-inequality")
    assert somebody.barriers() == []


def test_practice_staff_see_their_own_practice_and_no_other(visitor: Visitor) -> None:
    somebody = visitor("clinician")
    assert somebody.go("/understand/practice-Z00001/").status == 200
    somebody.keep("journey-practice")
    refused = somebody.go("/understand/practice-Z00002/")
    assert refused.status == 403
    assert somebody.shows("Ask your information governance lead")
    somebody.keep("journey-refused")


def test_a_phone_and_forced_colours(visitor: Visitor) -> None:
    somebody = visitor("clinical_director", width=320, forced_colors="active")
    for path in ("/", f"/understand/{PCN}/", f"/ask/{PCN}/", f"/understand/{PCN}/segments/"):
        somebody.go(path)
        assert not somebody.overflows(), path
        assert somebody.barriers() == [], path


def leave_for_too_long(somebody: Visit) -> None:
    """As if nobody had touched the screen for longer than is allowed."""
    cookies = {c["name"]: c["value"] for c in somebody.page.context.cookies()}
    session = import_module(settings.SESSION_ENGINE).SessionStore(cookies[settings.SESSION_COOKIE_NAME])
    session[SEEN] -= settings.IDLE_MINUTES * 60 + 1
    session.save()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_form_sent_after_the_screen_locked_is_carried_on(visitor: Visitor, scripts: bool) -> None:
    somebody = visitor("clinical_director", scripts=scripts)
    page = somebody.page
    somebody.go(f"/ask/{PCN}/save/?q=age+%3E%3D+65")
    page.fill("#name", "Left over lunch")
    page.fill("#note", "Written before, sent after.\nTwo lines & <b>")
    leave_for_too_long(somebody)
    page.click("text=Keep it")
    page.wait_for_selector("text=nothing is lost")
    somebody.keep("journey-locked")
    assert somebody.barriers() == [] if scripts else True
    page.fill("main #password", PASSWORD)
    page.click("main button:has-text('Carry on')")
    page.wait_for_selector("text=this was not sent yet")
    assert somebody.shows("Left over lunch")
    somebody.keep("journey-carry-on")
    page.click("text=Send it now")
    page.wait_for_selector("text=Nobody joined and nobody left")
    assert somebody.shows("Left over lunch")
    assert somebody.shows("Two lines & <b>")


def test_a_question_asked_after_the_screen_locked_is_carried_on(visitor: Visitor) -> None:
    """With scripts only a part of the page is asked for; the lock takes the place of the whole."""
    somebody = visitor("clinical_director")
    page = somebody.page
    somebody.go(f"/ask/{PCN}/")
    leave_for_too_long(somebody)
    page.fill("#q", "age >= 65 and hypertension")
    page.click("main button[type=submit] >> nth=0")
    page.wait_for_selector("text=nothing is lost")
    page.fill("main #password", PASSWORD)
    page.click("main button:has-text('Carry on')")
    page.wait_for_selector("text=Send it now")
    page.click("text=Send it now")
    page.wait_for_selector("#q")
    assert page.input_value("#q") == "age >= 65 and hypertension"


def test_two_people_change_a_kept_question_and_neither_loses_anything(visitor: Visitor) -> None:
    director, facilitator = visitor("clinical_director"), visitor("facilitator")
    director.go(f"/ask/{PCN}/save/?q=age+%3E%3D+65+and+hypertension")
    director.page.fill("#name", "Blood pressure, 65 and over")
    director.page.check("#shared")
    director.page.click("text=Keep it")
    director.page.wait_for_selector("text=Nobody joined and nobody left")
    change = director.page.url.rstrip("/").removeprefix(director.address) + "/change/"
    for somebody in (director, facilitator):
        somebody.go(change)
    facilitator.page.fill("#note", "For the workshop in March")
    facilitator.page.click("text=Keep the change")
    facilitator.page.wait_for_selector("text=changed by")
    director.page.fill("#name", "High blood pressure, 65 and over")
    director.page.click("text=Keep the change")
    director.page.wait_for_selector("text=changed it while you did")
    assert director.page.input_value("#name") == "High blood pressure, 65 and over"
    assert director.shows("For the workshop in March")
    director.keep("journey-two-people")
    assert director.barriers() == []
    director.page.fill("#note", "For the workshop in March")
    director.page.click("text=Keep mine")
    director.page.wait_for_selector("h1 >> text=High blood pressure")
    assert director.shows("For the workshop in March")


def test_a_huge_paste_is_said_and_stays(visitor: Visitor) -> None:
    somebody = visitor("analyst")
    page = somebody.page
    somebody.go("/ask/system/")
    pasted = "age >= 65 or " * 100_000
    page.evaluate("text => { document.querySelector('#q').value = text; }", pasted)
    page.click("main button[type=submit] >> nth=0")
    page.wait_for_selector("text=too long")
    assert page.input_value("#q") == pasted
    somebody.keep("journey-huge")
