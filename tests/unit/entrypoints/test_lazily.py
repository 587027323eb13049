import gc
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.metrics import EVENTS_STORED
from natter.telemetry import recorder

PHASE = "AWS_LAMBDA_INITIALIZATION_TYPE"


class Function:
    """Counts how often it was put together, and fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.made = 0
        self.failures = failures

    def make(self) -> LambdaHandler:
        if self.failures:
            self.failures -= 1
            raise ConnectionError
        self.made += 1

        def handle(event: Any, context: Any) -> Any:
            return event, context, self.made

        return handle


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """What a test froze is collected again."""
    yield
    gc.unfreeze()
    gc.enable()


class TestLazily:
    def test_importing_makes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(PHASE, raising=False)
        function = Function()
        handler = lazily(function.make)
        assert function.made == 0
        assert handler("event", "context") == ("event", "context", 1)

    def test_inside_lambda_it_is_made_in_the_init_phase(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where it costs no request its time."""
        monkeypatch.setenv(PHASE, "on-demand")
        function = Function()
        handler = lazily(function.make)
        assert function.made == 1
        assert handler("event", "context") == ("event", "context", 1)

    @pytest.mark.parametrize(("environment", "enabled"), [({PHASE: "on-demand"}, False), ({}, True)])
    def test_nobody_looks_for_garbage_while_it_is_imported(self, environment: dict[str, str], *, enabled: bool) -> None:
        """A sixteenth of a start was spent on it; it is the process's own business where natter is a library."""
        said = subprocess.run(
            [sys.executable, "-c", "import gc, natter; print(gc.isenabled())"],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert said.stdout.strip() == str(enabled)

    def test_garbage_is_looked_for_as_soon_as_it_is_made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(PHASE, "on-demand")
        gc.disable()
        lazily(Function().make)
        assert gc.isenabled()

    def test_it_is_made_once_for_all_events(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(PHASE, raising=False)
        function = Function()
        handler = lazily(function.make)
        assert [handler(n, None)[2] for n in range(3)] == [1, 1, 1]

    def test_what_could_not_be_made_is_made_by_a_later_event(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(PHASE, raising=False)
        function = Function(failures=1)
        handler = lazily(function.make)
        with pytest.raises(ConnectionError):
            handler("event", None)
        assert handler("event", None) == ("event", None, 1)

    @pytest.mark.parametrize("is_ready", [True, False])
    def test_a_cold_start_is_measured_unless_nobody_waits_for_it(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_ready: bool
    ) -> None:
        """Written with the first event, and never again."""
        monkeypatch.setenv(PHASE, "provisioned-concurrency" if is_ready else "on-demand")
        handler = lazily(Function().make)
        handler("event", None)
        printed = capsys.readouterr().out
        assert ("InitTime" in printed, "ColdStarts" in printed) == (True, not is_ready)
        handler("event", None)
        assert capsys.readouterr().out == ""

    def test_what_was_measured_is_written_however_the_invocation_ends(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.delenv(PHASE, raising=False)

        def handle(_event: Any, _context: Any) -> Any:
            recorder.add(EVENTS_STORED, 1)
            raise ConnectionError

        with pytest.raises(ConnectionError):
            lazily(lambda: handle)("event", None)
        assert "EventsStored" in capsys.readouterr().out

    def test_what_is_made_in_the_init_phase_is_not_collected_again_and_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It stays as long as the environment; the collector looked through all of it every few hundred events."""
        monkeypatch.setenv(PHASE, "on-demand")
        lazily(Function().make)
        assert gc.get_freeze_count() > 0
