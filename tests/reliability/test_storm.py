"""A thousand messages of twenty senders into one group of ten: what everybody sees is one conversation."""

from tests.support.follower import Follower
from tests.support.storm import check, storm


class TestStorm:
    async def test_everybody_sees_everything_once_in_one_order(self, followers: list[Follower]) -> None:
        lanes = await storm(followers)
        await check(followers, lanes)
        live, fetched = sum(follower.live for follower in followers), sum(follower.fetched for follower in followers)
        assert live > 20 * fetched, "seen live means pushed, not fetched"
