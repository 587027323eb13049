"""The cache of a running local cloud, reached from outside."""

from redis.asyncio import Redis

from local.cloud import Cloud


async def flush(cloud: Cloud) -> None:
    """Valkey forgets everything."""
    host, _, port = cloud.engines["valkey"].address.rpartition(":")
    async with Redis(host=host, port=int(port)) as valkey:
        await valkey.flushall()
