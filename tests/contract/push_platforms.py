"""Platforms that wake devices, as the contract suite of `PushService` asks for them."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

from natter.adapters.sns.push_service import SnsPushService
from natter.adapters.webpush.vapid import Vapid
from natter.adapters.webpush.web_push import WebPush
from natter.domain.accounts.users import PushTarget
from natter.domain.ids import ConversationId, DeviceId, UserId, new_id
from natter.domain.push.registrations import Registration, Waking
from natter.domain.push.wording import Badge, Push
from natter.ports.push import PushService
from natter.wire.push import fcm
from tests.contract.scripted_sns import Refusal, Script, scripted_sns
from tests.contract.sns import client
from tests.support.payloads import checked
from tests.support.push_service import Answer, Browser, PushServer, push_server

SECRET = "a-secret-of-VAPID-with-enough-characters"

Trouble = Literal["dead", "throttled", "broken", "too_large"]


class Platform(Protocol):
    """One of them, with the adapter that speaks to it."""

    @property
    def service(self) -> PushService: ...

    def device(self) -> Registration:
        """A new one, that can be woken."""
        ...

    def got(self, device: Registration) -> list[Any]:
        """The payloads that it was woken with, in their order."""
        ...

    def trouble(self, device: Registration, kind: Trouble) -> None:
        """The next push to it is refused: for good, for now, or for what it is."""
        ...

    def hang(self) -> None:
        """From now on nothing is answered."""
        ...


def a_push(**changes: Any) -> Push:
    fair: dict[str, Any] = {"seq": 7, "kind": "direct", "title": "Ann", "body": "Tea?", "badge": 3}
    return Push(conversation_id=ConversationId(new_id()), **fair | changes)


def a_waking(device: Registration, push: Push | Badge | None = None, *, lives_ms: int = 60_000) -> Waking:
    return Waking(registration=device, push=push or a_push(), expires_at=time.time_ns() // 1_000_000 + lives_ms)


ANSWERS: dict[Trouble, Answer] = {
    "dead": Answer(410),
    "throttled": Answer(429, {"Retry-After": "7"}),
    "broken": Answer(503),
    "too_large": Answer(413),
}


@dataclass
class WebPushPlatform:
    server: PushServer
    vapid: Vapid
    service: WebPush

    def device(self) -> Registration:
        return self.server.registration(self.server.subscribe(self.vapid.public_key()))

    def browser(self, device: Registration) -> Browser:
        token = device.target.token
        return next(each for path, each in self.server.browsers.items() if path in token)

    def got(self, device: Registration) -> list[Any]:
        return self.browser(device).pushed

    def trouble(self, device: Registration, kind: Trouble) -> None:
        self.browser(device).answers.append(ANSWERS[kind])

    def hang(self) -> None:
        self.server.answering.clear()


REFUSALS: dict[Trouble, Refusal] = {
    "dead": Refusal("EndpointDisabled"),
    "throttled": Refusal("Throttled", 429),
    "broken": Refusal("InternalError", 500),
    "too_large": Refusal("InvalidParameter", message="Invalid parameter: Message too long"),
}


@dataclass
class SnsPlatform:
    """FCM behind SNS, with what it is given in earnest."""

    script: Script
    service: SnsPushService

    def device(self) -> Registration:
        target = PushTarget(provider="fcm", token=new_id())
        endpoint = f"arn:aws:sns:eu-central-1:000000000000:endpoint/GCM/natter/{new_id()}"
        return Registration(user_id=UserId(new_id()), device_id=DeviceId(new_id()), target=target, endpoint=endpoint)

    def got(self, device: Registration) -> list[Any]:
        taken = [each for each in self.script.asked if each["TargetArn"] == device.endpoint]
        if self.script.answers != ["well"] or device.endpoint in self.script.of_endpoints:
            return []
        forms = [json.loads(json.loads(each["Message"])["GCM"]) for each in taken]
        return [checked("fcm", each["fcmV1Message"])["message"] for each in forms]

    def trouble(self, device: Registration, kind: Trouble) -> None:
        self.script.of_endpoints[str(device.endpoint)] = REFUSALS[kind]

    def hang(self) -> None:
        self.script.answers = ["hang"]


@contextmanager
def sns_platform() -> Iterator[SnsPlatform]:
    with scripted_sns("well") as (url, script):
        service = SnsPushService(partial(client, url), {"fcm": fcm}, now_ms)
        service.warm()
        yield SnsPlatform(script, service)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@contextmanager
def web_push_platform(host: str = "127.0.0.1") -> Iterator[WebPushPlatform]:
    with push_server(host) as server:
        vapid = Vapid(lambda: [SECRET], contact="mailto:operators@natter.example")
        tls = server.tls()
        service = WebPush(vapid, [server.host], now_ms=now_ms, tls=lambda: tls)
        yield WebPushPlatform(server, vapid, service)
        server.answering.set()
        service.close()
