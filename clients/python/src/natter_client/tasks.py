"""Tasks that do not outlive their context."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tasks:
    """
    As `asyncio.TaskGroup`, but what is raised in the context is not wrapped into a group, and leaving it cancels
    what is still running. A task that fails cancels who is in the context, and its exception comes out of `close`.
    """

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self._owner: asyncio.Task[Any] | None = None
        self._failure: BaseException | None = None
        self._is_closing = False

    def open(self) -> None:
        self._owner = asyncio.current_task()

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any] | None:
        """Run `work` until it is done or the context is left; None: it is being left."""
        if self._is_closing:
            work.close()
            return None
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    async def close(self) -> None:
        """
        End everything, and wait for that, whatever happens meanwhile.

        Raises:
            BaseException: that of the first task which failed.
        """
        self._is_closing = True
        for task in self._running:
            task.cancel()
        cancelled = 0
        while self._running:
            try:
                await asyncio.wait(self._running)
            except asyncio.CancelledError:
                cancelled += 1  # of who waits: the tasks are ended all the same, then it counts
        if self._failure is not None:
            if self._owner is not None and self._owner.cancelling():
                self._owner.uncancel()
            raise self._failure
        if cancelled:
            raise asyncio.CancelledError

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if task.cancelled() or (error := task.exception()) is None or self._failure is not None:
            return
        self._failure = error
        if self._owner is not None and not self._is_closing:
            self._owner.cancel()
