import json

import pytest

from functions.erase.handler import IncompleteErasureError, build
from natter.telemetry import metrics
from natter.usecases.privacy.erase import Erased


@pytest.fixture(autouse=True)
def _metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the function's environment has it."""
    monkeypatch.setattr(metrics, "namespace", "Natter")


def test_says_how_many_are_done() -> None:
    assert build(lambda: Erased(done=3, failed=0, oldest_ms=0))({}, None) == {"done": 3}


def test_the_age_of_the_oldest_is_a_metric(capsys: pytest.CaptureFixture[str]) -> None:
    build(lambda: Erased(done=0, failed=0, oldest_ms=5000))({}, None)
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "ErasureAge" in line]
    assert line["ErasureAge"] == [5000.0]


def test_fails_while_one_fails() -> None:
    """So that its alarm rings when that does not pass."""
    with pytest.raises(IncompleteErasureError, match="2 erasures"):
        build(lambda: Erased(done=3, failed=2, oldest_ms=1))({}, None)
