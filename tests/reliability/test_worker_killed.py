"""A `persist` worker is killed in the middle of a storm, twice: its batch is folded again by another (P1, P3, P9)."""

import asyncio
import os
import signal

from local.cloud import Cloud
from tests.support.storm import HEAD, Storm

KILL_AT = (HEAD // 4, HEAD // 2)
IN_TIME_S = 60.0


def pids(cloud: Cloud) -> set[int]:
    (status,) = [each for name, each in cloud.runtime.status()["functions"].items() if name.endswith("-persist")]
    return set(status["pids"])


async def kill_workers_at(cloud: Cloud, storm: Storm, seq: int) -> set[int]:
    """Kill all workers of `persist` as a crash would, when the conversation has come to `seq`."""
    await storm.clients[0].reach(storm.conversation, seq, within_s=IN_TIME_S)
    killed = pids(cloud)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    return killed


class TestKilledWorker:
    async def test_nothing_is_lost_or_doubled(self, cloud: Cloud, storm: Storm) -> None:
        async def kill() -> list[set[int]]:
            return [await kill_workers_at(cloud, storm, seq) for seq in KILL_AT]

        _, killed = await asyncio.gather(storm.rage(), kill())
        assert all(killed)
        await storm.check()
        assert not any(pids(cloud) & dead for dead in killed)
