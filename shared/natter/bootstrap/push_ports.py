"""Which adapter answers which port of pushes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from natter.bootstrap.web_push_ports import WebPushPorts
from natter.settings import CrowdQueueSettings, PushCredentialSettings, PushPlatformSettings, WaveQueueSettings

if TYPE_CHECKING:
    from natter.adapters.sns.endpoints import SnsPushEndpoints
    from natter.adapters.sns.platforms import SnsPlatforms
    from natter.adapters.sns.push_service import SnsPushService
    from natter.adapters.sqs.client import SqsQueue
    from natter.domain.accounts.users import PushProvider
    from natter.ports.push import (
        AbandonedEndpoints,
        PushEndpointRemoval,
        PushEndpoints,
        PushMarks,
        PushRegistrations,
        PushService,
        Reachables,
        ShownBadges,
        WaveQueue,
    )
    from natter.usecases.push.ask_for_badges import AskForBadges


class PushPorts(WebPushPorts):
    """How devices are woken, and where."""

    @cached_property
    def _sns_endpoints(self) -> SnsPushEndpoints:
        """Who only removes endpoints need not be told of the applications."""
        platforms = self.find(PushPlatformSettings)
        import boto3

        from natter.adapters.sns.client import ENDPOINTS
        from natter.adapters.sns.endpoints import SnsPushEndpoints

        named: dict[Any, str] = {} if platforms is None else platforms.model_dump()
        applications: dict[PushProvider, str] = {name: arn for name, arn in named.items() if arn != "none"}
        return SnsPushEndpoints(lambda: boto3.client("sns", config=ENDPOINTS), applications)

    @cached_property
    def push_endpoints(self) -> PushEndpoints:
        from natter.usecases.push.by_platform import EndpointsByPlatform

        sns = self._sns_endpoints
        return EndpointsByPlatform(
            endpoints={"apns": sns, "apns_sandbox": sns, "fcm": sns, "webpush": self.web_push_endpoints}
        )

    @cached_property
    def push_service(self) -> PushService:
        from natter.telemetry.counted import TracedPushService
        from natter.usecases.push.by_platform import ServiceByPlatform

        sns = self.mobile_push
        services: Mapping[PushProvider, PushService] = {"apns": sns, "apns_sandbox": sns, "fcm": sns}
        return TracedPushService(ServiceByPlatform(services={**services, "webpush": self.web_push}))

    @cached_property
    def mobile_push(self) -> SnsPushService:
        import boto3

        from natter.adapters.sns.client import PUBLISH
        from natter.adapters.sns.push_service import SnsPushService
        from natter.wire.push import apns, fcm

        return SnsPushService(
            lambda: boto3.client("sns", config=PUBLISH),
            {"apns": apns, "apns_sandbox": apns, "fcm": fcm},
            self.now_ms,
        )

    @cached_property
    def push_endpoint_removal(self) -> PushEndpointRemoval:
        return self._sns_endpoints

    @cached_property
    def push_platforms(self) -> SnsPlatforms:
        settings = self.of(PushCredentialSettings)
        import boto3

        from natter.adapters.sns.platforms import SnsPlatforms

        name = f"natter-{self.settings.stage}"
        return SnsPlatforms(lambda: boto3.client("sns"), settings.applications, name=name)

    @cached_property
    def read_secret(self) -> Callable[[str], str]:
        """What a secret, named by its ARN, says now."""
        import boto3

        return lambda arn: str(boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])

    @cached_property
    def push_registrations(self) -> PushRegistrations:
        from natter.adapters.postgres.push_registrations import PostgresPushRegistrations

        return PostgresPushRegistrations(self.postgres)

    @cached_property
    def abandoned_endpoints(self) -> AbandonedEndpoints:
        from natter.adapters.postgres.push_registrations import PostgresAbandonedEndpoints

        return PostgresAbandonedEndpoints(self.postgres)

    @cached_property
    def reachables(self) -> Reachables:
        from natter.adapters.postgres.reachables import PostgresReachables

        return PostgresReachables(self.postgres)

    @cached_property
    def waves(self) -> WaveQueue:
        """Who only has numbers on icons brought up to date is told of one queue."""
        settings = self.of(WaveQueueSettings)
        from natter.adapters.sqs.waves import SqsWaveQueue

        crowds = None if self.find(CrowdQueueSettings) is None else self._crowds
        return SqsWaveQueue(self.queue(settings.queue_url, "the queue of waves"), crowds)

    @cached_property
    def _crowds(self) -> SqsQueue:
        settings = self.of(CrowdQueueSettings)
        return self.queue(settings.queue_url, "the queue of crowds")

    @cached_property
    def ask_for_badges(self) -> AskForBadges:
        from natter.usecases.push.ask_for_badges import AskForBadges

        return AskForBadges(shown=self.shown_badges, queue=self.waves, now_ms=self.now_ms)

    @cached_property
    def push_marks(self) -> PushMarks:
        from natter.adapters.valkey.push_marks import ValkeyPushMarks

        return ValkeyPushMarks(self.valkey)

    @cached_property
    def shown_badges(self) -> ShownBadges:
        from natter.adapters.valkey.shown_badges import ValkeyShownBadges

        return ValkeyShownBadges(self.valkey)
