"""Ask: a question typed or built, its answer, what it leads to, and what is done with nonsense."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import urlencode

import pytest
from django.test import Client

from goldenthread.cohorts import Scope
from goldenthread.governance import Audit
from goldenthread.settings import Settings
from goldenthread.web.ask.models import SavedQuestion
from goldenthread.web.site.data import editions
from tests.web.conftest import PCN, PRACTICE

QUESTION = "age >= 65 and hypertension"
For = Callable[..., Client]


def ask(client: Client, text: str, scope: str = PCN, **more: str) -> object:
    return client.get(f"/ask/{scope}/?{urlencode({'q': text, **more})}")


def words(response: object) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(response.content.decode())).split())


def test_the_area_begins_with_ones_own_population(client_for: For) -> None:
    assert client_for("clinical_director").get("/ask/").headers["Location"] == f"/ask/{PCN}/"


def test_an_answer_says_how_many_how_we_got_there_and_who_they_are(client_for: For) -> None:
    page = words(ask(client_for("clinical_director"), QUESTION))
    population = editions().current().population("planning", "test").within(Scope.parse(PCN))
    count = population.cohort(QUESTION).count().people
    assert count is not None
    assert f"{count:,} people" in page
    assert "How we got there" in page
    assert "Age is at least 65 years" in page
    assert "Compared with everybody else aged 65 or over" in page
    assert "Ask next" in page


def test_every_suggestion_leads_to_an_answer(client_for: For) -> None:
    client = client_for("analyst")
    first = ask(client, "age >= 40 and copd", "system").content.decode()
    section = first[first.index('id="next"') : first.index('id="breakdown"')]
    links = [unescape(x) for x in re.findall(r'href="(/ask/system/\?[^"]+)"', section)]
    assert links
    for link in links:
        assert client.get(link).status_code == 200


def test_what_is_typed_becomes_the_address(client_for: For) -> None:
    response = client_for("clinical_director").post(f"/ask/{PCN}/", {"q": QUESTION})
    assert response.status_code == 302
    assert response.headers["Location"] == f"/ask/{PCN}/?{urlencode({'q': QUESTION})}"


def test_htmx_gets_the_answer_alone_and_the_address(client_for: For) -> None:
    response = client_for("clinical_director").post(
        f"/ask/{PCN}/", {"q": QUESTION}, headers={"HX-Request": "true"}
    )
    assert response.status_code == 200
    assert b"<html" not in response.content
    assert b"How we got there" in response.content
    assert response.headers["HX-Push-Url"].startswith(f"/ask/{PCN}/?q=")


def test_a_mistake_is_shown_at_its_character_and_nothing_is_lost(client_for: For) -> None:
    response = ask(client_for("clinical_director"), "age >= 65 and hypertensionn")
    assert response.status_code == 400
    page = response.content.decode()
    assert '<mark class="gt-error-mark">hypertensionn</mark>' in page
    assert "Did you mean" in page
    assert "age &gt;= 65 and hypertensionn</textarea>" in page


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>", "'; DROP TABLE person; --", "age >= 65 and " * 900, "(" * 500, "\x00\ud83d", "{{ 7 * 7 }}",
        "__import__('os')",
        "age > 1e999", "🙂",
    ],
)  # fmt: skip
def test_hostile_and_huge_input_stays_on_the_page_and_runs_nowhere(client_for: For, text: str) -> None:
    clean = text.encode("utf-8", "ignore").decode()
    response = client_for("clinical_director").post(f"/ask/{PCN}/", {"q": clean})
    assert response.status_code == 400
    page = response.content.decode()
    assert "<script>alert" not in page
    assert len(words(response)) >= len("Not counted yet")
    assert "Not counted yet" in page


def test_sums_that_outgrow_every_number_are_said(client_for: For) -> None:
    response = ask(client_for("clinical_director"), "age * 999999999999999 * age * age > 1")
    assert response.status_code == 400
    assert "too large to work out" in words(response)


def test_typing_is_read_but_nobody_is_counted(client_for: For, deployment: Settings) -> None:
    client = client_for("clinical_director")
    said = client.post(f"/ask/{PCN}/check/", {"q": QUESTION})
    assert "age is at least 65 years" in words(said)
    assert not re.search(r"\d people", words(said))
    assert "nothing called" in words(client.post(f"/ask/{PCN}/check/", {"q": "agee >= 65"}))


def test_a_breakdown_has_its_total_and_leads_nowhere_unknown(client_for: For) -> None:
    client = client_for("analyst")
    page = words(ask(client, QUESTION, "system", by="imd_quintile"))
    assert "1, most deprived" in page
    assert "By deprivation: people, and their share" in page
    assert ask(client, QUESTION, "system", by="pid").status_code == 200


def test_few_people_are_hidden_with_a_way_on(client_for: For) -> None:
    page = words(ask(client_for("clinician"), "age >= 90 and parkinsons and epilepsy", PRACTICE))
    assert "Widen the question" in page or "0 people" in page


def test_another_population_is_refused(client_for: For) -> None:
    assert ask(client_for("clinical_director"), QUESTION, "pcn-UZ002").status_code == 403
    assert ask(client_for("coordinator"), QUESTION, PRACTICE).status_code == 403


# -- questions in place of typing ----------------------------------------------------------------------


def test_a_typed_question_is_shown_as_rows_and_comes_back_the_same(client_for: For) -> None:
    client = client_for("clinical_director")
    text = 'age >= 65 and (hypertension or copd) and ethnic_group in ("Asian", "Black")'
    page = client.get(f"/ask/{PCN}/questions/?{urlencode({'q': text})}").content.decode()
    fields = re.findall(r'<(?:input|select)[^>]+name="([nov]\d_\d)"', page)
    assert {"n0_0", "n1_0", "n1_1", "n2_0", "v2_0"} <= set(fields)
    answers = {
        "n0_0": "age", "o0_0": "at_least", "v0_0": "65", "n1_0": "hypertension", "o1_0": "yes", "n1_1": "copd", "o1_1": "yes",
        "n2_0": "ethnic_group", "o2_0": "any_of", "v2_0": ["Asian", "Black"], "do": "count",
    }  # fmt: skip
    back = client.get(f"/ask/{PCN}/questions/?{urlencode(answers, doseq=True)}")
    assert back.headers["Location"] == f"/ask/{PCN}/?{urlencode({'q': text})}"


def test_facts_are_added_and_taken_away_without_javascript(client_for: For) -> None:
    client = client_for("clinical_director")
    base = f"/ask/{PCN}/questions/"
    one = client.get(base, {"pick": "copd"}).content.decode()
    assert 'name="n0_0" value="copd"' in one
    two = client.get(base, {"n0_0": "copd", "o0_0": "yes", "add": "age", "do": "or-0"}).content.decode()
    assert 'name="n0_1" value="age"' in two
    gone = client.get(base, {"n0_0": "copd", "o0_0": "yes", "do": "drop-0-0"}).content.decode()
    assert "n0_0" not in gone


def test_an_answer_that_does_not_fit_is_said_on_the_form(client_for: For) -> None:
    response = client_for("clinical_director").get(
        f"/ask/{PCN}/questions/", {"n0_0": "age", "o0_0": "at_least", "v0_0": "many", "do": "count"}
    )
    assert response.status_code == 400
    assert "not a number" in words(response)
    assert 'value="many"' in response.content.decode()


def test_what_rows_cannot_say_goes_back_to_typing(client_for: For) -> None:
    page = words(client_for("clinical_director").get(f"/ask/{PCN}/questions/", {"q": "age * 2 > 100"}))
    assert "says more than rows of answers can" in page


@pytest.mark.parametrize("wanted", ["falls", "hypertenson", "zzzz", "<b>"])
def test_measures_are_searched(client_for: For, wanted: str) -> None:
    response = client_for("clinical_director").get(f"/ask/{PCN}/measures/", {"find": wanted})
    assert response.status_code == 200
    assert "<b>" not in response.content.decode()


# -- kept questions ------------------------------------------------------------------------------------


def test_a_question_is_kept_shared_and_let_go(client_for: For, deployment: Settings) -> None:
    mine, colleague, elsewhere = (
        client_for("clinical_director"), client_for("facilitator"), client_for("clinical_director", "pcn-UZ002"),
    )  # fmt: skip
    saved = mine.post(f"/ask/{PCN}/save/", {"q": QUESTION, "name": "Older, high blood pressure"})
    where = saved.headers["Location"]
    page = words(mine.get(where))
    assert "Nobody joined and nobody left" in page
    assert colleague.get(where).status_code == 404
    mine.post(where, {"do": "share"})
    assert colleague.get(where).status_code == 200
    assert "Older, high blood pressure" in words(colleague.get(f"/ask/{PCN}/saved/"))
    assert elsewhere.get(where).status_code == 403
    assert colleague.post(where, {"do": "drop"}).status_code == 404
    actions = [e.action for e in Audit(deployment.home).entries()]
    assert "question.saved" in actions
    assert "question.shared" in actions
    mine.post(where, {"do": "anew"})
    assert SavedQuestion.objects.get().version.endswith("-2")
    mine.post(where, {"do": "drop"})
    assert not SavedQuestion.objects.exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [("", QUESTION), ("x" * 121, QUESTION), ("about 943 476 5919", QUESTION), ("Few", "age > 130")],
)
def test_what_cannot_be_kept_stays_on_the_form(client_for: For, name: str, text: str) -> None:
    response = client_for("clinical_director").post(f"/ask/{PCN}/save/", {"q": text, "name": name})
    if text == QUESTION:
        assert response.status_code == 400
        assert 'id="name"' in response.content.decode()
        assert not SavedQuestion.objects.exists()
    else:
        assert response.status_code in (302, 400)


# -- changing a kept question, also by two at once -------------------------------------------------------


def kept(client: Client, name: str = "Older", **more: str) -> str:
    """The address of a question just kept."""
    answer = client.post(f"/ask/{PCN}/save/", {"q": QUESTION, "name": name, **more})
    return str(answer.headers["Location"])


def seen(client: Client, where: str) -> str:
    """The revision that the form for changing it holds."""
    found = re.search(r'name="seen" value="(\d+)"', client.get(f"{where}change/").content.decode())
    assert found
    return found[1]


def test_a_colleague_changes_a_shared_question_and_is_named(client_for: For, deployment: Settings) -> None:
    mine, colleague = client_for("clinical_director"), client_for("facilitator")
    where = kept(mine)
    assert colleague.get(f"{where}change/").status_code == 404
    mine.post(where, {"do": "share"})
    typed = {"q": "age >= 70 and hypertension", "name": "Older than that", "note": "<b>Why not</b>"}
    answer = colleague.post(f"{where}change/", typed | {"seen": seen(colleague, where)})
    assert answer.headers["Location"] == where
    page = words(mine.get(where))
    assert "Older than that" in page
    assert "changed by Test facilitator" in page
    assert "&lt;b&gt;Why not&lt;/b&gt;" in mine.get(where).content.decode()
    assert "Nobody joined and nobody left" in page  # a new rule is compared from today on
    assert "question.changed" in [e.action for e in Audit(deployment.home).entries()]


def test_the_second_of_two_sees_both_and_loses_nothing(client_for: For) -> None:
    mine, colleague = client_for("clinical_director"), client_for("facilitator")
    where = kept(mine, shared="1")
    revision = seen(mine, where)
    theirs = {"q": QUESTION, "name": "Theirs", "note": "their reason", "seen": seen(colleague, where)}
    assert colleague.post(f"{where}change/", theirs).status_code == 302
    wrote = {"q": "age >= 75 and hypertension", "name": "Mine", "note": "my reason", "seen": revision}
    answer = mine.post(f"{where}change/", wrote)
    assert answer.status_code == 409
    page = answer.content.decode()
    for text in (
        'value="Mine"',
        "my reason",
        "age &gt;= 75 and hypertension</textarea>",
        "Theirs",
        "their reason",
    ):
        assert text in page, text
    assert "Test facilitator changed it while you did" in words(answer)
    assert SavedQuestion.objects.get().name == "Theirs"
    found = re.search(r'name="seen" value="(\d+)"', page)
    assert found
    assert mine.post(f"{where}change/", wrote | {"seen": found[1]}).status_code == 302
    assert SavedQuestion.objects.get().name == "Mine"


def test_what_was_written_for_a_question_that_is_gone_can_be_kept_as_ones_own(client_for: For) -> None:
    mine, colleague = client_for("clinical_director"), client_for("facilitator")
    where = kept(mine, shared="1")
    wrote = {"q": QUESTION, "name": "Worth keeping", "note": "n", "seen": seen(colleague, where)}
    mine.post(where, {"do": "drop"})
    answer = colleague.post(f"{where}change/", wrote)
    assert answer.status_code == 409
    assert "no longer on the list" in words(answer)
    assert f'action="/ask/{PCN}/save/"' in answer.content.decode()
    assert 'value="Worth keeping"' in answer.content.decode()
    assert colleague.post(f"/ask/{PCN}/save/", wrote).status_code == 302


@pytest.mark.parametrize(
    "wrote",
    [
        {"q": "age >= 65 and hypertensionn", "name": "n"},
        {"q": QUESTION, "name": ""},
        {"q": QUESTION, "name": "x" * 121},
        {"q": QUESTION, "name": "943 476 5919"},
        {"q": "<script>alert(1)</script>", "name": "n"},
        {"q": "age >= 65 and " * 3_000, "name": "n"},
    ],
)
def test_a_change_that_cannot_be_kept_stays_on_the_form(client_for: For, wrote: dict[str, str]) -> None:
    mine = client_for("clinical_director")
    where = kept(mine)
    answer = mine.post(f"{where}change/", wrote | {"seen": "1"})
    assert answer.status_code == 400
    page = unescape(answer.content.decode())
    assert f">{wrote['q']}</textarea>" in page
    assert f'value="{wrote["name"]}"' in page
    assert "<script>alert" not in answer.content.decode()
    assert SavedQuestion.objects.get().revision == 1


@pytest.mark.parametrize("revision", ["", "-1", "x", "²", "9" * 40])
def test_a_revision_that_nobody_can_have_seen_overwrites_nothing(client_for: For, revision: str) -> None:
    mine = client_for("clinical_director")
    where = kept(mine)
    answer = mine.post(f"{where}change/", {"q": QUESTION, "name": "Another", "seen": revision})
    assert answer.status_code == 409
    assert SavedQuestion.objects.get().name == "Older"


def test_more_than_the_server_reads_is_said_in_the_place_of_the_answer(client_for: For) -> None:
    pasted = {"q": "age >= 65 or " * 100_000}
    client = client_for("clinical_director")
    part = client.post(f"/ask/{PCN}/", pasted, headers={"HX-Request": "true"})
    assert part.status_code == 400
    assert b"<html" not in part.content
    assert "too long" in words(part)
    assert "too long" in words(client.post(f"/ask/{PCN}/", pasted))
