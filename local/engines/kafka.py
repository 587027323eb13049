"""Kafka in KRaft mode: one node that is broker and controller."""

import asyncio
import base64
import subprocess
import uuid
from pathlib import Path
from typing import ClassVar

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from local.engines import jars
from local.engines.engine import Engine, EngineUnavailable, accepts
from local.engines.java import fresh_temporary_folder, jvm
from local.process import Command, plain_environment

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{listener}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}{advertised}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,DOOR:SASL_PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=2097152
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
metadata.max.idle.interval.ms=0
"""
"""
The last: a controller with followers tells them twice a second that it is there; alone, that is a third of what an idle
Kafka takes of a processor.
"""
BEHIND_A_DOOR = """\
listener.name.door.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.door.oauthbearer.sasl.jaas.config=\
org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""
"""
Who comes through the door is who the door says (an unsigned token), and may do what access control lists say. Whoever
asks at the broker's own address may do anything.
"""
HEAP_MB = 256


class Kafka(Engine):
    name: ClassVar[str] = "kafka"
    variable: ClassVar[str] = "NATTER_KAFKA_BOOTSTRAP"
    door: str | None = None
    """
    Where clients are told to go that come to `behind_door`: `host:port` of what stands before it. Set before `start`.
    """

    @property
    def behind_door(self) -> str:
        """A second address, for whatever stands before the broker: who asks here says who it is, hears of `door`."""
        return f"127.0.0.1:{self.site.ports['kafka-behind-door']}"

    async def prepare(self) -> Command:
        class_path = await jars.fetch(self.name, self.site.progress)
        properties = self.home / "kafka.properties"
        data = self.home / "data"
        properties.write_text(
            PROPERTIES.format(
                port=self.port,
                controller=self.site.ports["kafka-controller"],
                data=data,
                listener=f",DOOR://{self.behind_door}" if self.door else "",
                advertised=f",DOOR://{self.door}" if self.door else "",
            )
            + (BEHIND_A_DOOR if self.door else "")
        )
        run = (
            *jvm(heap_mb=HEAP_MB, class_path=class_path, temporary=fresh_temporary_folder(self.home)),
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.log.kafka.authorizer.logger=info",  # whom it refuses what
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
        )
        if not (data / "meta.properties").exists():
            await asyncio.to_thread(_format, run, properties)
        return Command(name=self.name, argv=(*run, "kafka.Kafka", str(properties)), env=plain_environment())

    async def ready(self) -> bool:
        """
        Whether a group's coordinator answers.

        The port opens a little earlier, when consumers are still told that the coordinator is loading; and the
        first question of this kind makes the offsets topic, which the first consumer would else wait for.
        """
        return await accepts(self.address.split(",")[0]) and await asyncio.to_thread(_coordinates, self.address)


def _format(run: tuple[str, ...], properties: Path) -> None:
    """Write the node's identity into its data folder, once."""
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
    command = (*run, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "--config", str(properties))
    formatted = subprocess.run(
        command, env=plain_environment(), capture_output=True, text=True, timeout=60, check=False
    )
    if formatted.returncode != 0:
        raise EngineUnavailable(f"kafka could not format its data folder:\n{formatted.stdout}{formatted.stderr}")


def _coordinates(bootstrap: str) -> bool:
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, "socket.timeout.ms": 3000})
    group = admin.describe_consumer_groups(["natter-ready"], request_timeout=3)["natter-ready"]
    try:
        group.result(timeout=4)
    except (KafkaException, TimeoutError):
        return False
    return True
