import pytest
from pydantic import ValidationError

from local.faults import (
    Active,
    Connections,
    Cut,
    Delay,
    Duplicate,
    Fault,
    Freeze,
    HangUp,
    Kill,
    Pause,
    Restart,
    Resume,
    Service,
    Thaw,
    Throttle,
    Zombie,
)
from local.faults.values import KINDS, active_faults, one_fault

EACH: list[Fault] = [
    Kill("persist", workers=2),
    Pause("kafka", seconds=1.5),
    Resume("kafka"),
    Restart("kafka"),
    Cut("kafka"),
    HangUp(share=0.5, seed=7),
    Freeze("persist"),
    Thaw("persist"),
    Zombie("persist", invocations=3, after_ms=20, seconds=None),
    Throttle("persist", seconds=5),
    Duplicate("persist", batches=3, concurrently=True),
    Delay("persist", ms=200, seconds=5),
    Connections(429, share=0.25, seed=7),
    Service("sns", "lost", calls=2),
]


class TestFault:
    @pytest.mark.parametrize("fault", EACH, ids=lambda fault: fault.kind)
    def test_survives_the_wire(self, fault: Fault) -> None:
        assert fault == one_fault().validate_json(one_fault().dump_json(fault))

    def test_each_kind_is_known_to_the_command_line(self) -> None:
        assert [type(fault) for fault in EACH] == list(KINDS)

    @pytest.mark.parametrize(
        "wrong",
        [
            b'{"kind": "explode", "engine": "kafka"}',
            b'{"kind": "pause", "engine": "kafka", "seconds": 0}',
            b'{"kind": "pause", "engine": "kafka", "seconds": 86400}',
            b'{"kind": "kill", "target": "persist", "workers": 0}',
            b'{"kind": "delay", "function": "persist"}',
            b'{"kind": "connections", "answer": 500}',
            b'{"kind": "connections", "answer": 410, "share": 1.5}',
            b'{"kind": "service", "service": "s3", "answer": "broken"}',
        ],
    )
    def test_what_makes_no_sense_is_refused(self, wrong: bytes) -> None:
        with pytest.raises(ValidationError):
            one_fault().validate_json(wrong)


class TestActive:
    def test_survives_the_wire(self) -> None:
        active = [Active(fault=fault, hits=2, ends_in_s=0.5) for fault in EACH]
        assert active == active_faults().validate_json(active_faults().dump_json(active))
