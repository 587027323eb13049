"""The cache of a running local cloud, reached from outside."""

from redis.asyncio import Redis

from local.cloud import Cloud


async def flush(cloud: Cloud) -> None:
    """Valkey forgets everything."""
    host, _, port = cloud.engines["valkey"].address.rpartition(":")
    async with Redis(host=host, port=int(port)) as valkey:
        await valkey.flushall()


async def connections_of(cloud: Cloud, user_id: str) -> int:
    """How many are registered."""
    host, _, port = cloud.engines["valkey"].address.rpartition(":")
    async with Redis(host=host, port=int(port)) as valkey:
        return int(await valkey.zcard(f"conn:{user_id}"))
