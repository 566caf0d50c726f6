"""A process loads what it was started for, and help is as if everything were loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.models import CommandInfo

from goldenthread.cli import app
from goldenthread.cli.loading import MODULES, load, name_of

HERE = "goldenthread.cli."
HEAVY = ("pandas", "scipy", "sklearn", "statsmodels", "matplotlib", "django", "splink", "sqlglot", "altair")
ALSO_SPARED = ("pydantic", "pyarrow.compute", "pyarrow.parquet", "cryptography")


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


def modules_of(*words: str | Path) -> set[str]:
    """What a process has loaded by the end of a command."""
    code = """
import sys
from goldenthread.cli import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""
    line = [sys.executable, "-c", code, *map(str, words)]
    return set(subprocess.run(line, check=True, capture_output=True, text=True).stderr.split())


def test_a_question_is_answered_without_what_takes_long_to_load(asked: Path) -> None:
    plain = modules_of("ask", "age >= 65 and town_asthma", "--home", asked)
    assert "duckdb" in plain
    assert plain.isdisjoint((*HEAVY, *ALSO_SPARED))
    assert modules_of("ask", "age >= 65", "--attrition", "--json", "--home", asked).isdisjoint(HEAVY)


@pytest.mark.parametrize("words", [("definitions", "list"), ("agreements", "show"), ("snapshots", "list")])
def test_other_commands_load_no_more(words: tuple[str, ...], asked: Path) -> None:
    assert modules_of(*words, "--home", asked).isdisjoint(HEAVY)
