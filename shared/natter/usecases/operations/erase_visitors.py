from collections.abc import Callable
from dataclasses import dataclass, field

from natter.domain.clock import NowMs
from natter.domain.visiting import generation, pair
from natter.ports.visiting import OpenDeployment

WITHIN_S = 4.0
"""Each of the two."""


@dataclass(frozen=True, kw_only=True)
class EraseVisitors:
    """Have last week's visitors erased, once for each execution environment and week: who is gone is gone."""

    open_deployment: OpenDeployment
    secret: Callable[[], str]
    now_ms: NowMs
    clock: Callable[[], float]
    """Seconds, monotonic."""
    _done: set[int] = field(default_factory=set, init=False)

    def __call__(self) -> int:
        """
        How many were asked to be erased now.

        Raises:
            Failure: somebody may be left. It is tried again with the next call.
            Unavailable: the secret cannot be read.
        """
        last = generation(self.now_ms()) - 1
        if last in self._done:
            return 0
        erased = 0
        people = pair(self.secret(), last)
        with self.open_deployment() as deployment:
            for person in (people.caller, people.callee):
                deadline = self.clock() + WITHIN_S
                visitor = deployment.sign_in(person, deadline=deadline)
                if visitor is not None:
                    visitor.vanish(person.password, deadline=deadline)
                    erased += 1
        self._done.add(last)
        return erased
