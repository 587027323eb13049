import io

import pytest
from rich.console import Console

from local.progress import Progress


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


class TestProgress:
    def test_a_step_says_what_it_took(self, screen: io.StringIO) -> None:
        with Progress(Console(file=screen)).step("kafka"):
            assert screen.getvalue() == ""
        assert screen.getvalue().startswith("kafka ready in 0.")

    def test_a_failed_step_says_so_and_lets_the_error_pass(self, screen: io.StringIO) -> None:
        with pytest.raises(OSError, match="no disk"), Progress(Console(file=screen)).step("kafka"):
            raise OSError("no disk")
        assert screen.getvalue().startswith("kafka failed after 0.")

    def test_steps_may_overlap(self, screen: io.StringIO) -> None:
        progress = Progress(Console(file=screen))
        with progress.step("kafka"), progress.step("jars", done="downloaded", total=2) as jars:
            jars.advance(2)
        assert [line.split(" in ")[0] for line in screen.getvalue().splitlines()] == ["jars downloaded", "kafka ready"]

    def test_without_a_terminal_there_are_lines_only(self, screen: io.StringIO) -> None:
        progress = Progress(Console(file=screen, width=10))
        with progress.step("a name that is longer than the screen is wide"):
            pass
        assert len(screen.getvalue().splitlines()) == 1

    def test_a_terminal_shows_what_is_under_way(self, screen: io.StringIO) -> None:
        with Progress(Console(file=screen, force_terminal=True)).step("kafka"):
            pass
        assert screen.getvalue().count("kafka") > 1
