"""Where in a topic the records of a key are: what librdkafka's `murmur2_random` and Java's clients make of it."""

_SEED, _M, _R = 0x9747B28C, 0x5BD1E995, 24
_32 = 0xFFFFFFFF


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key that is not empty, in a topic of so many."""
    return (_murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def _murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bits, as in Kafka's `Utils.murmur2`."""
    whole = len(data) - len(data) % 4
    hashed = _SEED ^ len(data)
    for start in range(0, whole, 4):
        k = int.from_bytes(data[start : start + 4], "little") * _M & _32
        k = (k ^ k >> _R) * _M & _32
        hashed = (hashed * _M & _32) ^ k
    if rest := data[whole:]:
        hashed = (hashed ^ int.from_bytes(rest, "little")) * _M & _32
    hashed = (hashed ^ hashed >> 13) * _M & _32
    return hashed ^ hashed >> 15
