"""Values for the parts of addresses, so that every page can be tried: one that exists, where that can be said beforehand.

Names of parts, or ``view name.part`` where the same name means different things.
"""

from __future__ import annotations

SAMPLES: dict[str, str | int] = {
    "scope": "pcn-UZ001",
    "question": 1,
    "opening": "aaaaaaaaaaaaaaaa",
    "person": 1,
    "definition": "copd",
    "codelist": "copd",
    "act": "unlock",
    "end_token.token": 1,
    "api_definition.name": "copd",
    "purpose": "planning",
    "name": "nothing-2026",
    "kind": "pdf",
    "cohort": "nobody-1",
    "release": "r000000000000",
    "token": "aaaaaaaaaaaaaaaa",
    "list_export.kind": "emis",
}
