"""A process loads what it was started for, and help is as if everything were loaded."""

from __future__ import annotations

import subprocess
import sys

from typer.models import CommandInfo

from goldenthread.cli import app
from goldenthread.cli.loading import MODULES, load, name_of

HERE = "goldenthread.cli."


def module_of(command: CommandInfo) -> str:
    return str(getattr(command.callback, "__module__", ""))


def loaded_for(word: str) -> list[str]:
    """Commands and groups in a process of its own that was started for one word."""
    code = f"""
from goldenthread.cli import app
from goldenthread.cli.loading import load, name_of
load(app, {word!r})
print(*[name_of(c) for c in (*app.registered_commands, *app.registered_groups)])
"""
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return found.stdout.split()


def test_every_command_is_said_to_be_where_it_is() -> None:
    load(app)
    found = {(module_of(c), name_of(c)) for c in app.registered_commands}
    for group in app.registered_groups:
        assert group.typer_instance is not None
        found |= {(module_of(c), name_of(group)) for c in group.typer_instance.registered_commands}
    here = {(module.removeprefix(HERE), word) for module, word in found if module.startswith(HERE)}
    assert here == {(module, word) for module, words in MODULES.items() for word in words}


def test_a_command_of_its_own_is_loaded_alone() -> None:
    load(app)
    everything = [name_of(c) for c in (*app.registered_commands, *app.registered_groups)]
    assert loaded_for("measure") == ["ask", "measure"]
    assert loaded_for("snapshots") == ["snapshots"]
    assert loaded_for("accounts") == ["accounts"]
    assert loaded_for("measures") == loaded_for("") == everything
