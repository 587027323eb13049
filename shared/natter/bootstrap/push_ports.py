"""Which adapter answers which port of pushes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from natter.bootstrap.clients import Clients
from natter.settings import PushPlatformSettings

if TYPE_CHECKING:
    from natter.adapters.sns.endpoints import SnsPushEndpoints
    from natter.ports.push import AbandonedEndpoints, PushEndpointRemoval, PushEndpoints, PushRegistrations


class PushPorts(Clients):
    """Where devices are woken."""

    @cached_property
    def _sns_endpoints(self) -> SnsPushEndpoints:
        """Who only removes endpoints need not be told of the applications."""
        platforms = self.find(PushPlatformSettings)
        import boto3

        from natter.adapters.sns.client import ENDPOINTS
        from natter.adapters.sns.endpoints import SnsPushEndpoints

        named = {} if platforms is None else platforms.model_dump()
        applications = {name: arn for name, arn in named.items() if arn != "none"}
        return SnsPushEndpoints(lambda: boto3.client("sns", config=ENDPOINTS), applications)

    @cached_property
    def push_endpoints(self) -> PushEndpoints:
        return self._sns_endpoints

    @cached_property
    def push_endpoint_removal(self) -> PushEndpointRemoval:
        return self._sns_endpoints

    @cached_property
    def push_registrations(self) -> PushRegistrations:
        from natter.adapters.postgres.push_registrations import PostgresPushRegistrations

        return PostgresPushRegistrations(self.postgres)

    @cached_property
    def abandoned_endpoints(self) -> AbandonedEndpoints:
        from natter.adapters.postgres.push_registrations import PostgresAbandonedEndpoints

        return PostgresAbandonedEndpoints(self.postgres)
