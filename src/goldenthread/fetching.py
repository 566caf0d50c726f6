"""Names of a room that are fetched when they are first asked for: a command loads no more of a room than it uses."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def fetched(room: str, modules: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a room; ``modules`` says which of its modules hold which names.

    A name must not be that of a module too: Python puts a module into its room under its own name.
    """
    home = {name: module for module, names in modules.items() for name in names}

    def fetch(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        found = getattr(import_module(f"{room}.{home[name]}"), name)
        setattr(sys.modules[room], name, found)
        return found

    return fetch
