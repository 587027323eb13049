"""
What the engines alone need: Kafka from produce to consume, then two Cassandra writes, the second after the first.

`python -m tests.bench.floor KAFKA CASSANDRA` prints the milliseconds of each as JSON. No faster path from a sender
to a reader exists that keeps the promises; the benchmarks compare with it.
"""

import argparse
import json
import secrets
import struct
import threading
import time

from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.policies import RoundRobinPolicy
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

CALL_S = 20.0
WARM = 100
"""Rounds before measuring."""
PAYLOAD = b"x" * 300


class Floor:
    """A topic and a keyspace of its own, gone at the end."""

    def __init__(self, kafka: str, cassandra: str) -> None:
        self.name = f"floor_{secrets.token_hex(4)}"
        self.kafka = kafka
        host, _, port = cassandra.partition(":")
        profile = ExecutionProfile(
            load_balancing_policy=RoundRobinPolicy(),
            consistency_level=ConsistencyLevel.LOCAL_QUORUM,
            request_timeout=CALL_S,
        )
        self.cluster = Cluster(
            [host], port=int(port), protocol_version=5, execution_profiles={EXEC_PROFILE_DEFAULT: profile}
        )
        self.times: list[float] = []

    def measure(self, *, rate: float, seconds: float) -> list[float]:
        """Milliseconds of each round, `rate` a second."""
        admin = AdminClient({"bootstrap.servers": self.kafka})
        session = self.cluster.connect()
        admin.create_topics([NewTopic(self.name, 1, 1)])[self.name].result(timeout=CALL_S)
        replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}"
        session.execute(f"CREATE KEYSPACE {self.name} WITH replication = {replication}")
        session.execute(f"CREATE TABLE {self.name}.rounds (id int, step int, value blob, PRIMARY KEY (id, step))")
        try:
            rounds = WARM + int(rate * seconds)
            consumer = threading.Thread(target=self._consume, args=(session, rounds))
            consumer.start()
            self._produce(rounds, rate)
            consumer.join(timeout=CALL_S)
        finally:
            session.execute(f"DROP KEYSPACE {self.name}", timeout=CALL_S)
            admin.delete_topics([self.name])[self.name].result(timeout=CALL_S)
            self.cluster.shutdown()
        return self.times[WARM:]

    def _produce(self, rounds: int, rate: float) -> None:
        producer = Producer(
            {"bootstrap.servers": self.kafka, "acks": "all", "enable.idempotence": True, "linger.ms": 0, "log_level": 3}
        )
        start = time.perf_counter()
        for number in range(rounds):
            time.sleep(max(0.0, start + number / rate - time.perf_counter()))
            producer.produce(self.name, PAYLOAD, key=struct.pack("d", time.perf_counter()))
            producer.poll(0)
        producer.flush(CALL_S)

    def _consume(self, session: Session, rounds: int) -> None:
        write = session.prepare(f"INSERT INTO {self.name}.rounds (id, step, value) VALUES (?, ?, ?)")  # noqa: S608 - our own name
        consumer = Consumer(
            {
                "bootstrap.servers": self.kafka,
                "group.id": self.name,
                "fetch.min.bytes": 1,
                "fetch.queue.backoff.ms": 5,
                "enable.auto.commit": False,
            }
        )
        consumer.assign([TopicPartition(self.name, 0, 0)])
        deadline = time.monotonic() + 10 * CALL_S
        while len(self.times) < rounds and time.monotonic() < deadline:
            message = consumer.poll(1.0)
            if message is None or message.error() is not None:
                continue
            session.execute(write, (len(self.times), 1, message.value()))
            session.execute(write, (len(self.times), 2, message.value()))
            (called,) = struct.unpack("d", message.key() or b"")
            self.times.append(1000 * (time.perf_counter() - called))
        consumer.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.bench.floor")
    parser.add_argument("kafka")
    parser.add_argument("cassandra")
    parser.add_argument("--rate", type=float, default=40.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    floor = Floor(options.kafka, options.cassandra)
    print(json.dumps(floor.measure(rate=options.rate, seconds=options.seconds)))  # noqa: T201


if __name__ == "__main__":
    main()
