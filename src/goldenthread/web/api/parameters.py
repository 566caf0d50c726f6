"""What an operation may be asked with: checked strictly, since a misspelt parameter would give a wrong figure quietly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.http import QueryDict

from goldenthread.errors import GoldenThreadError


class ParameterError(GoldenThreadError):
    """A parameter that is missing, unknown, given twice, or not of its kind."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of an address, with what it may be."""

    name: str
    words: str
    kind: Literal["text", "choice", "truth", "number"] = "text"
    choices: tuple[str, ...] = ()
    required: bool = False
    usual: Any = None
    longest: int = 200
    pattern: str = ""
    least: int = 0
    most: int = 0
    example: str = ""

    def schema(self) -> dict[str, Any]:
        """The parameter in JSON Schema."""
        found: dict[str, Any]
        if self.kind == "choice":
            found = {"type": "string", "enum": list(self.choices)}
        elif self.kind == "truth":
            found = {"type": "boolean"}
        elif self.kind == "number":
            found = {"type": "integer", "minimum": self.least, "maximum": self.most}
        else:
            found = {"type": "string", "minLength": 1, "maxLength": self.longest}
            if self.pattern:
                found["pattern"] = f"^({self.pattern})$"
        if self.usual is not None:
            found["default"] = self.usual
        return found

    def described(self) -> dict[str, Any]:
        """The parameter in OpenAPI."""
        found = {
            "name": self.name, "in": "query", "description": self.words, "required": self.required, "schema": self.schema(),
        }  # fmt: skip
        if self.example:
            found["example"] = self.example
        return found

    def read(self, text: str) -> Any:
        """The value of what was sent; ``ParameterError`` where it is not of the kind."""
        if self.kind == "choice" and text in self.choices:
            return text
        if self.kind == "truth" and text in ("true", "false"):
            return text == "true"
        if (
            self.kind == "number"
            and re.fullmatch(r"-?[0-9]{1,9}", text, re.ASCII)
            and self.least <= int(text) <= self.most
        ):
            return int(text)
        if self.kind == "text" and 1 <= len(text) <= self.longest and (
            not self.pattern or re.fullmatch(self.pattern, text, re.ASCII)
        ):  # fmt: skip
            return text
        raise ParameterError(f"{self.name} = {text[:60]!r} is not what it may be.", f"Give {self._wanted()}.")

    def _wanted(self) -> str:
        if self.kind == "choice":
            return "one of: " + ", ".join(self.choices)
        if self.kind == "truth":
            return "true or false"
        if self.kind == "number":
            return f"a whole number from {self.least} to {self.most}"
        return f"text of 1 to {self.longest} characters" + (f" like {self.example}" if self.example else "")


def read_all(known: Sequence[Parameter], sent: QueryDict) -> dict[str, Any]:
    """The values of every parameter of an operation, the usual ones where nothing was sent."""
    by_name = {p.name: p for p in known}
    for name, values in sent.lists():
        if name not in by_name:
            raise ParameterError(
                f"There is no parameter {name[:60]!r} here.",
                f"Use: {', '.join(by_name)}." if by_name else "This address takes none.",
            )
        if len(values) != 1:
            raise ParameterError(f"{name} is given {len(values)} times.", "Give it once.")
    found = {}
    for one in known:
        if one.name in sent:
            found[one.name] = one.read(sent[one.name])
        elif one.required:
            raise ParameterError(f"{one.name} is missing.", f"{one.words}")
        else:
            found[one.name] = one.usual
    return found
