"""Every command that the documents, the pages or an error's remedy name can be typed as it stands there."""

from __future__ import annotations

import ast
import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from goldenthread.cli.tree import Command, every_command, groups

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PACKAGE = ROOT / "src" / "goldenthread"
PROSE = re.compile(r"`goldenthread ([a-z][^`]*)`")
"""A command in a sentence: names and options are looked at; what it is given may be left out."""
SAID = re.compile(r"(?:`|run:? |with:? |: |^ +)goldenthread ([a-z][\w-]*(?: [^\n`.;,()<]*)?)", re.IGNORECASE | re.MULTILINE)  # fmt: skip
"""The same in a message or on a page, where it may stand without marks."""


def blocks(text: str) -> Iterator[str]:
    """Whole command lines in blocks for a terminal, with what may be left out; a backslash at the end goes on."""
    fenced = [
        block for language, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        if language in ("", "sh", "bash", "console", "text")
    ]  # fmt: skip
    indented = re.findall(
        r"^ {4}\S.*$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    for line in "\n".join([*fenced, *indented]).replace("\\\n", " ").splitlines():
        if found := re.match(r"\s*(?:\$ )?(?:\S*/)?goldenthread ([a-z].*)", line):
            yield re.sub(r"[\[\]]", " ", found[1])


def problem(line: str, *, whole: bool) -> str:
    """What is wrong with a command line (without its first word); ``whole`` where nothing needed may be left out."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        words = line.split()
    if words[0] == "X":
        return ""
    command, rest = _command(words)
    if command is None:
        return "" if " ".join(words) in groups() or _group_with_choices(words) else "there is no such command"
    given, position = set(), 0
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            position += 1
            continue
        name, equals, _ = word.partition("=")
        if name in ("--help", "--version"):
            continue
        option = command.options.get(name)
        if option is None:
            return f"`goldenthread {command.words}` has no option {name}"
        given.add(option.name)
        if not option.is_flag and not equals:
            if not rest and whole:
                return f"{name} is given no value"
            rest[:1] = []
    most = len(command.arguments) if not any(a.many for a in command.arguments) else position
    if whole and position > most:
        return f"`goldenthread {command.words}` takes {most} arguments, and {position} are given"
    if whole and (lacks := _lacks(command, given, position)):
        return f"`goldenthread {command.words}` needs {lacks}"
    return ""


def _command(words: list[str]) -> tuple[Command | None, list[str]]:
    known = every_command()
    for length in (2, 1):
        name = " ".join(words[:length])
        if name in known:
            return known[name], words[length:]
    return None, words


def _group_with_choices(words: list[str]) -> bool:
    """Whether it is a group with a list of its commands: ``vault off|on``, or a group and words in capitals."""
    known, first = every_command(), words[0]
    rest = words[1].split("|") if len(words) > 1 else []
    return first in groups() and all(f"{first} {one}" in known or one.isupper() for one in rest)


def _lacks(command: Command, given: set[str], position: int) -> str:
    for parameter in command.parameters:
        if parameter.required and parameter.spoken and parameter.name not in given:
            return parameter.spoken[0]
    needed = [a.name for a in command.arguments if a.required]
    return "" if position >= len(needed) else needed[position]


def texts_in(path: Path) -> Iterator[str]:
    """What a module says to people: its texts, with ``X`` where a value is filled in; a template as it stands."""
    if path.suffix != ".py":
        yield path.read_text("utf-8")
        return
    inside: set[int] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr):
            inside |= {id(value) for value in node.values}
            yield "".join(str(v.value) if isinstance(v, ast.Constant) else "X" for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_in_documents(path: Path) -> None:
    text = path.read_text("utf-8")
    wrong = [f"goldenthread {line}: {why}" for line in blocks(text) if (why := problem(line, whole=True))]
    wrong += [
        f"goldenthread {line}: {why}" for line in PROSE.findall(text) if (why := problem(line, whole=False))
    ]
    assert wrong == []


def test_commands_in_messages_and_pages() -> None:
    wrong, seen = [], 0
    for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.jinja"), *PACKAGE.rglob("*.toml")]):
        for text in texts_in(path):
            for line in SAID.findall(text):
                seen += 1
                if why := problem(line.strip(), whole=False):
                    wrong.append(f"{path.relative_to(ROOT)}: goldenthread {line}: {why}")
    assert wrong == []
    assert seen > 100, "the messages are not being read"


def test_the_page_of_commands_is_as_they_are_declared() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "make_commands.py"))["page"]()
    assert made == (ROOT / "docs" / "commands.md").read_text("utf-8"), "Run `python docs/make_commands.py`."


def test_everything_a_command_takes_is_explained() -> None:
    silent = [f"{c.words}: {p.name}" for c in every_command().values() for p in c.parameters if not p.help]
    assert silent == []
    assert [c.words for c in every_command().values() if not c.help] == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("nosuch", "no such command"),
        ("snapshots nosuch", "no such command"),
        ("status --hoem x", "no option --hoem"),
        ("ask", "needs expression"),
        ("ask 'age > 1' --by", "given no value"),
        ("status here", "takes 0 arguments"),
        ("vault off --by 'Ann'", "needs --reason"),
    ],
)
def test_a_wrong_line_would_be_found(line: str, says: str) -> None:
    assert says in problem(line, whole=True)
