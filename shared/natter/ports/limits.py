"""Port to rate limits."""

from typing import Protocol

from natter.domain.limits import Bucket


class RateLimits(Protocol):
    """
    Token buckets, shared by all execution environments; each take is atomic.

    Fails open: while the store does not answer, everything is allowed (and logged), for a limit protects others'
    service and must not be what ends it.
    """

    def take(self, bucket: Bucket, key: str, cost: int = 1) -> None:
        """
        Take `cost` tokens, or none.

        Raises:
            RateLimited: there are not enough; `retry_after_ms` says when there will be.
        """

    def look(self, bucket: Bucket, key: str, cost: int = 1) -> None:
        """
        Take nothing.

        Raises:
            RateLimited: `cost` tokens could not be taken now.
        """

    def charge(self, bucket: Bucket, key: str, cost: int = 1) -> None:
        """
        Take `cost` tokens, even if there are not enough: a bucket may come to lack as many as it holds.

        Raises:
            RateLimited: there were not enough.
        """

    def give_back(self, bucket: Bucket, key: str, cost: int = 1) -> None:
        """Undo a `take`: what it was for turned out not to count."""
