"""Which module declares which commands: a process loads those that it was started for, and help loads all."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

import typer
from typer.models import CommandInfo, TyperInfo

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

MODULES: Mapping[str, tuple[str, ...]] = {
    "ask": ("ask", "measure"),
    "audit": ("audit",),
    "definitions": ("definitions",),
    "codes": ("codes",),
    "doctor": ("doctor",),
    "duties": ("safety-pack", "opt-outs", "retention"),
    "feeds": ("refresh", "status", "quarantine", "feeds"),
    "governance": ("agreements", "purposes"),
    "home": ("init",),
    "inequality": ("inequality", "core20plus5", "coding"),
    "initiative": ("initiative",),
    "initiative_after": ("initiative",),
    "insight": ("segments", "who"),
    "keys": ("keys",),
    "need": ("need",),
    "population": ("show",),
    "profile": ("profile",),
    "snapshots": ("snapshots",),
    "vault": ("vault",),
}
"""Modules of this room, and the first words of the commands in each, in the order in which help lists them."""

_added: set[str] = set()


def load(app: typer.Typer, word: str = "") -> None:
    """Add to ``app`` the commands that begin with ``word``; all of them where it begins none, as for help and slips.

    Other rooms register theirs as entry points of the group ``goldenthread.commands``, by the first word.
    """
    modules = [m for m, words in MODULES.items() if word in words]
    plugins = [] if modules else [p for p in _plugins() if p.name == word]
    if not (modules or plugins):
        modules, plugins = list(MODULES), _plugins()
    for module in modules:
        import_module(f"goldenthread.cli.{module}")
    for point in plugins:
        if point.name not in _added:
            _added.add(point.name)
            point.load()(app)
    # a module may have been imported before, for what else is in it
    words = [w for declared in MODULES.values() for w in declared]
    place = {word: n for n, word in reversed(list(enumerate(words)))}
    app.registered_commands.sort(key=lambda info: place.get(name_of(info), len(words)))
    app.registered_groups.sort(key=lambda info: place.get(name_of(info), len(words)))


def name_of(info: CommandInfo | TyperInfo) -> str:
    """The word that a command or group is called by."""
    return str(info.name or getattr(info.callback, "__name__", "").replace("_", "-"))


def _plugins() -> list[EntryPoint]:
    from importlib.metadata import entry_points  # slow, and few commands are another room's

    return sorted(entry_points(group="goldenthread.commands"), key=lambda point: point.name)
