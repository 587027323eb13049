"""Cassandra, one node that waits for nobody."""

import json
from pathlib import Path
from typing import Any, ClassVar

from local.engines import jars
from local.engines.engine import Engine, accepts
from local.engines.java import fresh_temporary_folder, jvm
from local.process import Command, plain_environment

HEAP_MB = 512
SLACK_NS = 1_000_000
"""
Its workers look every 10 us for something to do as long as there is something now and then (its `SEPWorker`): 10,000
times a second, for which 40 messages a second are enough, and a quarter of a processor. Woken a millisecond late they
look a tenth as often.
"""
LOGBACK = """\
<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %d{ISO8601} %F:%L - %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="out"/></root>
</configuration>
"""
# What Cassandra's own start script opens to it on Java 17 (conf/jvm17-server.options).
OPENS = (
    *(f"java.base/java.{package}" for package in ("io", "lang", "lang.module", "lang.reflect", "math", "net", "nio")),
    *(f"java.base/java.{package}" for package in ("nio.charset", "nio.file.spi", "util", "util.concurrent")),
    *(f"java.base/java.util.concurrent.{package}" for package in ("atomic", "locks")),
    *(f"java.base/jdk.internal.{package}" for package in ("loader", "ref", "reflect", "math", "module", "util.jar")),
    *(f"java.base/sun.{package}" for package in ("nio.ch", "security.x509", "net.util")),
    "jdk.management/com.sun.management.internal",
    "java.rmi/sun.rmi.transport.tcp",
    "java.rmi/sun.rmi.server",
)
EXPORTS = (
    *(f"java.base/{package}" for package in ("jdk.internal.misc", "jdk.internal.ref", "sun.nio.ch", "java.lang.ref")),
    "java.base/jdk.internal.util",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.sql/java.sql",
    "jdk.unsupported/sun.misc",
    "jdk.attach/sun.tools.attach",
)


class Cassandra(Engine):
    name: ClassVar[str] = "cassandra"
    variable: ClassVar[str] = "NATTER_CASSANDRA"

    async def prepare(self) -> Command:
        class_path = await jars.fetch(self.name, self.site.progress)
        configuration = self.home / "conf"
        configuration.mkdir(exist_ok=True)
        (configuration / "cassandra.yaml").write_text(json.dumps(self._settings(), indent=2))  # JSON is YAML
        (configuration / "logback.xml").write_text(LOGBACK)
        return Command(
            name=self.name, argv=self._argv(configuration, class_path), env=plain_environment(), slack_ns=SLACK_NS
        )

    async def ready(self) -> bool:
        """Whether the native port accepts, which Cassandra opens last."""
        return await accepts(self.address.split(",")[0])

    def _argv(self, configuration: Path, class_path: list[Path]) -> tuple[str, ...]:
        temporary = fresh_temporary_folder(self.home)
        agent = next(jar for jar in class_path if jar.name.startswith("jamm-"))
        return (
            *jvm(heap_mb=HEAP_MB, class_path=(configuration, *class_path), temporary=temporary),
            *(f"--add-opens={package}=ALL-UNNAMED" for package in OPENS),
            *(f"--add-exports={package}=ALL-UNNAMED" for package in EXPORTS),
            "-Djdk.attach.allowAttachSelf=true",
            f"-javaagent:{agent}",
            f"-Djna.tmpdir={temporary}",
            f"-Dcassandra.config={(configuration / 'cassandra.yaml').as_uri()}",
            f"-Dlogback.configurationFile={(configuration / 'logback.xml').as_uri()}",
            f"-Dcassandra.storagedir={self.home}",
            "-Dcassandra-foreground=yes",  # else it closes its output, the log, as soon as it has started
            "-Dcassandra.skip_wait_for_gossip_to_settle=0",
            "-Dcassandra.ring_delay_ms=100",
            "-Dcassandra.shutdown_announce_in_ms=0",
            "-Dcassandra.superuser_setup_delay_ms=0",
            "-Dcassandra.approximate_time_precision_ms=50",  # of time limits; every 2 ms is most of what it takes idle
            "org.apache.cassandra.service.CassandraDaemon",
        )

    def _settings(self) -> dict[str, Any]:
        """No JMX port among them: nothing here uses it, and a port that a dead node still holds fails a restart."""
        storage = self.site.ports["cassandra-storage"]
        seeds = {"class_name": "org.apache.cassandra.locator.SimpleSeedProvider"}
        folders = ("commitlog", "hints", "saved_caches", "cdc_raw")
        return {
            "cluster_name": "local",
            "num_tokens": 1,
            "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
            "seed_provider": [seeds | {"parameters": [{"seeds": f"127.0.0.1:{storage}"}]}],
            "listen_address": "127.0.0.1",
            "rpc_address": "127.0.0.1",
            "storage_port": storage,
            "native_transport_port": self.port,
            "endpoint_snitch": "SimpleSnitch",
            "commitlog_sync": "batch",  # what was acknowledged outlives a kill, as it does in Keyspaces
            "data_file_directories": [str(self.home / "data")],
            **{f"{folder}_directory": str(self.home / folder) for folder in folders},
            "authenticator": "AllowAllAuthenticator",
            "authorizer": "AllowAllAuthorizer",
            "commitlog_segment_size": "8MiB",
            "memtable_heap_space": "64MiB",
            "memtable_offheap_space": "64MiB",
            "key_cache_size": "4MiB",
            "concurrent_reads": 4,
            "concurrent_writes": 4,
            "auto_snapshot": False,
            "batch_size_warn_threshold": "50KiB",
            "unlogged_batch_across_partitions_warn_threshold": 30,  # Keyspaces' limit of a batch
        }
