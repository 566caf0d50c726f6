"""Mistakes in definition files, with the file, the line and what to do."""

from __future__ import annotations

from pathlib import Path

from goldenthread.errors import GoldenThreadError


class DefinitionError(GoldenThreadError):
    """A definition or codelist that cannot be used as it is written."""

    def __init__(
        self, problem: str, *, file: Path | str = "", line: int | None = None, remedy: str = ""
    ) -> None:
        self.problem = problem
        self.file = str(file)
        self.line = line
        where = f"{file}, line {line}: " if file and line else f"{file}: " if file else ""
        super().__init__(f"{where}{problem}", remedy)
