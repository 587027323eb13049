import pytest

from natter.adapters.kafka.partitioner import _murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)
def test_it_hashes_as_kafka_does(key: str, hashed: int) -> None:
    """The values of Kafka's own test of `Utils.murmur2`, which are signed."""
    assert _murmur2(key.encode()) == hashed % 2**32


def test_a_partition_is_one_of_those_there_are() -> None:
    assert {partition_of(f"key {number}", 5) for number in range(100)} == set(range(5))
