"""One waking on its way, which two threads look at: the one that sends it, and the one that waits no longer."""

import threading
from dataclasses import dataclass, field

from natter.domain.push.registrations import Outcome, Waking
from natter.domain.push.subscriptions import PushHost, Subscription


@dataclass
class Attempt:
    waking: Waking
    subscription: Subscription
    host: PushHost
    deadline: float
    """By the monotonic clock."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _begun: bool = False
    _given_up: bool = False

    def begin(self) -> bool:
        """Whether it may be sent still: from here on it may have been handed over."""
        with self._lock:
            self._begun = not self._given_up
            return self._begun

    def give_up(self) -> Outcome:
        """What has to be said of it now; if nothing was sent of it until here, nothing will be."""
        with self._lock:
            self._given_up = True
            return Outcome.UNKNOWN if self._begun else Outcome.REFUSED
