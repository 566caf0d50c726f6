"""Texts and paths taken as they were typed: typer loads pydantic for them, which takes longer than many a command."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

_STRICT = ("parser", "path_type", "exists", "writable", "resolve_path", "allow_dash")


def take_plainly(command: Any) -> None:
    """Let a command, and those below it, take texts and paths plainly; every other value is left to typer."""
    for parameter in command.get_params(typer.Context(command)):
        if getattr(parameter, "_runtime_param", command) is None and parameter.nargs == 1:
            parameter._runtime_param = _Plainly()
    commands: Mapping[str, Any] = getattr(command, "commands", {})
    for inner in commands.values():
        take_plainly(inner)


class _Plainly:
    def coerce(self, value: Any, *, param: Any, ctx: Any) -> Any:
        if value is None and not param.multiple:
            return None
        if isinstance(value, str) and not param.multiple:
            kind, info = param.type_descriptor.annotation, param.type_descriptor.parameter_info
            easy = not any(getattr(info, name) for name in _STRICT)
            if kind is str and easy:
                return value
            if kind is Path and easy and info.file_okay and info.dir_okay and _to_be_read(value):
                return Path(value)
        param._runtime_param = None
        return param.get_runtime_param().coerce(value, param=param, ctx=ctx)


def _to_be_read(path: str) -> bool:
    """Whether what stands at a path may be read, if anything does: typer says it where not."""
    return not os.path.lexists(path) or os.access(path, os.R_OK)
