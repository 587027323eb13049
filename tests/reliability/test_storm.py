"""A thousand messages of twenty senders into one group of ten: what everybody sees is one conversation."""

from tests.support.storm import Storm


class TestStorm:
    async def test_everybody_sees_everything_once_in_one_order(self, storm: Storm) -> None:
        await storm.rage()
        await storm.check()
        copies = [client.copies[storm.conversation] for client in storm.clients]
        live, fetched = sum(copy.live for copy in copies), sum(copy.fetched for copy in copies)
        assert live > 20 * fetched, "seen live means pushed, not fetched"
