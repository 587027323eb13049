"""Functions whose code changes on disk get new environments: the next event runs what has been saved."""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from local.model import Function
from local.runtime.functions import Lambda

EVERY_S = 0.5

type Stamp = tuple[tuple[str, int, int], ...]
"""Path, time of the last change and size of each file."""


class Reloader:
    """
    Looks at what `functions` run, until cancelled. `say` is told which of them changed.

    What lies in `built` is not looked at: layers of installed packages, which are made anew only with the app.
    """

    def __init__(self, functions: Lambda, *, built: Path, say: Callable[[str], None]) -> None:
        self._functions = functions
        self._built = built
        self._say = say
        self._stamps = self._look()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            before, self._stamps = self._stamps, await asyncio.to_thread(self._look)
            changed = {folder for folder, stamp in self._stamps.items() if before.get(folder, stamp) != stamp}
            if changed:
                self._renew([each for each in self._functions.current() if changed & self._folders(each)])

    def _renew(self, functions: list[Function]) -> None:
        """An equal function is another one to its pool, which is what ends the environments of the one before."""
        self._functions.redefine([replace(function) for function in functions])
        self._say(f"changed: {', '.join(sorted(function.name for function in functions))}")

    def _look(self) -> dict[Path, Stamp]:
        folders = {folder for function in self._functions.current() for folder in self._folders(function)}
        return {folder: tuple(sorted(_files(folder))) for folder in folders}

    def _folders(self, function: Function) -> set[Path]:
        every: Iterable[Path] = (function.code, *function.layers)
        return {folder for folder in every if not folder.is_relative_to(self._built)}


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    for place, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if name != "__pycache__" and not name.startswith(".")]
        for name in files:
            path = os.path.join(place, name)  # noqa: PTH118 - there are hundreds, twice a second
            try:
                found = os.stat(path)  # noqa: PTH116
            except FileNotFoundError:
                continue  # an editor's, or just removed
            yield path, found.st_mtime_ns, found.st_size
