"""Writes docs/commands.md from the commands as they are declared: `python docs/make_commands.py`."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from pathlib import Path

from goldenthread.cli.tree import SHARED, Command, Parameter, every_command

HERE = Path(__file__).parent
HEAD = """\
# Commands

Every command and its options, as declared in the code. This page is written by `python docs/make_commands.py`;
`goldenthread COMMAND --help` says the same.

Most commands take `--home FOLDER` (the folder with `goldenthread.toml`; the folder you stand in, or `GOLDENTHREAD_HOME`, if not said),
`--json` (one JSON document in place of tables and sentences) and `--quiet` (nothing unless something is wrong).

| Exit code | Meaning |
| --- | --- |
| 0 | It was done |
| 1 | Refused: the message says what is wrong, where, and what to do; nothing was changed |
| 2 | The words of the command were off |
| 3 | A check ran to its end and found something wrong, or a refresh left a file out; the message says what |
| 130 | Stopped from the keyboard; nothing was left half done |
"""


def page() -> str:
    """The page, command by command."""
    return HEAD + "".join(f"{line}\n" for command in every_command().values() for line in _command(command))


def _command(command: Command) -> Iterator[str]:
    own = [p for p in command.parameters if p.name not in SHARED]
    use = " ".join(filter(None, ("goldenthread", command.words, *map(_use, own))))
    yield ""
    yield f"## {command.words}"
    yield ""
    yield " ".join(command.help.split())
    yield ""
    yield "```"
    yield use
    yield "```"
    if own:
        yield ""
        yield "| | Meaning | If not said |"
        yield "| --- | --- | --- |"
        for one in own:
            yield f"| `{_name(one)}` | {_cell(one.help)} | {_otherwise(one)} |"


def _use(one: Parameter) -> str:
    if one.spoken:
        return f"{one.spoken[0]} {one.value}" if one.required else ""
    return one.value if one.required else f"[{one.value}]"


def _name(one: Parameter) -> str:
    if not one.spoken:
        return one.value
    ways = ", ".join(one.spoken)
    return ways if one.is_flag else f"{ways} {one.value}"


def _otherwise(one: Parameter) -> str:
    if one.required:
        return "must be said"
    if one.default in (None, "", False):
        return ""
    return f"`{one.default.value if isinstance(one.default, enum.Enum) else one.default}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    (HERE / "commands.md").write_text(page(), encoding="utf-8")
