"""The proof of the ledger (`python -m tests.bench.faults`), small: full frames under one fault, again and again."""

from local.cloud import Cloud
from tests.bench.causes import CAUSES
from tests.bench.faults import measure

MESSAGES, RATE = 400, 60.0
"""Below the users' own limits."""


class TestCounted:
    async def test_everything_is_there_once_and_the_ledger_at_zero(self, cloud: Cloud) -> None:
        proof = await measure(cloud, CAUSES["zombie-persist"], messages=MESSAGES, pairs=2, rate=RATE)
        assert not proof.is_wrong, proof
        assert (proof.outcome.sent, proof.outcome.acknowledged, proof.outcome.once) == (MESSAGES,) * 3
        assert proof.strikes
        assert proof.looked_at >= MESSAGES
