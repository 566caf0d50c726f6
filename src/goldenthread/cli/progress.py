"""Progress bars with rates and time left, for anything that takes more than a moment."""

from __future__ import annotations

import time
from types import TracebackType

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from goldenthread.cli.output import Speech


class _Rate(ProgressColumn):
    """Rows a second, where rows are counted."""

    def render(self, task: Task) -> Text:
        rows, seconds = task.fields.get("rows", 0), task.elapsed or 0
        if not rows or seconds < 0.5:
            return Text("")
        return Text(f"{rows / seconds:,.0f} rows/s")


class Bars:
    """Shows stages one after another on standard error; silent where nobody looks.

    A stage without a terminal to draw on is one line when it ends.
    """

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self._stage, self._began = "", 0.0
        self._task: int | None = None
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=speech.err,
            transient=True,
            disable=not (speech.talks and speech.err.is_terminal),
        )

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def begin(self, stage: str, total: int) -> None:
        """A stage begins; ``total`` steps are to come, 0 where that is not known."""
        self._stage, self._began = stage, time.monotonic()
        self._task = self._bars.add_task(stage, total=total or None, rows=0)

    def advance(self, steps: int = 1, rows: int = 0) -> None:
        """Some steps are done, and so many rows were read or written."""
        if self._task is not None:
            known = self._bars.tasks[-1].fields.get("rows", 0)
            self._bars.update(self._task, advance=steps, rows=known + rows)  # type: ignore[arg-type]

    def end(self) -> None:
        """The stage is over."""
        seconds = time.monotonic() - self._began
        if self._task is not None:
            self._bars.remove_task(self._task)  # type: ignore[arg-type]
            self._task = None
        if self._speech.talks and seconds >= 2:
            self._speech.err.print(f"{self._stage}: {seconds:.0f} s")

    def stage(self, name: str, done: int, of: int) -> None:
        """The same for work that reports how far it is: ``done`` of ``of`` steps of stage ``name``."""
        if name != self._stage or self._task is None:
            if self._task is not None:
                self.end()
            self.begin(name, of)
        if self._task is not None:
            self._bars.update(self._task, completed=done)  # type: ignore[arg-type]
        if done >= of:
            self.end()
