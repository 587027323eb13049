import pytest

from natter.telemetry import metrics


@pytest.fixture(autouse=True)
def _metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the functions' environment names it."""
    monkeypatch.setattr(metrics, "namespace", "Natter")
