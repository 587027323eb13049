from typing import Any

import pytest

from functions.erase.handler import IncompleteErasureError, build
from natter.usecases.privacy.erase import Erased
from tests.measuring import Measured


def never(*_: object) -> Any:
    raise AssertionError("not to be called")


def swept(erased: Erased, endpoints: int = 0) -> object:
    return build(lambda: erased, lambda: endpoints, end_sessions=never, request_erasure=never)({}, None)


def test_says_how_many_are_done() -> None:
    assert swept(Erased(done=3, failed=0, oldest_ms=0), endpoints=2) == {"done": 3, "endpoints": 2}


def test_the_age_of_the_oldest_is_a_metric(measured: Measured) -> None:
    swept(Erased(done=0, failed=0, oldest_ms=5000))
    assert measured() == {"ErasureAge": [5000]}


def test_fails_while_one_fails() -> None:
    """So that its alarm rings when that does not pass. Endpoints do not wait for it."""
    removals = iter([1])
    sweep = Erased(done=3, failed=2, oldest_ms=1)
    handler = build(lambda: sweep, lambda: next(removals), end_sessions=never, request_erasure=never)
    with pytest.raises(IncompleteErasureError, match="2 erasures"):
        handler({}, None)
    assert next(removals, None) is None


class TestOperators:
    """Nothing else is done meanwhile."""

    def test_end_the_sessions_of_somebody(self) -> None:
        ended: list[str] = []
        handler = build(never, never, end_sessions=ended.append, request_erasure=never)
        assert handler({"end_sessions": "alice"}, None) == {"sessions_ended": "alice"}
        assert ended == ["alice"]

    def test_have_somebody_erased(self) -> None:
        asked: list[str] = []
        handler = build(never, never, end_sessions=never, request_erasure=asked.append)
        assert handler({"erase": "alice"}, None) == {"erasure_asked_for": "alice"}
        assert asked == ["alice"]
