"""The connections to the engines, each made when it is first asked for, and what a function connects to beforehand."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import cache, cached_property
from queue import Empty, Queue
from typing import TYPE_CHECKING

from pydantic import BaseModel

from natter.domain.clock import NowMs
from natter.domain.errors import Unavailable
from natter.settings import (
    AttachmentSettings,
    FunctionSettings,
    KafkaSettings,
    KeyspacesSettings,
    OwnerSettings,
    PostgresSettings,
    TraceSettings,
    ValkeySettings,
)
from natter.telemetry import tracer

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from botocore.credentials import Credentials
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from natter.adapters.cassandra.client import CassandraSession
    from natter.adapters.kafka.client import RecordProducer
    from natter.adapters.postgres.client import Login, Postgres
    from natter.adapters.postgres.rotation import LoginRotation
    from natter.adapters.sqs.client import SqsQueue
    from natter.adapters.valkey.client import Valkey

_logger = logging.getLogger(__name__)

WARM_WITHIN_S = 6.0
"""Lambda gives 10 s to start in, of which imports take some; then it begins again, in the first event's time."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class MissingSettingsError(LookupError):
    """A function asks for a part whose settings it does not have."""


class Clients:
    """
    One client for each engine that the function's settings name. Connects to nothing before the first use.

    What a part is made of is imported with it: a function on AWS has only the layers that it uses, and starts faster
    without the others. It is not left to the part's first call, which somebody waits for.
    """

    def __init__(self, settings: FunctionSettings) -> None:
        """What is traced from now on, and where to, is as these settings say."""
        self.settings = settings
        if settings.traces is not None:
            tracer.configure(settings.traces.ratio, self._export)

    def _export(self, spans: bytes) -> bool:
        """Made with the first trace: most environments see none for a while."""
        return self.span_exporter(spans)

    @cached_property
    def span_exporter(self) -> Callable[[bytes], bool]:
        url = self.of(TraceSettings).endpoint
        from natter.adapters.otlp.exporter import OtlpExporter

        return OtlpExporter(url, self.aws_credentials, self.aws.region_name)

    def find[Dependency: BaseModel](self, kind: type[Dependency]) -> Dependency | None:
        """The settings of one dependency, if the function has them."""
        values = (getattr(self.settings, name) for name in type(self.settings).model_fields)
        return next((value for value in values if isinstance(value, kind)), None)

    def of[Dependency: BaseModel](self, kind: type[Dependency]) -> Dependency:
        """
        The settings of one dependency.

        Raises:
            MissingSettingsError: the function's settings have none of that kind.
        """
        found = self.find(kind)
        if found is None:
            raise MissingSettingsError(f"{type(self.settings).__name__} has no {kind.__name__}")
        return found

    @cached_property
    def now_ms(self) -> NowMs:
        return now_ms

    @cached_property
    def aws(self) -> boto3.Session:
        """For what no client of boto3 does."""
        import boto3

        return boto3.Session()

    @cached_property
    def aws_credentials(self) -> Callable[[], Credentials]:
        """What signs requests that no client of boto3 makes; renewed where they expire."""
        from botocore.exceptions import NoCredentialsError

        aws = self.aws

        def current() -> Credentials:
            credentials = aws.get_credentials()
            if credentials is None:
                raise NoCredentialsError
            return credentials

        return current

    @cached_property
    def aws_config(self) -> Config:
        """Of clients whose answers somebody waits for."""
        from botocore.config import Config

        return Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})

    @cached_property
    def postgres_login(self) -> Callable[[], Login]:
        """Reads the database's secret anew at each call: it is rotated."""
        return self._login(self.of(PostgresSettings).secret_arn)

    @cached_property
    def owner_login(self) -> Callable[[], Login]:
        """The same of who owns the schema."""
        return self._login(self.of(OwnerSettings).secret_arn)

    @cached_property
    def login_made_at(self) -> Callable[[], int]:
        """When the password that functions sign in with was made, milliseconds, asked for anew at each call."""
        import boto3

        from natter.adapters.postgres.client import login_made_at

        secrets, arn = boto3.client("secretsmanager", config=self.aws_config), self.of(PostgresSettings).secret_arn
        return lambda: login_made_at(secrets, arn)

    @cached_property
    def login_rotation(self) -> LoginRotation:
        settings, read_owner = self.of(PostgresSettings), self.owner_login
        import boto3

        from natter.adapters.postgres.client import connect
        from natter.adapters.postgres.rotation import LoginRotation

        return LoginRotation(
            secrets=boto3.client("secretsmanager", config=self.aws_config),
            arn=settings.secret_arn,
            open_owner=lambda: connect(settings, read_owner()),
        )

    def _login(self, secret_arn: str) -> Callable[[], Login]:
        import boto3

        from natter.adapters.postgres.client import login_from_secret

        config = self.aws_config
        return lambda: login_from_secret(boto3.client("secretsmanager", config=config), secret_arn)

    @cached_property
    def postgres(self) -> Postgres:
        settings = self.of(PostgresSettings)
        from natter.adapters.postgres.client import Postgres

        return Postgres(settings, self.postgres_login)

    @cached_property
    def valkey(self) -> Valkey:
        settings = self.of(ValkeySettings)
        from natter.adapters.valkey.client import IamLogin, Valkey

        if settings.auth == "none":
            return Valkey(settings, lambda: None)
        login = IamLogin(
            credentials=self.aws_credentials,
            region=self.aws.region_name,
            user=settings.user,
            cache=settings.cache,
        )
        return Valkey(settings, lambda: login)

    @cached_property
    def cassandra(self) -> CassandraSession:
        settings = self.of(KeyspacesSettings)
        from natter.adapters.cassandra.client import CassandraSession

        return CassandraSession(settings)

    @cached_property
    def producer(self) -> RecordProducer:
        settings = self.of(KafkaSettings)
        from natter.adapters.kafka.client import RecordProducer

        return RecordProducer(settings, tracer.carry)

    @cached_property
    def sqs(self) -> Callable[[], SQSClient]:
        """Makes the client, once: one serves all queues, for making it takes longer than using it."""
        import boto3

        from natter.adapters.sqs.client import SQS

        return cache(lambda: boto3.client("sqs", config=SQS))

    def queue(self, url: str, name: str) -> SqsQueue:
        """One of SQS; `name` is what is unavailable where it does not answer."""
        from natter.adapters.sqs.client import SqsQueue

        return SqsQueue(self.sqs, url, name=name, carry=tracer.carry)

    @cached_property
    def s3(self) -> Callable[[], S3Client]:
        """Makes the client, once; many functions that have files to do with hardly ever need it."""
        import boto3

        from natter.adapters.s3.client import S3_CONFIG

        return cache(lambda: boto3.client("s3", config=S3_CONFIG))

    @cached_property
    def bucket(self) -> str:
        return self.of(AttachmentSettings).bucket

    def warm(self, *connects: Callable[[], object]) -> None:
        """
        Connect to what the function will need, so that its first event does not wait for it.

        A dependency that is down is met again by that event; the environment starts all the same. To all of them at
        once, and for `WARM_WITHIN_S` together: two that do not answer would take longer than Lambda gives to start in.
        What goes on then, the first event that needs it waits for.
        """
        results: Queue[Exception | None] = Queue()

        def run(connect: Callable[[], object]) -> None:
            try:
                connect()
            except Exception as error:  # noqa: BLE001 - raised below, where somebody hears of it
                results.put(error)
            else:
                results.put(None)

        for connect in connects:
            threading.Thread(target=run, args=(connect,), daemon=True).start()
        end = time.monotonic() + WARM_WITHIN_S
        for _ in connects:
            try:
                error = results.get(timeout=max(0.0, end - time.monotonic()))
            except Empty:
                _logger.warning("not warm: no answer within %s s", WARM_WITHIN_S)
                return
            if isinstance(error, Unavailable):
                _logger.warning("not warm: %s", error)
            elif error is not None:
                raise error

    def prepare_reading(self) -> None:
        """What `chat_api` asks the message store; so with the others."""
        from natter.adapters.cassandra.timeline import READERS_READS

        self.cassandra.warm(READERS_READS)

    def prepare_fold(self) -> None:
        from natter.adapters.cassandra.event_store import FOLD_WRITES
        from natter.adapters.cassandra.timeline import FOLD_READS

        self.cassandra.warm((*FOLD_READS, *FOLD_WRITES))

    def prepare_receipts(self) -> None:
        from natter.adapters.cassandra.event_store import WRITE_CURSOR
        from natter.adapters.cassandra.timeline import RECEIPT_READS

        self.cassandra.warm((*RECEIPT_READS, WRITE_CURSOR))

    def prepare_fanout(self) -> None:
        from natter.adapters.cassandra.rows import READ_ROSTER

        self.cassandra.warm([READ_ROSTER])

    def prepare_waking(self) -> None:
        from natter.adapters.cassandra.timeline import WAKING_READS

        self.cassandra.warm(WAKING_READS)

    def prepare_slices(self) -> None:
        from natter.adapters.cassandra.timeline import READ_EVENT

        self.cassandra.warm([READ_EVENT])
