"""Invocations that die at a chosen access to the outside."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any


class DiedError(BaseException):
    """The process is gone: nothing that it would have done afterwards is done, and nobody is told."""


@dataclass
class Death:
    """Before the access with this number (from 0) to any of the ports that go through it, or not at all."""

    at: int | None
    accesses: int = 0

    def __call__(self, port: Any, *, of: Collection[str]) -> Any:
        """`port`, whose methods `of` are accesses."""
        return Mortal(port, self, of)

    def step(self) -> None:
        if self.accesses == self.at:
            raise DiedError
        self.accesses += 1


class Mortal:
    def __init__(self, port: Any, death: Death, accesses: Collection[str]) -> None:
        self._port, self._death, self._accesses = port, death, accesses

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if name not in self._accesses:
            return method

        def access(*arguments: Any, **named: Any) -> Any:
            self._death.step()
            return method(*arguments, **named)

        return access


def died(work: Callable[[], object]) -> bool:
    """Whether it did, instead of coming to its end."""
    try:
        work()
    except DiedError:
        return True
    return False
