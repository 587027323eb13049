"""Some reads at once, where each waits for a store."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

READ_AT_ONCE = 8
"""Tasks under way: also what who takes no more results has read in vain."""


def concurrently[Result](tasks: Iterable[Callable[[], Result]]) -> Generator[Result]:
    """The results of `tasks` in their order, a few tasks ahead of who takes them; what a task raises comes then."""
    with ThreadPoolExecutor(READ_AT_ONCE) as threads:
        under_way: deque[Future[Result]] = deque()
        try:
            for task in tasks:
                under_way.append(threads.submit(task))
                if len(under_way) == READ_AT_ONCE:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            threads.shutdown(cancel_futures=True)
