"""What Kafka writes into its log about whom it refuses what."""

from pathlib import Path

import pytest

from local.doors.denials import LONGEST_READ, Denial, Denials

ROLE = "arn:aws:iam::000000000000:role/send"


def line(name: str = "orders", *, answer: str = "Denied") -> str:
    return (
        "2026-11-29 12:00:00:000 +0000 [data-plane-kafka-request-handler-1] INFO kafka.authorizer.logger - "
        f"Principal = User:{ROLE} is {answer} operation = WRITE from host = 127.0.0.1 on resource = "
        f"Topic:LITERAL:{name} for request = Produce with resourceRefCount = 1 based on rule DefaultDeny\n"
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "kafka.log"


def names(denials: Denials) -> list[str]:
    return [denial.name for denial in denials.news()]


class TestDenials:
    def test_each_is_heard_of_once(self, log: Path) -> None:
        denials = Denials(log)
        assert names(denials) == []
        log.write_text("[main] WARN something\n" + line() + line(answer="Allowed"))
        assert list(denials.news()) == [Denial(ROLE, "WRITE", "Topic", "orders")]
        with log.open("a") as more:
            more.write(line("others"))
        assert names(denials) == ["others"]
        assert names(denials) == []

    def test_a_line_is_read_when_it_is_whole(self, log: Path) -> None:
        denials = Denials(log)
        log.write_text(line()[:-9])
        assert names(denials) == []
        with log.open("a") as more:
            more.write(line()[-9:])
        assert names(denials) == ["orders"]

    def test_a_broker_that_was_started_again_begins_anew(self, log: Path) -> None:
        denials = Denials(log)
        log.write_text(line("before"))
        assert names(denials) == ["before"]
        log.replace(log.with_suffix(".log.1"))
        log.write_text(line("after"))
        assert names(denials) == ["after"]

    def test_of_very_much_the_end_is_read(self, log: Path) -> None:
        log.write_text(line("first") + "x" * LONGEST_READ + "\n" + line("last"))
        assert names(Denials(log)) == ["last"]
