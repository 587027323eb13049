"""
How long `natter chat` takes from its command to a list of 1,000 conversations on the screen.

    python -m tests.clients.terminal.bench [RUNS]

Each run is a process of its own in a terminal of 80x24, over one store, without a connection. The first one, which
may compile modules, is not counted.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path
from statistics import median

import psutil

from tests.clients.terminal.world import NOON, Kept, said

CONVERSATIONS, EVENTS = 1_000, 20
LAST = "the very last word"
"""It is on the screen when the list and what was said last are."""
WITHIN_S = 60.0


def keep(path: Path) -> None:
    """A store with many conversations, of which the one that is shown first is full."""
    kept = Kept(path)
    for number in range(CONVERSATIONS):
        kept.group(
            f"c{number}",
            f"Friends {number}",
            *(said(seq, f"word {seq} of {number}", at=NOON + 1000 * number + seq) for seq in range(1, EVENTS)),
            said(EVENTS, LAST if number == CONVERSATIONS - 1 else "a word", at=NOON + 1000 * number + EVENTS),
            unread=number % 3,
        )
    kept.opened(f"c{CONVERSATIONS - 1}")
    kept.close()


def start(store: Path) -> tuple[float, float]:
    """Seconds until all was drawn; and of the processor, which do not grow much with what else runs."""
    began = time.monotonic()
    process, terminal = pty.fork()
    if process == 0:
        command = [sys.executable, "-c", "from natter_terminal.cli import main; main()", "chat", "--store", str(store)]
        given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        os.execve(command[0], command, {**given, "TERM": "xterm-256color", "COLORTERM": "truecolor"})  # noqa: S606 - it takes the place of the child
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    seen = b""
    while LAST.encode() not in seen:
        ready, _, _ = select.select([terminal], [], [], began + WITHIN_S - time.monotonic())
        if not ready:
            raise TimeoutError(seen[-2000:])
        seen += os.read(terminal, 65536)
    took, used = time.monotonic() - began, sum(psutil.Process(process).cpu_times()[:2])
    os.write(terminal, b"\x11")  # Ctrl+Q
    end(process, terminal)
    return took, used


def end(process: int, terminal: int) -> None:
    """Take what it still says, until it has ended."""
    while True:
        try:
            if not os.read(terminal, 65536):
                break
        except OSError:  # of a terminal that nobody has open any more
            break
    os.waitpid(process, 0)
    os.close(terminal)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder, "chat.db")
        keep(store)
        start(store)
        figures = [start(store) for _ in range(runs)]
    for name, column in (("until drawn", 0), ("processor", 1)):
        values = sorted(each[column] for each in figures)
        print(f"{name:12} min {values[0]:.2f} s, median {median(values):.2f} s, max {values[-1]:.2f} s")  # noqa: T201
    print(f"{CONVERSATIONS} conversations, {runs} runs, load {os.getloadavg()[0]:.1f}")  # noqa: T201


if __name__ == "__main__":
    main()
