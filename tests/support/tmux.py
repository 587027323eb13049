"""A program in a terminal, by keys: tmux of its own, without anybody's configuration."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

LOOK_S = 0.1
WITHIN_S = 90.0
COMMAND_S = 30.0


class Tmux:
    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def run(self, *arguments: str) -> str:
        """What a command of tmux prints."""
        command = ["tmux", "-S", str(self._socket), "-f", "/dev/null", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=COMMAND_S).stdout

    def start(self, command: Sequence[str], *, size: tuple[int, int], env: Mapping[str, str]) -> None:
        columns, rows = (str(each) for each in size)
        given = [f"-e{name}={value}" for name, value in env.items()]
        self.run("-u", "new-session", "-d", "-x", columns, "-y", rows, *given, *command)
        self.run("set-option", "-g", "remain-on-exit", "on")

    def keys(self, *keys: str) -> None:
        """By tmux's names (`Enter`, `C-p`)."""
        self.run("send-keys", *keys)

    def type(self, text: str) -> None:
        self.run("send-keys", "-l", text)

    def screen(self) -> str:
        return self.run("capture-pane", "-p")

    async def shows(self, text: str, *, within_s: float = WITHIN_S) -> str:
        """
        Wait for a text; the screen that has it.

        Raises:
            AssertionError: it does not come.
        """
        end = time.monotonic() + within_s
        while text not in (screen := await asyncio.to_thread(self.screen)):
            assert time.monotonic() < end, f"not within {within_s} s: {text}\n{screen}"
            await asyncio.sleep(LOOK_S)
        return screen

    async def ended(self, *, within_s: float = WITHIN_S) -> None:
        """
        Wait for the end of the program. (Not for tmux's line about it: that may stay out when all goes at once.)

        Raises:
            AssertionError: it goes on.
        """
        end = time.monotonic() + within_s
        while (await asyncio.to_thread(self.run, "display-message", "-p", "#{pane_dead}")).strip() != "1":
            assert time.monotonic() < end, f"not within {within_s} s: the end\n{self.screen()}"
            await asyncio.sleep(LOOK_S)


@contextmanager
def tmux(folder: Path) -> Iterator[Tmux]:
    """Skips the test where there is no tmux."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not on PATH")
    made = Tmux(folder / "tmux")
    try:
        yield made
    finally:
        subprocess.run(
            ["tmux", "-S", str(folder / "tmux"), "kill-server"], check=False, capture_output=True, timeout=COMMAND_S
        )
