"""The API keeps to its own description, whatever it is asked: Schemathesis makes up questions, right and wrong ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from schemathesis.generation import GenerationMode

from goldenthread.web.api import answers  # noqa: F401  the operations register themselves
from goldenthread.web.api.registry import OPERATIONS
from goldenthread.web.api.schema import openapi
from tests.web.api.conftest import token_of

EXAMPLES = 6
FREE_TEXT = {"expression", "outcome", "by", "segmentation"}
"""What the schema allows here can still be no expression and no name: then 400 is the right answer."""


def test_the_description_is_sound() -> None:
    import jsonschema

    document = Client().get("/api/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    assert len(document["paths"]) == len(OPERATIONS)
    for path, one in document["paths"].items():
        found = one["get"]
        assert found["summary"]
        assert found["description"]
        assert {p["name"] for p in found["parameters"] if p["in"] == "path"} == set(
            re.findall(r"{(\w+)}", path)
        )
        for parameter in found["parameters"]:
            jsonschema.Draft202012Validator.check_schema(parameter["schema"])
            assert parameter["description"]
        jsonschema.Draft202012Validator.check_schema(
            found["responses"]["200"]["content"]["application/json"]["schema"]
        )


@pytest.fixture
def app(site: None) -> Iterator[Any]:
    """The whole application, as a server calls it; only the test's own transaction stays open between calls."""
    from django.core.signals import request_finished, request_started
    from django.core.wsgi import get_wsgi_application
    from django.db import close_old_connections

    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield get_wsgi_application()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def headers_of(role: str) -> dict[str, str]:
    """A token; and no packing, since nothing unpacks between here and the application."""
    return {"Authorization": f"Bearer {token_of(role)}", "Accept-Encoding": "identity"}


def _only_lacked_a_token(answer: Any) -> bool:
    """Whether a question made wrong by leaving the token out was made right by ours: nothing else was sent but a format there is."""
    sent = parse_qs(urlsplit(str(answer.request.url)).query, keep_blank_values=True)
    formats = sent.pop("format", ["json"])
    return not sent and len(formats) == 1 and formats[0] in ("json", "csv", "xlsx", "parquet")


@pytest.mark.parametrize("one", OPERATIONS, ids=lambda o: o.name)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
def test_answers_keep_to_the_description(app: Any, one: Any, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_dict(openapi())
    schema.app = app
    operation = schema["/api/" + re.sub(r"<str:(\w+)>", r"{\1}", one.path)]["GET"]
    headers = headers_of("analyst")
    leave_out = {
        "ignored_auth"
    }  # it takes our token for one that it made up; test_tokens.py tries wrong ones
    if FREE_TEXT & {p.name for p in one.parameters}:
        leave_out.add("positive_data_acceptance")
    excluded = [c for c in CHECKS.get_all() if c.__name__ in leave_out]
    assert {c.__name__ for c in excluded} == leave_out
    statuses: set[int] = set()

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        answer = case.call(headers=headers)
        statuses.add(answer.status_code)
        made_right = (
            [c for c in CHECKS.get_all() if c.__name__ == "negative_data_rejection"]
            if _only_lacked_a_token(answer)
            else []
        )
        case.validate_response(answer, excluded_checks=[*excluded, *made_right])

    ask()
    assert statuses, "nothing was asked"


@pytest.mark.parametrize("one", OPERATIONS, ids=lambda o: o.name)
def test_the_example_of_each_operation_is_answered(app: Any, one: Any) -> None:
    """So that the figures themselves are held against the description, not only refusals."""
    schema = schemathesis.openapi.from_dict(openapi())
    schema.app = app
    operation = schema["/api/" + re.sub(r"<str:(\w+)>", r"{\1}", one.path)]["GET"]
    query = {p.name: p.example for p in one.parameters if p.required}
    parts = {"scope": "pcn-UZ001"} if one.scoped else {"name": "copd"} if "<str:name>" in one.path else {}
    case = operation.Case(path_parameters=parts, query=query)
    answer = case.call(headers=headers_of("analyst"))
    assert answer.status_code == 200, answer.text[:500]
    case.validate_response(
        answer, excluded_checks=[c for c in CHECKS.get_all() if c.__name__ == "ignored_auth"]
    )
