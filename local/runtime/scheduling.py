"""
Which environment gets which event, and when another one is started: the rules of a function's pool, without I/O.

AWS starts an environment for every event that finds none free. A machine with a few cores would spend itself on
cold starts, so events may wait here: up to `limit` environments exist, and the event at the head of the line takes
whichever is ready first, a new one or one that has become free. With reserved concurrency nothing waits for want
of room: what exceeds it is throttled, as on AWS.
"""

from collections import deque


class ThrottledError(Exception):
    """The function's reserved concurrency is in use (`TooManyRequestsException`, 429). Retrying later is safe."""

    def __init__(self, function: str) -> None:
        super().__init__(f"{function}: Rate Exceeded.")
        self.function = function


class Slots[Worker, Event]:
    """
    The pool of one function. Feed it events (`place`, `done`) and what happens to workers (`started`, `ready`, `gone`).

    Ask `missing()` after each call how many workers to start.
    """

    def __init__(self, name: str, limit: int, *, reserved: bool) -> None:
        self.name = name
        self.limit = limit
        self.reserved = reserved
        self.closed = 0
        """By how many nobody is let in; 0: whoever finds room is."""
        self.idle: list[Worker] = []
        """Most recently used last."""
        self.busy = 0
        """Workers between being given an event and asking for the next one, or ending."""
        self.executing = 0
        """Events that were placed and are not done. A worker may still be busy when its event is done."""
        self.starting = 0
        self.waiting: deque[Event] = deque()

    @property
    def size(self) -> int:
        return len(self.idle) + self.busy + self.starting

    def place(self, event: Event) -> Worker | None:
        """
        The worker that takes `event` now, or None: it waits.

        Raises:
            ThrottledError: reserved concurrency is used up, or nobody is let in.
        """
        if self.closed or (self.reserved and self.executing >= self.limit):
            raise ThrottledError(self.name)
        self.executing += 1
        if self.idle:
            self.busy += 1
            return self.idle.pop()
        self.waiting.append(event)
        return None

    def done(self) -> None:
        """A placed event was answered, or whoever sent it has given up."""
        self.executing -= 1

    def missing(self) -> int:
        """How many workers to start for the events that wait."""
        return max(0, min(len(self.waiting) - self.starting, self.limit - self.size))

    def started(self) -> None:
        """A worker process was launched; it becomes usable with `ready`."""
        self.starting += 1

    def ready(self, worker: Worker, *, was: str) -> Event | None:
        """A worker that `was` "starting", "busy" or "stranded" asks for an event; None: it is idle now."""
        self._leave(was)
        if self.waiting:
            self.busy += 1
            return self.waiting.popleft()
        self.idle.append(worker)
        return None

    def empty(self) -> list[Worker]:
        """Take out those that are idle: they are "stranded" then."""
        idle, self.idle = self.idle, []
        return idle

    def spare(self, keep: int) -> list[Worker]:
        """Those that are idle, but for the `keep` most recently used; the one that was used last comes last."""
        return self.idle[:-keep]

    def stranded(self) -> None:
        """A busy worker is out of reach, and its place free for another, until it is `ready` or `gone` again."""
        self.busy -= 1

    def gone(self, worker: Worker, *, was: str) -> None:
        """A worker's process ended while it `was` "starting", "busy", "idle" or "stranded"."""
        if was == "idle":
            self.idle.remove(worker)
        else:
            self._leave(was)

    def _leave(self, was: str) -> None:
        if was == "starting":
            self.starting -= 1
        elif was == "busy":
            self.busy -= 1
