"""Which adapter answers which port of accounts and of privacy."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from natter.bootstrap.clients import Clients
from natter.settings import ExporterSettings, OidcSettings, TokenSettings

if TYPE_CHECKING:
    from natter.adapters.kms.access_tokens import KmsAccessTokens
    from natter.ports.accounts import (
        AccessTokens,
        Blocks,
        Contacts,
        Devices,
        Identities,
        IdentityProvider,
        NotificationSettings,
        Passwords,
        Profiles,
        Sessions,
        SessionStates,
        Tickets,
        TokenKeys,
        Users,
    )
    from natter.ports.privacy import Archives, Erasures, Exporter, Exports


class AccountPorts(Clients):
    """Who people are, and what is known of them."""

    @cached_property
    def _kms_tokens(self) -> KmsAccessTokens:
        settings = self.of(TokenSettings)
        import boto3

        from natter.adapters.kms.access_tokens import KmsAccessTokens

        return KmsAccessTokens(boto3.client("kms", config=self.aws_config), settings.key_arns)

    @cached_property
    def access_tokens(self) -> AccessTokens:
        return self._kms_tokens

    @cached_property
    def token_keys(self) -> TokenKeys:
        return self._kms_tokens

    @cached_property
    def identity_provider(self) -> IdentityProvider | None:
        """None where people have passwords."""
        settings = self.find(OidcSettings)
        if settings is None:
            return None
        from natter.adapters.oidc.identity_provider import OidcIdentityProvider

        return OidcIdentityProvider(settings)

    @cached_property
    def passwords(self) -> Passwords:
        from natter.adapters.passwords import Argon2Passwords

        return Argon2Passwords()

    @cached_property
    def users(self) -> Users:
        from natter.adapters.postgres.users import PostgresUsers

        return PostgresUsers(self.postgres)

    @cached_property
    def identities(self) -> Identities:
        from natter.adapters.postgres.identities import PostgresIdentities

        return PostgresIdentities(self.postgres)

    @cached_property
    def sessions(self) -> Sessions:
        from natter.adapters.postgres.sessions import PostgresSessions

        return PostgresSessions(self.postgres)

    @cached_property
    def session_states(self) -> SessionStates:
        from natter.adapters.valkey.session_states import ValkeySessionStates

        return ValkeySessionStates(self.valkey)

    @cached_property
    def tickets(self) -> Tickets:
        from natter.adapters.valkey.tickets import ValkeyTickets

        return ValkeyTickets(self.valkey)

    @cached_property
    def profiles(self) -> Profiles:
        from natter.adapters.postgres.relations import PostgresProfiles

        return PostgresProfiles(self.postgres)

    @cached_property
    def contacts(self) -> Contacts:
        from natter.adapters.postgres.relations import PostgresContacts

        return PostgresContacts(self.postgres)

    @cached_property
    def blocks(self) -> Blocks:
        from natter.adapters.postgres.relations import PostgresBlocks

        return PostgresBlocks(self.postgres)

    @cached_property
    def devices(self) -> Devices:
        from natter.adapters.postgres.devices import PostgresDevices

        return PostgresDevices(self.postgres)

    @cached_property
    def notification_settings(self) -> NotificationSettings:
        from natter.adapters.postgres.notifications import PostgresNotificationSettings

        return PostgresNotificationSettings(self.postgres)

    @cached_property
    def erasures(self) -> Erasures:
        from natter.adapters.postgres.erasures import PostgresErasures

        return PostgresErasures(self.postgres)

    @cached_property
    def exports(self) -> Exports:
        from natter.adapters.postgres.exports import PostgresExports

        return PostgresExports(self.postgres)

    @cached_property
    def archives(self) -> Archives:
        from natter.adapters.s3.archives import S3Archives

        return S3Archives(self.s3, self.bucket)

    @cached_property
    def exporter(self) -> Exporter:
        settings = self.of(ExporterSettings)
        import boto3

        from natter.adapters.aws_lambda.exporter import LAMBDA, LambdaExporter

        return LambdaExporter(lambda: boto3.client("lambda", config=LAMBDA), settings.function)
