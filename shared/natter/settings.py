"""
What the functions read from their environment: a model per dependency, and one per function of those it needs.

Variables begin with `NATTER_`; a field of a dependency follows two underscores (`NATTER_POSTGRES__ENDPOINT`).
Secrets are named by ARN, not held.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_ENDPOINT = r"^[^\s:]+:\d{1,5}$"


class Dependency(BaseModel):
    """What one dependency needs. A function builds the few models that it reads, and waits for no others."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class PostgresSettings(Dependency):
    endpoint: str = Field(pattern=_ENDPOINT, description="`host:port` of the database.")
    database: str = Field(min_length=1, description="Name of the database.")
    secret_arn: str = Field(min_length=1, description="Secret with `username` and `password`, as RDS keeps it.")
    tls: Literal["verify-full", "off"] = Field(
        "verify-full", description="`verify-full`: encrypted, and the server shows a certificate for its name."
    )
    ca_file: str | None = Field(None, description="PEM file of the authorities to trust instead of the runtime's.")
    connect_timeout_s: int = Field(3, ge=2, le=20, description="How long to wait for a connection (libpq: at least 2).")
    statement_timeout_s: float = Field(3.0, gt=0, le=20, description="After this a statement is cancelled.")


class OwnerSettings(Dependency):
    """Who owns the schema, and is nobody that a function signs in as to do its work."""

    secret_arn: str = Field(min_length=1, description="Secret of the owner's login, as RDS keeps it.")


class ValkeySettings(Dependency):
    endpoint: str = Field(pattern=_ENDPOINT, description="`host:port` of the cache, in cluster mode.")
    auth: Literal["iam", "none"] = Field("iam", description="`iam` signs in with the function's role, over TLS.")
    user: str = Field("", description="ElastiCache user; needed with `iam`.")
    cache: str = Field("", description="Name of the serverless cache; needed with `iam`.")
    timeout_s: float = Field(0.5, gt=0, le=5, description="How long to wait for a connection, and for an answer.")

    @model_validator(mode="after")
    def _iam_is_complete(self) -> "ValkeySettings":
        if self.auth == "iam" and not (self.user and self.cache):
            raise ValueError("auth=iam needs user and cache")
        return self


class TokenSettings(Dependency):
    key_arns: tuple[str, ...] = Field(
        min_length=1,
        description="KMS keys (ECC_NIST_P256, SIGN_VERIFY) of access tokens, a JSON list: the first signs, all count.",
    )


class OidcSettings(Dependency):
    issuer: str = Field(
        pattern=r"^(https://|http://127\.0\.0\.1:)[^\s?#]+$",
        max_length=500,
        description="The identity provider, as its tokens name it in `iss`.",
    )
    audience: str = Field(min_length=1, description="What the provider calls us: `aud` of its tokens, the client id.")
    username_claim: str = Field("preferred_username", min_length=1, description="Claim that user names are made of.")
    display_name_claim: str = Field("name", min_length=1, description="Claim that display names are made of.")
    timeout_s: float = Field(2.0, gt=0, le=5, description="How long to wait for the provider's documents, each.")


class SocketSettings(Dependency):
    url: str = Field(pattern=r"^wss?://", description="WebSocket URL that tickets open.")


class EndpointSettings(Dependency):
    endpoint: str = Field(pattern=r"^https?://", description="Management endpoint of the WebSocket API.")


class KafkaSettings(Dependency):
    brokers: str = Field(min_length=1, description="`host:port` of the brokers, comma separated.")
    auth: Literal["iam", "none"] = Field("iam", description="`iam` signs in with the function's role, over TLS.")
    append_timeout_s: float = Field(2.5, gt=0, le=20, description="How long an append waits for its confirmation.")


class CommandsSettings(Dependency):
    """The topic that commands are appended to."""

    partitions: int = Field(ge=1, description="How many partitions the log of commands has, in its current epoch.")


class KeyspacesSettings(Dependency):
    endpoint: str = Field(pattern=_ENDPOINT, description="`host:port` of the message store.")
    keyspace: str = Field(min_length=1, description="Name of the keyspace.")
    auth: Literal["sigv4", "none"] = Field("sigv4", description="`sigv4` signs in with the function's role, over TLS.")
    connect_timeout_s: float = Field(5.0, gt=0, le=20, description="How long to wait for a connection.")
    request_timeout_s: float = Field(2.0, gt=0, le=20, description="How long to wait for an answer.")


class DeliverySettings(Dependency):
    queue_url: str = Field(pattern=r"^https?://", description="Queue of slices: deliveries that go on elsewhere.")


class FileQueueSettings(Dependency):
    queue_url: str = Field(pattern=r"^https?://", description="Queue of files that a message shows, or no more.")


class LookQueueSettings(Dependency):
    queue_url: str = Field(pattern=r"^https?://", description="Queue of those whose presence is looked at later.")


class WaveQueueSettings(Dependency):
    queue_url: str = Field(pattern=r"^https?://", description="Queue of waves: who may have to be woken, later.")


class CrowdQueueSettings(Dependency):
    queue_url: str = Field(pattern=r"^https?://", description="Queue of waves of conversations with many people.")


class RebuildQueueSettings(Dependency):
    queue_url: str = Field(
        pattern=r"^https?://", description="Queue in which a rebuilding of the registry is asked for."
    )


class RebuildingSettings(Dependency):
    parts: int = Field(
        ge=1,
        le=128,  # `natter.names.REGISTRY_PARTS`, which stands beside this module; a test holds the two equal
        description="How many of the registry's parts one run rebuilds; others go on beside it.",
    )


class ClosureQueueSettings(Dependency):
    queue_url: str = Field(pattern=r"^https?://", description="Queue of connections that are to be closed later.")


class LimitSettings(Dependency):
    per_address: bool = Field(default=True, description="Whether sign-ups and sign-ins are limited by address.")
    rates: dict[str, tuple[PositiveFloat, PositiveInt]] = Field(
        default={}, description="Other limits than those of the protocol, by name: tokens a second, burst. JSON."
    )


class EdgeSettings(Dependency):
    """The distribution before the HTTP API, where a stage has one."""

    host: str = Field(pattern=r"^[a-z0-9.-]+$", description="What callers call the HTTP API: the distribution's name.")
    secret_arns: tuple[str, ...] = Field(
        min_length=1, description="Secrets that the distribution may prove itself by, a JSON list: all count."
    )


class WebAppSettings(Dependency):
    """The web app, where it is on one origin with the HTTP API."""

    host: str = Field(
        pattern=r"^[a-z0-9.-]+(:[0-9]+)?$",
        description="What browsers call it, with the port unless it is the usual one: its pages may use the cookie.",
    )


class AttachmentSettings(Dependency):
    bucket: str = Field(min_length=1, description="Bucket of the files that messages show.")


class ExporterSettings(Dependency):
    function: str = Field(min_length=1, description="Function that makes archives of people's own data.")


PushHostName = Annotated[str, Field(pattern=r"^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?$")]


class WebPushSettings(Dependency):
    secret_arns: tuple[str, ...] = Field(
        min_length=1, description="Secrets of VAPID keys, a JSON list: browsers subscribe with the first, all count."
    )
    contact: str = Field(
        pattern=r"^(mailto:[^\s@]+@[^\s@]+|https://\S+)$", description="Whom push services may turn to: `sub` of VAPID."
    )
    hosts: tuple[PushHostName, ...] = Field(
        description="Push services that subscriptions may name, a JSON list of `host`, `*.host` or with `:port`."
    )
    private_hosts: tuple[PushHostName, ...] = Field(
        (), description="The same for those that may be at addresses that are not public: of the local cloud."
    )
    ca_file: str | None = Field(None, description="PEM file of the authorities to trust instead of the system's.")


_APPLICATION = r"^(none|arn:[\w-]+:sns:[\w-]+:\d+:app/\w+/[\w.-]+)$"


class PushPlatformSettings(Dependency):
    """Platform applications of SNS (ARNs); `none`: this stage has no credentials for the platform."""

    apns: str = Field(pattern=_APPLICATION, description="The one of Apple's push service, or `none`.")
    apns_sandbox: str = Field(pattern=_APPLICATION, description="The one of Apple's sandbox, or `none`.")
    fcm: str = Field(pattern=_APPLICATION, description="The one of Firebase Cloud Messaging, or `none`.")


class PushCredentialSettings(Dependency):
    apns_secret_arn: str = Field(min_length=1, description="Secret with what Apple has given the operator.")
    fcm_secret_arn: str = Field(min_length=1, description="Secret with the key file of a service account of Google's.")
    applications: str = Field(
        pattern=r"^arn:[\w-]+:sns:[\w-]+:\d+:app$", description="What the ARNs of platform applications begin with."
    )


class TraceSettings(Dependency):
    endpoint: str = Field(pattern=r"^https?://[^\s?#]+/v1/traces$", description="Where traces are exported to: OTLP.")
    ratio: float = Field(
        ge=0, le=1, description="Share of frames and requests that are traced whatever becomes of them."
    )


class VisitorSettings(Dependency):
    """Two people that the deployment makes of itself, and where they go."""

    url: str = Field(pattern=r"^https?://", description="The HTTP API as its users reach it: output `HttpUrl`.")
    secret_arn: str = Field(min_length=1, description="Secret that their names and passwords are derived from.")


class SinkSettings(Dependency):
    """Where visitors are woken: an address that puts the path of each request into a queue."""

    url: str = Field(pattern=r"^https://", description="The address.")
    queue_url: str = Field(pattern=r"^https?://", description="The queue.")


class PushServiceSettings(Dependency):
    """Where visitors are woken on the local cloud: its push service of browsers."""

    url: str = Field(pattern=r"^https://", description="Its origin.")
    ca_file: str | None = Field(None, description="PEM file of the authorities to trust instead of the system's.")


class FunctionSettings(BaseSettings):
    """What every function reads."""

    model_config = SettingsConfigDict(env_prefix="NATTER_", env_nested_delimiter="__", frozen=True, defer_build=True)

    stage: str = Field(min_length=1, description="Name of the stage, e.g. `local`.")
    traces: TraceSettings | None = Field(None, description="Of those who are part of traces; none: nothing is traced.")


class AuthorizeSettings(FunctionSettings):
    postgres: PostgresSettings
    valkey: ValkeySettings
    tokens: TokenSettings


class UsersApiSettings(FunctionSettings):
    postgres: PostgresSettings
    valkey: ValkeySettings
    tokens: TokenSettings
    sockets: SocketSettings
    attachments: AttachmentSettings
    exporter: ExporterSettings
    closures: ClosureQueueSettings
    web_push: WebPushSettings
    push: PushPlatformSettings
    limits: LimitSettings = LimitSettings()
    edge: EdgeSettings | None = Field(None, description="What stands before the HTTP API; none: it is asked itself.")
    web_app: WebAppSettings | None = Field(
        None, description="The web app; none: no page has the API's origin but its own."
    )
    oidc: OidcSettings | None = Field(
        None, description="The identity provider that signs people in; none: they have passwords."
    )


class MigrateSettings(FunctionSettings):
    postgres: PostgresSettings
    owner: OwnerSettings


class RotateLoginSettings(FunctionSettings):
    postgres: PostgresSettings
    owner: OwnerSettings


class PushPlatformsSettings(FunctionSettings):
    credentials: PushCredentialSettings


class ConnectSettings(FunctionSettings):
    postgres: PostgresSettings
    valkey: ValkeySettings
    kafka: KafkaSettings
    sockets: EndpointSettings
    closures: ClosureQueueSettings


class CloseConnectionsSettings(FunctionSettings):
    valkey: ValkeySettings
    closures: ClosureQueueSettings


class DisconnectSettings(FunctionSettings):
    valkey: ValkeySettings
    kafka: KafkaSettings
    sockets: EndpointSettings


class SendSettings(FunctionSettings):
    postgres: PostgresSettings
    valkey: ValkeySettings
    kafka: KafkaSettings
    commands: CommandsSettings
    keyspaces: KeyspacesSettings
    sockets: EndpointSettings
    attachments: AttachmentSettings
    closures: ClosureQueueSettings
    limits: LimitSettings = LimitSettings()
    content_check: str | None = Field(
        None,
        pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
        description="`package.module:name` of a `ContentCheck` that every frame must pass; none by default.",
    )


class SignalSettings(FunctionSettings):
    postgres: PostgresSettings
    valkey: ValkeySettings
    kafka: KafkaSettings
    keyspaces: KeyspacesSettings
    sockets: EndpointSettings
    closures: ClosureQueueSettings
    limits: LimitSettings = LimitSettings()


class ReceiptsSettings(FunctionSettings):
    postgres: PostgresSettings
    valkey: ValkeySettings
    kafka: KafkaSettings
    keyspaces: KeyspacesSettings
    sockets: EndpointSettings
    waves: WaveQueueSettings


class PresenceSettings(FunctionSettings):
    postgres: PostgresSettings
    valkey: ValkeySettings
    kafka: KafkaSettings
    sockets: EndpointSettings
    looks: LookQueueSettings
    rebuilds: RebuildQueueSettings


class PersistSettings(FunctionSettings):
    kafka: KafkaSettings
    keyspaces: KeyspacesSettings
    valkey: ValkeySettings
    sockets: EndpointSettings
    deliveries: DeliverySettings
    closures: ClosureQueueSettings
    files: FileQueueSettings
    rebuilds: RebuildQueueSettings


class FanoutSettings(FunctionSettings):
    kafka: KafkaSettings
    keyspaces: KeyspacesSettings
    valkey: ValkeySettings
    deliveries: DeliverySettings
    rebuilds: RebuildQueueSettings


class PostSliceSettings(FunctionSettings):
    keyspaces: KeyspacesSettings
    valkey: ValkeySettings
    deliveries: DeliverySettings
    closures: ClosureQueueSettings


class PushSettings(FunctionSettings):
    postgres: PostgresSettings
    valkey: ValkeySettings
    kafka: KafkaSettings
    keyspaces: KeyspacesSettings
    waves: WaveQueueSettings
    crowds: CrowdQueueSettings


class WakeSettings(FunctionSettings):
    postgres: PostgresSettings
    valkey: ValkeySettings
    keyspaces: KeyspacesSettings
    attachments: AttachmentSettings
    web_push: WebPushSettings
    waves: WaveQueueSettings
    crowds: CrowdQueueSettings


class RebuildSettings(FunctionSettings):
    postgres: PostgresSettings
    valkey: ValkeySettings
    kafka: KafkaSettings
    closures: ClosureQueueSettings
    rebuilds: RebuildQueueSettings
    rebuilding: RebuildingSettings


class SettleFilesSettings(FunctionSettings):
    keyspaces: KeyspacesSettings
    attachments: AttachmentSettings


class RelaySettings(FunctionSettings):
    postgres: PostgresSettings
    valkey: ValkeySettings
    kafka: KafkaSettings


class ReconcileSettings(FunctionSettings):
    kafka: KafkaSettings
    keyspaces: KeyspacesSettings


class EraseSettings(FunctionSettings):
    postgres: PostgresSettings
    valkey: ValkeySettings
    kafka: KafkaSettings
    keyspaces: KeyspacesSettings
    attachments: AttachmentSettings
    closures: ClosureQueueSettings


class ExportSettings(FunctionSettings):
    postgres: PostgresSettings
    keyspaces: KeyspacesSettings
    attachments: AttachmentSettings


class ChatApiSettings(FunctionSettings):
    postgres: PostgresSettings
    valkey: ValkeySettings
    tokens: TokenSettings
    kafka: KafkaSettings
    keyspaces: KeyspacesSettings
    attachments: AttachmentSettings
    limits: LimitSettings = LimitSettings()
    edge: EdgeSettings | None = Field(None, description="What stands before the HTTP API; none: it is asked itself.")


class VisitSettings(FunctionSettings):
    visitors: VisitorSettings
    sink: SinkSettings | None = Field(None, description="Where visitors are woken, on AWS.")
    push_service: PushServiceSettings | None = Field(None, description="Where they are woken, on the local cloud.")
