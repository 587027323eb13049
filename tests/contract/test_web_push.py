"""How browsers' push services are spoken to: by one of the tests, over TLS, as strict as the RFCs."""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest

from natter.adapters.http.tls import trusted
from natter.adapters.secrets import secrets_reader
from natter.adapters.webpush import web_push as adapter
from natter.adapters.webpush.vapid import Vapid, VapidKey
from natter.adapters.webpush.web_push import WebPush, WebPushEndpoints
from natter.domain.accounts.users import PushTarget
from natter.domain.errors import BadRequest, Unavailable
from natter.domain.push.registrations import Handed, Outcome, Registration
from natter.domain.push.subscriptions import PushHost
from natter.domain.push.wording import Badge, collapse_id
from tests.contract.push_platforms import SECRET, WebPushPlatform, a_push, a_waking, now_ms, web_push_platform
from tests.support.push_service import Answer

CONTACT = "mailto:operators@natter.example"


@pytest.fixture
def platform() -> Iterator[WebPushPlatform]:
    with web_push_platform() as running:
        yield running
        assert running.server.refused == []


@pytest.fixture
def strict() -> Iterator[WebPushPlatform]:
    """One that has something to refuse."""
    with web_push_platform() as running:
        yield running


def handed_to(platform: WebPushPlatform, *devices: Registration) -> list[Handed]:
    return list(platform.service.hand_over([a_waking(device) for device in devices], budget_s=5))


def another(platform: WebPushPlatform, hosts: list[PushHost] | None = None, vapid: Vapid | None = None) -> WebPush:
    hosts = [platform.server.host] if hosts is None else hosts
    return WebPush(vapid or platform.vapid, hosts, now_ms=now_ms, tls=platform.server.tls)


class TestARequest:
    def test_says_what_rfc_8030_wants_to_know(self, platform: WebPushPlatform) -> None:
        device, push = platform.device(), a_push()
        platform.service.hand_over([a_waking(device, push, lives_ms=60_900)], budget_s=5)
        (headers,) = platform.browser(device).headers
        assert headers["topic"] == collapse_id(push.conversation_id)
        assert headers["urgency"] == "high"
        assert headers["content-type"] == "application/octet-stream"
        assert headers["ttl"] == "60"
        assert headers["host"] == platform.server.origin.removeprefix("https://")

    def test_of_a_badge_may_wait(self, platform: WebPushPlatform) -> None:
        device = platform.device()
        platform.service.hand_over([a_waking(device, Badge(badge=1))], budget_s=5)
        (headers,) = platform.browser(device).headers
        assert (headers["topic"], headers["urgency"]) == ("badge", "normal")

    def test_of_what_has_expired_is_for_who_is_there(self, platform: WebPushPlatform) -> None:
        device = platform.device()
        platform.service.hand_over([a_waking(device, lives_ms=-5000)], budget_s=5)
        (headers,) = platform.browser(device).headers
        assert headers["ttl"] == "0"

    def test_carries_the_payload(self, platform: WebPushPlatform) -> None:
        device, push = platform.device(), a_push(title="Ännchen", body="\U0001f375?")
        platform.service.hand_over([a_waking(device, push)], budget_s=5)
        assert platform.got(device) == [
            {
                "title": "Ännchen",
                "body": "\U0001f375?",
                "badge": 3,
                "data": {"conversation_id": push.conversation_id, "seq": 7, "kind": "direct"},
            }
        ]

    def test_goes_on_a_connection_that_is_kept(self, platform: WebPushPlatform) -> None:
        for _ in range(5):
            handed_to(platform, platform.device())
        assert platform.server.handshakes == 1

    def test_does_not_trust_one_that_was_idle_for_long(
        self, platform: WebPushPlatform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        handed_to(platform, platform.device())
        monkeypatch.setattr(adapter, "MAX_IDLE_S", -1)
        handed_to(platform, platform.device())
        assert platform.server.handshakes == 2

    def test_leaves_no_connection_open_that_is_not_used_again(
        self, platform: WebPushPlatform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Users name the services: each name would keep its connections, and as many files open."""
        handed_to(platform, platform.device())
        assert not platform.server.ended.acquire(blocking=False)
        monkeypatch.setattr(adapter, "MAX_IDLE_S", -1)
        platform.service.hand_over([], budget_s=5)
        assert platform.server.ended.acquire(timeout=5)


class TestOurKeys:
    def test_that_take_turns_wake_those_who_subscribed_with_either(self, strict: WebPushPlatform) -> None:
        device, former = strict.device(), strict.device()
        strict.browser(former).key = VapidKey("the-former-secret-of-the-VAPID-key-before").public_key
        both = Vapid(lambda: [SECRET, "the-former-secret-of-the-VAPID-key-before"], contact=CONTACT)
        service = another(strict, vapid=both)
        handed = service.hand_over([a_waking(device), a_waking(former)], budget_s=5)
        service.close()
        assert [each.outcome for each in handed] == [Outcome.ACCEPTED] * 2
        assert strict.server.refused == ["not by the key of the subscription"]

    def test_that_nobody_knows_are_our_fault(self, strict: WebPushPlatform, caplog: pytest.LogCaptureFixture) -> None:
        device = strict.device()
        strict.browser(device).key = VapidKey("z" * 40).public_key
        with caplog.at_level(logging.WARNING, logger="natter"):
            (handed,) = handed_to(strict, device)
        assert handed.outcome is Outcome.INVALID
        assert "refused a push with 403" in caplog.text
        assert strict.browser(device).path not in caplog.text, "who knows it could wake the browser"

    def test_that_cannot_be_read_are_an_outage(self, platform: WebPushPlatform) -> None:
        def read() -> list[str]:
            raise Unavailable("secrets")

        service = another(platform, vapid=Vapid(read, contact=CONTACT))
        (handed,) = service.hand_over([a_waking(platform.device())], budget_s=5)
        service.close()
        assert handed.outcome is Outcome.REFUSED
        assert platform.server.requests == 0


@pytest.mark.usefixtures("aws")
class TestSecrets:
    def test_are_read_in_their_order_and_anew(self) -> None:
        client = boto3.client("secretsmanager")
        arns = [client.create_secret(Name=name, SecretString=name * 40)["ARN"] for name in "ba"]
        read = secrets_reader(lambda: client, arns)
        assert read() == ["b" * 40, "a" * 40]
        client.put_secret_value(SecretId=arns[0], SecretString="c" * 40)
        assert read() == ["c" * 40, "a" * 40]

    def test_that_are_not_there_are_an_outage(self) -> None:
        client = boto3.client("secretsmanager")
        with pytest.raises(Unavailable):
            secrets_reader(lambda: client, ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:none"])()


class TestAnswers:
    @pytest.mark.parametrize(
        ("answer", "handed"),
        [
            (Answer(201), Handed(outcome=Outcome.ACCEPTED)),
            (Answer(404), Handed(outcome=Outcome.DEAD)),
            (Answer(410), Handed(outcome=Outcome.DEAD)),
            (Answer(413), Handed(outcome=Outcome.INVALID)),
            (Answer(429, {"Retry-After": "7"}), Handed(outcome=Outcome.REFUSED, retry_after_ms=7000)),
            (Answer(503), Handed(outcome=Outcome.REFUSED)),
            (Answer(403), Handed(outcome=Outcome.INVALID)),
            (Answer(201, body=bytes(10_000_000)), Handed(outcome=Outcome.ACCEPTED)),
        ],
        ids=lambda value: str(value.status) if isinstance(value, Answer) else value.outcome.value,
    )
    def test_are_understood(self, platform: WebPushPlatform, answer: Answer, handed: Handed) -> None:
        device = platform.device()
        platform.browser(device).answers.append(answer)
        assert handed_to(platform, device) == [handed]
        assert platform.server.requests == 1

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_that_point_elsewhere_are_not_followed(self, platform: WebPushPlatform, status: int) -> None:
        device, other = platform.device(), platform.device()
        elsewhere = platform.server.origin + platform.browser(other).path
        platform.browser(device).answers.append(Answer(status, {"Location": elsewhere}))
        assert handed_to(platform, device) == [Handed(outcome=Outcome.INVALID)]
        assert platform.got(other) == []


class TestWhoIsNotThere:
    def test_was_handed_nothing(self, platform: WebPushPlatform) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        service = another(platform, [PushHost(name="127.0.0.1", port=port, private=True)])
        (handed,) = service.hand_over([a_waking(moved(platform.device(), port))], budget_s=5)
        service.close()
        assert handed.outcome is Outcome.REFUSED

    def test_keeps_nobody_else_waiting(self, platform: WebPushPlatform) -> None:
        """A push service whose machines are away: connections to it are neither made nor refused."""
        with socket.create_server(("127.0.0.1", 0), backlog=0) as silent:
            port = silent.getsockname()[1]
            hosts = [platform.server.host, PushHost(name="127.0.0.1", port=port, private=True)]
            service = another(platform, hosts)
            away = [moved(platform.device(), port) for _ in range(40)]
            here = platform.device()
            handed = service.hand_over([a_waking(each) for each in [*away, here]], budget_s=3)
        service.close()
        assert handed[-1].outcome is Outcome.ACCEPTED
        assert {each.outcome for each in handed[:-1]} == {Outcome.REFUSED}

    def test_nor_does_a_name_that_is_not_resolved_in_time(
        self, platform: WebPushPlatform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And nothing is sent when it is resolved after all."""
        resolved, resolve = threading.Event(), socket.getaddrinfo

        def late(*args: object, **kwargs: object) -> object:
            resolved.wait(10)
            return resolve(*args, **kwargs)  # type: ignore[arg-type]  # whatever it is called with

        monkeypatch.setattr(socket, "getaddrinfo", late)
        (handed,) = platform.service.hand_over([a_waking(platform.device())], budget_s=0.2)
        resolved.set()
        platform.service.close()
        assert handed.outcome is Outcome.REFUSED
        assert platform.server.requests == 0


class TestWhereRequestsGo:
    def test_is_to_hosts_of_the_list_only(self, platform: WebPushPlatform) -> None:
        """A subscription whose host is allowed no more is not tried, now or ever: it is forgotten."""
        service = another(platform, [PushHost.of("fcm.googleapis.com")])
        (handed,) = service.hand_over([a_waking(platform.device())], budget_s=5)
        service.close()
        assert handed.outcome is Outcome.DEAD
        assert platform.server.requests == 0

    def test_is_to_public_addresses(self, platform: WebPushPlatform, caplog: pytest.LogCaptureFixture) -> None:
        service = another(platform, [replace(platform.server.host, private=False)])
        with caplog.at_level(logging.WARNING, logger="natter"):
            (handed,) = service.hand_over([a_waking(platform.device())], budget_s=5)
        service.close()
        assert handed.outcome is Outcome.INVALID, "another try would find the same"
        assert "has no public address" in caplog.text
        assert platform.server.handshakes == platform.server.requests == 0

    def test_is_not_to_a_proxy(self, platform: WebPushPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
        assert handed_to(platform, platform.device())[0].outcome is Outcome.ACCEPTED

    def test_is_to_whom_the_systems_authorities_vouch_for(self, platform: WebPushPlatform) -> None:
        service = WebPush(platform.vapid, [platform.server.host], now_ms=now_ms)
        (handed,) = service.hand_over([a_waking(platform.device())], budget_s=5)
        service.close()
        assert handed.outcome is Outcome.REFUSED
        assert platform.server.requests == 0

    def test_or_for_whom_the_stages_own_does(self, platform: WebPushPlatform) -> None:
        tls = trusted(str(platform.server.authority))
        service = WebPush(platform.vapid, [platform.server.host], now_ms=now_ms, tls=lambda: tls)
        (handed,) = service.hand_over([a_waking(platform.device())], budget_s=5)
        service.close()
        assert handed.outcome is Outcome.ACCEPTED

    def test_is_who_the_name_means(self) -> None:
        """The certificate is of `localhost`, too, but of no other name that means this machine."""
        with web_push_platform("localhost") as running:
            assert handed_to(running, running.device())[0].outcome is Outcome.ACCEPTED
        with web_push_platform("ip6-localhost") as running, pytest.MonkeyPatch.context() as patch:
            resolve = socket.getaddrinfo
            patch.setattr(socket, "getaddrinfo", lambda _, *more, **named: resolve("127.0.0.1", *more, **named))
            assert handed_to(running, running.device())[0].outcome is Outcome.REFUSED


class TestRegistering:
    def test_makes_nothing(self, platform: WebPushPlatform) -> None:
        endpoints = WebPushEndpoints([platform.server.host])
        assert endpoints.make(platform.device().target) is None
        assert platform.server.requests == 0

    @pytest.mark.parametrize(
        ("token", "field"),
        [
            ("no JSON", "token"),
            (json.dumps({"endpoint": "https://elsewhere.example/x", "keys": {}}), "token.keys.p256dh"),
        ],
    )
    def test_refuses_what_could_not_be_used(self, platform: WebPushPlatform, token: str, field: str) -> None:
        endpoints = WebPushEndpoints([platform.server.host])
        with pytest.raises(BadRequest, match=f"^{field}: "):
            endpoints.make(PushTarget(provider="webpush", token=token))

    def test_refuses_who_points_elsewhere(self, platform: WebPushPlatform) -> None:
        with pytest.raises(BadRequest, match=r"^token\.endpoint: "):
            WebPushEndpoints([PushHost.of("fcm.googleapis.com")]).make(platform.device().target)


def moved(device: Registration, port: int) -> Registration:
    """The same at another port of this machine."""
    found = json.loads(device.target.token)
    path = found["endpoint"].split("/", 3)[3]
    found["endpoint"] = f"https://127.0.0.1:{port}/{path}"
    return replace(device, target=PushTarget(provider="webpush", token=json.dumps(found)))
