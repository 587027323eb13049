"""What differs between stages, as one frozen value each. A stage is chosen with `-c stage=NAME`."""

from dataclasses import dataclass, field, replace
from typing import Literal

from natter import names

type FunctionName = Literal[
    "authorize",
    "chat_api",
    "close_connections",
    "connect",
    "disconnect",
    "erase",
    "export",
    "fanout",
    "migrate",
    "persist",
    "post_slice",
    "presence",
    "push",
    "push_platforms",
    "rebuild",
    "receipts",
    "reconcile",
    "relay",
    "rotate_login",
    "send",
    "settle_files",
    "signal",
    "users_api",
    "visit",
    "wake",
]


@dataclass(frozen=True, kw_only=True)
class Sizing:
    """One function's share: memory (MB) buys CPU, the time limit (s) bounds what a stuck dependency costs."""

    memory_mb: int = 512
    timeout_s: int = 10
    reserved_concurrency: int | None = None
    """Upper bound and guarantee of concurrent executions; None: shares the account's."""
    provisioned: int = 0
    """Environments that are there before anybody needs one: nobody waits for a cold start."""


SIZING: dict[FunctionName, Sizing] = {
    "authorize": Sizing(),
    "connect": Sizing(),
    "disconnect": Sizing(),
    "send": Sizing(memory_mb=1024),
    "signal": Sizing(memory_mb=1024),
    "persist": Sizing(memory_mb=names.PERSIST_MEMORY_MB, timeout_s=60),
    "fanout": Sizing(memory_mb=1024, timeout_s=30),
    "post_slice": Sizing(memory_mb=1024, timeout_s=15),
    "settle_files": Sizing(timeout_s=30),
    "close_connections": Sizing(timeout_s=15),
    "receipts": Sizing(memory_mb=1024, timeout_s=30),
    "presence": Sizing(memory_mb=1024, timeout_s=15),
    "push": Sizing(memory_mb=1024, timeout_s=30),
    "wake": Sizing(memory_mb=1024, timeout_s=30),
    "rebuild": Sizing(memory_mb=1769, timeout_s=300),
    "relay": Sizing(timeout_s=60, reserved_concurrency=1),
    "reconcile": Sizing(memory_mb=1024, timeout_s=60, reserved_concurrency=1),
    "erase": Sizing(timeout_s=60, reserved_concurrency=1),
    "export": Sizing(memory_mb=1024, timeout_s=names.EXPORT_TIMEOUT_S),
    "users_api": Sizing(memory_mb=1769, timeout_s=20),
    "chat_api": Sizing(memory_mb=1024, timeout_s=20),
    "migrate": Sizing(timeout_s=300),
    "push_platforms": Sizing(timeout_s=60),
    "rotate_login": Sizing(timeout_s=30),
    "visit": Sizing(timeout_s=58, reserved_concurrency=1),
}
"""1,769 MB is one full virtual CPU: the fold and password hashing are bound by it."""


@dataclass(frozen=True, kw_only=True)
class Oidc:
    """A company's own sign-in, by OpenID Connect (docs/deploying.md). Texts are named as in `OidcSettings`."""

    issuer: str
    """Exactly as in the provider's discovery document; https."""
    audience: str
    """The client id that the provider gave us."""
    username_claim: str = "preferred_username"
    display_name_claim: str = "name"
    origins: tuple[str, ...] = ()
    """Others than the issuer's own that browsers ask to sign people in, such as that of its token endpoint."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """
    The distribution as the only way to the HTTP API, under a name of its own, and the firewall before it
    (docs/decisions/0018).
    """

    host: str
    """What browsers and callers of the API ask. Its DNS record, which is not made here, leads to the distribution."""
    certificate_arn: str
    """Of a certificate for it, which CloudFront looks for in us-east-1."""
    secrets: tuple[str, ...] = ("a",)
    """Names of what the distribution proves itself by: the first is sent, all count (docs/runbooks/edge.md)."""


NO_PROXY = {"use1-az3"}
"""Zones, by id, without RDS Proxy (its user guide, limitations): it would silently have one zone fewer."""

BROWSERS = ("fcm.googleapis.com", "*.push.services.mozilla.com", "*.push.apple.com", "*.notify.windows.com")
"""The push services of Chrome, Firefox, Safari and Edge, and of what is built on them."""

PUSH_SERVICE = "push-service.invalid"
"""The local cloud's own; it has an address of its own in the place of this name."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One deployment of Natter. The defaults are what every stage on AWS has in common."""

    name: str

    # network
    region: str | None = None
    """Where it is; None: where the deployment says."""
    zone_ids: tuple[str, ...] = ()
    """
    Its three zones, by id (`euc1-az1`), which means the same in every account. None: the Region's first three, which
    may be others, and subnets made anew, when the Region gets more.
    """
    nat_gateways: int
    endpoints_in_vpc: bool
    """Interface endpoints for Keyspaces, SQS, KMS and Secrets Manager: they do not share the NAT gateways' limits."""

    # data
    retain_data: bool
    """Keep keys, databases, tables, topics and logs when their stack is deleted, and protect them from deletion."""
    backup_days: int
    database_class: str | None = None
    """Of Aurora's instances (`t4g.medium`); None: serverless."""
    database_acu: tuple[float, float] | None = None
    """Least and most Aurora capacity units (2 GB each) of one instance that is serverless."""
    database_readers: int
    rotate_login_days: int | None = None
    """How often the functions' login to the database gets a new password; None: never."""
    cache_max_gb: int
    cache_max_ecpu: int
    rebuilders: int
    """
    Runs that rebuild a registry side by side that has lost everything (docs/data.md); each reads the log. From one to
    as many as the registry has parts.
    """

    # streams
    partitions: int
    """Of every topic of the current epoch. Changing it starts a new epoch (`natter.names.EPOCH`)."""
    broker_instance: str
    broker_storage_gb: int
    retention_days: int = 7
    share_pollers: bool = False
    """Whether all who read the log share what is paid for pollers, and what these can carry."""

    # services
    account_concurrency: int = 1_000
    """What Lambda lets the account have at once, of all functions in the Region: a quota (docs/deploying.md)."""
    reserve_concurrency: bool = True
    """False: no function has executions of its own. New accounts have too few (docs/deploying.md)."""
    canaries: bool = False
    """Give a new version a tenth of the calls for five minutes, and go back if it fails."""
    sizing: dict[FunctionName, Sizing] = field(default_factory=lambda: dict(SIZING))
    sockets_per_second: int
    """Frames and connects of the WebSocket API per second; as many again may burst."""
    requests_per_second: int
    throttle_routes: bool = True
    """Whether routes that cost much, or that anybody can ask, have throttles of their own (`infra.throttles`)."""
    edge: Edge | None = None
    """What callers of the HTTP API have to come through; None: they reach the gateway itself, too, without a WAF."""
    limit_per_address: bool
    limits: dict[str, tuple[float, int]] = field(default_factory=dict)
    """Other limits than those of the protocol, by name (`natter.domain.limits`): tokens a second, burst."""
    cors_origins: tuple[str, ...]
    """Pages of other origins than the web app's that may ask the HTTP API, and upload files."""
    content_check: str | None = None
    """`package.module:name` of the operator's own rule about what may be said (docs/extending.md); None: no rule."""
    token_keys: tuple[str, ...] = ("a",)
    """Names of the keys of access tokens: the first signs, all are accepted (docs/runbooks/rotate-token-keys.md)."""
    retired_token_keys: tuple[str, ...] = ()
    """Keys that are accepted no more and still kept: each spends one deployment here before it goes."""
    web_push_keys: tuple[str, ...] = ("a",)
    """Names of the VAPID keys: browsers subscribe with the first (docs/runbooks/rotate-web-push-keys.md)."""
    retired_web_push_keys: tuple[str, ...] = ()
    """Keys that are used no more and still kept: each spends one deployment here before it goes."""
    web_push_contact: str
    """Whom browsers' push services may turn to, `mailto:` or https: the operators."""
    alarm_address: str | None
    """Who is told of alarms, by mail. They answer the first one, which asks whether they want to be. None: locally."""
    budget_usd: int | None = None
    """Dollars a month for which the account is meant to be enough; None: nobody is told what it costs."""
    web_push_hosts: tuple[str, ...] = BROWSERS
    """Push services to which requests are sent, because a user's subscription says so; and to no others."""
    web_push_private_hosts: tuple[str, ...] = ()
    """The same for those at addresses that are not public; `host:port`."""
    web_push_ca_file: str | None = None
    """Authorities to trust instead of the system's, where push services are asked."""
    oidc: Oidc | None = None
    """Who signs people in; None: they have passwords here."""
    visits: bool = True
    """
    Whether visitors come every minute (docs/runbooks/visitors.md), as they can where people have passwords: nobody can
    be made up for an identity provider.
    """
    push_credentials: str = "1"
    """Changed to anything else, it has the credentials of push notifications read again (docs/deploying.md)."""
    log_days: int
    log_level: str = "INFO"
    """What is traced is debugged whatever this says."""
    traced: float = 0.01
    """Share of frames and requests whose way is traced anyway; errors and what is slow are besides."""
    architecture: Literal["arm64", "host"] = "arm64"
    """`host`: layers hold wheels for this machine, which is only of use to the local cloud."""

    # authentication and encryption towards the engines
    kafka_auth: Literal["iam", "none"] = "iam"
    keyspaces_auth: Literal["sigv4", "none"] = "sigv4"
    valkey_auth: Literal["iam", "none"] = "iam"
    postgres_tls: Literal["verify-full", "off"] = "verify-full"

    @property
    def placeholders(self) -> list[str]:
        """What still stands at a domain that is nobody's (RFC 2606), and has to be set before it is of use."""
        stated: dict[str, tuple[str, ...]] = {
            "alarm_address": (self.alarm_address or "",),
            "web_push_contact": (self.web_push_contact,),
        }
        if self.edge is not None:
            stated["edge"] = (self.edge.host, self.edge.certificate_arn)
        found = [name for name, values in stated.items() if any(value.endswith(".example") for value in values)]
        return found + ["region, zone_ids"] * (self.retain_data and not (self.region and self.zone_ids))

    @property
    def visited(self) -> bool:
        """Whether somebody looks from outside, so that silence means something."""
        return self.visits and self.oidc is None

    @property
    def metrics(self) -> str:
        """The namespace of the functions' own metrics: two stages of one account share no series."""
        return f"Natter/{self.name}"

    def __post_init__(self) -> None:
        """
        Raises:
            ValueError: there can not be so many rebuilders, the database is of two kinds or of none, or users could
                have requests sent into a network that is not only theirs.
        """
        if not 1 <= self.rebuilders <= names.REGISTRY_PARTS:
            raise ValueError(f"{self.name}: from 1 to {names.REGISTRY_PARTS} rebuilders, not {self.rebuilders}")
        if (self.database_class is None) == (self.database_acu is None):
            raise ValueError(f"{self.name}: either database_class or database_acu")
        if self.architecture != "host" and (self.web_push_private_hosts or self.web_push_ca_file):
            raise ValueError(f"{self.name}: push services of our own networks are for the local cloud only")

    @property
    def pollers(self) -> int:
        """Event pollers of one topic: each runs five invocations at once, and a partition needs one."""
        return -(-self.partitions // 5)


DEV = Stage(
    name="dev",
    nat_gateways=1,
    endpoints_in_vpc=False,
    retain_data=False,
    backup_days=1,
    database_class="t4g.medium",
    database_readers=0,
    cache_max_gb=1,
    cache_max_ecpu=5_000,
    rebuilders=1,
    partitions=5,
    broker_instance="kafka.t3.small",
    broker_storage_gb=20,
    share_pollers=True,
    reserve_concurrency=False,
    sockets_per_second=1_000,
    requests_per_second=500,
    limit_per_address=False,
    cors_origins=("*",),
    web_push_contact="mailto:operators@natter.example",
    alarm_address="operators@natter.example",
    budget_usd=800,
    log_days=7,
    traced=1.0,
)

PROD = Stage(
    name="prod",
    nat_gateways=3,
    endpoints_in_vpc=True,
    retain_data=True,
    backup_days=14,
    database_acu=(4, 64),
    database_readers=2,
    rotate_login_days=30,
    cache_max_gb=100,
    cache_max_ecpu=500_000,
    rebuilders=8,
    partitions=120,
    broker_instance="kafka.m7g.2xlarge",
    broker_storage_gb=2_000,
    sizing=SIZING
    | {
        "persist": replace(SIZING["persist"], reserved_concurrency=120, provisioned=24),
        "send": replace(SIZING["send"], reserved_concurrency=200, provisioned=20),
        "authorize": replace(SIZING["authorize"], reserved_concurrency=50, provisioned=5),
        "connect": replace(SIZING["connect"], reserved_concurrency=50, provisioned=5),
    },
    canaries=True,
    sockets_per_second=10_000,
    requests_per_second=5_000,
    edge=Edge(host="chat.natter.example", certificate_arn="certificate.example"),
    limit_per_address=True,
    cors_origins=(),
    web_push_contact="mailto:operators@natter.example",
    alarm_address="operators@natter.example",
    budget_usd=20_000,
    log_days=90,
)

LOCAL = replace(
    DEV,
    name="local",
    reserve_concurrency=True,
    partitions=8,
    sockets_per_second=PROD.sockets_per_second,
    throttle_routes=False,
    architecture="host",
    budget_usd=None,
    push_credentials="made up",
    visits=False,  # tests and benchmarks count what happens, and a laptop has to rest: `natter-local trigger`
    web_push_private_hosts=(PUSH_SERVICE,),
    web_push_ca_file=f"/{PUSH_SERVICE}.pem",
    alarm_address=None,
    kafka_auth="none",
    keyspaces_auth="none",
    valkey_auth="none",
    postgres_tls="off",
)
"""The laptop: engines on loopback know neither IAM nor TLS."""

SECURED = replace(
    LOCAL,
    kafka_auth=DEV.kafka_auth,
    keyspaces_auth=DEV.keyspaces_auth,
    valkey_auth=DEV.valkey_auth,
    postgres_tls=DEV.postgres_tls,
    web_push_keys=("b", "a"),  # amid a rotation, for the sake of its tests
)
"""The laptop with doors in front of the engines that want to know who comes, as on AWS. It is `local` all the same."""

STAGES = {stage.name: stage for stage in (DEV, PROD, LOCAL)} | {"secured": SECURED}


def chosen(name: str, *, operator: str | None = None) -> Stage:
    """
    The stage of this name. `operator` is the mail address of whoever deploys it: told of alarms, and whom push services
    may turn to.

    Raises `SystemExit` if there is none, or it says still less than it has to.
    """
    if name not in STAGES:
        raise SystemExit(f"unknown stage {name!r}: choose with -c stage={'|'.join(STAGES)}")
    stage = STAGES[name]
    if operator:
        stage = replace(stage, alarm_address=operator, web_push_contact=f"mailto:{operator}")
    if refused := NO_PROXY & set(stage.zone_ids):
        raise SystemExit(
            f"stage {name!r}: RDS Proxy is not offered in {', '.join(sorted(refused))}; choose another zone"
        )
    if stage.alarm_address is not None and stage.placeholders:
        raise SystemExit(
            f"stage {name!r} still has placeholders: set {', '.join(stage.placeholders)} in infra/config.py"
            " (the addresses also with -c operator=you@corp.com)"
        )
    return stage
