import json

import pytest

from functions.erase.handler import IncompleteErasureError, build
from natter.telemetry import metrics
from natter.usecases.privacy.erase import Erased


@pytest.fixture(autouse=True)
def _metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the function's environment has it."""
    monkeypatch.setattr(metrics, "namespace", "Natter")


def swept(erased: Erased, endpoints: int = 0) -> object:
    return build(lambda: erased, lambda: endpoints)({}, None)


def test_says_how_many_are_done() -> None:
    assert swept(Erased(done=3, failed=0, oldest_ms=0), endpoints=2) == {"done": 3, "endpoints": 2}


def test_the_age_of_the_oldest_is_a_metric(capsys: pytest.CaptureFixture[str]) -> None:
    swept(Erased(done=0, failed=0, oldest_ms=5000))
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "ErasureAge" in line]
    assert line["ErasureAge"] == [5000.0]


def test_fails_while_one_fails() -> None:
    """So that its alarm rings when that does not pass. Endpoints do not wait for it."""
    removals = iter([1])
    handler = build(lambda: Erased(done=3, failed=2, oldest_ms=1), lambda: next(removals))
    with pytest.raises(IncompleteErasureError, match="2 erasures"):
        handler({}, None)
    assert next(removals, None) is None
