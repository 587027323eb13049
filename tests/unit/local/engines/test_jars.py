import tomllib

from local.engines import jars


class TestLock:
    locked = tomllib.loads(jars.LOCK.read_text())

    def test_every_engine_has_its_roots_first(self) -> None:
        for engine, roots in jars.ROOTS.items():
            assert list(roots) == list(self.locked[engine])[: len(roots)]

    def test_what_is_whole_is_alone(self) -> None:
        assert {engine: list(self.locked[engine]) for engine in jars.WHOLE} == {
            engine: [coordinate] for engine, coordinate in jars.WHOLE.items()
        }

    def test_every_jar_has_a_sha256(self) -> None:
        for digests in self.locked.values():
            assert all(len(bytes.fromhex(digest)) == 32 for digest in digests.values())

    def test_cassandra_brings_the_agent_that_it_is_started_with(self) -> None:
        assert any(":jamm:" in jar for jar in self.locked["cassandra"])
