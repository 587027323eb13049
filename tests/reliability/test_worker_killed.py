"""A `persist` worker is killed in the middle of a storm, twice: its batch is folded again by another (P1, P3, P9)."""

import asyncio
import os
import signal

from local.cloud import Cloud
from tests.support.follower import Follower
from tests.support.storm import HEAD, check, storm

KILL_AT = (HEAD // 4, HEAD // 2)
IN_TIME_S = 60.0


def pids(cloud: Cloud) -> set[int]:
    (status,) = [each for name, each in cloud.runtime.status()["functions"].items() if name.endswith("-persist")]
    return set(status["pids"])


async def kill_workers_at(cloud: Cloud, follower: Follower, seq: int) -> set[int]:
    """Kill all workers of `persist` as a crash would, when the conversation has come to `seq`."""
    await follower.reach(seq, within_s=IN_TIME_S)
    killed = pids(cloud)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    return killed


class TestKilledWorker:
    async def test_nothing_is_lost_or_doubled(self, cloud: Cloud, followers: list[Follower]) -> None:
        async def kill() -> list[set[int]]:
            return [await kill_workers_at(cloud, followers[0], seq) for seq in KILL_AT]

        lanes, killed = await asyncio.gather(storm(followers), kill())
        assert all(killed)
        await check(followers, lanes)
        assert not any(pids(cloud) & dead for dead in killed)
