import pytest

from natter.domain.errors import Unavailable
from natter.usecases.operations.check_health import CheckHealth


class Store:
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def probe(self) -> None:
        if self.error is not None:
            raise self.error


class TestCheckHealth:
    def test_all_answer(self) -> None:
        assert CheckHealth(probes=(Store(), Store()))()

    @pytest.mark.parametrize("probes", [(Store(Unavailable("x")), Store()), (Store(), Store(Unavailable("x")))])
    def test_one_does_not(self, probes: tuple[Store, ...]) -> None:
        assert not CheckHealth(probes=probes)()

    def test_a_bug_is_no_outage(self) -> None:
        with pytest.raises(ZeroDivisionError):
            CheckHealth(probes=(Store(ZeroDivisionError()),))()
