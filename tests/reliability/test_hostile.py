"""Ten hostile users beside twenty pairs who talk (P1 to P3)."""

from local.cloud import Cloud
from tests.bench import hostile

SHARE = 0.1
"""Of the protocol's limits, what the hostile use: as much as leaves two processors something for the pairs."""
SECONDS = 3.0


class TestHostile:
    async def test_whatever_they_do_others_lose_nothing_and_are_refused_nothing(self, cloud: Cloud) -> None:
        """How much later others are shown what was said depends on the machine: `make bench` measures it."""
        measured = await hostile.measure(
            cloud, seconds=SECONDS, share=SHARE, warm_s=SECONDS, environments=0, all_limited=False
        )
        assert measured.wrong == []
        assert measured.beside["shown"] == measured.beside["sent"] > 0
        assert (measured.faults, measured.set_aside) == (0, 0)
        assert len(measured.answers) > 1, "they were refused nothing"
