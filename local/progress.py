"""What takes long is shown while it runs: live bars on a terminal, one line at each step's end elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars


@dataclass(frozen=True)
class Step:
    """A step under way; `advance` counts what is done of its total."""

    _bars: Bars
    _task: TaskID

    def advance(self, count: int = 1) -> None:
        self._bars.advance(self._task, count)


class Progress:
    """
    Steps that may run at the same time, on standard error. Not for use from several threads.

    A step that succeeds says `kafka ready in 2.1 s`; one that raises says `kafka failed after 2.1 s` and lets
    the exception pass.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(24), MofNCompleteColumn())
        self._bars = Bars(*columns, TimeElapsedColumn(), console=self._console, transient=True)
        self._open = 0

    def say(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, markup=False)

    @contextmanager
    def step(self, name: str, *, done: str = "ready", total: int | None = None) -> Iterator[Step]:
        began = time.monotonic()
        task = self._begin(name, total)
        try:
            yield Step(self._bars, task)
        except BaseException:
            self.say(f"{name} failed after {time.monotonic() - began:.1f} s")
            raise
        else:
            self.say(f"{name} {done} in {time.monotonic() - began:.1f} s")
        finally:
            self._end(task)

    def _begin(self, name: str, total: int | None) -> TaskID:
        if self._open == 0 and self._console.is_terminal:
            self._bars.start()
        self._open += 1
        return self._bars.add_task(name, total=total)

    def _end(self, task: TaskID) -> None:
        self._bars.remove_task(task)
        self._open -= 1
        if self._open == 0 and self._console.is_terminal:
            self._bars.stop()
