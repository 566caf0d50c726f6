"""What each role comes for, from the front page to the end, in a real browser; pictures are kept."""

from __future__ import annotations

import re

import pytest

from tests.web.browser.conftest import Visitor

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
