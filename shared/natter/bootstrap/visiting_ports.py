"""What answers the ports of visits, which come from outside."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from natter.bootstrap.clients import Clients
from natter.settings import PushServiceSettings, SinkSettings, VisitorSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from natter.ports.visiting import OpenDeployment, Sink


class VisitingPorts(Clients):
    @cached_property
    def open_deployment(self) -> OpenDeployment:
        from natter.adapters.outside.deployment import deployment_at

        return deployment_at(self.of(VisitorSettings).url)

    @cached_property
    def push_sink(self) -> Sink:
        settings = self.find(SinkSettings)
        if settings is None:
            return self._local_push_service
        import boto3

        from natter.adapters.outside.sinks import SQS, QueueSink
        from natter.domain.ids import new_id

        return QueueSink(
            lambda: boto3.client("sqs", config=SQS), url=settings.url, queue_url=settings.queue_url, new_id=new_id
        )

    @cached_property
    def _local_push_service(self) -> Sink:
        settings = self.of(PushServiceSettings)
        from natter.adapters.http.tls import trusted
        from natter.adapters.outside.http import Http
        from natter.adapters.outside.sinks import PushServiceSink

        return PushServiceSink(Http(settings.url, lambda: trusted(settings.ca_file)))

    @cached_property
    def visitors_secret(self) -> Callable[[], str]:
        """Reads it; it raises Unavailable where that fails."""
        settings = self.of(VisitorSettings)
        import boto3

        from natter.adapters.secrets import secrets_reader

        config = self.aws_config
        read = secrets_reader(lambda: boto3.client("secretsmanager", config=config), [settings.secret_arn])
        return lambda: read()[0]
