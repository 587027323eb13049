import pytest

from natter.telemetry import recorder, tracer
from tests.measuring import NAMESPACE, SERVICE, Measured


@pytest.fixture(autouse=True)
def _function(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a function's environment names what it measures."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", SERVICE)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", NAMESPACE)
    monkeypatch.setattr(recorder, "_values", {})
    tracer.configure(0.0, None)


@pytest.fixture
def measured(_function: None, capsys: pytest.CaptureFixture[str]) -> Measured:
    return Measured(capsys)
