"""Which adapter answers which port of pushes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from natter.bootstrap.clients import Clients
from natter.settings import PushCredentialSettings, PushPlatformSettings

if TYPE_CHECKING:
    from natter.adapters.sns.endpoints import SnsPushEndpoints
    from natter.adapters.sns.platforms import SnsPlatforms
    from natter.domain.accounts.users import PushProvider
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

        named: dict[Any, str] = {} if platforms is None else platforms.model_dump()
        applications: dict[PushProvider, str] = {name: arn for name, arn in named.items() if arn != "none"}
        return SnsPushEndpoints(lambda: boto3.client("sns", config=ENDPOINTS), applications)

    @cached_property
    def push_endpoints(self) -> PushEndpoints:
        return self._sns_endpoints

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
