from typing import Protocol


class Edge(Protocol):
    """What stands before the HTTP API where a deployment has it: requests come through it or not at all."""

    host: str
    """What callers call it."""

    def sent(self, proof: str) -> bool:
        """
        Whether a request with this proof came through it.

        Raises:
            Unavailable: nobody can tell now.
        """
