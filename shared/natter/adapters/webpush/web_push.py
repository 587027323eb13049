"""
`PushService` of browsers: Web Push (RFC 8030), encrypted for each (RFC 8291), signed by us (RFC 8292).

Requests wait in threads, each push service with its own few: one that hangs keeps nobody else waiting. A thread spends
its time on the network, so that they do not take turns at the processor.
"""

import logging
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from natter.adapters.http.connection import HttpConnection, left_s, written
from natter.adapters.http.tls import trusted
from natter.adapters.webpush.answers import REFUSED_KEY, handed
from natter.adapters.webpush.attempt import Attempt
from natter.adapters.webpush.encryption import encrypt
from natter.adapters.webpush.origin import NotPublicError, Origin
from natter.adapters.webpush.vapid import Vapid
from natter.domain.accounts.users import PushTarget
from natter.domain.clock import NowMs
from natter.domain.errors import BadRequest, Unavailable
from natter.domain.push.registrations import Handed, Outcome, Waking
from natter.domain.push.subscriptions import PushHost, Subscription
from natter.domain.push.wording import Badge
from natter.ports.push import PushEndpoints, PushService
from natter.wire import push as wire

_logger = logging.getLogger(__name__)

THREADS = 16
"""Requests under way at once to one push service."""
MAX_IDLE_S = 20.0
"""A connection that was idle for longer is not trusted: a push is sent once, so it had better be one that is open."""
GRACE_S = 0.05
"""How much longer than its requests a wave is waited for: they end at their deadline by themselves."""

_REFUSED = Handed(outcome=Outcome.REFUSED)
_UNKNOWN = Handed(outcome=Outcome.UNKNOWN)
_INVALID = Handed(outcome=Outcome.INVALID)


@dataclass(frozen=True)
class _Idle:
    connection: HttpConnection[Origin]
    since: float
    """By the clock on the wall: it goes on while the environment is frozen."""

    @property
    def is_good(self) -> bool:
        return time.time() - self.since <= MAX_IDLE_S and self.connection.reusable


class WebPush:
    """Made once for each execution environment."""

    def __init__(
        self,
        vapid: Vapid,
        hosts: Sequence[PushHost],
        *,
        now_ms: NowMs,
        tls: Callable[[], ssl.SSLContext] = trusted,
    ) -> None:
        """`hosts`: the push services that subscriptions may name."""
        self._vapid = vapid
        self._hosts = hosts
        self._now_ms = now_ms
        self._tls = tls
        self._lock = threading.Lock()
        self._idle: dict[Origin, list[_Idle]] = defaultdict(list)
        self._threads: dict[PushHost, ThreadPoolExecutor] = {}

    def hand_over(self, wakings: Sequence[Waking], *, budget_s: float) -> Sequence[Handed]:
        deadline = time.monotonic() + budget_s
        self._close_idle()
        begun = [self._begin(waking, deadline) for waking in wakings]
        wait([future for _, future in begun if future is not None], timeout=left_s(deadline) + GRACE_S)
        return [_outcome(attempt, future) for attempt, future in begun]

    def close(self) -> None:
        """Wait for what is under way, and close all connections."""
        for threads in self._threads.values():
            threads.shutdown()
        for idle in self._idle.values():
            for each in idle:
                each.connection.close()
        self._idle.clear()

    def _begin(self, waking: Waking, deadline: float) -> "tuple[Attempt | None, Future[Handed] | None]":
        """None: it is not a subscription that may be used (any more), and never will be: it is not tried."""
        try:
            subscription = Subscription.of(waking.registration.target.token)
            host = subscription.host_among(self._hosts)
        except BadRequest as error:
            _logger.warning("a subscription that cannot be used: %s", error.detail)
            return None, None
        attempt = Attempt(waking, subscription, host, deadline)
        if host not in self._threads:
            self._threads[host] = ThreadPoolExecutor(THREADS, f"push-{host.name}")
        return attempt, self._threads[host].submit(self._try, attempt)

    def _try(self, attempt: Attempt) -> Handed:
        try:
            return self._sent(attempt)
        except Unavailable as error:
            _logger.warning("not pushed: %s", error)
            return _REFUSED
        except (
            NotPublicError
        ) as error:  # tried again it would be no other; and where names go wrong, nobody is forgotten
            _logger.error("not pushed: %s", error)  # noqa: TRY400 - where is of no interest
            return _INVALID

    def _sent(self, attempt: Attempt) -> Handed:
        """By the first of our keys that is not refused: the answer to any is that nothing was taken."""
        origin = Origin.of(attempt.subscription, attempt.host, self._tls)
        result = _REFUSED
        for authorization in self._vapid.authorizations(attempt.subscription.origin):
            status, retry_after = self._answer(attempt, origin, authorization)
            result = _UNSENT.get(status) or handed(status, retry_after)
            if status not in REFUSED_KEY:
                return result
            _logger.warning("%s refused a push with %d", origin.host, status)
        return result

    def _answer(self, attempt: Attempt, origin: Origin, authorization: str) -> tuple[int, str | None]:
        """The status, and `Retry-After`; `NOT_SENT` or `NO_ANSWER` where there is none."""
        connection = self._connection(origin)
        if not self._opened(connection, attempt):
            return NOT_SENT, None
        try:
            connection.send(self._request(attempt, authorization), attempt.deadline)
            status = connection.receive(attempt.deadline)
        except OSError as error:
            _logger.warning("no answer from %s: %s", origin.host, type(error).__name__)
            return NO_ANSWER, None
        if connection.reusable:
            with self._lock:
                self._idle[origin].append(_Idle(connection, time.time()))
        return status, connection.header

    def _opened(self, connection: HttpConnection[Origin], attempt: Attempt) -> bool:
        """Whether there is somebody, and still time: the request may be sent."""
        if time.monotonic() >= attempt.deadline:
            connection.close()
            return False
        try:
            connection.open(attempt.deadline)
        except NotPublicError:
            raise
        except OSError as error:
            _logger.warning("%s: %s", connection.endpoint.host, type(error).__name__)
            return False
        if time.monotonic() >= attempt.deadline or not attempt.begin():
            connection.close()
            return False
        return True

    def _connection(self, origin: Origin) -> HttpConnection[Origin]:
        with self._lock:
            idle = self._idle.get(origin, [])
            while idle:
                last = idle.pop()
                if last.is_good:
                    return last.connection
                last.connection.close()
        return HttpConnection(origin, header="retry-after")

    def _close_idle(self) -> None:
        """Users name the services: what nobody used for a while is not kept open until its name comes again."""
        with self._lock:
            for origin, idle in list(self._idle.items()):
                good = [each for each in idle if each.is_good]
                for each in idle:
                    if each not in good:
                        each.connection.close()
                if good:
                    self._idle[origin] = good
                else:
                    del self._idle[origin]

    def _request(self, attempt: Attempt, authorization: str) -> bytes:
        to, waking = attempt.subscription, attempt.waking
        body = encrypt(wire.web_push(waking.push), p256dh=to.p256dh, auth=to.auth)
        headers = {
            "Host": to.authority,
            "Authorization": authorization,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(max(waking.expires_at - self._now_ms(), 0) // 1000),
            "Topic": wire.topic(waking.push),
            "Urgency": "normal" if isinstance(waking.push, Badge) else "high",
        }
        return written("POST", to.path, headers, body)


NOT_SENT = -1
NO_ANSWER = 0
_UNSENT = {NOT_SENT: _REFUSED, NO_ANSWER: _UNKNOWN}


def _outcome(attempt: Attempt | None, future: "Future[Handed] | None") -> Handed:
    if attempt is None or future is None:
        return Handed(outcome=Outcome.DEAD)
    if future.done():
        return future.result()
    future.cancel()
    return Handed(outcome=attempt.give_up())


class WebPushEndpoints:
    """`PushEndpoints` of browsers: nothing has to be made, but a subscription must be one that can be used."""

    def __init__(self, hosts: Sequence[PushHost]) -> None:
        self._hosts = hosts

    def make(self, target: PushTarget) -> str | None:
        Subscription.of(target.token).host_among(self._hosts)
        return None


_: type[PushService] = WebPush
_endpoints: type[PushEndpoints] = WebPushEndpoints
