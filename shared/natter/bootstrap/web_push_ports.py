"""What answers the ports of push where browsers are concerned."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING

from natter.bootstrap.clients import Clients
from natter.settings import WebPushSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from ssl import SSLContext

    from natter.adapters.webpush.vapid import Vapid
    from natter.domain.push.subscriptions import PushHost
    from natter.ports.push import PushEndpoints, PushService, WebKey


class WebPushPorts(Clients):
    """How browsers are woken."""

    @cached_property
    def _vapid(self) -> Vapid:
        settings = self.of(WebPushSettings)
        import boto3

        from natter.adapters.secrets import secrets_reader
        from natter.adapters.webpush.vapid import Vapid

        client = cache(lambda: boto3.client("secretsmanager", config=self.aws_config))
        return Vapid(secrets_reader(client, settings.secret_arns), contact=settings.contact)

    @cached_property
    def _push_hosts(self) -> Sequence[PushHost]:
        settings = self.of(WebPushSettings)
        from natter.domain.push.subscriptions import PushHost

        public = [PushHost.of(host) for host in settings.hosts]
        return [*public, *(PushHost.of(host, private=True) for host in settings.private_hosts)]

    @cached_property
    def _push_tls(self) -> Callable[[], SSLContext]:
        file = self.of(WebPushSettings).ca_file
        from natter.adapters.http.tls import trusted

        return lambda: trusted(file)

    @cached_property
    def web_key(self) -> WebKey:
        return self._vapid

    @cached_property
    def web_push(self) -> PushService:
        from natter.adapters.webpush.web_push import WebPush

        return WebPush(self._vapid, self._push_hosts, now_ms=self.now_ms, tls=self._push_tls)

    @cached_property
    def web_push_endpoints(self) -> PushEndpoints:
        from natter.adapters.webpush.web_push import WebPushEndpoints

        return WebPushEndpoints(self._push_hosts)
