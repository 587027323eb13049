"""LocalStack in host mode: the AWS services that have no engine of their own here."""

from pathlib import Path
from typing import ClassVar

import aiohttp

from local.engines.engine import Engine, EngineUnavailable
from local.process import Command, plain_environment

PYTHON = Path(__file__).parents[2] / ".local/venvs/localstack/bin/python"
"""Its interpreter: LocalStack needs older libraries than the project and has an environment of its own."""
SERVICES = "s3,sqs,sns,kms,secretsmanager,ssm,cloudwatch,logs,cloudformation,sts,iam"


class LocalStack(Engine):
    """It keeps nothing from one run to the next."""

    name: ClassVar[str] = "localstack"
    variable: ClassVar[str] = "NATTER_LOCALSTACK_URL"

    @property
    def address(self) -> str:
        return self.external or f"http://127.0.0.1:{self.port}"

    async def prepare(self) -> Command:
        if not PYTHON.exists():
            raise EngineUnavailable("LocalStack is not installed: run `make` with any target once")
        host = f"127.0.0.1:{self.port}"
        environment = {
            "OVERRIDE_IN_DOCKER": "0",  # else it takes a container it finds itself in for its own image
            "FILESYSTEM_ROOT": str(self.home / "fs"),
            "LOCALSTACK_VOLUME_DIR": str(self.home),
            "GATEWAY_LISTEN": host,
            "GATEWAY_SERVER": "hypercorn",
            "LOCALSTACK_HOST": host,
            "SERVICES": SERVICES,
            "STRICT_SERVICE_LOADING": "1",
            "EAGER_SERVICE_LOADING": "0",
            "SQS_ENDPOINT_STRATEGY": "path",
            "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "1",
            "DISABLE_EVENTS": "1",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "DNS_ADDRESS": "0",
            "ACTIVATE_PRO": "0",
            "PYTHONUNBUFFERED": "1",
        }
        return Command(
            name=self.name,
            argv=(str(PYTHON), "-m", "localstack.runtime.main"),
            env=plain_environment() | environment,
            cwd=self.home,
        )

    async def stop(self) -> None:
        """At once: it keeps nothing that could be lost, and in good order it would be the last to end, by seconds."""
        if self._process is not None:
            await self._process.kill()

    async def ready(self) -> bool:
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session,
                session.get(f"{self.address}/_localstack/health") as answer,
            ):
                return answer.ok
        except (aiohttp.ClientError, TimeoutError):
            return False
