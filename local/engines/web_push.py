"""A push service of browsers: what the internet has for those who are woken by Web Push."""

import ssl
import sys
from pathlib import Path
from typing import ClassVar

import aiohttp

from local.certificates import make_certificates
from local.engines.engine import Engine
from local.process import Command, plain_environment


class WebPush(Engine):
    """It keeps nothing but its certificate: whoever trusts it goes on doing so when it is started again."""

    name: ClassVar[str] = "webpush"
    variable: ClassVar[str] = "NATTER_WEBPUSH"

    @property
    def authority(self) -> Path:
        """PEM file of who vouches for it; for one of somebody else's, put there by them."""
        return self.home / "authority.pem"

    async def prepare(self) -> Command:
        own = self.home / "server.pem"
        if not own.exists():
            certificates = make_certificates()
            self.authority.write_bytes(certificates.authority)
            own.touch(mode=0o600)
            own.write_bytes(certificates.server)
        return Command(
            name=self.name,
            argv=(sys.executable, "-m", "local.push_service.server", str(self.port), str(own)),
            env=plain_environment(),
            cwd=self.home,
        )

    async def stop(self) -> None:
        """At once: browsers that wait for messages would keep it."""
        if self._process is not None:
            await self._process.kill()

    async def ready(self) -> bool:
        try:
            trusting = ssl.create_default_context(cafile=self.authority)
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session,
                session.get(f"https://{self.address}/", ssl=trusting) as answer,
            ):
                return answer.status == 404  # noqa: PLR2004
        except (OSError, aiohttp.ClientError):  # TimeoutError is an OSError
            return False
