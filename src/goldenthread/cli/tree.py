"""Every command of the command line, as the code declares it: its words, and what it may be given."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo

from goldenthread.cli.app import app
from goldenthread.cli.loading import load, name_of

SHARED = ("home", "as_json", "quiet")
"""What nearly every command takes, and means the same everywhere."""


@dataclass(frozen=True)
class Parameter:
    """One argument or option. ``spoken`` is how an option is written: ``--home``; empty for an argument."""

    name: str
    type: type
    required: bool
    many: bool
    spoken: tuple[str, ...]
    help: str = ""
    metavar: str = ""
    default: Any = None

    @property
    def is_flag(self) -> bool:
        """Whether it is said, or not, without a value."""
        return self.type is bool

    @property
    def value(self) -> str:
        """What stands for its value in a line that shows how it is used."""
        return self.metavar or self.name.upper()


@dataclass(frozen=True)
class Command:
    """A command that can be run, such as ``snapshots list``."""

    words: str
    help: str
    parameters: tuple[Parameter, ...]

    def given(self, name: str) -> Parameter | None:
        """The parameter called ``name``, if the command has it."""
        return next((p for p in self.parameters if p.name == name), None)

    @property
    def arguments(self) -> list[Parameter]:
        """What is given without a name, in order."""
        return [p for p in self.parameters if not p.spoken]

    @property
    def options(self) -> dict[str, Parameter]:
        """Options by every way of writing them."""
        return {way: p for p in self.parameters for way in p.spoken}


@cache
def every_command() -> dict[str, Command]:
    """All commands by their words, those of other rooms too."""
    load(app)
    return {c.words: c for c in _below(app, "")}


def groups() -> set[str]:
    """Words that lead to commands and are none themselves, such as ``snapshots``."""
    return {words.rpartition(" ")[0] for words in every_command()} - {""}


def _below(group: typer.Typer, above: str) -> Iterator[Command]:
    for info in group.registered_commands:
        function: Any = info.callback
        yield Command(f"{above}{name_of(info)}", inspect.getdoc(function) or "", tuple(_parameters(function)))
    for inner in group.registered_groups:
        if isinstance(inner.typer_instance, typer.Typer):
            yield from _below(inner.typer_instance, f"{above}{inner.name} ")


def _parameters(function: Any) -> Iterator[Parameter]:
    hints = get_type_hints(function, include_extras=True)
    for name, declared in inspect.signature(function).parameters.items():
        kind, info = get_args(hints[name])
        if not isinstance(info, ArgumentInfo | OptionInfo):
            raise TypeError(
                f"{name} of {function.__name__} is declared without Annotated[..., typer.Option(...)]."
            )
        if get_origin(kind) in (Union, types.UnionType):
            kind = next(k for k in get_args(kind) if k is not type(None))
        many = get_origin(kind) is list
        required = declared.default is inspect.Parameter.empty
        yield Parameter(
            name,
            get_args(kind)[0] if many else kind,
            required,
            many,
            _spoken(name, kind, info),
            info.help or "",
            str(info.metavar or ""),
            None if required else declared.default,
        )


def _spoken(name: str, kind: Any, info: ArgumentInfo | OptionInfo) -> tuple[str, ...]:
    if isinstance(info, ArgumentInfo):
        return ()
    # inside Annotated the first way of writing it takes the place of the default
    given = [ways for ways in (info.default, *(info.param_decls or ())) if isinstance(ways, str)]
    said = [way for ways in given for way in ways.split("/") if way.startswith("-")]
    if said:
        return tuple(said)
    usual = name.replace("_", "-")
    return (f"--{usual}", f"--no-{usual}") if kind is bool else (f"--{usual}",)
