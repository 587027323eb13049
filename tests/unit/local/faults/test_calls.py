from local.faults import Service
from local.faults.calls import CallFaults
from local.faults.ledger import Ledger


def answers(calls: CallFaults, number: int, service: str = "sns") -> list[object]:
    return [calls.next(service) for _ in range(number)]


class TestCallFaults:
    async def test_without_a_fault_all_go_their_way(self) -> None:
        assert answers(CallFaults(Ledger()), 2) == [None, None]

    async def test_next_calls_of_one_service_fail_and_those_of_others_do_not(self) -> None:
        calls = CallFaults(Ledger())
        calls.arm(Service("sns", "throttled", calls=2))
        assert answers(calls, 2, "sqs") == [None, None]
        assert answers(calls, 4) == ["throttled", "throttled", None, None]

    async def test_faults_take_turns(self) -> None:
        calls = CallFaults(Ledger())
        calls.arm(Service("sns", "lost", calls=1))
        calls.arm(Service("sns", "none", calls=1))
        assert answers(calls, 3) == ["lost", "none", None]

    async def test_share_is_drawn_with_the_seed(self) -> None:
        drawn = []
        for _ in range(2):
            calls = CallFaults(Ledger())
            calls.arm(Service("sns", "broken", share=0.3, seed=4))
            drawn.append(answers(calls, 1000))
        assert drawn[0] == drawn[1]
        assert 250 < drawn[0].count("broken") < 350
