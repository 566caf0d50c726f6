"""The description of the API in OpenAPI 3.1, generated from the operations."""

from __future__ import annotations

import re
from typing import Any

from goldenthread import __version__
from goldenthread.web.api import files
from goldenthread.web.api.problems import MEDIA_TYPE
from goldenthread.web.api.registry import OPERATIONS, Operation

SCOPE = "system|(place|pcn|practice|district|msoa|lsoa)-[A-Za-z0-9]{1,20}"
_NULLABLE = {"type": ["string", "null"]}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "message", "remedy"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "message": {"type": "string", "description": "What is wrong."},
        "remedy": {"type": "string", "description": "What to do."},
    },
}
_ABOUT_PARTS: dict[str, Any] = {
    "title": {"type": "string"},
    "scope": _NULLABLE,
    "scope_name": _NULLABLE,
    "purpose": {"type": "string"},
    "index_date": _NULLABLE,
    "data_date": {"type": "string", "format": "date"},
    "snapshot": {"type": "string"},
    "coverage": _NULLABLE,
    "disclosure_policy": _NULLABLE,
    "hidden": _NULLABLE | {"description": "What was hidden, in a sentence."},
    "source": {"type": "string"},
    "definition": {"type": "string"},
    "definitions_hash": {"type": "string"},
    "synthetic": {"type": "boolean"},
    "software": {"type": "string"},
}
_ABOUT = {
    "type": "object",
    "required": list(_ABOUT_PARTS),
    "properties": _ABOUT_PARTS,
    "additionalProperties": False,
}
_REFUSALS = {
    "400": "The question cannot be asked as it was put.",
    "401": "No token, or one that does not work.",
    "403": "Outside the token's scope, or against an agreement.",
    "404": "There is no such thing.",
    "405": "Only GET is answered.",
    "429": "Too many questions at once; see Retry-After.",
    "503": "There are no data yet.",
}


def openapi(name: str = "Golden Thread") -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": name,
            "version": __version__,
            "summary": "The figures of the pages, for programs.",
            "description": (
                "Every figure has passed disclosure control, as on the pages: a hidden figure is null in JSON and Parquet, "
                "and * in CSV and XLSX. Answers go to the token owner's own ledger, so that two answers cannot be subtracted. "
                "Send the token as `Authorization: Bearer TOKEN`; make one on the page Account, Tokens."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": {_path(one): {"get": _described(one)} for one in OPERATIONS},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Problem": _PROBLEM, "About": _ABOUT},
            "responses": {
                status: {
                    "description": words,
                    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
                for status, words in _REFUSALS.items()
            },
        },
    }


def _path(one: Operation) -> str:
    return "/api/" + re.sub(r"<str:(\w+)>", r"{\1}", one.path)


def _described(one: Operation) -> dict[str, Any]:
    parts = []
    for name in re.findall(r"<str:(\w+)>", one.path):
        scope = name == "scope"
        schema: dict[str, Any] = {
            "type": "string",
            "pattern": f"^({SCOPE if scope else '[a-z][a-z0-9_]*'})$",
            "maxLength": 80,
        }
        words = "Whose figures: system, or a kind and a code." if scope else "Its name."
        example = "system" if scope else "copd"
        parts.append(
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": words,
                "schema": schema,
                "example": example,
            }
        )
    answer = {
        "type": "object",
        "required": ["about", "result"],
        "properties": {"about": {"$ref": "#/components/schemas/About"}, "result": one.result},
        "additionalProperties": False,
    }
    content: dict[str, Any] = {"application/json": {"schema": answer}}
    if one.tables:
        for kind in files.MEDIA_TYPES.values():
            content[kind.partition(";")[0]] = {"schema": {}}
    return {
        "operationId": one.name,
        "summary": one.summary,
        "description": one.words,
        "parameters": [*parts, *(p.described() for p in one.all_parameters)],
        "responses": {"200": {"description": "The answer.", "content": content}}
        | {status: {"$ref": f"#/components/responses/{status}"} for status in _REFUSALS},
    }
