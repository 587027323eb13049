import pytest

from functions.erase.handler import IncompleteErasureError, build
from natter.usecases.privacy.erase import Erased
from tests.measuring import Measured


def swept(erased: Erased, endpoints: int = 0) -> object:
    return build(lambda: erased, lambda: endpoints)({}, None)


def test_says_how_many_are_done() -> None:
    assert swept(Erased(done=3, failed=0, oldest_ms=0), endpoints=2) == {"done": 3, "endpoints": 2}


def test_the_age_of_the_oldest_is_a_metric(measured: Measured) -> None:
    swept(Erased(done=0, failed=0, oldest_ms=5000))
    assert measured() == {"ErasureAge": [5000]}


def test_fails_while_one_fails() -> None:
    """So that its alarm rings when that does not pass. Endpoints do not wait for it."""
    removals = iter([1])
    handler = build(lambda: Erased(done=3, failed=2, oldest_ms=1), lambda: next(removals))
    with pytest.raises(IncompleteErasureError, match="2 erasures"):
        handler({}, None)
    assert next(removals, None) is None
